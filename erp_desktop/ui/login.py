"""The login page as the desktop shows it."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QSettings, SignalInstance

from erp_desktop.domain.acteur import Acteur
from erp_desktop.errors import UnavailableError
from erp_desktop.services import auth
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.connexion import au_centre
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


def login_au_poste(session: Any, identifiant: str, mot_de_passe: str, *, settings: Settings) -> Acteur:
    """Log in on this database; on a branch's device the centre is asked when only it can know.

    A first login and a password changed at the centre are settled there, then kept for offline logins. Without the
    line the device's own answer stands.
    """
    jours = settings.offline_login_days
    try:
        return auth.login(session, identifiant, mot_de_passe, jours_hors_ligne=jours)
    except auth.LoginRefuseError as refus:
        if settings.mode is not Mode.AGENCE:
            raise
        try:
            user_id = au_centre(session, settings.cache, settings.secrets_file, identifiant, mot_de_passe)
        except UnavailableError:
            raise refus from None
    auth.deposer_verificateur(session, user_id, mot_de_passe)
    return auth.login(session, identifiant, mot_de_passe, jours_hors_ligne=jours)


class LoginPage(Connexion):
    """Login wired to the running desktop."""

    def __init__(self, desktop: Any) -> None:
        bureau: Bureau = desktop
        if bureau.tasks is None:
            raise RuntimeError("no database")
        login = partial(login_au_poste, settings=bureau.settings)
        super().__init__(bureau.tasks, login, memory=bureau.window.memory)
        self.connected.connect(bureau.log_in)
        self.language_changed.connect(bureau.set_language)
        bureau.state_changed.connect(self.set_state)
        if bureau.state is not None:
            self.set_state(bureau.state)
        bureau.tasks.run(lieu, lambda found: self.set_place(*found), lambda _error: None, owner=self)
