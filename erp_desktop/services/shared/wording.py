"""What the models declare of fields and tables, for who shows them: labels, closed lists, kinds of editor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.models.declare import Noun, Policy, noun, said
from erp_desktop.models.types import Instant, Jour, Montant
from erp_desktop.registry.tables import BY_NAME


@dataclass(frozen=True, slots=True)
class Wording:
    """One field.

    Attributes:
        label: French.
        kind: text, area, choice, picker, date, instant, whole, decimal, flag or other, by the column's type.
        values: the closed list.
        initial: what a blank form begins with.
        minutes, code: as ``models.declare.Field`` says.
        money: an amount in MAD.
        rewritable: a person may settle a conflict of it by other words.
        leads: the table of the row that it points to.
    """

    label: str
    kind: str
    values: type[StrEnum] | None = None
    initial: Any = None
    minutes: bool = False
    code: bool = False
    money: bool = False
    rewritable: bool = False
    leads: str = ""


_NO_AMOUNT = {"cible", "remise_pct", "retenue_is_pct", "retenue_tva_pct", "revision_pct"}
"""Decimals of two places that are per cent, or of what their row says."""


def _noun(table: str) -> Noun | None:
    return noun(Base.metadata.tables[table]) if table in Base.metadata.tables else None


@cache
def field(table: str, name: str) -> Wording | None:
    """A column of a table; None for one that a newer version has, and for those of every row."""
    known = Base.metadata.tables.get(table)
    column = known.c.get(name) if known is not None else None
    declared = said(column) if column is not None else None
    if column is None or declared is None:
        return None
    kind = _kind(column, declared.values)
    default = column.default.arg if isinstance(column.default, sa.ColumnDefault) else None
    policy = BY_NAME[table].column(name).policy if table in BY_NAME and not declared.stays else None
    scale = column.type.scale if isinstance(column.type, Montant) else 3
    return Wording(
        declared.label, kind, declared.values, default if kind in {"text", "choice"} else None, declared.minutes,
        declared.code, kind == "decimal" and scale != 3 and not name.startswith("taux") and name not in _NO_AMOUNT,
        policy is Policy.ASK and kind in {"text", "area"},
        next((key.target_fullname.partition(".")[0] for key in column.foreign_keys), ""),
    )  # fmt: skip


def _kind(column: sa.Column[Any], values: type[StrEnum] | None) -> str:
    if values is not None:
        return "choice"
    if column.foreign_keys:
        return "picker"
    kinds: tuple[tuple[type[Any], str], ...] = (
        (Montant, "decimal"), (Instant, "instant"), (Jour, "date"), (sa.Boolean, "flag"), (sa.Text, "area"),
        (sa.String, "text"), (sa.Integer, "whole"),
    )  # fmt: skip
    return next((kind for base, kind in kinds if isinstance(column.type, base)), "other")


@cache
def group(table: str, name: str) -> str:
    """The French label of columns that are decided together; empty when there is no such group."""
    declared = _noun(table)
    found = next((g for g in declared.groups if g.name == name), None) if declared is not None else None
    return found.label if found is not None else ""


def row(table: str) -> tuple[str, str]:
    """What one row of a table is called, in French, and its icon; empty words for a table of a newer version."""
    declared = _noun(table)
    return (declared.label, declared.icon) if declared is not None else ("", "file-text")
