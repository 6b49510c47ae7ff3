"""A row of every kind of record that has a form, beside what the company has."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import DemandeValidation
from erp_desktop.ui.forms.spec import FormSpec
from erp_desktop.ui.kinds import KINDS
from tests.ui.company import Monde


def form(kind: str) -> FormSpec:
    return importlib.import_module(KINDS[kind][1]).LISTE.form


def one_of_each(sqlite_engine: sa.Engine, monde: Monde) -> dict[Role, Acteur]:
    """One of each role, with one row of every kind that the company lacks, a state that ends it included."""
    assert monde.agent is not None
    assert monde.responsable is not None
    admin = replace(monde.responsable, role=Role.ADMIN)
    today = clock.today().isoformat()
    with transaction(sqlite_engine) as session:
        technicien = session.execute(
            sa.text("SELECT user_id FROM techniciens WHERE id = :id"), {"id": monde.techniciens[0]}
        ).scalar_one()

        def made(kind: str, **values: Any) -> int:
            return form(kind).create(session, admin, values)

        made("stock", reference="6204-ZZ", designation="Roulement")
        depot = made("depots", nom="Magasin")
        made("inventaires", depot_id=depot)
        made("modeles", nom="Révision", titre="Révision annuelle", type="preventive")
        made("checklists", nom="Compresseur")
        made("objectifs", chiffre="mttr", cible="4", date_debut=today)
        contracts = [made("contrats", client_id=monde.clients[0], date_debut=today) for _state in range(3)]
        invoices = [made("factures", client_id=monde.clients[0], date_facture=today) for _state in range(2)]
        for name in ("Ronde", "Ancienne ronde"):
            made("preventif", modele_titre=name, equipement_id=monde.machines[0], date_debut=today)
        session.execute(sa.text("UPDATE plannings SET statut = 'termine' WHERE modele_titre = 'Ancienne ronde'"))
        for state, ident in zip(("brouillon", "en_cours", "resilie"), contracts, strict=True):
            session.execute(sa.text("UPDATE contrats SET statut = :s WHERE id = :i"), {"s": state, "i": ident})
        session.add(DemandeValidation(facture_id=invoices[0], agence_id=monde.agence, total_ttc=0))
    agents = {Role.AGENT: monde.agent, Role.RESPONSABLE: monde.responsable, Role.ADMIN: admin}
    return {**agents, Role.TECHNICIEN: replace(monde.agent, user_id=technicien, role=Role.TECHNICIEN)}
