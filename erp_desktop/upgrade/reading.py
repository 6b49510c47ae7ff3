"""The structure of tables, read: by reflection, and for a cache by the text that it was made from."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

Structure = dict[str, dict[str, dict[str, Any]]]
"""table → kind (colonne, clé, contrainte, index, référence, déclencheur …) → name → plain JSON value."""

SCRATCH = {None: "erp_attendu", "sync": "erp_attendu_sync"}
_IGNORED = {"alembic_version"}

# A dump that was read back spells the same CHECK with its casts elsewhere: a restored centre is not another one.
_CASTS = re.compile(r"::(?:character varying|text|bpchar)(?:\(\d+\))?(?:\[\])?")
_NEEDLESS = re.compile(r"(?<![\w'])\((\w+|ARRAY\[[^\[\]]*\])\)")


def clean(text: str | None) -> str | None:
    """An expression in one spelling: without scratch schemas, text casts and needless parentheses."""
    if text is None:
        return None
    for scratch in (SCRATCH["sync"], SCRATCH[None]):
        text = text.replace(f"{scratch}.", "sync." if scratch == SCRATCH["sync"] else "")
    text, before = _CASTS.sub("", text), None
    while text != before:
        text, before = _NEEDLESS.sub(r"\1", text), text
    return re.sub(r"\s+", " ", text).strip().strip("()") if text.count("(") == text.count(")") else text


def _columns(rows: Iterable[Mapping[str, Any]], dialect: sa.Dialect) -> dict[str, Any]:
    found = {}
    for row in rows:
        default = None if row["name"] == "id" else clean(row.get("default"))
        if default is not None and "nextval(" in default:
            default = "nextval"
        found[row["name"]] = {
            "type": row["type"].compile(dialect=dialect),
            "obligatoire": not row["nullable"],
            "défaut": default,
            "identité": bool(row.get("identity")),
            "calcul": clean((row.get("computed") or {}).get("sqltext")),
        }
    return found


def _named(rows: Iterable[Mapping[str, Any]], text: Callable[[Mapping[str, Any]], str]) -> dict[str, str]:
    """Constraints by name; those without one by what they say, so that none hides another."""
    return {str(row["name"] or f"sans nom : {text(row)}"): text(row) for row in rows}


def _references(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    back = {scratch: schema for schema, scratch in SCRATCH.items()}
    return {
        str(row["name"] or f"sans nom : {', '.join(row['constrained_columns'])}"): {
            "colonnes": row["constrained_columns"],
            "vers": [back.get(row["referred_schema"], row["referred_schema"]) or "", row["referred_table"],
                     *row["referred_columns"]],
            "options": {k: v for k, v in sorted((row.get("options") or {}).items()) if v not in {None, "NO ACTION"}},
        }
        for row in rows
    }  # fmt: skip


def reflected(connection: sa.Connection, schema: str | None, only: Sequence[str] | None) -> Structure:
    inspector = sa.inspect(connection)
    columns = inspector.get_multi_columns(schema=schema, filter_names=only)
    keys = inspector.get_multi_pk_constraint(schema=schema, filter_names=only)
    checks = inspector.get_multi_check_constraints(schema=schema, filter_names=only)
    with warnings.catch_warnings():
        # On SQLite it goes through the indexes, and those on expressions are read below.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection")
        uniques = inspector.get_multi_unique_constraints(schema=schema, filter_names=only)
    references = inspector.get_multi_foreign_keys(schema=schema, filter_names=only)
    found: Structure = {}
    for identity, rows in columns.items():
        if identity[1] in _IGNORED:
            continue
        key: Mapping[str, Any] = keys.get(identity) or {}
        constraints = _named(checks.get(identity, []), lambda row: str(clean(row["sqltext"])))
        constraints |= _named(uniques.get(identity, []), lambda row: f"UNIQUE {', '.join(row['column_names'])}")
        found[identity[1]] = {
            "colonne": _columns(rows, connection.dialect),
            "clé": {str(key.get("name")): key.get("constrained_columns", [])},
            "contrainte": constraints,
            "index": {},
            "référence": _references(references.get(identity, [])),
        }
    return found


_IMPLICIT = re.compile(r"\bREFERENCES\s+[\"`\[]?\w+[\"`\]]?(?!\s*\(|\w|[\"`\]])", re.IGNORECASE)
"""A reference that leaves its columns to the other table's key: only there the text is not all of a table."""
_read: dict[tuple[str, ...], str] = {}
"""Texts of a table of a cache and of its indexes → its structure, which follows from them: an upgrade reads the same
seventy tables several times, a quarter of a second each."""


def of_cache(connection: sa.Connection, only: Sequence[str] | None) -> Structure:
    """The structure of a cache, or of some of its tables."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'table' DESC, name"
    )
    texts: dict[str, list[str]] = {}
    triggers: dict[str, dict[str, str]] = {}
    for kind, name, table, sql in rows.fetchall():
        if kind == "table" and not name.startswith("sqlite_") and name not in _IGNORED:
            texts[name] = [name, sql]
        elif kind == "index" and table in texts:
            texts[table].append(sql)
        elif kind == "trigger":
            triggers.setdefault(table, {})[name] = re.sub(r"\s+", " ", sql)
    wanted = {table: tuple(said) for table, said in texts.items() if only is None or table in only}
    new = [table for table, said in wanted.items() if said not in _read]
    fresh = reflected(connection, None, new) if new else {}
    _sqlite_extras(connection, fresh)
    found = {table: fresh[table] if table in fresh else json.loads(_read[said]) for table, said in wanted.items()}
    _read.update({wanted[t]: json.dumps(fresh[t]) for t in fresh if not _IMPLICIT.search(texts[t][1])})
    for table, there in triggers.items():
        if table in found:
            found[table]["déclencheur"] = dict(there)
    return found


def split(text: str) -> tuple[list[str], str]:
    """The comma-separated items of a text's first parentheses, and what follows these."""
    depth, items, quoted = 0, [""], ""
    start = max(text.find("("), 0)
    for place, char in enumerate(text[start:], start):
        if quoted or char in "'\"":
            quoted = "" if char == quoted else quoted or char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return [re.sub(r"\s+", " ", item[1:] if i == 0 else item).strip() for i, item in enumerate(items)], (
                    text[place + 1 :].strip()
                )
        if char == "," and depth == 1 and not quoted:
            items.append("")
        else:
            items[-1] += char
    return items, ""


def _sqlite_extras(connection: sa.Connection, found: Structure) -> None:
    """What reflection does not see: indexes whole, collations, WITHOUT ROWID."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'trigger'"
    )
    for kind, name, table, sql in rows.fetchall() if found else ():
        if table not in found:
            continue
        if kind == "index":
            items, rest = split(sql)
            found[table]["index"][name] = {
                "colonnes": ", ".join(item.replace('"', "") for item in items),
                "unique": bool(re.match(r"CREATE\s+UNIQUE", sql, re.IGNORECASE)),
                "condition": clean(re.sub(r"^WHERE\s+", "", rest, flags=re.IGNORECASE)) or None,
            }
        if kind == "table":
            items, rest = split(sql)
            for item in items:
                collation = re.search(r"\bCOLLATE\s+\"?(\w+)", item, re.IGNORECASE)
                column = found[table]["colonne"].get(item.split()[0].strip('"`[]'))
                if column is not None and collation:
                    column["collation"] = collation[1].upper()
                # Reflection gives no name to a reference that was added with its column.
                inline = re.match(r"[\"`\[]?(\w+).*\bCONSTRAINT\s+\"?(\w+)\"?\s+REFERENCES\b", item, re.IGNORECASE)
                if inline and f"sans nom : {inline[1]}" in found[table]["référence"]:
                    found[table]["référence"][inline[2]] = found[table]["référence"].pop(f"sans nom : {inline[1]}")
            words = {w.upper() for w in re.findall(r"WITHOUT\s+ROWID|STRICT", rest, re.IGNORECASE)}
            words |= {"AUTOINCREMENT" for item in items if re.search(r"\bAUTOINCREMENT\b", item, re.IGNORECASE)}
            if words:
                found[table]["option"] = dict.fromkeys(sorted(words), True)
