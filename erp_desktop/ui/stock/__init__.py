"""Parts: list and form, with what there is of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from erp_desktop.domain.enums import TypeDepot
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.stock import PieceInput
from erp_desktop.domain.writing import bidi
from erp_desktop.services.stock import lookup, parts
from erp_desktop.services.stock.parts import PartRow
from erp_desktop.ui.audit.tab import history_of
from erp_desktop.ui.forms.spec import REPLACE, Choices, FieldSpec, FormSpec, Group, Head, Values
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.spec import Facet, ListSpec, Shortcut
from erp_desktop.ui.stock.figures import money, quantity
from erp_desktop.ui.stock.ledger_tab import LedgerTab
from erp_desktop.ui.stock.lots_tab import LotsTab
from erp_desktop.ui.stock.part_bar import PartBar
from erp_desktop.ui.stock.print_labels import print_labels
from erp_desktop.ui.stock.threshold_tab import ThresholdTab
from erp_desktop.ui.wording import value_labels as labels

STATES = {
    "negatif": "Négatif", "sous_minimum": "Sous le minimum", "a_commander": "À commander",
    "dormant": "Sans mouvement depuis un an",
}  # fmt: skip


def draw_held(painter: QPainter, rect: QRect, held: Decimal, rtl: bool, *, low: bool) -> None:
    """What a place or a kind of places holds, on a red chip where it is under a minimum of its own."""
    look = theme()
    if low:
        paint.alert_chip(painter, rect, quantity(held))
        return
    paint.text(painter, rect, quantity(held, blank=True), rtl=rtl, font=look.font("body", tabular=True),
               colour=look.color("text.secondary"), end=True)  # fmt: skip


def _sum(kind: TypeDepot, held: Callable[[PartRow], Decimal], title: str, wide: int) -> Column[PartRow]:
    """What all the places of a kind hold."""

    def words(row: PartRow) -> str:
        low = kind in row.bas.values()
        return f"⚠ {quantity(held(row))}" if low else quantity(held(row), blank=True)

    def draw(painter: QPainter, rect: QRect, row: PartRow, rtl: bool) -> None:
        draw_held(painter, rect, held(row), rtl, low=kind in row.bas.values())

    return Column("", title, wide, words, "figure", numeric=True, draw=draw)


def _total(row: PartRow) -> str:
    return ("⚠ " if row.short or row.negatif else "") + quantity(row.total)


def _draw_total(painter: QPainter, rect: QRect, row: PartRow, rtl: bool) -> None:
    """The total, on a red chip where it is under the minimum or a place owes parts."""
    words, look = quantity(row.total), theme()
    if not (row.short or row.negatif):
        paint.text(painter, rect, words, rtl=rtl, font=look.font("strong", tabular=True),
                   colour=look.color("text.primary"), end=True)  # fmt: skip
        return
    paint.alert_chip(painter, rect, words)


COLUMNS: list[Column[PartRow]] = [
    Column("reference", LABEL, 96, lambda r: isolate(r.reference), "code", numeric=True, wide=140),
    Column("designation", LABEL, 200, lambda r: r.designation, "strong", stretch=True),
    Column("famille", LABEL, 100, lambda r: r.famille or labels.NONE, "muted", hidden=True),
    _sum(TypeDepot.AGENCE, lambda r: r.magasin, "Magasin", 72),
    _sum(TypeDepot.VEHICULE, lambda r: r.fourgons, "Fourgons", 76),
    Column("", "Total", 66, _total, "total", numeric=True, draw=_draw_total),
    Column("", "Réservé", 66, lambda r: quantity(r.reserve, blank=True), "figure", numeric=True, leaves=2),
    Column("", "Min.", 52, lambda r: quantity(r.minimum, blank=True), "figure", numeric=True),
    Column("", "À commander", 84, lambda r: quantity(r.a_commander, blank=True), "figure", numeric=True),
    Column("", "Valeur MAD", 96, lambda r: money(r.valeur), "figure", numeric=True, leaves=1),
]


def _parts(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return [(c.id, f"{c.reference} · {c.designation}", "") for c in lookup.choices(session, acteur, text)]


def _plain(record: Any) -> str:
    # One piece with its unit: the letters of a unit would otherwise say in which direction the sentence reads.
    words = tr("{n} en stock", n=isolate(bidi.nu(f"{quantity(record.total)}\u00a0{record.unite}")))
    if record.minimum:
        words = tr("{stock}, minimum {n}", stock=words, n=quantity(record.minimum))
    return words


def _value(record: Any) -> str:
    """Both figures where they differ: with what is below zero, and without."""
    if record.valeur is None or record.valeur == record.valeur_nette:
        return money(record.valeur)
    return tr("{valeur} (avec les négatifs : {nette})", valeur=money(record.valeur), nette=money(record.valeur_nette))


FORM = FormSpec(
    kind="stock",
    table="pieces_detachees",
    icon="package",
    new_title="Nouvelle pièce",
    groups=[
        Group("Identité", [
            FieldSpec("reference"),
            FieldSpec("designation"),
            FieldSpec("famille", bulk=REPLACE),
            FieldSpec("code_barres", placeholder="Scannez l'étiquette"),
            FieldSpec("unite", bulk=REPLACE),
            FieldSpec("emplacement", placeholder="Allée et casier du magasin", bulk=REPLACE),
            FieldSpec("stock_minimum", bulk=REPLACE),
            FieldSpec("suivi"),
        ]),
        Group("Prix", [
            FieldSpec("prix_unitaire", bulk=REPLACE),
            FieldSpec("taux_tva", initial=Decimal(20), bulk=REPLACE),
            FieldSpec("cout_moyen", "Coût moyen", "info", on_create=False,
                      shown=lambda r: money(r.cout_moyen.quantize(Decimal("0.01")) if r.cout_moyen else None)),
            FieldSpec("valeur", "Valeur du stock", "info", shown=_value, on_create=False),
        ]),
        Group("Approvisionnement", [
            FieldSpec("fournisseur", bulk=REPLACE),
            FieldSpec("fournisseur_reference"),
            FieldSpec("remplacee_par_id", search=_parts, shown=lambda r: r.remplacee_par),
        ]),
    ],
    load=parts.get,
    create=lambda session, acteur, values: parts.create(session, acteur, PieceInput(**values)),
    update=parts.update,
    head=lambda r: Head(code=r.reference, title=r.designation, tab=r.reference, plain=_plain(r)),
    saved="Pièce enregistrée",
    created="Pièce créée",
    bar=PartBar,
    printing=print_labels,
    tabs=[("Mouvements", LedgerTab), ("Lots et séries", LotsTab),
          ("Seuils", ThresholdTab), history_of("pieces_detachees")],
)  # fmt: skip


def states() -> list[tuple[str, str]]:
    return [(value, tr(words)) for value, words in STATES.items()]


LISTE: ListSpec[PartRow] = ListSpec(
    title="Stock",
    icon="package",
    placeholder="Scannez un code-barres, ou filtrez : etat:sous minimum depot:fourgon roulement",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=parts.ids,
    places=parts.PLACES,
    rows=parts.rows,
    one="1 pièce",
    many="{n} pièces",
    feminine=True,
    hints=parts.indices,
    empty="Aucune pièce ne répond à ces critères",
    new="Nouvelle pièce",
    form=FORM,
    sort="designation",
    shortcuts=[Shortcut("etat", "sous_minimum", "Sous le minimum", "warning")],
    facets=[
        Facet("etat", "État du stock", options=states),
        Facet("depot", "Dépôt"),
        Facet("famille", "Famille"),
        Facet("fournisseur", "Fournisseur"),
        Facet("agence", "Agence", shown=False),
        Facet("piece", "Pièce", shown=False),
        Facet("chez", "Tenue par l'agence", shown=False),
    ],
    also=("mouvements_stock", "stock_seuils", "lignes_intervention"),
)
