"""Rows for whatever tables and columns a revision has, valid for its constraints, on both engines."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.models import Base
from erp_desktop.models.types import Instant, Montant

_WHEN = datetime(2025, 1, 10, 8, 30, 15, 123456, tzinfo=UTC)
_INSTANTS = {c.name for t in Base.metadata.sorted_tables for c in t.columns if isinstance(c.type, Instant)}
_MONEY = {c.name for t in Base.metadata.sorted_tables for c in t.columns if isinstance(c.type, Montant)}
_SELF = {"parent_id", "facture_origine_id", "remplacee_par_id", "annule_id", "origine_id", "ligne_origine_id"}


_known: dict[object, tuple[dict[str, sa.Table], dict[str, dict[str, str]]]] = {}
"""Text of all tables → what was reflected from it."""
_STRUCTURE = {
    "sqlite": "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index')",
    "postgresql": (
        "SELECT concat(c.relname, ' ', a.attname, ' ', format_type(a.atttypid, a.atttypmod), ' ', a.attnotnull, ' ', "
        "(SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum)) "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace "
        "UNION ALL SELECT concat(conrelid::regclass, ' ', conname, ' ', pg_get_constraintdef(oid)) "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
        "UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    ),
}


def metier(connection: sa.Connection) -> dict[str, sa.Table]:
    """Reflected business tables by name, parents first."""
    return _reflected(connection)[0]


def _reflected(connection: sa.Connection) -> tuple[dict[str, sa.Table], dict[str, dict[str, str]]]:
    """Business tables, and the closed lists of each."""
    text = (connection.dialect.name, *connection.exec_driver_sql(_STRUCTURE[connection.dialect.name]).scalars())
    if text not in _known:
        metadata = sa.MetaData()
        with warnings.catch_warnings():
            # Rows need no index, and SQLAlchemy does not read those of an expression on SQLite.
            warnings.filterwarnings("ignore", "Skipped unsupported reflection")
            metadata.reflect(connection)
        tables = {t.name: t for t in metadata.sorted_tables if _is_business(t.name)}
        _known[text] = tables, {name: _choices(connection, name) for name in tables}
    return _known[text]


_DRAFT = {"statut": "brouillon", "numero": "PROV-{n}"}
"""An invoice as a cache's own rules let a device write it."""
_TOTALS = {"total_ht": Decimal(1), "total_tva": Decimal("0.2"), "total_ttc": Decimal("1.2")}


def _is_business(table: str) -> bool:
    return not table.startswith(("_", "sync_")) and table not in {"alembic_version", "journal_migrations"}


def _choices(connection: sa.Connection, table: str) -> dict[str, str]:
    """Column → first value of its closed list."""
    found = {}
    for check in sa.inspect(connection).get_check_constraints(table):
        match = re.match(r"\(*(\w+)\)*(?:::text)?\s*(?:IN|= ANY)", str(check["sqltext"]))
        values = re.findall(r"'([^']*)'", str(check["sqltext"]))
        if match and values:
            found[match[1]] = values[0]
    return found


def _value(table: sa.Table, column: sa.Column[Any], n: int, choices: dict[str, str], sqlite: bool) -> Any:
    name = column.name
    if table.name == "factures" and name in _DRAFT:
        return _DRAFT[name].format(n=n)
    if name == "id":
        return n
    if name in choices:
        return choices[name]
    if name == "motif_attente":
        # A closed list that a rule holds, and no CHECK tells of.
        return "piece"
    if name == "suivi":
        return "lot"
    if name == "moment":
        return "avant"
    if table.name == "horaires_agence" and name in {"debut", "fin"}:
        return "08:30" if name == "debut" else "24:00"
    if name == "fin" and table.name in {"absences", "arrets", "attentes", "creneaux", "temps"}:
        return clock.to_text(_WHEN + timedelta(hours=2)) if sqlite else _WHEN + timedelta(hours=2)
    if table.name == "absences" and name in {"recurrence", "recurrence_fin"}:
        return None
    if name in _INSTANTS and not isinstance(column.type, sa.Date):
        return clock.to_text(_WHEN) if sqlite else _WHEN
    if name in {"taux", "taux_tva", "revision_pct", "retenue_tva_pct", "retenue_is_pct"}:
        return "20.00" if sqlite else Decimal("20.00")
    if table.name == "lignes_facture" and name == "quantite":
        return "1.000" if sqlite else Decimal("1.000")
    if name == "remise_pct":
        return "0.00" if sqlite else Decimal("0.00")
    if table.name == "factures" and name in _TOTALS:
        # Those of the invoice's single line: a centre takes no other.
        total = (Decimal(f"{n}.50") * _TOTALS[name]).quantize(Decimal("0.01"))
        return str(total) if sqlite else total
    if name in _MONEY:
        return f"{n}.50" if sqlite else Decimal(f"{n}.50")
    if isinstance(column.type, sa.Boolean):
        return name in {"is_active", "is_verified"}
    if isinstance(column.type, sa.Date):
        # A different day per row: some tables allow one row per day.
        return date.fromordinal(date(2025, 1, 1).toordinal() + n)
    if isinstance(column.type, sa.JSON):
        return {"n": n}
    if isinstance(column.type, sa.LargeBinary):
        return f"octets {n}".encode()
    if isinstance(column.type, (sa.Integer, sa.BigInteger)):
        return 3 if name in {"satisfaction_client", "jour_iso", "niveau"} else n
    if name == "ice":
        return f"{n:015d}"
    if name == "code" and table.name == "agences":
        return f"A{n // 10 % 10000:04d}"
    if name == "sha256":
        return f"{n:064x}"
    text = f"{name} n°{n}"
    length = getattr(column.type, "length", None)
    return text[-length:] if length else text


def remplir(connection: sa.Connection, base: int, lignes: int = 3) -> dict[str, int]:
    """Insert ``lignes`` rows in every business table; identifiers are ``base``, ``base + 10`` …

    Returns:
        Rows now in each table.
    """
    sqlite = connection.dialect.name == "sqlite"
    counts = {}
    tables, closed = _reflected(connection)
    for name, table in tables.items():
        choices = closed[name]
        targets = {fk.parent.name: fk.column.table.name for fk in table.foreign_keys}
        rows = []
        for n in range(base, base + 10 * lignes, 10):
            row = {}
            for column in table.columns:
                if column.name in _SELF or column.name in {"created_by_id", "poste"}:
                    continue
                if column.name != "sha256" and (column.name in targets or column.name == "technicien_id"):
                    row[column.name] = n
                else:
                    row[column.name] = _value(table, column, n, choices, sqlite)
            rows.append(row)
        connection.execute(table.insert(), rows)
        counts[name] = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    connection.commit()
    return counts


def contenu(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every business row as it is stored, in the order of its first column, which is a key's."""
    found = {}
    for name in sa.inspect(connection).get_table_names():
        if _is_business(name):
            rows = connection.exec_driver_sql(f'SELECT * FROM "{name}" ORDER BY 1').mappings()
            found[name] = [dict(r) for r in rows]
    connection.rollback()
    return found
