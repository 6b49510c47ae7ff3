"""The centre under attack and its desktops, and the list that cases enter."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.watch import health as surveillance
from erp_desktop.upgrade import migrate
from tests.sync.lab import Device, Lab

PATIENCE_S = 60.0
KINDS = ("fresh", "carried")
"""New; carried over from PostgreSQL 14 defaults."""


@dataclass
class Target:
    """A centre under attack.

    Attributes:
        thief: whose login the attacker has; of CAS.
        colleague: another device of CAS.
        other: a device of TNG.
        victim: another one of TNG, whose batches are made by hand.
    """

    kind: str
    lab: Lab
    thief: Device
    colleague: Device
    other: Device
    victim: Device

    @contextmanager
    def line(self, device: Device | None = None) -> Iterator[Any]:
        with closing((device or self.thief).connect()) as connection, connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        made = create_pg_engine(self.lab.url)
        try:
            yield made
        finally:
            made.dispose()

    def next_batch(self, device: Device | None = None) -> int:
        login = (device or self.thief).login
        return int(self.lab.value("SELECT dernier_lot + 1 FROM sync.devices WHERE login = %s", login))


CASES: dict[str, Callable[[Target], None]] = {}


def case(function: Callable[[Target], None]) -> Callable[[Target], None]:
    CASES[function.__name__] = function
    return function


def make_centre(server: EmbeddedPostgres, seeded: str, kind: str) -> str:
    """Name of a centre of that kind, to be copied, made from a seeded one.

    Raises:
        AssertionError: the upgrade of a carried-over centre ran, or let run, what a stranger had planted.
    """
    if kind == "fresh":
        return seeded
    name = f"attaque_{kind}_{uuid.uuid4().hex[:8]}"
    engine = create_pg_engine(server.create_database(name, seeded))
    try:
        _carry_over(engine)
    finally:
        engine.dispose()
    return name


def _carry_over(engine: sa.Engine) -> None:
    stranger = f"intrus_{uuid.uuid4().hex[:8]}"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM clients").scalar()
        connection.rollback()
        migrate.downgrade(connection, revisions.between(None, revisions.head())[-2])
    with engine.begin() as connection:
        for statement in (
            "GRANT CREATE ON SCHEMA public TO PUBLIC", f"CREATE ROLE {stranger}", "CREATE SEQUENCE public.butin",
            "GRANT ALL ON SEQUENCE public.butin TO PUBLIC", f"SET LOCAL ROLE {stranger}",
            "CREATE FUNCTION public.piege(text, bigint) RETURNS text LANGUAGE plpgsql AS "
            "$t$ BEGIN PERFORM pg_catalog.nextval('public.butin'); RETURN $1; END $t$",
            "CREATE OPERATOR public.|| (FUNCTION = public.piege, LEFTARG = text, RIGHTARG = bigint)",
        ):  # fmt: skip
            connection.exec_driver_sql(statement)
    with pytest.raises(UpgradeError, match="D'autres comptes ont créé"):
        enrolment.init_centre(engine)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT is_called FROM public.butin").scalar() is False
        connection.exec_driver_sql(f"DROP OWNED BY {stranger}; DROP ROLE {stranger}; DROP SEQUENCE public.butin")
    with engine.connect() as connection:
        migrate.upgrade(connection)
        assert connection.exec_driver_sql("SELECT count(*) FROM clients").scalar() == rows


@contextmanager
def target(server: EmbeddedPostgres, centre: str, kind: str, folder: Path) -> Iterator[Target]:
    """A copy of a centre of :func:`make_centre`, with its devices."""
    name = f"attaque_{uuid.uuid4().hex[:12]}"
    lab = Lab(server.create_database(name, centre), folder)
    try:
        made = Target(kind, lab, lab.device("CAS"), lab.device("CAS"), lab.device("TNG"), lab.device("TNG"))
        with made.engine() as engine:
            # A database made by copy has its template's rights on schemas, and nobody's on itself.
            enrolment.init_centre(engine)
        yield made
    finally:
        lab.close()
        server.drop_database(name)


def health(target: Target) -> dict[str, surveillance.Constat]:
    with target.engine() as engine:
        return {c.sujet: c for c in surveillance.sante_centre(engine)}


def refused(line: Any, code: str, statement: str, *parameters: object) -> None:
    """Fail unless the statement is refused with an SQLSTATE that begins so."""
    try:
        line.execute(statement, parameters or None)
    except psycopg2.Error as error:
        found = error.pgcode or ""
        assert found.startswith(code), f"{statement[:80]} : {found} {error}"
        return
    raise AssertionError(f"taken: {statement[:120]}")


def push(line: Any, number: int, payload: dict[str, Any]) -> dict[str, Any]:
    content = json.dumps({"n": 1, "i": {}, "m": {}, "d": {}, "r": []} | payload)
    digest = hashlib.sha256(content.encode()).hexdigest()
    line.execute(
        "SELECT sync.pousser(%s::pg_catalog.jsonb, %s::pg_catalog.int8, %s::pg_catalog.text)",
        (content, number, digest),
    )
    outcome: dict[str, Any] = line.fetchone()[0]
    return outcome


def eventually(condition: Callable[[], bool], told: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
