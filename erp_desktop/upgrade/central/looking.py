"""What whoever opens a centre asks it, in two round trips: who asks, what it is, and whether that was compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from erp_desktop.centre import isolation, lock, mark
from erp_desktop.registry.search_path import PATH
from erp_desktop.upgrade import fingerprint

# For this text alone, which is one transaction: nothing is to be begun or ended around it.
_NAMES = f"SET LOCAL search_path = {PATH}; "
_RELATION = "to_regclass('public.alembic_version')"
_CATALOGUES = f"""{_NAMES}
SELECT (SELECT json_agg(s) FROM ({isolation.STRANGERS}) s) AS planted,
  has_schema_privilege('public', 'CREATE') AND has_database_privilege(current_database(), 'CREATE')
    AND coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = {_RELATION}), true) AS migrator,
  has_table_privilege({_RELATION}, 'SELECT') AS stamped,
  to_regclass('sync.schema_compat') IS NOT NULL AND has_schema_privilege('sync', 'USAGE') AS windowed,
  ({mark.COMPARED}) AS compared, ({mark.WHOLE}) AS whole, {lock.RUNNING} AS running,
  to_regclass('sync.devices') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace('sync')
      AND has_function_privilege(to_regrole('erp_device'), p.oid, 'EXECUTE')) AS shut
"""
_STAMPS = "(SELECT coalesce(json_agg(version_num), '[]') FROM public.alembic_version)"
_WINDOW = (
    "(SELECT json_build_array(revision, min_client_revision, fingerprint, app_version) FROM sync.schema_compat "
    "ORDER BY id DESC LIMIT 1)"
)
# Who is a device, and whose member, is no part of the structure and changes every day.
_FAULTS = (
    f"(SELECT count(*) FROM ({isolation.GRANTS}) g) + "
    f"(SELECT count(*) FROM ({isolation.RIGHTS}) r WHERE r.droits <> '')"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a centre says of itself.

    Attributes:
        planted: objects of others, one French line each; nothing else was asked then.
        migrator: the connected role may change the structure.
        stamps: rows of ``alembic_version``; None when this role may not read it or it is absent.
        window: the last row of ``sync.schema_compat``, if any: revision, oldest client, fingerprint, version.
        compared: its structure and isolation are as when this program, or one like it, last compared them in full
            and found nothing.
        running: somebody upgrades it now.
        shut: it serves nobody, as between two revisions of an upgrade.
    """

    planted: tuple[str, ...] = ()
    migrator: bool = True
    stamps: list[str] | None = None
    window: tuple[str, str, str, str] | None = None
    compared: bool = False
    running: bool = False
    shut: bool = False


def look(engine: sa.Engine) -> Seen:
    """Ask a centre, changing nothing and waiting for nobody.

    Raises:
        sqlalchemy.exc.OperationalError: the server does not answer.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        found: Any = connection.exec_driver_sql(_CATALOGUES).one()
        if found.planted:
            return Seen(planted=tuple(isolation.told_planted(tuple(one.values()) for one in found.planted)))
        # A mark is only ever noted where devices are.
        held = bool(found.migrator and found.compared)
        stamps, window, faults = connection.exec_driver_sql(
            f"{_NAMES}SELECT {_STAMPS if found.stamped else 'NULL'}, {_WINDOW if found.windowed else 'NULL'}, "
            f"{_FAULTS if held else '0'}"
        ).one()
    same = bool(found.compared and window) and found.compared == fingerprint.compared_mark(found.whole, window[2])
    return Seen(
        (), bool(found.migrator), stamps, None if window is None else tuple(window), same and not faults,
        bool(found.running), bool(found.shut),
    )  # fmt: skip
