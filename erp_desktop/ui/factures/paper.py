"""The pages of an invoice beside its form, laid out again on a thread of their own when what is saved changes."""

from __future__ import annotations

from typing import Any, Final

import shiboken6
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.reports.papers import engine, facture
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.controls import Text, clear, icon_button, plain
from erp_desktop.ui.kit.i18n import language, number, said, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.printing.preview import PaperThread
from erp_desktop.ui.wording import value_labels as labels

_PAUSE_MS: Final = 400
_RAIL, _LEAST = 44, 300
_PPI: Final = 110.0
"""Dots per inch of the pages kept; they are scaled to the pane."""
_LANGUAGES = ("fr", "ar")


class PaperPane(Surface):
    """A paper, always light; closed, it is a rail with the button that opens it.

    Attributes:
        toggled: the person opened or closed it.
        pages: as laid out last.
    """

    toggled = Signal(bool)

    def __init__(self, contexte: Contexte) -> None:
        super().__init__("surface.sunken", "border.subtle", sides="s")
        self._contexte = contexte
        self._row_id: int | None = None
        self._asked = 0
        self._stale = False
        self.open = True
        self.pages: list[QImage] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 10, 8, 8)
        column.setSpacing(8)
        head = QHBoxLayout()
        self.title = Text(tr("Aperçu imprimé"), "section")
        head.addWidget(self.title)
        head.addStretch()
        self.button = icon_button("eye-slash", "", self._toggle)
        head.addWidget(self.button)
        column.addLayout(head)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setAccessibleName(tr("Aperçu imprimé"))
        holder = QWidget()
        holder.setObjectName("corps")
        self._sheets = QVBoxLayout(holder)
        self._sheets.setContentsMargins(0, 0, 0, 0)
        self._sheets.setSpacing(10)
        self.area.setWidget(holder)
        column.addWidget(self.area, 1)
        self.words = Text("", "caption", "text.secondary", wrap=True)
        column.addWidget(self.words)
        self._rest = QWidget()
        column.addWidget(self._rest, 1)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self._read)
        self.set_open(True)

    def set_open(self, on: bool) -> None:
        """Show the paper, or the rail."""
        self.open = on
        for part in (self.title, self.area, self.words):
            part.setVisible(on)
        self._rest.setVisible(not on)
        self.setMinimumWidth(_LEAST if on else _RAIL)
        self.setMaximumWidth(16_777_215 if on else _RAIL)
        words = tr("Fermer l'aperçu") if on else tr("Aperçu imprimé")
        self.button.setIcon(icons.icon("eye-slash" if on else "eye", "text.secondary"))
        self.button.setToolTip(plain(words))
        self.button.setAccessibleName(words)
        if on and self._stale:
            self._soon.start()

    def _toggle(self) -> None:
        self.set_open(not self.open)
        self.toggled.emit(self.open)

    def show_record(self, row_id: int | None) -> None:
        """Lay this invoice out, once changes have come to rest."""
        if row_id != self._row_id:
            self._asked += 1
            self._show_pages([])
        self._row_id, self._stale = row_id, True
        self.words.setText("" if row_id is not None else tr("Le papier se montre dès l'enregistrement."))
        if self.open and self.isVisible():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale and self.open:
            self._soon.start()

    def _read(self) -> None:
        row_id, acteur = self._row_id, self._contexte.acteur
        if row_id is None:
            return
        self._stale = False
        self._asked += 1
        asked = self._asked
        self._contexte.tasks.run(
            lambda session: facture.lire(session, acteur, [row_id]), lambda found: self._lay_out(asked, found),
            lambda error: self._failed(asked, error), owner=self,
        )  # fmt: skip

    def _lay_out(self, asked: int, found: list[Any]) -> None:
        if asked != self._asked:
            return
        code = language() if language() in _LANGUAGES else _LANGUAGES[0]
        fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
        thread = PaperThread(lambda: facture.images(found, code, fraicheur=fresh, ppp=_PPI))

        def over() -> None:
            if not shiboken6.isValid(self) or asked != self._asked:
                return
            if thread.error is not None:
                self._failed(asked, thread.error)
            else:
                self._arrived(thread.result)

        thread.finished.connect(over, Qt.ConnectionType.QueuedConnection)
        thread.start()

    def _arrived(self, pages: Any) -> None:
        self._show_pages([QImage.fromData(page) for page in pages])
        self.words.setText(tr("{n} pages, telle qu'elle est enregistrée", n=number(len(self.pages))))
        for sentence in engine.take_notices():
            self._contexte.say(sentence, kind="warning")

    def _failed(self, asked: int, error: Exception) -> None:
        if asked != self._asked:
            return
        self._show_pages([])
        self.words.setText(said(str(error)) if isinstance(error, ErpError) else tr("La mise en page a échoué."))
        if not isinstance(error, ErpError):
            self._contexte.tasks.failed.emit(error)

    def _show_pages(self, pages: list[QImage]) -> None:
        self.pages = pages
        clear(self._sheets)
        for image in pages:
            sheet = Text()
            sheet.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            sheet.setPixmap(self._fitted(image))
            self._sheets.addWidget(sheet)
        self._sheets.addStretch()

    def _fitted(self, image: QImage) -> QPixmap:
        ratio = self.devicePixelRatioF()
        wide = max(200, self.width() - 32)
        smooth = Qt.TransformationMode.SmoothTransformation
        made = QPixmap.fromImage(image.scaledToWidth(round(wide * ratio), smooth))
        made.setDevicePixelRatio(ratio)
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for place, image in enumerate(self.pages):
            item = self._sheets.itemAt(place)
            sheet = item.widget() if item is not None else None
            if isinstance(sheet, Text):
                sheet.setPixmap(self._fitted(image))
