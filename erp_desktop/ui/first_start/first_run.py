"""The first start as the desktop shows it."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtWidgets import QWidget

from erp_desktop import settings as options
from erp_desktop.settings import Settings
from erp_desktop.ui.first_start.wizard import Assistant


class Bureau(Protocol):
    """What the wizard needs of the desktop."""

    settings: Settings

    @property
    def window(self) -> QWidget: ...
    def open_database(self) -> None: ...
    def start_demo(self) -> None: ...


class FirstRun(Assistant):
    """The wizard wired to the running desktop."""

    def __init__(self, desktop: Any) -> None:
        bureau: Bureau = desktop
        super().__init__(bureau.settings)
        self._bureau = bureau
        self.done.connect(self._open)
        self.demo_asked.connect(bureau.start_demo)
        self.quit_asked.connect(bureau.window.close)
        self.language_changed.connect(self._keep_language)

    def _keep_language(self, code: str) -> None:
        self.settings = self._bureau.settings = options.save(self.settings, language=code)

    def _open(self, settings: Settings) -> None:
        self._bureau.settings = settings
        self._bureau.open_database()
