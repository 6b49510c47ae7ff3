"""From a file to rows under their header: which sheet, which row names the columns, which rows cannot be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from erp_desktop.domain import tableur
from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import UserError, raison
from erp_desktop.services.sheets import texts, workbooks
from erp_desktop.services.sheets.model import ERREUR, ILLISIBLE, TAILLE_MAX, Cell, Grid, Table, text

Known = Callable[[Sequence[str]], int]
"""How many of these words are names of columns."""

_LOOKED_AT = 60
"""Rows among which the header is searched."""
_ABSENT = {
    "-",
    "--",
    "—",
    "–",
    "#n/a",
    "n/a",
    "#na",
    "null",
    "(null)",
    "#n/d",
    "nan",
    "nat",
    "<na>",
    "none",
    "(vide)",
    "(blank)",
    "00.00.0000",
    "00/00/0000",
    "0000-00-00",
}
"""What people and programs write for « nothing »."""


def read(
    file: Path, known: Known, *, sheet: str | None = None, encoding: str | None = None, shown: bool = False
) -> Table:
    """The table that a file holds.

    Args:
        file: CSV, TSV, XLSX, XLS or ODS, told apart by what they hold.
        known: tells the header from titles and notices.
        sheet: of a workbook with several tables.
        encoding: of a text; recognised when left out.
        shown: to somebody who can then say otherwise: of several tables the first, and an encoding that reads most.

    Raises:
        UserError: unreadable, without a header, or with several tables to choose from.
    """
    try:
        size = file.stat().st_size
        content, sheets = file.read_bytes() if size <= TAILLE_MAX else b"", tuple[str, ...]()
    except OSError as error:
        raise UserError(f"Le fichier {file.name} ne se lit pas : {raison(error)}.") from error
    if size > TAILLE_MAX:
        raise UserError(f"Le fichier {file.name} dépasse {TAILLE_MAX // 1_048_576} Mo.")
    if content.startswith(workbooks.MARKS):
        grids = workbooks.grids(content, file.name)
        sheets = tuple(grid.name for grid in grids)
        if sheet is not None:
            grids = [grid for grid in grids if grid.name == sheet]
            if not grids:
                raise UserError(f"Le fichier {file.name} n'a pas de feuille « {sheet} » remplie.")
    elif sheet is not None:
        raise UserError(f"Le fichier {file.name} n'est pas un classeur : --feuille ne s'applique pas.")
    else:
        grids = [texts.grid(content, file.name, encoding, shown=shown)]
    found = [(grid, *_header(grid, known)) for grid in grids if grid.rows]
    best = max((score for _, _, score in found), default=0)
    if best == 0:
        # Nothing is recognised: the caller says which names it wants, of the first table there is.
        found = [one for one in found if any(len(_filled(row)) > 1 for _, row in one[0].rows)][:1]
    chosen = [one for one in found if one[2] == best]
    if not chosen:
        raise UserError(f"Le fichier {file.name} n'a pas d'en-tête de colonnes.")
    if len(chosen) > 1 and not shown:
        names = ", ".join(f"« {grid.name} »" for grid, _, _ in chosen)
        raise UserError(f"Le fichier {file.name} a plusieurs feuilles à importer : {names} (--feuille NOM).")
    grid, place, score = chosen[0]
    found_there = _table(file, grid, place, told=len(grids) > 1, alone=score > 0)
    return replace(found_there, sheet=grid.name, sheets=sheets, encoding=grid.encoding)


def _filled(row: Sequence[Cell]) -> list[str]:
    return [words for cell in row if (words := visible(text(cell)).strip())]


def _header(grid: Grid, known: Known) -> tuple[int, int]:
    """(place of the row that names most columns, how many), the first row with two words when none names any."""
    scores = [(known(_filled(row)), -place) for place, (_, row) in enumerate(grid.rows[:_LOOKED_AT])]
    score, back = max(scores, default=(0, 0))
    if score == 0:
        back = -next((place for place, (_, row) in enumerate(grid.rows) if len(_filled(row)) > 1), 0)
    return -back, score


def _table(file: Path, grid: Grid, place: int, *, told: bool, alone: bool) -> Table:
    """The rows under the header; ``alone``: a single column is a table, because its name is known."""
    line, header = grid.rows[place]
    names = [" ".join(ERREUR.sub("", visible(text(cell)).strip()).split()) for cell in header]
    while names and not names[-1]:
        names.pop()
    if len(names) < (1 if alone else 2):
        raise UserError(f"Le fichier {file.name} n'a pas d'en-tête de colonnes.")
    for name, times in Counter(name for name in names if name).items():
        if times > 1:
            raise UserError(f"Le fichier {file.name} a {times} colonnes « {name} ».")
    unnamed = {f"colonne {n}" for n, name in enumerate(names, start=1) if not name}
    names = [name or f"colonne {n}" for n, name in enumerate(names, start=1)]
    notes = dict(grid.notes)
    if place:
        notes["ligne avant l'en-tête, laissée de côté"] = place
    if told:
        notes[f"feuille « {grid.name} » lue, les autres laissées de côté"] = 1
    rows, faults, empty = [], list(grid.faults), 0
    failed: Counter[str] = Counter()
    for number, cells in grid.rows[place + 1 :]:
        if len(cells) != len(names) and (grid.ragged or len(cells) > len(names)):
            extra = any(text(cell).strip() for cell in cells[len(names) :])
            if extra or (grid.ragged and len(cells) < len(names)):
                faults.append((number, f"ligne décalée : {len(cells)} cellules, {len(names)} colonnes"))
                continue
        if grid.unsure and any(ILLISIBLE in text(cell) for cell in cells):
            faults.append((number, "caractères illisibles : dites l'encodage du fichier"))
            continue
        padded = [*cells[: len(names)], *[""] * (len(names) - len(cells))]
        row: dict[str, Cell] = {}
        for name, cell in zip(names, padded, strict=True):
            if isinstance(cell, str):
                bare = cell.strip()
                if bare.lower() in _ABSENT:
                    empty += 1
                    bare = ""
                elif ERREUR.fullmatch(bare):
                    failed[f"cellule en erreur ({bare}) lue comme vide"] += 1
                    bare = ""
                row[name] = tableur.rendre(bare)
            else:
                row[name] = cell
        if any(cell != "" for cell in row.values()):
            rows.append((number, row))
    if empty:
        notes["cellule « - » ou « #N/A » comprise comme vide"] = empty
    notes |= failed
    used = {name for _, row in rows for name in unnamed if row[name] != ""}
    for name in unnamed - used:
        names.remove(name)
        for _, row in rows:
            del row[name]
    return Table(names, line, rows, sorted(faults), notes, frozenset(used))
