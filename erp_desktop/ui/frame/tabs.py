"""Closable tabs painted from tokens; a dot tells that a tab holds unsaved work."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.ring import calm
from erp_desktop.ui.kit.theme import theme


class TabStrip(QTabBar):
    """The strip; the page's state (icon, unsaved dot) lies in each tab's data."""

    close_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setMovable(True)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setUsesScrollButtons(True)
        self.setMouseTracking(True)
        # The arrows of the strip go to every tab: what scrolls it is for the mouse.
        for scroller in self.findChildren(QToolButton):
            scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(theme().px("frame.tabStrip"))
        self._icons: dict[str, str] = {}
        self._dirty: set[str] = set()

    def set_icon(self, key: str, icon: str) -> None:
        self._icons[key] = icon

    def rename(self, key: str, new_key: str) -> None:
        """Carry icon and dot over to another key."""
        if key in self._icons:
            self._icons[new_key] = self._icons.pop(key)
        if key in self._dirty:
            self._dirty.discard(key)
            self._dirty.add(new_key)

    def set_dirty(self, key: str, dirty: bool) -> None:
        (self._dirty.add if dirty else self._dirty.discard)(key)
        self.update()

    def tabSizeHint(self, index: int) -> QSize:
        width = paint.metrics("strong").horizontalAdvance(self.tabText(index))
        return QSize(min(260, max(150, width + 84)), self.height())

    def minimumTabSizeHint(self, index: int) -> QSize:
        return QSize(min(110, self.tabSizeHint(index).width()), self.height())

    def _close_box(self, index: int) -> QRect:
        tab = self.tabRect(index)
        return paint.visual(theme().rtl, tab, QRect(tab.right() - 26, tab.y() + 9, 22, 22))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        index = self.tabAt(point)
        closing = index >= 0 and (
            self._close_box(index).contains(point) or event.button() == Qt.MouseButton.MiddleButton
        )
        super().mouseReleaseEvent(event)
        if closing:
            self.close_asked.emit(index)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        pointer = self.mapFromGlobal(self.cursor().pos())
        for index in range(self.count()):
            tab, on, key = self.tabRect(index), index == self.currentIndex(), str(self.tabData(index))
            if on:
                shape = tab.adjusted(0, 3, 0, 8)
                paint.rounded(painter, shape, 6, look.color("surface.base"))
                if self.hasFocus():
                    paint.rounded(painter, tab.adjusted(3, 6, -3, -3), 4, None, look.color("focus"), 2)
            ink = look.color("text.primary" if on else "text.secondary")
            name = self._icons.get(key, "file-text")
            spot = paint.visual(rtl, tab, QRect(tab.x() + 13, tab.y() + 2, 16, tab.height()))
            icons.draw(painter, spot, name, look.color("accent.text" if on else "text.tertiary"), 16)
            words = paint.visual(rtl, tab, QRect(tab.x() + 38, tab.y() + 2, tab.width() - 68, tab.height()))
            paint.text(painter, words, self.tabText(index), rtl=rtl, font=look.font("strong" if on else "body"),
                       colour=ink)  # fmt: skip
            box = self._close_box(index)
            if key in self._dirty and not box.contains(pointer):
                dot = QRect(box.center().x() - 3, box.center().y() - 2, 7, 7)
                paint.rounded(painter, dot, 3.5, look.color("semantic.warning.solid"))
            else:
                if box.contains(pointer):
                    paint.rounded(painter, box, 4, look.color("surface.hover"))
                icons.draw(painter, box, "x", look.color("text.secondary"), 12)
        painter.end()


def _side(held: QWidget, area: QScrollArea) -> QRect:
    """The widest of what a widget stands in that has room: a form beside its list comes in sight with its field."""
    while (holder := held.parentWidget()) is not None and holder is not area.widget():
        if not isinstance(area, Shelf) or holder.width() > area.viewport().width() - 16:
            break
        held = holder
    return QRect(held.mapTo(area.viewport(), QPoint()).x(), 0, held.width(), 1)


def _show(held: QWidget, within: QWidget) -> None:
    """Scroll whatever lies around a widget until it is seen; what is being pressed stays under the pointer.

    Qt does it by itself for Tab alone, and from right to left the wrong way.
    """
    above = held.parentWidget() if QApplication.mouseButtons() == Qt.MouseButton.NoButton else None
    while above is not None and above is not within:
        if isinstance(above, QScrollArea):
            room, box = above.viewport().rect(), QRect(held.mapTo(above.viewport(), QPoint()), held.size())
            side = _side(held, above)
            seen = room.left() <= side.left() and side.right() <= room.right() and room.contains(box)
            if box.width() <= room.width() and box.height() <= room.height() and not seen:
                across = max(0, side.right() + 8 - room.right()) + min(0, side.left() - 8)
                down = max(0, box.bottom() + 8 - room.bottom()) + min(0, box.top() - 8)
                beside, below = above.horizontalScrollBar(), above.verticalScrollBar()
                beside.setValue(beside.value() + (-across if above.isRightToLeft() else across))
                below.setValue(below.value() + down)
        above = above.parentWidget()


class _Room(QWidget):
    """Gives a page all the room there is, and no less than it can do with.

    A scroll area by itself asks for what would be comfortable, of a page in which lines wrap.
    """

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.setObjectName("corps")
        self._page = page
        page.setParent(self)

    def minimumSizeHint(self) -> QSize:
        return self._page.minimumSizeHint().expandedTo(self._page.minimumSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._page.setGeometry(self.rect())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().event(event)


class Shelf(QScrollArea):
    """Holds a page, and scrolls to what of it has no room, as on a small screen at 200 %; the window outgrew it."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(_Room(page))
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.rangeChanged.connect(lambda *_ends: QTimer.singleShot(0, self, self._follow))

    @property
    def scrolls(self) -> bool:
        """Whether some of the page has no room."""
        return self.horizontalScrollBar().maximum() > 0 or self.verticalScrollBar().maximum() > 0

    def _follow(self) -> None:
        """The room has changed under what has the keyboard."""
        held = QApplication.focusWidget()
        if held is not None and self.isAncestorOf(held):
            _show(held, self.parentWidget() or self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrows that a page leaves are the window's."""
        event.ignore()


class Tabs(QWidget):
    """The strip over its pages, each known by a key."""

    current_changed = Signal(str)
    close_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.strip = TabStrip()
        self.strip.setAccessibleName(tr("Onglets ouverts"))
        self.stack = QStackedWidget()
        self._pages: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        holder = QWidget()
        box = QVBoxLayout(holder)
        box.setContentsMargins(8, 0, 8, 0)
        box.addWidget(self.strip)
        column.addWidget(holder)
        column.addWidget(self.stack, 1)
        self.strip.currentChanged.connect(self._changed)
        self.strip.close_asked.connect(lambda index: self.close_asked.emit(str(self.strip.tabData(index))))
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._show_focus)

    @property
    def keys(self) -> list[str]:
        return [str(self.strip.tabData(index)) for index in range(self.strip.count())]

    def key_of(self, page: QWidget) -> str:
        """The key of a page, empty when it is not open."""
        return next((key for key, found in self._pages.items() if found is page), "")

    def page(self, key: str) -> QWidget | None:
        return self._pages.get(key)

    def add(self, key: str, title: str, icon: str, page: QWidget) -> None:
        """Open a page at the end of the strip and show it."""
        self._pages[key] = page
        self.strip.set_icon(key, icon)
        self.stack.addWidget(Shelf(page))
        index = self.strip.addTab(title)
        self.strip.setTabData(index, key)
        self.strip.setTabToolTip(index, plain(title))
        self.show_key(key)
        if self.strip.count() == 1:
            self._changed(index)

    def show_key(self, key: str) -> None:
        if key in self._pages:
            self.strip.setCurrentIndex(self.keys.index(key))
            self.stack.setCurrentWidget(self._shelf(key))

    def retitle(self, key: str, title: str) -> None:
        if key in self._pages:
            index = self.keys.index(key)
            self.strip.setTabText(index, title)
            self.strip.setTabToolTip(index, plain(title))

    def rekey(self, key: str, new_key: str) -> None:
        """Know a page by another key, unless that one is taken."""
        if key in self._pages and new_key not in self._pages:
            self.strip.setTabData(self.keys.index(key), new_key)
            self._pages[new_key] = self._pages.pop(key)
            self.strip.rename(key, new_key)

    def remove(self, key: str) -> None:
        shelf = self._shelf(key)
        del self._pages[key]
        self.strip.removeTab(self.keys.index(key))
        self.stack.removeWidget(shelf)
        shelf.deleteLater()

    def _shelf(self, key: str) -> QWidget:
        """What holds a page."""
        found = self._pages[key].parentWidget()
        while found is not None and not isinstance(found, Shelf):
            found = found.parentWidget()
        return found or self._pages[key]

    def _show_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        """Bring what has the keyboard in sight, however it got there."""
        if isinstance(old, QScrollArea):
            calm(old, still=False)
        if new is not None and self.stack.isAncestorOf(new):
            _show(new, self.stack)
            # What has just come into the page has no place there yet.
            QTimer.singleShot(0, self, self._show_held)

    def _show_held(self) -> None:
        held = QApplication.focusWidget()
        if held is not None and self.stack.isAncestorOf(held):
            _show(held, self.stack)

    @property
    def current(self) -> str:
        index = self.strip.currentIndex()
        return str(self.strip.tabData(index)) if index >= 0 else ""

    def _changed(self, index: int) -> None:
        key = str(self.strip.tabData(index)) if index >= 0 else ""
        if key in self._pages:
            self.stack.setCurrentWidget(self._shelf(key))
            self.current_changed.emit(key)
