"""Where the person wants to be told of each event: on the desktop, in the window only, nowhere."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import CanalNotification, EvenementNotification
from erp_desktop.services import notifications
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels


class ChoicesBox(QWidget):
    """One line for each event; a choice is kept at once and can be taken back."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self._contexte = contexte
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(6)
        column.addWidget(Text(tr("Vos choix valent sur tous vos postes."), "caption", "text.secondary", wrap=True))
        self.editors: dict[EvenementNotification, ChoiceEditor] = {}
        self._known: dict[EvenementNotification, CanalNotification] = {}
        for kind in EvenementNotification:
            row = QHBoxLayout()
            words = value_labels.label(EvenementNotification, kind)
            label = Text(words, "body", wrap=True)
            editor = ChoiceEditor(value_labels.options(CanalNotification))
            editor.setAccessibleName(words)
            editor.combo.setAccessibleName(words)
            label.setBuddy(editor.combo)
            editor.setFixedWidth(186)
            editor.setEnabled(False)
            editor.changed.connect(partial(self._choose, kind))
            self.editors[kind] = editor
            row.addWidget(label, 1)
            row.addWidget(editor)
            column.addLayout(row)

    def reload(self) -> None:
        acteur = self._contexte.acteur
        self._contexte.tasks.run(lambda session: notifications.choix(session, acteur), self._show, owner=self)

    def _show(self, found: dict[EvenementNotification, CanalNotification]) -> None:
        self._known = found
        for kind, channel in found.items():
            self.editors[kind].show_value(channel.value)
            self.editors[kind].setEnabled(True)

    def _choose(self, kind: EvenementNotification) -> None:
        before = self._known.get(kind)
        self._keep(kind, CanalNotification(str(self.editors[kind].value())), before)

    def _keep(self, kind: EvenementNotification, channel: CanalNotification, before: Any) -> None:
        acteur, contexte = self._contexte.acteur, self._contexte
        undo = None if before is None else lambda: self._keep(kind, before, None)

        def kept(_none: object) -> None:
            self._known[kind] = channel
            self.editors[kind].show_value(channel.value)
            contexte.say(tr("Choix enregistré"), undo)
            contexte.bus.publish("preferences", initiator=self)

        contexte.tasks.run(
            lambda session: notifications.choisir(session, acteur, kind, channel), kept, write=True, owner=self
        )
