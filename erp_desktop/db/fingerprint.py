"""The logical structure of a database, compared with the models, and its short mark.

The expected structure is not computed but built: the models' tables are created in an empty place of the same engine
(in memory for SQLite, in two scratch schemas of a transaction that is rolled back for PostgreSQL) and read back by
the same reader, so that types, defaults and CHECK texts are compared in the engine's own spelling.

Left out on purpose: the order of columns, and the default of ``id`` (installed by ``db.central``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import ischema_names

from erp_desktop.db import capture, central
from erp_desktop.models import Base
from erp_desktop.models.centre import Xid8

ischema_names.setdefault("xid8", Xid8)

Structure = dict[str, dict[str, dict[str, Any]]]
"""table → kind (colonne, clé, contrainte, index, référence, déclencheur …) → name → plain JSON value."""

_SCRATCH = {None: "erp_attendu", "sync": "erp_attendu_sync"}
_IGNORED = {"alembic_version"}
_TRIGGER = re.compile(r"CREATE (?:OR REPLACE |CONSTRAINT )*TRIGGER (\w+)\s.*?\sON\s+([\w.]+)\s", re.DOTALL)


def _clean(text: str | None) -> str | None:
    if text is None:
        return None
    for scratch in (_SCRATCH["sync"], _SCRATCH[None]):
        text = text.replace(f"{scratch}.", "sync." if scratch == _SCRATCH["sync"] else "")
    return re.sub(r"\s+", " ", text).strip().strip("()") if text.count("(") == text.count(")") else text


def _columns(rows: Iterable[Mapping[str, Any]], dialect: sa.Dialect) -> dict[str, Any]:
    found = {}
    for row in rows:
        default = None if row["name"] == "id" else _clean(row.get("default"))
        if default is not None and "nextval(" in default:
            default = "nextval"
        found[row["name"]] = {
            "type": row["type"].compile(dialect=dialect),
            "obligatoire": not row["nullable"],
            "défaut": default,
            "identité": bool(row.get("identity")),
        }
    return found


def _indexes(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found = {}
    for row in rows:
        if row.get("duplicates_constraint"):
            continue
        options = row.get("dialect_options", {})
        where = options.get("sqlite_where", options.get("postgresql_where"))
        found[row["name"]] = {
            "colonnes": [str(c) for c in row.get("expressions") or row["column_names"]],
            "unique": bool(row["unique"]),
            "condition": _clean(str(where)) if where is not None else None,
        }
    return found


def _references(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    back = {scratch: schema for schema, scratch in _SCRATCH.items()}
    return {
        row["name"]: {
            "colonnes": row["constrained_columns"],
            "vers": [back.get(row["referred_schema"], row["referred_schema"]) or "", row["referred_table"],
                     *row["referred_columns"]],
            "suppression": (row.get("options") or {}).get("ondelete"),
        }
        for row in rows
    }  # fmt: skip


def _tables(connection: sa.Connection, schema: str | None) -> Structure:
    inspector = sa.inspect(connection)
    columns = inspector.get_multi_columns(schema=schema)
    keys = inspector.get_multi_pk_constraint(schema=schema)
    checks = inspector.get_multi_check_constraints(schema=schema)
    uniques = inspector.get_multi_unique_constraints(schema=schema)
    indexes = inspector.get_multi_indexes(schema=schema)
    references = inspector.get_multi_foreign_keys(schema=schema)
    found: Structure = {}
    for identity, rows in columns.items():
        if identity[1] in _IGNORED:
            continue
        key: Mapping[str, Any] = keys.get(identity) or {}
        constraints = {str(row["name"]): _clean(row["sqltext"]) for row in checks.get(identity, [])}
        constraints |= {str(r["name"]): f"UNIQUE {', '.join(r['column_names'])}" for r in uniques.get(identity, [])}
        found[identity[1]] = {
            "colonne": _columns(rows, connection.dialect),
            "clé": {str(key.get("name")): key.get("constrained_columns", [])},
            "contrainte": constraints,
            "index": _indexes(indexes.get(identity, [])),
            "référence": _references(references.get(identity, [])),
        }
    return found


def _sqlite_extras(connection: sa.Connection, found: Structure) -> None:
    """What reflection does not see: triggers, collations, WITHOUT ROWID."""
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    for kind, name, table, sql in rows.fetchall():
        if table not in found:
            continue
        if kind == "trigger":
            found[table].setdefault("déclencheur", {})[name] = re.sub(r"\s+", " ", sql)
        if kind == "table":
            words = re.findall(r"\b(?:COLLATE\s+\w+|WITHOUT\s+ROWID|STRICT|AUTOINCREMENT)\b", sql, re.IGNORECASE)
            if words:
                found[table]["option"] = {word.upper(): True for word in words}


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
        found.get(table, {}).setdefault("déclencheur", {})[trigger] = "actif" if enabled == "O" else "désactivé"
    for table, policy in connection.exec_driver_sql(
        f"SELECT {name}, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid {source}"
    ).fetchall():
        found.get(table, {}).setdefault("règle d'accès", {})[policy] = True
    for (table,) in connection.exec_driver_sql(
        f"SELECT {name} FROM pg_class c {source} AND c.relrowsecurity"
    ).fetchall():
        found.get(table, {})["sécurité par ligne"] = {"active": True}


def _expected_machinery(found: Structure) -> None:
    """The same, as ``db.central`` installs them."""
    for statement in central.statements():
        for trigger, table in _TRIGGER.findall(statement):
            found[table].setdefault("déclencheur", {})[trigger] = "actif"
        for policy, table in re.findall(r"CREATE POLICY (\w+) ON ([\w.]+)", statement):
            found[table].setdefault("règle d'accès", {})[policy] = True
        for table in re.findall(r"ALTER TABLE ([\w.]+) ENABLE ROW LEVEL SECURITY", statement):
            found[table]["sécurité par ligne"] = {"active": True}


def only_machinery(lines: Iterable[str]) -> bool:
    """Whether these differences are all of what an upgrade without any revision puts back."""
    kinds = (" : déclencheur « ", " : règle d'accès « ", " : sécurité par ligne « ")
    return all(any(kind in line for kind in kinds) for line in lines)


def read(connection: sa.Connection) -> Structure:
    """The structure of the connected database; tables of schema ``sync`` are named ``sync.<table>``."""
    if connection.dialect.name == "sqlite":
        found = _tables(connection, None)
        _sqlite_extras(connection, found)
        return found
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


def _metadata_for(name: str) -> list[sa.Table]:
    return [t for t in Base.metadata.sorted_tables if t.info.get("engine", name) == name]


def expected(connection: sa.Connection) -> Structure:
    """The structure that the models ask for on the engine of ``connection``, which is left as it was.

    On PostgreSQL the connection must not be inside a transaction, and its role must be allowed to create schemas.
    """
    if connection.dialect.name == "sqlite":
        return _expected_sqlite()
    with connection.begin() as transaction:
        for scratch in _SCRATCH.values():
            connection.exec_driver_sql(f"CREATE SCHEMA {scratch}")
        translated = connection.execution_options(schema_translate_map=dict(_SCRATCH))
        Base.metadata.create_all(translated, tables=_metadata_for("postgresql"), checkfirst=False)
        found = _tables(connection, _SCRATCH[None])
        for table, content in _tables(connection, _SCRATCH["sync"]).items():
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
            found = _tables(connection, None)
            for trigger in capture.triggers(
                {table: set(kinds["colonne"]) for table, kinds in found.items()}
            ).values():
                connection.exec_driver_sql(trigger)
            _sqlite_extras(connection, found)
            return found
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
    """Differences between the models and the connected database."""
    return differences(expected(connection), read(connection))


def digest(structure: Structure) -> str:
    """A short mark: equal structures, equal marks."""
    text = json.dumps(structure, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
