"""Opens the database behind the window: progress, consent, stop, refusal and the ways out of it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from erp_desktop.app.engine import open_engine
from erp_desktop.errors import DeviceErasedError, FirstRunError, UpgradeCancelledError
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.main_window import MainWindow

if TYPE_CHECKING:
    from erp_desktop.upgrade.central.checklist import EtatSchema
    from erp_desktop.upgrade.start.restore import Restauration

_log = logging.getLogger(__name__)


class Opening(QObject):
    """One database, opened by a thread of its own.

    Attributes:
        opener: the thread, once it was begun.
    """

    ready = Signal(object)
    """The engine of the database."""
    _progress = Signal(str, object)
    _failed = Signal(object)
    _consent_asked = Signal(object)
    _restored = Signal(object)

    def __init__(
        self, parent: QObject, window: MainWindow, settings: Callable[[], Settings], first_run: Callable[[], object]
    ) -> None:
        """Open nothing yet.

        Args:
            parent: lives longer than this.
            window: shows what happens.
            settings: those in force now.
            first_run: shows the wizard of a new desktop.
        """
        super().__init__(parent)
        self._window, self._settings, self._first_run = window, settings, first_run
        self.opener: threading.Thread | None = None
        self._stop = threading.Event()
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._insist = False
        queued = Qt.ConnectionType.QueuedConnection
        self._progress.connect(window.show_opening, queued)
        self._failed.connect(self.refused, queued)
        self._consent_asked.connect(self._ask_consent, queued)
        self._restored.connect(self._show_restored, queued)
        window.stop_asked.connect(self._stop.set)

    def begin(self) -> None:
        """Open, and if need be upgrade, the database in a thread of its own."""
        self._behind(self._open)

    def stop(self) -> None:
        """The window closes: the next step of an upgrade does not begin."""
        self._stop.set()
        self._answers.put(False)

    def _behind(self, work: Callable[[], object]) -> None:
        self._window.show_opening(tr("Ouverture de la base…"))
        self._stop.clear()
        self.opener = threading.Thread(target=self._told, args=(work,), name="ouverture", daemon=True)
        self.opener.start()

    def _told(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - shown by the window, whatever it is
            self._failed.emit(error)

    def _open(self) -> None:
        from erp_desktop.ui.sections import preload
        from erp_desktop.upgrade.start import recovery

        if self._settings().mode is not Mode.CENTRE and not self._insist and recovery.pending(self._settings().cache):
            raise FirstRunError(
                tr("Vous pouvez réessayer, ou revenir à la sauvegarde faite juste avant ; vos changements pas encore "
                   "envoyés y seront reportés.")
            )  # fmt: skip
        self.ready.emit(open_engine(self._settings(), self._advance, self._consent))
        preload()

    def _advance(self, words: str, share: float | None) -> None:
        """Called by the opening thread before each step: the only places where an upgrade stops."""
        if self._stop.is_set():
            raise UpgradeCancelledError(tr("La base est comme avant. La mise à niveau reprendra au début."))
        self._progress.emit(said(words), share)

    def _consent(self, state: EtatSchema) -> bool:
        self._consent_asked.emit(state)
        return self._answers.get()

    def _ask_consent(self, state: EtatSchema) -> None:
        from erp_desktop.ui.first_start.upgrade_pages import Consentement

        def answer(agreed: bool) -> None:
            self._window.show_opening(tr("Ouverture de la base…"))
            self._answers.put(agreed)

        page = Consentement(state.revision, state.attendue, state.revisions, state.avertissements, answer)
        self._window.show_content(page, aloof=True)

    def _go_back(self) -> None:
        from erp_desktop.db import secrets
        from erp_desktop.upgrade.start import recovery

        cache, file = self._settings().cache, self._settings().secrets_file
        self._behind(lambda: self._restored.emit(recovery.go_back(cache, secrets.cache_key(cache, file))))

    def _salvage(self, *, alone: bool = False) -> None:
        from erp_desktop.db import secrets
        from erp_desktop.upgrade.start import recovery

        def work() -> None:
            cache, file = self._settings().cache, self._settings().secrets_file
            recovery.salvage(cache, secrets.cache_key(cache, file), alone=alone)
            self._open()

        self._behind(work)

    def _show_restored(self, done: Restauration) -> None:
        from erp_desktop.ui.first_start.upgrade_pages import restored

        page = restored(done.revision, done.reportees, again=self._try_again, leave=self._window.close)
        self._window.show_content(page, aloof=True)

    def _try_again(self) -> None:
        self._insist = True
        self.begin()

    def refused(self, error: Exception) -> None:
        """Show why the database is not open, and what can be done."""
        from erp_desktop.ui.first_start.upgrade_pages import refusal
        from erp_desktop.upgrade.start import recovery

        _log.error("database not opened", exc_info=error)
        if isinstance(error, DeviceErasedError):
            from erp_desktop.sync.device.farewell import forget_drafts

            # A window that was open has put its drafts away since the rows were erased.
            forget_drafts(self._settings().cache)
        cache, local = self._settings().cache, self._settings().mode is not Mode.CENTRE
        go_back = self._go_back if local and recovery.pending(cache) is not None else None
        page = refusal(
            error, again=self._try_again, leave=self._window.close, go_back=go_back,
            salvage=self._salvage if local else None,
            salvage_alone=(lambda: self._salvage(alone=True)) if local else None,
            anew=self._first_run if local and not cache.exists() else None,
        )  # fmt: skip
        self._window.show_content(page, aloof=True)
