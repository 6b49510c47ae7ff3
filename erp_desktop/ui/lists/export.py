"""A list as a CSV file that opens in French Excel: semicolons, UTF-8 with BOM, streamed window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from erp_desktop.domain.writing import bidi
from erp_desktop.errors import UserError
from erp_desktop.reports.tableur import CsvFile
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import number, said, tr
from erp_desktop.ui.lists.spec import ListSpec
from erp_desktop.ui.tasks import Task

CHUNK = 500


class CsvExport(QObject):
    """One export under way; rows are read and written on the database worker, a chunk at a time.

    The file appears under its name only when it is complete.
    """

    finished = Signal(bool)
    """True when the file was written, False after a cancel or a failure."""

    def __init__(
        self, spec: ListSpec[Any], contexte: Contexte, ids: Sequence[int], path: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._spec, self._contexte, self._ids, self._path = spec, contexte, list(ids), path
        self._file: CsvFile | None = None
        self._done = 0
        self._cancelled = False
        self._columns = [column for column in spec.columns if column.title]
        self._titles = [tr(column.title) for column in self._columns]

    def start(self) -> None:
        self._contexte.say(tr("Export de {n} lignes…", n=number(len(self._ids))), self.cancel, "info")
        self._next()

    def cancel(self) -> None:
        self._cancelled = True

    def _next(self) -> Task:
        acteur, chunk = self._contexte.acteur, self._ids[self._done : self._done + CHUNK]
        read: Callable[[Any], list[Any]] = lambda session: self._spec.rows(session, acteur, chunk)  # noqa: E731
        return self._contexte.tasks.run(
            lambda session: self._write(read(session)), lambda _none: self._written(len(chunk)), self._failed
        )

    def _write(self, rows: list[Any]) -> None:
        if self._file is None:
            self._file = CsvFile(self._path)
            self._file.row(self._titles)
        for row in rows:
            self._file.row(self._cell((c.full or c.text)(row)) for c in self._columns)

    @staticmethod
    def _cell(words: str) -> str:
        clean = bidi.nu(words)
        return "" if clean == "—" else clean

    def _written(self, count: int) -> None:
        self._done += count
        if self._cancelled:
            self._drop()
            self._contexte.say(tr("Export annulé"), kind="info")
            self.finished.emit(False)
        elif self._done < len(self._ids):
            self._next()
        else:
            try:
                if self._file is not None:
                    self._file.commit()
            except UserError as error:
                self._failed(error)
                return
            self._contexte.say(tr("{n} lignes écrites dans {fichier}", n=number(self._done), fichier=self._path.name))
            self.finished.emit(True)

    def _failed(self, error: Exception) -> None:
        self._drop()
        if isinstance(error, OSError):
            self._contexte.say(tr("Le fichier ne peut pas être écrit : {cause}", cause=error.strerror or ""),
                               kind="danger")  # fmt: skip
        elif isinstance(error, UserError):
            self._contexte.say(said(str(error)), kind="danger")
        else:
            self._contexte.tasks.failed.emit(error)
        self.finished.emit(False)

    def _drop(self) -> None:
        if self._file is not None:
            self._file.drop()
