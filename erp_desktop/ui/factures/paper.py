"""The pages of an invoice beside its form, with what is typed there, laid out at their size on their own thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import shiboken6
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.reports.papers import engine, facture
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.factures import FORM
from erp_desktop.ui.forms.fields import Fields
from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.controls import Text, clear, icon_button, plain
from erp_desktop.ui.kit.i18n import language, number, said, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.printing.preview import PaperThread
from erp_desktop.ui.wording import value_labels as labels

_PAUSE_MS: Final = 400
_RAIL, _LEAST = 44, 300
_A4_INCHES: Final = 210 / 25.4
_LANGUAGES = ("fr", "ar")
Told = Callable[[str], str]
"""What is said of so many pages."""


def _saved(pages: str) -> str:
    return tr("{n} pages, telle qu'elle est enregistrée", n=pages)


def _typed(pages: str) -> str:
    return tr("{n} pages, avec ce qui est saisi et pas encore enregistré", n=pages)


def _unread(_pages: str) -> str:
    return tr("Le papier montre ce qui est enregistré : un champ ne se lit pas.")


class Sheet(QWidget):
    """One page, painted as it was laid out; of another size meanwhile, stretched without care."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()

    def show_page(self, image: QImage, wide: int) -> None:
        """Show a page ``wide`` points wide."""
        self._image = image
        self.setFixedSize(wide, round(wide * image.height() / max(1, image.width())))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.end()


class PaperPane(Surface):
    """A paper, always light; closed, it is a rail with the button that opens it.

    Args:
        fields: of the form beside it; what is typed there is laid out as if it were saved.

    Attributes:
        toggled: the person opened or closed it.
        pages: as laid out last.
    """

    toggled = Signal(bool)

    def __init__(self, contexte: Contexte, fields: Fields) -> None:
        super().__init__("surface.sunken", "border.subtle", sides="s")
        self._contexte, self._fields = contexte, fields
        self._row_id: int | None = None
        self._asked = 0
        self._stale = False
        self._found: list[Any] = []
        self._told: Told = _saved
        self._laid = 0
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
        self.area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        holder = QWidget()
        holder.setObjectName("corps")
        self._column = QVBoxLayout(holder)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self._sheets: list[Sheet] = []
        self.area.setWidget(holder)
        column.addWidget(self.area, 1)
        self.words = Text("", "caption", "text.secondary", wrap=True)
        column.addWidget(self.words)
        self._rest = QWidget()
        column.addWidget(self._rest, 1)
        self._soon, self._settled = QTimer(self), QTimer(self)
        for timer, act in ((self._soon, self._read), (self._settled, self._fit)):
            timer.setSingleShot(True)
            timer.setInterval(_PAUSE_MS)
            timer.timeout.connect(act)
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
        """Lay this invoice out as its form says it now, once changes have come to rest."""
        if row_id != self._row_id:
            self._asked += 1
            self._found = []
            self._show_pages([])
        self._row_id, self._stale = row_id, True
        if row_id is None:
            self.words.setText(tr("Le papier se montre dès l'enregistrement."))
        elif not self.pages:
            self.words.setText("")
        if self.open and self.isVisible():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale and self.open:
            self._soon.start()

    def _read(self) -> None:
        self._stale = False
        if self._row_id is None:
            return
        typed = self._fields.changes()
        if not typed:
            self._read_saved(_unread if self._fields.dirty else _saved)
            return
        row_id, acteur, asked = self._row_id, self._contexte.acteur, self._next()
        self._contexte.tasks.run(
            lambda session: FORM.rehearse(
                session, acteur, row_id, typed, lambda: facture.lire(session, acteur, [row_id])),
            lambda found: self._arrived(asked, found, _typed), lambda error: self._refused(asked, error), write=True,
            owner=self,
        )  # fmt: skip

    def _read_saved(self, told: Told) -> None:
        row_id, acteur, asked = self._row_id, self._contexte.acteur, self._next()
        if row_id is not None:
            self._contexte.tasks.run(
                lambda session: facture.lire(session, acteur, [row_id]),
                lambda found: self._arrived(asked, found, told), lambda error: self._failed(asked, error), owner=self,
            )  # fmt: skip

    def _next(self) -> int:
        self._asked += 1
        return self._asked

    def _refused(self, asked: int, error: Exception) -> None:
        """What is typed cannot be saved: what is saved is shown, and why."""
        if not isinstance(error, ErpError):
            self._failed(asked, error)
        elif asked == self._asked:
            words = tr("Le papier montre ce qui est enregistré : {cause}", cause=said(str(error)))
            self._read_saved(lambda _pages: words)

    def _arrived(self, asked: int, found: list[Any], told: Told) -> None:
        if asked == self._asked:
            self._found, self._told = found, told
            self._lay_out()

    def _lay_out(self) -> None:
        found, asked, wide = self._found, self._next(), self._wanted()
        self._laid = wide
        code = language() if language() in _LANGUAGES else _LANGUAGES[0]
        fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
        thread = PaperThread(lambda: _drawn(found, code, fresh, wide))

        def over() -> None:
            if not shiboken6.isValid(self) or asked != self._asked:
                return
            if thread.error is not None:
                self._failed(asked, thread.error)
            else:
                self._laid_out(thread.result)

        thread.finished.connect(over, Qt.ConnectionType.QueuedConnection)
        thread.start()

    def _laid_out(self, pages: Any) -> None:
        self._show_pages(pages)
        self.words.setText(self._told(number(len(pages))))
        for sentence in engine.take_notices():
            self._contexte.say(sentence, kind="warning")
        self._fit()

    def _failed(self, asked: int, error: Exception) -> None:
        if asked != self._asked:
            return
        self._found = []
        self._show_pages([])
        self.words.setText(said(str(error)) if isinstance(error, ErpError) else tr("La mise en page a échoué."))
        if not isinstance(error, ErpError):
            self._contexte.tasks.failed.emit(error)

    def _show_pages(self, pages: list[QImage]) -> None:
        self.pages = pages
        if len(pages) != len(self._sheets):
            clear(self._column)
            self._sheets = [Sheet() for _page in pages]
            for sheet in self._sheets:
                self._column.addWidget(sheet, 0, Qt.AlignmentFlag.AlignHCenter)
            self._column.addStretch()
        self._stretch()

    def _stretch(self) -> None:
        for sheet, image in zip(self._sheets, self.pages, strict=True):
            sheet.show_page(image, self._wide())

    def _wide(self) -> int:
        """Points that a page takes."""
        return max(200, self.width() - 32)

    def _wanted(self) -> int:
        """Dots that a page takes."""
        return round(self._wide() * self.devicePixelRatioF())

    def _fit(self) -> None:
        """Lay the same out again when it was laid out for another size."""
        if self.open and self.isVisible() and self.pages and self._laid != self._wanted():
            self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._stretch()
        if self.pages:
            self._settled.start()


def _drawn(found: list[Any], code: str, fresh: str, wide: int) -> list[QImage]:
    """Pages ``wide`` dots wide, as a screen paints them; one of a company's own format is brought to that width."""
    made = []
    for page in facture.images(found, code, fraicheur=fresh, ppp=wide / _A4_INCHES):
        image = QImage.fromData(page).convertToFormat(QImage.Format.Format_RGB32)
        if image.width() != wide:
            image = image.scaledToWidth(wide, Qt.TransformationMode.SmoothTransformation)
        made.append(image)
    return made
