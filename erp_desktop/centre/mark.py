"""Whether the centre is as this program last installed it, and as it last compared it in full.

A comment on schema ``sync`` keeps two marks: of the statements that were run, and of the functions, triggers,
policies and rights that the catalogue then held. Reading them takes no lock on any table, so that an upgrade with
nothing to do waits for nobody.

A comment on the table ``sync.schema_compat`` keeps the mark of a structure that was compared and found right, so that
whoever opens the centre asks for one mark instead of comparing.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from erp_desktop.centre import isolation
from erp_desktop.centre.sql import sql

_INSTALLED = """
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
"""
_CATALOGUE = f"""
SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) FROM ({_INSTALLED}) AS found(line)
"""
_PLACES = "SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'sync')"
_STRUCTURE = sql("machinery/structure")
WHOLE = (
    f"WITH lieux AS ({_PLACES}) SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\")) FROM "
    f"({_INSTALLED} UNION ALL {_STRUCTURE}) AS found(line)"
)
"""One value of all that a comparison of the structure reads, and more: what it sees changed, changes this.

To be asked where names are looked for in no schema of others; the same whoever asks.
"""
COMPARED = "SELECT obj_description(to_regclass('sync.schema_compat'), 'pg_class')"
"""What :func:`keep` noted."""
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


def whole(connection: sa.Connection) -> str:
    """The present value of :data:`WHOLE`."""
    with isolation.own_names(connection):
        return str(connection.exec_driver_sql(WHOLE).scalar_one())


def keep(connection: sa.Connection, compared: str | None) -> None:
    """Note of what a full comparison found right, or that there is no such comparison of what is there now."""
    said = "NULL" if compared is None else f"'{compared}'"
    connection.exec_driver_sql(f"COMMENT ON TABLE sync.schema_compat IS {said}")
