"""CSV and its cousins: which encoding, which separator, which line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from erp_desktop.errors import UserError
from erp_desktop.services.sheets.model import Grid

ENCODAGES = ("utf-8", "cp1252", "cp1256", "cp850", "mac_roman", "utf-16")
"""Those that people meet: of today, of Windows in Europe and in Arabic, of DOS, of former Macs."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS = "\t;,|"
_SAMPLE = 200
_SEP = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_NAMES = {"cp1252": "Windows-1252", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


def grid(content: bytes, name: str, encoding: str | None = None, *, shown: bool = False) -> Grid:
    """The rows of a text.

    Args:
        content: the whole file.
        name: of the file, for the sentences.
        encoding: what the file is written in, when the person knows; recognised when left out.
        shown: to somebody who can then say the encoding: what none of them reads stands as ``ILLISIBLE``.

    Raises:
        UserError: not a text, in no encoding that can be recognised, or a page of the web.
    """
    found, unsure = encoding or "", False
    try:
        found = found or _encoding(content, name, mixed=shown)
        unsure = shown and encoding is None and not _reads(content, found)
        decoded = content.decode(found, "replace" if unsure else "strict")
    except LookupError:
        raise UserError(f"Encodage inconnu : « {encoding} ».") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"Le fichier {name} n'est pas un texte {found} : ligne {line}, octet {content[error.start]:#04x}."
        ) from error
    decoded = decoded.removeprefix("\ufeff")
    if decoded.lstrip()[:200].lower().startswith(("<html", "<!doctype", "<table", "<?xml")):
        raise UserError(f"Le fichier {name} est une page web : ouvrez-le dans un tableur et enregistrez-le en .xlsx.")
    notes = {f"fichier lu en {_NAMES[found]}": 1} if encoding is None and found in _NAMES else {}
    declared = _SEP.match(decoded)
    with _cells_of_any_size():
        rows, faults = _rows(decoded, declared[1] if declared else _separator(decoded))
        if declared:
            rows = rows[1:]
        rows = _unwrapped(rows, notes)
    sure = encoding is None and (content.isascii() or content.startswith(tuple(mark for mark, _ in _BOMS)))
    return Grid("", [(line, [*cells]) for line, cells in rows], faults, notes, True, "" if sure else found, unsure)


def _reads(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(content: bytes, name: str, *, mixed: bool) -> str:
    """The encoding of a text; ``mixed``: of two in one file the one that most of it is in."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    sample = content[:4096]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        # Many well-formed sequences beside a bad one: two encodings in one file, which no single one reads.
        if len(re.findall(rb"[\xc3\xd8\xd9][\x80-\xbf]", content)) > 2 * len(re.findall(rb"[\xe0-\xff]", content)):
            if mixed:
                return "utf-8"
            line = content.count(b"\n", 0, error.start) + 1
            raise UserError(
                f"Le fichier {name} mélange UTF-8 et un autre encodage, ligne {line} : réenregistrez-le en UTF-8."
            ) from error
        return "cp1252"
    return "utf-8"


@contextmanager
def _cells_of_any_size() -> Iterator[None]:
    """The csv module stops at 131,072 characters otherwise; what a column takes is judged later, line by line."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _lines(decoded: str) -> Iterator[str]:
    # ``newline=""``: the ends of lines stay as they are, inside quotes too.
    return iter(io.StringIO(decoded, newline=""))


def _separator(decoded: str) -> str:
    """The separator that cuts most rows of the beginning into equally many cells."""

    def regular(separator: str) -> tuple[int, int]:
        widths: Counter[int] = Counter()
        try:
            for place, row in enumerate(csv.reader(_lines(decoded[:200_000]), delimiter=separator)):
                if place == _SAMPLE:
                    break
                if len(row) > 1:
                    widths[len(row)] += 1
        except csv.Error:
            return 0, 0
        width, rows = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return rows, width

    return max(_SEPARATORS, key=regular)


def _unwrapped(rows: list[tuple[int, list[str]]], notes: dict[str, int]) -> list[tuple[int, list[str]]]:
    """Rows that a second export put whole between quotes, cut into their cells; other files as they are."""
    wrapped = [row[0] for _, row in rows if len(row) == 1]
    if len(wrapped) * 2 <= len(rows):
        return rows
    separator = _separator("\n".join(wrapped))
    try:
        cut = [next(csv.reader([cell], delimiter=separator, strict=True)) for cell in wrapped]
    except csv.Error:
        return rows
    if min(map(len, cut)) == 1 or len(set(map(len, cut))) > 1:
        return rows
    notes["ligne entière entre guillemets, découpée"] = len(cut)
    cells = iter(cut)
    return [(line, next(cells) if len(row) == 1 else row) for line, row in rows]


def _rows(decoded: str, separator: str) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    """Rows with the line on which each begins, and where a quote makes the rest unreadable."""
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(_lines(decoded), delimiter=separator, strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return rows, []
        except csv.Error as error:
            wrong = "guillemet ouvert et jamais fermé" if "unexpected end" in str(error) else "guillemet mal placé"
            return rows, [(begin, f"{wrong} : la suite du fichier ne peut pas être lue")]
        if any(cell.strip() for cell in row):
            rows.append((begin, row))
