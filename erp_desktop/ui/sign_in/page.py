"""The login page as the desktop shows it."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QSettings, Qt, SignalInstance
from PySide6.QtWidgets import QWidget

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import CentralUnreachableError, PasswordToChooseError, UnavailableError
from erp_desktop.services import auth, auth_person
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.device.passwords import au_centre, changer_au_centre
from erp_desktop.sync.inbox.captions import lieu
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.sign_in.screen import Connexion
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


NOT_HERE = "Votre compte n'est pas encore arrivé sur ce poste : il vient avec le prochain échange, réessayez ensuite."


def login_au_poste(session: Any, identifiant: str, mot_de_passe: str, *, settings: Settings) -> Acteur:
    """Log in on this database; on a branch's device the centre is asked when only it can know.

    A first login and a password changed at the centre are settled there, then kept for offline logins. Without the
    line the device's own answer stands.

    Raises:
        LoginRefuseError: with what to do.
        PasswordToChooseError: the password is right, and somebody else gave it: :func:`choisir_au_poste` comes first.
    """
    jours = settings.offline_login_days
    if settings.mode is Mode.CENTRE and auth_person.behind_functions(session):
        return auth_person.login(session, identifiant, mot_de_passe)
    try:
        return auth.login(session, identifiant, mot_de_passe, jours_hors_ligne=jours)
    except auth.LoginRefuseError as refus:
        if settings.mode is not Mode.AGENCE:
            raise
        try:
            known = au_centre(session, settings.cache, settings.secrets_file, identifiant, mot_de_passe)
        except UnavailableError:
            raise refus from None
        except PasswordToChooseError:
            _exiger_ici(session, identifiant)
            raise
    _exiger_ici(session, identifiant)
    auth.deposer_verificateur(session, known.user_id, mot_de_passe, known.donne)
    return auth.login(session, identifiant, mot_de_passe, jours_hors_ligne=jours)


def _exiger_ici(session: Any, identifiant: str) -> None:
    """The centre knows the account; nobody works on a device that has not heard of it."""
    if not auth.est_connu(session, identifiant):
        raise auth.LoginRefuseError(NOT_HERE)


def changer_au_poste(session: Any, acteur: Acteur, ancien: str, nouveau: str, *, settings: Settings) -> None:
    """Change a person's own password where accounts are kept; a branch's device asks the centre, and remembers.

    Raises:
        CentralUnreachableError: a branch's device without its line.
    """
    if settings.mode is Mode.CENTRE and auth_person.behind_functions(session):
        auth_person.change(session, acteur, ancien, nouveau)
    elif settings.mode is Mode.AGENCE:
        _changer_par_le_centre(session, auth.identifiant_de(session, acteur), ancien, nouveau, settings)
    else:
        auth.changer_mot_de_passe(session, acteur, ancien, nouveau)


def choisir_au_poste(session: Any, identifiant: str, donne: str, nouveau: str, *, settings: Settings) -> Acteur:
    """Choose a password in place of the one that somebody else gave, and enter.

    Raises:
        CentralUnreachableError: a branch's device without its line.
        NotAllowedError: the given one is no longer right.
        ValidationError: the new one is too short, or the given one.
    """
    if settings.mode is Mode.CENTRE and auth_person.behind_functions(session):
        return auth_person.choose(session, identifiant, donne, nouveau)
    if settings.mode is not Mode.AGENCE:
        return auth.choisir(session, identifiant, donne, nouveau)
    _changer_par_le_centre(session, identifiant, donne, nouveau, settings)
    return auth.login(session, identifiant, nouveau, jours_hors_ligne=settings.offline_login_days)


def _changer_par_le_centre(session: Any, identifiant: str, ancien: str, nouveau: str, settings: Settings) -> None:
    secret = auth.nouveau_secret(ancien, nouveau)
    try:
        known = changer_au_centre(session, settings.cache, settings.secrets_file, identifiant, ancien, secret)
    except UnavailableError:
        raise CentralUnreachableError(
            "Un mot de passe ne se change qu'avec la ligne du centre : réessayez quand elle sera revenue."
        ) from None
    auth.deposer_verificateur(session, known.user_id, nouveau, known.donne)


class LoginPage(Connexion):
    """Login wired to the running desktop."""

    def __init__(self, desktop: Any) -> None:
        bureau: Bureau = desktop
        if bureau.tasks is None:
            raise RuntimeError("no database")
        login = partial(login_au_poste, settings=bureau.settings)
        choose = partial(choisir_au_poste, settings=bureau.settings)
        central = bureau.settings.mode is Mode.CENTRE
        super().__init__(bureau.tasks, login, memory=bureau.window.memory, choose=choose, central=central)
        self.connected.connect(bureau.log_in)
        self.language_changed.connect(bureau.set_language)
        bureau.state_changed.connect(self.set_state)
        if bureau.state is not None:
            self.set_state(bureau.state)
        bureau.tasks.run(lieu, lambda found: self.set_place(*found), lambda _error: None, owner=self)


class LockPage(Connexion):
    """Covers the work of a person who has gone away; asks for the password, or lets somebody else in.

    Args:
        acteur: whose work is covered; ``username`` is their identifier.
    """

    def __init__(self, tasks: Tasks, settings: Settings, acteur: Acteur, username: str) -> None:
        self._acteur, self._username, self._other = acteur, username, False
        super().__init__(
            tasks, partial(login_au_poste, settings=settings), identifiant=username,
            choose=partial(choisir_au_poste, settings=settings),
        )  # fmt: skip
        self.setAutoFillBackground(True)
        tasks.run(lieu, lambda found: self.set_place(*found), lambda _error: None, owner=self)

    def greeting(self) -> tuple[str, str]:
        if self._other:
            return tr("Une autre personne"), tr("Le travail de {nom} est gardé en brouillon.", nom=self._acteur.nom)
        return tr("Écran verrouillé"), tr("{nom}, votre travail est resté tel quel.", nom=self._acteur.nom)

    def enter_words(self) -> str:
        return tr("Se connecter") if self._other else tr("Reprendre")

    def rebuild(self) -> None:
        super().rebuild()
        # The language belongs to the work behind, which is not to be built again while it is covered.
        self.languages.hide()
        if self._given:
            return
        self.keep.hide()
        self.identifier.set_read_only(not self._other)
        words = tr("Revenir à {nom}", nom=self._acteur.nom) if self._other else tr("Une autre personne…")
        self.switch = Button(words, "link", on_click=self._switch)
        self.notices.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignHCenter)
        QWidget.setTabOrder(self.submit, self.switch)

    def refusal(self, words: str) -> str:
        """The name is given: only the password can be wrong."""
        wrong = words == auth.REFUS and not self._other
        return tr("Mot de passe incorrect.") if wrong else super().refusal(words)

    def _switch(self) -> None:
        self._other = not self._other
        self.identifier.setText("" if self._other else self._username)
        self.rebuild()
