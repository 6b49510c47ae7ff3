"""What the window expects of the widget in a tab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from erp_desktop.ui.kit.ring import KEYBOARD, calm
from erp_desktop.ui.kit.ring.order import Order

if TYPE_CHECKING:
    from erp_desktop.ui.forms.panel import FormPanel


def first_stop(within: QWidget) -> QWidget | None:
    """The first widget in the order of Tab that takes the keyboard inside another; None when there is none."""
    found: QWidget | None = within.nextInFocusChain()
    while found is not None and found is not within:
        if (
            within.isAncestorOf(found) and found.isVisible() and found.isEnabled()
            and bool(found.focusPolicy() & Qt.FocusPolicy.TabFocus)
        ):  # fmt: skip
            return found
        found = found.nextInFocusChain()
    return None


class Page(QWidget):
    """A screen. The keys of the window call these; a page overrides those that mean something to it."""

    title_changed = Signal(str)
    dirty_changed = Signal(bool)
    status_changed = Signal(str, str)
    """Selection and freshness, for the status bar."""
    record_created = Signal(object)
    """A blank form became the record of this identifier."""
    closed = Signal()
    """The page asks to be closed."""
    makes_way = False
    """Whether a blank form gives its tab to another page once its record is there."""
    _order: Order | None = None
    begins_at: QWidget | None = None
    """Where the work of the page begins. No focus proxy: Tab would go from the page to it, past what stands before
    it, and nowhere while it is hidden."""

    nothing_new = ""
    """After Ctrl+N that the page did not take: why, of a page whose own records one would expect; empty: none, and an
    intervention is begun."""

    def take_focus(self, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Put the keyboard where the work of the page begins: what stands for it, else the first stop of Tab."""
        place = self.begins_at
        if place is None or not place.isVisible():
            place = first_stop(self)
        if isinstance(place, QScrollArea):
            calm(place, still=why not in KEYBOARD)
        (place or self).setFocus(why)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab: through what was made later in its place too."""
        if self._order is None:
            self._order = Order(self)
        self._order.follow()
        return super().focusNextPrevChild(forward)

    def untouched(self) -> bool:
        """Whether this is a blank form in which nothing was typed."""
        return False

    def new_record(self) -> bool:
        """Ctrl+N; True when the page took it."""
        return False

    def save(self) -> bool:
        """Ctrl+S."""
        return False

    def focus_filter(self) -> bool:
        """Ctrl+F."""
        return False

    def reload(self) -> bool:
        """F5."""
        return False

    def step_record(self, by: int) -> bool:  # noqa: ARG002 - a page without a list has no neighbours
        """Alt+PgDown and Alt+PgUp: the next record of the list, or the one before."""
        return False

    def print_out(self) -> bool:
        """Ctrl+P."""
        return False

    def escape(self) -> bool:
        """Esc."""
        return False

    def record_panel(self) -> FormPanel | None:
        """The form in sight, if the page shows one."""
        return None

    def search(self, words: str) -> None:
        """Show what answers the top bar's search."""

    def status(self) -> tuple[str, str]:
        """Selection and freshness in force."""
        return "", ""

    def memory(self) -> dict[str, Any]:
        """What the page needs to look the same when the window is built again, in another language say."""
        return {}

    def recall(self, kept: dict[str, Any]) -> None:
        """Look as :meth:`memory` was told."""

    def keys(self) -> Sequence[tuple[str, str]]:
        """Keys of this page alone, with what they do, in French: F1 shows them."""
        return ()

    def leave(self) -> None:
        """The tab closes: keep what was typed."""
