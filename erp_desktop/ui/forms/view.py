"""What a form looks like: head, acts, tabs, messages, fields and foot; what its record does is the panel's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.fields import Fields
from erp_desktop.ui.forms.head import HeadView
from erp_desktop.ui.forms.part import RecordPart, scroller
from erp_desktop.ui.forms.spec import FormSpec
from erp_desktop.ui.kinds import related, title_of
from erp_desktop.ui.kit.controls import Brief, Button, IconLabel, Text, clear, icon_button, plain
from erp_desktop.ui.kit.i18n import apart, colon, isolate, said, tr
from erp_desktop.ui.kit.ring.order import laid
from erp_desktop.ui.kit.surfaces import Banner, Surface
from erp_desktop.ui.kit.underline import UnderlineTabs

BEGUN = "$d_apres"
"""Under this key the draft of a blank form says, in words, what it was filled in from."""
PARTS = "$parties"
"""Under this key a draft keeps what the parts of the record hold, by the name of the part's class."""


class FormView(Surface):
    """The widgets of one form, and what is typed in them.

    Attributes:
        writes: whether this person may change what is shown.
        record: as last read.
    """

    def __init__(
        self, spec: FormSpec, contexte: Contexte, *, beside_list: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__("surface.base", parent=parent)
        self.spec, self.contexte = spec, contexte
        self.label_width = 108 if beside_list else 150
        self.fields = Fields(spec, contexte, self)
        self.writes = False
        self.record: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = HeadView(
            self._ask_tab if beside_list else None, self.close_panel if beside_list else None, self.offer_around
        )
        column.addWidget(self.head)
        self.bar: RecordPart | None = spec.bar(self) if spec.bar is not None else None
        if self.bar is not None:
            column.addWidget(self.bar)
        self.tabs = UnderlineTabs()
        column.addWidget(self.tabs)
        self.banners = QVBoxLayout()
        self.banners.setContentsMargins(12, 8, 12, 0)
        column.addLayout(self.banners)
        self.pages = QStackedWidget()
        column.addWidget(self.pages, 1)
        self._build_pages(beside_list)
        column.addWidget(self._footer())
        self.tabs.changed.connect(self.pages.setCurrentIndex)

    def _ask_tab(self) -> None:
        raise NotImplementedError

    def close_panel(self) -> None:
        raise NotImplementedError

    def print_out(self) -> bool:
        raise NotImplementedError

    def cancel(self) -> None:
        raise NotImplementedError

    def _edited(self) -> None:
        raise NotImplementedError

    def save(self) -> None:
        raise NotImplementedError

    def open_record(self, row_id: int | None, slot: int | None = None) -> None:
        raise NotImplementedError

    def _build_pages(self, beside_list: bool) -> None:
        body = QWidget()
        body.setObjectName("corps")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 12, 14, 16)
        column.setSpacing(6)
        if not beside_list:
            body.setMaximumWidth(760)
        # Before its fields are in it: a widget that gets another parent is styled anew, with all that it holds.
        self.pages.addWidget(scroller(body))
        fields = column
        self.below: RecordPart | None = self.spec.below(self) if self.spec.below is not None else None
        if self.below is not None:
            fields = QVBoxLayout()
            fields.setSpacing(column.spacing())
            # What fields are laid out before.
            fields.addSpacing(0)
            column.addLayout(fields)
            column.addWidget(self.below)
        self._fields_left = self.fields.build(fields, self.label_width)
        column.addStretch()
        self.tabs.add(tr("Détail"))
        if not beside_list:
            self.make_fields()
        self._parts: list[RecordPart] = []
        self._tabs_left = self._make_tabs()
        self.tabs.setVisible(bool(self.spec.tabs))

    @property
    def parts(self) -> list[RecordPart]:
        """What the tabs beside the fields hold; whoever asks before they are all made makes them."""
        while not self.whole:
            self.make_next()
        return self._parts

    @property
    def whole(self) -> bool:
        """Whether every tab is made."""
        return len(self._parts) == len(self.spec.tabs)

    def make_fields(self, seconds: float | None = None) -> bool:
        """Make the next fields until so much time has gone by, or all that are left; whether there are more."""
        begun = time.perf_counter()
        return any(seconds is not None and time.perf_counter() - begun >= seconds for _step in self._fields_left)

    def make_next(self) -> None:
        """Make one more tab, or put the one just made in its place."""
        next(self._tabs_left)

    def around(self, record: Any) -> list[tuple[str, Callable[[], object]]]:
        """The records that one points to, and the lists of what is its own: words, and what opens it."""
        if record is None:
            return []
        contexte, found = self.contexte, list[tuple[str, Callable[[], object]]]()
        for one in self.spec.fields:
            ident = getattr(record, one.name, None) if one.leads else None
            if ident is not None:
                words = one.shown(record) if one.shown is not None else ""
                found.append((colon().join(filter(None, [tr(one.label), apart(words)])),
                              partial(contexte.open_record, one.leads, ident)))  # fmt: skip
        found += [(tr(title_of(section)), partial(contexte.open_list, section, words))
                  for section, words in related(contexte.acteur, self.spec.kind, record)]  # fmt: skip
        return found

    def offer_around(self) -> QMenu:
        """Ask which of them is wanted; nothing waits for the answer."""
        menu, button = QMenu(self), self.head.around
        for words, act in self.around(self.record):
            menu.addAction(words.replace("&", "&&"), act)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))
        return menu

    def _make_tabs(self) -> Iterator[None]:
        """The tabs, in two steps each; the area is in its place first, for a page is styled anew with each parent."""
        for title, make in self.spec.tabs:
            area = scroller()
            self.pages.addWidget(area)
            part: RecordPart = make(self)
            part.setObjectName("corps")
            yield
            area.setWidget(part)
            index = self.tabs.add(tr(title))
            part.counted.connect(partial(self.tabs.set_count, index))
            part.offered.connect(partial(self.tabs.set_offered, index))
            part.changed.connect(self._edited)
            self._parts.append(part)
            yield

    def _let_print(self, *, saved: bool) -> None:
        self.print_button.setEnabled(saved)
        self.print_button.setToolTip(plain(tr("Imprimer") if saved else tr("À imprimer une fois enregistré")))

    def _print(self, row_id: int | None, *, unsaved: bool) -> bool:
        if self.spec.printing is None or row_id is None:
            return False
        if unsaved:
            words = tr("Le papier montre ce qui est enregistré : la saisie en cours n'y est pas.")
            self.contexte.say(words, kind="info")
        self.spec.printing(self.contexte, [row_id], self)
        return True

    def _footer(self) -> QWidget:
        foot = Surface("surface.sunken", "border.subtle", sides="t")
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        self._draft_icon = IconLabel("floppy-disk", "text.tertiary", 14)
        self.draft_words = Brief("caption", "text.tertiary")
        row.addWidget(self._draft_icon)
        row.addWidget(self.draft_words, 1)
        self._held_icon = IconLabel("lock-key", "text.tertiary", 14)
        self.held = Text("", "caption", "text.secondary", wrap=True)
        row.addWidget(self._held_icon)
        row.addWidget(self.held, 1)
        self.print_button = icon_button("printer", tr("Imprimer"), self.print_out)
        row.addWidget(self.print_button)
        if self.spec.printing is None:
            self.print_button.hide()
        self.cancel_button = Button(tr("Annuler"), on_click=self.cancel)
        self.save_button = Button(tr("Enregistrer"), "primary", tip="Ctrl+S", name=tr("Enregistrer"),
                                  on_click=self.save)  # fmt: skip
        row.addWidget(self.cancel_button)
        row.addWidget(self.save_button)
        self._draft_icon.hide()
        self._held_icon.hide()
        self.held.hide()
        self.foot = foot
        return foot

    def _let_write(self, record: Any) -> None:
        """Offer to save, or say why this record is only read."""
        self.writes = self.spec.writes(self.contexte.acteur, record)
        held = self.spec.held(self.contexte.acteur, record)
        self.held.setText(said(held))
        editing: tuple[QWidget, ...] = (self.cancel_button, self.save_button, self.draft_words)
        for widget in editing:
            widget.setVisible(self.writes)
        self._held_icon.setVisible(bool(held))
        self.held.setVisible(bool(held))
        self.foot.setVisible(self.writes or bool(held))

    def take_focus(self) -> bool:
        """Put the keyboard into the first field that takes it; False when none does."""
        for editor in self.fields.editors.values():
            if editor.inner.isVisibleTo(self) and editor.inner.isEnabled():
                editor.inner.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return True
        return False

    def show_part(self, part: RecordPart) -> None:
        """Bring the tab of a part in sight, with the keyboard where it begins."""
        self.tabs.set_current(self.parts.index(part) + 1)
        part.take_focus()

    def _all_parts(self) -> list[RecordPart]:
        return [*self.parts, *(part for part in (self.bar, self.below) if part is not None)]

    def _part_drafts(self) -> dict[str, Any]:
        return {type(part).__name__: kept for part in self._all_parts() if (kept := part.draft())}

    def _draft(self) -> dict[str, Any]:
        """All that is typed and not saved, in the fields and in every part."""
        parts = self._part_drafts()
        return {**self.fields.draft(), **({PARTS: parts} if parts else {})}

    def _restore(self, kept: dict[str, Any]) -> bool:
        parts = kept.get(PARTS, {})
        for part in self._all_parts():
            part.restore(parts.get(type(part).__name__, {}))
        differs = self.fields.restore(kept) if kept else False
        return differs or bool(self._part_drafts())

    def forget_part(self, row_id: int, part: RecordPart, saved: Mapping[str, Any] | None = None) -> None:
        """What a part held for a record that is no longer shown was saved meanwhile.

        Args:
            saved: what it was; more that was typed before the record was left stays.
        """
        draft = self.contexte.drafts.find(self.spec.kind, row_id)
        if draft is None or (saved is not None and draft.values.get(PARTS, {}).get(type(part).__name__) != saved):
            return
        parts = {name: kept for name, kept in draft.values.get(PARTS, {}).items() if name != type(part).__name__}
        left = {**{k: v for k, v in draft.values.items() if k != PARTS}, **({PARTS: parts} if parts else {})}
        if left:
            self.contexte.drafts.keep(self.spec.kind, row_id, left)
        else:
            self.contexte.drafts.drop(self.spec.kind, row_id)

    def _banner(self, kind: str, words: str, action: str = "", on_action: Any = None, contrary: str = "") -> Banner:
        banner = Banner(kind, words, action=action, on_action=on_action, closable=not action, contrary=contrary)
        self.banners.addWidget(banner)
        return banner

    def say_above(self, words: str) -> None:
        """Tell something above the fields."""
        self._banner("info", words)

    def _drop_banners(self) -> None:
        clear(self.banners)

    def _close_banner(self) -> bool:
        """Close the newest message that can be; False when there is none."""
        for banner in reversed(laid(self.banners)):
            if isinstance(banner, Banner) and banner.closable and not banner.isHidden():
                banner.hide()
                banner.deleteLater()
                return True
        return False

    def _show_parts(self, row_id: int | None, record: Any) -> None:
        """Each part reads what it shows, all of them at once."""
        with self.contexte.tasks.together():
            for part in self._all_parts():
                part.begin_anew()
                part.show_record(row_id, record)

    def _say_draft(self, when: Any) -> None:
        self._draft_icon.setVisible(when is not None)
        hour = clock.local(when).strftime("%H:%M") if when is not None else ""
        self.draft_words.say(tr("Brouillon gardé à {heure}", heure=isolate(hour)) if hour else "", isolate(hour))

    def _say_unwritten(self, cause: str) -> None:
        self._draft_icon.setVisible(True)
        words = tr("Brouillon non gardé : {cause}", cause=said(cause))
        self.draft_words.say(words, tr("Brouillon non gardé"))

    def _offer_unfinished(self, own: int) -> None:
        """List the new records begun and not finished but for ``own``, each to be taken up again."""
        for kind, slot, draft in self.contexte.drafts.unfinished():
            if kind == self.spec.kind and slot != own:
                title = next((str(v) for name, v in draft.values.items() if isinstance(v, str) and v
                              and name in self.fields.base and self.fields.base[name] != v), "")  # fmt: skip
                when = clock.written(clock.local(draft.saved_at), tr("%d/%m à %H:%M"))
                words = tr("Saisie non terminée du {quand} : {titre}", quand=when, titre=isolate(title))
                banner = self._banner("info", words, tr("Reprendre"), lambda slot=slot: self._resume(slot),
                                      tr("Abandonner"))  # fmt: skip
                banner.other.connect(lambda slot=slot, banner=banner: self._give_up(slot, banner))

    def _resume(self, slot: int) -> None:
        """Take an unfinished record up, or go where it is open: two editors of one draft undo each other."""
        if self.contexte.unfinished_at(self.spec.kind, slot, True) is None:
            self.open_record(None, slot)

    def _give_up(self, slot: int, banner: Banner) -> None:
        kind, contexte = self.spec.kind, self.contexte
        banner.hide()
        banner.deleteLater()
        elsewhere = contexte.unfinished_at(kind, slot, False)
        if elsewhere is not None:
            elsewhere.cancel()
            return
        draft = contexte.drafts.find(kind, slot)
        if draft is not None:
            contexte.drafts.drop(kind, slot)
            contexte.say(tr("Saisie abandonnée"), lambda: contexte.drafts.keep(kind, slot, draft.values), "info")
