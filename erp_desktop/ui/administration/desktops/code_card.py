"""A code of enrolment once it is made: until when it is worth something, its line to copy, its QR code to scan."""

from __future__ import annotations

import segno
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop.sync.device import one_line
from erp_desktop.sync.device.provisioning import Provision
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import value_labels as labels

_SIDE = 216
_QUIET = 4
"""Empty modules that a scanner needs around."""


class QrCode(QWidget):
    """A text as a QR code: black on white in every theme, or no scanner reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[bytearray, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Code QR du code d'inscription"))

    def show_text(self, text: str) -> None:
        # Read off a screen nothing is scratched: the lowest level gives the widest modules.
        self.rows = tuple(segno.make(text, error="l", boost_error=False, micro=False).matrix)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        # A whole number of points for each module: unequal ones are misread.
        across = len(self.rows) + 2 * _QUIET
        side = max(1, round(_SIDE / across)) * across
        return QSize(side, side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.white))
        module = self.width() // (len(self.rows) + 2 * _QUIET)
        for y, row in enumerate(self.rows):
            for x, dark in enumerate(row):
                if dark:
                    place = QRect((x + _QUIET) * module, (y + _QUIET) * module, module, module)
                    painter.fillRect(place, QColor(Qt.GlobalColor.black))
        painter.end()


class CodeCard(Card):
    """Shown once, after a code was made; closed, it is not to be had again."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__("surface.sunken")
        self._contexte = contexte
        self.line = ""
        row = QHBoxLayout()
        row.setSpacing(16)
        self.qr = QrCode()
        row.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(6)
        self.title, self.until = Text("", "section", wrap=True), Text("", "strong", wrap=True)
        how = tr("Sans le fichier : sur le poste, « Rejoindre une agence », puis scannez ce code dans le champ "
                 "« Adresse du serveur central », ou collez-y le code copié. Il vaut un mot de passe, et ne sera "
                 "plus montré.")  # fmt: skip
        for text in (self.title, self.until, Text(how, "body", "text.secondary", wrap=True)):
            words.addWidget(text)
        acts = QHBoxLayout()
        self.copy_button = Button(tr("Copier le code"), icon="copy", on_click=self.copy)
        self.close_button = Button(tr("Fermer"), on_click=self.forget)
        acts.addWidget(self.copy_button)
        acts.addWidget(self.close_button)
        acts.addStretch()
        words.addLayout(acts)
        words.addStretch()
        row.addLayout(words, 1)
        self.box.addLayout(row)
        self.hide()

    def show_code(self, made: Provision) -> None:
        self.line = one_line.written(made)
        self.title.setText(tr("Code d'inscription, agence {agence}", agence=isolate(made.agence)))
        self.until.setText(tr("Valable jusqu'au {quand}", quand=labels.instant(made.expire, year=True)))
        self.qr.show_text(self.line)
        self.show()

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.line)
        self._contexte.say(tr("Code copié : à coller sur le poste, dans « Adresse du serveur central »."))

    def forget(self) -> bool:
        """Close it and keep nothing of the code; False when it was closed."""
        if self.isHidden():
            return False
        self.line = ""
        self.qr.rows = ()
        self.hide()
        return True
