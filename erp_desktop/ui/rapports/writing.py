"""Writes a report's file on a thread of Qt's: a document laid out there needs that thread's own timers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QThread

from erp_desktop.reports.modele import RapportInterventions
from erp_desktop.ui.kit.i18n import language

_en_cours: set[Ecriture] = set()


class Ecriture(QThread):
    """One file being written; lives until it is done, even when its page is closed meanwhile.

    Attributes:
        erreur: what went wrong, None when the file is there; read it after ``finished``.
    """

    def __init__(self, rapport: RapportInterventions, forme: str, cible: Path) -> None:
        super().__init__()
        self.setObjectName("rapports")
        self._rapport, self._forme, self.cible, self._langue = rapport, forme, cible, language()
        self.erreur: Exception | None = None
        _en_cours.add(self)
        self.finished.connect(self._oublier)
        application = QCoreApplication.instance()
        if application is not None:
            # The program does not end with half a file.
            application.aboutToQuit.connect(self.wait)

    def run(self) -> None:
        try:
            self._ecrivain()(self._rapport, self.cible)
        except Exception as erreur:  # noqa: BLE001 - told to the page, which tells the person
            self.erreur = erreur

    def _ecrivain(self) -> Callable[[RapportInterventions, Path], None]:
        from erp_desktop.reports import csv_, pdf, xlsx

        writers: dict[str, Callable[..., None]] = {"pdf": pdf.ecrire_pdf, "xlsx": xlsx.ecrire, "csv": csv_.ecrire}
        return functools.partial(writers[self._forme], langue=self._langue)

    def _oublier(self) -> None:
        self.wait()
        _en_cours.discard(self)
