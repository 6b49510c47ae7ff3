"""Runs the revision history on a connection. Alembic is imported when a function here is called, not before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from erp_desktop import paths

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

Avance = Callable[[str, str], None]
"""Called with (revision, title) at the end of each revision, inside its transaction; raising rolls it back."""


_importing = threading.Lock()


def alembic() -> Any:
    """The package, with what is used of it; the only place that imports it.

    Its modules import each other in a circle: of two threads that begin at different ends, one would find a half.
    """
    with _importing:
        import alembic.command
        import alembic.config
        import alembic.script
        import alembic.util
    return alembic


def config(connection: sa.Connection | None = None, command: str | None = None) -> Config:
    """An Alembic configuration that works without a console and without a working directory."""
    made: Config = alembic().config.Config(
        str(paths.ALEMBIC_INI) if paths.ALEMBIC_INI.exists() else None, stdout=StringIO()
    )
    made.set_main_option("script_location", str(paths.MIGRATIONS).replace("%", "%%"))
    made.set_main_option("prepend_sys_path", str(paths.ROOT).replace("%", "%%"))
    made.attributes["connection"] = connection
    made.attributes["command"] = command
    return made


def scripts() -> ScriptDirectory:
    found: ScriptDirectory = alembic().script.ScriptDirectory.from_config(config())
    return found


def upgrade(
    connection: sa.Connection,
    revision: str = "head",
    *,
    on_step: Avance | None = None,
    lock_timeout: str = "10s",
    statement_timeout: str = "0",
    seen: str | None = "",
    verified_after: bool = False,
) -> None:
    """Bring the database of ``connection`` (outside a transaction) up to ``revision``, one transaction each.

    Args:
        connection: from this program's engines, or a plain one.
        revision: where to stop.
        on_step: told at the end of each revision.
        lock_timeout: PostgreSQL only: how long a statement waits for a table.
        statement_timeout: PostgreSQL only: how long a statement may run; "0" for as long as it takes.
        seen: the revision that the caller found before it waited for the lock, when it looked.
        verified_after: SQLite only: the caller checks references once all is done, instead of after each revision.
    """
    _run("upgrade", connection, revision, on_step, lock_timeout, statement_timeout, seen, verified_after)


def downgrade(
    connection: sa.Connection, revision: str, *, on_step: Avance | None = None, verified_after: bool = False
) -> None:
    """Take the database of ``connection`` back to ``revision``, one transaction each; see :func:`upgrade`."""
    _run("downgrade", connection, revision, on_step, "10s", verified_after=verified_after)


def _run(
    name: str,
    connection: sa.Connection,
    revision: str,
    on_step: Avance | None,
    lock_timeout: str,
    statement_timeout: str = "0",
    seen: str | None = "",
    verified_after: bool = False,
) -> None:
    made = config(connection, name)
    made.attributes["on_step"] = on_step
    made.attributes["lock_timeout"] = lock_timeout
    made.attributes["statement_timeout"] = statement_timeout
    made.attributes["verified_after"] = verified_after
    if seen != "":
        made.attributes["seen"] = seen
    getattr(alembic().command, name)(made, revision)


def stamp(connection: sa.Connection, revision: str) -> None:
    """Record ``revision`` without running anything; only for a structure known to match."""
    alembic().command.stamp(config(connection, "stamp"), revision)


def postgres_sql(start: str, end: str) -> str:
    """The SQL that brings a centre from revision ``start`` ("base" or an id) to ``end``; nothing is run."""
    made = config(None, "upgrade")
    made.attributes["url"] = "postgresql+psycopg2://"
    made.output_buffer = written = StringIO()
    alembic().command.upgrade(made, f"{start}:{end}", sql=True)
    return written.getvalue()
