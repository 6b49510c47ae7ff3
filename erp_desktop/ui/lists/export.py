"""A list as a file: a workbook with typed cells, or CSV that opens in French Excel; streamed, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from erp_desktop import clock
from erp_desktop.domain.writing import bidi
from erp_desktop.errors import UserError, raison
from erp_desktop.reports.tableur import CsvFile, XlsxFile
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import number, said, tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.spec import ListSpec
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import value_labels

CHUNK = 500


def words(column: Column[Any], row: Any) -> str:
    """What a cell shows, as a text without marks of direction; nothing for a dash."""
    clean = bidi.nu((column.full or column.text)(row))
    return "" if clean == value_labels.NONE else clean


def typed(column: Column[Any], row: Any) -> Any:
    """What a cell holds where it is a date, an instant or a number; else its words."""
    value = getattr(row, column.key, None) if column.key else None
    unreadable = isinstance(value, (clock.UnreadableInstant, clock.UnreadableDay))
    if isinstance(value, (date, datetime, int, float, Decimal)) and not isinstance(value, bool) and not unreadable:
        return value
    return words(column, row)


class Export(QObject):
    """One export under way; rows are read and written on the database worker, a chunk at a time.

    The file appears under its name only when it is complete. Whatever the length of the list, one chunk is in memory.
    """

    finished = Signal(bool)
    """True when the file was written, False after a cancel or a failure."""
    progressed = Signal(int, int)
    """Rows written, of how many."""

    def __init__(
        self, spec: ListSpec[Any], contexte: Contexte, ids: Sequence[int] | Callable[[Any], Sequence[int]],
        path: Path, parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._spec, self._contexte, self._path = spec, contexte, path
        self._ids: Sequence[int] = () if callable(ids) else ids
        self._wanted = ids if callable(ids) else None
        self._file: CsvFile | XlsxFile | None = None
        self._done = 0
        self._cancelled = False
        self._columns = [column for column in spec.columns if column.title]
        self._titles = [column.heading for column in self._columns]
        self._sheet = tr(spec.title)

    def start(self) -> None:
        self.progressed.emit(0, len(self._ids))
        if self._wanted is None:
            self._next()
        else:
            self._contexte.tasks.run(self._wanted, self._begun, self._failed, long=True)

    def _begun(self, ids: Sequence[int]) -> None:
        self._ids = ids
        self._next()

    def cancel(self) -> None:
        self._cancelled = True

    def _next(self) -> Task:
        acteur, chunk = self._contexte.acteur, list(self._ids[self._done : self._done + CHUNK])
        spec = self._spec
        return self._contexte.tasks.run(
            lambda session: self._write(spec.rows(session, acteur, chunk)), lambda _none: self._written(len(chunk)),
            self._failed,
        )  # fmt: skip

    def _write(self, rows: list[Any]) -> None:
        if self._file is None:
            self._file = self._begin()
        read = typed if isinstance(self._file, XlsxFile) else words
        for row in rows:
            self._file.row(read(column, row) for column in self._columns)

    def _begin(self) -> CsvFile | XlsxFile:
        if self._path.suffix.lower() == ".xlsx":
            return XlsxFile(self._path, self._sheet, self._titles)
        made = CsvFile(self._path)
        made.row(self._titles)
        return made

    def _written(self, count: int) -> None:
        self._done += count
        self.progressed.emit(self._done, len(self._ids))
        if self._cancelled:
            self._drop()
            self._contexte.say(tr("Export annulé"), kind="info")
            self.finished.emit(False)
        elif self._done < len(self._ids):
            self._next()
        else:
            file = self._file
            self._contexte.tasks.run(lambda _session: file.commit() if file else None, self._over, self._failed)

    def _over(self, _none: None) -> None:
        self._contexte.say(tr("{n} lignes écrites dans {fichier}", n=number(self._done), fichier=self._path.name))
        self.finished.emit(True)

    def _failed(self, error: Exception) -> None:
        self._drop()
        if isinstance(error, OSError):
            self._contexte.say(tr("Le fichier ne peut pas être écrit : {cause}", cause=said(raison(error))),
                               kind="danger")  # fmt: skip
        elif isinstance(error, UserError):
            self._contexte.say(said(str(error)), kind="danger")
        else:
            self._contexte.tasks.failed.emit(error)
        self.finished.emit(False)

    def _drop(self) -> None:
        if self._file is not None:
            self._file.drop()
