"""Counts: list and form; the sheet itself has a page of its own."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout

from erp_desktop.domain.enums import EtatInventaire
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.stock import InventaireInput
from erp_desktop.services.stock import counting, counts, quantities
from erp_desktop.services.stock.counts import CountRow
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels

COLUMNS: list[Column[CountRow]] = [
    Column("numero", LABEL, 150, lambda r: isolate(r.numero), "code", numeric=True),
    Column("depot", "Dépôt", 180, lambda r: r.depot, "strong", stretch=True),
    Column("etat", LABEL, 170, lambda r: labels.label(EtatInventaire, r.etat)),
    Column("ouvert_a", LABEL, 120, lambda r: labels.instant(r.ouvert_a, year=True), "code", numeric=True),
    Column("", "Terminé le", 120, lambda r: labels.instant(r.fige_a, year=True), "code", numeric=True),
    Column("", "Pièces comptées", 110, lambda r: number(r.comptees), "figure", numeric=True),
    Column("", "Par", 130, lambda r: r.par or labels.NONE, "muted"),
]


def _places(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    words = text.casefold()
    found = quantities.places(session, acteur, open_only=True)
    return [(p.id, p.nom, "") for p in found if words in p.nom.casefold()]


class CountBar(RecordPart):
    """The way from the list to the sheet."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 14, 4)
        self.button = Button(tr("Ouvrir la feuille de comptage"), "soft", icon="arrow-square-out", on_click=self.open)
        row.addWidget(self.button)
        row.addStretch()

    def show_record(self, row_id: int | None, _record: Any) -> None:
        self._row_id = row_id
        self.setVisible(row_id is not None)

    def open(self) -> None:
        """Show the sheet in a tab of its own."""
        if self._row_id is not None:
            self._panel.contexte.open_record("inventaires", self._row_id)


FORM = FormSpec(
    kind="inventaires",
    table="inventaires",
    icon="check-circle",
    new_title="Nouvel inventaire",
    groups=[
        Group("Inventaire", [
            FieldSpec("depot_id", search=_places, shown=lambda r: r.depot,
                      writable=lambda _acteur, record: record is None),
            FieldSpec("etat", kind="info", shown=lambda r: labels.label(EtatInventaire, r.etat), on_create=False),
            FieldSpec("remarque", lines=2),
        ]),
    ],
    load=counts.get,
    create=lambda session, acteur, values: counting.create(session, acteur, InventaireInput(**values)),
    update=counting.update,
    head=lambda r: Head(code=r.numero, title=r.depot, tab=r.numero, plain=labels.label(EtatInventaire, r.etat)),
    saved="Inventaire enregistré",
    created="Inventaire ouvert",
    bar=CountBar,
)  # fmt: skip

LISTE: ListSpec[CountRow] = ListSpec(
    title="Inventaires",
    icon="check-circle",
    placeholder="Filtrer : etat:ouvert depot:fourgon, un numéro",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=counts.ids,
    first=counts.first,
    rows=counts.rows,
    one="1 inventaire",
    many="{n} inventaires",
    hints=counts.indices,
    empty="Aucun inventaire ne répond à ces critères",
    blank="Aucun inventaire",
    serves="Un inventaire compte un dépôt et règle ses écarts.",
    new="Nouvel inventaire",
    form=FORM,
    sort="ouvert_a",
    descending=True,
    facets=[
        Facet("etat", "État", options=lambda: labels.options(EtatInventaire)),
        Facet("depot", "Dépôt"),
    ],
    also=("lignes_inventaire",),
)
