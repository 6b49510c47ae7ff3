"""Administration: its own navigation, one page for each noun, and where all of it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ErpError
from erp_desktop.services.administration import source
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.settings import Mode
from erp_desktop.sync.device.administration import Seat
from erp_desktop.ui.administration import people, records, references
from erp_desktop.ui.administration.desktops.page import DevicesPage
from erp_desktop.ui.administration.desktops.records import DEVICES
from erp_desktop.ui.administration.rules_page import RulesPage
from erp_desktop.ui.administration.seat import Place, SeatPanel, here, there
from erp_desktop.ui.administration.upkeep import BackupsPage, SchemaPage
from erp_desktop.ui.audit.page import AuditPage
from erp_desktop.ui.audit.people_page import PeoplePage
from erp_desktop.ui.context import Contexte, Section
from erp_desktop.ui.frame.navigation import NavItem
from erp_desktop.ui.kit.controls import Button, Text, clear
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.states import EmptyState, ErrorState
from erp_desktop.ui.kit.surfaces import Banner, Card, Surface
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.lists.spec import ListSpec
from erp_desktop.ui.page import Page

_WIDTH = 216
_CENTRAL_ONLY = {"postes"}
_LISTS: dict[str, ListSpec[Any]] = {
    "utilisateurs": people.ACCOUNTS, "agences": people.AGENCIES, "entetes": people.LETTERHEADS,
    "competences": references.SKILLS_LIST, "codes": references.CODES_LIST, "tarifs": references.RATES_LIST,
    "tva": references.VAT_LIST, "feries": references.HOLIDAYS_LIST, "exigences": references.NEEDS_LIST,
    "legaux": references.LEGAL_LIST, "numeros": records.NUMBERS, "journaux": records.JOURNAL,
}  # fmt: skip
_ROOMS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", (("utilisateurs", "Utilisateurs", "users"), ("agences", "Agences", "buildings"),
          ("entetes", "En-têtes", "file-text"), ("postes", "Postes", "desktop"))),
    ("Référentiels", (("competences", "Compétences", "hard-hat"), ("codes", "Codes de panne", "warning-circle"),
                      ("tarifs", "Tarifs", "tag"), ("tva", "Taux de TVA", "receipt"),
                      ("legaux", "Taux légaux", "receipt"),
                      ("feries", "Jours fériés", "calendar-dots"))),
    ("Planning", (("exigences", "Compétences requises", "shield-check"),
                  ("regles", "Règles du planning", "calendar"))),
    ("Système", (("numeros", "Numérotation", "list-bullets"), ("schema", "Schéma et mises à niveau", "database"),
                 ("sauvegardes", "Sauvegardes", "hard-drives"),
                 ("journaux", "Journaux", "clock-counter-clockwise"),
                 ("audit", "Journal des actes", "list-bullets"),
                 ("personnes", "Données personnelles", "shield-check"))),
)  # fmt: skip


def _no_page(_contexte: Contexte) -> QWidget:
    raise RuntimeError("a room of administration is opened by its page")


def _how_many(one: ListSpec[Any], acteur: Acteur, session: Any) -> int:
    return len(one.ids(session, acteur, ListQuery()))


class AdministrationPage(Page):
    """The rooms at the leading side; a bar on top says what is written where, and why not."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self.contexte = contexte
        self.place = here(contexte, writes=False)
        self._seat: Seat | None = None
        self._pages: dict[str, QWidget] = {}
        self.current = "utilisateurs"
        self.items: dict[str, NavItem] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rooms())
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        self.notices = QVBoxLayout()
        right.addLayout(self.notices)
        self.seat_panel = SeatPanel(contexte, self)
        self.seat_panel.seated.connect(self.take_seat)
        right.addWidget(self.seat_panel)
        self.stack = QStackedWidget()
        right.addWidget(self.stack, 1)
        row.addLayout(right, 1)
        for keys, by in (("Alt+Down", 1), ("Alt+Up", -1)):
            shortcut = QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda by=by: self.step(by))
        self._waits: QWidget | None = None
        contexte.bus.data_changed.connect(self._changed)
        self._begin()

    def _begin(self) -> None:
        """Ask where this window may write: the rooms follow from it."""
        self.contexte.tasks.run(
            source.inscriptible,
            lambda may: self._settle(here(self.contexte, writes=may)),
            self._not_begun,
            owner=self,
        )

    def _not_begun(self, error: Exception) -> None:
        """Said in its place: a room that does not know where it writes shows nothing."""
        self._drop_waits()
        told = said(str(error)) if isinstance(error, ErpError) else tr("Le détail est dans le journal de ce poste.")
        self._waits = ErrorState(
            tr("L'administration n'a pas pu être lue"), told,
            [Button(tr("Réessayer"), "primary", on_click=self._begin)],
        )  # fmt: skip
        self.stack.addWidget(self._waits)
        self.stack.setCurrentWidget(self._waits)

    def _drop_waits(self) -> None:
        waits, self._waits = self._waits, None
        if waits is not None:
            self.stack.removeWidget(waits)
            waits.deleteLater()

    def _changed(self, _changes: object, _initiator: object) -> None:
        # As when the line to the centre is there again.
        if self._waits is not None:
            self._begin()

    def _rooms(self) -> QWidget:
        side = Surface("surface.nav", "border.subtle", sides="e")
        side.setFixedWidth(_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 10, 1, 12)
        column.setSpacing(0)
        title = Text(tr("Administration"), "title")
        title.setContentsMargins(16, 0, 16, 6)
        column.addWidget(title)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        body = QWidget()
        body.setObjectName("corps")
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        for heading, rooms in _ROOMS:
            if heading:
                words = Text(tr(heading), "caption", "text.tertiary")
                words.setContentsMargins(14, 10, 14, 4)
                inside.addWidget(words)
            for key, name, icon in rooms:
                if key in _CENTRAL_ONLY and self.contexte.settings.mode is Mode.AUTONOME:
                    continue
                item = NavItem(Section(key, name, icon, heading, _no_page))
                item.setFixedHeight(32)
                item.clicked.connect(lambda _checked=False, key=key: self.show_room(key))
                self.items[key] = item
                inside.addWidget(item)
        inside.addStretch()
        area.setWidget(body)
        column.addWidget(area, 1)
        self.card = Card("surface.base")
        self.where = Text("", "strong", wrap=True)
        self.card.box.addWidget(self.where)
        self.how = Text("", "caption", "text.secondary", wrap=True)
        self.card.box.addWidget(self.how)
        self.leave_button = Button(tr("Quitter le centre"), "link", on_click=self.leave_seat)
        self.leave_button.hide()
        self.card.box.addWidget(self.leave_button)
        holder = QVBoxLayout()
        holder.setContentsMargins(10, 8, 10, 0)
        holder.addWidget(self.card)
        column.addLayout(holder)
        return side

    # Where it is written

    def take_seat(self, seat: Seat) -> None:
        """Administer the centre from here on."""
        self._drop_seat()
        self._seat = seat
        self._settle(there(self.contexte, seat, self))

    def leave_seat(self) -> None:
        """End the line to the centre; what was typed and not saved stays as a draft."""
        self._drop_seat()
        self._settle(here(self.contexte, writes=False))

    def _drop_seat(self) -> None:
        seat, self._seat = self._seat, None
        if seat is not None:
            self._keep()
            self.place.contexte.tasks.stop()
            seat.worker.close(2.0)

    def _settle(self, place: Place) -> None:
        self._keep()
        self._drop_waits()
        for page in self._pages.values():
            self.stack.removeWidget(page)
            page.deleteLater()
        self._pages = {}
        self.place = place
        for item in self.items.values():
            # Of the other database.
            item.set_count(0)
        self.where.setText(place.words)
        self.how.setText(tr("Écriture permise") if place.writes else tr("Lecture seule"))
        self.leave_button.setVisible(self._seat is not None)
        clear(self.notices)
        if not place.writes:
            self.notices.addWidget(Banner(
                "info", tr("Lecture seule sur ce poste : les comptes et les référentiels se changent au centre."),
                detail=tr("Il y faut la ligne et un identifiant d'administrateur du centre ; rien n'est perdu "
                          "sans elle."),
                action=tr("S'identifier au centre…"), on_action=self.seat_panel.open, square=True,
            ))  # fmt: skip
        with place.contexte.tasks.together():
            self.show_room(self.current)
            self._count_rooms()

    # Rooms

    def take_focus(self, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Where the work of the room in sight begins."""
        shown = self.stack.currentWidget()
        if isinstance(shown, Page):
            shown.take_focus(why)
        elif shown is not None:
            shown.setFocus(why)

    def show_room(self, key: str) -> QWidget:
        """Show a room, made the first time."""
        self.current = key
        self.items[key].setChecked(True)
        if self._waits is not None:
            # Where it is written decides what a room offers.
            return self._waits
        self._area.ensureWidgetVisible(self.items[key])
        if key not in self._pages:
            page = self._make(key)
            self._pages[key] = page
            self.stack.addWidget(page)
            if isinstance(page, Page):
                page.status_changed.connect(lambda *_words: self.status_changed.emit(*self.status()))
            if isinstance(page, ListPage):
                page.model.loaded.connect(lambda count, key=key, page=page: self._count(key, page, count))
        shown = self._pages[key]
        self.stack.setCurrentWidget(shown)
        self.take_focus()
        self.status_changed.emit(*self.status())
        return shown

    def _count_rooms(self) -> None:
        """How many people, agencies and devices there are, before their rooms are entered."""
        place, contexte = self.place, self.place.contexte
        lists = {key: _LISTS[key] for key in ("utilisateurs", "agences")}
        if place.central and place.writes:
            lists["postes"] = DEVICES

        def counted(key: str, count: int) -> None:
            if place is self.place:
                self.items[key].set_count(count)

        # A number that could not be read is not said; the room says why when it is entered.
        for key, one in lists.items():
            contexte.tasks.run(
                partial(_how_many, one, contexte.acteur), partial(counted, key), lambda _error: None, owner=self,
            )  # fmt: skip

    def _count(self, key: str, page: ListPage, count: int) -> None:
        if not page.filter.text() and key not in ("journaux", "numeros", "audit"):
            self.items[key].set_count(count)

    def _make(self, key: str) -> QWidget:
        contexte, place = self.place.contexte, self.place
        if key in _CENTRAL_ONLY and not (place.central and place.writes):
            words = tr("La liste des postes est au centre : elle demande la ligne et votre identifiant de centre.")
            again = Button(tr("S'identifier au centre…"), "primary", on_click=self.seat_panel.open)
            ground = Surface("surface.base")
            inside = QVBoxLayout(ground)
            inside.addWidget(EmptyState(tr("Les postes se voient au centre"), words, [again], icon="desktop"))
            return ground
        made: dict[str, Callable[[], Page]] = {
            # A record opens in this window, which has it when it is of this agency.
            "audit": lambda: AuditPage(
                replace(contexte, open_record=self.contexte.open_record), central=place.central or place.writes
            ),
            # What this desktop holds may be handed out from here; it is erased where it is written.
            "personnes": lambda: PeoplePage(contexte if place.writes else self.contexte, writes=place.writes),
            "regles": lambda: RulesPage(contexte), "schema": lambda: SchemaPage(contexte),
            "postes": lambda: DevicesPage(contexte),
            "sauvegardes": lambda: BackupsPage(contexte, central=place.central and place.writes),
        }  # fmt: skip
        return made[key]() if key in made else ListPage(_LISTS[key], contexte)

    @property
    def room(self) -> Page | None:
        shown = self.stack.currentWidget()
        return shown if isinstance(shown, Page) else None

    def _keep(self) -> None:
        for page in self._pages.values():
            if isinstance(page, Page):
                page.leave()

    # What the window's keys do

    def new_record(self) -> bool:
        if self.room is not None and self.room.new_record():
            return True
        self.nothing_new = (self.room.nothing_new if self.room is not None else "") or tr("Rien ne se crée ici.")
        return False

    def save(self) -> bool:
        return self.room.save() if self.room is not None else False

    def focus_filter(self) -> bool:
        return self.room.focus_filter() if self.room is not None else False

    def reload(self) -> bool:
        return self.room.reload() if self.room is not None else False

    def escape(self) -> bool:
        if not self.seat_panel.isHidden():
            self.seat_panel.hide()
            return True
        return self.room.escape() if self.room is not None else False

    def record_panel(self) -> Any:
        return self.room.record_panel() if self.room is not None else None

    def status(self) -> tuple[str, str]:
        selection, freshness = self.room.status() if self.room is not None else ("", "")
        if self._seat is not None:
            # The window dates what this desktop has; here it is read at once.
            freshness = ""
        return selection, freshness

    def keys(self) -> Sequence[tuple[str, str]]:
        return (("Alt ↑ ↓", "Rubrique d'administration précédente, suivante"),)

    def memory(self) -> dict[str, Any]:
        return {"rubrique": self.current}

    def recall(self, kept: dict[str, Any]) -> None:
        self.show_room(str(kept.get("rubrique", self.current)))

    def leave(self) -> None:
        self._keep()
        self._drop_seat()

    def step(self, by: int) -> None:
        """The room after or before this one."""
        keys = list(self.items)
        self.show_room(keys[(keys.index(self.current) + by) % len(keys)])
