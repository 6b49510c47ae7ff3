"""Each trouble of the guide: `erp-admin db doctor` names it, and the repair that it proposes mends it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import paths
from erp_desktop.registry import revisions
from erp_desktop.upgrade import doctor
from erp_desktop.upgrade.central import checklist
from tests.cli.test_db import answer, call, refused
from tests.migrations.test_history import FAULTY

HEAD = revisions.head()
BEFORE = "7f3a9b1d5c2e"


def wrong(*target: str | Path) -> dict[str, tuple[str, str]]:
    """Control → (detail, remedy) of what is not well."""
    found = answer("doctor", *target, status=1)
    assert all(c["remede"] for c in found if c["etat"] == "erreur"), found
    return {c["controle"]: (c["detail"], c["remede"]) for c in found if c["etat"] == "erreur"}


def well(*target: str | Path) -> None:
    found = answer("doctor", *target)
    assert not [c for c in found if c["etat"] == "erreur"]


def sql(path: Path, *statements: str) -> None:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


STAMPS = {
    "empty": ("DELETE FROM alembic_version",),
    "two_rows": (f"INSERT INTO alembic_version VALUES ('{BEFORE}')",),
    "missing": ("DROP TABLE alembic_version",),
    "wrong": (f"UPDATE alembic_version SET version_num = '{BEFORE}'",),
}
TOLD = {
    "empty": "alembic_version est vide",
    "two_rows": "alembic_version contient 2 révisions",
    "missing": "alembic_version est absente",
    "wrong": f"la base annonce {BEFORE}, sa structure est celle de {HEAD}",
}


@pytest.mark.parametrize("trouble", STAMPS)
def test_a_wrong_stamp_is_diagnosed_and_mended(sqlite_path: Path, trouble: str) -> None:
    sql(sqlite_path, *STAMPS[trouble])
    before = sqlite_path.read_bytes()
    detail, remedy = wrong("--cache", sqlite_path)["révision"]
    assert TOLD[trouble] in detail
    assert remedy == f"erp-admin db stamp {HEAD} --cache {sqlite_path}"
    assert sqlite_path.read_bytes() == before
    done = answer("stamp", HEAD, "--cache", sqlite_path)
    assert done["vers"] == HEAD
    well("--cache", sqlite_path)
    assert answer("status", "--cache", sqlite_path)["journal"][0]["vers"] == HEAD


@pytest.mark.parametrize("trouble", STAMPS)
def test_a_wrong_stamp_of_the_centre_is_diagnosed_and_mended(pg_engine: sa.Engine, pg_url: str, trouble: str) -> None:
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(STAMPS[trouble][0])
    detail, remedy = wrong("--url", pg_url)["révision"]
    assert TOLD[trouble] in detail
    assert remedy == f"erp-admin db stamp {HEAD} --url …"
    assert answer("stamp", "--url", pg_url)["vers"] == HEAD
    well("--url", pg_url)
    assert checklist.check_central(pg_engine).etat == "egal"


@pytest.mark.parametrize(
    ("statement", "control", "told", "remedy"),
    [
        ("ALTER TABLE clients ADD COLUMN bricolage TEXT", "structure", "colonne « bricolage » en trop",
         "noter puis retirer ce qui est en trop : ALTER TABLE clients DROP COLUMN bricolage"),
        ("CREATE INDEX a_moi ON clients (ville)", "structure", "index « a_moi » en trop",
         "noter puis retirer ce qui est en trop : DROP INDEX a_moi"),
        ("CREATE TABLE _alembic_tmp_users (id INTEGER)", "restes", "_alembic_tmp_users",
         'DROP TABLE "_alembic_tmp_users"'),
    ],
)  # fmt: skip
def test_what_a_hand_or_a_crash_left_is_named_with_its_remedy(
    sqlite_path: Path, statement: str, control: str, told: str, remedy: str
) -> None:
    sql(sqlite_path, statement)
    detail, proposed = wrong("--cache", sqlite_path)[control]
    assert told in detail
    assert proposed == remedy
    sql(sqlite_path, remedy.rsplit(" : ", 1)[-1])
    well("--cache", sqlite_path)


def test_missing_triggers_are_told_to_come_back(sqlite_path: Path) -> None:
    sql(sqlite_path, "DROP TRIGGER erp_clients_ins")
    assert "au démarrage" in wrong("--cache", sqlite_path)["structure"][1]


def test_a_corrupt_page_is_told_and_a_restoration_mends_it(sqlite_path: Path) -> None:
    sql(
        sqlite_path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
        "INSERT INTO sync_meta (cle, valeur) SELECT printf('essai:%064x', i), hex(randomblob(150)) FROM n",
    )
    answer("backup", "--cache", sqlite_path)
    connection = sqlcipher.connect(str(sqlite_path), isolation_level=None)
    connection.execute("INSERT INTO clients (nom_entreprise, created_at, updated_at) "
        "VALUES ('Lesieur', '2026-11-20T08:00:00.000000Z', '2026-11-20T08:00:00.000000Z')")  # fmt: skip
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sync_meta'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with sqlite_path.open("rb+") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    detail, remedy = wrong("--cache", sqlite_path)["intégrité"]
    assert "page abîmée" in detail
    assert remedy.startswith(f"erp-admin db restore --cache {sqlite_path}")
    # The documents cannot be read any more; the clerk's unsent row can.
    told = refused("restore", "--cache", sqlite_path)
    assert "--accept-data-loss" in told
    assert answer("restore", "--cache", sqlite_path, "--accept-data-loss")["reportees"] == 0
    well("--cache", sqlite_path)


def test_orphan_rows_are_named(sqlite_path: Path) -> None:
    sql(
        sqlite_path, "PRAGMA foreign_keys = OFF", "UPDATE _sync_session SET muet = 1",
        "INSERT INTO equipements (id, client_id, nom, code_interne, created_at, updated_at) "
        "VALUES (99, 12345, 'Four', 'F', '2026-11-20T08:00:00.000000Z', '2026-11-20T08:00:00.000000Z')",
    )  # fmt: skip
    assert "equipements" in wrong("--cache", sqlite_path)["références"][0]


def test_a_newer_and_a_foreign_file_are_told_apart(sqlite_path: Path, tmp_path: Path) -> None:
    sql(sqlite_path, "UPDATE alembic_version SET version_num = 'abcdefabcdef'")
    assert "plus récente" in wrong("--cache", sqlite_path)["révision"][0]
    other = tmp_path / "autre.sqlite"
    sql(other, "CREATE TABLE recettes (nom TEXT)")
    content = other.read_bytes()
    assert "pas une base ERP MIF" in wrong("--cache", other)["fichier"][0]
    for command in (["stamp"], ["stamp", BEFORE]):
        assert "Rien n'a été modifié" in refused(*command, "--cache", other)
    assert other.read_bytes() == content


@pytest.mark.parametrize(
    ("statement", "told", "remedy"),
    [
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_active_users'::regclass",
         "index invalide « idx_active_users »", "REINDEX INDEX CONCURRENTLY idx_active_users"),
        ("ALTER TABLE clients ADD COLUMN bricolage text", "colonne « bricolage » en trop",
         "ALTER TABLE clients DROP COLUMN bricolage"),
        ("ALTER TABLE clients ADD CONSTRAINT ck_moi CHECK (ville <> '') NOT VALID", "ck_moi",
         "ALTER TABLE clients VALIDATE CONSTRAINT ck_moi"),
        ("DROP TRIGGER erp_capture ON clients", "erp_capture", "erp-admin db upgrade"),
    ],
)  # fmt: skip
def test_troubles_of_the_centre_are_named_with_their_remedy(
    pg_engine: sa.Engine, pg_url: str, statement: str, told: str, remedy: str
) -> None:
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(statement)
    detail, proposed = wrong("--url", pg_url)["structure"]
    assert told in detail
    assert remedy in proposed


def test_an_invalid_index_is_mended_by_its_remedy(pg_engine: sa.Engine, pg_url: str) -> None:
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_active_users'::regclass"
        )
    _, remedy = wrong("--url", pg_url)["structure"]
    with pg_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(remedy)
        whole = connection.exec_driver_sql(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_active_users'::regclass"
        )
        assert whole.scalar() is True
    well("--url", pg_url)


@pytest.fixture
def history_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "migrations"
    shutil.copytree(paths.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(paths, "MIGRATIONS", copy)
    return copy


def test_two_heads_are_told_with_their_merge(history_copy: Path) -> None:
    for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        text = FAULTY.replace("ffffffffffff", name).format(head=HEAD)
        (history_copy / "versions" / f"{name}.py").write_text(text, encoding="utf-8")
    (found,) = doctor.migrations()
    assert (found.etat, "2 têtes" in found.detail) == ("erreur", True)
    assert "alembic merge -m fusion aaaaaaaaaaaa bbbbbbbbbbbb" in found.remede


def test_an_edited_script_is_told_and_stops_every_command(history_copy: Path, sqlite_path: Path) -> None:
    victim = history_copy / "versions" / revisions.revisions()[1].fichier
    victim.write_text(victim.read_text(encoding="utf-8") + "# retouche\n", encoding="utf-8")
    (found,) = doctor.migrations()
    assert victim.name in found.detail
    assert "réinstaller" in found.remede
    sql(sqlite_path, f"UPDATE alembic_version SET version_num = '{BEFORE}'")
    before = sqlite_path.read_bytes()
    for command in (["upgrade"], ["preview"], ["downgrade", "5d1e7f9b3a0c", "--accept-data-loss"]):
        assert victim.name in refused(*command, "--cache", sqlite_path)
    assert sqlite_path.read_bytes() == before


def test_a_broken_script_is_told(history_copy: Path) -> None:
    (history_copy / "versions" / "casse.py").write_text("def upgrade(:\n", encoding="utf-8")
    (found,) = doctor.migrations()
    assert "historique illisible" in found.detail


def test_the_text_form_puts_the_remedy_at_the_end(sqlite_path: Path) -> None:
    sql(sqlite_path, STAMPS["empty"][0])
    done = call("doctor", "--cache", sqlite_path)
    assert done.exit_code == 1
    line = next(li for li in done.stdout.splitlines() if "alembic_version" in li)
    assert line.startswith("erreur")
    assert f"→ erp-admin db stamp {HEAD}" in line


def test_a_stamp_is_refused_when_another_structure_is_there(sqlite_path: Path) -> None:
    sql(sqlite_path, "ALTER TABLE clients ADD COLUMN bricolage TEXT", STAMPS["empty"][0])
    content = sqlite_path.read_bytes()
    assert "bricolage" in refused("stamp", "--cache", sqlite_path)
    assert f"La structure est celle de {HEAD}" not in refused("stamp", BEFORE, "--cache", sqlite_path)
    assert sqlite_path.read_bytes() == content


def test_a_stamp_of_the_centre_needs_the_structure_and_the_right(pg_engine: sa.Engine, pg_url: str) -> None:
    with pg_engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX idx_active_users")
        connection.exec_driver_sql(STAMPS["empty"][0])
    assert "idx_active_users" in refused("stamp", "--url", pg_url)
    with pg_engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX idx_active_users ON users (role) WHERE is_active")
    assert BEFORE in refused("stamp", BEFORE, "--url", pg_url)
    rows: list[Any] = []
    with pg_engine.connect() as connection:
        rows = list(connection.exec_driver_sql("SELECT version_num FROM alembic_version"))
    assert rows == []
