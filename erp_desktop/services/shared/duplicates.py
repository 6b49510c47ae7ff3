"""Who may already be on file, told while a new record is typed; nothing is refused here."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import ice, telephone
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import serrer
from erp_desktop.models import Client, Equipement, Technicien, User
from erp_desktop.services.shared.lists import contient, portee

_FORMES = frozenset({"sarl", "sa", "sas", "snc", "ste", "societe", "au", "et", "cie", "ets", "etablissements"})
"""Legal forms and small words: « Froid Atlantique SARL » is « Froid Atlantique »."""
_RESSEMBLE = 0.85
_CANDIDATS, _DITS = 400, 3


@dataclass(frozen=True, slots=True)
class Proche:
    """A record already there; ``meme`` when what is typed is its very value."""

    id: int
    libelle: str
    meme: bool


def _mots(nom: str) -> list[str]:
    mots = "".join(c if c.isalnum() else " " for c in serrer(nom)).split()
    return [mot for mot in mots if mot not in _FORMES] or mots


def _noms(session: Session, acteur: Acteur, valeur: str, sauf: int | None) -> list[Proche]:
    """Clients whose name is the same but for accents, capitals, spaces, order and legal form, or nearly so."""
    mots = _mots(valeur)
    longs = [mot for mot in sorted(mots, key=len, reverse=True)[:3] if len(mot) >= 3]
    if not longs:
        return []
    requete = (
        sa.select(Client.id, Client.nom_entreprise, Client.ville)
        .where(sa.or_(*(contient(session, Client.nom_entreprise, mot[:4]) for mot in longs)))
        .where(*portee(acteur, Client.agence_id), Client.id != (sauf or 0))
        .limit(_CANDIDATS)
    )
    cherche = "".join(sorted(mots))
    colle = " ".join(mots)
    trouves: list[tuple[float, Proche]] = []
    for r in session.execute(requete):
        autres = _mots(r.nom_entreprise)
        meme = "".join(sorted(autres)) == cherche
        ratio = 1.0 if meme else SequenceMatcher(None, colle, " ".join(autres)).ratio()
        if ratio >= _RESSEMBLE:
            trouves.append((ratio, Proche(r.id, _dit(r.nom_entreprise, r.ville), meme)))
    trouves.sort(key=lambda paire: (-paire[0], paire[1].id))
    return [proche for _ratio, proche in trouves[:_DITS]]


def _dit(nom: str, lieu: str | None) -> str:
    return f"{nom} ({lieu})" if lieu else nom


def _nu(colonne: Any) -> sa.ColumnElement[str]:
    """A code without what people put between its groups."""
    nue: sa.ColumnElement[str] = sa.func.lower(colonne)
    for signe in (" ", "-", ".", "/"):
        nue = sa.func.replace(nue, signe, "")
    return nue


def _code(valeur: str) -> str:
    return "".join(c for c in serrer(valeur) if c not in " -./")


def clients(session: Session, acteur: Acteur, champ: str, valeur: str, sauf: int | None) -> list[Proche]:
    """Clients that a field typed may be: ``nom_entreprise``, ``ice``, ``email`` or ``telephone``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    if champ == "nom_entreprise":
        return _noms(session, acteur, valeur, sauf)
    try:
        if champ == "ice":
            condition = Client.ice == ice.normaliser(valeur)
        elif champ == "telephone":
            condition = Client.telephone == telephone.normaliser(valeur)
        else:
            condition = sa.func.lower(Client.email) == valeur.strip().lower()
    except ValueError:
        return []  # not yet a whole number
    requete = sa.select(Client.id, Client.nom_entreprise, Client.ville).where(condition)
    requete = requete.where(*portee(acteur, Client.agence_id), Client.id != (sauf or 0))
    lus = session.execute(requete.order_by(Client.id).limit(_DITS))
    return [Proche(r.id, _dit(r.nom_entreprise, r.ville), meme=True) for r in lus]


def equipements(session: Session, acteur: Acteur, champ: str, valeur: str, sauf: int | None) -> list[Proche]:
    """Équipements with the same serial number or internal code, however it is spaced."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    e = Equipement
    requete = sa.select(e.id, e.nom, e.code_interne, Client.nom_entreprise).join(Client, Client.id == e.client_id)
    requete = requete.where(
        _nu(getattr(e, champ)) == _code(valeur), *portee(acteur, e.agence_id), e.id != (sauf or 0)
    )
    lus = session.execute(requete.order_by(e.id).limit(_DITS))
    return [Proche(r.id, f"{r.nom} {r.code_interne} ({r.nom_entreprise})", meme=True) for r in lus]


def techniciens(session: Session, acteur: Acteur, _champ: str, valeur: str, sauf: int | None) -> list[Proche]:
    """Techniciens with the same badge."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    t = Technicien
    requete = sa.select(t.id, User.full_name).join(User, User.id == t.user_id)
    requete = requete.where(_nu(t.numero_badge) == _code(valeur), *portee(acteur, t.agence_id), t.id != (sauf or 0))
    return [Proche(r.id, r.full_name, meme=True) for r in session.execute(requete.order_by(t.id).limit(_DITS))]
