"""Typed words that mean exactly one row, or exactly one text: ``client:"Atlas #1042"``, ``famille:=presse``.

What a number of the dashboard opens is a filter that people read and change; a name alone would show the rows of
every other name that contains it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models import Agence, Client, Contrat, Depot, Equipement
from erp_desktop.services.shared.lists import Colonne, contient, est_sqlite, motif_glob, motif_regex, un_de

_ROW = re.compile(r"(?:^|\s)(#\d{1,18}(?:,#\d{1,18})*)\s*$")
Named = Callable[[list[str]], sa.ColumnElement[bool]]
"""Condition of the values that name no row exactly."""


def row(name: str, ident: int) -> str:
    """The value that means this row and no other."""
    return f"{' '.join(name.replace(chr(34), ' ').split())} #{ident}".strip()


def whole(text: str) -> str:
    """The value that means this text and no other that contains it."""
    return f"={text.replace(chr(34), ' ')}"


def of(identifier: Colonne, values: Sequence[str], named: Named) -> sa.ColumnElement[bool]:
    """Rows whose ``identifier`` is that of an exact value, or that the other values name."""
    found = [(value, _ROW.search(value)) for value in values]
    idents = [int(one[1:]) for _, match in found if match is not None for one in match[1].split(",")]
    others = [value for value, match in found if match is None]
    either: list[sa.ColumnElement[bool]] = [identifier.in_(idents)] if idents else []
    return sa.or_(sa.false(), *either, *([named(others)] if others else []))


def text(session: Session, column: Colonne, value: str) -> sa.ColumnElement[bool]:
    """Contains the value; is it, whatever the accents and capitals, when it begins with ``=``."""
    if not value.startswith("="):
        return contient(session, column, value)
    if est_sqlite(session):
        return column.op("GLOB", is_comparison=True)(motif_glob(value[1:])[1:-1])
    return column.op("~", is_comparison=True)(f"^{motif_regex(value[1:])}$")


def client(session: Session, column: Any, values: Sequence[str], *, near: bool = False) -> sa.ColumnElement[bool]:
    """Of the clients that ``values`` name; with ``near`` each row looks its own up."""
    return _far(session, column, values, Client.id, Client.nom_entreprise, near=near)


def contract(session: Session, column: Any, values: Sequence[str], *, near: bool = False) -> sa.ColumnElement[bool]:
    """Of the contracts whose numbers ``values`` give; with ``near`` each row looks its own up."""
    return _far(session, column, values, Contrat.id, Contrat.numero_contrat, near=near)


def _far(
    session: Session, column: Any, values: Sequence[str], ident: Any, called: Any, *, near: bool
) -> sa.ColumnElement[bool]:  # fmt: skip
    def named(names: list[str]) -> Any:
        said = sa.or_(*(contient(session, called, v) for v in names))
        if near:
            # An order may join the same table.
            return sa.exists().where(ident == column, said).correlate_except(ident.class_)
        return column.in_(sa.select(ident).where(said))

    return of(column, values, named)


def is_row(value: str) -> bool:
    """Whether a value names a row, not what it is called."""
    return _ROW.search(value) is not None


def agency(column: Any, values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Of the agencies whose codes ``values`` give."""
    return of(column, values, lambda codes: column.in_(
        sa.select(Agence.id).where(sa.func.lower(Agence.code).in_(codes))))  # fmt: skip


def named_client(session: Session, values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Condition on ``clients``: those that ``values`` name."""
    called = Client.nom_entreprise
    return of(Client.id, values, lambda names: sa.or_(*(contient(session, called, v) for v in names)))


def depot(session: Session, column: Any, values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Of the places that ``values`` name."""
    return of(column, values, lambda names: column.in_(
        sa.select(Depot.id).where(sa.or_(*(contient(session, Depot.nom, v) for v in names)))))  # fmt: skip


def machine(session: Session, values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Condition on ``equipements``: the machines that ``values`` name, by name or code."""
    e = Equipement
    return of(e.id, values, lambda names: sa.or_(*(un_de(session, v, e.nom, e.code_interne) for v in names)))


def below(roots: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Identifiers of the machines that meet a condition and of all their parts, in a tree that may have a circle."""
    tree = sa.select(Equipement.id).where(roots).cte("arbre", recursive=True)
    tree = tree.union(sa.select(Equipement.id).join(tree, Equipement.parent_id == tree.c.id))
    return sa.select(tree.c.id)
