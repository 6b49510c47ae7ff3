"""The drawer at the trailing side of the window: state of the line, what waits, what was refused, what arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.sync import status
from erp_desktop.sync.inbox import conflicts, discard
from erp_desktop.sync.inbox.captions import Boite, Cycle, Depart, boite, depart, journal
from erp_desktop.sync.inbox.conflicts import Conflit
from erp_desktop.sync.status import EtatSync, Recu, Sortant
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.kit.controls import Button, IconLabel, Text
from erp_desktop.ui.kit.held import Held, changed
from erp_desktop.ui.kit.i18n import number, said, tr
from erp_desktop.ui.kit.ring.order import laid
from erp_desktop.ui.kit.surfaces import GivesBack, Surface
from erp_desktop.ui.synchro.cards import (
    Changement,
    LigneConflit,
    LigneJournal,
    LigneRecue,
    Onglet,
    heure,
)
from erp_desktop.ui.synchro.head import Entete
from erp_desktop.ui.synchro.stick import ByHand
from erp_desktop.ui.wording import value_labels

WIDTH = 524
_PAGE = 40
_Lists = tuple[Depart, Boite, list[Recu], list[Cycle]]


def _open(inbox: Boite) -> list[Conflit]:
    return [c for c in inbox.conflits if c.a_decider and c.resolu is None]


def _lines(tab: str, lists: _Lists) -> dict[object, object]:
    """The lines of one tab, each under what it stays itself by."""
    departing, inbox, received, cycles = lists
    if tab == "sortants":
        return {(s.table, s.pk, s.groupe): s for s in departing.sortants}
    if tab == "conflits":
        return {c.id: c for c in _open(inbox)}
    return {(one.quand, getattr(one, "pk", 0)): one for one in (received if tab == "recus" else cycles)}


class Panneau(GivesBack, Surface):
    """The synchronisation drawer over a window's content; not modal, Esc closes it.

    Args:
        host: what it lies over; it follows its size.
        retry: asks for a cycle now; None when this desktop has no centre.
        set_line: cuts or restores the line, given by the demonstration only.
        line_up: whether it was not cut.
    """

    open_record = Signal(str, object)
    conflicts_asked = Signal()
    conflicts_changed = Signal()
    """The number of conflicts is not what it was."""

    def __init__(
        self, contexte: Contexte, host: QWidget, *, retry: Callable[[], object] | None = None,
        set_line: Callable[[bool], object] | None = None, line_up: Callable[[], bool] = lambda: True,
        top: int = 48, bottom: int = 30,
    ) -> None:  # fmt: skip
        super().__init__("surface.raised", "border.default", sides="st", parent=host)
        self._contexte, self._host = contexte, host
        self._top, self._bottom = top, bottom
        self._state: EtatSync | None = None
        self._shown = _PAGE
        self._tab = "sortants"
        self._depart, self._boite = Depart((), {}), Boite((), {}, {}, {})
        self._recus: list[Recu] = []
        self._journal: list[Cycle] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Synchronisation"))
        body = QWidget()
        body.setObjectName("corps")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 0, 0)
        # Enlarged, on a small screen, its head alone takes all the room.
        outer.addWidget(scroller(body))
        self.by_hand = ByHand(contexte.settings, self) if retry is not None else None
        if self.by_hand is not None:
            self.by_hand.arrived.connect(self._carried)
            self.by_hand.failed.connect(contexte.tasks.failed)
        self.head = Entete(retry, set_line, line_up, self.by_hand)
        self.head.closed.connect(self.hide)
        self.head.journal_asked.connect(lambda: self.show_tab("journal"))
        self._column.addWidget(self.head)
        self._build_tabs()
        self._build_list()
        self._build_foot()
        self.hide()
        host.installEventFilter(self)
        contexte.bus.data_changed.connect(self._changed)

    # What it is made of

    def _build_tabs(self) -> None:
        strip = Surface("surface.raised", "border.subtle", sides="tb")
        row = QHBoxLayout(strip)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(2)
        self.tabs = {
            "sortants": Onglet(tr("Sortants")), "conflits": Onglet(tr("Conflits")), "recus": Onglet(tr("Reçus")),
        }  # fmt: skip
        self._group = QButtonGroup(self)
        for key, tab in self.tabs.items():
            self._group.addButton(tab)
            tab.clicked.connect(lambda _checked=False, key=key: self.show_tab(key))
            row.addWidget(tab)
        row.addStretch()
        self.tabs["sortants"].setChecked(True)
        self._column.addWidget(strip)

    def _build_list(self) -> None:
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setAccessibleName(tr("Synchronisation"))
        self._area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setMinimumHeight(90)
        inside = QWidget()
        inside.setObjectName("corps")
        self._items = QVBoxLayout(inside)
        self._items.setContentsMargins(0, 0, 0, 0)
        self._items.setSpacing(0)
        self._area.setWidget(inside)
        self._column.addWidget(self._area, 1)
        # Below the lists: no line moves when it appears.
        self.held = Held(self._area)
        self._column.addWidget(self.held)

    def _build_foot(self) -> None:
        foot = Surface("surface.sunken", "border.subtle", sides="t")
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 9, 16, 9)
        row.setSpacing(9)
        row.addWidget(IconLabel("shield-check", "semantic.success.text", 16))
        self._foot = Text("", "body", "text.secondary")
        row.addWidget(self._foot, 1)
        self._column.addWidget(foot)

    # Showing

    def toggle(self) -> None:
        """Open the drawer, or close it."""
        if self.isVisible():
            self.hide()
            return
        self._place()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
        self.reload()

    def _place(self) -> None:
        width = min(WIDTH, self._host.width())
        rtl = self._host.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 0 if rtl else self._host.width() - width
        self.setGeometry(x, self._top, width, self._host.height() - self._top - self._bottom)

    def set_state(self, state: EtatSync) -> None:
        """Take a new state of the exchange; reads the lists again when it is open."""
        moved = self._state is not None and self._state.conflits != state.conflits
        self._state = state
        if moved:
            self.conflicts_changed.emit()
        self.head.set_state(state)
        self._foot.setText(self._foot_words(state))
        self._count()
        if self.isVisible():
            self.reload(own=False)

    def reload(self, *, own: bool = True) -> None:
        """Read what waits, what conflicts, what arrived and the journal.

        Args:
            own: asked for by the person; else the lines stay while the pointer is over them.
        """

        def read(session: Any) -> _Lists:
            received = status.recus(session, 500)
            today = [r for r in received if clock.local(r.quand).date() == clock.today()]
            return depart(session), boite(session), today, journal(session)

        self._contexte.tasks.run(read, lambda found: self._take(found, own), owner=self)

    def _changed(self, _changes: object, initiator: object) -> None:
        if self.isVisible():
            self.reload(own=initiator is self)

    def _take(self, found: _Lists, own: bool) -> None:
        known = (self._depart, self._boite, self._recus, self._journal)
        if found == known and self._items.count():
            self.held.drop("lists")
            return
        changes = changed(_lines(self._tab, known), _lines(self._tab, found))
        self.held.take("lists", changes, lambda: self._fill(found), at_once=own or not self._items.count())

    def _fill(self, found: _Lists) -> None:
        self._depart, self._boite, self._recus, self._journal = found
        self._count()
        self._show_items()

    @property
    def open_conflicts(self) -> list[Conflit]:
        return _open(self._boite)

    def _count(self) -> None:
        self.tabs["sortants"].set_words(f"{tr('Sortants')} {len(self._depart.sortants)}")
        self.tabs["conflits"].set_words(f"{tr('Conflits')} {len(self.open_conflicts)}")
        today = tr("Interventions reçues aujourd'hui")
        self.tabs["recus"].set_words(f"{today} {number(len(self._recus))}")

    def _foot_words(self, state: EtatSync) -> str:
        cache = self._contexte.settings.cache
        parts = [tr("Base locale")]
        if cache.exists():
            parts.append(f"{max(1, round(cache.stat().st_size / 1_048_576))} {tr('Mo')}")
        parts.append(tr("données {quand}", quand=value_labels.freshness(state.dernier_cycle)))
        return " · ".join(parts)

    def _carried(self, tables: frozenset[str]) -> None:
        if tables:
            self._contexte.bus.data_changed.emit({table: frozenset() for table in tables}, None)
        self.reload()

    # The lists

    def show_tab(self, key: str) -> None:
        """``sortants``, ``conflits``, ``recus`` or ``journal``."""
        self.held.apply()
        self._tab, self._shown = key, _PAGE
        self._group.setExclusive(False)
        for name, tab in self.tabs.items():
            tab.setChecked(name == key)
        self._group.setExclusive(True)
        self._show_items()
        self._area.verticalScrollBar().setValue(0)

    def _show_items(self) -> None:
        bar = self._area.verticalScrollBar()
        place = bar.value()
        while (item := self._items.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        {"sortants": self._outgoing, "conflits": self._conflicting, "recus": self._received,
         "journal": self._cycles}[self._tab]()  # fmt: skip
        self._items.addStretch()
        QTimer.singleShot(0, bar, lambda: bar.setValue(place))

    @property
    def changes(self) -> list[Changement]:
        """The changes shown, refused ones first."""
        return [widget for widget in laid(self._items) if isinstance(widget, Changement)]

    def _heading(self, words: str, colour: str, detail: str = "") -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(16, 10, 16, 2)
        row.addWidget(Text(words, "strong", colour))
        row.addStretch()
        row.addWidget(Text(detail, "caption", "text.tertiary"))
        self._items.addWidget(holder)

    def _nothing(self, words: str) -> None:
        line = Text(words, "body", "text.tertiary", wrap=True)
        line.setContentsMargins(16, 18, 16, 18)
        self._items.addWidget(line)

    def _outgoing(self) -> None:
        refused = [s for s in self._depart.sortants if s.refus is not None]
        waiting = [s for s in self._depart.sortants if s.refus is None]
        if not refused and not waiting:
            self._nothing(tr("Tout est parti : rien n'attend sur ce poste."))
        if refused:
            self._heading(tr("Refusé"), "semantic.danger.text")
        for sortant in refused:
            self._items.addWidget(self._change(sortant))
        if waiting:
            words = tr("En attente d'envoi · {n}", n=number(len(waiting)))
            oldest = tr("le plus ancien : {heure}", heure=heure(min(s.quand for s in waiting)))
            self._heading(words, "text.tertiary", oldest)
        for sortant in waiting[: self._shown]:
            self._items.addWidget(self._change(sortant))
        self._more(len(waiting))

    def _more(self, total: int) -> None:
        if total > self._shown:
            words = tr("Voir les {n} suivants", n=min(_PAGE, total - self._shown))
            self._items.addWidget(Button(words, "ghost", on_click=self._show_more))

    def _show_more(self) -> None:
        self._shown += _PAGE
        self._show_items()

    def _change(self, sortant: Sortant) -> Changement:
        made = Changement(sortant, self._depart.noms)
        made.correct.connect(lambda s: self.open_record.emit(s.table, s.pk))
        made.resend.connect(self._resend)
        made.abandon.connect(self._abandon)
        return made

    def _conflicting(self) -> None:
        found = self.open_conflicts
        if not found:
            self._nothing(tr("Aucun conflit à régler."))
        for conflit in found[: self._shown]:
            line = LigneConflit(conflit, self._boite.noms)
            line.asked.connect(self.conflicts_asked)
            self._items.addWidget(line)
        self._more(len(found))

    def _received(self) -> None:
        if not self._recus:
            self._nothing(
                tr("Aucune intervention n'est arrivée aujourd'hui. Le journal dit ce que les échanges ont apporté.")
            )
        for recu in self._recus[: self._shown]:
            line = LigneRecue(recu)
            line.opened.connect(lambda r: self.open_record.emit(r.table, r.pk))
            self._items.addWidget(line)
        self._more(len(self._recus))

    def _cycles(self) -> None:
        if not self._journal:
            self._nothing(tr("Aucun échange n'a encore eu lieu."))
        self._add_all(LigneJournal(cycle) for cycle in self._journal[: self._shown])
        self._more(len(self._journal))

    def _add_all(self, widgets: Iterable[QWidget]) -> None:
        for widget in widgets:
            self._items.addWidget(widget)

    # Acts

    def _resend(self, sortant: Sortant) -> None:
        gare = sortant.gare
        if gare is not None:
            self._act(lambda session: conflicts.unpark(session, gare), sortant,
                      tr("{nom} : renvoyé au prochain échange", nom=sortant.libelle))  # fmt: skip

    def _abandon(self, sortant: Sortant) -> None:
        self._act(lambda session: discard.abandonner(session, sortant.table, sortant.pk), sortant,
                  tr("{nom} : changement abandonné, la fiche est comme avant", nom=sortant.libelle))  # fmt: skip

    def _act(self, work: Callable[[Any], None], sortant: Sortant, words: str) -> None:
        def done(_none: None) -> None:
            self._contexte.say(words)
            self._contexte.bus.publish(sortant.table, sortant.pk, initiator=self)

        self._contexte.tasks.run(work, done, self._refused, write=True, owner=self)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, ErpError):
            self._contexte.say(said(str(error)), kind="danger")
        else:
            self._contexte.tasks.failed.emit(error)
        self.reload()

    # Keys and place

    def event(self, event: QEvent) -> bool:
        # Inside the drawer Esc closes it; elsewhere it is the page's.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
