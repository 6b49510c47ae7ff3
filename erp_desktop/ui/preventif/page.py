"""The page of preventive plans: the list with its year, the load of the weeks below, and the generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.services.preventif import generation, year
from erp_desktop.services.preventif import list as plans
from erp_desktop.services.preventif.generation import Bilan, Prevision
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Text, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.states import EmptyState
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.lists.query import canonical
from erp_desktop.ui.preventif import LISTE, PlanRow, strip
from erp_desktop.ui.preventif.blank import FromContracts
from erp_desktop.ui.preventif.preview import PreviewPanel
from erp_desktop.ui.preventif.smoothing import Smoothing
from erp_desktop.ui.wording import value_labels


class PlansPage(ListPage):
    """The list of plans; the last column is a year.

    Attributes:
        year: the one that is shown.
    """

    def __init__(self, contexte: Contexte) -> None:
        self.year = clock.today().year
        drawn: Column[PlanRow] = Column(
            "", "Année", 320, self._told, stretch=True,
            draw=lambda painter, rect, row, _rtl: strip.marks(painter, rect, self.year, row.marks),
            head=self._head,
        )  # fmt: skip
        spec = replace(LISTE, columns=[*LISTE.columns, drawn], rows=self._rows)
        self.from_contracts = FromContracts(contexte)
        super().__init__(spec, contexte)
        self.forecast = PreviewPanel(self, self.generate)
        self.smoothing = Smoothing(self)
        if roles.peut(contexte.acteur.role, roles.Droit.PREVENTIF_ECRIRE):
            self.load.smooth = self.smoothing.ask
        header = self.view.horizontalHeader()
        for moved in (header.sectionResized, header.sectionMoved, header.geometriesChanged):
            moved.connect(self.load.update)
        self.model.loaded.connect(lambda _n: self._read_load())
        contexte.bus.data_changed.connect(self._stale)

    def _rows(self, session: Any, acteur: Acteur, ids: list[int]) -> list[PlanRow]:
        return [PlanRow(*told) for told in year.rows(session, acteur, ids, self.year)]

    def _told(self, row: PlanRow) -> str:
        """The year in words, for who copies it or has it read aloud."""
        open_ = [m for m in row.marks if m.state not in (Etat.FAITE, Etat.SAUTEE)]
        return ", ".join(
            f"{value_labels.day(m.day)} {value_labels.label(Etat, m.state)}" for m in (open_ or row.marks)[:6]
        )

    def _head(self, painter: QPainter, rect: QRect) -> None:
        strip.months(painter, rect, self.year)

    def _span(self) -> tuple[int, int]:
        """Where the year is, seen from the strip of the weeks."""
        header = self.view.horizontalHeader()
        section = len(self.spec.columns) - 1
        left = header.mapTo(self.load.window(), QPoint(header.sectionViewportPosition(section), 0)).x()
        here = self.load.mapTo(self.load.window(), QPoint(0, 0)).x()
        return left - here + 8, max(60, header.sectionSize(section) - 16)

    def _loaded(self, number: int) -> None:
        super()._loaded(number)
        may = roles.peut(self.contexte.acteur.role, roles.Droit.PREVENTIF_ECRIRE)
        state = self.stack.currentWidget()
        if may and not self.filter.text() and isinstance(state, EmptyState):
            self.from_contracts.ask(state)

    # The head

    def more_acts(self) -> Sequence[QWidget]:
        self.figures = Text("", "caption", "text.tertiary")
        before = icon_button("caret-left", tr("Année précédente"), lambda: self.show_year(self.year - 1), steps=True)
        after = icon_button("caret-right", tr("Année suivante"), lambda: self.show_year(self.year + 1), steps=True)
        self.shown = Text(isolate(str(self.year)), "strong")
        acts: list[QWidget] = [before, self.shown, after]
        tip = tr("Montre les visites qui manquent jusqu'à l'horizon de chaque plan, avant de les créer (Ctrl G)")
        self.generate_button = Button(tr("Générer les visites"), "soft", icon="arrows-clockwise", tip=tip,
                                      on_click=self.preview)  # fmt: skip
        if roles.peut(self.contexte.acteur.role, roles.Droit.INTERVENTION_ECRIRE):
            acts.append(self.generate_button)
            # At once: a shortcut of the button's own waits until its press is drawn.
            keys = QShortcut(QKeySequence("Ctrl+G"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            keys.activated.connect(self.generate_button.click)
        return acts

    def below(self) -> QWidget:
        self.load = strip.LoadStrip(self._span)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(16, 6, 16, 6)
        line.addWidget(self.figures)
        line.addStretch()
        line.addWidget(strip.Legend())
        column.addLayout(line)
        column.addWidget(self.load)
        return holder

    def show_year(self, wanted: int) -> None:
        """Another year in the strip and in the weeks."""
        self.year = min(2199, max(1900, wanted))
        self.shown.setText(isolate(str(self.year)))
        self.model.refresh()
        self.view.painted_header.viewport().update()
        self._read_load()

    def _stale(self, changes: Any, _initiator: object) -> None:
        if self.isVisible() and any(t in changes for t in ("occurrences", "plannings", "interventions")):
            self._read_load()

    def _read_load(self) -> None:
        acteur, wanted = self.contexte.acteur, self.year
        text = canonical(self.filter.text(), self.spec.words)

        def read(session: Any) -> tuple[Any, Any]:
            return year.figures(session, acteur, text, wanted)

        self.contexte.tasks.run(read, lambda found: self._show_load(wanted, *found), owner=self)

    def _show_load(self, wanted: int, weeks: list[year.Week], told: plans.Resume) -> None:
        if wanted != self.year:
            return
        self.load.show_weeks(wanted, weeks)
        words = [tr("{n} visites en {annee}", n=number(told.visites), annee=isolate(str(wanted)))]
        if told.a_l_heure is not None:
            words.append(tr("{n} % à l'heure", n=number(told.a_l_heure)))
        if told.en_retard:
            words.append(tr("{n} plans en retard", n=number(told.en_retard)))
        self.figures.setText(" · ".join(words))

    def preview(self) -> None:
        """Show what would be made up to the horizon of each plan; nothing is written before it is confirmed."""
        acteur, contexte = self.contexte.acteur, self.contexte
        if self.forecast.isVisible():
            return
        self.generate_button.setEnabled(False)

        def shown(forecast: Prevision) -> None:
            self.generate_button.setEnabled(True)
            if forecast.visites:
                self.forecast.show_forecast(forecast)
            elif forecast.refus:
                contexte.say(said(forecast.refus[0][1]), kind="danger")
            else:
                contexte.say(tr("Rien ne manque : toutes les visites sont créées."), kind="info")

        def failed(error: Exception) -> None:
            self.generate_button.setEnabled(True)
            contexte.say(said(str(error)), kind="danger")

        contexte.tasks.run(lambda session: generation.prevoir(session, acteur), shown, failed, owner=self)

    def escape(self) -> bool:
        for panel in (self.forecast, self.smoothing.panel):
            if panel.isVisible():
                panel.hide()
                return True
        return super().escape()

    def generate(self) -> None:
        """Make what is missing up to the horizon of each plan."""
        acteur, contexte = self.contexte.acteur, self.contexte
        self.generate_button.setEnabled(False)

        def done(bilan: Bilan) -> None:
            self.generate_button.setEnabled(True)
            if bilan.generees or bilan.retirees:
                contexte.say(tr("{n} visites créées, {r} retirées", n=number(len(bilan.generees)),
                                r=number(bilan.retirees)))  # fmt: skip
            # A plan that cannot be read stops no other.
            for _plan, words in bilan.refus[:3]:
                contexte.say(said(words), kind="danger")
            if not (bilan.generees or bilan.retirees or bilan.refus):
                contexte.say(tr("Rien ne manque : toutes les visites sont créées."), kind="info")
            contexte.bus.publish("plannings")
            contexte.bus.publish("interventions")

        def failed(error: Exception) -> None:
            self.generate_button.setEnabled(True)
            contexte.say(said(str(error)), kind="danger")

        contexte.tasks.run(
            lambda session: generation.generer(session, acteur), done, failed, write=True, owner=self
        )  # fmt: skip

    def keys(self) -> Sequence[tuple[str, str]]:
        return [*super().keys(), ("Ctrl G", "Générer les visites")]
