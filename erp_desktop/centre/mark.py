"""Whether the centre's functions, triggers, policies and rights are as this program last installed them.

A comment on schema ``sync`` keeps two marks: of the statements that were run, and of what the catalogue then held.
Reading them takes no lock on any table, so that an upgrade with nothing to do waits for nobody.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from erp_desktop.centre import isolation

_CATALOGUE = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) FROM (
  SELECT concat_ws('|', 'f', p.oid::regprocedure, md5(pg_get_functiondef(p.oid)), p.proowner::regrole, p.proacl)
    FROM pg_proc p WHERE p.pronamespace = to_regnamespace('sync') AND p.prokind IN ('f', 'p')
  UNION ALL SELECT concat_ws('|', 't', md5(pg_get_triggerdef(t.oid)), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace IN (to_regnamespace('public'), to_regnamespace('sync'))
  UNION ALL SELECT concat_ws('|', 'p', p.polrelid::regclass, p.polname, p.polcmd, p.polroles::regrole[],
      pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p
  UNION ALL SELECT concat_ws('|', 'r', c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole,
      c.relacl, (SELECT string_agg(concat_ws('=', a.attname, a.attacl), ',' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL)) FROM pg_class c
    WHERE c.relkind IN ('r', 'v', 'm', 'S') AND c.relnamespace IN (to_regnamespace('public'), to_regnamespace('sync'))
  UNION ALL SELECT concat_ws('|', 'd', d.adrelid::regclass, d.adnum, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attrdef d
    JOIN pg_class c ON c.oid = d.adrelid WHERE c.relnamespace = to_regnamespace('public')
  UNION ALL SELECT concat_ws('|', 's', nspname, nspowner::regrole, nspacl) FROM pg_namespace
    WHERE nspname IN ('public', 'sync')
) AS found(line)
"""
_KEPT = "SELECT obj_description(to_regnamespace('sync'), 'pg_namespace')"


def _mark(connection: sa.Connection, statements: list[str]) -> str:
    ours = hashlib.sha256("\n".join(statements).encode()).hexdigest()[:32]
    # The catalogue spells a name by the search path.
    with isolation.own_names(connection):
        return f"{ours}:{connection.exec_driver_sql(_CATALOGUE).scalar_one()}"


def note(connection: sa.Connection, statements: list[str]) -> None:
    """Keep the marks of ``statements``, which were just run in this transaction."""
    connection.exec_driver_sql(f"COMMENT ON SCHEMA sync IS '{_mark(connection, statements)}'")


def forget(connection: sa.Connection) -> None:
    """What is there is no whole installation: no statements are to be taken for it."""
    connection.exec_driver_sql("COMMENT ON SCHEMA sync IS NULL")


def stands(connection: sa.Connection, statements: list[str]) -> bool:
    """Whether running ``statements``, this program's, again would change nothing."""
    kept = connection.exec_driver_sql(_KEPT).scalar()
    return bool(kept) and kept == _mark(connection, statements)
