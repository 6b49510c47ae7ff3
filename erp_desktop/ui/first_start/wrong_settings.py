"""The one calm window of a start with wrong settings: which, where, what is allowed; try again or leave."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop import log, paths
from erp_desktop.settings import Settings, SettingsError, Trouble, folders, load
from erp_desktop.ui.frame.topbar import Logo
from erp_desktop.ui.kit import theme
from erp_desktop.ui.kit.controls import Button, Text, clear
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Card, Surface

_log = logging.getLogger(__name__)


def sound() -> Settings:
    """The settings in force, their folders ready, the log open.

    Raises:
        SettingsError: each that is wrong; a line of the log names it, in the usual folder when the one asked for is
            what is wrong.
    """
    try:
        settings = load()
        folders(settings)
    except SettingsError as error:
        try:
            log.configure(paths.log_dir())
        except OSError:
            # Nowhere to write: the window, or the terminal, still tells it.
            _log.addHandler(logging.StreamHandler())
        for trouble in error.troubles:
            _log.error("réglage refusé : %s", trouble)
        raise
    log.configure(settings.log_dir, settings.log_level)
    return settings


class WrongSettings(Surface):
    """Lists the troubles; :attr:`settled` carries the settings once they are right, or None to leave."""

    settled = Signal(object)

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__("surface.app")
        self.setWindowTitle("ERP MIF")
        self.resize(720, 520)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(36, 30, 36, 26)
        outer.setSpacing(12)
        outer.addWidget(Logo(44))
        self.title = Text("", "page", wrap=True)
        outer.addWidget(self.title)
        outer.addWidget(Text(tr("Rien n'a été ouvert ni modifié. Corrigez, puis réessayez ; sinon, montrez cette "
                                "fenêtre à l'informatique."), "body", "text.secondary", wrap=True))  # fmt: skip
        held = QWidget()
        self._list = QVBoxLayout(held)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setAlignment(Qt.AlignmentFlag.AlignTop)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(held)
        scroll.setAccessibleName(tr("Un réglage est à corriger"))
        scroll.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        outer.addWidget(scroll, 1)
        foot = QHBoxLayout()
        self.folder = Button(tr("Ouvrir le dossier"), on_click=self._open_folder)
        self.leave = Button(tr("Quitter"), on_click=lambda: self.settled.emit(None))
        self.again = Button(tr("Réessayer"), "primary", on_click=self.retry)
        foot.addWidget(self.folder)
        foot.addStretch()
        foot.addWidget(self.leave)
        foot.addWidget(self.again)
        outer.addLayout(foot)
        self.show_troubles(troubles)

    def show_troubles(self, troubles: Sequence[Trouble]) -> None:
        self.troubles = list(troubles)
        clear(self._list)
        self.title.setText(tr("{n} réglages sont à corriger", n=len(troubles)))
        for trouble in troubles:
            card = Card()
            words = Text(trouble.words, "body", wrap=True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            card.box.addWidget(words)
            card.box.addWidget(Text(trouble.source, "caption", "text.tertiary", wrap=True))
            self._list.addWidget(card)
            card.show()
        self.folder.setVisible(self._file() is not None)
        self.again.setFocus()

    def _file(self) -> Path | None:
        return next((Path(t.source) for t in self.troubles if Path(t.source).is_file()), None)

    def _open_folder(self) -> None:
        file = self._file()
        if file is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(file.parent)))

    def retry(self) -> None:
        """Read everything again."""
        try:
            self.settled.emit(sound())
        except SettingsError as error:
            self.show_troubles(error.troubles)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.settled.emit(None)
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.settled.emit(None)


def settled(app: QApplication, *, quiet: bool) -> Settings | None:
    """The settings to start with, asked again until they are right; None when the person leaves.

    Args:
        quiet: nobody is there to answer: what is wrong goes to the terminal.
    """
    try:
        return sound()
    except SettingsError as error:
        if quiet:
            sys.stderr.writelines(f"{trouble}\n" for trouble in error.troubles)
            return None
        theme.install(app)
        return ask(error)


def ask(error: SettingsError) -> Settings | None:
    """Show the window until the settings are right, or the person leaves (None). Needs the application and theme."""
    window, loop = WrongSettings(error.troubles), QEventLoop()
    answer: list[Settings | None] = []

    def settle(found: Settings | None) -> None:
        answer.append(found)
        loop.quit()

    window.settled.connect(settle)
    window.show()
    loop.exec()
    window.settled.disconnect(settle)
    window.close()
    window.deleteLater()
    return answer[0]
