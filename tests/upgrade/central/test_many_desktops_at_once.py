"""Eight o'clock: every device opens at once, with changes waiting, while one migrator upgrades the centre."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import Any, Self

import pytest

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.registry import revisions as history
from erp_desktop.upgrade import fingerprint
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.start import by_copy
from tests.processes import Program
from tests.sync.lab import Lab
from tests.upgrade.central.older_release import AVANT

PROGRAMS = """
import json, os, sys, time
from pathlib import Path
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import CentralUnreachableError, SchemaMismatchError
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.syncer import Syncer
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.start import startup

migrate.scripts()
url, files = json.load(sys.stdin)

def upgrade():
    engine = create_pg_engine(url)
    done = checklist.upgrade_central(engine, lambda _state: True)
    engine.dispose()
    return list(done.revisions)

def open_and_sync(path, store, pk):
    startup.open_local(path).dispose()
    with Cache(path) as cache:
        syncer, refused = Syncer(cache, enrolment.device_link(cache, store)), []
        for number in (1, 2):
            cache.db.execute("UPDATE clients SET ville = ? WHERE id = ?", (f"Ville {path.stem} {number}", pk))
            deadline, tries = time.monotonic() + 90, 0
            while True:
                try:
                    syncer.run()
                    break
                except (CentralUnreachableError, SchemaMismatchError):
                    # What the running program does: it goes on offline and tries again.
                    tries += 1
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            refused.append(tries)
        syncer.link.close()
        return refused + [syncer.outbox.pending()]

waiting, go = os.pipe()
children = []
for place in (None, *files):
    answer, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(waiting, 1)
        found = upgrade() if place is None else open_and_sync(Path(place[0]), Path(place[1]), place[2])
        os.write(tell, json.dumps(found).encode())
        os._exit(0)
    os.close(tell)
    children.append((child, answer))
os.close(go)
told = []
for child, answer in children:
    with os.fdopen(answer) as pipe:
        told.append(pipe.read())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(json.dumps([json.loads(text) for text in told]))
"""


class Sessions:
    """The most sessions that the centre had at one instant, in all and for one device."""

    def __init__(self, lab: Lab) -> None:
        self._connection = lab.connect()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.all = self.of_a_device = 0

    def _watch(self) -> None:
        query = (
            "SELECT coalesce(sum(n), 0), coalesce(max(n) FILTER (WHERE usename <> current_user), 0) FROM "
            "(SELECT usename, count(*) n FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1) s"
        )
        with self._connection.cursor() as cursor:
            while not self._over.wait(0.01):
                cursor.execute(query)
                now, one = cursor.fetchone()
                self.all, self.of_a_device = max(self.all, int(now)), max(self.of_a_device, int(one))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._connection.close()


@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize("count", [4, pytest.param(50, marks=pytest.mark.soak)])
@pytest.mark.soak
def test_everybody_opens_while_the_centre_is_upgraded(lab: Lab, count: int) -> None:
    devices = [lab.device("CAS" if n % 2 else "TNG") for n in range(count)]
    # One of ten was not opened since the release before: its cache is upgraded on the way.
    for device in devices[::10]:
        by_copy.downgrade_local(device.path, None, AVANT)
    engine = create_pg_engine(lab.url)
    checklist.downgrade_central(engine, AVANT)
    last = lab.value("SELECT max(id) FROM journal_migrations")
    own = {code: lab.ids("clients", code) for code in ("CAS", "TNG")}
    places: list[Any] = [(str(d.path), str(d.secrets_file), own[d.agence][n // 2 % 3]) for n, d in enumerate(devices)]
    with Sessions(lab) as sessions:
        programs = Program(["-c", PROGRAMS], stdin=subprocess.PIPE)
        out, errors = programs.communicate(json.dumps([lab.url, places]))
    assert programs.returncode == 0, errors
    revisions, *told = json.loads(out)
    assert revisions == history.between(AVANT, history.head())
    assert any(first for first, _, _ in told), "nobody met the upgrade"
    # Who was let in once is never refused again, and nothing waits.
    assert [(second, waiting) for _, second, waiting in told] == [(0, 0)] * count
    # In one go, or in legs after it gave way to a device; no revision ran twice.
    legs = lab.sql("SELECT de, vers FROM journal_migrations WHERE id > %s ORDER BY id", last)
    assert [AVANT, *(vers for _, vers in legs)] == [*(de for de, _ in legs), history.head()]
    with engine.connect() as connection:
        assert fingerprint.check(connection) == []
    engine.dispose()
    # The lab's own line, one per device, the migrator's and what it looks at beside.
    assert sessions.of_a_device == 1
    assert sessions.all <= count + 3
    lab.settle()
    lab.converged()
