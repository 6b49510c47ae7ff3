"""What happened to a contract, told from its facts: nothing is kept twice, and every replica tells the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Avenant, Contrat, ContratEquipement, ContratPeriode, Equipement, User
from erp_desktop.services.shared.common import charger

CREATED, SIGNED, AMENDED, PERIOD, COVERED, UNCOVERED, SUSPENDED, ENDED, EXPIRES = (
    "Contrat créé", "Contrat signé", "Avenant", "Période", "Équipement couvert", "Équipement retiré", "Suspendu",
    "Résilié", "Fin du contrat",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fait:
    """One thing that happened or will: its day, what it is, the rest of it in words of the data."""

    jour: date
    quoi: str
    detail: str
    auteur: str = ""


def _signed(model: Any, *more: Any) -> sa.Select[Any]:
    """Rows with the name of who made each."""
    return sa.select(model, User.full_name, *more).outerjoin(User, User.id == model.created_by_id)


def _rows(session: Session, asked: sa.Select[Any]) -> Sequence[Any]:
    return session.execute(asked).all()


def history(session: Session, acteur: Acteur, contrat_id: int) -> list[Fait]:
    """The facts of a contract, the latest first.

    Raises:
        NotAllowedError, NotFoundError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    c = ContratEquipement
    covered = _signed(c, Equipement.nom).join(Equipement, Equipement.id == c.equipement_id)
    row, made, amended, ran, covers = abreast(
        session, lambda s: charger(s, acteur, Contrat, contrat_id, "ce contrat"),
        *(partial(_rows, asked=asked.where(key == contrat_id)) for asked, key in (
            (_signed(Contrat), Contrat.id), (_signed(Avenant), Avenant.contrat_id),
            (_signed(ContratPeriode), ContratPeriode.contrat_id), (covered, c.contrat_id),
        )),
    )  # fmt: skip
    found = [
        Fait(clock.local(row.created_at).date(), CREATED, row.numero_contrat, author or "") for _, author in made
    ]
    if row.date_signature is not None:
        found.append(Fait(row.date_signature, SIGNED, ""))
    for amendment, author in amended:
        detail = f"{amendment.numero} : {amendment.objet}"
        found.append(Fait(amendment.date_effet, AMENDED, detail, author or ""))
    found += [Fait(period.du, PERIOD, str(period.numero), author or "") for period, author in ran]
    for cover, author, name in covers:
        found.append(Fait(cover.du, COVERED, name, author or ""))
        if cover.au is not None:
            found.append(Fait(cover.au, UNCOVERED, name))
    if row.statut == StatutContrat.RESILIE and row.date_resiliation is not None:
        found.append(Fait(row.date_resiliation, ENDED, row.motif or ""))
    elif row.date_fin is not None:
        found.append(Fait(row.date_fin, EXPIRES, ""))
    if row.statut == StatutContrat.SUSPENDU:
        found.append(Fait(clock.local(row.updated_at).date(), SUSPENDED, row.motif or ""))
    return sorted(found, key=lambda one: (one.jour, one.quoi != CREATED), reverse=True)
