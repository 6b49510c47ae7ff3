"""A new version: looked for and brought behind the window, said once it is here, installed when the window closed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from erp_desktop.errors import ErpError
from erp_desktop.settings import Settings
from erp_desktop.ui.background import Fond
from erp_desktop.ui.kit.i18n import isolate, tr

if TYPE_CHECKING:
    from erp_desktop.services.releases.updates import Offer

_log = logging.getLogger(__name__)
_AGAIN_MS = 4 * 3_600_000


class NewVersion(QObject):
    """Looks every four hours; a place that does not answer is asked again, a download goes on where it was cut.

    Args:
        say: shows a passing message.

    Attributes:
        ready: what is verified and here, with its file; None before.
    """

    def __init__(self, settings: Settings, say: Callable[..., object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings, self._say = settings, say
        self.ready: tuple[Offer, Path] | None = None
        self.work = Fond(self)
        self.work.finished.connect(self._found)
        self.work.failed.connect(self._failed)
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.look)

    def look(self) -> None:
        """Ask now, and again every four hours, when IT has set where."""
        settings = self._settings
        if settings.update_source is None or self.work.busy or self.ready is not None:
            return
        self._again.start()

        def work() -> tuple[Offer, Path] | None:
            from erp_desktop.services.releases import updates

            offer = updates.look(settings)
            return (offer, updates.fetch(settings, offer)) if offer.nouvelle is not None else None

        self.work.run(lambda _progress: work())

    def _found(self, found: tuple[Offer, Path] | None) -> None:
        if found is None:
            return
        self.ready = found
        self._again.stop()
        words = tr("La version {version} est prête : elle s'installera à la fermeture.",
                   version=isolate(found[0].version))  # fmt: skip
        self._say(words, kind="info")

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ErpError):
            # For IT: a clerk can do nothing about it.
            _log.warning("new version: %s", error)

    def install(self, folder: Path | None = None) -> None:
        """Install what is ready; to be called once the window and its database are closed."""
        if self.ready is None:
            return
        from erp_desktop.services.releases import installing

        try:
            done = installing.install(self._settings, *self.ready, folder or installing.program_folder())
            _log.info("version %s is installed", done.version)
        except (ErpError, OSError) as error:
            _log.warning("new version: %s", error)
