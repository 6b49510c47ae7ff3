"""The file of an import, read on a thread of its own: as it shows itself, as was said of one of its shape, and anew
as another sheet or in another encoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from erp_desktop.services.importation import wizard
from erp_desktop.services.importation.wizard import Choix, Fichier
from erp_desktop.ui.background import Fond
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.imports.reading import countries
from erp_desktop.ui.kit.i18n import language


class Source(QObject):
    """Reads one file at a time.

    Args:
        said: what is decided in the page of the file that it shows.
    """

    begun = Signal(str)
    """Name of the file that is read."""
    shown = Signal(object, object, bool)
    """The file, what is decided of it, whether that was remembered."""
    failed = Signal(object)

    def __init__(self, contexte: Contexte, table: str, said: Callable[[], Choix], parent: QObject) -> None:
        super().__init__(parent)
        self._contexte, self._table, self._said = contexte, table, said
        self._before: Fichier | None = None
        self._asked = Choix({})
        self._recall = True
        self._reader = Fond(self)
        self._reader.finished.connect(self._read)
        self._reader.failed.connect(self._unread)

    @property
    def busy(self) -> bool:
        return self._reader.busy

    def open(self, path: Path) -> None:
        """Read another file: no list waits for it."""
        self._before, self._recall, table = None, True, self._table
        self.begun.emit(path.name)
        self._reader.run(lambda _progress: (countries(language()), wizard.ouvrir(table, path))[1])

    def otherwise(self, file: Fichier) -> bool:
        """Read the file shown anew if that is what is said of its sheet and its encoding; whether it is."""
        if self.busy:
            # Whoever reads looks at the end at what is said by then.
            return True
        choice = self._said()
        if wizard.autrement(file, choice.ecriture):
            self._again(file, choice, recall=False)
            return True
        return False

    def _again(self, file: Fichier, choice: Choix, *, recall: bool) -> None:
        """``recall``: what else is known of the file was kept for it as it is then read."""
        self._before, self._asked, self._recall, table = file, choice, recall, self._table
        self.begun.emit(file.nom)
        self._reader.run(lambda _progress: wizard.ouvrir(table, file.chemin, choice.ecriture, file.vue))

    def _meanwhile(self) -> bool:
        """Whether something else was said while the file was read: then it is read for this."""
        if self._before is None or self._recall:
            return False
        choice, asked = self._said(), self._asked.ecriture
        if (choice.ecriture.feuille, choice.ecriture.encodage) == (asked.feuille, asked.encodage):
            return False
        self._again(self._before, choice, recall=False)
        return True

    def _read(self, file: Fichier) -> None:
        if self._meanwhile():
            return
        if self._before is not None and not self._recall:
            self.shown.emit(file, wizard.garder(self._table, self._before, file, self._said()), False)
            return
        acteur, table = self._contexte.acteur, self._table

        def recalled(given: Choix | None) -> None:
            if self.busy:
                return
            if given is not None and wizard.autrement(file, given.ecriture):
                self._again(file, given, recall=True)
            else:
                self.shown.emit(file, given or wizard.commencer(table, file), given is not None)

        self._contexte.tasks.run(
            lambda session: wizard.retrouver(session, acteur, table, file), recalled, self.failed.emit, owner=self
        )  # fmt: skip

    def _unread(self, error: Exception) -> None:
        """A file that cannot be read as was said is shown as it was read before."""
        if self._meanwhile():
            return
        if (file := self._before) is not None:
            choice = wizard.commencer(self._table, file) if self._recall else self._said()
            self.shown.emit(file, replace(choice, ecriture=wizard.lue(file, choice.ecriture)), False)
        self.failed.emit(error)
