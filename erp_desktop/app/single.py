"""One window for one local database: who starts the program again is shown the one that is open.

A link (``erp-mif:interventions/12``) or an enrolment file that the second start was given is handed over with it.
"""

from __future__ import annotations

import getpass
import hashlib
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from erp_desktop import paths
from erp_desktop.app.desktop import Desktop

SUFFIXES = (".erp-mif", ".toml")
_PATIENCE_MS = 2_000
_LONGEST = 4_096


def name_of(cache: Path) -> str:
    """The pipe's name for a cache and this account: no other account's window is talked to."""
    seed = f"{getpass.getuser()}\0{paths.real(cache)}"
    return "erp-mif-" + hashlib.sha256(seed.encode()).hexdigest()[:24]


def handed_over(cache: Path, target: str) -> bool:
    """Whether a window is open on this cache; it comes to the front and is told ``target``."""
    line = QLocalSocket()
    line.connectToServer(name_of(cache))
    if not line.waitForConnected(_PATIENCE_MS):
        return False
    line.write(target.encode()[:_LONGEST] + b"\n")
    line.waitForBytesWritten(_PATIENCE_MS)
    # A window that hangs answers nothing: better a second one than none.
    answered = line.waitForReadyRead(_PATIENCE_MS) or line.bytesAvailable() > 0
    line.disconnectFromServer()
    return answered


class Entrance(QObject):
    """What is asked of the running window from outside.

    Args:
        desktop: the window.
        target: what this very start was given; empty for nothing.

    Attributes:
        left: the window is closed for good, and its program at work behind it.
        knocked: what the last one was given who started the program since; None when nobody did.
    """

    def __init__(self, desktop: Desktop, target: str = "") -> None:
        super().__init__(desktop)
        self._desktop, self._wanted = desktop, ""
        self.left = False
        self.knocked: str | None = None
        self.server = QLocalServer(self)
        self.server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        name = name_of(desktop.settings.cache)
        # What a crash left is in nobody's use: somebody there would have answered.
        QLocalServer.removeServer(name)
        self.server.listen(name)
        self.server.newConnection.connect(self._answer)
        desktop.logged_in.connect(lambda _acteur: self._open_wanted())
        self.ask(target)

    def _answer(self) -> None:
        while (line := self.server.nextPendingConnection()) is not None:
            line.readyRead.connect(lambda line=line: self._read(line))
            line.disconnected.connect(line.deleteLater)
            if line.bytesAvailable():
                self._read(line)

    def _read(self, line: QLocalSocket) -> None:
        if not line.canReadLine():
            if line.bytesAvailable() > _LONGEST:
                line.abort()
            return
        target = bytes(line.readLine().data()).decode(errors="replace").strip()
        line.write(b"ok\n")
        line.flush()
        if self.left:
            self.knocked = target
            return
        window = self._desktop.window
        if window.isMinimized():
            window.showNormal()
        window.show()
        window.raise_()
        window.activateWindow()
        self.ask(target)

    def ask(self, target: str) -> None:
        """Open a link now, or once somebody is logged in; enrol by a file where the first start is shown."""
        from erp_desktop.ui.palette.recents import linked

        if linked(target) is not None:
            self._wanted = target
            self._open_wanted()
        elif target.lower().endswith(SUFFIXES):
            from erp_desktop.ui.first_start.first_run import FirstRun

            page = self._desktop.window.centralWidget()
            if isinstance(page, FirstRun):
                page.provision(Path(target))
            else:
                self._desktop.provision = Path(target)

    def _open_wanted(self) -> None:
        from erp_desktop.ui.palette.recents import linked

        record = linked(self._wanted)
        if record is not None and self._desktop.workspace is not None:
            self._wanted = ""
            self._desktop.open_record(*record)
