"""Choosing one's own password in place of the one that somebody else gave, then straight on to work."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from erp_desktop.domain.people import given
from erp_desktop.ui.kit.controls import Button, ErrorLine, Field, Text
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.sign_in.password_field import TALL, CapitalsLine, MotDePasse


class FirstPassword(QWidget):
    """Where the login's fields were; Esc goes back to them.

    Args:
        identifiant: whose password is chosen.
        typed: what both fields already held, when the language changed meanwhile.
    """

    chosen = Signal(str)
    left = Signal()

    def __init__(self, identifiant: str, typed: tuple[str, str] = ("", ""), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._busy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = tr("Choisissez votre mot de passe")
        self.setAccessibleName(title)
        column.addWidget(Text(title, "kpi", wrap=True))
        column.addSpacing(4)
        told = tr(
            "{nom}, celui qui vous a été donné ne sert qu'à en choisir un autre, que vous ne direz à personne.",
            nom=isolate(identifiant),
        )
        column.addWidget(Text(told, "body", "text.secondary", wrap=True))
        column.addSpacing(20)
        self.new, self.again = MotDePasse(), MotDePasse()
        self.fields = {
            "mot_de_passe": Field(tr("Nouveau mot de passe"), self.new),
            "encore": Field(tr("Le nouveau, encore une fois"), self.again),
        }
        rules = tr("{n} caractères au moins, et pas celui qui vous a été donné.", n=given.LENGTH)
        for name, line, words in zip(self.fields, (self.new, self.again), typed, strict=True):
            line.setStyleSheet(TALL)
            line.setText(words)
            line.textEdited.connect(self._mended)
            column.addWidget(self.fields[name])
            if line is self.new:
                column.addSpacing(4)
                column.addWidget(Text(rules, "caption", "text.tertiary", wrap=True))
                self.new.setAccessibleDescription(rules)
            column.addSpacing(14)
        column.addWidget(CapitalsLine(self.new, self.again))
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.submit = Button(tr("Choisir et entrer"), "primary", on_click=self.choose)
        self.submit.setStyleSheet("QPushButton { min-height: 38px; }")
        column.addWidget(self.submit)
        column.addSpacing(10)
        self.back = Button(tr("Revenir à la connexion"), "link", on_click=self.leave)
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignHCenter)
        for before, after in pairwise((self.new, self.again, self.submit, self.back)):
            QWidget.setTabOrder(before, after)
        self.new.returnPressed.connect(self.again.setFocus)
        self.again.returnPressed.connect(self.choose)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.leave)

    @property
    def typed(self) -> tuple[str, str]:
        return self.new.text(), self.again.text()

    def begin(self) -> None:
        """Put the keyboard in the first field."""
        self.new.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Nothing typed stays behind; an answer that is on its way is waited for."""
        if not self._busy:
            self.forget()
            self.left.emit()

    def forget(self) -> None:
        self.new.clear()
        self.again.clear()

    def choose(self) -> None:
        """Ask for what was typed, once it is twice the same."""
        if self._busy:
            return
        new, again = self.typed
        wrong = {}
        if not new:
            wrong["mot_de_passe"] = tr("Indiquez le nouveau mot de passe.")
        elif new != again:
            wrong["encore"] = tr("Les deux saisies ne sont pas les mêmes.")
        self.say(wrong)
        if not wrong:
            self.set_busy(True)
            self.chosen.emit(new)

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.submit.setEnabled(not busy)
        self.submit.setText(tr("Vérification…") if busy else tr("Choisir et entrer"))

    def say(self, wrong: dict[str, str], trouble: str = "") -> None:
        """What is to be mended, under its field, and what no field can mend."""
        for name, field in self.fields.items():
            field.say(wrong.get(name, ""))
        self.trouble.say(trouble)
        first = next((self.fields[name] for name in self.fields if name in wrong), None)
        if first is not None:
            first.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mended(self) -> None:
        for field in self.fields.values():
            field.say("")
        self.trouble.say("")
