"""One enrolled cache as everything may meet it: a console, the program, another process, a copied disk."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db import secrets
from erp_desktop.db.engine import create_sqlite_engine, normalise_url
from erp_desktop.registry.tables import TABLES, Kind, SyncTable
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CycleResult
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.syncer import Syncer
from tests.processes import Program, child_environment, erp_admin

if TYPE_CHECKING:
    from tests.sync.lab import Lab


@functools.cache
def _mortals() -> subprocess.Popen[str]:
    """The process whose forks run cycles and die; one for all devices, ended with this process."""
    made = subprocess.Popen(
        [sys.executable, "-m", "tests.sync.exchange.killed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env=child_environment(), cwd=Path(__file__).parents[2],
    )  # fmt: skip
    atexit.register(made.communicate)
    return made


@dataclass
class Device:
    """One enrolled cache.

    Attributes:
        port: sends its line through a proxy.
        keep: leave the console open between statements, until :meth:`hang_up`: opening a cache parses its thousand
            triggers, which takes longer than most statements.
        cache: open already, for the program's side.
        batch: units that its batches hold at most; few of them make long trains of batches.
    """

    lab: Lab
    path: Path
    secrets_file: Path
    poste: int
    login: str
    agence: str
    agence_id: int
    key: str | None
    port: int | None = None
    deadline_s: float = 60.0
    keep: bool = False
    batch: int = 5_000
    cache: Cache | None = None
    _kept: Any = None
    _syncer: Syncer | None = None

    @contextlib.contextmanager
    def console(self) -> Iterator[Any]:
        """A plain SQL console in autocommit.

        Never the standard library's ``sqlite3`` in this process: two SQLite libraries drop each other's POSIX locks.
        """
        if self._kept is not None:
            yield self._kept
            return
        db = sqlcipher.connect(str(self.path), isolation_level=None, timeout=60, check_same_thread=False)
        if self.key is not None:
            db.execute(f"PRAGMA key = \"x'{self.key}'\"")
        db.execute("PRAGMA foreign_keys = ON")
        if self.keep:
            self._kept = db
        try:
            yield db
        finally:
            if not self.keep:
                db.close()

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """One statement as a plain console would write it."""
        with self.console() as db:
            return list(db.execute(statement, parameters).fetchall())

    def group(self, *statements: str) -> None:
        """Several statements in one console transaction."""
        with self.console() as db:
            db.execute("BEGIN IMMEDIATE")
            for statement in statements:
                db.execute(statement)
            db.execute("COMMIT")

    def value(self, statement: str, *parameters: object) -> Any:
        rows = self.sql(statement, *parameters)
        return rows[0][0] if rows else None

    def without_local_rules(self) -> None:
        """A cache whose guards somebody took away, or of a program that had none: only the centre refuses."""
        with self.console() as db:
            sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'erp\\_regle\\_%' ESCAPE '\\'"
            for (name,) in db.execute(sql).fetchall():
                db.execute(f"DROP TRIGGER {name}")

    def set(self, table: str, pk: int, **changes: object) -> None:
        assignments = ", ".join(f"{c} = ?" for c in changes)
        self.sql(f"UPDATE {table} SET {assignments} WHERE id = ?", *changes.values(), pk)

    def get(self, table: str, pk: int, column: str) -> Any:
        return self.value(f"SELECT {column} FROM {table} WHERE id = ?", pk)

    @property
    def engine(self) -> sa.Engine:
        made = create_sqlite_engine(self.path, self.key)
        self.lab.engines.append(made)
        return made

    @property
    def url(self) -> str:
        """This device's own address and password, through the proxy when there is one."""
        password = secrets.load(self.path, self.secrets_file)["password"]
        url = normalise_url(self.lab.url).set(username=self.login, password=password)
        if self.port is not None:
            url = url.set(host="127.0.0.1", port=self.port)
        return url.render_as_string(hide_password=False)

    def link(self) -> Link:
        return Link(self.url, deadline_s=self.deadline_s)

    @property
    def syncer(self) -> Syncer:
        """A warm one, kept until :meth:`hang_up`."""
        if self._syncer is None:
            self.cache = self.cache or Cache(self.path, self.key)
            self._syncer = Syncer(self.cache, self.link(), batch=self.batch)
        return self._syncer

    def die_at(self, boundary: int) -> bool:
        """Run one cycle in a process that is killed at that statement boundary; False when it ended before."""
        self.hang_up()
        helper = _mortals()
        if helper.stdin is None or helper.stdout is None:
            raise AssertionError("no pipes")
        print(json.dumps([str(self.path), self.url, boundary, self.batch]), file=helper.stdin, flush=True)
        answer = helper.stdout.readline().strip()
        if answer not in {"tué", "fini"}:
            raise AssertionError(f"the cycle ended badly: {answer}")
        return answer == "tué"

    def hang_up(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        if self._syncer is not None:
            self._syncer.link.close()
            self._syncer = None
        if self.cache is not None:
            self.cache.close()
            self.cache = None

    def sync(self) -> CycleResult:
        return self.syncer.run()

    def connect(self) -> Any:
        """A psycopg2 connection as this device, in autocommit."""
        url = normalise_url(self.url)
        connection = psycopg2.connect(
            host=url.host, port=url.port, dbname=url.database, user=url.username, password=url.password
        )
        connection.autocommit = True
        return connection

    @property
    def waiting(self) -> int:
        return int(self.value("SELECT count(*) FROM sync_outbox WHERE refus IS NULL"))

    def conflicts(self) -> list[tuple[Any, ...]]:
        """(table, pk, column, base, mine, theirs) of every conflict, decoded."""
        return [
            (t, pk, c, *(None if v is None else json.loads(v) for v in values))
            for t, pk, c, *values in self.sql(
                "SELECT nom_table, pk, colonne, base, mien, leur FROM sync_conflits ORDER BY id"
            )
        ]

    def parked(self) -> list[tuple[int, str, str]]:
        return self.sql("SELECT id, code, raison FROM sync_gares WHERE etat = 'gare' ORDER BY id")  # type: ignore[return-value]

    def rows(self) -> dict[str, dict[int, list[Any]]]:
        """Every synchronised row, by table and key."""
        with self.console() as db:
            return {
                t.name: {r[0]: normal(t, r) for r in db.execute(f"SELECT {', '.join(t.names)} FROM {t.name}")}
                for t in TABLES
            }

    def point_at(self, port: int) -> None:
        """Write a proxy's port into the cache, so that other processes take it too."""
        url = normalise_url(self.value("SELECT valeur FROM sync_meta WHERE cle = 'url'")).set(port=port)
        self.sql("UPDATE sync_meta SET valeur = ? WHERE cle = 'url'", url.render_as_string(hide_password=False))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of ``erp-admin`` on this cache, to its end, in a process of its own."""
        self.hang_up()
        return erp_admin(*arguments, "--cache", self.path, "--secrets", self.secrets_file)

    def start(self, *arguments: str) -> Program:
        """``erp-admin`` in a process of its own, to be met or killed on its way."""
        return Program(["erp-admin", *arguments, "--cache", self.path, "--secrets", self.secrets_file])


def normal(table: SyncTable, row: tuple[Any, ...]) -> list[Any]:
    """Values in wire form; JSON by value, because jsonb keeps no spelling."""
    out: list[Any] = []
    for column, value in zip(table.columns, row, strict=True):
        if isinstance(value, (bytes, memoryview)):
            out.append(bytes(value).hex())
        elif column.kind is Kind.JSON and value is not None:
            out.append(json.loads(value))
        else:
            out.append(value)
    return out
