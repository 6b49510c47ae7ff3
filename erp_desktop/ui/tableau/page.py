"""The dashboard: read off the window's thread, shown card by card, kept while it is read anew."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop.errors import CentralUnreachableError, ErpError
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.managers.dashboard import TILES, Dashboard
from erp_desktop.reports.managers.rows import Place, rows_of
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Elided, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import number, said, tr
from erp_desktop.ui.kit.ring.order import laid
from erp_desktop.ui.kit.states import ErrorState, Recount
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.page import Page
from erp_desktop.ui.rapports import wording
from erp_desktop.ui.rapports.narrowing import Narrowing
from erp_desktop.ui.rapports.pickers import Choix
from erp_desktop.ui.tableau import cards, paper, words
from erp_desktop.ui.tableau.bars import Bars
from erp_desktop.ui.tableau.pareto import Pareto
from erp_desktop.ui.tableau.reach import Reachable
from erp_desktop.ui.tableau.tiles import DecisionButton, TileButton
from erp_desktop.ui.wording import value_labels

_log = logging.getLogger(__name__)
_TABLES = frozenset(
    {
        "interventions",
        "lignes_intervention",
        "temps",
        "creneaux",
        "arrets",
        "mouvements_stock",
        "contrats",
        "objectifs",
        "factures",
    }
)
_SETTLED_MS = 1500
"""How long nothing changes before figures are counted anew: an exchange brings many changes at once."""


class TableauPage(Page):
    """What needs a decision, key figures, charts.

    Attributes:
        board: what is shown, None until the first answer.
    """

    def __init__(self, contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.contexte = contexte
        self.board: Dashboard | None = None
        self.trends: dict[str, tuple[float | None, ...]] = {}
        self._asked, self._cut = 0, False
        self.choix = Choix(contexte.acteur, self)
        self.choix.choisir_periode("30j")
        self.narrow = Narrowing(contexte)
        self.narrow.hide()
        self._lay_out()
        self._recount = Recount(self, lambda: [*self.tiles.values(), *self.charts, *self.decisions])
        self.narrow.changed.connect(self.reload)
        self.choix.change.connect(self.reload)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SETTLED_MS)
        self._later.timeout.connect(self.reload)
        contexte.bus.data_changed.connect(self._data_changed)
        self.reload()

    # What is on the page

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        body.setObjectName("corps")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addLayout(self._head())
        column.addWidget(self.choix.dates)
        column.addWidget(self.narrow)
        fresh = QHBoxLayout()
        fresh.setSpacing(6)
        fresh.addWidget(IconLabel("clock", "text.tertiary", 14))
        self.freshness = Elided("", "body", "text.tertiary")
        fresh.addWidget(self.freshness, 1)
        self.compared = Text("", "body", "text.tertiary")
        fresh.addWidget(self.compared)
        column.addLayout(fresh)
        self._error = QVBoxLayout()
        column.addLayout(self._error)
        self.tiles = {name: TileButton(name) for name in TILES}
        tiles = QHBoxLayout()
        tiles.setSpacing(12)
        for tile in self.tiles.values():
            tile.opened.connect(self.open_place)
            tile.again.connect(self.reload)
            tiles.addWidget(tile)
        column.addLayout(tiles)
        column.addLayout(self._charts(), 1)
        self._scroll.setWidget(body)
        outer.addWidget(self._scroll)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Text(tr("Tableau de bord"), "page"))
        row.addSpacing(6)
        row.addWidget(self.choix.periode)
        row.addWidget(self.choix.agence)
        self.filters = Button(tr("Filtrer"), "soft", icon="funnel", on_click=self.toggle_filters)
        row.addWidget(self.filters)
        row.addWidget(icon_button("arrows-clockwise", tr("Recalculer (F5)"), self.reload))
        row.addStretch(1)
        self.pdf = Button(
            "PDF", icon="file-pdf", name=tr("Exporter en {format}", format="PDF"), on_click=lambda: paper.ask(self)
        )
        self.pdf.setEnabled(False)
        row.addWidget(self.pdf)
        row.addWidget(Button(tr("Objectifs"), icon="gauge", on_click=lambda: self.open_place(Place("objectifs"))))
        compose = Button(
            tr("Composer un rapport"), icon="chart-bar", on_click=lambda: self.open_place(Place("composer"))
        )
        row.addWidget(compose)
        return row

    def _charts(self) -> QGridLayout:
        self.ages = Bars(tr("Ancienneté de l'encours"))
        self.sla = Bars(tr("SLA par agence"))
        self.families = Bars(tr("MTTR et MTBF"))
        self.load = Bars(tr("Charge de la semaine"))
        self.pareto = Pareto(tr("Pareto des défaillances"))
        self.charts: tuple[Reachable, ...] = (self.ages, self.sla, self.families, self.pareto, self.load)
        self.details: dict[str, Elided] = {}
        self.retries: dict[str, Button] = {}
        grid = QGridLayout()
        grid.setSpacing(12)
        for name, title, chart, place in (
            ("ages", tr("Ancienneté"), self.ages, (0, 0, 1, 2)),
            ("sla", tr("SLA par agence"), self.sla, (0, 2, 1, 2)),
            ("families", tr("MTTR et MTBF"), self.families, (0, 4, 1, 2)),
            ("pareto", tr("Pareto des défaillances"), self.pareto, (1, 0, 1, 4)),
            ("load", tr("Charge"), self.load, (1, 4, 1, 2)),
        ):  # fmt: skip
            chart.opened.connect(self.open_place)
            grid.addWidget(self._card(name, title, chart), *place)
        grid.addWidget(self._decisions_card(), 0, 6, 2, 2)
        for at in range(8):
            grid.setColumnStretch(at, 1)
        for at in range(2):
            grid.setRowStretch(at, 1)
        return grid

    def _card(self, name: str, title: str, chart: QWidget) -> Card:
        card = Card()
        card.box.setContentsMargins(12, 10, 10, 8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Text(title, "section"))
        self.details[name] = Elided("", "body", "text.tertiary")
        head.addWidget(self.details[name], 1)
        head.addWidget(self._retry(name, title))
        card.box.addLayout(head)
        card.box.addWidget(chart, 1)
        card.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        return card

    def _retry(self, name: str, title: str) -> Button:
        """In the head of a card that could not be computed."""
        self.retries[name] = Button(tr("Réessayer"), "link", on_click=self.reload,
                                    name=tr("Réessayer : {quoi}", quoi=title))  # fmt: skip
        self.retries[name].hide()
        return self.retries[name]

    def _decisions_card(self) -> Card:
        card = Card()
        card.box.setContentsMargins(6, 10, 6, 8)
        head = QHBoxLayout()
        head.setContentsMargins(10, 0, 10, 0)
        head.addWidget(Text(tr("À traiter aujourd'hui"), "section"))
        head.addStretch()
        self.waiting = Text("", "strong", "semantic.danger.text")
        head.addWidget(self.waiting)
        head.addWidget(self._retry("decisions", tr("À traiter aujourd'hui")))
        card.box.addLayout(head)
        self._decisions = QVBoxLayout()
        self._decisions.setSpacing(2)
        card.box.addLayout(self._decisions)
        card.box.addStretch(1)
        apart = tr("Stock, conflits et échanges ne dépendent pas de ces filtres : ils sont laissés de côté.")
        self.apart = Text(apart, "caption", "text.tertiary", wrap=True)
        self.apart.setContentsMargins(10, 0, 10, 0)
        self.apart.hide()
        card.box.addWidget(self.apart)
        card.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        return card

    @property
    def decisions(self) -> list[DecisionButton]:
        """What waits, in order."""
        return [w for w in laid(self._decisions) if isinstance(w, DecisionButton)]

    # Reading

    def reload(self) -> bool:
        self._asked += 1
        self._later.stop()
        acteur, turn = self.contexte.acteur, self._asked
        scope = Scope(*self.choix.bornes, agence_id=self.choix.agence_id, **self.narrow.ids)
        number_of = self.narrow.active
        self.filters.setText(tr("Filtrer ({n})", n=number(number_of)) if number_of else tr("Filtrer"))

        def read(session: Any) -> Dashboard:
            from erp_desktop.reports.managers import dashboard

            return dashboard.read(session, acteur, scope)

        if self.board is not None:
            self._recount.begin()
        self.freshness.setText(tr("calcul en cours…"))
        self.contexte.tasks.run(
            read,
            lambda board: self._arrived(turn, board),
            lambda error: self._failed(turn, error),
            long=True,
            figures=True,
            owner=self,
        )
        return True

    def _arrived(self, turn: int, board: Dashboard) -> None:
        if turn != self._asked:
            return
        clear(self._error)
        self.board = board
        self.choix.offrir(board.choices)
        self._recount.end()
        self._show(board)
        self._ask_trends(turn, board)

    def _ask_trends(self, turn: int, board: Dashboard) -> None:
        """The months that led here take longer and come after the page."""

        def read(session: Any) -> dict[str, tuple[float | None, ...]]:
            from erp_desktop.reports.managers import dashboard

            return dashboard.trends(session, board.scope, now=board.calcule_a)

        def arrived(trends: dict[str, tuple[float | None, ...]]) -> None:
            if turn == self._asked:
                self.trends = trends
                for name, tile in self.tiles.items():
                    tile.show_trend(trends[name])

        # Without them the page says all it has to.
        self.contexte.tasks.run(
            read, arrived, lambda error: _log.info("no trends: %s", error), long=True, figures=True, owner=self
        )

    def _failed(self, turn: int, error: Exception) -> None:
        if turn != self._asked:
            return
        self._recount.end()
        self._cut = isinstance(error, CentralUnreachableError)
        self.freshness.setText("")
        clear(self._error)
        told = said(str(error)) if isinstance(error, ErpError) else tr("Le détail est dans le journal de ce poste.")
        self._error.addWidget(ErrorState(tr("Ces chiffres n'ont pas pu être calculés"), told,
                                         [Button(tr("Réessayer"), "primary", on_click=self.reload)]))  # fmt: skip

    def _data_changed(self, changes: Any, _initiator: object) -> None:
        if (self.board is not None or self._cut) and _TABLES & set(changes):
            self._later.start()

    # Showing

    def _show(self, board: Dashboard) -> None:
        self.freshness.setText(
            tr("calculé {a} en {duree} s sur les données {de}", a=value_labels.freshness(board.calcule_a),
               duree=words.seconds(board.took_s), de=wording.of(value_labels.freshness(board.donnees_du)))
        )  # fmt: skip
        self.compared.setText(tr("Comparé : {periode}", periode=wording.period(board.before.debut, board.before.fin)))
        for tile in board.tiles:
            if tile.figure in board.failed:
                self.tiles[tile.figure].show_failed(tile)
                continue
            place = rows_of(tile.figure, board.scope, board.named, board.calcule_a)
            self.tiles[tile.figure].show_tile(tile, None if tile.refused else place)
        for name, retry in self.retries.items():
            retry.setVisible(name in board.failed)
        failed = tr("Calcul impossible : le détail est dans le journal de ce poste.")
        for name, chart in (
            ("ages", self.ages), ("sla", self.sla), ("families", self.families), ("load", self.load),
            ("pareto", self.pareto),
        ):  # fmt: skip
            if name in board.failed:
                chart.show_nothing(failed)
                self.details[name].setText("")
            else:
                self.details[name].setText(cards.FILL[name](chart, board))
        self._show_decisions(board)
        if "decisions" in board.failed:
            self._decisions.addWidget(Text(failed, "body", "text.tertiary", wrap=True))
        # A paper would not say that it is not whole.
        self.pdf.setEnabled(not board.failed)
        self.status_changed.emit(*self.status())

    def _show_decisions(self, board: Dashboard) -> None:
        clear(self._decisions)
        self.waiting.setText(number(len(board.decisions)) if board.decisions else "")
        self.apart.setVisible(not set(board.scope.filters) <= {"agence"})
        for one in board.decisions:
            button = DecisionButton(one, board.calcule_a)
            button.opened.connect(self.open_place)
            self._decisions.addWidget(button)
        if not board.decisions and "decisions" not in board.failed:
            nothing = Text(tr("Rien d'urgent."), "body", "text.tertiary")
            nothing.setContentsMargins(10, 0, 10, 0)
            self._decisions.addWidget(nothing)

    # What people do

    def toggle_filters(self) -> None:
        """Show the fields that narrow, or put them away; what they hold stays in force, and is counted."""
        self.narrow.setVisible(self.narrow.isHidden())
        if not self.narrow.isHidden():
            self.narrow.editors["client"].setFocus(Qt.FocusReason.OtherFocusReason)

    def escape(self) -> bool:
        if self.narrow.isHidden():
            return False
        self.toggle_filters()
        self.filters.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def print_out(self) -> bool:
        """Ctrl+P: the pages as they will be printed."""
        if self.board is not None and self.board.failed:
            self.contexte.say(tr("Des chiffres manquent : recalculez avant d'imprimer."), kind="danger")
        elif self.board is not None:
            paper.preview(self, self.board)
        return True

    def export(self, path: Path) -> None:
        """Keep what is shown as PDF; :attr:`pdf` waits until it is written."""
        if self.board is not None:
            paper.write(self, self.board, path)

    def open_place(self, place: Place) -> None:
        """Show the rows behind a number."""
        self.contexte.open_list(place.section, place.words)

    def status(self) -> tuple[str, str]:
        return wording.period(*self.choix.bornes), self.freshness.text()

    def keys(self) -> Sequence[tuple[str, str]]:
        return (
            ("Tab", tr("d'un chiffre à l'autre")), ("← →", tr("d'une barre à l'autre")),
            (tr("Entrée"), tr("voir les lignes derrière un chiffre")),
            ("Ctrl P", tr("aperçu avant impression")), ("F5", tr("recalculer")),
        )  # fmt: skip

    def memory(self) -> dict[str, Any]:
        named = {name: editor.words() for name, editor in self.narrow.editors.items()}
        return {"bornes": self.choix.bornes, "agence": self.choix.agence_id, "filtres": self.narrow.ids,
                "noms": named}  # fmt: skip

    def recall(self, kept: dict[str, Any]) -> None:
        if kept["agence"] != self.choix.agence_id:
            self.choix.choisir_agence(kept["agence"])
        ids = kept.get("filtres", {})
        if ids != self.narrow.ids:
            named = {(name, ids.get(f"{name}_id")): words for name, words in kept["noms"].items()}
            self.narrow.show_ids(ids, named)
            self.narrow.setVisible(self.narrow.active > 0)
            self.reload()
        if kept["bornes"] != self.choix.bornes:
            self.choix.choisir_dates(*kept["bornes"])
