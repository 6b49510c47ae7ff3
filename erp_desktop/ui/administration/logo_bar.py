"""Under the head of a letterhead: its logo, as papers show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, Qt
from PySide6.QtGui import QImage, QImageWriter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from erp_desktop.domain.enums import Role
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services.administration import agencies
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine, Text
from erp_desktop.ui.kit.dialogs import ask_files
from erp_desktop.ui.kit.i18n import tr

_HEIGHT = 48
_WIDEST = 800


def as_png(file: Path) -> bytes | None:
    """Any picture as a PNG no wider than papers need; None when it cannot be read."""
    picture = QImage(str(file))
    if picture.isNull():
        return None
    if picture.width() > _WIDEST:
        picture = picture.scaledToWidth(_WIDEST, Qt.TransformationMode.SmoothTransformation)
    data = QBuffer()
    data.open(QBuffer.OpenModeFlag.WriteOnly)
    return bytes(data.data().data()) if QImageWriter(data, b"PNG").write(picture) else None


class LogoBar(RecordPart):
    """The picture, a button that chooses another, one that takes it off."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.picture = QLabel()
        self.picture.setTextFormat(Qt.TextFormat.PlainText)
        self.picture.setFixedHeight(_HEIGHT)
        self.picture.setAccessibleName(tr("Logo"))
        row.addWidget(self.picture)
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
        shown = QPixmap()
        if record.logo and shown.loadFromData(record.logo):
            self.picture.setPixmap(shown.scaledToHeight(_HEIGHT, Qt.TransformationMode.SmoothTransformation))
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
        data = as_png(file) if file is not None else None
        if file is not None and data is None:
            self.trouble.say(tr("Ce fichier n'est pas une image qui se lit."))
            return
        self._keep(row_id, data, tr("Logo enregistré") if data else tr("Logo retiré"))

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
