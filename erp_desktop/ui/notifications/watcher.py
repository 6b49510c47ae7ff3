"""Looks for news while somebody is at work, and announces it once: on the desktop, or by the bell alone.

What falls due by itself is written on the same occasions: an amendment whose day has come, a tacit contract after its
end, the period that follows one that is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from erp_desktop.domain.enums import CanalNotification
from erp_desktop.services import notifications
from erp_desktop.services.contrats import amendments, following
from erp_desktop.services.notifications import NotificationInfo
from erp_desktop.settings import Mode
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.notifications import words

EVERY_MS = 60_000
SLOW_TURNS = 15
"""The stock and contracts are looked at every so many turns: they read whole ledgers."""
SOON_MS = 1_500
"""After a change, so that a burst of them is one look."""
_WATCHED = frozenset({"interventions", "historiques_interventions", "creneaux", "notifications", "preferences"})


class Watcher(QObject):
    """One per workspace; goes with it.

    Args:
        announce: shows title and text outside the window, or wherever the desktop can.
    """

    told = Signal()
    """The number of unread notices may have changed."""

    def __init__(self, contexte: Contexte, announce: Callable[[str, str], object], parent: QObject) -> None:
        super().__init__(parent)
        self._contexte, self._announce = contexte, announce
        self._known: set[int] | None = None
        """Unread notices that were announced, or were there before the person came."""
        self._turn = 0
        self._again = QTimer(self)
        self._again.setInterval(EVERY_MS)
        self._again.timeout.connect(self.look)
        self._again.start()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.look)
        contexte.bus.data_changed.connect(self._changed)
        self._soon.start()

    def _changed(self, changes: Any, initiator: object) -> None:
        if initiator is not self and _WATCHED & changes.keys():
            self._soon.start()

    def look(self, *, whole: bool | None = None) -> None:
        """Find what is new; it is written only when there is something.

        Args:
            whole: the stock and contracts too; by default every :data:`SLOW_TURNS`.
        """
        tout = self._turn % SLOW_TURNS == 0 if whole is None else whole
        self._turn += 1
        acteur, first = self._contexte.acteur, self._known is None

        def read(session: Any) -> tuple[set[int], bool, bool]:
            unread = {n.id for n in notifications.lister(session, acteur) if not n.lu} if first else set()
            fallen = amendments.any_due(session) or (tout and following.any_over(session))
            return unread, bool(notifications.nouvelles(session, acteur, tout=tout)), fallen

        def found(answer: tuple[set[int], bool, bool]) -> None:
            if self._known is None:
                self._known = answer[0]
            if answer[2]:
                self._fall_due()
            if answer[1]:
                self._write(tout)
            else:
                self._tell()

        # Nobody waits for it: what fails now is found a minute later, and the exchange says what is wrong. Over
        # a slow line its thirty questions must not stand before those of a page.
        beside = self._contexte.settings.mode is Mode.CENTRE
        self._contexte.tasks.run(read, found, lambda _error: None, long=beside, owner=self)

    def _fall_due(self) -> None:
        """Write what falls due of contracts; forms that show one of them read it again."""

        def write(session: Any) -> set[int]:
            done = {*amendments.take_effect(session), *following.carry_on(session)}
            return done | set(following.follow(session))

        def written(contracts: set[int]) -> None:
            for one in contracts:
                self._contexte.bus.publish("contrats", one)

        self._contexte.tasks.run(write, written, lambda _error: None, write=True, long=True, owner=self)

    def _write(self, tout: bool) -> None:
        acteur = self._contexte.acteur

        def written(keys: list[str]) -> None:
            if keys:
                self._contexte.bus.publish("notifications", initiator=self)
            self._tell()

        self._contexte.tasks.run(
            lambda session: notifications.produire(session, acteur, tout=tout), written, lambda _error: None,
            write=True, long=True, owner=self,
        )  # fmt: skip

    def _tell(self) -> None:
        """Announce what is unread and was not announced yet, whoever made its row."""
        acteur = self._contexte.acteur

        def read(session: Any) -> tuple[list[NotificationInfo], dict[Any, CanalNotification]]:
            unread = [n for n in notifications.lister(session, acteur) if not n.lu]
            return unread, notifications.choix(session, acteur)

        def found(answer: tuple[list[NotificationInfo], dict[Any, CanalNotification]]) -> None:
            unread, chosen = answer
            known = self._known or set()
            news = [n for n in unread if n.id not in known]
            self._known = known | {n.id for n in news}
            self.told.emit()
            aloud = [n for n in news if chosen.get(n.evenement) is CanalNotification.BUREAU]
            if aloud:
                self._announce(*words.announcement(aloud))

        self._contexte.tasks.run(read, found, lambda _error: None, owner=self)
