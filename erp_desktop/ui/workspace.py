"""The working window's content: bars around tabs, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import Role
from erp_desktop.ui.context import Contexte, Section
from erp_desktop.ui.frame.keys import KeysPanel
from erp_desktop.ui.frame.navigation import Navigation
from erp_desktop.ui.frame.statusbar import StatusBar
from erp_desktop.ui.frame.stepping import step
from erp_desktop.ui.frame.tabs import Tabs
from erp_desktop.ui.frame.topbar import TopBar
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.ring import reason
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.kit.toast import Toaster
from erp_desktop.ui.page import Page
from erp_desktop.ui.palette.commands import commands
from erp_desktop.ui.palette.panel import Palette
from erp_desktop.ui.palette.words import WordsKeeper
from erp_desktop.ui.sign_in.password_panel import PasswordPanel
from erp_desktop.ui.wording import value_labels

if TYPE_CHECKING:
    from erp_desktop.ui.forms.panel import FormPanel

RecordMaker = Callable[[Contexte, int | None, int | None], Page]
_BLANK = "nouveau"
_UNFINISHED = 8
_KEYS = Qt.FocusReason.ShortcutFocusReason
"""Tabs opened by themselves at login; further drafts are listed in every blank form."""


class Workspace(QWidget):
    """Everything after login.

    Args:
        sections: what may be opened; those that the role may not see are left out.
        records: for each kind of record, what builds its page.
        place: agency and desktop, e.g. ``Casablanca · poste 04``.
    """

    theme_asked = Signal(str)
    language_asked = Signal(str)
    lock_asked = Signal()
    logout_asked = Signal()

    def __init__(
        self, contexte: Contexte, sections: Sequence[Section], records: dict[str, tuple[str, RecordMaker]],
        agency: str, place: str, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.contexte = contexte
        acteur = contexte.acteur
        self.sections = {section.key: section for section in sections if acteur.role in section.roles}
        self._records = records
        self._chosen_narrow: bool | None = None
        self._synced_at: datetime | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        may_create = "interventions" in self.sections and acteur.role != Role.TECHNICIEN
        self.top = TopBar(acteur, agency, may_create=may_create)
        self.nav = Navigation(list(self.sections.values()))
        self.tabs = Tabs()
        self.status = StatusBar(place)
        self.keys = KeysPanel(self, lambda: self.page.keys() if self.page is not None else ())
        self.password = PasswordPanel(self, contexte)
        self.palette_box = Palette(self, contexte, self.open_record, lambda: commands(self))
        self.words = WordsKeeper(contexte, self)
        self.drawer: QWidget | None = None
        """What slides over the tabs, the exchange's; Esc closes it before anything below."""
        self.drawers: list[QWidget] = []
        """Others of the kind."""
        middle = Surface("surface.app")
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.nav)
        row.addWidget(self.tabs, 1)
        column.addWidget(self.top)
        column.addWidget(middle, 1)
        column.addWidget(self.status)
        self._connect()
        self._shortcuts()

    def _connect(self) -> None:
        self.nav.asked.connect(self.open_section)
        self.nav.collapse_asked.connect(self.toggle_navigation)
        self.tabs.current_changed.connect(self._tab_changed)
        self.tabs.close_asked.connect(self.close_tab)
        self.top.new_asked.connect(lambda: self.open_record("interventions", None))
        self.top.search.asked.connect(self.palette_box.open)
        self.palette_box.opened.connect(lambda: self._hold_messages(True))
        self.palette_box.closed.connect(lambda: self._hold_messages(False))
        self.palette_box.closed.connect(self._box_closed)
        self.top.keys_asked.connect(self.keys.toggle)
        self.top.theme_asked.connect(self.theme_asked)
        self.top.language_asked.connect(self.language_asked)
        self.top.password_asked.connect(self.password.open)
        self.top.lock_asked.connect(self.lock_asked)
        self.top.logout_asked.connect(self.logout_asked)
        self.status.keys_asked.connect(self.keys.toggle)
        self.status.sync.setEnabled("sync" in self.sections)
        self.status.sync.clicked.connect(lambda: self.open_section("sync"))

    def _shortcuts(self) -> None:
        standard = QKeySequence.StandardKey
        table: list[tuple[QKeySequence | QKeySequence.StandardKey | str, Callable[[], object]]] = [
            (standard.New, self._new), (standard.Save, lambda: self._page_does("save")),
            (standard.Print, lambda: self._page_does("print_out")),
            (standard.Find, lambda: self._page_does("focus_filter")), ("F5", lambda: self._page_does("reload")),
            ("Esc", self._escape), ("F1", self.keys.toggle), ("Ctrl+B", self.toggle_navigation),
            ("F8", self.top.bell.click),
            ("Ctrl+W", lambda: self.close_tab(self.tabs.current, _KEYS)),
            ("Ctrl+Tab", lambda: self._next_tab(1)), ("Ctrl+Shift+Tab", lambda: self._next_tab(-1)),
            ("Ctrl+PgDown", lambda: self._next_tab(1)), ("Ctrl+PgUp", lambda: self._next_tab(-1)),
            ("Ctrl+K", self.palette_box.open), ("Ctrl+D", self._duplicate),
            ("Alt+PgDown", lambda: step(self, 1)), ("Alt+PgUp", lambda: step(self, -1)),
        ]  # fmt: skip
        for place, section in enumerate(self.nav.sections[:9], start=1):
            table.append((f"Ctrl+{place}", lambda key=section.key: self.open_section(key, _KEYS)))  # type: ignore[misc]
        for keys, act in table:
            does = act if keys in ("Esc", "Ctrl+K") else partial(self._uncovered, act)
            QShortcut(QKeySequence(keys), self).activated.connect(does)

    def _uncovered(self, act: Callable[[], object]) -> None:
        self.palette_box.close_box()  # Nothing is done, and nobody typed to, behind it.
        act()

    def _hold_messages(self, held: bool) -> None:
        """No message lies over the box: it waits, its time with it."""
        if isinstance(toaster := getattr(self.window(), "toaster", None), Toaster):
            toaster.hold(held)

    def set_place(self, agency: str, place: str) -> None:
        """Name the agency in the bars once its row was read."""
        self.top.place.setText(agency)
        self.status.place.setText(place)

    def open_section(self, key: str, why: Qt.FocusReason | None = None) -> Page | None:
        """Show a section's tab, opening it the first time; ``why`` the keyboard goes there, if not as it came."""
        section = self.sections.get(key)
        if section is None:
            return None
        self.palette_box.close_box(restore=False)
        if self.tabs.page(key) is None:
            page = section.make(self.contexte)
            self._add(key, tr(section.title), section.icon, page)
        why = why or reason()
        self.tabs.show_key(key)
        return self._enter_page(why)

    def _enter_page(self, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> Page | None:
        """Put the keyboard into the page in sight, however it was opened; never behind what covers the window."""
        page = self.page
        if page is not None and page.isVisible():
            page.take_focus(why)
        return page

    def open_list(self, key: str, words: str) -> Page | None:
        """Show a section's tab with its filter set; ``sync`` is the drawer of the exchange."""
        if key == "sync":
            self.status.sync.click()
            return None
        page = self.open_section(key)
        if page is not None and words:
            page.search(words)
        return page

    def open_record(self, kind: str, row_id: int | None, slot: int | None = None) -> Page | None:
        """Show a record in a tab of its own; None starts a blank one, or takes up the unfinished one of ``slot``."""
        if kind not in self._records:
            return None
        why = reason()
        self.palette_box.close_box(restore=False)
        if row_id is not None:
            self.palette_box.recents.note((kind, row_id))
        elif slot is None:
            slot = self._blank_slot(kind)
        key = f"{kind}/{row_id}" if row_id is not None else f"{kind}/{_BLANK}{slot}"
        if self.tabs.page(key) is None:
            icon, make = self._records[kind]
            page = make(self.contexte, row_id, slot)
            self._add(key, tr("Nouvelle fiche") if row_id is None else "…", icon, page)
        self.tabs.show_key(key)
        return self._enter_page(why)

    def begin(self, kind: str, values: Mapping[str, Any]) -> Page | None:
        """Start a record that has values already: a draft like any other, until it is saved or given up."""
        slot = self.contexte.drafts.fresh(kind)
        self.contexte.drafts.keep(kind, slot, values)
        return self.open_record(kind, None, slot)

    def _blank_slot(self, kind: str) -> int:
        """The slot of a blank tab in which nothing was typed, else one more."""
        for key in self.tabs.keys:
            page = self.tabs.page(key)
            if key.startswith(f"{kind}/{_BLANK}") and isinstance(page, Page) and page.untouched():
                return int(key.removeprefix(f"{kind}/{_BLANK}"))
        return self.contexte.drafts.fresh(kind)

    def unfinished_at(self, kind: str, slot: int, *, show: bool) -> FormPanel | None:
        """The panel that holds the unfinished new record of ``slot``, brought in sight if asked."""
        for key in self.tabs.keys:
            page = self.tabs.page(key)
            panel = page.record_panel() if isinstance(page, Page) else None
            if panel is not None and panel.holds(kind, slot):
                if show:
                    self.tabs.show_key(key)
                    self._enter_page()
                return panel
        return None

    def open_unfinished(self) -> None:
        """Give every new record that was left unfinished its tab again, behind the one in sight."""
        shown = self.tabs.current
        left = self.contexte.drafts.unfinished()
        for kind, slot, _draft in left[:_UNFINISHED]:
            page = self.open_record(kind, None, slot)
            panel = page.record_panel() if isinstance(page, Page) else None
            if page is not None and panel is not None:
                panel.shown.connect(partial(self._name_by_words, page, panel), Qt.ConnectionType.SingleShotConnection)
        self.tabs.show_key(shown)
        self._enter_page()
        if len(left) > _UNFINISHED:
            words = tr("Saisies non terminées encore gardées : {n}. Une fiche vierge de leur sorte les propose.",
                       n=number(len(left) - _UNFINISHED))  # fmt: skip
            self.contexte.say(words, kind="info")

    def _name_by_words(self, page: QWidget, panel: Any) -> None:
        """Several new records are told apart by what was typed."""
        self.tabs.retitle(self.tabs.key_of(page), panel.title())

    def _add(self, key: str, title: str, icon: str, page: QWidget) -> None:
        if isinstance(page, Page):
            # The key of a blank form changes when it becomes a record.
            page.title_changed.connect(lambda words: self.tabs.retitle(self.tabs.key_of(page), words))
            page.dirty_changed.connect(lambda dirty: self.tabs.strip.set_dirty(self.tabs.key_of(page), dirty))
            page.closed.connect(lambda: self.close_tab(self.tabs.key_of(page)))
            page.status_changed.connect(lambda *_words: self._show_status() if self.page is page else None)
            page.record_created.connect(lambda row_id: self._created(key, page, row_id))
        self.tabs.add(key, title, icon, page)

    def _created(self, key: str, page: Page, row_id: int) -> None:
        """A blank form became a record: its tab is the record's, or makes way for the page of such records."""
        kind = key.partition("/")[0]
        if not page.makes_way:
            self.tabs.rekey(key, f"{kind}/{row_id}")
            return

        def replace() -> None:
            self.open_record(kind, row_id)
            shown = self.tabs.current
            self.close_tab(key)
            self.tabs.show_key(shown)
            self._enter_page()

        # The form is still in the midst of its saving.
        QTimer.singleShot(0, self, replace)

    def close_tab(self, key: str, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Close a tab; the last one stays. What was typed is kept as a draft."""
        page = self.tabs.page(key)
        if page is None or len(self.tabs.keys) < 2:
            return
        if isinstance(page, Page):
            page.leave()
        self.tabs.remove(key)
        self._enter_page(why)

    def _next_tab(self, by: int) -> None:
        """Show the tab beside the one in sight; after the last comes the first."""
        keys = self.tabs.keys
        if len(keys) > 1:
            self.palette_box.close_box(restore=False)
            self.tabs.show_key(keys[(keys.index(self.tabs.current) + by) % len(keys)])
            self._enter_page(_KEYS)

    def unsaved(self) -> list[str]:
        """What is typed in the open forms and not yet saved, by the names of the tabs."""
        found = []
        for key in self.tabs.keys:
            page = self.tabs.page(key)
            panel = page.record_panel() if isinstance(page, Page) else None
            if panel is not None and panel.dirty:
                found.append(panel.title())
        return found

    def leave(self) -> None:
        """The window closes or the person logs out: every page keeps its draft."""
        for key in self.tabs.keys:
            page = self.tabs.page(key)
            if isinstance(page, Page):
                page.leave()

    def memory(self) -> tuple[list[tuple[str, dict[str, Any]]], str]:
        """Every tab in its order with what its page remembers, and the one shown."""
        pages = [(key, self.tabs.page(key)) for key in self.tabs.keys]
        return [(key, page.memory() if isinstance(page, Page) else {}) for key, page in pages], self.tabs.current

    def recall(self, kept: tuple[list[tuple[str, dict[str, Any]]], str]) -> None:
        """Open again the tabs of another workspace of the same person."""
        tabs, current = kept
        for key, memory in tabs:
            kind, _slash, row = key.partition("/")
            number = int(row) if row.isdigit() else None
            slot = int(row.removeprefix(_BLANK)) if row.startswith(_BLANK) else None
            page = self.open_record(kind, number, slot) if row else self.open_section(key)
            if page is not None and memory:
                page.recall(memory)
        self.tabs.show_key(current)
        self._enter_page()

    @property
    def page(self) -> Page | None:
        found = self.tabs.page(self.tabs.current)
        return found if isinstance(found, Page) else None

    def _tab_changed(self, key: str) -> None:
        self.nav.set_current(key.partition("/")[0])
        self._show_status()

    def _show_status(self) -> None:
        selection, freshness = self.page.status() if self.page is not None else ("", "")
        if self._synced_at is not None and freshness:
            freshness = tr("Données locales {quand}", quand=value_labels.freshness(self._synced_at))
        self.status.tell(selection, freshness)

    def set_synced(self, when: datetime | None) -> None:
        """The last exchange with the centre, which dates every list; None where there is no centre."""
        self._synced_at = when
        self._show_status()

    def _page_does(self, what: str) -> None:
        if self.page is not None:
            getattr(self.page, what)()

    def _new(self) -> None:
        if self.page is not None and self.page.new_record():
            return
        if self.page is not None and self.page.nothing_new:
            self.contexte.say(self.page.nothing_new, kind="info")
            return
        self.open_record("interventions", None)

    def _duplicate(self) -> None:
        from erp_desktop.ui.begun import duplicate

        panel = self.page.record_panel() if self.page is not None else None
        if panel is None or not duplicate(panel):
            self.contexte.say(tr("Ouvrez d'abord la fiche à copier ; une intervention se copie."), kind="info")

    def _box_closed(self) -> None:
        """The keyboard that came from nowhere, or from what only opens the box, goes on in the page."""
        held = QApplication.focusWidget()
        if held is None or held is self.top.search or self.palette_box.isAncestorOf(held):
            self._enter_page()

    def _escape(self) -> None:
        """Close the innermost thing that is open, and that only."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        elif self.palette_box.isVisible():
            self.palette_box.close_box()
        elif self.password.isVisible():
            self.password.close_panel()
        elif self.keys.isVisible():
            self.keys.hide()
        elif over := next((d for d in (*self.drawers, self.drawer) if d is not None and d.isVisible()), None):
            over.hide()
        elif self.page is not None:
            self.page.escape()

    def _search(self, words: str) -> None:
        page = self.open_section("interventions")
        if page is not None:
            page.search(words)

    def toggle_navigation(self) -> None:
        self._chosen_narrow = not self.nav.narrow
        self.nav.set_narrow(self._chosen_narrow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme().px("frame.navRailBelow")
        if self._chosen_narrow is None and narrow != self.nav.narrow:
            self.nav.set_narrow(narrow)
