"""The window: shown at once, empty, while the database is opened behind it; then login or work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import shiboken6
from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QProgressBar, QVBoxLayout, QWidget

from erp_desktop.settings import Settings
from erp_desktop.ui.frame.closing import ClosePage
from erp_desktop.ui.frame.topbar import Logo
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.dialogs import TITLE_BAR, fitting
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.ring import reason_of
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.kit.toast import Toast, Toaster

"""Room for the title bar and border that the system draws around a window."""


class Opening(Surface):
    """What is seen while the database is opened or upgraded."""

    def __init__(self) -> None:
        super().__init__("surface.base")
        column = QVBoxLayout(self)
        column.addStretch()
        centre = Qt.AlignmentFlag.AlignHCenter
        column.addWidget(Logo(56), 0, centre)
        column.addSpacing(10)
        column.addWidget(Text("ERP MIF", "page"), 0, centre)
        self.words = Text(tr("Ouverture…"), "body", "text.secondary")
        column.addWidget(self.words, 0, centre)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(280)
        self.bar.setRange(0, 100)
        self.bar.hide()
        column.addWidget(self.bar, 0, centre)
        column.addSpacing(6)
        self.stop = Button(tr("Arrêter la mise à niveau"))
        self.stop.hide()
        column.addWidget(self.stop, 0, centre)
        column.addStretch()


def first_size(room: QSize) -> QSize:
    """Size of the first window on a screen whose usable area is ``room``, title bar and border left out."""
    return fitting(QSize(1440, 900), room)


def first_place(room: QRect) -> QPoint:
    """Where the frame of the first window stands, its title bar included, so that all of it is on the screen."""
    left = room.size() - first_size(room.size()) - QSize(0, TITLE_BAR)
    return room.topLeft() + QPoint(left.width() // 2, left.height() // 2)


class MainWindow(QMainWindow):
    """One per application.

    Attributes:
        on_close: called once when the window closes; ends threads.
        unsaved: what is typed and not yet saved, by name; it is said before the window closes.
    """

    closing = Signal()
    stop_asked = Signal()
    """The person who waits for an upgrade wants it stopped before its next step."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._memory = QSettings(str(settings.data_dir / "fenetre.ini"), QSettings.Format.IniFormat)
        self.on_close: Callable[[], object] | None = None
        self.unsaved: Callable[[], Sequence[str]] = tuple
        self._told = False
        self.setWindowTitle("ERP MIF")
        room = self.screen().availableGeometry()
        fitting = first_size(room.size())
        # On a screen smaller than the look was drawn for, controls out of reach would be worse than a tight page.
        self.setMinimumSize(theme().minimum_window().boundedTo(fitting))
        stored = self._memory.value("geometrie")
        if not (isinstance(stored, QByteArray) and self.restoreGeometry(stored)):
            self.resize(fitting)
            self.move(first_place(room))
        elif isinstance(corner := self._memory.value("coin"), QPoint) and not self.isMaximized():
            # Qt keeps where the inside was, and under X11 the frame is put there: lower at each start.
            self.move(corner)
        self.toaster = Toaster(self)
        self._opening: Opening | None = None
        self._cover: QWidget | None = None
        self._focus_before: QWidget | None = None
        self._focus_reason = Qt.FocusReason.OtherFocusReason
        self.show_opening(tr("Ouverture…"))

    @property
    def memory(self) -> QSettings:
        """Sizes, orders and widths of this desktop."""
        return self._memory

    def show_opening(self, words: str, share: float | None = None) -> None:
        """Say what is being done; ``share`` between 0 and 1 shows a bar and a way to stop."""
        if self._opening is None:
            self._opening = Opening()
            self._opening.stop.clicked.connect(self._ask_to_stop)
            self.show_content(self._opening, aloof=True)
        self._opening.words.setText(words)
        self._opening.bar.setVisible(share is not None)
        self._opening.stop.setVisible(share is not None)
        if share is not None:
            self._opening.bar.setValue(round(share * 100))

    def _ask_to_stop(self) -> None:
        if self._opening is not None:
            self._opening.stop.setEnabled(False)
            self._opening.stop.setText(tr("Arrêt à la fin de cette étape…"))
        self.stop_asked.emit()

    def show_content(self, content: QWidget, *, aloof: bool = False) -> None:
        """Replace what fills the window: opening, wizard, login or workspace.

        Args:
            aloof: the page comes by itself: the keyboard rests on it and not on its first button, which what somebody
                types blind would press; Tab goes there.
        """
        self.uncover()
        self.toaster.hold(False)
        if content is not self._opening:
            self._opening = None
        old = self.takeCentralWidget()
        self.setCentralWidget(content)
        # Qt would show it a turn later: what it gives the keyboard to would not take it yet.
        content.show()
        if old is not None:
            old.hide()
            old.deleteLater()
        if aloof:
            content.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            content.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def cover_page(self) -> QWidget | None:
        """What covers the content at present."""
        return self._cover

    def cover(self, page: QWidget) -> None:
        """Put a page over the content, which stays as it is, unseen and out of reach of its keys."""
        self.uncover()
        content = self.centralWidget()
        self._focus_before = self.focusWidget()
        self._focus_reason = reason_of(self._focus_before)
        page.setParent(self)
        page.setGeometry(self.rect())
        self._cover = page
        # Hidden, for the shortcuts of what is only covered would still act.
        if content is not None:
            content.hide()
        self.toaster.hold(True)
        page.show()
        page.raise_()

    def uncover(self) -> None:
        """Show the content again, the keyboard where it was."""
        if self._cover is None:
            return
        page, self._cover = self._cover, None
        page.hide()
        page.deleteLater()
        content, focus = self.centralWidget(), self._focus_before
        self._focus_before = None
        if content is not None:
            content.show()
        if focus is not None and shiboken6.isValid(focus):
            focus.setFocus(self._focus_reason)
        self.toaster.hold(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._cover is not None:
            self._cover.setGeometry(self.rect())

    def say(self, words: str, undo: Callable[[], object] | None = None, kind: str = "success") -> Toast:
        """Show a message that passes, with an undo where the act has one."""
        return self.toaster.say(words, undo, kind)

    def _tell(self, names: Sequence[str]) -> None:
        """Name what is not saved, over the work, and close when that is wanted all the same."""
        page = ClosePage(names)

        def answer(close: bool) -> None:
            self.uncover()
            self._told = close
            if close:
                self.close()

        page.answered.connect(answer, Qt.ConnectionType.QueuedConnection)
        self.cover(page)
        page.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        names = () if self._told or self._cover is not None else self.unsaved()
        if names:
            event.ignore()
            self._tell(names)
            return
        if isinstance(self._cover, ClosePage) and not self._told:
            # The cross pressed a second time means yes.
            self._told = True
        self._memory.setValue("geometrie", self.saveGeometry())
        self._memory.setValue("coin", self.pos())
        self.closing.emit()
        if self.on_close is not None:
            # What is under way is waited for, a line that hangs included: not by a window that stands still.
            self.hide()
            act, self.on_close = self.on_close, None
            act()
        super().closeEvent(event)
