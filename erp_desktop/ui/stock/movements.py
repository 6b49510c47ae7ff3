"""The ledger as a list, with a bar that enters one movement after the other: scan, quantity, Enter."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import TypeMouvement
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError
from erp_desktop.services.stock import movements, quantities
from erp_desktop.services.stock.movements import MoveRow
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.spec import FieldSpec, FormSpec, Group, Head, ecrit_les_fiches
from erp_desktop.ui.kit.i18n import isolate
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.printing.transfers import print_transfers
from erp_desktop.ui.stock.figures import money
from erp_desktop.ui.stock.ledger_tab import origin, signed
from erp_desktop.ui.stock.movement_strip import MovementStrip
from erp_desktop.ui.wording import value_labels as labels

COLUMNS: list[Column[MoveRow]] = [
    Column("quand", "Date", 112, lambda r: labels.instant(r.quand), "code", numeric=True),
    Column("type_mouvement", "Mouvement", 110, lambda r: labels.label(TypeMouvement, r.type_mouvement), "strong"),
    Column("", "Référence", 116, lambda r: isolate(r.reference), "code", numeric=True),
    Column("", "Désignation", 180, lambda r: r.designation, stretch=True),
    Column("", "Dépôt", 120, lambda r: r.depot),
    Column("quantite", "Qté", 72, signed, "total", numeric=True),
    Column("", "Coût", 84, lambda r: money(r.valeur_unitaire), "figure", numeric=True, hidden=True),
    Column("lot", LABEL, 110, lambda r: isolate(r.lot) if r.lot else labels.NONE, "code", hidden=True),
    Column("", "Origine", 170, origin, "muted", wide=220),
    Column("", "Par", 120, lambda r: r.par or labels.NONE, "muted"),
]


def _never(*_values: Any) -> Any:
    raise NotAllowedError("Un mouvement ne se modifie pas : contre-passez-le.")


FORM = FormSpec(
    kind="mouvements",
    table="mouvements_stock",
    icon="arrows-left-right",
    new_title="Mouvement",
    groups=[
        Group("Mouvement", [
            FieldSpec("quand", "Date", "info", shown=lambda r: labels.instant(r.quand, year=True)),
            FieldSpec("piece", "Pièce", "info", shown=lambda r: f"{isolate(r.reference)} · {r.designation}"),
            FieldSpec("depot", "Dépôt", "info", shown=lambda r: r.depot),
            FieldSpec("quantite", kind="info", shown=signed),
            FieldSpec("valeur", "Coût", "info", shown=lambda r: money(r.valeur_unitaire)),
            FieldSpec("lot", kind="info", shown=lambda r: isolate(r.lot) if r.lot else labels.NONE),
            FieldSpec("origine", "Origine", "info", shown=origin),
            FieldSpec("par", "Par", "info", shown=lambda r: r.par),
        ]),
    ],
    load=movements.get,
    create=_never,
    update=_never,
    head=lambda r: Head(code=r.reference, title=labels.label(TypeMouvement, r.type_mouvement), tab=r.reference,
                        plain=origin(r)),
    saved="",
    created="",
    may_write=lambda _acteur, _record: False,
    why_not=lambda _acteur, _record: "Un mouvement ne se modifie pas : il se contre-passe.",
    printing=print_transfers,
)  # fmt: skip

LISTE: ListSpec[MoveRow] = ListSpec(
    title="Mouvements",
    icon="arrows-left-right",
    placeholder="Filtrer : type:sortie depot:fourgon piece:6308 le:17/11, un numéro d'intervention",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=movements.ids,
    first=movements.first,
    places=movements.PLACES,
    rows=movements.rows,
    one="1 mouvement",
    many="{n} mouvements",
    hints=movements.indices,
    empty="Aucun mouvement ne répond à ces critères",
    new="",
    form=FORM,
    sort="quand",
    descending=True,
    facets=[
        Facet("type", "Mouvement", options=lambda: labels.options(TypeMouvement)),
        Facet("depot", "Dépôt"),
        Facet("piece", "Pièce"),
        Facet("par", "Par"),
        Facet("le", "Le", shown=False),
        Facet("avant", "Avant", shown=False),
        Facet("apres", "Après", shown=False),
    ],
)


class MovesPage(ListPage):
    """The list with its bar, for those who may write."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__(LISTE, contexte)
        self.strip = MovementStrip(contexte)
        card = Card("surface.sunken")
        card.box.setContentsMargins(12, 8, 12, 8)
        card.box.addWidget(self.strip)
        self.banners.parentWidget().layout().insertWidget(2, card)  # type: ignore[union-attr]
        card.setVisible(_writes(contexte.acteur))
        contexte.tasks.run(
            lambda session: quantities.places(session, contexte.acteur, open_only=True), self.strip.show_places,
            owner=self,
        )  # fmt: skip

    def new_record(self) -> bool:
        self.strip.start()
        return True


def _writes(acteur: Acteur) -> bool:
    return ecrit_les_fiches(acteur)
