"""The revision history: its chain, its files, every step up, down and up again with rows, on both engines.

Long on purpose: what each revision may lose stands beside the test that proves it.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock, paths
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import UpgradeError
from erp_desktop.models import Base
from erp_desktop.registry import monthly, revisions, rules, worked
from erp_desktop.registry.invoices import settled
from erp_desktop.registry.tables import TABLES
from erp_desktop.services import auth
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.upgrade import fingerprint, migrate
from erp_desktop.upgrade import history as upgrade_history
from tests.migrations.rows import contenu, metier, remplir

GUIDE = [
    "bb94288d88f3_initial_full_migration_from_models.py",
    "5bd306f33b2b_add_username_to_user_model.py",
    "e576b04091b6_add_is_active_column_to_users.py",
    "df44b376bc8a_ensure_all_timestamps_columns_exist.py",
    "2a1f3c8d7c1b_create_clients_and_contrats.py",
]


@pytest.fixture(params=["sqlite", "postgresql"])
def vide(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An engine on a database without any table."""
    if request.param == "sqlite":
        engine = create_sqlite_engine(tmp_path / "vide.sqlite")
    else:
        engine = create_pg_engine(request.getfixturevalue("pg_empty_url"))
    yield engine
    engine.dispose()


class Stages:
    """Databases without rows at a revision, each made once from the one before it, to be copied and never used."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._caches: dict[str, Path] = {}
        self._centres: dict[str, str] = {}

    def _nearest(self, made: Iterable[str], revision: str) -> str | None:
        chain = [row.revision for row in revisions.revisions()]
        return max((r for r in made if chain.index(r) <= chain.index(revision)), key=chain.index, default=None)

    def cache(self, revision: str) -> Path:
        if revision not in self._caches:
            path, before = self._folder / f"{revision}.sqlite", self._nearest(self._caches, revision)
            if before is not None:
                shutil.copyfile(self._caches[before], path)
            self._climb(create_sqlite_engine(path), revision)
            self._caches[revision] = path
        return self._caches[revision]

    def centre(self, revision: str) -> str:
        if revision not in self._centres:
            name, before = f"etape_{uuid.uuid4().hex[:8]}", self._nearest(self._centres, revision)
            url = self._server.create_database(name, self._centres[before] if before is not None else None)
            self._climb(create_pg_engine(url), revision)
            self._centres[revision] = name
        return self._centres[revision]

    @staticmethod
    def _climb(engine: sa.Engine, revision: str) -> None:
        with engine.connect() as connection:
            migrate.upgrade(connection, revision, verified_after=True)
        engine.dispose()


@pytest.fixture(scope="module")
def stages(pg_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return Stages(pg_server, tmp_path_factory.mktemp("etapes"))


At = Callable[[str], sa.Engine]


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, stages: Stages, pg_server: EmbeddedPostgres, tmp_path: Path) -> Iterator[At]:
    """A database without rows at a revision."""
    engines, names = [], []

    def made(revision: str) -> sa.Engine:
        if request.param == "sqlite":
            path = tmp_path / "etape.sqlite"
            shutil.copyfile(stages.cache(revision), path)
            engines.append(create_sqlite_engine(path))
        else:
            names.append(f"t_{uuid.uuid4().hex[:12]}")
            engines.append(create_pg_engine(pg_server.create_database(names[-1], stages.centre(revision))))
        return engines[-1]

    yield made
    for engine in engines:
        engine.dispose()
    for name in names:
        pg_server.drop_database(name)


def up(engine: sa.Engine, revision: str = "head") -> None:
    with engine.connect() as connection:
        migrate.upgrade(connection, revision)


def down(engine: sa.Engine, revision: str) -> None:
    with engine.connect() as connection:
        migrate.downgrade(connection, revision)


def test_the_chain_starts_with_the_guides_five_files_and_has_one_head() -> None:
    assert [row.fichier for row in revisions.revisions()[:5]] == GUIDE
    scripts = migrate.scripts()
    assert scripts.get_heads() == [revisions.head()]
    assert [s.revision for s in reversed(list(scripts.walk_revisions()))] == [
        row.revision for row in revisions.revisions()
    ]


def test_our_files_carry_date_revision_and_slug() -> None:
    for row in revisions.revisions()[5:]:
        assert re.fullmatch(rf"\d{{8}}_\d{{6}}_{row.revision}_[a-z0-9_]+\.py", row.fichier)


def test_revisions_are_self_contained_and_say_what_a_downgrade_loses() -> None:
    scripts = migrate.scripts()
    for row in revisions.revisions():
        text = (paths.MIGRATIONS / "versions" / row.fichier).read_text(encoding="utf-8")
        assert "erp_desktop" not in text, row.fichier
        lost = scripts.get_revision(row.revision).module.perd_au_retour
        assert lost is None or lost.endswith("."), row.fichier


def test_shipped_files_are_those_of_the_manifest() -> None:
    revisions.verify()
    assert {row.revision: row.colonnes for row in revisions.revisions()} == upgrade_history.columns()


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_another_history_is_refused(tmp_path: Path, change: str) -> None:
    copy = tmp_path / "versions"
    shutil.copytree(paths.MIGRATIONS / "versions", copy, ignore=shutil.ignore_patterns("__pycache__"))
    victim = copy / GUIDE[1]
    if change == "edit":
        victim.write_text(victim.read_text(encoding="utf-8") + "# retouche\n", encoding="utf-8")
    elif change == "remove":
        victim.unlink()
    else:
        (copy / "intruse.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(UpgradeError, match="intruse" if change == "add" else "username"):
        revisions.verify(copy)


TRADUIT = {
    "3f9d5c7e1a64": {"users.first_name", "users.last_name"},
    # Machines without a client get one, and their interventions too.
    "6e2f8a0c4b1d": {"equipements.client_id", "interventions.client_id"},
}
"""Revision → columns of older rows that come back translated after its way up and down."""

DUE = {"factures.regle", "factures.solde", "factures.etape"}
"""What a centre finds from other rows, once it is at the head: before, they hold what a writer put there."""

DATES = (
    "competences", "documents", "equipements", "notifications", "plannings", "technicien_competence", "techniciens",
    "users",
)  # fmt: skip
AGENCES = (
    "clients", "competences", "contrats", "documents", "equipements", "historiques_interventions", "interventions",
    "notifications", "plannings", "technicien_competence", "techniciens", "users",
)  # fmt: skip
PERTES = {
    # Of the centre's own devices alone.
    "a9c4e7b2d6f1": set(),
    "d9b3e7a1c5f8": set(),
    "f4b8d2a6c0e1": set(),
    "c7e2a9f4b6d3": set(),
    "e3a7c1d5f9b4": {"effacements"},
    "a2f6c0e8b4d9": {"users.password_given_at"},
    "d3a9e7f1b5c8": {"lignes_inventaire.lot"},
    "c8b2e6a0d4f7": {
        "documents.contrat_id", "lignes_intervention.lot", "mouvements_stock.lot", "pieces_detachees.suivi",
        "sla_regles",
    },
    "bb94288d88f3": {
        "competences", "documents", "equipements", "historiques_interventions", "interventions", "notifications",
        "plannings", "technicien_competence", "techniciens", "users",
    },
    "5bd306f33b2b": {"users.username"},
    "e576b04091b6": {"users.is_active"},
    "df44b376bc8a": {f"{table}.{column}" for table in DATES for column in ("created_at", "updated_at")},
    "2a1f3c8d7c1b": {
        "clients", "contrats", "equipements.client_id", "equipements.contrat_id", "interventions.client_id",
        "interventions.contrat_id",
    },
    "3b9d5e7f1a20": {"interventions.notes_internes", "interventions.satisfaction_client"},
    "4c0e6f8a2b31": {"users.phone"},
    "1d7b3a5c9e42": {"users.is_verified"},
    "2e8c4b6d0f53": {"users.phone"},
    "4a0e6d8f2b75": {"users.role"},
    "6e2f8a0c4b1d": {
        "agences", *(f"{table}.agence_id" for table in AGENCES), "historiques_interventions.ancienne_valeur",
        "historiques_interventions.nouvelle_valeur", "historiques_interventions.recu_a", "interventions.cout_externe",
        "interventions.date_limite", "interventions.signataire", "interventions.signature",
        "interventions.temps_deplacement", "interventions.zone_planifiee", "users.failed_login_attempts",
        "users.last_login", "users.locked_until", "users.password_changed_at",
    },
    "7f3a9b1d5c2e": {
        "contenus", "depots", "factures", "jours_feries", "lignes_facture", "lignes_intervention", "mouvements_stock",
        "paiements", "pieces_detachees", "preferences", "rapports", "rapports_planifies", "taux_tva",
        "vues_enregistrees",
    },
    "c6d0a4e8f2b1": {"contenus", "contenus_morceaux"},
    "a4d8e2b6c0f5": {"horaires_agence", "jours_feries.confirme_le", "jours_feries.source"},
    "b5e9d3c7a1f6": {
        "inventaires", "lignes_inventaire", "lignes_intervention.depot_id", "lignes_intervention.facturable",
        "mouvements_stock.date_effet",
        "mouvements_stock.inventaire_id", "mouvements_stock.ligne_intervention_id", "mouvements_stock.motif",
        "mouvements_stock.transfert_id", "mouvements_stock.valeur_unitaire", "pieces_detachees.code_barres",
        "pieces_detachees.emplacement", "pieces_detachees.famille", "pieces_detachees.fournisseur",
        "pieces_detachees.fournisseur_reference", "stock_seuils",
    },
    "b7e3c9a1d5f4": {"absences", "competences_requises", "creneaux", "regles_planning"},
    "d2b6f0a4c8e3": {
        "contrat_equipements", "contrat_periodes", "contrats.date_resiliation", "contrats.date_signature",
        "contrats.delai_paiement_jours", "contrats.duree_mois", "contrats.motif", "contrats.objet",
        "contrats.preavis_jours", "contrats.seuil_alerte_pct", "interventions.imputation",
        "interventions.imputation_motif",
    },
    "e5c9a3f7b1d4": {
        "agences.email", "codes_panne", "identite_societe", "interventions.cause_id", "interventions.probleme_id",
        "interventions.remede_id", "notifications.auteur_id", "notifications.cle", "notifications.evenement",
        "notifications.lu_a", "notifications.objet_id", "notifications.objet_table", "tarifs",
    },
    "c4e8a2d6f0b5": {"contrats.indice", "contrats.revision_pct"},
    "f4d8b2c6e0a5": {
        "checklists", "compteurs", "occurrences", "planning_pieces", "points_checklist", "releves",
        "reponses_checklist", "interventions.checklist_id", "interventions.checklist_version",
        "interventions.occurrence_id", "lignes_intervention.planning_piece_id",
        "plannings.checklist_id", "plannings.competence_id", "plannings.compteur_id", "plannings.date_debut",
        "plannings.date_fin", "plannings.genere_jusqu_au", "plannings.horizon_jours", "plannings.report_ferie",
        "plannings.rythme_depuis",
        "plannings.saison_debut", "plannings.saison_fin", "plannings.seuil", "plannings.technicien_prefere_id",
        "plannings.tolerance_apres", "plannings.tolerance_avant",
    },
    "b3f7d1a9c5e8": {
        "demandes_validation", "imputations", "relances", "retenues", "taux_legaux",
        *(f"factures.{c}" for c in (
            "client_fige", "conditions_jours", "date_operation", "empreinte", "intitule", "mode_reglement",
            "motif_rejet", "periode_au", "periode_du", "periode_rang", "reference_client", "retenue_is_pct",
            "retenue_tva_pct", "societe_figee", "transmise_le", "uuid", "validee_le", "validee_par",
        )),
        *(f"lignes_facture.{c}" for c in (
            "acompte_id", "cle", "exoneration", "ligne_intervention_id", "ordre", "temps_id",
            "unite",
        )),
        *(f"paiements.{c}" for c in (
            "banque", "client_id", "date_valeur", "motif", "numero", "timbre",
        )),
    },
    "f7a1c5e9b3d6": {
        "arrets", "interventions.motif_attente", "interventions.satisfaction_commentaire", "techniciens.cout_horaire",
        "temps",
    },
    "f6c2a8e4b0d3": {"objectifs"},
    "b1d5f9a3c7e2": {
        "attentes", "avenants", "documents.moment", "interventions.signature_refus", "interventions.signe_le",
        "modeles_intervention",
    },
}  # fmt: skip
"""Revision → what rows written at it miss after its downgrade and its upgrade: tables, and columns.

The sentence that each revision declares (``perd_au_retour``) is for the person who decides; this is its proof.
"""

# Values that the plain rows do not have and that the way back cannot keep.
ECARTS = {
    "e576b04091b6": "UPDATE users SET is_active = false WHERE id = {n}",
    "2e8c4b6d0f53": "UPDATE users SET phone = '+212 5 22 00 00 00 poste 1234' WHERE id = {n}",
    "4a0e6d8f2b75": "UPDATE users SET role = 'responsable' WHERE id = {n}",
}
# What a cache or a centre needs for the exchange is no business row.
ECHANGE = {"8a4b0c2e6d3f", "9b5c1d3f7e4a", "0c6d2e4f8a5b"}


def values(connection: sa.Connection) -> dict[str, dict[Any, dict[str, Any]]]:
    """Table → key → row, of every business row."""
    return {
        table: {next(iter(row.values())): row for row in found}
        for table, found in contenu(connection).items()
        if found
    }


def lost(before: dict[str, dict[Any, dict[str, Any]]], after: dict[str, dict[Any, dict[str, Any]]]) -> set[str]:
    """Tables that lost rows, and columns whose values changed."""
    found = set()
    for table, lines in before.items():
        for key, row in lines.items():
            now = after.get(table, {}).get(key)
            if now is None:
                found.add(table)
            else:
                found |= {f"{table}.{column}" for column, value in row.items() if now.get(column) != value}
    return found


@pytest.mark.parametrize("latest", [3, pytest.param(1_000, marks=pytest.mark.soak)])
def test_every_revision_up_down_up_with_rows(vide: sa.Engine, latest: int) -> None:
    """The ``latest`` go up with rows, down and up again; those before are sealed by a checksum.

    By hand (``-m soak``) each goes up with rows. In every run the sealed ones go up empty, and with the rows of their
    golden files.
    """
    scripts = migrate.scripts()
    before = "base"
    every = revisions.revisions()
    passed = max(0, len(every) - latest)
    if passed:
        before = every[passed - 1].revision
        up(vide, before)
    for rank, row in enumerate(every[passed:], passed):
        module = scripts.get_revision(row.revision).module
        with vide.connect() as connection:
            remplir(connection, 1000 * (rank + 1))
            old = values(connection)
        up(vide, row.revision)
        first = 1000 * (rank + 1)
        with vide.connect() as connection:
            new = values(connection)
            structure = fingerprint.read(connection)
            connection.rollback()
            first += 500
            remplir(connection, first)
            if row.revision in ECARTS:
                connection.exec_driver_sql(ECARTS[row.revision].format(n=first))
                connection.commit()
        # Up: no row is lost, none appears but where the revision says so.
        allowed = set(getattr(module, "ecarts_de_lignes", ()))
        assert {t: len(r) for t, r in new.items() if t not in allowed} == {
            t: len(r) for t, r in old.items() if t not in allowed
        }, row.fichier
        with vide.connect() as connection:
            full = values(connection)
        down(vide, before)
        with vide.connect() as connection:
            back = values(connection)
        # Up and down: what was there before is there again, but for what the revision itself translates.
        central = vide.dialect.name == "postgresql"
        assert lost(old, back) - (DUE if central else set()) == TRADUIT.get(row.revision, set()), row.fichier
        up(vide, row.revision)
        with vide.connect() as connection:
            assert fingerprint.differences(structure, fingerprint.read(connection)) == [], row.fichier
            connection.rollback()
            again = values(connection)
        # Down and up: what was written since is lost exactly where it is declared.
        written = re.fullmatch(r"Le contenu de (.+)\.", module.perd_au_retour or "")
        named = set(written[1].split(", ")) if written else set()
        found_later = DUE if central and row is not every[-1] else set()
        assert lost(full, again) - found_later == PERTES.get(row.revision, named), row.fichier
        declared = module.perd_au_retour is not None
        assert declared is (bool(named) or row.revision in PERTES.keys() | TRADUIT.keys() | ECHANGE), row.fichier
        before = row.revision
    with vide.connect() as connection:
        assert fingerprint.check(connection) == []
    if not passed:
        down(vide, "base")
        with vide.connect() as connection:
            assert not metier(connection)


def rows(engine: sa.Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_full_name_keeps_every_half_and_splits_back(at: At) -> None:
    vide = at("2e8c4b6d0f53")
    names = [("Salma", "Benali"), ("Salma", None), (None, "Benali"), (None, None), ("Ali", "El Fassi"), ("", "Ôkit")]
    with vide.begin() as connection:
        for n, (first, last) in enumerate(names):
            connection.execute(
                sa.text(
                    "INSERT INTO users (id, first_name, last_name, email, username, role, created_at, updated_at) "
                    "VALUES (:id, :first, :last, :email, :name, 'user', :now, :now)"
                ),
                {"id": n * 10 + 1, "first": first, "last": last, "email": f"u{n}@x.ma", "name": f"u{n}",
                 "now": "2025-01-01T00:00:00.000000Z"},
            )  # fmt: skip
    up(vide, "3f9d5c7e1a64")
    assert [r[0] for r in rows(vide, "SELECT full_name FROM users ORDER BY id")] == [
        "Salma Benali", "Salma", "Benali", None, "Ali El Fassi", "Ôkit",
    ]  # fmt: skip
    down(vide, "2e8c4b6d0f53")
    assert rows(vide, "SELECT first_name, last_name FROM users ORDER BY id") == [
        ("Salma", "Benali"), (None, "Salma"), (None, "Benali"), (None, None), ("Ali", "El Fassi"), (None, "Ôkit"),
    ]  # fmt: skip


def test_an_existing_account_becomes_unverified_not_true(at: At) -> None:
    vide = at("4c0e6f8a2b31")
    with vide.connect() as connection:
        remplir(connection, 1000)
    up(vide, "1d7b3a5c9e42")
    assert [bool(r[0]) for r in rows(vide, "SELECT is_verified FROM users")] == [False] * 3
    assert rows(vide, "SELECT count(*) FROM users WHERE is_verified") == [(0,)]


def test_nobody_who_has_a_password_is_asked_for_another(at: At) -> None:
    vide = at("d3a9e7f1b5c8")
    with vide.connect() as connection:
        remplir(connection, 1000)
        connection.execute(
            sa.text("UPDATE users SET username = 'salma', email = 's@x.ma', role = 'agent', is_active = :yes, "
                    "hashed_password = :h, failed_login_attempts = 0, locked_until = NULL WHERE id = 1000"),
            {"yes": True, "h": auth.hacher("celui-de-salma")},
        )  # fmt: skip
        if vide.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "INSERT INTO _verificateurs (user_id, empreinte, en_ligne_a) VALUES (1010, 'x', '2026-11-20')"
            )
        connection.commit()
    up(vide)
    assert {r[0] for r in rows(vide, "SELECT password_given_at FROM users")} == {None}
    if vide.dialect.name == "sqlite":
        assert rows(vide, "SELECT user_id, donne_a FROM _verificateurs") == [(1010, None)]
    with transaction(vide) as session:
        assert auth.login(session, "salma", "celui-de-salma").user_id == 1000


def _roles(engine: sa.Engine, *values: str) -> None:
    """Users with these roles, past the CHECK, as a hand-made script once left them."""
    with engine.begin() as connection:
        remplir(connection, 1000, len(values))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        else:
            connection.exec_driver_sql("ALTER TABLE users DROP CONSTRAINT ck_users_role")
        for n, value in enumerate(values):
            connection.execute(sa.text("UPDATE users SET role = :v WHERE id = :i"), {"v": value, "i": 1000 + 10 * n})
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
        else:
            connection.exec_driver_sql(
                "ALTER TABLE users ADD CONSTRAINT ck_users_role CHECK (role IN ('admin', 'user', 'tech')) NOT VALID"
            )


def test_roles_are_mapped(at: At) -> None:
    vide = at("3f9d5c7e1a64")
    _roles(vide, "admin", "user", "tech")
    up(vide, "4a0e6d8f2b75")
    assert rows(vide, "SELECT role FROM users ORDER BY id") == [("admin",), ("client",), ("technicien",)]
    down(vide, "3f9d5c7e1a64")
    assert rows(vide, "SELECT role FROM users ORDER BY id") == [("admin",), ("user",), ("tech",)]


def test_unknown_roles_stop_the_upgrade_with_their_list(at: At) -> None:
    vide = at("3f9d5c7e1a64")
    _roles(vide, "admin", "chef", "boss")
    with pytest.raises(RuntimeError, match=r"Rôles inconnus.*boss, chef"):
        up(vide, "4a0e6d8f2b75")
    assert rows(vide, "SELECT version_num FROM alembic_version") == [("3f9d5c7e1a64",)]
    assert rows(vide, "SELECT role FROM users ORDER BY id") == [("admin",), ("chef",), ("boss",)]


def test_duplicates_stop_the_centre_and_pass_in_a_cache(at: At) -> None:
    vide = at("4a0e6d8f2b75")
    with vide.connect() as connection:
        remplir(connection, 1000)
        connection.execute(sa.text("UPDATE equipements SET code_interne = 'POMPE-1' WHERE id <= 1010"))
        connection.commit()
    if vide.dialect.name == "sqlite":
        up(vide, "5b1f7e9a3c86")
        assert rows(vide, "SELECT count(*) FROM equipements WHERE code_interne = 'POMPE-1'") == [(2,)]
    else:
        with pytest.raises(RuntimeError, match=r"equipements.code_interne.*POMPE-1"):
            up(vide, "5b1f7e9a3c86")
        assert rows(vide, "SELECT version_num FROM alembic_version") == [("4a0e6d8f2b75",)]
        assert rows(vide, "SELECT count(*) FROM pg_indexes WHERE indexname = 'idx_user_email'") == [(0,)]


def test_an_orphan_made_by_hand_stops_the_revision_that_would_keep_it(tmp_path: Path) -> None:
    engine = create_sqlite_engine(tmp_path / "orphelin.sqlite")
    up(engine, "2a1f3c8d7c1b")
    with engine.connect() as connection:
        remplir(connection, 1000)
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM interventions WHERE id = 1000")
        raw.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(RuntimeError, match=r"orphelines.*historiques_interventions"):
        up(engine, "3b9d5e7f1a20")
    assert rows(engine, "SELECT version_num FROM alembic_version") == [("2a1f3c8d7c1b",)]
    assert "satisfaction_client" not in {c["name"] for c in sa.inspect(engine).get_columns("interventions")}
    engine.dispose()


def test_an_intervention_of_a_vanished_technicien_keeps_its_row(at: At) -> None:
    vide = at("5b1f7e9a3c86")
    with vide.connect() as connection:
        remplir(connection, 1000)
        connection.execute(sa.text("UPDATE interventions SET technicien_id = 4 WHERE id = 1010"))
        connection.commit()
    up(vide, "5d1e7f9b3a0c")
    assert rows(vide, "SELECT id, technicien_id FROM interventions ORDER BY id") == [
        (1000, 1000), (1010, None), (1020, 1020),
    ]  # fmt: skip
    with vide.begin() as connection:
        connection.execute(sa.text("DELETE FROM technicien_competence WHERE technicien_id = 1000"))
        connection.execute(sa.text("DELETE FROM techniciens WHERE id = 1000"))
    assert rows(vide, "SELECT count(*) FROM interventions WHERE technicien_id IS NULL") == [(2,)]


def test_machines_without_a_client_get_one_to_be_named(at: At) -> None:
    vide = at("5d1e7f9b3a0c")
    with vide.connect() as connection:
        remplir(connection, 1000)
        connection.execute(sa.text("UPDATE equipements SET client_id = NULL, contrat_id = NULL WHERE id <= 1010"))
        connection.execute(sa.text("UPDATE interventions SET client_id = NULL WHERE id <= 1010"))
        connection.commit()
    up(vide, "6e2f8a0c4b1d")
    found = rows(
        vide, "SELECT e.id, c.nom_entreprise FROM equipements e JOIN clients c ON c.id = e.client_id ORDER BY 1"
    )
    assert [name for _, name in found] == ["Client à préciser", "Client à préciser", "nom_entreprise n°1020"]
    assert rows(
        vide,
        "SELECT count(*) FROM interventions i JOIN equipements e ON e.id = i.equipement_id "
        "WHERE e.client_id <> i.client_id",
    ) == [(0,)]


def test_rebuilding_a_parent_keeps_its_children(tmp_path: Path) -> None:
    engine = create_sqlite_engine(tmp_path / "enfants.sqlite")
    up(engine, "2a1f3c8d7c1b")
    with engine.connect() as connection:
        remplir(connection, 1000, 5)
        connection.exec_driver_sql(
            "CREATE TABLE fils (id INTEGER PRIMARY KEY, i INTEGER REFERENCES interventions (id) ON DELETE CASCADE)"
        )
        connection.exec_driver_sql("INSERT INTO fils SELECT id, id FROM interventions")
        connection.commit()
    up(engine, "3b9d5e7f1a20")
    assert rows(engine, "SELECT count(*) FROM fils") == [(5,)]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


FAULTY = '''"""Fails half-way."""
import sqlalchemy as sa
from alembic import op
revision = "ffffffffffff"
down_revision = "{head}"
branch_labels = None
depends_on = None
perd_au_retour = None
def upgrade() -> None:
    op.add_column("clients", sa.Column("fax", sa.Text()))
    op.execute("UPDATE clients SET fax = 'x'")
    op.execute("UPDATE table_absente SET x = 1")
def downgrade() -> None:
    op.drop_column("clients", "fax")
'''


def test_every_new_cache_has_the_same_text(tmp_path: Path) -> None:
    """A published first copy is taken as it lies only between tables of the same text."""
    texts = []
    for name in ("un", "deux"):
        empty_cache.create_cache(tmp_path / name, None, 1)
        with Cache(tmp_path / name) as cache:
            texts.append(cache.all("SELECT name, sql FROM sqlite_schema ORDER BY name"))
    assert texts[0] == texts[1]


def test_a_failing_revision_leaves_nothing(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "migrations"
    shutil.copytree(paths.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "panne.py").write_text(FAULTY.format(head=revisions.head()), encoding="utf-8")
    monkeypatch.setattr(paths, "MIGRATIONS", copy)
    with engine.connect() as connection:
        before = fingerprint.read(connection)
    with pytest.raises(sa.exc.DBAPIError, match="table_absente"):
        up(engine)
    with engine.connect() as connection:
        assert fingerprint.differences(before, fingerprint.read(connection)) == []
        connection.rollback()
        assert fingerprint.check(connection) == []
    assert rows(engine, "SELECT version_num FROM alembic_version") == [(revisions.head(),)]


BACKFILL = FAULTY.replace('    op.execute("UPDATE table_absente SET x = 1")\n', "")


def test_a_backfill_of_every_row_is_sent_to_nobody(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "migrations"
    shutil.copytree(paths.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "remplissage.py").write_text(BACKFILL.format(head=revisions.head()), encoding="utf-8")
    monkeypatch.setattr(paths, "MIGRATIONS", copy)
    with engine.connect() as connection:
        remplir(connection, 1000, 20)
    captured = (
        "SELECT nom_table, pk, op, colonne FROM sync_outbox ORDER BY id"
        if engine.dialect.name == "sqlite"
        else "SELECT nom_table, pk, ver, xid::text, seq FROM sync.row_state ORDER BY 1, 2"
    )
    before = rows(engine, captured)
    assert len(before) >= 20
    up(engine)
    assert rows(engine, "SELECT count(*) FROM clients WHERE fax = 'x'") == [(20,)]
    assert rows(engine, captured) == before


def test_an_empty_database_has_its_triggers_with_the_last_revision_or_the_next_upgrade(vide: Any) -> None:
    """Half-way there is no row to note and nobody to serve."""
    half = revisions.revisions()[-6].revision

    def cut(revision: str, _title: str) -> None:
        if revision == half:
            raise UpgradeError("coupée")

    with vide.connect() as connection, pytest.raises(UpgradeError, match="coupée"):
        migrate.upgrade(connection, on_step=cut)
    assert rows(vide, "SELECT version_num FROM alembic_version") == [(revisions.revisions()[-7].revision,)]
    triggers = (
        "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, 4) = 'erp_'"
        if vide.dialect.name == "sqlite"
        else "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND starts_with(tgname, 'erp_')"
    )
    assert rows(vide, triggers) == [(0,)]
    up(vide)
    assert rows(vide, triggers)[0][0] > 300
    with vide.connect() as connection:
        assert fingerprint.check(connection) == []


def test_triggers_are_back_after_upgrade_and_after_downgrade(sqlite_engine: sa.Engine) -> None:
    query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
    wanted = rows(sqlite_engine, query)
    assert len(wanted) > 300
    down(sqlite_engine, "8a4b0c2e6d3f")
    # The columns and the tables that this revision does not have yet.
    tables = {t.name for t in Base.metadata.sorted_tables if "since" in t.info} | {"horaires_agence"}
    added = {(t.name, column) for t in TABLES for _, known in t.added for column in t.names[known:]}
    present = {t.name: set(t.columns.keys()) for t in Base.metadata.sorted_tables}
    sums = {name for name, _ in worked.cache_triggers(present)}
    later = {"erp_plannings_upd_recurrence", "erp_interventions_plan", *sums} | {
        f"erp_{table}_upd_{column}" for table, column in added
    } | {
        f"erp_{rules.name(rank, rule)}" for rank, rule in enumerate(rules.RULES)
        if any((rule.table, column) in added for column in rule.columns)
    }  # fmt: skip
    assert rows(sqlite_engine, query) == [
        row for row in wanted
        if row[0] not in later and "_mots_" not in row[0] and not any(one.keeps(row[0]) for one in (monthly, settled))
        and not re.match(rf"erp_(regle_\d+_)?({'|'.join(tables)})(_|$)", row[0])
    ]  # fmt: skip
    up(sqlite_engine)
    assert rows(sqlite_engine, query) == wanted


@pytest.mark.soak
def test_a_downgraded_centre_has_no_trigger_of_a_later_structure(pg_engine: sa.Engine) -> None:
    query = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
    wanted = rows(pg_engine, query)
    assert wanted[0][0] > 0
    down(pg_engine, "5d1e7f9b3a0c")
    assert rows(pg_engine, query) == [(0,)]
    up(pg_engine)
    assert rows(pg_engine, query) == wanted


def test_documents_are_cut_into_pieces_and_joined_again(at: At) -> None:
    vide = at("ce8f4a6c0b7d")
    # Nulls, bytes that are no UTF-8, and sizes around the border of a piece.
    contents = {f"{n:064x}": bytes(i * 7 % 256 for i in range(n)) for n in (1, 65_535, 65_536, 65_537, 200_000)}
    statement = sa.text("INSERT INTO contenus (sha256, contenu) VALUES (:s, :c)")
    with vide.begin() as connection:
        connection.execute(statement, [{"s": s, "c": c} for s, c in contents.items()])
    up(vide, "c6d0a4e8f2b1")
    assert {tuple(r) for r in rows(vide, "SELECT sha256, taille FROM contenus WHERE complet")} == {
        (s, len(c)) for s, c in contents.items()
    }
    pieces: dict[str, bytes] = {}
    for key, number, content in rows(vide, "SELECT sha256, numero, octets FROM contenus_morceaux ORDER BY 1, 2"):
        assert len(pieces.get(key, b"")) == number * 65_536
        pieces[key] = pieces.get(key, b"") + bytes(content)
    assert pieces == contents
    with vide.begin() as connection:
        connection.exec_driver_sql("INSERT INTO contenus (sha256, taille) VALUES ('partiel', 10)")
    down(vide, "ce8f4a6c0b7d")
    assert {s: bytes(c) for s, c in rows(vide, "SELECT sha256, contenu FROM contenus")} == contents


@pytest.mark.parametrize(
    ("at", "attached"), [("sqlite", False), ("sqlite", True), ("postgresql", False)], indirect=["at"]
)
def test_planned_work_gets_its_slot_and_a_branch_waits_for_the_centre(at: At, attached: bool) -> None:
    """Only work that is not over; each engine counts the same end, SQLite to the millisecond."""
    vide = at("b7e1c5a9d3f2")
    sqlite = vide.dialect.name == "sqlite"
    with vide.connect() as connection:
        remplir(connection, 1000, 3)
        change = sa.text("UPDATE interventions SET statut = :s, duree_estimee = :m, diagnostic = 'vu' WHERE id = :i")
        for pk, statut, minutes in ((1000, "affectee", 90), (1010, "en_attente", None), (1020, "archivee", 30)):
            for step in {"affectee": [], "en_attente": ["affectee", "en_cours"],
                         "archivee": ["affectee", "en_cours", "cloturee"]}[statut] + [statut]:  # fmt: skip
                connection.execute(change, {"s": step, "m": minutes, "i": pk})
        if attached and sqlite:
            connection.execute(sa.text("INSERT INTO sync_meta VALUES ('url', 'postgresql://centre/erp')"))
        connection.commit()
    up(vide, "b7e3c9a1d5f4")
    made = rows(vide, "SELECT id, intervention_id, technicien_id, debut, fin, zone FROM creneaux ORDER BY id")
    planned = rows(
        vide, "SELECT id, id, technicien_id, date_planifiee FROM interventions WHERE id < 1020 ORDER BY id"
    )
    if attached and sqlite:
        assert made == []
        return
    assert [row[:4] for row in made] == planned
    ends = [clock.from_text(row[4]) if sqlite else row[4] for row in made]
    begins = [clock.from_text(row[3]) if sqlite else row[3] for row in made]
    assert [round((b - a).total_seconds() / 60) for a, b in zip(begins, ends, strict=True)] == [90, 60]
