"""Which screens there are, in the order of the navigation; each is imported when first opened."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from erp_desktop.domain.enums import Role
from erp_desktop.ui.context import Contexte, Section
from erp_desktop.ui.kinds import KINDS, table_of
from erp_desktop.ui.kit.i18n import everywhere
from erp_desktop.ui.page import Page

_EVERYBODY = frozenset({Role.ADMIN, Role.RESPONSABLE, Role.AGENT, Role.TECHNICIEN})
_MANAGERS = frozenset({Role.ADMIN, Role.RESPONSABLE})
_PLANNERS = _EVERYBODY - {Role.TECHNICIEN}


def spec(kind: str) -> Any:
    """The list specification of a noun."""
    return import_module(KINDS[kind][1]).LISTE


def preload() -> None:
    """Import and read what the first pages and Ctrl+K need, off the window's thread, while somebody logs in."""
    for kind in KINDS:
        spec(kind)
    everywhere("Interventions")
    import_module("erp_desktop.ui.lists.page")


def _list(kind: str) -> Any:
    def make(contexte: Contexte) -> Page:
        from erp_desktop.ui.lists.page import ListPage

        return ListPage(spec(kind), contexte)

    return make


def _record(kind: str) -> Any:
    def make(contexte: Contexte, row_id: int | None, slot: int | None = None) -> Page:
        from erp_desktop.ui.forms.page import RecordPage

        return RecordPage(spec(kind).form, contexte, row_id, slot)

    return make


def _parts(contexte: Contexte) -> Page:
    from erp_desktop.ui.stock.page import PartsPage

    return PartsPage(contexte)


def _moves(contexte: Contexte) -> Page:
    from erp_desktop.ui.stock.movements import MovesPage

    return MovesPage(contexte)


def _count(contexte: Contexte, row_id: int | None, slot: int | None = None) -> Page:
    """A count that is begun is a sheet to fill in; a new one asks for its place first."""
    if row_id is None:
        page: Page = _record("inventaires")(contexte, row_id, slot)
        page.makes_way = True
        return page
    from erp_desktop.ui.stock.count_page import CountPage

    return CountPage(contexte, row_id)


def _rapports(contexte: Contexte) -> Page:
    from erp_desktop.ui.rapports import RapportsPage

    return RapportsPage(contexte)


def _composer(contexte: Contexte) -> Page:
    from erp_desktop.ui.rapports.composer import ComposerPage

    return ComposerPage(contexte)


def _tableau(contexte: Contexte) -> Page:
    from erp_desktop.ui.tableau.page import TableauPage

    return TableauPage(contexte)


def first_section(role: Role) -> str:
    """What somebody sees first."""
    return "tableau" if role in _MANAGERS else "interventions"


def _conflits(contexte: Contexte) -> Page:
    from erp_desktop.ui.conflits.page import ConflitsPage

    return ConflitsPage(contexte)


def _preventif(contexte: Contexte) -> Page:
    from erp_desktop.ui.preventif.page import PlansPage

    return PlansPage(contexte)


def _factures(contexte: Contexte) -> Page:
    from erp_desktop.ui.factures.page import InvoicesPage

    return InvoicesPage(contexte)


def _facture(contexte: Contexte, row_id: int | None, slot: int | None = None) -> Page:
    from erp_desktop.ui.factures.record_page import InvoiceRecordPage

    return InvoiceRecordPage(contexte, row_id, slot)


def _a_facturer(contexte: Contexte, _row_id: int | None, _slot: int | None = None) -> Page:
    from erp_desktop.ui.factures.billable_page import BillablePage

    return BillablePage(contexte)


def _planning(contexte: Contexte) -> Page:
    from erp_desktop.ui.planning.page import PlanningPage

    return PlanningPage(contexte)


def _audit(contexte: Contexte) -> Page:
    from erp_desktop.ui.audit.page import AuditPage

    return AuditPage(contexte)


def _administration(contexte: Contexte) -> Page:
    from erp_desktop.ui.administration.page import AdministrationPage

    return AdministrationPage(contexte)


IMPORTS = {
    kind: table_of(kind)
    for kind in ("clients", "contrats", "depots", "equipements", "interventions", "mouvements", "preventif", "stock",
                 "techniciens")
}  # fmt: skip
"""Kind of record → the table that a file fills in the window."""


def _import(kind: str) -> Any:
    def make(contexte: Contexte, _row_id: int | None, _slot: int | None = None) -> Page:
        from erp_desktop.ui.imports.page import ImportPage

        return ImportPage(contexte, IMPORTS[kind], spec(kind).title)

    return make


def sections() -> list[Section]:
    """Every section; the workspace leaves out those that a role may not see."""
    return [
        Section("tableau", "Tableau de bord", "gauge", "Exploitation", _tableau, _MANAGERS),
        Section("interventions", "Interventions", "wrench", "Exploitation", _list("interventions"), _EVERYBODY),
        Section("planning", "Planning", "calendar-dots", "Exploitation", _planning, _EVERYBODY),
        Section("preventif", "Préventif", "calendar-check", "Exploitation", _preventif, _EVERYBODY),
        Section("checklists", "Checklists", "list-bullets", "Exploitation", _list("checklists"), _PLANNERS),
        Section("modeles", "Modèles", "copy", "Exploitation", _list("modeles"), _PLANNERS),
        Section("clients", "Clients", "users-three", "Parc", _list("clients"), _EVERYBODY),
        Section("contrats", "Contrats", "file-text", "Parc", _list("contrats"), _EVERYBODY),
        Section("equipements", "Équipements", "factory", "Parc", _list("equipements"), _EVERYBODY),
        Section("techniciens", "Techniciens", "hard-hat", "Moyens", _list("techniciens"), _EVERYBODY),
        Section("stock", "Stock", "package", "Moyens", _parts, _EVERYBODY),
        Section("mouvements", "Mouvements", "arrows-left-right", "Moyens", _moves, _EVERYBODY),
        Section("inventaires", "Inventaires", "check-circle", "Moyens", _list("inventaires"), _EVERYBODY),
        Section("depots", "Dépôts", "archive", "Moyens", _list("depots"), _EVERYBODY),
        Section("factures", "Factures", "receipt", "Gestion", _factures, _PLANNERS),
        Section("rapports", "Rapports", "chart-bar", "Gestion", _rapports, _EVERYBODY),
        Section("composer", "Composer un rapport", "note-pencil", "Gestion", _composer, _MANAGERS),
        Section("audit", "Journal des actes", "clock-counter-clockwise", "Gestion", _audit, _MANAGERS),
        Section("objectifs", "Objectifs", "gauge", "Gestion", _list("objectifs"), _MANAGERS, shown=False),
        Section(
            "administration",
            "Administration",
            "sliders-horizontal",
            "Gestion",
            _administration,
            frozenset({Role.ADMIN}),
        ),
        Section("conflits", "Conflits", "git-merge", "À régler", _conflits, _EVERYBODY, alert=True),
    ]


def records() -> dict[str, Any]:
    """Kind of record → its icon and what builds its page."""
    made = {kind: (icon, _record(kind)) for kind, (icon, _) in KINDS.items()}
    made |= {f"import-{kind}": ("upload-simple", _import(kind)) for kind in IMPORTS}
    made["a_facturer"] = ("receipt", _a_facturer)
    made["factures"] = (KINDS["factures"][0], _facture)
    return made | {"inventaires": (KINDS["inventaires"][0], _count)}
