"""The release before, in a process of its own: this program with what that one knew.

``python -m tests.upgrade.central.older_release centre URL``, or ``cache``, ``figer``, ``sync`` and
``verifier FILE SECRETS``, or ``travailler FILE SECRETS``, which edits and syncs until its standard input ends.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.models.declare import Policy, noun, said
from erp_desktop.registry import revisions

AVANT = "0c6d2e4f8a5b"


JOURNAL = re.compile(
    r",?\n *dit AS \(INSERT INTO sync\.modifications.*?\)(?=,?\n    (?:etats AS|INSERT INTO))"
    r"|^[^\n]*sync\.modifications[^\n;]*(?:\n[^\n;]*)?;\n",
    re.DOTALL | re.MULTILINE,
)


def _without_journal(read: Callable[..., str]) -> Callable[..., str]:
    """The centre's statements as they were before it noted changes and erased people."""

    def earlier(name: str, **values: str) -> str:
        text = read(name, **values)
        if name in {"merge/update", "merge/delete", "machinery/sync_rights"}:
            text = JOURNAL.sub("", text)
            assert "sync.modifications" not in text
        return text.replace("(SELECT max(id) FROM public.effacements)", "NULL")

    return earlier


def go_back() -> None:
    """Before anything derived from the models is imported."""
    from erp_desktop.centre import sql as files

    files.sql = _without_journal(files.sql)
    Base.metadata.tables["plannings"].c.recurrence.name = "rrule"
    for table in [t for t in Base.metadata.tables.values() if t.name == "horaires_agence" or "since" in t.info]:
        Base.metadata.remove(table)
    for table in Base.metadata.tables.values():
        for column in [c for c in table.columns if "since" in c.info]:
            table.foreign_keys -= column.foreign_keys
            table._columns.remove(column)  # type: ignore[attr-defined]
    rows, least = revisions._manifest()
    kept = tuple(rows[: [r.revision for r in rows].index(AVANT) + 1])
    revisions._manifest = lambda: (kept, least)  # type: ignore[assignment]
    from erp_desktop.registry import policies, rules

    present = {table.name: set(table.columns.keys()) for table in Base.metadata.tables.values()}
    rules.RULES = tuple(
        rule for rule in rules.RULES if rule.table in present and {*rule.columns} <= present[rule.table]
    )
    from erp_desktop.registry import planned
    from erp_desktop.registry.invoices import settled, totals

    # Its totals knew no discount, and no centre validated an invoice.
    totals.CENTRE, totals.TRIGGERS = "SELECT 1", ()
    settled.CENTRE, settled.TRIGGERS = "SELECT 1", ()
    from erp_desktop.centre.functions import factures

    factures.FUNCTIONS, factures.ENTRIES, factures.TRIGGERS = "SELECT 1", (), ()
    # It had no slots, which these triggers follow.
    planned.CENTRE, planned.TRIGGERS = "SELECT 1", ()
    # It decided every column by itself, and said nothing of a protocol.
    policies.PROTOCOL = 1
    for table in Base.metadata.tables.values():
        if (known := noun(table)) is None:
            continue
        together = {c for group in known.groups for c in group.columns}
        for column in table.columns:
            field = said(column)
            if field is not None and (column.name in together or field.policy in {Policy.DERIVE, Policy.CENTRE_SEUL}):
                asks = Policy.ASK if isinstance(column.type, sa.String) else None
                column.info["field"] = replace(field, policy=asks, allowed=None)
        table.info["noun"] = replace(known, groups=(), key=())
    from erp_desktop.registry import tables

    tables.RENAMED = ()
    tables._PRESENT_NAMES.clear()


def main() -> None:
    go_back()

    from erp_desktop.centre import machinery
    from erp_desktop.db import secrets
    from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
    from erp_desktop.errors import CentralUnreachableError, SchemaMismatchError
    from erp_desktop.registry import capture
    from erp_desktop.sync.device import enrolment
    from erp_desktop.sync.exchange.cache import Cache
    from erp_desktop.sync.exchange.outbox import Outbox
    from erp_desktop.sync.syncer import Syncer
    from erp_desktop.sync.watch.verify import verify
    from erp_desktop.upgrade import audit, fingerprint

    command, target = sys.argv[1], sys.argv[2]
    if command == "centre":
        engine = create_pg_engine(target)
        machinery._SILENCE = ()
        # What is left of the present models makes no tables to compare with.
        fingerprint.compared = lambda _connection: (["laboratoire"], {})
        with engine.begin() as connection:
            machinery.install(connection)
        with engine.connect() as connection:
            audit.record_window(connection, AVANT)
        engine.dispose()
        return
    path, store = Path(target), Path(sys.argv[3])
    key = secrets.cache_key(path, store)
    if command == "cache":
        engine = create_sqlite_engine(path, key)
        with engine.begin() as connection:
            capture.install(connection)
        engine.dispose()
        return
    with Cache(path, key) as cache:
        if command == "figer":
            batch = Outbox(cache).next_batch(5_000)
            print(batch.content if batch else "")
            return
        syncer = Syncer(cache, enrolment.device_link(cache, store))
        if command == "verifier":
            print(json.dumps(verify(cache, syncer.link, repair=False).differences))
            syncer.link.close()
            return
        told: set[str] = set()
        over = threading.Event()
        if command == "travailler":
            threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
        else:
            over.set()
        number, last = 0, False
        while not last:
            last = over.is_set()
            if command == "travailler":
                number += 1
                cache.db.execute("UPDATE plannings SET rrule = ?", (f"FREQ=DAILY;COUNT={number}",))
                print("cycle", flush=True)
            deadline = time.monotonic() + 60
            while True:
                try:
                    syncer.run()
                    break
                except CentralUnreachableError as error:
                    # The centre is being upgraded: what a running program does is try again.
                    told.add(str(error))
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
                except SchemaMismatchError as error:
                    print(json.dumps({"refus": str(error), "attente": syncer.outbox.pending()}))
                    return
        rows = cache.all("SELECT rrule FROM plannings ORDER BY id")
        conflicts = cache.all("SELECT colonne, mien, leur FROM sync_conflits ORDER BY id")
        found = {"cycles": number, "plannings": [r[0] for r in rows], "conflits": conflicts, "dit": sorted(told)}
        print(json.dumps({**found, "attente": syncer.outbox.pending()}))
        syncer.link.close()


if __name__ == "__main__":
    main()
