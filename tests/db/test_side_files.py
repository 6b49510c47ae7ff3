"""What lies beside the database: who may read it, what the log says, and secrets that follow a moved cache."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop import log
from erp_desktop.db import secrets
from erp_desktop.db.engine import connect_sqlite, create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.models import Client
from erp_desktop.upgrade import backup
from tests.processes import child_environment

NAME, ICE, PASSWORDS = "Clinique Secrète", "001525713000045", ("h%40sh", "h@sh")
"""Never written out in a statement below: a trace shows the lines of the source."""
posix = pytest.mark.skipif(os.name != "posix", reason="rights of files are Windows' own affair there")


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
@pytest.mark.parametrize("key", [None, "ab" * 32], ids=["plain", "encrypted"])
def test_a_cache_its_side_files_and_its_backups_are_their_owners_alone(
    tmp_path: Path, sqlite_template: Path, key: str | None
) -> None:
    path = tmp_path / "poste.sqlite"
    if key is None:
        path.write_bytes(sqlite_template.read_bytes())
        path.chmod(0o644)  # As versions before this one left it.
    engine = create_sqlite_engine(path, key)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        connection.exec_driver_sql("CREATE TABLE trace (x)")
        found = {p.name: rights(p) for p in tmp_path.iterdir()}
        assert set(found.values()) == {0o600}, found
    engine.dispose()
    saved = backup.create(path, key)
    assert rights(saved.chemin) == 0o600


@posix
def test_whatever_the_programs_write_is_readable_by_nobody_else(tmp_path: Path) -> None:
    """The command line as it is started: reports, exports, archives and logs of both programs go through the same."""
    out = tmp_path / "rapport.csv"
    made = subprocess.run(
        [sys.executable, "-c", "import sys; from erp_desktop.cli import main; sys.argv = ['erp-admin', '--version']\n"
         "try: main()\nexcept SystemExit: pass\nopen(sys.argv[0] and r'" + str(out) + "', 'w').close()"],
        env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert rights(out) == 0o600


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    hook = threading.excepthook
    yield log.configure(tmp_path / "journaux", "DEBUG")
    logger = logging.getLogger("erp_desktop")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    threading.excepthook = hook


def test_no_value_of_a_row_and_no_password_is_in_the_log(logged: Path, pg_url: str, tmp_path: Path) -> None:
    logger = logging.getLogger("erp_desktop.essai")
    engine = create_pg_engine(pg_url)
    local = create_sqlite_engine(tmp_path / "l.sqlite")
    try:
        for _ in range(2):
            try:
                with transaction(engine) as session:
                    session.add(Client(nom_entreprise=NAME, ice=ICE))
            except sa.exc.IntegrityError:
                logger.exception("refused")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"SELECT '{NAME}'::integer")
        except sa.exc.DataError:
            logger.exception("refused")
        try:
            with local.connect() as connection:
                connection.execute(sa.text("SELECT * FROM absente WHERE nom = :n"), {"n": NAME})
        except sa.exc.OperationalError:
            logger.exception("refused")
        try:
            raise ConnectionError(
                f"postgresql://cas_p3:{PASSWORDS[0]}@centre:5432/erp refused; password={PASSWORDS[1]}"
            )
        except ConnectionError:
            logger.exception("no line to postgresql://cas_p3:%s@centre:5432/erp", PASSWORDS[0])
    finally:
        engine.dispose()
        local.dispose()
    text = logged.read_text(encoding="utf-8")
    assert "uq_clients_ice" in text
    assert "Traceback" in text
    for secret in (ICE, NAME, *PASSWORDS):
        assert secret not in text, secret


def test_a_thread_that_dies_leaves_its_trace(logged: Path) -> None:
    def dies() -> None:
        raise RuntimeError("unforeseen")

    thread = threading.Thread(target=dies, name="fil d'essai")
    thread.start()
    thread.join()
    text = logged.read_text(encoding="utf-8")
    assert "fil d'essai" in text
    assert "RuntimeError: unforeseen" in text


@pytest.mark.parametrize("key", [None, "cd" * 32], ids=["plain", "encrypted"])
def test_secrets_follow_a_moved_cache_and_its_copies_keep_their_own(tmp_path: Path, key: str | None) -> None:
    store, place = tmp_path / "secrets.json", tmp_path / "poste.sqlite"

    def made(path: Path, login: str) -> dict[str, str]:
        db = connect_sqlite(path, key)
        db.execute("CREATE TABLE IF NOT EXISTS sync_meta (cle TEXT PRIMARY KEY, valeur TEXT)")
        db.execute("INSERT OR REPLACE INTO sync_meta VALUES ('login', ?)", (login,))
        db.close()
        values = {"login": login, "password": f"secret de {login}"} | ({"key": key} if key else {})
        secrets.store(path, values, store)
        return values

    mine = made(place, "cas_p3")
    moved = tmp_path / "autre dossier é" / "base renommée.sqlite"
    moved.parent.mkdir()
    place.rename(moved)
    assert secrets.load(moved, store) == mine
    # A copy that was enrolled again has the same salt and another login; both move.
    copy = tmp_path / "copie.sqlite"
    copy.write_bytes(moved.read_bytes())
    other = made(copy, "cas_p9")
    for path, values in ((moved, mine), (copy, other)):
        again = path.with_name("encore " + path.name)
        path.rename(again)
        assert secrets.load(again, store) == values
    assert secrets.load(tmp_path / "absente.sqlite", store) == {}
    assert rights(store) == 0o600 or os.name != "posix"
