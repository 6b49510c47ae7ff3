"""By what people know the rows that a file refers to, and the tables that a file can fill."""

from __future__ import annotations

from erp_desktop.errors import UserError
from erp_desktop.registry.tables import BY_NAME, Reference

TABLES = (
    "clients", "contrats", "equipements", "techniciens", "pieces_detachees", "depots", "mouvements_stock",
    "lignes_intervention", "plannings",
)  # fmt: skip
"""Tables that a file can fill, in the order in which a take-over fills them."""

IDENTIFIANTS = {
    name: BY_NAME[name].known_by
    for name in (*TABLES, "checklists", "competences", "interventions", "users")
    if BY_NAME[name].root is None
}
"""Table → the columns by which people name its rows, the surest first."""


def references(table: str) -> dict[str, Reference]:
    """Name of the column that takes what people know (``client``) → the reference that it gives."""
    return {r.column.removesuffix("_id"): r for r in BY_NAME[table].references if r.target in IDENTIFIANTS}


def expressions(table: str) -> dict[str, str]:
    """Column of an export → SQL that names the referenced row as :func:`importer` reads it."""
    return {
        name: f"(SELECT coalesce({', '.join(f'r.{c}' for c in IDENTIFIANTS[ref.target])}, NULL) FROM {ref.target} r "
        f"WHERE r.id = {table}.{ref.column})"
        for name, ref in references(table).items()
        if table in TABLES
    }


def exiger(table: str) -> None:
    """Refuse a table that no file fills.

    Raises:
        UserError: naming the tables that one can.
    """
    if table not in TABLES:
        possible = ", ".join(sorted((*TABLES, "interventions")))
        raise UserError(f"L'import de « {table} » n'existe pas ; tables possibles : {possible}.")
