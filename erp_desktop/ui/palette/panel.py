"""The box over the window: typed words are answered section by section; keys choose, narrow, open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from erp_desktop.domain.recherche import cherchee, plier
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kinds import table_of
from erp_desktop.ui.kit.controls import Text, clear
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.ring import reason
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.palette import bars
from erp_desktop.ui.palette.glance import WIDTH, Glance
from erp_desktop.ui.palette.recents import Recents, Record, link, linked
from erp_desktop.ui.palette.rows import HEADINGS, Answers, Command, Row, called, named
from erp_desktop.ui.palette.tabs import SectionTab
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import field_labels

if TYPE_CHECKING:
    from erp_desktop.services.search.answers import Reponse

_PAUSE_MS, _REST_MS = 120, 80
_FEW, _MANY = 6, 60


class Palette(QWidget):
    """Covers the window while it is open; Esc, a click beside it, or a choice closes it.

    Args:
        window: what it covers.
        open_record: ``open_record(kind, id)``; None for a blank record.
        commands: what can be done now, asked each time it opens.
    """

    opened = Signal()
    closed = Signal()

    def __init__(
        self, window: QWidget, contexte: Contexte, open_record: Callable[[str, int | None], object],
        commands: Callable[[], Sequence[Command]],
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._window, self._contexte, self._open_record, self._offered = window, contexte, open_record, commands
        self.recents = Recents(contexte.settings, contexte.acteur.user_id)
        self._asked: list[Task] = []
        self._found: dict[str, list[Reponse]] = {}
        self._answered: str | None = None
        self._entered, self._narrowed = False, ""
        self._around: list[str] = []
        self._counts: dict[str, str] = {}
        self._before: QWidget | None = None
        self._pause, self._rest = self._timer(_PAUSE_MS, self.ask), self._timer(_REST_MS, self._glance)
        self._build()
        self.hide()
        window.installEventFilter(self)

    def _timer(self, wait: int, then: Callable[[], object]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(wait)
        timer.timeout.connect(then)
        return timer

    def _build(self) -> None:
        self.box = Surface("surface.raised", "border.default", 10, parent=self)
        column = QVBoxLayout(self.box)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        self.edit, self.count = QLineEdit(), Text("", "caption", "text.tertiary")
        self.edit.textEdited.connect(self._typed)
        self.edit.installEventFilter(self)
        column.addWidget(bars.head(self.edit, self.count))
        self._tabs = QHBoxLayout()
        self._tabs.setContentsMargins(18, 10, 18, 6)
        self._tabs.setSpacing(6)
        column.addLayout(self._tabs)
        middle = QHBoxLayout()
        middle.setContentsMargins(6, 0, 0, 0)
        middle.setSpacing(0)
        self.answers = Answers()
        self.answers.setAccessibleName(tr("Résultats"))
        self.answers.pressed_row.connect(self._choose)
        self.answers.marked.connect(self._marked)
        middle.addWidget(self.answers, 1)
        self.glance = Glance()
        middle.addWidget(self.glance)
        column.addLayout(middle, 1)
        column.addWidget(bars.foot())

    def open(self, words: str = "") -> None:
        """Show the box with what was opened last, or with words already typed."""
        if not self.isVisible():
            self._before, self._reason = QApplication.focusWidget(), reason()
            self.edit.clear()
            self._narrowed = ""
        self._fit()
        self.opened.emit()
        self.show()
        self.raise_()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.insert(words)
        self.ask()

    def close_box(self, *, restore: bool = True) -> None:
        """Hide the box; the keyboard goes back to where it was unless something else was opened."""
        if not self.isVisible():
            return
        self._stop()
        self._entered = False
        self.hide()
        before, self._before = self._before, None
        if restore and before is not None and shiboken6.isValid(before):
            before.setFocus(self._reason)
        self.closed.emit()

    def _fit(self) -> None:
        self.setGeometry(self._window.rect())
        width, height = min(940, self.width() - 48), min(640, self.height() - 112)
        self.box.setGeometry((self.width() - width) // 2, min(84, (self.height() - height) // 2), width, height)
        self.glance.setVisible(width >= WIDTH * 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("shadow"))
        painter.fillRect(self.rect(), theme().color("shadow"))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if not self.box.geometry().contains(event.position().toPoint()):
            self.close_box()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() == QEvent.Type.Resize and self.isVisible():
                self._fit()
            return False
        if not isinstance(event, QKeyEvent):
            return False
        act = self._act(event)
        if act is None:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            act()
            return True
        return False

    def _act(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does here instead of what it does in the window."""
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control:
            return {Qt.Key.Key_D: self.pin, Qt.Key.Key_L: self.copy_link}.get(Qt.Key(key))
        return {
            Qt.Key.Key_Escape: self.close_box, Qt.Key.Key_Down: lambda: self.answers.step(1),
            Qt.Key.Key_Up: lambda: self.answers.step(-1), Qt.Key.Key_Tab: lambda: self._turn(1),
            Qt.Key.Key_Backtab: lambda: self._turn(-1), Qt.Key.Key_Return: self._enter, Qt.Key.Key_Enter: self._enter,
        }.get(Qt.Key(key))  # fmt: skip

    def _typed(self, _text: str) -> None:
        self._entered = False
        self._answered = None
        self._stop()
        self._pause.start()

    def _stop(self) -> None:
        self._pause.stop()
        self._rest.stop()
        for task in self._asked:
            task.cancel()
        self._asked = []

    def ask(self) -> None:
        """Ask every section for what is typed."""
        from erp_desktop.services.search import answers

        self._stop()
        text, meant = self.edit.text().strip(), cherchee(self.edit.text())
        sign = meant[:1] if meant[:1] in (bars.COMMANDS, bars.NUMBERS, bars.PEOPLE) else ""
        words = meant[len(sign) :].strip()
        self.answers.wipe(plier(words).split())
        self.glance.empty()
        self._found = {}
        acteur = self._contexte.acteur
        if linked(text) is not None or not words or sign == bars.COMMANDS:
            self._narrowed = ""
            self._tabs_for(())
            self._without_question(text, words, sign)
            return
        if not sign and called(self._offered(), words):
            self._commands(words)
        tables = [t for t in answers.TABLES if answers.may_search(acteur, t)]
        if sign == bars.PEOPLE:
            tables = [t for t in tables if t == "techniciens"]
        if self._narrowed:
            tables = [t for t in tables if t == self._narrowed]
        limit, numbers = _MANY if len(tables) == 1 else _FEW, sign == bars.NUMBERS

        def ask_in(table: str) -> Task:
            return self._contexte.tasks.run(
                lambda session: answers.search(session, acteur, table, words, limit + 1, numbers_only=numbers),
                lambda found: self._arrived(text, table, found, tables, limit), owner=self,
            )  # fmt: skip

        self._asked += [ask_in(table) for table in tables]

    def _without_question(self, text: str, words: str, sign: str) -> None:
        """Nothing to look for in the tables: commands, a pasted link, or what was opened last."""
        from erp_desktop.services.search import answers

        acteur, pasted = self._contexte.acteur, linked(text)
        if sign == bars.COMMANDS:
            self._finish(text, words)
            return
        wanted = [pasted] if pasted is not None else [*self.recents.pinned, *self.recents.opened]

        def show(found: Sequence[Reponse]) -> None:
            called = {(one.table, one.id): one for one in found}
            if pasted is not None:
                self.answers.add(tr("Lien"), [self._row(one) for one in found])
                if not found:
                    self.count.setText(tr("Ce lien ne mène à aucune fiche de ce poste."))
            else:
                pinned = [called[one] for one in self.recents.pinned if one in called]
                opened = [called[o] for o in self.recents.opened if o in called and o not in self.recents.pinned]
                self.answers.add(tr("Épinglés"), [self._row(one) for one in pinned])
                self.answers.add(tr("Récents"), [self._row(one) for one in opened])
            self._finish(text, words, told=pasted is not None)

        self._asked.append(
            self._contexte.tasks.run(lambda session: answers.named(session, acteur, wanted), show, owner=self)
        )

    def _row(self, found: Reponse) -> Row:
        icon = field_labels.icone(table_of(found.table))
        return Row(found.libelle, found.detail, icon, (found.table, found.id), statut=found.statut)

    def _arrived(self, text: str, table: str, found: Sequence[Reponse], tables: Sequence[str], limit: int) -> None:
        if text != self.edit.text().strip():
            return
        self._found[table] = list(found)
        self.answers.add(tr(HEADINGS[table]), [self._row(one) for one in found[:limit]])
        if self._entered and found:
            self._enter()
            return
        if len(self._found) == len(tables):
            self._tabs_for(tables, limit)
            total = sum(min(len(one), limit) for one in self._found.values())
            words = text.lstrip(bars.NUMBERS + bars.PEOPLE).strip()
            nothing = not total and not named(self._offered(), words)
            if nothing:
                self._nothing(words)
            self._finish(text, words, told=nothing)
            more = any(len(one) > limit for one in self._found.values())
            if total:
                counted = number(total) + ("+" if more else "")
                self.count.setText(tr("1 résultat") if counted == "1" else tr("{n} résultats", n=counted))

    def _finish(self, text: str, words: str, *, told: bool = False) -> None:
        """Add the commands that these words name, and remember that all was answered."""
        sign, rows = text.startswith(bars.COMMANDS), 0
        if (words or sign or not self.answers.rows) and (sign or not called(self._offered(), words)):
            rows = self._commands(words)
        self._answered = text
        if not told:
            self.count.setText(tr("aucun résultat") if sign and not rows else "")
        if self._entered and self.answers.row is not None:
            self._enter()

    def _commands(self, words: str) -> int:
        found = named(self._offered(), words)
        self.answers.add(tr("Commandes"), [Row(o.words, "", o.icon, act=o.act, keys=o.keys) for o in found])
        return len(found)

    def _nothing(self, words: str) -> None:
        """Nothing answers: say so, and offer what is spelled nearly so."""
        from erp_desktop.services.search import answers

        self._entered = False
        self.count.setText(tr("aucun résultat"))
        acteur = self._contexte.acteur

        def show(names: Sequence[str]) -> None:
            rows = [
                Row(name, "", "magnifying-glass", act=lambda name=name: self._again(name))  # type: ignore[misc]
                for name in names
            ]
            self.answers.add(tr("Vouliez-vous dire"), rows)

        self._asked.append(
            self._contexte.tasks.run(lambda session: answers.near(session, acteur, words), show, owner=self)
        )

    def _again(self, words: str) -> None:
        self.edit.setText(words)
        self.ask()

    def _tabs_for(self, tables: Sequence[str], limit: int = _FEW) -> None:
        """The sections that answered; while narrowed to one, the others stay in reach."""
        clear(self._tabs)
        for table in tables:
            count = len(self._found[table])
            self._counts[table] = f"{number(limit)}+" if count > limit else number(count) if count else ""
        if not self._narrowed:
            self._around = ["", *(table for table in tables if self._found[table])]
        if len(self._around) < 2:
            return
        total = number(sum(min(len(one), limit) for one in self._found.values()))
        for table in self._around:
            told = self._counts[table] if table else "" if self._narrowed else total
            tab = SectionTab(table, tr(HEADINGS[table]) if table else tr("Tout"), told, table == self._narrowed)
            tab.clicked.connect(lambda _on=False, table=table: self._narrow(table))
            self._tabs.addWidget(tab)
        self._tabs.addStretch()

    def _narrow(self, table: str) -> None:
        self._narrowed = table
        self.ask()

    def _turn(self, by: int) -> None:
        """Tab: narrow to the next section that answered."""
        if len(self._around) > 1:
            self._narrow(self._around[(self._around.index(self._narrowed) + by) % len(self._around)])

    def _marked(self, row: Row | None) -> None:
        self._rest.stop()
        if row is None or row.record is None:
            self.glance.empty()
        else:
            self._rest.start()

    @property
    def record(self) -> Record | None:
        """The record under the mark."""
        return self.answers.row.record if self.answers.row is not None else None

    def _glance(self) -> None:
        from erp_desktop.services.search import preview

        record, acteur = self.record, self._contexte.acteur
        if record is None or not self.glance.isVisible():
            return

        def show(found: preview.Apercu | None) -> None:
            if found is not None and self.record == record:
                self.glance.show_record(found, record in self.recents.pinned)

        self._asked.append(
            self._contexte.tasks.run(lambda session: preview.preview(session, acteur, *record), show, owner=self)
        )

    def pin(self) -> None:
        """Pin the record under the mark, or let it go."""
        if self.record is not None:
            pinned = self.recents.toggle(self.record)
            self._contexte.say(tr("Fiche épinglée.") if pinned else tr("Fiche détachée."))
            self._glance()

    def copy_link(self) -> None:
        """Put the name of the record and its link into the clipboard."""
        row = self.answers.row
        if row is not None and row.record is not None:
            QGuiApplication.clipboard().setText("\n".join(filter(None, [row.words, row.detail, link(row.record)])))
            self._contexte.say(tr("Lien copié."))

    def _enter(self) -> None:
        row = self.answers.row
        if row is not None and (self._answered == self.edit.text().strip() or self._entered):
            self._entered = False
            self._choose(row)
        elif self._answered != self.edit.text().strip():
            # At once, as one types: Enter waits for the answer to these words.
            self._entered = True
            if not self._asked:
                self.ask()

    def _choose(self, row: Row) -> None:
        if row.record is not None:
            self.close_box(restore=False)
            self._open_record(*row.record)
        elif row.act is not None:
            if row.icon != "magnifying-glass":
                self.close_box(restore=True)
            row.act()
