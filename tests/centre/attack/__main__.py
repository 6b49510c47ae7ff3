"""Play every case on every kind of centre, one line each; exit status 1 if an attack succeeds."""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
import time
import traceback
import uuid
from pathlib import Path

import psycopg2
import pytest

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.errors import ErpError
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.upgrade import migrate
from tests.caches import cache_maker
from tests.centre.attack import BORROWED, CASES, borrowed, stage
from tests.sync.exchange import test_tls
from tests.sync.lab import seed

SUCCEEDED = (AssertionError, ErpError, psycopg2.Error, pytest.fail.Exception)


def _why(error: BaseException) -> str:
    """The line that found it, and what it said."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno} {last.line} {' '.join(str(error).split())[:200]}"


def _server(binaries: Path | None, folder: Path, tls: contextlib.ExitStack) -> tuple[int, int]:
    """(attacks played, attacks that succeeded) on one server."""
    played = lost = 0
    opened = functools.cache(lambda: tls.enter_context(test_tls.running()))
    with EmbeddedPostgres(binaries=binaries) as server:
        seeded = f"modele_{uuid.uuid4().hex[:8]}"
        seed(server.create_database(seeded))
        for kind in stage.KINDS:
            centre = stage.make_centre(server, seeded, kind)
            room = folder / f"{seeded}_{kind}"
            room.mkdir()
            with stage.target(server, centre, kind, room) as target:
                version = target.lab.value("SHOW server_version").split()[0]

                def say(name: str, error: BaseException | None, kind: str = kind, version: str = version) -> None:
                    nonlocal played, lost
                    played, lost = played + 1, lost + (error is not None)
                    verdict = "repoussée" if error is None else f"RÉUSSIE : {_why(error)}"
                    print(f"PostgreSQL {version:<6} {kind:<8} {name:<90} {verdict}", flush=True)

                for name, attack in CASES.items():
                    try:
                        attack(target)
                    except SUCCEEDED as error:
                        say(name, error)
                    else:
                        say(name, None)
            for number, name in enumerate(BORROWED):
                place = room / str(number)
                place.mkdir()
                try:
                    with borrowed.stage(server, centre, place) as lab:
                        borrowed.play(name, lab, place, opened)
                except SUCCEEDED as error:
                    say(name, error)
                else:
                    say(name, None)
    return played, lost


def main(folders: list[Path]) -> int:
    started, played, lost = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as tls:
        folder = Path(name)
        engine = create_sqlite_engine(folder / "modele.sqlite")
        with engine.connect() as connection:
            migrate.upgrade(connection)
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
        engine.dispose()
        tls.enter_context(pytest.MonkeyPatch.context()).setattr(
            empty_cache, "create_cache", cache_maker(folder / "modele.sqlite")
        )
        servers: list[Path | None] = [*folders] or [None]
        for binaries in servers:
            more, won = _server(binaries, folder, tls)
            played, lost = played + more, lost + won
    print(f"{played} attaques, {lost} réussie(s), {time.monotonic() - started:.0f} s")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main([Path(a) for a in sys.argv[1:]]))
