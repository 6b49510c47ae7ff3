"""A laboratory: one real centre, devices with real cache files, a line that can be cut, and an oracle.

The oracle compares every synchronised table of every cache with what the centre holds for that agency, value by
value in wire form, read from the tables themselves and not through the exchange.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import sqlalchemy as sa

from erp_desktop.db import secrets
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.registry.wire_form import write_expression
from erp_desktop.sync.device import enrolment
from tests.processes import erp_admin
from tests.sync.device_under_test import Device, normal
from tests.sync.proxy import ChaosProxy
from tests.sync.ready_caches import ReadyCaches

T = "2026-11-20T08:00:00.000000Z"
"""An instant for rows whose time does not matter."""

SEED = f"""
INSERT INTO users (agence_id, username, email, full_name, hashed_password, role, created_at, updated_at)
  SELECT a.id, lower(a.code) || '_' || r, lower(a.code) || r || '@mif.ma', 'Agent ' || a.code || ' ' || r,
         'secret-hash', CASE r WHEN 1 THEN 'agent' ELSE 'technicien' END, '{T}', '{T}'
    FROM agences a, generate_series(1, 2) r;
INSERT INTO techniciens (agence_id, user_id, numero_badge, created_at, updated_at)
  SELECT agence_id, id, 'B-' || username, '{T}', '{T}' FROM users WHERE role = 'technicien';
INSERT INTO clients (agence_id, nom_entreprise, ice, ville, created_at, updated_at)
  SELECT a.id, 'Client ' || a.code || ' ' || i, a.code || lpad(i::text, 12, '0'), a.nom, '{T}', '{T}'
    FROM agences a, generate_series(1, 3) i;
INSERT INTO equipements (agence_id, client_id, nom, code_interne, created_at, updated_at)
  SELECT c.agence_id, c.id, 'Presse ' || c.nom_entreprise, 'EQ-' || c.ice, '{T}', '{T}' FROM clients c;
INSERT INTO interventions (agence_id, numero, titre, description, equipement_id, client_id, date_creation,
    cout_externe, created_at, updated_at)
  SELECT e.agence_id, 'INT-' || e.code_interne || '-' || i, 'Fuite ' || i, 'Signalée ' || i, e.id, e.client_id,
         '{T}', i + 0.5, '{T}', '{T}' FROM equipements e, generate_series(1, 2) i;
INSERT INTO lignes_intervention (agence_id, intervention_id, type_ligne, designation, quantite, prix_unitaire,
    taux_tva, created_at, updated_at)
  SELECT i.agence_id, i.id, 'piece', 'Joint', 2, 15.25, 20, '{T}', '{T}' FROM interventions i;
INSERT INTO pieces_detachees (agence_id, reference, designation, created_at, updated_at)
  SELECT a.id, 'P-' || a.code || '-' || i, 'Joint ' || i, '{T}', '{T}' FROM agences a, generate_series(1, 2) i;
INSERT INTO depots (agence_id, nom, created_at, updated_at) SELECT id, 'Magasin', '{T}', '{T}' FROM agences;
"""


def seed(url: str) -> None:
    """Make the centre of all labs: two agencies, CAS and TNG, with a few rows each."""
    engine = create_pg_engine(url)
    try:
        enrolment.init_centre(engine)
        enrolment.add_agence(engine, "CAS", "Casablanca")
        enrolment.add_agence(engine, "TNG", "Tanger")
        with engine.begin() as connection:
            connection.exec_driver_sql(SEED)
    finally:
        engine.dispose()


@dataclass
class Lab:
    """The centre at ``url`` and its devices, made in ``folder``; ``ready``: caches for those that are plain.

    ``keep``: whether their consoles stay open, see :class:`Device`; nobody may have a cache open that is replaced.
    """

    url: str
    folder: Path
    devices: list[Device] = field(default_factory=list)
    engines: list[sa.Engine] = field(default_factory=list)
    proxies: list[ChaosProxy] = field(default_factory=list)
    ready: ReadyCaches | None = None
    keep: bool = True

    def __post_init__(self) -> None:
        self.open_lines()
        self.opened_at = int(self.value("SELECT txid_current()"))
        self.untouched_at = self.opened_at + 1

    def open_lines(self) -> None:
        self._owner = self.connect()

    def close_lines(self) -> None:
        """Leave the centre's database to nobody, so that it can be copied."""
        for device in self.devices:
            device.hang_up()
        for engine in self.engines:
            engine.dispose()
        self._owner.close()

    def connect(self) -> Any:
        """A new connection of the centre's owner, in autocommit."""
        url = normalise_url(self.url)
        connection = psycopg2.connect(
            host=url.host, port=url.port, dbname=url.database, user=url.username, password=url.password
        )
        connection.autocommit = True
        return connection

    def reconnect(self) -> None:
        """After the server came back."""
        self._owner = self.connect()

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """One statement at the centre, as its owner."""
        with self._owner.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, statement: str, *parameters: object) -> Any:
        rows = self.sql(statement, *parameters)
        return rows[0][0] if rows else None

    def next_transaction(self) -> int:
        """The number that the next transaction which writes will have, of any database of the server."""
        return int(self.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))

    def set(self, table: str, pk: int, **changes: object) -> None:
        assignments = ", ".join(f"{c} = %s" for c in changes)
        self.sql(f"UPDATE {table} SET {assignments} WHERE id = %s", *changes.values(), pk)

    def get(self, table: str, pk: int, column: str) -> Any:
        return self.value(f"SELECT {column} FROM {table} WHERE id = %s", pk)

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``erp-admin`` towards this centre, in a process of its own."""
        return erp_admin(*arguments, "--url", self.url)

    def torn(self, statement: str) -> None:
        """A move as a centre without these guards let it pass: its states are kept, nothing follows or refuses."""
        guards = self.sql(
            "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'erp_a_suivre%' "
            "OR tgname = 'erp_dependants'"
        )
        for table, name in guards:
            self.sql(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        self.sql(statement)
        for table, name in guards:
            self.sql(f"ALTER TABLE {table} ENABLE TRIGGER {name}")

    def ids(self, table: str, agence: str = "CAS") -> list[int]:
        return [r[0] for r in self.sql(
            f"SELECT t.id FROM {table} t JOIN agences a ON a.id = t.agence_id WHERE a.code = %s ORDER BY t.id", agence
        )]  # fmt: skip

    def agence(self, code: str) -> int:
        return int(self.value("SELECT id FROM agences WHERE code = %s", code))

    def device(self, agence: str = "CAS", *, encrypted: bool = False) -> Device:
        number = len(self.devices) + 1
        path, store = self.folder / f"poste{number}.sqlite", self.folder / f"poste{number}.json"
        name, ready = f"Poste {number}", None
        if self.ready is not None and not encrypted:
            ready = self.ready.enrolled(self, agence, name, path, store, Lab)
        done, cache = ready or (
            enrolment.enroll(self.url, agence, name, path, secrets_file=store, encrypted=encrypted), None
        )  # fmt: skip
        made = Device(
            self, path, store, done.poste, done.login, agence, done.agence_id,
            secrets.cache_key(path, store) if encrypted else None, keep=self.keep, cache=cache,
        )  # fmt: skip
        if not self.keep:
            made.hang_up()
        self.devices.append(made)
        return made

    def copy_of(self, device: Device, name: str) -> Device:
        """The same disk in another PC: the cache file as it is now, with the same secrets."""
        device.hang_up()
        path = self.folder / name
        shutil.copyfile(device.path, path)
        store = path.with_suffix(".json")
        secrets.store(path, secrets.load(device.path, device.secrets_file), store)
        return Device(
            self, path, store, device.poste, device.login, device.agence, device.agence_id, device.key, device.port
        )

    def proxy(self, *devices: Device) -> ChaosProxy:
        """A line that can be cut, in front of the given devices."""
        url = normalise_url(self.url)
        made = ChaosProxy.before(url)
        self.proxies.append(made)
        for device in devices:
            device.hang_up()
            device.port = made.port
            device.point_at(made.port)
        return made

    def settle(self, rounds: int = 6) -> None:
        """Cycles on every device until a whole round moves nothing."""
        for _ in range(rounds):
            results = [d.sync() for d in self.devices]
            if not any(r.pushed or r.pulled or r.parked or r.conflicts for r in results):
                return
        raise AssertionError("the devices never come to rest")

    def shown(self, table: SyncTable, agence_id: int) -> dict[int, list[Any]]:
        """What the centre holds of a table for an agency."""
        values = ", ".join(write_expression(c.kind, f"t.{c.name}") for c in table.columns)
        where = f" WHERE agence_id IS NULL OR agence_id = {agence_id}" if table.scoped else ""
        return {r[0]: normal(table, r) for r in self.sql(f"SELECT {values} FROM public.{table.name} t{where}")}

    def differences(self, device: Device) -> list[str]:
        """Every value that differs between a cache and the centre, in words; empty when they agree."""
        found: list[str] = []
        here = device.rows()
        for table in TABLES:
            ours, theirs = here[table.name], self.shown(table, device.agence_id)
            for pk in sorted(ours.keys() | theirs.keys()):
                if pk not in ours:
                    found.append(f"{table.name} {pk} : manque sur le poste {device.poste}")
                elif pk not in theirs:
                    found.append(f"{table.name} {pk} : en trop sur le poste {device.poste}")
                elif ours[pk] != theirs[pk]:
                    pairs = zip(table.names, ours[pk], theirs[pk], strict=True)
                    shown = "; ".join(f"{c} {a!r} ≠ {b!r}" for c, a, b in pairs if a != b)
                    found.append(f"{table.name} {pk} : poste {device.poste} {shown}")
        return found

    def converged(self) -> None:
        """Fail unless every cache equals the centre."""
        found = [line for device in self.devices for line in self.differences(device)]
        assert not found, "\n".join(found[:20])

    def close(self) -> None:
        for device in self.devices:
            device.hang_up()
        for engine in self.engines:
            engine.dispose()
        for proxy in self.proxies:
            proxy.close()
        logins = [r[0] for r in self.sql("SELECT login FROM sync.devices")]
        for login in logins:
            self.sql(f'DROP OWNED BY "{login}"')
            self.sql(f'DROP ROLE "{login}"')
        self._owner.close()
