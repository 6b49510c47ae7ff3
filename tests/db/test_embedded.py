"""The private PostgreSQL leaves nothing behind, however its owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.db.embedded import EmbeddedPostgres

pytestmark = pytest.mark.skipif(bool(os.environ.get("TEST_PG_URL")), reason="TEST_PG_URL names another server")

OWNER = """
import sys
from erp_desktop.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres()
print(server._server.pid, server._folder, flush=True)
sys.stdin.readline()
"""


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text(encoding="utf-8").split(") ")[1][0] != "Z"


def gone(pid: int, folder: Path) -> bool:
    for _ in range(600):
        if not alive(pid) and not folder.exists():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc and SIGKILL")
@pytest.mark.parametrize("end", ["kill", "exit"])
def test_server_and_folder_go_with_their_owner(end: str) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-u", "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=paths.ROOT, env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
    )  # fmt: skip
    assert owner.stdout is not None
    pid, folder = owner.stdout.readline().split()
    assert alive(int(pid))
    if end == "kill":
        owner.send_signal(signal.SIGKILL)
    owner.communicate("\n" if end == "exit" else None, timeout=30)
    assert gone(int(pid), Path(folder))


def test_a_copy_of_a_database_starts_with_its_rows(pg_server: EmbeddedPostgres) -> None:
    first = sa.create_engine(pg_server.create_database("origine"))
    with first.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t AS SELECT 42 AS x")
    first.dispose()
    second = sa.create_engine(pg_server.create_database("copie", template="origine"))
    with second.connect() as connection:
        assert connection.exec_driver_sql("SELECT x FROM t").scalar() == 42
    second.dispose()
    for name in ("copie", "origine"):
        pg_server.drop_database(name)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(pg_server.database_url("copie").replace("+psycopg2", ""))
