"""Under the head of a letterhead: its logo, as papers show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QSize, Qt
from PySide6.QtGui import QImage, QImageWriter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from erp_desktop.domain.enums import Role
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services.administration import agencies
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.background import Fond
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine, Text
from erp_desktop.ui.kit.dialogs import ask_files
from erp_desktop.ui.kit.i18n import tr

_SHOWN = QSize(300, 48)
_LARGEST = QSize(800, 400)
"""What papers need: 130 points wide at most, 40 high."""


def fitted(picture: QImage, room: QSize) -> QImage:
    """A picture no larger than its room; what is smaller stays as it is."""
    if picture.width() <= room.width() and picture.height() <= room.height():
        return picture
    return picture.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)


def as_png(file: Path) -> bytes | None:
    """Any picture as a PNG no larger than papers need; None when it cannot be read."""
    picture = QImage(str(file))
    if picture.isNull():
        return None
    picture = fitted(picture, _LARGEST)
    data = QBuffer()
    data.open(QBuffer.OpenModeFlag.WriteOnly)
    return bytes(data.data().data()) if QImageWriter(data, b"PNG").write(picture) else None


class LogoBar(RecordPart):
    """The picture, a button that chooses another, one that takes it off."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._work = Fond(self)
        self._work.finished.connect(self._read)
        self._work.failed.connect(self._refused)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.picture = QLabel()
        self.picture.setTextFormat(Qt.TextFormat.PlainText)
        self.picture.setAccessibleName(tr("Logo"))
        # On a line of its own: as wide as it is, nothing beside it is cut.
        column.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignLeading)
        self.none = Text(tr("Aucun logo"), "body", "text.tertiary")
        row.addWidget(self.none)
        row.addStretch()
        self.choose = Button(tr("Choisir un logo…"), icon="upload-simple", on_click=self._ask)
        self.take_off = Button(tr("Retirer"), "ghost", icon="trash", on_click=lambda: self.set_logo(None))
        row.addWidget(self.choose)
        row.addWidget(self.take_off)
        column.addLayout(row)
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        self.trouble.say("")
        self.setVisible(row_id is not None)
        if record is None:
            return
        shown = QImage()
        if record.logo and shown.loadFromData(record.logo):
            self.picture.setPixmap(QPixmap.fromImage(fitted(shown, _SHOWN)))
        self.picture.setVisible(bool(record.logo))
        self.none.setVisible(not record.logo)
        writes = self._panel.contexte.acteur.role is Role.ADMIN
        self.choose.setVisible(writes)
        self.take_off.setVisible(writes and bool(record.logo))

    def _ask(self) -> None:
        kinds = [tr("Images (*.png *.jpg *.jpeg)")]
        ask_files(self, tr("Choisir un logo"), kinds, lambda files: self.set_logo(files[0]))

    def set_logo(self, file: Path | None) -> None:
        """Put the picture of a file on the letterhead; None takes it off."""
        row_id = self._row_id
        if row_id is None:
            return
        self.trouble.say("")
        if file is None:
            self._keep(row_id, None, tr("Logo retiré"))
        elif not self._work.busy:
            # A photograph of many millions of points takes its time.
            self._work.run(lambda _progress: (row_id, as_png(file)))

    def _read(self, read: tuple[int, bytes | None]) -> None:
        row_id, data = read
        if data is not None:
            self._keep(row_id, data, tr("Logo enregistré"))
        elif row_id == self._row_id:
            self.trouble.say(tr("Ce fichier n'est pas une image qui se lit."))

    def _keep(self, row_id: int, data: bytes | None, words: str) -> None:
        contexte = self._panel.contexte

        def kept(before: bytes | None) -> None:
            contexte.say(words, lambda: self._keep(row_id, before, tr("Logo remis")))
            changed(self._panel, "identite_societe", row_id)

        contexte.tasks.run(
            lambda session: agencies.set_logo(session, contexte.acteur, row_id, data), kept, self._refused,
            write=True, owner=self,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        if isinstance(error, ValidationError):
            self.trouble.say(" ".join(error.champs.values()))
        elif isinstance(error, ErpError):
            self.trouble.say(str(error))
        else:
            self._panel.contexte.tasks.failed.emit(error)
