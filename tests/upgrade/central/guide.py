"""Servers as the guide asks for them, and what it says."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.db.embedded import EmbeddedPostgres, find_binaries, system_binaries
from erp_desktop.db.engine import create_pg_engine, normalise_url

PASSWORD = "un-mot-de-passe"


def major(binaries: Path) -> int:
    told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", told)
    assert found is not None
    return int(found[1])


SERVERS = sorted({major(b): b for b in (find_binaries(), system_binaries()) if b is not None}.items())


@dataclass
class Centre:
    """A server, and the address of a base that the guide's role owns there."""

    server: EmbeddedPostgres
    version: int
    url: str

    def sql(self, *statements: str, base: str = "erp") -> None:
        connection = psycopg2.connect(self.server.database_url(base).replace("+psycopg2", ""))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def fresh(self, *, options: str = "", role: str = "erp_admin", rights: str = "CREATEROLE") -> str:
        """The address of a new base of a role that exists from now on."""
        name = f"b{len(self.server._created)}"
        self.sql(
            f"DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' {rights}; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"CREATE DATABASE {name} OWNER {role} {options}", base="postgres",
        )  # fmt: skip
        self.server._created.append(name)
        return normalise_url(self.server.database_url(name)).set(username=role).render_as_string(hide_password=False)


@contextlib.contextmanager
def engine_of_server(centre: Centre) -> Iterator[sa.Connection]:
    engine = create_pg_engine(centre.server.url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


GUIDE = (paths.ROOT / "docs" / "guide_it.md").read_text(encoding="utf-8")


# One server serves every test of this file: the story of the guide gets names of its own.
NAMES = {r"\berp_admin\b": "guide_admin", r"(DATABASE|connect) erp\b": r"\1 guide"}


def drop(centre: Centre) -> None:
    """The base of the guide, those beside it, and its role, for the next test to begin at the first line."""
    with engine_of_server(centre) as connection:
        left = connection.exec_driver_sql("SELECT datname FROM pg_database WHERE datname ~ '^guide'").scalars().all()
    for base in left:
        centre.server.drop_database(base)
    centre.sql(*(f"{verb} guide_admin{tail}" for verb, tail in (("REASSIGN OWNED BY", " TO postgres"),
               ("DROP OWNED BY", " CASCADE"), ("DROP ROLE", ""))), base="postgres")  # fmt: skip
