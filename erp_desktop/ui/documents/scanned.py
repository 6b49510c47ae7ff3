"""New files in the folder where a scanner leaves its pages, offered for the record in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from erp_desktop.domain.documents import MIMES, suffixe
from erp_desktop.services import documents
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Text, clear
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Card

_SHOWN = 5
_PAUSE_MS = 250
"""A scanner writes a page in several goes."""


class ScannedFiles(QWidget):
    """A card with a button for each of the latest files that are attached nowhere yet; hidden without any.

    Args:
        attach: attaches files to the record in sight.
    """

    def __init__(self, contexte: Contexte, attach: Callable[[Sequence[Path]], object]) -> None:
        super().__init__()
        self._contexte, self._attach = contexte, attach
        self._folder: Path | None = contexte.settings.scanner_dir
        self._on = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        card = Card("surface.sunken")
        card.box.addWidget(Text(tr("Dans le dossier du scanner"), "strong"))
        self.rows = QVBoxLayout()
        self.rows.setSpacing(4)
        card.box.addLayout(self.rows)
        column.addWidget(card)
        self.files: list[Path] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.refresh)
        self._watch = QFileSystemWatcher(self)
        self._watch.directoryChanged.connect(lambda _path: self._pause.start())
        self.hide()

    def follow(self, on: bool) -> None:
        """Whether a record is in sight to which files may be attached."""
        self._on = on and self._folder is not None
        if self._folder is not None and self._on and not self._watch.directories():
            self._watch.addPath(str(self._folder))
        self.refresh()

    def refresh(self) -> None:
        folder = self._folder
        if folder is None or not self._on:
            self.files = []
            self.hide()
            return

        def read(session: object) -> list[Path]:
            return documents.nouveaux(session, _candidates(folder))[:_SHOWN]  # type: ignore[arg-type]

        self._contexte.tasks.run(read, self._show, lambda _error: None, owner=self)

    def _show(self, files: list[Path]) -> None:
        if files == self.files and self.isVisible() == bool(files):
            return
        self.files = files
        clear(self.rows)
        for path in files:
            words = tr("Joindre {nom}", nom=isolate(path.name))
            self.rows.addWidget(
                Button(words, "link", icon="plus", on_click=lambda path=path: self._attach([path]))  # type: ignore[misc]
            )
        self.setVisible(bool(files) and self._on)


def _candidates(folder: Path) -> list[Path]:
    """Files of a kind that is kept, the latest first; none when the folder cannot be read."""
    try:
        found = [(p.stat().st_mtime, p) for p in folder.iterdir() if suffixe(p.name) in MIMES and p.is_file()]
    except OSError:
        return []
    return [p for _when, p in sorted(found, reverse=True)[:50]]
