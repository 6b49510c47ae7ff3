"""The login page as the desktop shows it."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QSettings, SignalInstance

from erp_desktop.domain.acteur import Acteur
from erp_desktop.services import auth
from erp_desktop.settings import Settings
from erp_desktop.sync.lecture import lieu
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.connexion.ecran import Connexion
from erp_desktop.ui.tasks import Tasks


class _Window(Protocol):
    @property
    def memory(self) -> QSettings: ...


class Bureau(Protocol):
    """What this page needs of the desktop."""

    tasks: Tasks | None
    settings: Settings
    state: EtatSync | None

    @property
    def window(self) -> _Window: ...
    @property
    def state_changed(self) -> SignalInstance: ...
    def log_in(self, acteur: Acteur) -> None: ...
    def set_language(self, language: str) -> None: ...


class LoginPage(Connexion):
    """Login wired to the running desktop."""

    def __init__(self, desktop: Any) -> None:
        bureau: Bureau = desktop
        if bureau.tasks is None:
            raise RuntimeError("no database")
        super().__init__(bureau.tasks, auth.login, memory=bureau.window.memory)
        self.connected.connect(bureau.log_in)
        self.language_changed.connect(bureau.set_language)
        bureau.state_changed.connect(self.set_state)
        if bureau.state is not None:
            self.set_state(bureau.state)
        bureau.tasks.run(lieu, lambda found: self.set_place(*found), lambda _error: None, owner=self)
