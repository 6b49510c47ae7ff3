"""``python -m tests.db.failover [--devices N] [--seconds S]``: the centre's machine lost while everybody exchanges.

A primary and a replica that every commit waits for; half of the devices reach them by an address of both servers,
half through a PgBouncer in transaction pooling before each; reports read the replica. All processes of the primary
are killed, the replica is promoted. Prints a verdict; exit status 0: nothing acknowledged was lost and every device
equals the centre.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg2
import sqlalchemy as sa

from erp_desktop.db import pg_line
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.db.replica import Replica
from erp_desktop.errors import CentralUnreachableError
from erp_desktop.sync.exchange.link import libpq_arguments
from erp_desktop.upgrade import migrate
from tests.db.pair import Pair, available, until
from tests.sync.device_under_test import Device
from tests.sync.lab import Lab, T, seed

BASE = "erp"
_COLUMNS = "id, agence_id, nom_entreprise, ville, created_at, updated_at"


class Centre(Lab):
    """A lab whose centre is at several servers."""

    def connect(self) -> Any:
        connection = pg_line.connect(**libpq_arguments(normalise_url(self.url)))
        connection.autocommit = True
        return connection


@dataclass
class Clerk:
    """Types and exchanges without a pause; knows what the centre has acknowledged."""

    device: Device
    acknowledged: dict[int, str] = field(default_factory=dict)
    cuts: int = 0
    last: str = ""
    cycles: int = 0
    bugs: list[BaseException] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        first, n, typed = 50_000_000 + 1_000_000 * self.device.poste, 0, dict[int, str]()
        try:
            while not self.stopped.is_set():
                n += 1
                typed[first + n] = "typed"
                new = (first + n, self.device.agence_id, f"C{n}", "typed", T, T)
                self.device.sql(f"INSERT INTO clients ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", *new)
                if n > 3:
                    typed[first + n - 3] = "changed"
                    self.device.set("clients", first + n - 3, ville="changed")
                try:
                    self.device.sync()
                except CentralUnreachableError as error:
                    self.cuts, self.last = self.cuts + 1, repr(error.__cause__ or error)
                else:
                    self.acknowledged = dict(typed)
                    self.cycles += 1
        except BaseException as error:  # noqa: BLE001 - the verdict names it
            self.bugs.append(error)


def drill(folder: Path, devices: int = 4, seconds: float = 4.0) -> str:
    """Play it; returns the verdict's figures.

    Raises:
        AssertionError: something acknowledged is lost, or a device does not come to the centre's state.
    """
    with Pair() as pair:
        pair.value(0, f"CREATE DATABASE {BASE}")
        url = pair.url(BASE)
        engine = create_pg_engine(url)
        with engine.connect() as connection:
            migrate.upgrade(connection)
        seed(url)
        lab = Centre(url, folder)
        for n in range(devices):
            lab.device("CAS" if n % 4 < 2 else "TNG")
        pair.pool("postgres", *(device.login for device in lab.devices))
        for device in lab.devices[1::2]:
            through = SimpleNamespace(url=pair.url(BASE, *pair.poolers), engines=lab.engines)
            device.lab = cast("Lab", through)
            assert not device.syncer.link.listen("erp_essai"), "a pooler hands the line of a LISTEN on"
        assert lab.devices[0].syncer.link.listen("erp_essai"), "nobody stands between"
        for device in lab.devices:
            device.hang_up()
        replica = Replica(engine, pair.url(BASE, pair.ports[1]))
        count = sa.text("SELECT count(*) FROM clients WHERE id >= 50000000")
        where = sa.text("SELECT pg_is_in_recovery()")
        clerks = [Clerk(device) for device in lab.devices]
        threads = [threading.Thread(target=clerk.work, daemon=True) for clerk in clerks]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        until(lambda: all(c.cycles >= 5 or c.bugs for c in clerks), "every device exchanges")
        assert replica.read(lambda s: s.scalar(where)), f"the report read the centre: {replica.reason}"
        known = {pk: city for clerk in clerks for pk, city in clerk.acknowledged.items()}
        pair.kill_primary()
        killed = time.monotonic()
        print(f"primary killed with {len(known)} acknowledged rows of {devices} devices", flush=True)
        assert replica.read(lambda s: s.scalar(count)) >= len(known), "reports go on without the primary"
        # Before anybody can send it again.
        replayed = "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
        until(lambda: bool(pair.value(1, replayed)), "the replica has replayed its log")
        lost = _lost(pair, known)
        assert not lost, f"{len(lost)} acknowledged rows are not on the replica, the first: {sorted(lost)[:5]}"
        before = [clerk.cycles for clerk in clerks]
        pair.promote()
        promoted = time.monotonic() - killed
        try:
            until(lambda: all(c.cycles > b or c.bugs for c, b in zip(clerks, before, strict=True)), "all follow")
        except AssertionError:
            print([(c.cuts, c.cycles, c.last, c.bugs) for c in clerks])
            raise
        followed = time.monotonic() - killed
        for clerk in clerks:
            clerk.stopped.set()
        for thread in threads:
            thread.join(60)
        bugs = [error for clerk in clerks for error in clerk.bugs]
        if bugs:
            raise AssertionError(f"a device stopped: {bugs[0]!r}") from bugs[0]
        lab.reconnect()
        lab.settle()
        for device in lab.devices:
            device.hang_up()
        lab.converged()
        final = {pk: city for clerk in clerks for pk, city in clerk.acknowledged.items()}
        assert not _lost(pair, final), "acknowledged after the promotion, and lost"
        assert all(not device.parked() for device in lab.devices)
        cuts = sum(clerk.cuts for clerk in clerks)
        for device in lab.devices:
            device.hang_up()
        replica.close()
        engine.dispose()
        return (
            f"{len(known)} acknowledged rows at the kill and {len(final)} at the end, none lost; {devices} devices "
            f"equal the centre; {cuts} exchanges cut; promoted {promoted:.1f} s and all back {followed:.1f} s "
            "after the kill; half of the lines by PgBouncer, reports by the replica"
        )


def _lost(pair: Pair, wanted: dict[int, str]) -> set[int]:
    """Rows that the replica does not hold, or holds as they were before what was acknowledged."""
    with psycopg2.connect(pair.url(BASE, pair.ports[1])) as line, line.cursor() as cursor:
        cursor.execute("SELECT id, ville FROM clients WHERE id >= 50000000")
        there = dict(cursor.fetchall())
    # What was typed and changed since its acknowledgement may be there already.
    return {pk for pk, city in wanted.items() if pk not in there or (city == "changed" and there[pk] != "changed")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0, help="of exchanges before the kill")
    chosen = parser.parse_args()
    if not available():
        parser.error("a PostgreSQL of the system and PgBouncer are needed: apt-get install postgresql pgbouncer")
    with tempfile.TemporaryDirectory(prefix="erp-mif-bascule-") as folder:
        try:
            print(f"VERDICT: HELD: {drill(Path(folder), chosen.devices, chosen.seconds)}")
        except (AssertionError, psycopg2.Error):
            traceback.print_exc()
            print("VERDICT: FAILED")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
