"""Written after every migration, whoever ran it: the audit row, and at the centre the compatibility window."""

from __future__ import annotations

import getpass
import platform
from typing import Any

import sqlalchemy as sa

import erp_desktop
from erp_desktop import clock
from erp_desktop.registry import revisions

_JOURNAL = sa.table(
    "journal_migrations",
    *(sa.column(name) for name in ("qui", "quand", "de", "vers", "duree_s", "app_version")),
)


KILLED = "? (interrompue)"
"""Who made an upgrade that was killed before it noted itself: nobody knows any more."""


def here() -> str:
    """The account and the name of this machine."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError, ImportError):
        account = "?"
    return f"{account}@{platform.node() or '?'}"[:120]


def author(connection: sa.Connection) -> str:
    """Who is migrating: the PostgreSQL role, and the account of this machine."""
    if connection.dialect.name == "postgresql":
        return f"{connection.exec_driver_sql('SELECT session_user').scalar_one()} ({here()})"[:120]
    return here()


def note(connection: Any, before: str | None, after: str, seconds: float) -> None:
    """Write one line into a cache's journal over a plain connection, where the revision has one."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'journal_migrations'").fetchone():
        connection.execute(
            "INSERT INTO journal_migrations (qui, quand, de, vers, duree_s, app_version) VALUES (?, ?, ?, ?, ?, ?)",
            (here(), clock.to_text(clock.now()), (before or "")[-40:] or None, after, round(seconds, 3),
             erp_desktop.__version__),
        )  # fmt: skip


def record(
    connection: sa.Connection, before: str | None, after: str, seconds: float, *, finished: bool = True
) -> None:
    """Note a migration, in a transaction of its own; does nothing below the revision with the tables.

    Args:
        connection: outside a transaction, or in one that is rolled back.
        before: revision before; None for an empty database.
        after: revision reached.
        seconds: how long it took.
        finished: False when it stopped on its way: the window that clients read is not moved.
    """
    if connection.in_transaction():
        connection.rollback()
    with connection.begin():
        if sa.inspect(connection).has_table("journal_migrations"):
            if before is not None:
                _account_for(connection, before)
            if before != after:
                _write(connection, author(connection), before, after, seconds)
    if finished and connection.dialect.name == "postgresql":
        record_window(connection, after)


def _write(connection: sa.Connection, who: str, before: str | None, after: str, seconds: float) -> None:
    now = clock.now()
    quand = clock.to_text(now) if connection.dialect.name == "sqlite" else now
    connection.execute(
        _JOURNAL.insert().values(qui=who, quand=quand, de=before, vers=after, duree_s=round(seconds, 3),
                                 app_version=erp_desktop.__version__)
    )  # fmt: skip


def _account_for(connection: sa.Connection, revision: str) -> None:
    """Note at a centre the revisions of an upgrade that was killed once they were committed, and noted none."""
    if connection.dialect.name != "postgresql":
        return
    last = connection.scalar(sa.text("SELECT vers FROM journal_migrations ORDER BY id DESC LIMIT 1"))
    came, went = (revisions.position(str(one)) for one in (last, revision))
    if came is not None and went is not None and came < went:
        _write(connection, KILLED, str(last), revision, 0.0)


def journal(connection: sa.Connection, last: int = 5) -> list[dict[str, Any]]:
    """The latest upgrades, downgrades, stamps and restorations, newest first."""
    if not sa.inspect(connection).has_table("journal_migrations"):
        return []
    rows = connection.execute(
        sa.text(
            "SELECT qui, quand, de, vers, duree_s, app_version FROM journal_migrations "
            "ORDER BY quand DESC, id DESC LIMIT :last"
        ),
        {"last": last},
    )
    return [dict(row) for row in rows.mappings()]


def window_of_a_script() -> str:
    """The statement that publishes the head's window in a centre made from a script.

    Its structure cannot be marked before it is there, so it goes under a version that compares none.
    """
    return (
        "INSERT INTO sync.schema_compat (revision, min_client_revision, fingerprint, par, app_version) "
        f"VALUES ('{revisions.head()}', '{revisions.minimum_client()}', '', session_user, "
        f"'{erp_desktop.__version__} (script)')"
    )


def record_window(connection: sa.Connection, revision: str) -> None:
    """Publish the centre's revision, the mark of its structure, and the oldest clients that may write to it.

    A structure of this program's revision is compared in full, which is noted for those who open the centre.

    Args:
        connection: outside a transaction.
    """
    from erp_desktop.centre import mark
    from erp_desktop.upgrade import fingerprint

    last_one = revision == revisions.head()
    least = revisions.minimum_client() if last_one else revision
    with connection.begin():
        if connection.exec_driver_sql("SELECT to_regclass('sync.schema_compat')").scalar() is None:
            return
        _account_for(connection, revision)
        before = mark.whole(connection) if last_one else None
    wrong, structure = fingerprint.compared(connection) if last_one else ([], {})
    connection.rollback()
    with connection.begin():
        published = fingerprint.digest(structure or fingerprint.read(connection))
        last = connection.exec_driver_sql(
            "SELECT revision, fingerprint FROM sync.schema_compat ORDER BY id DESC LIMIT 1"
        ).first()
        if last is None or (last[0], last[1]) != (revision, published):
            connection.execute(
                sa.text(
                    "INSERT INTO sync.schema_compat (revision, min_client_revision, fingerprint, par, app_version) "
                    "VALUES (:revision, :least, :mark, :par, :version)"
                ),
                {"revision": revision, "least": least, "mark": published,
                 "par": author(connection), "version": erp_desktop.__version__},
            )  # fmt: skip
        # What somebody changed while it was compared was not compared.
        right = before is not None and not wrong and mark.whole(connection) == before
        mark.keep(connection, fingerprint.compared_mark(before, published) if right and before else None)
