"""The one door through which data goes into CSV files and workbooks: no text of ours is ever run by a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xlsxwriter

from erp_desktop import clock
from erp_desktop.domain import tableur
from erp_desktop.reports.sortie import Unfinished

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
        self._writer.writerow([cell(value) for value in cells])

    def commit(self) -> None:
        try:
            self._out.close()
        except OSError as error:
            self._unfinished.drop()
            raise self._unfinished.refused(error) from error
        self._unfinished.commit()

    def drop(self) -> None:
        self._out.close()
        self._unfinished.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
            return
        self.drop()
        if isinstance(error, OSError):
            raise self._unfinished.refused(error) from error


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
