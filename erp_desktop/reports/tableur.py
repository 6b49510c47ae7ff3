"""The one door through which data goes into CSV files and workbooks: no text of ours is ever run by a spreadsheet."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xlsxwriter
import xlsxwriter.exceptions

from erp_desktop import clock
from erp_desktop.domain import tableur
from erp_desktop.errors import UserError
from erp_desktop.reports.sortie import Unfinished

SHEET_ROWS = 1_048_576
"""Rows of one sheet, with its head."""
_CELL = 32_767
_FIRST_YEAR = 1900
_EXACT = 10**15
"""From here on a spreadsheet rounds: such a number is written as text."""
_WORKBOOK = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


class CsvFile:
    """Rows for French spreadsheets: ``;``, UTF-8 with BOM, CRLF, decimal comma; it has its name once it is whole.

    As a context manager it commits, or leaves nothing behind when the block fails.

    Raises:
        UserError: see :class:`erp_desktop.reports.sortie.Unfinished`.
    """

    def __init__(self, cible: Path) -> None:
        self._unfinished = Unfinished(cible)
        self._out = self._unfinished.path.open("w", encoding="utf-8-sig", errors="replace", newline="")
        self._writer = csv.writer(self._out, delimiter=";", lineterminator="\r\n")

    def row(self, cells: Iterable[Any]) -> None:
        written = [cell(value) for value in cells]
        try:
            self._writer.writerow(written)
        except OSError as error:
            raise self._unfinished.refused(error) from error

    def commit(self) -> None:
        try:
            self._out.close()
        except OSError as error:
            self._unfinished.drop()
            raise self._unfinished.refused(error) from error
        self._unfinished.commit()

    def drop(self) -> None:
        # What is still held would be written now: a full disk refuses it once more.
        with contextlib.suppress(OSError):
            self._out.close()
        self._unfinished.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.drop()


class XlsxFile:
    """Rows of one sheet with typed cells, written as they come; it has its name once it is whole.

    Dates, instants (on the agency's wall clock) and numbers are what they are; every text is a text.

    Raises:
        UserError: see :class:`erp_desktop.reports.sortie.Unfinished`; or more rows than a sheet has.
    """

    def __init__(self, cible: Path, sheet: str, titles: Iterable[str]) -> None:
        self._unfinished = Unfinished(cible)
        try:
            # Each row leaves memory once the next one begins.
            self._room = tempfile.TemporaryDirectory(prefix="erp-mif-")
            how = {**_WORKBOOK, "constant_memory": True, "tmpdir": self._room.name}
            self._book = xlsxwriter.Workbook(str(self._unfinished.path), how)
            self._begin(sheet, list(titles))
        except OSError as error:
            self._unfinished.drop()
            raise self._unfinished.refused(error) from error

    def _begin(self, sheet: str, names: list[str]) -> None:
        self._sheet = self._book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", sheet)[:31])
        self._text = self._book.add_format({"num_format": "@"})
        self._day = self._book.add_format({"num_format": "dd/mm/yyyy"})
        self._instant = self._book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        bold = self._book.add_format({"bold": True, "bottom": 1})
        self._next = 1
        self._columns = len(names)
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, max(0, len(names) - 1), 18)
        for place, title in enumerate(names):
            self._sheet.write_string(0, place, title, bold)

    def row(self, cells: Iterable[Any]) -> None:
        if self._next >= SHEET_ROWS:
            raise UserError(f"Une feuille a {SHEET_ROWS} lignes au plus : filtrez la liste, ou exportez-la en CSV.")
        try:
            for place, value in enumerate(cells):
                self._cell(place, value)
        except OSError as error:
            raise self._unfinished.refused(error) from error
        self._next += 1

    def chart(self, title: str, rows: int, colour: str, *, standing: bool) -> None:
        """Beside the table, a chart of its first ``rows`` rows: what they are called, and their second column.

        Args:
            colour: ``#rrggbb``.
            standing: columns in their order, for what has one; else bars, the first one on top.
        """
        chart = self._book.add_chart({"type": "column" if standing else "bar"})
        sheet = self._sheet.get_name()
        chart.add_series({
            "name": [sheet, 0, 1], "categories": [sheet, 1, 0, rows, 0], "values": [sheet, 1, 1, rows, 1],
            "fill": {"color": colour}, "gap": 60, "data_labels": {"value": True},
        })  # fmt: skip
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        if not standing:
            chart.set_y_axis({"reverse": True})
        chart.set_size({"width": 640, "height": 120 + 24 * rows if not standing else 320})
        self._sheet.insert_chart(1, self._columns + 1, chart)

    def _cell(self, place: int, value: object) -> None:
        if value is None or value == "":
            return
        if isinstance(value, datetime):
            naive = clock.local(value).replace(tzinfo=None)
            if naive.year >= _FIRST_YEAR:
                self._sheet.write_datetime(self._next, place, naive, self._instant)
                return
            value = f"{naive:%d/%m/%Y %H:%M}"
        elif isinstance(value, date) and value.year >= _FIRST_YEAR:
            self._sheet.write_datetime(self._next, place, datetime(value.year, value.month, value.day), self._day)  # noqa: DTZ001
            return
        elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and -_EXACT < value < _EXACT:
            self._sheet.write_number(self._next, place, float(value))
            return
        self._sheet.write_string(self._next, place, str(value).replace("\0", "")[:_CELL], self._text)

    def commit(self) -> None:
        try:
            self._book.close()
        except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
            self.drop()
            inner = error if isinstance(error, OSError) else error.args[0]
            raise self._unfinished.refused(inner if isinstance(inner, OSError) else OSError()) from error
        self._room.cleanup()
        self._unfinished.commit()

    def drop(self) -> None:
        # The rows are in a file of their own until the workbook is closed, which would write it.
        with contextlib.suppress(OSError):
            self._sheet.row_data_fh.close()
        self._room.cleanup()
        self._unfinished.drop()


def cell(value: Any) -> str:
    """A value as a cell says it; absent is empty, a lone surrogate never stops a file."""
    if value is None:
        return ""
    if isinstance(value, (Decimal, float)):
        return f"{value:f}".replace(".", ",") if isinstance(value, Decimal) else str(value).replace(".", ",")
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    return tableur.proteger(str(value).replace("\0", ""))


@contextmanager
def workbook(fichier: Path) -> Iterator[Any]:
    """An xlsxwriter workbook in which a text is a text, whatever it begins with."""
    with xlsxwriter.Workbook(str(fichier), _WORKBOOK) as opened:
        yield opened
