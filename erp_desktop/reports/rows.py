"""Acts and what is held on a person, as files: CSV or a workbook, a row at a time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from erp_desktop.errors import UserError
from erp_desktop.reports.tableur import CsvFile, XlsxFile


def write(cible: Path, sheet: str, titles: Iterable[str], rows: Iterable[Iterable[Any]]) -> int:
    """Write ``cible`` whole or not at all; returns how many rows.

    Raises:
        UserError: neither .csv nor .xlsx, or the folder refuses writing.
    """
    names, count = list(titles), 0
    if cible.suffix.lower() == ".csv":
        with CsvFile(cible) as out:
            out.row(names)
            for row in rows:
                out.row(row)
                count += 1
        return count
    if cible.suffix.lower() != ".xlsx":
        raise UserError(f"{cible.name} : donnez un fichier .csv ou .xlsx.")
    book = XlsxFile(cible, sheet, names)
    try:
        for row in rows:
            book.row(row)
            count += 1
    except BaseException:
        book.drop()
        raise
    book.commit()
    return count
