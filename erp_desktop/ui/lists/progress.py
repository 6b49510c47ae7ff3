"""Long work on a list, said below it: how far it is, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.surfaces import Surface


class ProgressStrip(Surface):
    """One line, hidden while nothing runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.sunken", "border.default", sides="t", parent=parent)
        self._stop: Callable[[], object] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 12, 6)
        row.setSpacing(10)
        self.words = Text("", "body", "text.secondary")
        row.addWidget(self.words)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        row.addWidget(self.bar, 1)
        self.stop_button = Button(tr("Arrêter"), on_click=self._stopped)
        row.addWidget(self.stop_button)
        self.hide()

    def begin(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self.stop_button.setEnabled(True)
        self.show()

    def tell(self, done: int, total: int) -> None:
        self.words.setText(tr("{n} sur {total}…", n=number(done), total=number(total)))
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)

    def end(self, _good: bool = True) -> None:
        self._stop = None
        self.hide()

    def _stopped(self) -> None:
        if self._stop is not None:
            self.stop_button.setEnabled(False)
            self._stop()
