"""Machines that a contract in force covers and that no plan looks after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import StatutContrat, StatutEquipement, StatutPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client, Contrat, ContratEquipement, Equipement, Planning
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.lists import cle_texte, portee


@dataclass(frozen=True, slots=True)
class SansPlan:
    """How many contracts cover how many such machines, and the first of these by name."""

    contrats: int
    equipements: int
    machines: tuple[Choix, ...]


def sans_plan(session: Session, acteur: Acteur, limite: int = 20) -> SansPlan:
    """What could be planned from the contracts of today."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    e, c, k, p, jour = Equipement, ContratEquipement, Contrat, Planning, clock.today()
    row = sa.exists().where(c.contrat_id == e.contrat_id, c.equipement_id == e.id).correlate(e)
    covered = sa.union(
        sa.select(c.contrat_id.label("contrat"), c.equipement_id.label("machine")).where(
            c.du <= jour, sa.or_(c.au.is_(None), c.au >= jour)
        ),
        sa.select(e.contrat_id, e.id).where(e.contrat_id.is_not(None), ~row),
    ).subquery()
    in_force = sa.or_(
        k.statut.in_((StatutContrat.EN_COURS, StatutContrat.EXPIRE)),
        sa.and_(k.statut == StatutContrat.RESILIE, k.date_resiliation > jour),
    )
    planned = sa.exists().where(p.equipement_id == e.id, p.statut != StatutPlanning.TERMINE).correlate(e)
    wanted = [
        k.date_debut <= jour, sa.or_(k.date_fin.is_(None), k.date_fin >= jour), in_force,
        e.is_active.is_(True), e.statut != StatutEquipement.RETIRE, e.agence_id.is_not(None), ~planned,
        *portee(acteur, e.agence_id),
    ]  # fmt: skip

    def of(*columns: Any) -> sa.Select[*tuple[Any, ...]]:
        joined = sa.select(*columns).select_from(covered).join(k, k.id == covered.c.contrat)
        return joined.join(e, e.id == covered.c.machine).where(*wanted)

    contracts, machines = session.execute(of(sa.func.count(k.id.distinct()), sa.func.count(e.id.distinct()))).one()
    first = (
        sa.select(e.id, e.nom, e.code_interne, Client.nom_entreprise)
        .join(Client, Client.id == e.client_id)
        .where(e.id.in_(of(e.id)))
        .order_by(cle_texte(session, e.nom), e.id)
        .limit(limite)
    )
    found = tuple(Choix(r.id, r.nom, f"{r.code_interne} · {r.nom_entreprise}") for r in session.execute(first))
    return SansPlan(contracts, machines, found)
