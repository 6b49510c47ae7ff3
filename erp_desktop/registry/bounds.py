"""Values that no row may hold, told for every synchronised column by its kind, in the SQL of both engines.

One place for the limits: the centre and the caches refuse by triggers made from here, so that a row which a
colleague's cache cannot hold is never accepted. Triggers and not CHECKs (docs/adr/0009-limites-par-triggers.md): rows
that were there before stay, are listed by ``db doctor``, and can still be changed elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from erp_desktop.db.session import TOO_LARGE, TOO_LONG
from erp_desktop.domain.dates import DERNIERE_ANNEE, HORS_CALENDRIER, PREMIERE_ANNEE
from erp_desktop.models import Base
from erp_desktop.models.types import Montant
from erp_desktop.registry.tables import TABLES, Kind, SyncColumn, SyncTable

FIRST_YEAR, LAST_YEAR = PREMIERE_ANNEE, DERNIERE_ANNEE
LONGEST_TEXT = 100_000
"""Characters of a text that its model does not limit, and of JSON."""
LARGEST_BLOB = 2_000_000
"""Bytes."""
DEEPEST_JSON = 32
LARGEST_ID = (1 << 63) - (1 << 22) - 1
"""The last identifier of the last millisecond but one: after 2^63−1 SQLite picks keys by chance."""
OLDEST_ID = 1 << 32
"""Below it: small integers of rows taken over from elsewhere. No poste gave numbers in that first second."""

DATE = HORS_CALENDRIER
NUMBER, TEXT = TOO_LARGE, TOO_LONG
JSON = "Une donnée composée est trop grande, trop imbriquée ou illisible."
KEY = "Un identifiant n'est pas de ceux qui peuvent être donnés ici."
SENTENCES = (DATE, NUMBER, TEXT, JSON, KEY)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is wrong with a column's value.

    Attributes:
        postgres, sqlite: SQL, true for a value that is refused, with ``{v}`` in the value's place.
        sentence: why, for people.
        name: short, the same for columns with the same limit.
    """

    column: str
    postgres: str
    sqlite: str
    sentence: str
    name: str


@functools.cache
def of(table: SyncTable) -> tuple[Bound, ...]:
    """The limits of each column of a table that has any."""
    wrong = ((column.name, *_wrong(table, column)) for column in table.columns)
    return tuple(
        Bound(column, postgres or "false", sqlite or "0", sentence, name)
        for column, postgres, sqlite, sentence, name in wrong
        if postgres or sqlite
    )


def _wrong(table: SyncTable, column: SyncColumn) -> tuple[str, str, str, str]:
    kind = next(c.type for c in Base.metadata.tables[table.name].c if c.name == column.name)
    match column.kind:
        case Kind.INT:
            return _integer(column, kind)
        case Kind.DECIMAL:
            top = _top(kind)
            # Text in a cache: CAST of what is no number is 0, so its characters are looked at.
            return (
                "{v} = 'NaN'::numeric",
                f"({{v}} GLOB '*[^-0-9.]*' OR {{v}} NOT GLOB '*[0-9]*' OR abs(CAST({{v}} AS REAL)) >= {top})",
                NUMBER,
                f"decimal_{len(str(top)) - 1}",
            )
        case Kind.DATE:
            days = f"'{FIRST_YEAR}-01-01' AND '{LAST_YEAR}-12-31'"
            odd = f"({{v}} NOT BETWEEN {days} OR date({{v}}) IS NOT {{v}})"
            return f"{{v}} NOT BETWEEN {days}", odd, DATE, "date"
        case Kind.INSTANT:
            # In a cache another program may spell an instant its own way; whatever it is, it begins with the day.
            return (
                f"({{v}} < '{FIRST_YEAR}-01-01 00:00:00+00' OR {{v}} >= '{LAST_YEAR + 1}-01-01 00:00:00+00')",
                f"({{v}} NOT BETWEEN '{FIRST_YEAR}' AND '{LAST_YEAR + 1}' OR substr({{v}}, 5, 1) <> '-')",
                DATE,
                "instant",
            )
        case Kind.TEXT:
            limit = getattr(kind, "length", None)
            wrong = f"length({{v}}) > {limit or LONGEST_TEXT}"
            return "" if limit else wrong, wrong, TEXT, f"text_{limit or LONGEST_TEXT}"
        case Kind.JSON:
            return (
                f"(pg_column_size({{v}}) > {LONGEST_TEXT // 2} AND length({{v}}::text) > {LONGEST_TEXT} "
                f"OR jsonb_path_exists({{v}}, '$.**{{{{{DEEPEST_JSON + 1}}}}}'))",
                f"(length({{v}}) > {LONGEST_TEXT} OR NOT json_valid({{v}}))",
                JSON,
                "json",
            )
        case Kind.BYTES:
            return f"octet_length({{v}}) > {LARGEST_BLOB}", f"length({{v}}) > {LARGEST_BLOB}", TEXT, "blob"
        case Kind.FLOAT:
            return "{v} IN ('NaN', 'Infinity', '-Infinity')", "abs({v}) > 1e300", NUMBER, "float"
        case Kind.BOOL:
            return "", "{v} NOT IN (0, 1)", NUMBER, "bool"


def _integer(column: SyncColumn, kind: sa.types.TypeEngine[object]) -> tuple[str, str, str, str]:
    if column.name == "id" or column.name.endswith("_id"):
        keys = f"{{v}} NOT BETWEEN 1 AND {LARGEST_ID}"
        return keys, f"(typeof({{v}}) NOT IN ('integer', 'null') OR {keys})", KEY, "key"
    least, most = (0, (1 << 63) - 1) if isinstance(kind, sa.BigInteger) else (-(1 << 31), (1 << 31) - 1)
    if isinstance(kind, sa.BigInteger):
        return "{v} < 0", f"(typeof({{v}}) NOT IN ('integer', 'null') OR {{v}} < {least})", NUMBER, "bigint"
    # The centre's type is as wide as this.
    return "", f"(typeof({{v}}) NOT IN ('integer', 'null') OR {{v}} NOT BETWEEN {least} AND {most})", NUMBER, "int"


def _top(kind: sa.types.TypeEngine[object]) -> int:
    """The first whole number that a decimal column has no room for."""
    inner: Any = kind.impl_instance if isinstance(kind, Montant) else kind
    return int(10 ** (inner.precision - inner.scale))


def postgres(table: SyncTable) -> list[str]:
    """Statements that guard a table at the centre, for every writer.

    The comparison is in the triggers' conditions: a row in order costs no call.
    """
    name, bounds = table.name, of(table)
    wrong = [(b, b.postgres.format(v=f"NEW.{b.column}")) for b in bounds if b.postgres != "false"]
    tests = "\n".join(
        f"  IF {test} THEN RAISE EXCEPTION '%', '{b.sentence.replace(chr(39), chr(39) * 2)}' "
        f"USING ERRCODE = 'EM021', CONSTRAINT = '{name}.{b.column}'; END IF;"
        for b, test in wrong
    )
    changed = " OR ".join(f"(OLD.{b.column} IS DISTINCT FROM NEW.{b.column} AND {test})" for b, test in wrong)
    late = "NEW.updated_at > now() + interval '5 minutes'"
    return [
        f"CREATE OR REPLACE FUNCTION sync.bornes_{name}() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path = pg_catalog, pg_temp AS $f$ BEGIN\n{tests}\n  RETURN NEW; END $f$",
        f"DROP TRIGGER IF EXISTS erp_bornes ON public.{name}",
        f"CREATE TRIGGER erp_bornes BEFORE INSERT ON public.{name} FOR EACH ROW "
        f"WHEN ({' OR '.join(test for _, test in wrong)}) EXECUTE FUNCTION sync.bornes_{name}()",
        f"DROP TRIGGER IF EXISTS erp_bornes_maj ON public.{name}",
        f"CREATE TRIGGER erp_bornes_maj BEFORE UPDATE ON public.{name} FOR EACH ROW WHEN ({changed}) "
        f"EXECUTE FUNCTION sync.bornes_{name}()",
        f"DROP TRIGGER IF EXISTS erp_cle ON public.{name}",
        f"CREATE TRIGGER erp_cle BEFORE UPDATE ON public.{name} FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM NEW.id) "
        "EXECUTE FUNCTION sync.garder_cle()",
        # A clock ahead would win over every later change: the time of reception stands in.
        f"DROP TRIGGER IF EXISTS erp_horloge ON public.{name}",
        f"CREATE TRIGGER erp_horloge BEFORE INSERT OR UPDATE ON public.{name} FOR EACH ROW WHEN ({late}) "
        "EXECUTE FUNCTION sync.dater()",
    ]


FUNCTIONS = """
CREATE OR REPLACE FUNCTION sync.garder_cle() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  RAISE EXCEPTION 'id ne change jamais : les caches gardent l''ancienne ligne' USING ERRCODE = 'EM021',
    CONSTRAINT = TG_TABLE_NAME || '.id';
END $f$;

CREATE OR REPLACE FUNCTION sync.dater() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $f$;
"""


def sqlite_wrong(table: SyncTable, columns: AbstractSet[str]) -> list[tuple[Bound, str]]:
    """(limit, SQL that is true of a wrong new value), for the columns present in a cache."""
    return [(b, b.sqlite.format(v=f"NEW.{b.column}")) for b in of(table) if b.column in columns]


def broken(run: Callable[[str], Iterable[Any]], present: dict[str, set[str]], *, central: bool) -> list[str]:
    """Rows from before that no writer could enter today, as ``table id : colonne``; at most ten a column.

    Args:
        run: one SELECT to its rows, each led by an identifier.
        present: table → columns that are there.
        central: PostgreSQL; else a cache.
    """
    found = []
    for table in TABLES:
        for bound in of(table):
            wrong = (bound.postgres if central else bound.sqlite).format(v=f"t.{bound.column}")
            if bound.column in present.get(table.name, set()) and wrong not in {"false", "0"}:
                rows = run(f"SELECT t.id FROM {table.name} t WHERE {wrong} ORDER BY t.id LIMIT 10")
                found += [f"{table.name} {row[0]} : {bound.column}" for row in rows]
    return found
