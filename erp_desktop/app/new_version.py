"""A new version: looked for and brought behind the window, said once it is here, installed when the window closed.

And the way back from it: asked for in the window, done once that is closed.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QEventLoop, QObject, QProcess, Qt, QTimer

import erp_desktop
from erp_desktop.app.single import Entrance
from erp_desktop.errors import ErpError
from erp_desktop.settings import Settings
from erp_desktop.ui.background import Fond
from erp_desktop.ui.frame.version import BackPage
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.main_window import MainWindow
from erp_desktop.ui.workspace import Workspace

if TYPE_CHECKING:
    from erp_desktop.services.releases.updates import Offer

_log = logging.getLogger(__name__)
_AGAIN_MS = 4 * 3_600_000


class NewVersion(QObject):
    """Looks every four hours; a place that does not answer is asked again, a download goes on where it was cut.

    Attributes:
        ready: what is verified and here, with its file; None before.
        wanted: it is installed when the window closes.
        going_back: the version before is put in place when the window closes.
    """

    def __init__(self, settings: Settings, window: MainWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings, self._window = settings, window
        self._workspace: Workspace | None = None
        self.ready: tuple[Offer, Path] | None = None
        self.wanted, self.going_back = True, False
        self.work = Fond(self)
        self.work.finished.connect(self._found)
        self.work.failed.connect(self._failed)
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.look)

    def attach(self, workspace: Workspace) -> None:
        """Offer in a new workspace what there is: a version that is ready, one to go back to."""
        from erp_desktop.services.releases import installing, updates

        self._workspace = workspace
        workspace.top.former = installing.former(self._settings)
        workspace.top.back_asked.connect(self.ask_back)
        workspace.status.version.wanted_changed.connect(self._want)
        self._show()
        if refused := updates.remembered(self._settings).get("retour_refuse"):
            updates.remember(self._settings, retour_refuse=None)
            self._window.say(str(refused), kind="danger")

    def _show(self) -> None:
        workspace = self._workspace
        if self.ready is not None and workspace is not None and shiboken6.isValid(workspace):
            workspace.status.version.tell(self.ready[0].version, wanted=self.wanted)

    def _want(self, wanted: bool) -> None:
        self.wanted = wanted
        self._show()

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
        from erp_desktop.services.releases import updates

        self.ready = found
        self._again.stop()
        version = found[0].version
        # Taken back here once: somebody has to ask for it.
        self.wanted = updates.remembered(self._settings).get("reprise") != version
        self._show()
        if self.wanted:
            words = tr("La version {version} est prête : elle s'installera à la fermeture.", version=isolate(version))
            self._window.say(words, kind="info")

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ErpError):
            # For IT: a clerk can do nothing about it.
            _log.warning("new version: %s", error)

    def install(self, folder: Path | None = None) -> None:
        """Install what is ready; to be called once the window and its database are closed."""
        if self.ready is None or not self.wanted:
            return
        from erp_desktop.services.releases import installing

        try:
            done = installing.install(self._settings, *self.ready, folder or installing.program_folder())
            _log.info("version %s is installed", done.version)
        except (ErpError, OSError) as error:
            _log.warning("new version: %s", error)

    # The way back

    def ask_back(self) -> None:
        """Say what it does, over the work; done when the person agrees."""
        from erp_desktop.services.releases import installing

        page = BackPage(installing.former(self._settings))

        def answer(agreed: bool) -> None:
            self.going_back = agreed
            if agreed:
                # Under the page: drafts are kept, and nothing more is asked.
                self._window.close()
            else:
                self._window.uncover()

        page.answered.connect(answer, Qt.ConnectionType.QueuedConnection)
        self._window.cover(page)
        page.setFocus()

    def go_back(self, folder: Path | None = None) -> bool:
        """Put the version before in place if that was asked for; to be called once the window is closed.

        Refused, this version opens again and says why.

        Returns:
            Whether it was asked for.
        """
        if not self.going_back:
            return False
        from erp_desktop.services.releases import installing, updates

        try:
            done = installing.back(self._settings, folder or installing.program_folder())
            _log.info("back to version %s from %s", done.version, erp_desktop.__version__)
        except (ErpError, OSError) as error:
            _log.warning("the way back: %s", error)
            updates.remember(self._settings, retour_refuse=str(error))
        return True

    # Behind the window

    def finish(self, entrance: Entrance, folder: Path | None = None) -> None:
        """Put in place what is to be, now that the window is closed; then start it if somebody waits for it.

        The files of this program go from under whoever would start it meanwhile: they are told to leave it to us.
        """
        if self.going_back or (self.ready is not None and self.wanted):
            entrance.left = True
            done, work = QEventLoop(), Fond(self)
            work.finished.connect(done.quit)
            work.failed.connect(done.quit)
            work.run(lambda _progress: self._put_in_place(folder))
            done.exec()
        # Whoever is started next is not shown this window, which is gone.
        entrance.server.close()
        if self.going_back or entrance.knocked is not None:
            _start(folder, entrance.knocked or "")

    def _put_in_place(self, folder: Path | None) -> None:
        if not self.go_back(folder):
            self.install(folder)


def _start(folder: Path | None, target: str) -> None:
    from erp_desktop.services.releases import installing

    try:
        place = folder or installing.program_folder()
    except ErpError:
        return
    program = place / ("erp-mif.exe" if sys.platform == "win32" else "erp-mif")
    QProcess.startDetached(str(program), [target] if target else [])
