"""Beside the sheet of a count: how far it is, what differs, what was entered last, and the keys below it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.enums import EtatInventaire
from erp_desktop.services.stock import counting
from erp_desktop.services.stock.counting import Counted, Sheet
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.kit.controls import Elided, Text, clear
from erp_desktop.ui.kit.i18n import comma, isolate, number, tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.surfaces import Banner, Card, Surface
from erp_desktop.ui.stock.figures import money, quantity
from erp_desktop.ui.wording import value_labels as labels

KEYS = (
    ("Entrée", "Ligne suivante"), ("Tab", "Motif"), ("F2", "Corriger le compté"), ("F3", "Autre casier"),
    ("Ctrl Z", "Annuler la frappe"),
)  # fmt: skip
_ENOUGH = 5
"""So many counted lines tell how long the rest takes."""
_ONE_SITTING = timedelta(hours=8)
_NAMED = 3
_LAST = 5


class CountSide(Surface):
    """The column at the end of the page."""

    def __init__(self) -> None:
        super().__init__("surface.sunken", "border.subtle", sides="s")
        self.setFixedWidth(290)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        body = QWidget()
        body.setObjectName("corps")
        # On a small screen, in Arabic more so, its lines would lie over one another.
        outer.addWidget(scroller(body))
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(12)
        column.addWidget(Text(tr("Avancement"), "section"))
        self.progress = Text("", "strong")
        column.addWidget(self.progress)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName(tr("Avancement"))
        column.addWidget(self.bar)
        self.since = Text("", "caption", "text.tertiary", wrap=True)
        column.addWidget(self.since)
        gaps = Card()
        gaps.box.addWidget(Text(tr("Écarts à ce stade"), "strong"))
        self.gaps = QVBoxLayout()
        gaps.box.addLayout(self.gaps)
        column.addWidget(gaps)
        last = Card()
        last.box.addWidget(Text(tr("Dernières saisies"), "strong"))
        self.entries = QVBoxLayout()
        last.box.addLayout(self.entries)
        column.addWidget(last)
        self.moved = QVBoxLayout()
        column.addLayout(self.moved)
        end = Card()
        end.box.addWidget(Text(tr("À la fin"), "strong"))
        end.box.addWidget(Text(
            tr("Les écarts deviennent des mouvements « ajustement », datés de l'instant du comptage et motivés. Rien "
               "n'est effacé. Au-delà de {n} MAD, un responsable valide.", n=quantity(counting.LIMIT)),
            "caption", "text.secondary", wrap=True,
        ))  # fmt: skip
        column.addWidget(end)
        column.addStretch()

    def show_sheet(self, sheet: Sheet, *, blind: bool) -> None:
        """Say how it stands.

        Args:
            blind: whoever counts does not see what is expected.
        """
        counted, total = len(sheet.counted), len(sheet.lines)
        self.progress.setText(tr("{n} lignes comptées sur {total}", n=number(counted), total=number(total)))
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(counted)
        words = tr("commencé {quand}", quand=labels.happened(sheet.ouvert_a))
        if left := _minutes_left(sheet):
            words += " · " + tr("environ {n} min restantes", n=number(left))
        self.since.setText(words)
        self.show_gaps(sheet, blind=blind)
        self._show_entries(sheet)
        self._show_moved(sheet)

    def show_gaps(self, sheet: Sheet, *, blind: bool) -> None:
        """What is missing, what is too much, and what both come to."""
        clear(self.gaps)
        less = [x for x in sheet.gaps if (x.ecart or 0) < 0]
        more = [x for x in sheet.gaps if (x.ecart or 0) > 0]
        for words, found, tone in (
            (tr("Manquants"), less, "semantic.danger.text"), (tr("Excédents"), more, "semantic.warning.text"),
        ):  # fmt: skip
            shown = "—" if blind else f"{number(len(found))} · {money(_worth(found))}"
            self.gaps.addWidget(_pair(words, shown, tone))
        if sheet.gaps:
            net = "—" if blind else f"{money(_worth(sheet.gaps))} MAD"
            self.gaps.addWidget(_pair(tr("Net"), net, "text.primary"))
        apart = sum((abs(x.valeur) for x in sheet.gaps if x.valeur is not None), Decimal(0))
        over = not blind and apart > counting.LIMIT
        words = tr("Seuil de validation : {n} MAD", n=isolate(money(counting.LIMIT)))
        if over:
            words += " · " + tr("dépassé, un responsable valide")
        self.gaps.addWidget(Text(words, "caption", "semantic.warning.text" if over else "text.tertiary", wrap=True))

    def _show_entries(self, sheet: Sheet) -> None:
        clear(self.entries)
        for entry in sheet.entries[:_LAST]:
            words = f"{clock.local(entry.quand):%H:%M}  {isolate(entry.designation)}"
            words += f" · {isolate(entry.lot)}" if entry.lot else ""
            self.entries.addWidget(_pair(words, quantity(entry.quantite, signed=True), "text.primary"))
        if not sheet.entries:
            self.entries.addWidget(Text(tr("Rien n'est encore compté."), "caption", "text.tertiary"))

    def _show_moved(self, sheet: Sheet) -> None:
        clear(self.moved)
        names = list(dict.fromkeys(x.designation for x in sheet.lines if x.bouge))
        if not names or sheet.etat != EtatInventaire.OUVERT:
            return
        shown = comma().join(isolate(name) for name in names[:_NAMED])
        if len(names) > _NAMED:
            shown += " " + tr("et {n} autres", n=number(len(names) - _NAMED))
        self.moved.addWidget(Banner(
            "warning", tr("Mouvement pendant le comptage"), icon="package",
            detail=tr("{pieces} : l'attendu en tient compte.", pieces=shown),
        ))  # fmt: skip


def keys_line() -> QWidget:
    """The keys of the sheet, below it."""
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for cap, words in KEYS:
        row.addWidget(KeyCap(tr(cap)))
        row.addWidget(Text(tr(words), "caption", "text.secondary"))
        row.addSpacing(10)
    row.addStretch()
    return line


def _worth(lines: list[Counted]) -> Decimal:
    return sum((x.valeur for x in lines if x.valeur is not None), Decimal(0))


def _minutes_left(sheet: Sheet) -> int:
    """As fast as so far; 0 where nothing can be said."""
    counted, spent = len(sheet.counted), clock.now() - sheet.ouvert_a
    left = len(sheet.lines) - counted
    if counted < _ENOUGH or not left or spent > _ONE_SITTING or sheet.etat != EtatInventaire.OUVERT:
        return 0
    return max(1, round(spent.total_seconds() / 60 / counted * left))


def _pair(words: str, value: str, tone: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(Elided(words, "caption", "text.secondary"), 1)
    row.addWidget(Text(value, "strong", tone), 0, Qt.AlignmentFlag.AlignTop)
    return holder
