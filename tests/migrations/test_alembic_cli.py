"""The guide's commands, typed as the guide writes them, on both engines."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.db.embedded import EmbeddedPostgres, find_binaries
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.errors import UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import fingerprint
from erp_desktop.upgrade import history as upgrade_history
from erp_desktop.upgrade.central.archiving import client_program
from tests.migrations.test_golden import RELEASED
from tests.processes import together


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """DATABASE_URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'guide.sqlite'}"
    found: str = request.getfixturevalue("pg_empty_url")
    # The bare form of the guide and of every operator.
    return found.replace("postgresql+psycopg2://", "postgresql://")


def opened(url: str) -> sa.Engine:
    return create_sqlite_engine(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else create_pg_engine(url)


def environment(url: str, folder: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(folder)}


def alembic(url: str, *arguments: str, folder: Path = paths.ROOT, status: int = 0) -> str:
    (done,) = together([["alembic", *arguments]], env=environment(url, folder), cwd=folder)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stdout + done.stderr


def several(url: str, *lines: str, folder: Path = paths.ROOT) -> list[tuple[int, str]]:
    """One command typed after the other: (exit status, output) of each."""
    answers = [together([["alembic", *line.split()]], env=environment(url, folder), cwd=folder)[0] for line in lines]
    return [(done.returncode, done.stdout + done.stderr) for done in answers]


@pytest.fixture(params=["sqlite", "postgresql"])
def head_url(request: pytest.FixtureRequest) -> str:
    """DATABASE_URL of a database at the head."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    found: str = request.getfixturevalue("pg_url")
    return found.replace("postgresql+psycopg2://", "postgresql://")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the history, for commands that write revisions."""
    folder = tmp_path / "projet"
    shutil.copytree(paths.MIGRATIONS, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(paths.ALEMBIC_INI, folder)
    (folder / "erp_desktop").symlink_to(paths.ROOT / "erp_desktop")
    return folder


@pytest.mark.parametrize("head_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)], indirect=True)
def test_current_check_and_steps_both_ways(head_url: str) -> None:
    url, recent = head_url, revisions.revisions()[-5].revision
    answers = several(
        url, "upgrade head", "current", "check", "-x accept-data-loss=yes downgrade -1", "current", "upgrade +1",
        f"-x accept-data-loss=yes downgrade {recent}", "current", "upgrade head",
    )  # fmt: skip
    assert [status for status, _ in answers] == [0] * 9, answers
    assert revisions.head() in answers[1][1]
    assert "No new upgrade operations detected" in answers[2][1]
    assert revisions.revisions()[-2].revision in answers[4][1]
    assert recent in answers[7][1]
    engine = opened(url)
    with engine.connect() as connection:
        assert fingerprint.check(connection) == []
    engine.dispose()


def test_history_heads_and_show_need_no_database() -> None:
    url = "postgresql://personne@127.0.0.1:1/rien"
    answers = several(url, "history --verbose", "heads", "show head")
    assert [status for status, _ in answers] == [0, 0, 0], answers
    assert all(row.revision in answers[0][1] for row in revisions.revisions())
    assert answers[1][1].startswith(revisions.head())
    assert revisions.head() in answers[2][1]


def test_the_offline_sql_makes_the_same_database(pg_server: EmbeddedPostgres, pg_empty_url: str) -> None:
    sql = alembic("postgresql://u:p%40%25@nulle-part/x", "upgrade", "head", "--sql")
    engine = create_pg_engine(pg_empty_url)
    program = client_program("psql")
    assert program is not None
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    # As an operator runs it: one statement after the other, because an index is built outside any transaction.
    done = subprocess.run(
        [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", address],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with engine.connect() as connection:
        assert fingerprint.check(connection) == []
        window = connection.exec_driver_sql("SELECT revision, min_client_revision FROM sync.schema_compat").all()
        assert [tuple(row) for row in window] == [(revisions.head(), revisions.minimum_client())]
    engine.dispose()


def test_the_offline_sql_of_a_part_starts_at_that_part(tmp_path: Path) -> None:
    sql = alembic(f"sqlite:///{tmp_path / 'x'}", "upgrade", "5d1e7f9b3a0c:6e2f8a0c4b1d", "--sql")
    assert sql.lstrip().startswith("CREATE TABLE agences")
    assert "pieces_detachees" not in sql
    assert not (tmp_path / "x").exists()


def test_the_offline_sql_of_a_way_back_undoes_it_on_a_cache(tmp_path: Path) -> None:
    sql = alembic(f"sqlite:///{tmp_path / 'x'}", "downgrade", "6e2f8a0c4b1d:5d1e7f9b3a0c", "--sql")
    assert "DROP TABLE" in sql or "ALTER TABLE" in sql
    assert "5d1e7f9b3a0c" in sql
    assert not (tmp_path / "x").exists()


def test_a_check_that_is_missing_is_seen_by_alembic_check(tmp_path: Path, pg_url: str) -> None:
    address = pg_url.replace("postgresql+psycopg2://", "postgresql://")
    engine = create_pg_engine(pg_url)
    with engine.begin() as connection:
        name = connection.exec_driver_sql(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'interventions'::regclass AND contype = 'c' "
            "AND conname = 'ck_satisfaction_range'"
        ).scalar_one()
        connection.exec_driver_sql(f"ALTER TABLE interventions DROP CONSTRAINT {name}")
    engine.dispose()
    assert "ck_satisfaction_range" in alembic(address, "check", status=255)


def test_an_unreadable_address_is_told_in_one_sentence() -> None:
    told = alembic("postgresql://u:p@hote:port/x", "current", status=1)
    assert "Adresse illisible" in told
    assert "Traceback" not in told


def test_an_in_memory_database_is_accepted() -> None:
    ((status, told),) = several("sqlite:///:memory:", "upgrade head")
    assert status == 0
    assert f"-> {revisions.head()}" in told


def test_a_password_with_percent_and_at_signs(pg_server: EmbeddedPostgres, pg_url: str) -> None:
    engine = create_pg_engine(pg_url)
    name = f"migrateur_{engine.url.database}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'p@ss%%w/rd'")
    try:
        url = engine.url.set(drivername="postgresql", username=name, password="p@ss%w/rd")
        typed = url.render_as_string(hide_password=False)
        alembic(typed, "-x", "accept-data-loss=yes", "downgrade", "-1")
        alembic(typed, "upgrade", "head")
        assert revisions.head() in alembic(typed, "current")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"REASSIGN OWNED BY {name} TO postgres")
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")
        engine.dispose()


def test_no_address_is_told_in_one_sentence() -> None:
    assert "DATABASE_URL" in alembic("", "upgrade", "head", status=1)


def test_two_upgrades_of_one_database_at_once(url: str) -> None:
    done = together([["alembic", "upgrade", "head"]] * 3, env=environment(url, paths.ROOT))
    assert [one.returncode for one in done] == [0, 0, 0], done
    assert revisions.head() in alembic(url, "current")


def test_a_new_revision_gets_date_identifier_and_template(
    project: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "neuf.sqlite")
    answers = several(
        f"sqlite:///{tmp_path / 'neuf.sqlite'}", "upgrade head", "revision --autogenerate -m description_of_changes",
        "revision -m custom_migration_description", "upgrade head",
        f"-x accept-data-loss=yes downgrade {revisions.head()}", folder=project,
    )  # fmt: skip
    assert [status for status, _ in answers] == [0] * 5, answers
    made = sorted(p.name for p in (project / "migrations" / "versions").glob("*description*"))
    assert len(made) == 2
    assert all(re.fullmatch(r"\d{8}_\d{6}_[0-9a-f]{12}_\w+\.py", name) for name in made)
    assert "perd_au_retour" in (project / "migrations" / "versions" / made[0]).read_text(encoding="utf-8")


def test_two_heads_are_shown_and_merged(project: Path, tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "tetes.sqlite")
    answers = several(
        f"sqlite:///{tmp_path / 'tetes.sqlite'}", "revision -m gauche --rev-id aaaa00000001",
        f"revision -m droite --rev-id aaaa00000002 --head {revisions.head()} --splice", "heads", "upgrade head",
        "merge -m merge_migrations aaaa00000001 aaaa00000002", "upgrade head", folder=project,
    )  # fmt: skip
    assert [status for status, _ in answers] == [0, 0, 0, 255, 0, 0], answers
    assert answers[2][1].count("(head)") == 2
    assert "Multiple head" in answers[3][1]


def test_a_stamp_is_refused_unless_the_structure_is_there(head_url: str) -> None:
    url = head_url
    engine = opened(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '8a4b0c2e6d3f'")
        connection.exec_driver_sql("DROP INDEX idx_active_users")
    (status, told), (_, current) = several(url, "stamp head", "current")
    assert status == 1
    assert "idx_active_users" in told
    assert "8a4b0c2e6d3f" in current
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX idx_active_users ON users (role) WHERE is_active")
    (status, told), (_, current) = several(url, "stamp head", "current")
    assert status == 0, told
    assert revisions.head() in current
    engine.dispose()


@pytest.mark.parametrize("head_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)], indirect=True)
def test_a_downgrade_wants_consent_and_makes_a_backup_first(
    head_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = head_url
    monkeypatch.setenv("ERP_DATA_DIR", str(tmp_path / "donnees"))
    engine = opened(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO journal_migrations (qui, vers, duree_s, app_version, quand) "
                                   "VALUES ('témoin', 'x', 0, '0', '2026-01-01T00:00:00.000000Z')")  # fmt: skip
    engine.dispose()
    (status, told), (_, current), (other, _) = several(
        url, "downgrade base", "current", "-x accept-data-loss=non downgrade base"
    )
    assert (status, other) == (1, 1)
    assert "accept-data-loss=yes" in told
    assert "perdrait" in told
    assert revisions.head() in current
    assert not list(tmp_path.rglob("*.dump"))
    assert not (tmp_path / "sauvegardes").exists()
    said = alembic(url, "-x", "accept-data-loss=yes", "downgrade", "base")
    made = Path(said.rpartition("Sauvegarde : ")[2].strip())
    if url.startswith("sqlite"):
        assert made.parent.parent == tmp_path
        kept = sqlite3.connect(made)
        assert kept.execute("SELECT count(*) FROM journal_migrations WHERE qui = 'témoin'").fetchone() == (1,)
        kept.close()
    else:
        assert made.parent == tmp_path / "donnees" / "sauvegardes-centre"
        folder = find_binaries()
        assert folder is not None
        listing = subprocess.run(
            [str(folder / "pg_restore"), "-a", "-t", "journal_migrations", "-f", "-", str(made)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert "témoin" in listing


def test_a_downgrade_keeps_the_rows_of_a_file_made_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "standard.sqlite"
    alembic(f"sqlite:///{path}", "upgrade", "e576b04091b6")
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO users (id, email, role, username) VALUES (7, 'a@b.ma', 'tech', 'a')")
    connection.commit()
    connection.close()
    alembic(f"sqlite:///{path}", "upgrade", "head")
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT id, email, role, username, full_name, is_verified FROM users").fetchall()
    connection.close()
    assert found == [(7, "a@b.ma", "technicien", "a", "a", 0)]


def test_a_revision_that_no_release_has_may_be_revised_and_a_released_one_may_not(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{project / 'neuf.sqlite'}"
    alembic(url, "revision", "-m", "essai", "--rev-id", "aaaa00000001", folder=project)
    manifest = project / "migrations" / "manifest.json"
    monkeypatch.setattr(paths, "MIGRATIONS", project / "migrations")
    monkeypatch.setattr(paths, "ALEMBIC_INI", project / "alembic.ini")
    monkeypatch.setattr(revisions, "MANIFEST", manifest)
    (file,) = (project / "migrations" / "versions").glob("*aaaa00000001*")
    assert upgrade_history.extend() == [file.name]
    assert upgrade_history.extend() == []
    file.write_text(file.read_text(encoding="utf-8") + "\n# Revised.\n", encoding="utf-8")
    assert upgrade_history.extend() == [file.name]
    released = json.loads(manifest.read_text(encoding="utf-8"))["livree"]
    assert released == RELEASED
    (old,) = (project / "migrations" / "versions").glob(f"*{released}*")
    old.write_text(old.read_text(encoding="utf-8") + "\n# Edited.\n", encoding="utf-8")
    with pytest.raises(UpgradeError, match=released):
        upgrade_history.extend()
