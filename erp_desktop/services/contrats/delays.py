"""How soon work is begun and done under a contract, by priority; deadlines of open work follow."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats.saisie import DelaiInput
from erp_desktop.domain.enums import Priorite
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError
from erp_desktop.models import Contrat, SlaRegle
from erp_desktop.services import calendrier
from erp_desktop.services.contrats.form import ouvrir, remanier
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire

RANKED: list[Priorite] = [p for p in Priorite if p is not Priorite.PROGRAMMEE]
"""Priorities that have a delay; what is planned for a day is due at its end."""


@dataclass(frozen=True, slots=True)
class Delai:
    """Minutes of the hours that the contract covers; None: what the contract says otherwise."""

    id: int
    priorite: str
    prise_en_charge_min: int | None
    resolution_min: int | None


def lister(session: Session, acteur: Acteur, contrat_id: int) -> list[Delai]:
    """The contract's own delays, the most urgent first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    r = SlaRegle
    asked = sa.select(r.id, r.priorite, r.prise_en_charge_min, r.resolution_min).where(r.contrat_id == contrat_id)
    _, found = abreast(
        session, lambda s: charger(s, acteur, Contrat, contrat_id, "ce contrat"), lambda s: s.execute(asked).all()
    )
    return sorted((Delai(*row) for row in found), key=lambda d: RANKED.index(Priorite(d.priorite)))


def fixer(session: Session, acteur: Acteur, contrat_id: int, typed: DelaiInput) -> int:
    """Say the delays of a priority, in place of former ones; returns the row's id.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    contrat = ouvrir(session, acteur, contrat_id)
    trace.annoncer(session, acteur)
    mine = sa.select(SlaRegle).where(SlaRegle.contrat_id == contrat_id, SlaRegle.priorite == str(typed.priorite))
    row = session.scalar(mine)
    with calendrier.changement(session, f"contrat {contrat.numero_contrat}", acteur, contrat_id=contrat_id):
        if row is None:
            row = SlaRegle(
                contrat_id=contrat_id, agence_id=contrat.agence_id, priorite=str(typed.priorite),
                created_by_id=acteur.user_id,
            )  # fmt: skip
            session.add(row)
        row.prise_en_charge_min, row.resolution_min = typed.prise_en_charge_min, typed.resolution_min
    remanier(contrat)
    ecrire(session)
    return row.id


def retirer(session: Session, acteur: Acteur, contrat_id: int, priorite: Priorite) -> None:
    """Take the delays of a priority away; what the contract says otherwise holds again.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    contrat = ouvrir(session, acteur, contrat_id)
    mine = sa.select(SlaRegle).where(SlaRegle.contrat_id == contrat_id, SlaRegle.priorite == priorite.value)
    row = session.scalar(mine)
    if row is None:
        raise NotFoundError("Ce délai n'existe plus.")
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"contrat {contrat.numero_contrat}", acteur, contrat_id=contrat_id):
        session.delete(row)
    remanier(contrat)
    ecrire(session)
