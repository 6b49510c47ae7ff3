"""What is asked of somebody who closes the program over work not yet saved: its names, and that it will be there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.ui.kit.controls import Button, Elided, Text
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.surfaces import Card, Surface

_NAMED = 8


class ClosePage(Surface):
    """Covers the window; Enter closes, Esc goes back to work. Nothing is lost either way."""

    answered = Signal(bool)
    """True: close."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("surface.app")
        column = QVBoxLayout(self)
        column.addStretch(2)
        card = Card()
        card.setFixedWidth(520)
        one = len(names) == 1
        title = tr("Une saisie n'est pas enregistrée") if one else tr("{n} saisies ne sont pas enregistrées",
                                                                      n=number(len(names)))  # fmt: skip
        card.box.addWidget(Text(title, "title", wrap=True))
        for name in names[:_NAMED]:
            card.box.addWidget(Elided(f"• {name}"))
        if len(names) > _NAMED:
            rest = tr("et {n} autres", n=number(len(names) - _NAMED))
            card.box.addWidget(Text(rest, "body", "text.secondary"))
        words = tr(
            "Fermer garde chacune en brouillon : vous la retrouverez à votre prochaine connexion sur ce poste, mais "
            "les autres ne la voient pas encore."
        )
        card.box.addWidget(Text(words, "body", "text.secondary", wrap=True))
        foot = QHBoxLayout()
        foot.addStretch()
        self.stay = Button(tr("Revenir à la saisie"), on_click=lambda: self.answered.emit(False))
        self.close_button = Button(tr("Fermer"), "primary", on_click=lambda: self.answered.emit(True))
        foot.addWidget(self.stay)
        foot.addWidget(self.close_button)
        card.box.addLayout(foot)
        # Between stretches, not aligned: an aligned card would not grow with the lines of its sentence.
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(card)
        row.addStretch()
        column.addLayout(row)
        column.addStretch(3)
        self.setFocusProxy(self.close_button)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.answered.emit(False)
            return
        super().keyPressEvent(event)
