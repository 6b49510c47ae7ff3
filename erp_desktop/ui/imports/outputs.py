"""What leaves an import as a file: the empty model, and the refused lines with their reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from erp_desktop.reports.tableur import CsvFile, XlsxFile
from erp_desktop.services.importation.wizard import Faute, Fichier
from erp_desktop.ui.kit.i18n import colon


def write_model(path: Path, title: str, columns: Sequence[str]) -> None:
    """A workbook with a header and no row.

    Raises:
        UserError: the file cannot be written.
    """
    XlsxFile(path, title, columns).commit()


def write_refused(
    path: Path, heads: Sequence[str], file: Fichier, faults: Sequence[tuple[str, Faute]], tell: Callable[[str], str]
) -> int:
    """Each refused line as it is in the file, with its number and its reasons; returns how many.

    Args:
        faults: each with the name of its column or field.
        tell: says a reason in the language of the window.

    Raises:
        UserError: the file cannot be written.
    """
    reasons: dict[int, list[str]] = {}
    for name, one in faults:
        why = tell(one.raison)
        reasons.setdefault(one.ligne, []).append(f"{name}{colon()}{why}" if name else why)
    rows, columns = dict(file.lu.rows), file.lu.columns
    with CsvFile(path) as out:
        out.row([*heads, *columns])
        for line, told in reasons.items():
            row = rows.get(line, {})
            out.row([line, " ; ".join(told), *(row.get(name, "") for name in columns)])
    return len(reasons)
