"""The small branch that services work on, on either engine."""

from __future__ import annotations

import dataclasses
import shutil
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from erp_desktop import clock
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Client, Contrat, Equipement, Technicien
from tests.services.branch import Monde, _compte


@pytest.fixture(scope="session")
def filled_cache(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Monde]:
    """A cache with the branch, to be copied, never opened; what it holds."""
    path = tmp_path_factory.mktemp("branche") / "branche.sqlite"
    shutil.copyfile(sqlite_template, path)
    engine = create_sqlite_engine(path)
    try:
        return path, _fill(engine)
    finally:
        # The last one to leave writes all into the one file.
        engine.dispose()


@pytest.fixture(scope="session")
def filled_centre(pg_server: EmbeddedPostgres, pg_template: str) -> tuple[str, Monde]:
    """Name of a centre with the branch, to be copied, never used; what it holds."""
    name = f"branche_{uuid.uuid4().hex[:8]}"
    engine = create_pg_engine(pg_server.create_database(name, pg_template))
    try:
        return name, _fill(engine)
    finally:
        engine.dispose()


@pytest.fixture
def sqlite_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A fresh cache file at the head revision, with the branch where the test asks for it."""
    filled = "monde" in request.fixturenames
    template = request.getfixturevalue("filled_cache")[0] if filled else request.getfixturevalue("sqlite_template")
    path = tmp_path / "cache.sqlite"
    shutil.copyfile(template, path)
    return path


@pytest.fixture
def pg_url(request: pytest.FixtureRequest, pg_server: EmbeddedPostgres) -> Iterator[str]:
    """Address of a fresh central database at the head revision, with the branch where the test asks for it."""
    filled = "monde" in request.fixturenames
    template = request.getfixturevalue("filled_centre")[0] if filled else request.getfixturevalue("pg_template")
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield pg_server.create_database(name, template)
    pg_server.drop_database(name)


@pytest.fixture
def pg_engine(pg_url: str) -> Iterator[sa.Engine]:
    """Its lines stay open between transactions: each new one reads the catalogue anew."""
    engine = create_pg_engine(pg_url, pool=QueuePool)
    yield engine
    engine.dispose()


@pytest.fixture
def monde(request: pytest.FixtureRequest, engine: sa.Engine) -> Monde:
    found = request.getfixturevalue("filled_cache" if engine.dialect.name == "sqlite" else "filled_centre")[1]
    return dataclasses.replace(found, engine=engine)


_NOW = clock.now


def _fill(engine: sa.Engine) -> Monde:
    # Whatever hour the test has set that happens to be the first to ask: the rows are everybody's.
    with pytest.MonkeyPatch.context() as patch, transaction(engine) as session:
        patch.setattr(clock, "now", _NOW)
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
