"""What a report of one's own gives: a chart of its first figure, a table of all, what each counts and leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from erp_desktop.domain.rapports.figures import Figure, Unit
from erp_desktop.reports.catalogue.ask import Value
from erp_desktop.reports.managers import builder
from erp_desktop.reports.managers.builder import Answer
from erp_desktop.reports.managers.rows import Place, rows_of
from erp_desktop.reports.tableaux import Colonne, Tableau
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import apart, colon, isolate, number, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.rapports.table import TableauVue
from erp_desktop.ui.tableau.bars import Bars, Cell, Row, Scale
from erp_desktop.ui.wording import value_labels

CHARTED = 12
_GENRES: dict[Unit, Any] = {
    Unit.PERCENT: "pourcent", Unit.MINUTES: "duree", Unit.TOTAL_MINUTES: "duree", Unit.SECONDS: "duree",
    Unit.TOTAL_SECONDS: "duree", Unit.MONEY: "mad", Unit.NOTE: "texte", Unit.COUNT: "entier",
}  # fmt: skip


def cell(figure: Figure, value: Value) -> Any:
    """What a table of the window holds: minutes, dirhams, per cent, a count."""
    found = value.number(figure.unite)
    if found is None:
        return None
    if figure.unite is Unit.MONEY:
        return Decimal(value.num).scaleb(-2)
    if figure.unite is Unit.NOTE:
        return builder.written(figure, value)
    if figure.unite in (Unit.SECONDS, Unit.TOTAL_SECONDS):
        return found / 60
    return int(found) if figure.unite is Unit.COUNT else found


@dataclass(frozen=True, slots=True)
class Named:
    """What the pickers beside it call what they hold."""

    agencies: tuple[tuple[int, str], ...]
    rows: dict[Any, str]
    """By (filter, identifier)."""


class AnswerView(QScrollArea):
    """Filled by :meth:`show_answer`; scrolls as a whole. Each bar and each number opens its rows."""

    opened = Signal(object)
    """A :class:`Place`."""

    def __init__(self) -> None:
        super().__init__()
        self._found: Answer | None = None
        self._listed: list[tuple[str, list[Value]]] = []
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        inner.setObjectName("corps")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        chart = Card()
        self.chart_title = Text("", "section")
        chart.box.addWidget(self.chart_title)
        self.chart = Bars(tr("Graphique"))
        self.chart.setMinimumHeight(240)
        self.chart.opened.connect(self.opened)
        chart.box.addWidget(self.chart)
        column.addWidget(chart)
        table = Card()
        self.table = TableauVue(tr("Composer un rapport"))
        self.table.opened.connect(self._open_cell)
        table.box.addWidget(self.table)
        self.more = Text("", "body", "text.tertiary")
        table.box.addWidget(self.more)
        self.notes = Text("", "caption", "text.secondary", wrap=True)
        table.box.addWidget(self.notes)
        column.addWidget(table)
        column.addStretch()
        self.setWidget(inner)

    def show_answer(self, found: Answer, listed: list[tuple[str, list[Value]]]) -> None:
        """Show the rows that were read; how many more the files hold is said."""
        self._found, self._listed = found, listed
        first = found.figures[0]
        self.chart_title.setText(tr(first.nom))
        tops = [
            (name, builder.typed(first, v[0]) or 0, value_labels.measured(builder.written(first, v[0])))
            for name, v in listed[:CHARTED]
        ]
        rows = tuple(Row(name, (Cell(((float(n), "0"),), words),), f"{name}{colon()}{words}", self.place(at, 0))
                     for at, (name, n, words) in enumerate(tops))  # fmt: skip
        top = float(max([0, *(n for _, n, _ in tops)])) or 1.0
        goal = builder.goal(found)
        words = "" if goal is None else tr("cible {valeur}", valeur=isolate(f"{goal:g}".replace(".", ",")))
        scale = Scale(max(top, goal or 0), target=goal, target_words=words)
        self.chart.show_rows(rows, (scale,), tr("Rien dans cette période"))
        heads = (Colonne(found.grouped), *(Colonne(f.nom, _GENRES[f.unite]) for f in found.figures))
        lines = tuple((name, *(cell(f, v) for f, v in zip(found.figures, values, strict=True)))
                      for name, values in listed)  # fmt: skip
        foot = (tr("Total"), *(cell(f, v) for f, v in zip(found.figures, found.totals, strict=True)))
        self.table.montrer(Tableau("rapport", "", heads, lines, foot))
        rest = len(found.order) - len(listed)
        self.more.setText(tr("{n} lignes de plus dans les fichiers", n=number(rest)) if rest > 0 else "")
        self.more.setVisible(rest > 0)
        self.notes.setText("\n".join(
            tr("{nom} : {n} lignes, {m} exclues. {exclues}", nom=apart(tr(f.nom)), n=number(v.n), m=number(v.exclues),
               exclues=tr(f.exclues))
            for f, v in zip(found.figures, found.totals, strict=True)
        ))  # fmt: skip

    def place(self, line: int, figure: int) -> Place | None:
        """Where the rows behind a number are; ``line`` -1 is the total."""
        found = self._found
        if found is None:
            return None
        named, now, name = found.named, found.calcule_a, found.figures[figure].cle
        group = found.definition.group
        if line < 0 or group is None:
            return rows_of(name, found.scope, named, now)
        return rows_of(name, found.scope, named, now, group=group, key=found.order[line], name=self._listed[line][0])

    def _open_cell(self, line: int, column: int) -> None:
        place = self.place(line, column - 1) if column > 0 else None
        if place is not None:
            self.opened.emit(place)
