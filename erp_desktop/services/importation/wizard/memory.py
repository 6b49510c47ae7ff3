"""What a person decided about files of one shape, kept for the next one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import telephone
from erp_desktop.domain.nombres import Convention
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Preference
from erp_desktop.services.importation.dates import Ordre
from erp_desktop.services.importation.decisions import Existants
from erp_desktop.services.importation.values import Ecriture, Unite
from erp_desktop.services.importation.wizard.fields import champs
from erp_desktop.services.importation.wizard.files import Choix, Fichier
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.sheets.texts import ENCODAGES

_MEMORY = "import:{}:{}"
_ANSWERS = ""
"""Beside the columns of a remembered choice: no column is without a name."""
_WRITTEN: dict[str, type[StrEnum]] = {"nombres": Convention, "dates": Ordre, "durees": Unite}
_READ = ("feuille", "encodage", "pays")


def _preference(session: Session, acteur: Acteur, table: str, fichier: Fichier) -> Preference | None:
    p, cle = Preference, _MEMORY.format(table, fichier.vue.empreinte)
    return session.scalar(sa.select(p).where(p.user_id == acteur.user_id, p.cle == cle))


def retrouver(session: Session, acteur: Acteur, table: str, fichier: Fichier) -> Choix | None:
    """What this person decided about a file of this shape, its lines apart."""
    kept = _preference(session, acteur, table, fichier)
    if kept is None or not isinstance(kept.valeur, dict):
        return None
    known = {one.name for one in champs(table)}
    given = {c.name: v if (v := kept.valeur.get(c.name)) in known else "" for c in fichier.colonnes}
    said = kept.valeur.get(_ANSWERS)
    if not isinstance(said, dict):
        return Choix(given)
    every, empty = ({f: v for f, v in (said.get(n) or {}).items() if f in known} for n in ("constantes", "defauts"))
    written: dict[str, Any] = {
        name: next((m for m in kind if m == said.get(name)), None) for name, kind in _WRITTEN.items()
    }
    if (sheet := said.get("feuille")) in fichier.lu.sheets:
        written["feuille"] = sheet
    if (encoding := said.get("encodage")) in ENCODAGES:
        written["encodage"] = encoding
    if (country := said.get("pays")) in telephone.indicatifs():
        written["pays"] = country
    before = next((e for e in Existants if e == said.get("existants")), Existants.REFUSER)
    return Choix(
        given, ecriture=Ecriture(**written), constantes=every, defauts=empty, taux=dict(said.get("taux") or {}),
        existants=before,
    )  # fmt: skip


def retenir(session: Session, acteur: Acteur, table: str, fichier: Fichier, choix: Choix) -> None:
    """Remember it for the next file of this shape."""
    kept = _preference(session, acteur, table, fichier)
    written: dict[str, Any] = {name: getattr(choix.ecriture, name) for name in (*_WRITTEN, *_READ)}
    written |= {"existants": choix.existants if choix.existants is not Existants.REFUSER else ""}
    written |= {"constantes": dict(choix.constantes), "defauts": dict(choix.defauts), "taux": dict(choix.taux)}
    told = {**choix.champs, _ANSWERS: {name: one for name, one in written.items() if one}}
    trace.annoncer(session, acteur)
    if kept is None:
        session.add(
            Preference(
                agence_id=acteur.agence_id, user_id=acteur.user_id, cle=_MEMORY.format(table, fichier.vue.empreinte),
                valeur=told, created_by_id=acteur.user_id,
            )
        )  # fmt: skip
    else:
        kept.valeur = told
    ecrire(session)
