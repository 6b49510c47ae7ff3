"""Kinds of record: the icon of their tab, the module that declares their list and form, and the table behind them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur

KINDS = {
    "interventions": ("note-pencil", "erp_desktop.ui.interventions.list"),
    "clients": ("users-three", "erp_desktop.ui.clients"),
    "contrats": ("file-text", "erp_desktop.ui.contrats"),
    "equipements": ("factory", "erp_desktop.ui.equipements"),
    "techniciens": ("hard-hat", "erp_desktop.ui.techniciens"),
    "stock": ("package", "erp_desktop.ui.stock"),
    "mouvements": ("arrows-left-right", "erp_desktop.ui.stock.movements"),
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


_RELATED: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "clients": ("nom_entreprise", (("interventions", "client"), ("equipements", "client"), ("contrats", "client"),
                                   ("preventif", "client"), ("factures", "client"))),
    "equipements": ("nom", (("interventions", "equipement"), ("preventif", "equipement"))),
    "techniciens": ("nom", (("interventions", "technicien"),)),
    "contrats": ("numero_contrat", (("interventions", "contrat"), ("equipements", "contrat"),
                                    ("factures", "contrat"))),
    "stock": ("reference", (("mouvements", "piece"), ("interventions", "piece"))),
    "depots": ("nom", (("stock", "depot"), ("mouvements", "depot"))),
}  # fmt: skip
"""Kind → the name that its rows and records are called by, and the lists that show what is theirs, by which word."""


def title_of(kind: str) -> str:
    """What a list of the kind is called, in French."""
    return str(import_module(KINDS[kind][1]).LISTE.title)


def related(acteur: Acteur, kind: str, record: Any) -> list[tuple[str, str]]:
    """The sections that show what belongs to a row or a record of a list, with the filter that leaves just that."""
    # The frame of the window comes before the database libraries.
    from erp_desktop.services.search import exact

    named, lists = _RELATED.get(kind, ("", ()))
    # Of the sections, invoices alone are not everybody's.
    seen = [one for one in lists if one[0] != "factures" or roles.peut(acteur.role, roles.Droit.FICHIER_ECRIRE)]
    return [(section, f'{word}:"{exact.row(getattr(record, named), record.id)}"') for section, word in seen]


def table_of(kind: str) -> str:
    """The table behind a kind of record."""
    return _TABLES.get(kind, kind)


def kind_of(table: str | None) -> str | None:
    """The kind under which a row of a table is opened; None when it has no form."""
    return next((kind for kind in KINDS if table_of(kind) == table), None)
