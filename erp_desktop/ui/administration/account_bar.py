"""Under the head of an account: first password, reset, lock and unlock, close and open again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.domain.enums import Role
from erp_desktop.services.administration import accounts
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine, LineEdit, Text, clear
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Banner, Card
from erp_desktop.ui.wording import value_labels as labels

Act = Callable[[Any, Any, int], Any]


class AccountBar(RecordPart):
    """The acts that the account's state allows; a new password is shown once, with a button that copies it."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.buttons: dict[str, Button] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 4)
        column.setSpacing(8)
        self._alerts = QVBoxLayout()
        column.addLayout(self._alerts)
        self._rows = QHBoxLayout(), QHBoxLayout()
        for row in self._rows:
            row.setSpacing(8)
            column.addLayout(row)
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.secret = Card("surface.sunken")
        told = tr("Mot de passe à remettre à la personne, montré une seule fois : elle le remplace en se connectant.")
        self.secret.box.addWidget(Text(told, "caption", "text.secondary", wrap=True))
        line = QHBoxLayout()
        self.shown = LineEdit()
        self.shown.set_read_only(True)
        self.shown.setAccessibleName(tr("Mot de passe à remettre"))
        line.addWidget(self.shown, 1)
        line.addWidget(Button(tr("Copier"), icon="copy", on_click=self._copy))
        self.secret.box.addLayout(line)
        self.secret.hide()
        column.addWidget(self.secret)
        self.hide()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.shown.text())
        self._panel.contexte.say(tr("Mot de passe copié"))

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            self.secret.hide()
            self.shown.clear()
        self._row_id = row_id
        self.trouble.say("")
        acteur = self._panel.contexte.acteur
        if row_id is None or record is None:
            self.hide()
            return
        self._tell(record)
        focused = any(button.hasFocus() for button in self.buttons.values())
        for row in self._rows:
            clear(row)
        self.buttons = {}
        if acteur.role is Role.ADMIN:
            self._offer(record, own=row_id == acteur.user_id)
        self.show()
        if focused and self.buttons:
            # The act that was chosen by key is another one now; the work goes on beside it.
            next(b for b in self.buttons.values() if b.isEnabled()).setFocus(Qt.FocusReason.OtherFocusReason)

    def _tell(self, record: Any) -> None:
        clear(self._alerts)
        if record.verrouille:
            self._alerts.addWidget(
                Banner("warning", tr("Verrouillé après trop d'essais ; il s'ouvrira de lui-même."))
            )
        if record.invite is False:
            self._alerts.addWidget(Banner("info", tr("Ce compte n'a pas encore de mot de passe.")))
        if record.donne_jusqu_a is not None:
            until = isolate(labels.instant(record.donne_jusqu_a, year=True))
            told = tr("Le mot de passe donné n'a pas encore été remplacé ; il sert jusqu'au {quand}.", quand=until)
            self._alerts.addWidget(Banner("info", told))
        if record.last_login is not None:
            when = isolate(labels.instant(record.last_login, year=True))
            told = tr("Dernière connexion au centre : {quand}", quand=when)
            self._alerts.addWidget(Text(told, "caption", "text.secondary"))

    def _offer(self, record: Any, *, own: bool) -> None:
        if record.is_active:
            words = tr("Inviter") if record.invite is False else tr("Nouveau mot de passe")
            self._add("inviter", words, "soft", "key", accounts.invite)
            if record.verrouille:
                self._add("deverrouiller", tr("Déverrouiller"), "default", "lock-key", accounts.unlock)
            # Three of them are wider than the form beside a list.
            below = 1 if record.verrouille else 0
            close = self._add("desactiver", tr("Désactiver"), "danger", "prohibit", accounts.close, below)
            close.setEnabled(not own)
            if own:
                self.trouble.say(accounts.SOI)
        else:
            self._add("reactiver", tr("Réactiver"), "soft", "user-circle-check", accounts.reopen)
        for row in self._rows:
            row.addStretch()

    def _add(self, key: str, words: str, kind: str, icon: str, act: Act, row: int = 0) -> Button:
        button = Button(words, kind, icon=icon, on_click=partial(self._run, key, act))
        self.buttons[key] = button
        self._rows[row].addWidget(button)
        return button

    def _run(self, key: str, act: Act) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def done(answer: Any) -> None:
            if isinstance(answer, str):
                self.shown.setText(answer)
                self.secret.show()
                self.shown.setFocus(Qt.FocusReason.OtherFocusReason)
                self.shown.selectAll()
            undo = {"desactiver": accounts.reopen, "reactiver": accounts.close}.get(key)
            back = None if undo is None else lambda: self._undo(row_id, undo)
            contexte.say(_SAID[key](), back)
            changed(self._panel, "users", row_id)

        contexte.tasks.run(
            lambda session: act(session, contexte.acteur, row_id), done, self._refused, write=True, owner=self
        )

    def _undo(self, row_id: int, act: Act) -> None:
        contexte = self._panel.contexte
        contexte.tasks.run(
            lambda session: act(session, contexte.acteur, row_id),
            lambda _none: changed(self._panel, "users", row_id), write=True,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        champs = getattr(error, "champs", None)
        self.trouble.say(" ".join(champs.values()) if champs else str(error))


_SAID: dict[str, Callable[[], str]] = {
    "inviter": lambda: tr("Mot de passe changé"), "deverrouiller": lambda: tr("Compte déverrouillé"),
    "desactiver": lambda: tr("Compte désactivé"), "reactiver": lambda: tr("Compte réactivé"),
}  # fmt: skip
