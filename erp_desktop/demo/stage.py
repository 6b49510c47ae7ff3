"""The demonstration's world: a private PostgreSQL, a centre, two branches with their caches, people and work.

Everything lives in one folder and one server process of our own; :meth:`Stage.close` leaves nothing running.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from erp_desktop import clock, paths
from erp_desktop.db import secrets
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, User
from erp_desktop.services import auth, calendrier, importation
from erp_desktop.services.administration import demo as reference_data
from erp_desktop.services.demo import data as demo_data
from erp_desktop.services.factures import demo as demo_factures
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.device import enrolment

MOT_DE_PASSE = "demo-2026"
"""Password of every demonstration account; the databases are thrown away."""

WORK_ORDERS = paths.ROOT / "tests" / "data" / "excavators.csv"
DECISIONS = importation.Decisions(
    paires=("BscStartDate=date_cloture",),
    valeurs=tuple(f"type:{code}=corrective" for code in ("PM04", "PM05", "PM06", "PM13")),
    taux=("AUD=6,50",),
)
"""What this file does not say and somebody has to decide before its figures mean anything."""
_PEOPLE = (
    ("siege", "youssef.idrissi", "Youssef Idrissi", Role.RESPONSABLE),
    ("CAS", "salma.bennis", "Salma Bennis", Role.AGENT),
    ("admin", "nadia.tazi", "Nadia Tazi", Role.ADMIN),
    ("TNG", "anas.benjelloun", "Anas Benjelloun", Role.AGENT),
)
_WEEK = "1-5=08:30-18:30 6=08:30-12:30"
_AGENCES = (("CAS", "Casablanca"), ("TNG", "Tanger"))


@dataclass(frozen=True, slots=True)
class Branch:
    """One desktop of the demonstration."""

    code: str
    nom: str
    acteur: Acteur
    settings: Settings
    key: str | None
    rows: int

    @property
    def cache(self) -> Path:
        return self.settings.cache

    def engine(self) -> sa.Engine:
        return create_sqlite_engine(self.cache, self.key)


class Stage:
    """Builds the world; a context manager.

    Args:
        folder: where caches, secrets and settings go; must be empty or absent.
        interventions: how many per branch, beside the 5,485 real work orders of Casablanca.
        say: told one French line per step.
    """

    def __init__(self, folder: Path, interventions: int = 1200, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.interventions = interventions
        self.say = say
        self.branches: dict[str, Branch] = {}
        self.url = ""
        self.server: EmbeddedPostgres
        self.centre: sa.Engine
        self.siege: Acteur
        self.admin: Acteur

    def __enter__(self) -> Self:
        started = time.perf_counter()
        self.server = EmbeddedPostgres()
        try:
            self.say(f"PostgreSQL privé démarré en {time.perf_counter() - started:.1f} s")
            self._build()
        except BaseException:
            self.server.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server; the folder stays for who wants to look."""
        if hasattr(self, "centre"):
            self.centre.dispose()
        self.server.stop()

    def _build(self) -> None:
        self.url = self.server.create_database("erp_mif_demo")
        self.centre = create_pg_engine(self.url)
        enrolment.init_centre(self.centre)
        agences = {code: enrolment.add_agence(self.centre, code, nom, nom) for code, nom in _AGENCES}
        people = self._people(agences)
        started = time.perf_counter()
        with transaction(self.centre, people["siege"]) as session:
            for year in (clock.today().year, clock.today().year + 1):
                calendrier.completer(session, year)
            for ident in agences.values():
                calendrier.definir_horaires(session, session.get_one(Agence, ident), calendrier.lire_semaine(_WEEK))
            for seed, (code, _) in enumerate(_AGENCES, start=1):
                demo_data.generer(session, code, self.interventions, seed)
            reference_data.fill(session)
            demo_factures.fill(session, list(agences.values()), clock.now())
            done = importation.importer_interventions(session, WORK_ORDERS, "CAS", choix=DECISIONS)
        seconds = time.perf_counter() - started
        self.say(
            f"Centre rempli en {seconds:.1f} s : {2 * self.interventions} interventions d'agence et "
            f"{done.importees} ordres de travail réels (clôture au jour de l'ordre, 6,50 MAD pour un AUD)"
        )
        self.admin = Acteur(people["admin"], "Nadia Tazi", Role.ADMIN, None)
        self.siege = Acteur(people["siege"], "Youssef Idrissi", Role.RESPONSABLE, None)
        for code, nom in _AGENCES:
            self.branches[code] = self._branch(code, nom, agences[code], people[code])

    def _people(self, agences: dict[str, int]) -> dict[str, int]:
        made = {}
        with transaction(self.centre) as session:
            for place, login, nom, role in _PEOPLE:
                user = User(
                    username=login, email=f"{login}@erp-mif.example", full_name=nom, role=role.value,
                    agence_id=agences.get(place), hashed_password=auth.hacher(MOT_DE_PASSE), is_verified=True,
                )  # fmt: skip
                session.add(user)
                session.flush()
                made[place] = user.id
        return made

    def _branch(self, code: str, nom: str, agence_id: int, user_id: int) -> Branch:
        home = self.folder / code.lower()
        store = home / "secrets.json"
        settings = Settings(
            mode=Mode.AGENCE,
            data_dir=home,
            log_dir=home / "journaux",
            secrets_file=store,
            sync_interval_s=2.0,
            demo=True,
        )
        started = time.perf_counter()
        done = enrolment.enroll(self.url, code, f"{nom} accueil", settings.cache, secrets_file=store)
        self.say(
            f"{nom} : poste {done.poste:02d} inscrit, {done.rows} lignes copiées et chiffrées "
            f"en {time.perf_counter() - started:.1f} s"
        )
        key = secrets.cache_key(settings.cache, store)
        person = next(p for p in _PEOPLE if p[0] == code)
        engine = create_sqlite_engine(settings.cache, key)
        try:
            # As after a first login at the centre: this desktop can now check the password offline.
            with transaction(engine, user_id) as session:
                auth.deposer_verificateur(session, user_id, MOT_DE_PASSE)
        finally:
            engine.dispose()
        acteur = Acteur(user_id, person[2], person[3], agence_id, code, done.poste)
        return Branch(code, nom, acteur, settings, key, done.rows)
