"""Login: works with and without the line; says why it refuses, under the field that is to be mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ErpError, PasswordToChooseError, UnavailableError, ValidationError
from erp_desktop.services import auth
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.first_start.welcome import Accueil
from erp_desktop.ui.kit.controls import Button, Field, LineEdit, Text
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.sign_in.first_password import FirstPassword
from erp_desktop.ui.sign_in.password_field import TALL, CapitalsLine, MotDePasse
from erp_desktop.ui.tasks import Tasks

Login = Callable[[Any, str, str], Acteur]
"""``services.auth.login(session, identifiant, mot_de_passe)``."""
Choose = Callable[[Any, str, str, str], Acteur]
"""``services.auth.choisir(session, identifiant, donne, nouveau)``."""

_MEMORY = "connexion/identifiant"


def depuis(instant: datetime) -> str:
    """``14:05`` today, ``le 12/11 à 14:05`` before."""
    here = clock.local(instant)
    if here.date() == clock.local(clock.now()).date():
        return here.strftime("%H:%M")
    return tr("le {jour} à {heure}", jour=here.strftime("%d/%m"), heure=here.strftime("%H:%M"))


class Connexion(Accueil):
    """The screen between opening the database and work.

    Args:
        tasks: runs the login on the database worker.
        login: the service.
        central: the window works straight on the centre.
        choose: the service for whoever has the password that somebody else gave.
        agence: the agency's name, empty at headquarters or unknown.
        identifiant: whose password is asked, where that is known.
        memory: this desktop's memory, which may keep the last identifier.
    """

    connected = Signal(object)
    """The :class:`Acteur` who logged in."""
    share = 0.347

    def __init__(
        self, tasks: Tasks, login: Login, *, agence: str = "", poste: int = 0, memory: QSettings | None = None,
        identifiant: str = "", choose: Choose = auth.choisir, central: bool = False, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent=parent)
        self._tasks, self._login, self._agence, self._poste, self._memory = tasks, login, agence, poste, memory
        self._choose, self._central = choose, central
        self._given = ""
        """The password that somebody else gave, while the person chooses another."""
        self.choice: FirstPassword | None = None
        self._state: EtatSync | None = None
        self._typed: dict[str, str] = {"identifiant": str(memory.value(_MEMORY) or "") if memory else identifiant}
        self._keep = bool(self._typed["identifiant"])
        self.rebuild()

    def panel_words(self) -> tuple[str, str]:
        if self._central:
            return tr("Toutes les agences,\nen direct."), tr("Cette fenêtre travaille sur la base centrale.")
        if not self._poste:
            return tr("Le travail continue,\nmême sans réseau."), tr("Vos interventions sont sur ce poste.")
        return (
            tr("Le travail continue,\nmême sans réseau."),
            tr("Vos interventions sont sur ce poste. Elles partent au siège dès que la ligne revient."),
        )

    def help_words(self) -> str:
        return tr(
            "Votre identifiant est celui que l'administrateur vous a donné. Après cinq échecs, le compte se "
            "verrouille un moment. Sans réseau, seuls les comptes déjà ouverts sur ce poste peuvent se connecter."
        )

    def foot(self) -> str:
        place = tr("poste {n}", n=f"{self._poste:02d}") if self._poste else tr("poste autonome")
        if self._central:
            place = tr("base centrale")
        return " · ".join(part for part in (place, self._agence) if part)

    def greeting(self) -> tuple[str, str]:
        """Title and sentence over the fields."""
        invitation = (
            tr("Connectez-vous pour ouvrir l'agence {nom}.", nom=self._agence)
            if self._agence
            else tr("Connectez-vous pour commencer.")
        )
        return tr("Bonjour"), invitation

    def body(self, column: QVBoxLayout) -> None:
        holder = QWidget()
        holder.setFixedWidth(420)
        form = QVBoxLayout(holder)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(0)
        if self._given:
            self._choice(form)
        else:
            self._form(form)
        self.notices = QVBoxLayout()
        self.notices.setSpacing(8)
        form.addLayout(self.notices)
        # Not by alignment, which would ignore how high wrapped sentences are.
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(holder)
        row.addStretch()
        column.addLayout(row)
        self._show_line()

    def _choice(self, form: QVBoxLayout) -> None:
        choice = FirstPassword(self._typed["identifiant"], self.choice.typed if self.choice else ("", ""))
        choice.chosen.connect(self._try_choice)
        choice.left.connect(self._back)
        form.addWidget(choice)
        form.addSpacing(22)
        self.choice = choice
        QTimer.singleShot(0, choice, choice.begin)

    def _form(self, form: QVBoxLayout) -> None:
        greeting, invitation = self.greeting()
        form.addWidget(Text(greeting, "kpi"))
        form.addSpacing(4)
        form.addWidget(Text(invitation, "body", "text.secondary", wrap=True))
        form.addSpacing(20)
        self._fields(form)
        self.submit = Button(self.enter_words(), "primary", on_click=self.try_login)
        self.submit.setStyleSheet("QPushButton { min-height: 38px; }")
        form.addWidget(self.submit)
        # The link above the password comes last: whoever has typed a name goes on to the password.
        for before, after in pairwise((self.identifier, self.password, self.keep, self.submit, self.forgotten)):
            QWidget.setTabOrder(before, after)
        form.addSpacing(22)
        first = self.password if self.identifier.text() else self.identifier
        QTimer.singleShot(0, first, lambda: first.setFocus(Qt.FocusReason.OtherFocusReason))

    def enter_words(self) -> str:
        """What the button says."""
        return tr("Se connecter")

    def _fields(self, form: QVBoxLayout) -> None:
        self.identifier = LineEdit()
        self.identifier.setText(self._typed["identifiant"])
        self.identifier.setStyleSheet(TALL)
        self.id_field = Field(tr("Identifiant ou adresse électronique"), self.identifier)
        form.addWidget(self.id_field)
        form.addSpacing(14)
        self.password = MotDePasse()
        self.password.setStyleSheet(TALL)
        head = QHBoxLayout()
        label = Text(tr("Mot de passe"), "body", "text.secondary")
        head.addWidget(label)
        head.addStretch()
        self.forgotten = Button(tr("Mot de passe oublié"), "link", on_click=self._say_forgotten)
        head.addWidget(self.forgotten)
        form.addLayout(head)
        form.addSpacing(4)
        self.password_field = Field(tr("Mot de passe"), self.password)
        self.password_field.label.hide()
        label.setBuddy(self.password)
        form.addWidget(self.password_field)
        self.capitals = CapitalsLine(self.password)
        form.addWidget(self.capitals)
        form.addSpacing(12)
        self.keep = QCheckBox(tr("Retenir mon identifiant sur ce poste"))
        self.keep.setChecked(self._keep)
        form.addWidget(self.keep)
        form.addSpacing(14)
        self.identifier.returnPressed.connect(self.password.setFocus)
        self.password.returnPressed.connect(self.try_login)
        enter = QShortcut(QKeySequence(Qt.Key.Key_Return), self.keep)
        enter.setContext(Qt.ShortcutContext.WidgetShortcut)
        enter.activated.connect(self.try_login)
        self.identifier.textEdited.connect(lambda _text: self.id_field.say(""))
        self.password.textEdited.connect(lambda _text: self.password_field.say(""))

    def rebuild(self) -> None:
        if self._root is not None and self.choice is None:
            self._typed["identifiant"], self._keep = self.identifier.text(), self.keep.isChecked()
        super().rebuild()

    def _clear_notices(self) -> None:
        while (item := self.notices.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def set_place(self, agence: str, poste: int) -> None:
        """Name the agency and the device once the database has told them."""
        if (agence, poste) != (self._agence, self._poste):
            self._agence, self._poste = agence, poste
            self.rebuild()

    def set_state(self, state: EtatSync) -> None:
        """Say whether the centre answers; called at each change of the line."""
        self._state = state
        self._show_line()

    def _show_line(self) -> None:
        self._clear_notices()
        state = self._state
        if state is None or state.en_ligne is not False:
            return
        since = state.hors_ligne_depuis
        why = "" if state.muet or not state.erreur else said(state.erreur)
        if why:
            words = tr("Rien ne s'échange depuis {heure}", heure=depuis(since)) if since else tr("Rien ne s'échange")
        else:
            words = (
                tr("Serveur central injoignable depuis {heure}", heure=depuis(since))
                if since
                else tr("Serveur central injoignable")
            )
        detail = (
            tr("Choisir un mot de passe demande la ligne avec le siège.")
            if self._given
            else tr("La connexion hors ligne reste possible pour les comptes déjà ouverts sur ce poste.")
        )
        self.notices.addWidget(
            Banner("warning", words, detail="\n".join(filter(None, (why, detail))), icon="cloud-slash")
        )

    def _say_forgotten(self) -> None:
        self._show_line()
        words = tr("L'informatique de l'entreprise peut vous donner un nouveau mot de passe.")
        detail = tr(
            "Avec la commande « erp-admin user reset-password ». Sur un poste d'agence, la connexion suivante "
            "demande la ligne avec le siège."
        )
        self.notices.addWidget(Banner("info", words, detail=detail))

    def try_login(self) -> None:
        """Check what was typed; the answer comes back on this thread."""
        if not self.submit.isEnabled():
            # A key that was held too long is no second attempt, of which five lock the account.
            return
        name, secret = self.identifier.text().strip(), self.password.text()
        self.id_field.say("" if name else tr("Indiquez votre identifiant."))
        self.password_field.say("" if secret else tr("Indiquez votre mot de passe."))
        if not name or not secret:
            (self.password if name else self.identifier).setFocus()
            return
        self._busy(True)
        login = self._login
        self._tasks.run(
            lambda session: login(session, name, secret), self._entered, partial(self._refused, name, secret),
            write=True, owner=self,
        )  # fmt: skip

    def _busy(self, busy: bool) -> None:
        self.submit.setEnabled(not busy)
        self.submit.setText(tr("Vérification…") if busy else self.enter_words())

    def _entered(self, acteur: Acteur) -> None:
        self._busy(False)
        self._remember(self.identifier.text().strip(), keep=self.keep.isChecked())
        self.password.clear()
        self.connected.emit(acteur)

    def _remember(self, name: str, *, keep: bool) -> None:
        if self._memory is not None:
            self._memory.setValue(_MEMORY, name if keep else "")

    def _try_choice(self, new: str) -> None:
        name, secret, choose = self._typed["identifiant"].strip(), self._given, self._choose
        self._tasks.run(
            lambda session: choose(session, name, secret, new), self._chose, self._refused_choice, write=True,
            owner=self,
        )  # fmt: skip

    def _chose(self, acteur: Acteur) -> None:
        self._remember(self._typed["identifiant"].strip(), keep=self._keep)
        self._given = ""
        if self.choice is not None:
            self.choice.forget()
        self.connected.emit(acteur)

    def _back(self) -> None:
        """The login's own fields again."""
        self._given = ""
        self.rebuild()
        self.choice = None

    def _refused_choice(self, error: Exception) -> None:
        choice = self.choice
        if choice is None:
            return
        choice.set_busy(False)
        if isinstance(error, ValidationError):
            choice.say({name: said(words) for name, words in error.champs.items()})
        elif isinstance(error, ErpError):
            choice.say({}, said(str(error)))
        else:
            choice.say({}, tr("La connexion n'a pas abouti ; le journal du poste dit pourquoi."))

    def refusal(self, words: str) -> str:
        """What is said under the password of a refused login."""
        return said(words)

    def _refused(self, name: str, secret: str, error: Exception) -> None:
        self._busy(False)
        if isinstance(error, PasswordToChooseError):
            self.identifier.setText(name)
            self._given = secret
            self.rebuild()
            return
        if isinstance(error, ValidationError):
            self.id_field.say(error.champs.get("identifiant", ""))
            rest = [words for name, words in error.champs.items() if name != "identifiant"]
            self.password_field.say(" ".join(rest))
        elif isinstance(error, UnavailableError):
            self._clear_notices()
            self.notices.addWidget(Banner("warning", said(str(error)), icon="cloud-slash"))
            return
        elif isinstance(error, ErpError):
            self.password_field.say(self.refusal(str(error)))
        else:
            self.password_field.say(tr("La connexion n'a pas abouti ; le journal du poste dit pourquoi."))
        self.password.selectAll()
        self.password.setFocus()
