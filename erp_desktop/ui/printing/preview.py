"""A window that shows the pages of a paper, and from which it is printed or kept as PDF; nothing is modal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import shiboken6
from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt, QThread
from PySide6.QtGui import QImage, QPageLayout, QPainter, QPixmap
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.errors import ErpError
from erp_desktop.reports.papers import engine
from erp_desktop.reports.sortie import keep
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Button, Text, clear
from erp_desktop.ui.kit.dialogs import ask_target, enter_presses, fitting
from erp_desktop.ui.kit.i18n import language, number, said, tr
from erp_desktop.ui.kit.surfaces import Surface

SHOWN = 12
"""Papers of a batch that are laid out for the eye; all of them are printed."""
SCREEN_PPI, PRINT_PPI = 96.0, 220.0
_running: set[PaperThread] = set()


@dataclass(frozen=True)
class Paper:
    """What is printed; the callables run on a thread of their own, on data that were read before.

    Attributes:
        count: how many papers there are.
        pdf: ``pdf(language)``.
        pages: ``pages(language, how many papers, dots per inch)`` as PNG.
        languages: codes and names; the first is offered when the window's language is none of them.
    """

    title: str
    name: str
    count: int
    pdf: Callable[[str], bytes]
    pages: Callable[[str, int, float], list[bytes]]
    languages: Sequence[tuple[str, str]] = (("fr", "Français"), ("ar", "العربية"))


def first(contexte: Contexte, ids: Sequence[int], most: int) -> list[int]:
    """The first ``most`` of the chosen rows; the person is told when there are more."""
    if len(ids) > most:
        contexte.say(tr("Les {n} premières lignes seulement : choisissez-en moins.", n=number(most)), kind="warning")
    return list(ids)[:most]


class PaperThread(QThread):
    """Lays a paper out; lives until it is done, even when its window is closed meanwhile.

    Attributes:
        result: what ``work`` gave; read it after ``finished``.
        error: what went wrong instead.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("impression")
        self._work = work
        self.result: object = None
        self.error: Exception | None = None
        _running.add(self)
        self.finished.connect(self._forget)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.wait)

    def run(self) -> None:
        try:
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - told to the window, which tells the person
            self.error = error

    def _forget(self) -> None:
        self.wait()
        _running.discard(self)


class PreviewWindow(QDialog):
    """Pages one below the other.

    Attributes:
        pages: the images shown.
    """

    def __init__(self, contexte: Contexte, paper: Paper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(paper.title)
        self.resize(fitting(QSize(920, 900), self.screen().availableGeometry().size()))
        self._contexte, self._paper = contexte, paper
        self.pages: list[QImage] = []
        self._asked: PaperThread | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._bar())
        self.holder = QWidget()
        self.column = QVBoxLayout(self.holder)
        self.column.setContentsMargins(20, 16, 20, 16)
        self.column.setSpacing(14)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setAccessibleName(tr("Aperçu imprimé"))
        area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        area.setWidget(self.holder)
        column.addWidget(area, 1)
        self.show_pages()

    def _bar(self) -> QWidget:
        bar = Surface("surface.sunken", "border.subtle", sides="b")
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        self.words = Text(tr("Mise en page…"), "body", "text.secondary")
        row.addWidget(self.words, 1)
        self.languages = ChoiceEditor(list(self._paper.languages))
        codes = [code for code, _ in self._paper.languages]
        self.languages.show_value(language() if language() in codes else codes[0])
        self.languages.changed.connect(self.show_pages)
        self.languages.setAccessibleName(tr("Langue du document"))
        row.addWidget(self.languages)
        self.languages.setVisible(len(codes) > 1)
        self.keep_button = Button(tr("Enregistrer en PDF…"), icon="file-pdf", on_click=self._ask_file)
        self.print_button = Button(tr("Imprimer…"), "primary", icon="printer", on_click=self._ask_printer)
        row.addWidget(self.keep_button)
        row.addWidget(self.print_button)
        return bar

    def _run(self, work: Callable[[], object], then: Callable[[object], object]) -> None:
        thread = PaperThread(work)
        self._asked = thread

        def over() -> None:
            if not shiboken6.isValid(self):
                return
            if thread.error is not None:
                self._failed(thread.error)
            elif self._asked is thread:
                then(thread.result)

        thread.finished.connect(over, Qt.ConnectionType.QueuedConnection)
        thread.start()

    def _failed(self, error: Exception) -> None:
        self.words.setText(said(str(error)) if isinstance(error, ErpError) else tr("La mise en page a échoué."))
        if not isinstance(error, ErpError):
            self._contexte.tasks.failed.emit(error)

    @property
    def code(self) -> str:
        """The language chosen for the paper."""
        return str(self.languages.value())

    def show_pages(self) -> None:
        """Lay the first papers out again, in the language chosen."""
        code, paper = self.code, self._paper
        self.words.setText(tr("Mise en page…"))
        self._run(lambda: paper.pages(code, min(paper.count, SHOWN), SCREEN_PPI), self._show)

    def _show(self, pages: object) -> None:
        assert isinstance(pages, list)  # noqa: S101 - what ``Paper.pages`` gives
        clear(self.column)
        self.pages = [QImage.fromData(page) for page in pages]
        for image in self.pages:
            sheet = Text()
            sheet.setPixmap(QPixmap.fromImage(image))
            sheet.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.column.addWidget(sheet)
        self.column.addStretch()
        count = self._paper.count
        words = self._paper.title if count == 1 else tr("{titre} : {n}", titre=self._paper.title, n=number(count))
        if count > SHOWN:
            words = tr("{titre} (aperçu des {n} premiers)", titre=words, n=SHOWN)
        self.words.setText(words)
        self._tell_notices()

    def _tell_notices(self) -> None:
        """What is wrong with a template of the company; ours has served."""
        for sentence in engine.take_notices():
            self._contexte.say(sentence, kind="warning")

    def _ask_file(self) -> None:
        ask_target(self, tr("Enregistrer en PDF…"), f"{self._paper.name}.pdf", self.keep, ["PDF (*.pdf)"])

    def keep(self, target: Path) -> None:
        """Write every paper into one PDF, whole or not at all."""
        code, paper = self.code, self._paper

        def write() -> Path:
            keep(target, paper.pdf(code))
            return target

        self._run(
            write, lambda path: self._contexte.say(tr("PDF enregistré : {fichier}", fichier=Path(str(path)).name))
        )

    def _ask_printer(self) -> None:
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setDocName(self._paper.name)
        dialog = QPrintDialog(printer, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.print_on(printer))
        enter_presses(dialog)
        dialog.show()

    def print_on(self, printer: QPrinter) -> None:
        """Send every page of every paper to a printer."""
        code, paper = self.code, self._paper
        self._run(lambda: paper.pages(code, paper.count, PRINT_PPI), lambda pages: self._paint(printer, pages))

    def _paint(self, printer: QPrinter, pages: object) -> None:
        assert isinstance(pages, list)  # noqa: S101 - what ``Paper.pages`` gives
        printer.setFullPage(True)
        images = [QImage.fromData(page) for page in pages]
        if images:
            _turn(printer, images[0])
        painter = QPainter()
        if not painter.begin(printer):
            self._contexte.say(tr("L'imprimante ne répond pas."), kind="danger")
            return
        for place, image in enumerate(images):
            if place:
                _turn(printer, image)
                printer.newPage()
            paper = QRectF(printer.paperRect(QPrinter.Unit.DevicePixel))
            # A page lies or stands as it was laid out, and is never stretched.
            scale = min(paper.width() / image.width(), paper.height() / image.height())
            width, height = image.width() * scale, image.height() * scale
            painter.drawImage(QRectF((paper.width() - width) / 2, 0, width, height), image)
        painter.end()
        self._contexte.say(tr("Envoyé à l'imprimante : {n} pages", n=number(len(pages))))


def _turn(printer: QPrinter, image: QImage) -> None:
    lying = image.width() > image.height()
    printer.setPageOrientation(QPageLayout.Orientation.Landscape if lying else QPageLayout.Orientation.Portrait)
