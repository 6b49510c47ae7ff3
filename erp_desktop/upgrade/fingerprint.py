"""The logical structure of a database, compared with the models, and its short mark.

The expected structure is not computed but built: the models' tables are created in an empty place of the same engine
(in memory for SQLite, in two scratch schemas of a transaction that is rolled back for PostgreSQL) and read back by
the same reader, so that types, defaults and CHECK texts are compared in the engine's own spelling.

Left out on purpose: the order of columns, and the default of ``id`` (installed by ``centre.machinery``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.schema import CreateIndex, CreateTable

import erp_desktop
from erp_desktop.centre import isolation, machinery, mark
from erp_desktop.models import Base
from erp_desktop.models.centre import Xid8
from erp_desktop.registry import capture, revisions
from erp_desktop.upgrade.reading import SCRATCH, Structure, clean, of_cache, reflected, split

ischema_names.setdefault("xid8", Xid8)

_TRIGGER = re.compile(r"CREATE (?:OR REPLACE |CONSTRAINT )*TRIGGER (\w+)\s.*?\sON\s+([\w.]+)\s", re.DOTALL)


def _tables(connection: sa.Connection, schema: str | None, only: Sequence[str] | None = None) -> Structure:
    if connection.dialect.name == "sqlite":
        return of_cache(connection, only)
    found = reflected(connection, schema, only)
    _postgres_details(connection, found, schema or "public")
    return found


def _postgres_details(connection: sa.Connection, found: Structure, schema: str) -> None:
    """Indexes as the server would write them, and collations other than their type's."""
    rows = connection.execute(
        sa.text(
            "SELECT t.relname, i.relname, x.indisunique, pg_get_indexdef(i.oid), pg_get_expr(x.indpred, x.indrelid) "
            "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
            "JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = :schema "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))"
        ),
        {"schema": schema},
    )
    for table, name, unique, definition, condition in rows.fetchall():
        if table in found:
            items, rest = split(definition.split(" USING ", 1)[1])
            method = definition.split(" USING ", 1)[1].split(" ", 1)[0]
            rest = rest.split("WHERE ", 1)[0].strip()
            found[table]["index"][name] = {
                "colonnes": " ".join(p for p in (method.replace("btree", ""), ", ".join(items), rest) if p),
                "unique": bool(unique),
                "condition": clean(condition),
            }
    rows = connection.execute(
        sa.text(
            "SELECT c.relname, a.attname, k.collname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
            "JOIN pg_collation k ON k.oid = a.attcollation WHERE n.nspname = :schema AND a.attnum > 0 "
            "AND a.attcollation <> t.typcollation AND c.relkind IN ('r', 'p')"
        ),
        {"schema": schema},
    )
    for table, column, collation in rows.fetchall():
        if table in found:
            found[table]["colonne"][column]["collation"] = str(collation)


def _postgres_extras(connection: sa.Connection, found: Structure) -> None:
    """Constraints that were never validated and indexes that an interrupted build left invalid."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT k.convalidated AND n.nspname IN ('public', 'sync')"
    )
    for table, name in rows.fetchall():
        found.get(table, {}).setdefault("non validée", {})[name] = True
    rows = connection.exec_driver_sql(
        "SELECT t.relname, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
        "WHERE NOT x.indisvalid AND n.nspname IN ('public', 'sync')"
    )
    for table, name in rows.fetchall():
        found.get(table, {}).setdefault("index invalide", {})[name] = True


def _postgres_machinery(connection: sa.Connection, found: Structure) -> None:
    """Triggers, policies and row-level security as installed; a disabled trigger differs from an enabled one."""
    name = "CASE n.nspname WHEN 'sync' THEN 'sync.' ELSE '' END || c.relname"
    source = "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'sync')"
    for table, trigger, enabled in connection.exec_driver_sql(
        f"SELECT {name}, t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid {source} "
        "AND NOT t.tgisinternal"
    ).fetchall():
        # A: one that fires for a replica's writes as well.
        state = "actif" if enabled in {"O", "A"} else "désactivé"
        found.get(table, {}).setdefault("déclencheur", {})[trigger] = state
    for table, policy in connection.exec_driver_sql(
        f"SELECT {name}, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid {source}"
    ).fetchall():
        found.get(table, {}).setdefault("règle d'accès", {})[policy] = True
    for (table,) in connection.exec_driver_sql(
        f"SELECT {name} FROM pg_class c {source} AND c.relrowsecurity"
    ).fetchall():
        found.get(table, {})["sécurité par ligne"] = {"active": True}


def _expected_machinery(found: Structure) -> None:
    """The same, as ``centre.machinery`` installs them."""
    # Tables of ``public`` go by their name alone here.
    for statement in (written.replace(" public.", " ") for written in machinery.statements()):
        for trigger, table in _TRIGGER.findall(statement):
            found[table].setdefault("déclencheur", {})[trigger] = "actif"
        for policy, table in re.findall(r"CREATE POLICY (\w+) ON ([\w.]+)", statement):
            found[table].setdefault("règle d'accès", {})[policy] = True
        for table in re.findall(r"ALTER TABLE ([\w.]+) ENABLE ROW LEVEL SECURITY", statement):
            found[table]["sécurité par ligne"] = {"active": True}


_FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\s+sync\.(\w+)\s*\(")
_BODY = re.compile(r"\bAS\s+(\$\w*\$)(.*?)\1", re.DOTALL)
_BODIES = (
    "SELECT p.proname, CASE WHEN p.prosqlbody IS NULL THEN p.prosrc ELSE '' END FROM pg_proc p "
    "WHERE p.pronamespace = to_regnamespace('sync')"
)


def functions(connection: sa.Connection) -> list[str]:
    """Functions of schema ``sync`` that are not as this program installs them, one line each.

    No part of the structure: those of another version of the program serve as well, until an upgrade puts its own.
    The server spells what is not between dollars in its own words: of such a one only the name is looked at.
    """
    if connection.dialect.name == "sqlite":
        return []
    if connection.exec_driver_sql("SELECT to_regclass('sync.schema_compat')").scalar() is None:
        return []
    wanted: dict[str, list[str]] = {}
    for statement in machinery.statements():
        heads = [*_FUNCTION.finditer(statement)]
        for place, head in enumerate(heads, 1):
            end = heads[place].start() if place < len(heads) else len(statement)
            body = _BODY.search(statement, head.end(), end)
            wanted.setdefault(head[1], []).append(body[2] if body else "")
    found: dict[str, list[str]] = {}
    for name, body in connection.exec_driver_sql(_BODIES):
        found.setdefault(name, []).append(body)
    told = {name: "absente" if name not in found else "autre que celle de ce programme" for name in wanted
            if sorted(wanted[name]) != sorted(found.get(name, []))}  # fmt: skip
    return [f"sync : fonction « {name} » : {what}" for name, what in sorted(told.items())]


_KINDS = ("déclencheur", "règle d'accès", "sécurité par ligne")
_MACHINERY = tuple(f" : {kind} « " for kind in (*_KINDS, "isolation"))


def without_machinery(lines: Iterable[str]) -> list[str]:
    """The differences that an upgrade without any revision does not put back by itself."""
    return [line for line in lines if not any(kind in line for kind in _MACHINERY)]


def bare(structure: Structure) -> Structure:
    """A structure without what an upgrade puts back by itself: two of them are equal or have differences to tell."""
    return {
        table: {kind: named for kind, named in content.items() if named and kind not in _KINDS}
        for table, content in structure.items()
    }


def only_machinery(lines: Iterable[str]) -> bool:
    """Whether these differences are all of what an upgrade without any revision puts back."""
    return not without_machinery(lines)


def read(connection: sa.Connection) -> Structure:
    """The structure of the connected database; tables of schema ``sync`` are named ``sync.<table>``."""
    if connection.dialect.name == "sqlite":
        return read_cache(connection, None)
    found = _tables(connection, "public")
    _postgres_extras(connection, found)
    for table, content in _tables(connection, "sync").items():
        found[f"sync.{table}"] = content
    _postgres_machinery(connection, found)
    for content in found.values():
        for reference in content["référence"].values():
            if reference["vers"][0] == "public":
                reference["vers"][0] = ""
    return found


def read_cache(connection: sa.Connection, only: Sequence[str] | None) -> Structure:
    """The structure of a cache, or of some of its tables."""
    return _tables(connection, None, only) if only is None or only else {}


def _metadata_for(name: str) -> list[sa.Table]:
    return [t for t in Base.metadata.sorted_tables if t.info.get("engine", name) == name]


def expected(connection: sa.Connection) -> Structure:
    """The structure that the models ask for on the engine of ``connection``, which is left as it was.

    On PostgreSQL the connection must not be inside a transaction, and its role must be allowed to create schemas.
    """
    engine = connection.dialect.name, connection.dialect.server_version_info
    if engine not in _asked:
        _asked[engine] = _expected_sqlite() if engine[0] == "sqlite" else _expected_postgres(connection)
    return _asked[engine]


_asked: dict[Any, Structure] = {}
"""Engine and its version → what the models ask for there; both stay the same while a program runs."""


def _expected_postgres(connection: sa.Connection) -> Structure:
    with connection.begin() as transaction:
        for scratch in SCRATCH.values():
            connection.exec_driver_sql(f"CREATE SCHEMA {scratch}")
        translated = connection.execution_options(schema_translate_map=dict(SCRATCH))
        Base.metadata.create_all(translated, tables=_metadata_for("postgresql"), checkfirst=False)
        found = _tables(connection, SCRATCH[None])
        for table, content in _tables(connection, SCRATCH["sync"]).items():
            found[f"sync.{table}"] = content
        transaction.rollback()
    connection.execution_options(schema_translate_map=None)
    _expected_machinery(found)
    return found


def _expected_sqlite() -> Structure:
    import sqlcipher3.dbapi2

    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2)
    try:
        with engine.begin() as connection:
            Base.metadata.create_all(connection, tables=_metadata_for("sqlite"), checkfirst=False)
            capture.install(connection)
            return _tables(connection, None)
    finally:
        engine.dispose()


def differences(wanted: Structure, found: Structure) -> list[str]:
    """One French line per difference, sorted; empty when both are the same."""
    lines = [f"{table} : table absente" for table in wanted.keys() - found.keys()]
    lines += [f"{table} : table en trop" for table in found.keys() - wanted.keys()]
    for table in wanted.keys() & found.keys():
        for kind in wanted[table].keys() | found[table].keys():
            lines += _compare(table, kind, wanted[table].get(kind, {}), found[table].get(kind, {}))
    return sorted(lines)


def _compare(table: str, kind: str, wanted: dict[str, Any], found: dict[str, Any]) -> Iterable[str]:
    for name in wanted.keys() - found.keys():
        yield f"{table} : {kind} « {name} » absent(e)"
    for name in found.keys() - wanted.keys():
        yield f"{table} : {kind} « {name} » en trop"
    for name in wanted.keys() & found.keys():
        a, b = wanted[name], found[name]
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            changed = [k for k in a.keys() | b.keys() if a.get(k) != b.get(k)]
            detail = ", ".join(f"{k} attendu {a.get(k)!r}, trouvé {b.get(k)!r}" for k in sorted(changed))
        else:
            detail = f"attendu {a!r}, trouvé {b!r}"
        yield f"{table} : {kind} « {name} » : {detail}"


def check(connection: sa.Connection) -> list[str]:
    """Differences between the models and the connected database, and whatever its isolation lacks."""
    return compared(connection)[0]


def compared(connection: sa.Connection) -> tuple[list[str], Structure]:
    """See :func:`check`, with the structure that was compared; it is empty where others left something."""
    # Whatever others left in the program's schemas might be run by the questions that follow.
    if connection.dialect.name == "postgresql":
        alone = not connection.in_transaction()
        left = isolation.planted(connection)
        if alone:
            connection.rollback()
        if left:
            return left, {}
    wanted, found = expected(connection), read(connection)
    wrong = differences(wanted, found)
    if connection.dialect.name == "postgresql":
        wrong += machinery.isolation_faults(connection)
    return wrong, found


def digest(structure: Structure) -> str:
    """A short mark: equal structures, equal marks."""
    text = json.dumps(structure, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def wanted_mark() -> str:
    """A mark of all that this program compares a centre with; another program, or one edited since, has another."""
    dialect: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    tables = _metadata_for("postgresql")
    said = [erp_desktop.__version__, revisions.head(), mark.WHOLE, *machinery.statements()]
    said += [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    said += sorted(str(CreateIndex(index).compile(dialect=dialect)) for table in tables for index in table.indexes)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def compared_mark(catalogue: str, published: str) -> str:
    """What a centre keeps of a comparison that found nothing.

    Args:
        catalogue: :data:`erp_desktop.centre.mark.WHOLE` then.
        published: the fingerprint that the window of compatibility told.
    """
    return f"{wanted_mark()}:{catalogue}:{published}"
