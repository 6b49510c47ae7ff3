"""The planning's page: the board, what waits beside it, and what was done with its way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.enums import Role
from erp_desktop.services.planning import reading
from erp_desktop.services.planning.data import Board, Card, Visit
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Elided, Text, icon_button
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.states import EmptyState, ErrorState
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.lists.remembered import after
from erp_desktop.ui.page import Page
from erp_desktop.ui.planning import air, printing, words
from erp_desktop.ui.planning.absences import AbsencesPanel
from erp_desktop.ui.planning.backlog import BacklogSide
from erp_desktop.ui.planning.chips import Chips
from erp_desktop.ui.planning.desk import Desk, sentence
from erp_desktop.ui.planning.geometry import DAY, WEEK
from erp_desktop.ui.planning.legend import Legend
from erp_desktop.ui.planning.panels import ReasonPanel, WhoAndWhenPanel
from erp_desktop.ui.planning.view import BoardView
from erp_desktop.ui.wording import value_labels

_TABLES = {
    "interventions", "creneaux", "absences", "techniciens", "technicien_competence", "horaires_agence",
    "jours_feries", "regles_planning", "competences_requises", "clients", "equipements",
}  # fmt: skip
_WRITERS = (Role.ADMIN, Role.RESPONSABLE, Role.AGENT)


class PlanningPage(Page):
    """Reads and writes through the database worker; a board is never changed under a card in the air."""

    def __init__(self, contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contexte = contexte
        self.board: Board | None = None
        self.mode, self.jour = WEEK, clock.today()
        self.agence_id: int | None = contexte.acteur.agence_id
        self._asked = 0
        self._late = False
        self._wanted: tuple[int, int] | None = None
        self._follow: int | None = None
        self._build()
        self._panels()
        self._wire()
        contexte.bus.data_changed.connect(self._changed)
        self._again = after(self, 60, self.reload)
        self._waits: Visit | None = None
        self.reload()

    # What is on the page

    def _build(self) -> None:
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        left = Surface("surface.base")
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addLayout(self._filters())
        self.stack = QStackedWidget()
        self.view = BoardView()
        self.view.setAccessibleName(tr("Tableau du planning"))
        self.view.writes = self._contexte.acteur.role in _WRITERS
        self.stack.addWidget(self.view)
        column.addWidget(self.stack, 1)
        across.addWidget(left, 1)
        self.side = BacklogSide(self._contexte, writes=self.view.writes)
        self.backlog = self.side.view
        across.addWidget(self.side)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 12, 16, 6)
        row.setSpacing(8)
        row.addWidget(Text(tr("Planning"), "page"))
        row.addSpacing(4)
        row.addWidget(icon_button("caret-left", tr("Avant"), lambda: self.go(-1), steps=True))
        row.addWidget(Button(tr("Aujourd'hui"), tip=tr("Aujourd'hui (T)"), on_click=lambda: self.show_day(None)))
        row.addWidget(icon_button("caret-right", tr("Après"), lambda: self.go(1), steps=True))
        self.period = Elided("", "section")
        self.period.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(self.period, 1)
        self.agency = Button("", "soft", icon="buildings", on_click=self._agency_menu)
        self.agency.hide()
        row.addWidget(self.agency)
        self.modes: dict[str, Button] = {}
        for mode, name, tip in ((DAY, "Jour", "Jour (J)"), (WEEK, "Semaine", "Semaine (S)")):
            button = Button(tr(name), "segment", tip=tr(tip), on_click=partial(self.set_mode, mode))
            button.setCheckable(True)
            self.modes[mode] = button
            row.addWidget(button)
        self.print_button = Button(tr("Imprimer"), icon="printer", on_click=self.print_week)
        row.addWidget(self.print_button)
        return row

    def _filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 8)
        row.setSpacing(12)
        self.chips = Chips()
        row.addWidget(self.chips, 1)
        row.addWidget(Legend(self.modes[DAY]))
        return row

    def _panels(self) -> None:
        self.reason = ReasonPanel(self)
        self.who = WhoAndWhenPanel(self)
        self.absences = AbsencesPanel(self, self._contexte)
        self.desk = Desk(self._contexte, self, self.reason, self.who)
        self.desk.done.connect(self.reload)
        self.desk.told.connect(self.view.say)

    def _wire(self) -> None:
        view, backlog = self.view, self.backlog
        view.reading.given_up.connect(self._give_up)
        view.dropped.connect(self.desk.dropped)
        view.turned_away.connect(self.desk.turned_away)
        view.put_off.connect(self.desk.take_later)
        view.lifted.connect(self.reason.close_panel)
        view.opened.connect(self._open)
        view.asked.connect(self._ask)
        view.mode_asked.connect(self.set_mode)
        view.day_asked.connect(self.show_day)
        view.given_up.connect(lambda: backlog.away and backlog.setFocus(Qt.FocusReason.OtherFocusReason))
        view.grounded.connect(self._grounded)
        backlog.taken.connect(self._take)
        backlog.dragged.connect(self._drag)
        backlog.released.connect(self._release)
        backlog.opened.connect(self._open)
        backlog.asked.connect(self._ask)
        self.chips.changed.connect(self._show)
        self.chips.next_crossing.connect(self._next_crossing)
        # What was just planned is what keys go on with.
        self.desk.planned.connect(partial(setattr, self, "_follow"))
        self.reason.closed.connect(lambda: view.setFocus(Qt.FocusReason.OtherFocusReason))
        self.who.closed.connect(lambda: view.setFocus(Qt.FocusReason.OtherFocusReason))
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Print, self, context=inside).activated.connect(self.print_week)
        self.begins_at = view

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for panel in (self.reason, self.who, self.absences):
            if panel.isVisible():
                panel.show_over()

    # Reading

    @property
    def monday(self) -> date:
        return self.jour - timedelta(days=self.jour.weekday())

    def reload(self) -> bool:
        """Read the week again; while a card is in the air, once it is down."""
        if self.view.lift is not None:
            self._late = True
            return True
        self._asked += 1
        number_, acteur, monday, agence = self._asked, self._contexte.acteur, self.monday, self.agence_id
        side = self.side.asked
        self._task = self._contexte.tasks.run(
            lambda session: reading.board(session, acteur, monday, 7, agence, side),
            lambda board: self._read(number_, board), lambda error: self._failed(number_, error), owner=self,
        )  # fmt: skip
        return True

    def _read(self, asked: int, board: Board) -> None:
        if asked != self._asked:
            return
        if self.view.lift is not None:
            self._late = True
            return
        self.board = board
        self.agence_id = board.agence_id
        self.stack.setCurrentWidget(self.view)
        self.chips.offer(board)
        self.agency.setVisible(len(board.agences) > 1)
        self.agency.setText(f"{board.agence}  ▾")
        self.side.follow(board)
        self._show()
        self._lift()
        self.status_changed.emit(*self.status())

    def _failed(self, asked: int, error: Exception) -> None:
        if asked != self._asked:
            return
        self._waits = None
        if self.board is not None:
            # What is shown stays, and says from when it is.
            self._contexte.say(sentence(error), None, "danger")
            return
        self._broken(tr("Le planning n'a pas pu être lu"), sentence(error))

    def _give_up(self) -> None:
        """Whoever waits for the first reading wants no more of it."""
        self._asked += 1
        self._task.cancel()
        self._broken(tr("Lecture du planning interrompue"), tr("Rien n'est perdu : il se relit quand vous voulez."))

    def _broken(self, title: str, words: str) -> None:
        self.view.reading.stop()
        self._state(ErrorState(title, words, [Button(tr("Réessayer"), "primary", on_click=self.reload)]))

    def _state(self, state: QWidget) -> None:
        while (old := self.stack.widget(1)) is not None:
            self.stack.removeWidget(old)
            old.deleteLater()
        self.stack.addWidget(state)
        self.stack.setCurrentWidget(state)

    def _show(self) -> None:
        board = self.board
        if board is None:
            return
        for mode, button in self.modes.items():
            button.setChecked(mode == self.mode)
        if self._follow is not None:
            self.view.current = next((c.key for c in board.cards if c.visit.intervention_id == self._follow), None)
            self._follow = None
        people = self.chips.people(board)
        self.view.show_board(board, people, self.mode, self.jour)
        grid = self.view.grid
        days = grid.days if grid is not None and self.mode == WEEK else board.days
        self.period.setText(words.long_day(self.jour) if self.mode == DAY else words.week(days[0], days[-1]))
        if not board.techniciens:
            self._state(EmptyState(tr("Aucun technicien dans cette agence"),
                                   tr("L'administration donne une fiche de technicien à un compte."),
                                   icon="hard-hat"))  # fmt: skip
        elif self.stack.currentWidget() is not self.view:
            self.stack.setCurrentWidget(self.view)

    def status(self) -> tuple[str, str]:
        board = self.board
        if board is None:
            return "", ""
        first = tr("{n} créneaux · {m} à planifier", n=number(len(board.cards)), m=words.counted(self.side.whole))
        return first, tr("Lu {quand}", quand=value_labels.freshness(board.lu_a))

    def _changed(self, changes: Any, initiator: object) -> None:
        if initiator is not self and _TABLES & set(changes):
            if self.view.lift is not None:
                self._late = True
            else:
                self._again.start()

    def _grounded(self) -> None:
        """What changed meanwhile is shown now."""
        self.backlog.away = None
        self.backlog.viewport().update()
        if self._late:
            self._late = False
            self._contexte.say(tr("Le planning a changé pendant le déplacement : il est relu."), None, "info")
            self._again.start()

    # Where and how much

    def set_mode(self, mode: str) -> None:
        """The week, or one day of it."""
        self.mode = mode
        self._show()

    def show_day(self, jour: date | None) -> None:
        """A day, today when left out; its week is read when it is another one."""
        before = self.monday
        self.jour = jour or clock.today()
        self._show()
        if self.monday != before or self.board is None:
            self.reload()

    def go(self, step: int) -> None:
        """A day or a week on or back."""
        self.show_day(self.jour + timedelta(days=step * (1 if self.mode == DAY else 7)))

    def _agency_menu(self) -> QMenu:
        menu = QMenu(self)
        for ident, nom in self.board.agences if self.board is not None else ():
            menu.addAction(nom, partial(self._choose_agency, ident))
        menu.popup(self.agency.mapToGlobal(QPoint(0, self.agency.height() + 2)))
        return menu

    def _choose_agency(self, ident: int) -> None:
        self.agence_id = ident
        self.reload()

    def _next_crossing(self) -> None:
        board = self.board
        if board is not None and board.crossing:
            order = [k for k in self.view.keys.order() if k in board.crossing]
            if order:
                here = order.index(self.view.current) if self.view.current in order else -1
                self.view.setFocus(Qt.FocusReason.OtherFocusReason)
                self.view.set_current(order[(here + 1) % len(order)])

    # From the side

    def _take(self, visit: Visit) -> None:
        self._waits = visit
        self._lift()

    def _lift(self) -> None:
        """Lift what a key took, over the first days shown that are not gone, once they are read."""
        visit, board = self._waits, self.board
        if visit is None or board is None or board.days[0] != self.monday:
            return
        if (later := air.later(self.view, visit)) is not None:
            self.show_day(later)
            self._lift()
            return
        self._waits, self.backlog.away = None, visit.intervention_id
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.view.lift_visit(visit)

    def _drag(self, visit: Visit, spot: QPoint) -> None:
        if self.view.lift is None:
            self.backlog.away = visit.intervention_id
            self.view.lift_visit(visit)
        port = self.view.viewport()
        here = port.mapFromGlobal(spot)
        if port.rect().contains(here):
            self.view.drag_to(here)

    def _release(self, spot: QPoint) -> None:
        port = self.view.viewport()
        inside = port.rect().contains(port.mapFromGlobal(spot))
        self.view.drop() if inside else self.view.give_up()

    # Acting

    def _open(self, intervention_id: int) -> None:
        self._contexte.open_record("interventions", intervention_id)

    def _ask(self, what: str, thing: Card | Visit) -> None:
        visit = thing.visit if isinstance(thing, Card) else thing
        if what == "ouvrir":
            self._open(visit.intervention_id)
        elif what == "suggestion":
            self.desk.suggest(visit, thing if isinstance(thing, Card) else None)
        elif what == "absence" and isinstance(thing, Card) and self.board is not None:
            person = self.board.people[thing.technicien_id]
            self.absences.open_for(person.id, person.nom, thing.debut)
        elif isinstance(thing, Card) and self.view.writes:
            self.desk.change(what, thing)

    # Keys of the window

    def escape(self) -> bool:
        """The panel first, then the card in the air, then what is marked."""
        for panel in (self.reason, self.who, self.absences):
            if panel.close_panel():
                return True
        if self.view.give_up():
            return True
        if self.view.marked:
            self.view.marked.clear()
            self.view.viewport().update()
            return True
        return self.side.clear_search()

    def print_week(self) -> None:
        """The week, or the day, on paper."""
        if self.board is not None:
            printing.ask(self, self._contexte, self.board, self.chips.people(self.board))

    def keys(self) -> Sequence[tuple[str, str]]:
        return words.KEYS

    def memory(self) -> dict[str, Any]:
        return {"mode": self.mode, "jour": self.jour, "agence": self.agence_id, "choix": dict(self.chips.chosen),
                "attente": self.side.search.text()}  # fmt: skip

    def recall(self, kept: dict[str, Any]) -> None:
        self.mode, self.jour, self.agence_id = kept["mode"], kept["jour"], kept["agence"]
        self.chips.chosen = dict(kept["choix"])
        self.side.search.setText(kept["attente"])
        self.reload()
