"""A small branch on either engine: two agencies, people of every role, a client with a contract and machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Client, Contrat, Equipement, Technicien, User

T = TypeVar("T")


@dataclass
class Monde:
    """The engine and the identifiers of what it holds."""

    engine: sa.Engine
    agent: Acteur
    responsable: Acteur
    admin: Acteur
    siege: Acteur
    technicien: Acteur
    autre_agent: Acteur
    cas: int
    rab: int
    client: int
    contrat: int
    equipement: int
    karim: int
    hind: int
    client_rab: int
    equipement_rab: int

    def faire(self, fonction: Callable[..., T], acteur: Acteur, *arguments: Any, **nommes: Any) -> T:
        """Run one service function in a transaction of its own."""
        with transaction(self.engine, acteur.user_id) as session:
            return fonction(session, acteur, *arguments, **nommes)

    def lire(self, requete: Any) -> list[Any]:
        with transaction(self.engine, write=False) as session:
            return list(session.execute(requete))

    def executer(self, texte: str, **valeurs: Any) -> None:
        with transaction(self.engine) as session:
            session.execute(sa.text(texte), valeurs)


def _compte(session: Session, nom: str, role: Role, agence: int | None) -> User:
    identifiant = nom.lower().replace(" ", ".")
    compte = User(
        username=identifiant, email=f"{identifiant}@exemple.ma", full_name=nom, role=role.value, agence_id=agence
    )
    session.add(compte)
    session.flush()
    return compte


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
