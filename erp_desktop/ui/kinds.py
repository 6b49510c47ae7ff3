"""Kinds of record: the icon of their tab, the module that declares their list and form, and the table behind them."""

from __future__ import annotations

KINDS = {
    "interventions": ("note-pencil", "erp_desktop.ui.interventions.list"),
    "clients": ("users-three", "erp_desktop.ui.clients"),
    "contrats": ("file-text", "erp_desktop.ui.contrats"),
    "equipements": ("factory", "erp_desktop.ui.equipements"),
    "techniciens": ("hard-hat", "erp_desktop.ui.techniciens"),
    "stock": ("package", "erp_desktop.ui.stock"),
    "mouvements": ("file-text", "erp_desktop.ui.stock.movements"),
    "inventaires": ("check-circle", "erp_desktop.ui.stock.counts"),
    "depots": ("archive", "erp_desktop.ui.stock.depots"),
    "preventif": ("calendar-check", "erp_desktop.ui.preventif"),
    "modeles": ("copy", "erp_desktop.ui.modeles"),
    "factures": ("receipt", "erp_desktop.ui.factures"),
    "objectifs": ("gauge", "erp_desktop.ui.rapports.targets"),
    "checklists": ("list-bullets", "erp_desktop.ui.checklists"),
}
"""Kind → icon, and the module whose ``LISTE`` is its list and form."""
_TABLES = {"stock": "pieces_detachees", "mouvements": "mouvements_stock", "preventif": "plannings",
           "modeles": "modeles_intervention"}  # fmt: skip


def table_of(kind: str) -> str:
    """The table behind a kind of record."""
    return _TABLES.get(kind, kind)


def kind_of(table: str | None) -> str | None:
    """The kind under which a row of a table is opened; None when it has no form."""
    return next((kind for kind in KINDS if table_of(kind) == table), None)
