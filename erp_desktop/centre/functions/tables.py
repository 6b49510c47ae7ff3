"""What the centre's functions know of the registry: columns with their policies, steps of statut, old names."""

from __future__ import annotations

import json

import sqlalchemy as sa

from erp_desktop.centre.sql import sql
from erp_desktop.domain import transitions
from erp_desktop.models import Base
from erp_desktop.models.declare import noun, said
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import RENAMED, TABLES
from erp_desktop.registry.wire_form import read_expression, write_expression


def _untold() -> str:
    names = {"updated_at"}
    for table in Base.metadata.tables.values():
        for column in table.columns if noun(table) else ():
            told = said(column)
            if isinstance(column.type, sa.LargeBinary) or (told is not None and told.stays):
                names.add(column.name)
    return "'{" + ",".join(sorted(names)) + "}'::text[]"


UNTOLD = _untold()
"""Columns that the journal of changes leaves out: each row has its moment, bytes would fill it, and what never leaves
the centre is nobody's to read."""


_COLUMNS = (
    "rang integer, nom_table text, colonne text, lire text, ecrire text, politique text, inscriptible boolean, "
    "ajout_seul boolean, retirable boolean, groupe text, demande boolean, suit text, permis text"
)


def _registry() -> list[str]:
    """The registry's lines, kept as rows: written into each statement that asks, they were planned with it.

    A thousand lines of constants cost most of the time of a small batch, and in the view's own query each connection
    read them with the view's definition: they are the text of a function that only its making calls. Nobody but the
    owner can refresh the view, and a restored copy makes it anew.
    """
    lines = [
        {
            "rang": rank,
            "nom_table": table.name,
            "colonne": column.name,
            "lire": read_expression(column.kind, "%s"),
            "ecrire": write_expression(column.kind, "%s"),
            "politique": column.policy.value,
            "inscriptible": table.device_writes,
            "ajout_seul": table.append_only,
            "retirable": table.taken_back or not table.append_only,
            "groupe": column.group.name if column.group else None,
            "demande": column.asks,
            "suit": column.group.follows if column.group else None,
            "permis": column.allowed or None,
        }
        for rank, table in enumerate(TABLES)
        for column in table.columns
    ]
    told = json.dumps(lines, ensure_ascii=False).replace("'", "''")
    return [
        # What earlier programs had instead.
        "DROP FUNCTION IF EXISTS sync.registre()",
        "DROP MATERIALIZED VIEW IF EXISTS sync.registre",
        "DROP FUNCTION IF EXISTS sync.lignes_registre()",
        f"CREATE FUNCTION sync.lignes_registre() RETURNS TABLE ({_COLUMNS}) LANGUAGE sql IMMUTABLE "
        f"AS $f$ SELECT * FROM json_to_recordset('{told}') AS r({_COLUMNS}) $f$",
        "CREATE MATERIALIZED VIEW sync.registre AS SELECT * FROM sync.lignes_registre()",
        "CREATE UNIQUE INDEX registre_cle ON sync.registre (nom_table, colonne)",
        "GRANT SELECT ON sync.registre TO erp_sync",
    ]


def _reachable_function() -> str:
    pairs = ", ".join(f"('{a}', '{b}')" for a, b in sorted(transitions.reachable_pairs()))
    return (
        "CREATE OR REPLACE FUNCTION sync.statut_atteignable(de text, vers text) RETURNS boolean "
        "LANGUAGE sql IMMUTABLE "
        f"BEGIN ATOMIC SELECT de = vers OR (de, vers) IN ({pairs}); END"
    )


def _following_function() -> str:
    """Whether mine can follow theirs. What was opened again at the centre is not archived as if it were still closed:
    whoever archived did not close it that time, and it would have no end."""
    closed = transitions.REOUVERTURE[0].value
    return (
        "CREATE OR REPLACE FUNCTION sync.statut_suit(base text, leur text, mien text) RETURNS boolean "
        "LANGUAGE sql IMMUTABLE AS $f$ SELECT leur = mien OR (sync.statut_atteignable(leur, mien) "
        f"AND (base IS DISTINCT FROM '{closed}' OR NOT sync.statut_atteignable(leur, '{closed}'))) $f$"
    )


def _lens_function() -> str:
    """Old names of columns, with the revisions whose programs use them."""
    rows = [
        f"('{r.table}', '{r.old}', '{r.new}', '{{{','.join(revisions.before(r.revision))}}}'::text[])"
        for r in RENAMED
    ]
    values = f"VALUES {', '.join(rows)}" if rows else "SELECT NULL, NULL, NULL, NULL::text[] WHERE false"
    return _known_function() + (
        "CREATE OR REPLACE FUNCTION sync.renommages() RETURNS TABLE (nom_table text, ancien text, nouveau text, "
        f"avant text[]) LANGUAGE sql IMMUTABLE AS $f$ {values} $f$"
    )


def _known_function() -> str:
    """Tables with later columns: how many a program of which revisions knows; the fewest count."""
    rows = [
        f"('{t.name}', {known}, '{{{','.join(revisions.before(revision))}}}'::text[])"
        for t in TABLES
        for revision, known in t.added
    ]
    values = f"VALUES {', '.join(rows)}" if rows else "SELECT NULL, NULL::integer, NULL::text[] WHERE false"
    return (
        "CREATE OR REPLACE FUNCTION sync.ajouts() RETURNS TABLE (nom_table text, connues integer, avant text[]) "
        f"LANGUAGE sql IMMUTABLE AS $f$ {values} $f$;\n"
    )


_LENS = sql("tables/lens")


def registry_functions() -> list[str]:
    """Statements that create them, callees first."""
    return [
        *_registry(),
        _reachable_function(),
        _following_function(),
        _lens_function(),
        _LENS,
    ]
