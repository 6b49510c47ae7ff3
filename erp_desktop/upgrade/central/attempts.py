"""Revisions of a centre in use: each waits a second for its tables, gives way, comes back, or says why it stopped."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import sqlalchemy as sa

from erp_desktop.centre import isolation
from erp_desktop.errors import DatabaseRefusedError, UpgradeError
from erp_desktop.upgrade.central import report

_TRIES = 6
_PATIENCE = "1100ms"
"""One second, and a little more: after one second PostgreSQL makes an autovacuum give way."""
_LONGEST_STATEMENT = "15min"


def stamps(connection: sa.Connection) -> list[str] | None:
    """Rows of ``alembic_version``; None when this role may not read it or it is absent."""
    readable = connection.exec_driver_sql(
        "SELECT has_table_privilege(to_regclass('public.alembic_version'), 'SELECT')"
    ).scalar()
    if not readable:
        return None
    return [str(v) for v in connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalars()]


def with_retries(engine: sa.Engine, seen: str | None, wanted: str, tell: Callable[[str], object]) -> None:
    """A revision waits a second for its tables, then gives way to the clerks and comes back a little later."""
    from erp_desktop.upgrade import migrate

    def step(revision: str, _title: str) -> None:
        tell(f"Révision {revision}")

    for attempt in range(_TRIES):
        try:
            with engine.connect() as connection:
                migrate.upgrade(
                    connection, wanted, on_step=step, lock_timeout=_PATIENCE, statement_timeout=_LONGEST_STATEMENT,
                    seen=seen,
                )  # fmt: skip
        except sa.exc.DBAPIError as error:
            if not _gave_way(error) or attempt == _TRIES - 1:
                raise stopped(engine, str(error.orig).splitlines()[0], waited=_gave_way(error)) from error
            tell("Des tables sont utilisées : nouvel essai dans un instant")
            time.sleep(random.uniform(0.3, 1.0) * (attempt + 1))  # noqa: S311
        except RuntimeError as error:
            raise stopped(engine, str(error)) from error
        except DatabaseRefusedError as error:
            raise UpgradeError(str(error)) from error
        else:
            return


def _gave_way(error: sa.exc.DBAPIError) -> bool:
    """Whether a revision stopped because others used its tables: nothing of it was done."""
    code = getattr(error.orig, "pgcode", None)
    return code in {"55P03", "40P01"} or (code == "57014" and str(error.statement).startswith("LOCK TABLE"))


def stopped(engine: sa.Engine, cause: str, *, waited: bool = False) -> UpgradeError:
    """The report of a failure; after a cut line it has no revision to name."""
    try:
        with isolation.pinned(engine) as connection:
            found = stamps(connection)
            others = report.blockers(connection) if waited else []
    except sa.exc.OperationalError:
        return UpgradeError(
            f"Mise à niveau du centre interrompue ({cause}) et le serveur ne répond plus. La révision en cours est "
            "annulée, les précédentes sont gardées : relancez la même commande quand il répond."
        )
    at = found[0] if found else "vide"
    remedy = (
        f"terminez d'abord {' ; '.join(others)}, puis relancez." if others else "corrigez la cause, puis relancez."
    )
    return UpgradeError(
        f"Mise à niveau du centre arrêtée à la révision {at} : {cause.removesuffix('.')}. Rien d'autre n'a changé et "
        f"les révisions faites sont gardées : {remedy}"
    )
