"""The forms of the wizard: where the centre is, and who the first account of a stand-alone desktop is."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from erp_desktop.sync.device import one_line
from erp_desktop.ui.kit.controls import Field, LineEdit, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.sign_in.password_field import TALL, MotDePasse


class Formulaire(QWidget):
    """Fields by name, two columns; errors land under their field."""

    submitted = Signal()

    def __init__(self, values: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = values
        self.fields: dict[str, Field] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(12)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        self._line = 0
        self._begun = False

    def add(
        self, name: str, label: str, column: int, *, wide: bool = False, secret: bool = False, hint: str = "",
        default: str = "", limit: int = 255, code: bool = False,
    ) -> LineEdit:  # fmt: skip
        """Place a field; codes, addresses and passwords stay left to right."""
        editor: LineEdit = MotDePasse() if secret else LineEdit(hint)
        editor.setStyleSheet(TALL)
        editor.setMaxLength(limit)
        editor.setText(self._values.get(name, default))
        if code or secret:
            editor.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        field = Field(label, editor)
        self.fields[name] = field
        editor.textEdited.connect(lambda _text: field.say(""))
        editor.returnPressed.connect(self.submitted)
        self._grid.addWidget(field, self._line, 0 if wide else column, 1, 2 if wide else 1, Qt.AlignmentFlag.AlignTop)
        self._begun = not wide and column == 0
        if not self._begun:
            self._line += 1
        return editor

    def note(self, words: str) -> None:
        """A sentence under the last line, the one that a field has begun included."""
        self._line += self._begun
        self._begun = False
        self._grid.addWidget(Text(words, "caption", "text.tertiary", wrap=True), self._line, 0, 1, 2)
        self._line += 1

    def values(self) -> dict[str, str]:
        found = {}
        for name, field in self.fields.items():
            if isinstance(field.editor, QLineEdit):
                found[name] = field.editor.text()
        return found

    def say(self, errors: Mapping[str, str]) -> None:
        """Show the domain's sentences; the first wrong field takes the keyboard."""
        for name, field in self.fields.items():
            field.say(errors.get(name, ""))
        first = next((name for name in self.fields if errors.get(name)), None)
        if first is not None:
            self.fields[first].editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin(self) -> None:
        """Put the keyboard in the first empty field."""
        for field in self.fields.values():
            if isinstance(field.editor, QLineEdit) and not field.editor.text():
                field.editor.setFocus(Qt.FocusReason.OtherFocusReason)
                return


class FormulaireCentre(Formulaire):
    """What enrolment needs."""

    def __init__(self, values: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(values, parent)
        self.add(
            "serveur",
            tr("Adresse du serveur central"),
            0,
            wide=True,
            hint="postgresql://hôte:5432/base",
            code=True,
            limit=one_line.LONGEST,
        )
        self.add("identifiant", tr("Identifiant de l'administrateur"), 0, code=True)
        self.add("mot_de_passe", tr("Mot de passe"), 1, secret=True)
        agence = self.add("agence", tr("Code de l'agence"), 0, hint="CAS", limit=5, code=True)
        agence.textEdited.connect(lambda text: agence.setText(text.upper()))
        self.add("poste", tr("Nom de ce poste"), 1, default=platform.node()[:60], limit=60)
        self.note(
            tr(
                "L'administrateur ne sert qu'ici : ce poste reçoit ensuite un accès à lui, limité à son agence, "
                "gardé dans le trousseau du système."
            )
        )
        words = tr("Avec un code d'inscription du siège : scannez-le ou collez-le dans l'adresse, et rien d'autre.")
        self.note(words)


class FormulaireAgence(Formulaire):
    """The only agency of a stand-alone desktop."""

    def __init__(self, values: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(values, parent)
        self.add("agence_nom", tr("Nom de l'agence"), 0, wide=True, hint=tr("Casablanca"), limit=120)
        code = self.add("agence_code", tr("Code de l'agence"), 0, hint="CAS", limit=5, code=True)
        code.textEdited.connect(lambda text: code.setText(text.upper()))
        self.note(
            tr("Le code, de 3 à 5 lettres, commence les numéros : INT-CAS-2026-00001. Il ne change plus ensuite.")
        )


class FormulaireCompte(Formulaire):
    """The first account; it administers."""

    def __init__(self, values: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(values, parent)
        self.add("nom", tr("Nom complet"), 0, limit=255)
        self.add("email", tr("Adresse électronique"), 1, code=True)
        self.add("identifiant", tr("Identifiant"), 0, limit=60, code=True)
        self.add("mot_de_passe", tr("Mot de passe"), 1, secret=True)
        self.note(tr("Ce compte administre le poste : il crée les autres comptes. Au moins 10 caractères."))
