"""The small branch that services work on, on either engine."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Client, Contrat, Equipement, Technicien
from tests.services.branch import Monde, _compte


@pytest.fixture
def monde(engine: sa.Engine) -> Monde:
    with transaction(engine) as session:
        cas = Agence(code="CAS", nom="Casablanca", ville="Casablanca")
        rab = Agence(code="RAB", nom="Rabat", ville="Rabat")
        session.add_all([cas, rab])
        session.flush()
        acteurs = {}
        for nom, role, agence in (
            ("Salma Bennis", Role.AGENT, cas), ("Omar Idrissi", Role.RESPONSABLE, cas),
            ("Nadia Admin", Role.ADMIN, None), ("Hicham Siège", Role.RESPONSABLE, None),
            ("Karim Alaoui", Role.TECHNICIEN, cas),
            ("Hind Berrada", Role.TECHNICIEN, cas), ("Yasmine Rabat", Role.AGENT, rab),
        ):  # fmt: skip
            compte = _compte(session, nom, role, agence.id if agence else None)
            acteurs[nom] = Acteur(compte.id, nom, role, agence.id if agence else None, agence.code if agence else "")
        karim = Technicien(user_id=acteurs["Karim Alaoui"].user_id, agence_id=cas.id, numero_badge="T-01")
        hind = Technicien(user_id=acteurs["Hind Berrada"].user_id, agence_id=cas.id, numero_badge="T-02")
        client = Client(nom_entreprise="Conserveries Atlas", agence_id=cas.id, ville="Casablanca")
        client_rab = Client(nom_entreprise="Céramiques du Sud", agence_id=rab.id, ville="Rabat")
        session.add_all([karim, hind, client, client_rab])
        session.flush()
        contrat = Contrat(
            numero_contrat="CTR-2025-0117", client_id=client.id, agence_id=cas.id, statut="en_cours",
            type_contrat="maintenance_complete", date_debut=date(2025, 1, 1), temps_reponse_urgence=2,
            temps_reponse_normal=8,
        )  # fmt: skip
        session.add(contrat)
        session.flush()
        equipement = Equipement(
            nom="Sertisseuse SR-03",
            code_interne="SR-03",
            client_id=client.id,
            contrat_id=contrat.id,
            agence_id=cas.id,
        )
        equipement_rab = Equipement(nom="Pont PR-01", code_interne="PR-01", client_id=client_rab.id, agence_id=rab.id)
        session.add_all([equipement, equipement_rab])
        session.flush()
        return Monde(
            engine, acteurs["Salma Bennis"], acteurs["Omar Idrissi"], acteurs["Nadia Admin"], acteurs["Hicham Siège"],
            acteurs["Karim Alaoui"], acteurs["Yasmine Rabat"], cas.id, rab.id, client.id, contrat.id, equipement.id,
            karim.id, hind.id, client_rab.id, equipement_rab.id,
        )  # fmt: skip
