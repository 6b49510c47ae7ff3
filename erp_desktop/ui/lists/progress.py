"""Long work on a list, said below it: how far it is, with a way to stop it, and what all its rows come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.states import Fading, Recount
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.tasks import Task

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage


class ProgressStrip(Surface):
    """One line, hidden while nothing runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.sunken", "border.default", sides="t", parent=parent)
        self._stop: Callable[[], object] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 12, 6)
        row.setSpacing(10)
        self.words = Text("", "body", "text.secondary")
        row.addWidget(self.words)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        row.addWidget(self.bar, 1)
        self.stop_button = Button(tr("Arrêter"), on_click=self._stopped)
        row.addWidget(self.stop_button)
        self.hide()

    def begin(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self.stop_button.setEnabled(True)
        self.show()

    def tell(self, done: int, total: int) -> None:
        self.words.setText(tr("{n} sur {total}…", n=number(done), total=number(total)))
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)

    def end(self, _good: bool = True) -> None:
        self._stop = None
        self.hide()

    def _stopped(self) -> None:
        if self._stop is not None:
            self.stop_button.setEnabled(False)
            self._stop()


class AddedUp(QObject):
    """What the rows of a list's own question come to: read behind the list, given up when its page is left.

    Args:
        read: ``read(session, text)`` of the words of the filter.
        show: told what was read.
        wait: the figures that stand are of another question.
        shown: those figures, pale while the same question is added up anew.
    """

    def __init__(
        self, page: ListPage, *, read: Callable[[Any, str], Any], show: Callable[[Any], object],
        wait: Callable[[], object], shown: Callable[[], Iterable[Fading]],
    ) -> None:  # fmt: skip
        super().__init__(page)
        self._page, self._read, self._show, self._blank = page, read, show, wait
        self._of: str | None = None
        """The filter whose figures are right."""
        self._stands: str | None = None
        """The one whose figures are shown."""
        self._recount = Recount(self, shown)
        self._task: Task | None = None
        page.model.busy_changed.connect(self._busy)
        page.model.failed.connect(lambda _error: self._wait())
        page.model.loaded.connect(lambda _count: self._add_up())
        page.installEventFilter(self)

    def stale(self) -> None:
        """Something changed that is counted: read again, now or when the page is seen."""
        self._of = None
        if self._page.isVisible():
            self._add_up()

    def eventFilter(self, _page: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide:
            # What is looked at next is not to wait for it.
            self._give_up()
        elif event.type() == QEvent.Type.Show and not self._page.model.busy:
            self._add_up()
        return False

    def _busy(self, busy: bool) -> None:
        if busy and self._stands not in (None, self._page.model.question[0]):
            self._of = None
            self._wait()

    def _wait(self) -> None:
        self._stands = None
        self._recount.end()
        self._blank()

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._recount.end()

    def _add_up(self) -> None:
        text = self._page.model.question[0]
        if self._of == text:
            return
        self._give_up()

        def shown(found: Any) -> None:
            self._task = None
            if text == self._page.model.question[0]:
                self._of = self._stands = text
                self._recount.end()
                self._show(found)

        if self._stands == text:
            self._recount.begin()
        self._task = self._page.contexte.tasks.run(
            lambda session: self._read(session, text), shown, lambda _error: self._wait(), owner=self, long=True
        )
