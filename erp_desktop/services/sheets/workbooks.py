"""XLSX, XLS and ODS: every visible sheet, values as the sheet holds them."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import python_calamine

from erp_desktop.errors import UserError
from erp_desktop.services.sheets.model import Cell, Grid

MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How the files of a zip and of the former Office begin."""
_UNPACKED_MAX = 1 << 30
_ERROR = re.compile(rb'<c r="[A-Z]+\d+"[^>]*\bt="e"[^>]*>(?:<f.*?(?:</f>|/>))?<v>(#[^<]*)</v>')
_CODES = {b"#N/A"}
"""Errors that people write for « nothing »."""


def grids(content: bytes, name: str) -> list[Grid]:
    """The visible sheets that hold something.

    Raises:
        UserError: not a workbook, or one behind a password.
    """
    notes = _errors(content, name) if content.startswith(b"PK") else {}
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is python_calamine.SheetVisibleEnum.Visible
            and sheet.typ is python_calamine.SheetTypeEnum.WorkSheet
        ]
        found = [Grid(sheet, _rows(book.get_sheet_by_name(sheet)), notes=notes) for sheet in shown]
    except python_calamine.PasswordError:
        raise UserError(
            f"Le fichier {name} est protégé par un mot de passe : enregistrez-en une copie sans."
        ) from None
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        raise UserError(f"Le fichier {name} n'est pas un classeur lisible.") from error
    return [grid for grid in found if grid.rows]


def _rows(sheet: Any) -> list[tuple[int, list[Cell]]]:
    rows = ((n, [_cell(v) for v in row]) for n, row in enumerate(sheet.to_python(skip_empty_area=False), start=1))
    return [(n, row) for n, row in rows if any(cell != "" for cell in row)]


def _cell(value: Any) -> Cell:
    if isinstance(value, float):
        # Fifteen digits are what a sheet shows: 12.299999999999999 was typed 12,3.
        exact = Decimal(f"{value:.15g}")
        return Decimal(int(exact)) if exact == exact.to_integral_value() else exact
    if isinstance(value, (bool, datetime, date, time, timedelta)):
        return value
    return Decimal(value) if isinstance(value, int) else str(value)


def _errors(content: bytes, name: str) -> dict[str, int]:
    """Refuse what would fill the memory; count the cells whose formula failed, which are read as empty."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _UNPACKED_MAX:
                raise UserError(f"Le fichier {name} se déplie en plus d'un gigaoctet : il n'est pas ouvert.")
            codes: Counter[bytes] = Counter()
            for part in packed.namelist():
                if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                    codes.update(code for code in _ERROR.findall(packed.read(part)) if code not in _CODES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UserError(f"Le fichier {name} n'est pas un classeur lisible.") from error
    return {
        f"cellule en erreur ({code.decode('ascii', 'replace')}) lue comme vide": n
        for code, n in sorted(codes.items())
    }
