"""What a column of a file holds; which column, constant or default gives each field of a table, and what is missing,
unknown or double."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from erp_desktop.domain.nombres import DEVISES
from erp_desktop.errors import UserError
from erp_desktop.services.importation.dates import Ordre, jour
from erp_desktop.services.importation.decisions import Champs, Decisions, champ, egales, traductions
from erp_desktop.services.importation.values import plier
from erp_desktop.services.sheets.model import Cell, Table, text

_LONGEST_DATE = 32
_MOST_CURRENCIES, _LONGEST_CURRENCY = 20, 8


@dataclass(frozen=True, slots=True)
class Colonne:
    """A column of the file.

    Attributes:
        kind: text, number, date or flag, from every row.
        odd: rows whose cell is not of that kind.
        empty: rows without a cell.
        currencies: the words of the column, if it may be one of currencies; without those of the dirham.
    """

    name: str
    sample: str
    kind: str
    odd: int = 0
    empty: int = 0
    currencies: tuple[str, ...] = ()


def _kind(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "flag"
    if isinstance(cell, Decimal):
        return "number"
    if isinstance(cell, (date, datetime)):
        return "date"
    words = text(cell)
    if words.lower() in ("oui", "non", "vrai", "faux"):
        return "flag"
    bare = words.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    # A leading zero or plus is kept as it is: a code, an ICE, a telephone.
    if bare.lstrip("-").replace(",", "", 1).replace(".", "", 1).isdigit() and not bare.startswith(("0", "+")):
        return "number"
    if not words[:1].isdigit() or len(words) > _LONGEST_DATE:
        return "text"
    try:
        jour(cell, Ordre.JMA, Counter())
    except ValueError:
        return "text"
    return "date"


def colonne(lu: Table, name: str) -> Colonne:
    """A column as every row shows it."""
    counts: Counter[str] = Counter()
    sample, words = "", set[str]()
    for _line, row in lu.rows:
        cell = row.get(name, "")
        if cell == "":
            continue
        sample = sample or text(cell)[:60]
        counts[_kind(cell)] += 1
        if len(words) <= _MOST_CURRENCIES:
            words.add(text(cell).strip().upper())
    most = max(counts, key=counts.__getitem__, default="text")
    total = counts.total()
    mixed = total and counts[most] * 10 < total * 9
    kind = "text" if mixed else most
    odd = 0 if kind == "text" else total - counts[most]
    short = len(words) <= _MOST_CURRENCIES and all(len(one) <= _LONGEST_CURRENCY for one in words)
    found = tuple(sorted(words - {"", *DEVISES})) if short and kind == "text" else ()
    return Colonne(name, sample, kind, odd, len(lu.rows) - total, found)


def champs(
    lu: Table, choix: Decisions, possibles: Sequence[str], geres: set[str], exiges: Mapping[str, set[str]],
    notes: Counter[str],
) -> tuple[Champs, list[str]]:  # fmt: skip
    """(how each field is found, why the header is refused).

    Args:
        lu: the file.
        choix: what the person says of it.
        possibles: fields that a file fills.
        geres: columns of our own exports that an import gives itself.
        exiges: each required field with every name under which a file may give it.
        notes: counts what was understood rather than read.

    Raises:
        UserError: a mapping of an unknown column or field.
    """
    combien = len(lu.rows)
    constantes, defauts = egales(choix.constantes, possibles), egales(choix.defauts, possibles)
    voulus: dict[str, list[str]] = defaultdict(list)
    for paire in choix.paires:
        colonne, _, nom = paire.rpartition("=")
        if colonne not in lu.columns:
            raise UserError(f"Le fichier n'a pas de colonne « {colonne} ».")
        voulus[colonne] += [champ(nom, possibles)] if nom else []
    dits = [(nom, colonne) for colonne, noms in voulus.items() for nom in noms]
    raisons = [f"deux colonnes donnent {nom}" for nom, n in Counter(nom for nom, _ in dits).items() if n > 1]
    trouves = dict(dits)
    pris = {*trouves, *constantes}
    for colonne in lu.columns:
        nom = plier(colonne)
        if colonne in voulus:
            continue
        if nom in geres:
            notes[f"colonne « {colonne} » non reprise : ces valeurs sont données à l'import"] = combien
        elif nom and nom in pris:
            notes[f"colonne « {colonne} » écartée : une autre donne {nom}"] = combien
        elif nom in trouves:
            raisons.append(f"deux colonnes donnent {nom}")
        elif nom in possibles:
            trouves[nom] = colonne
        else:
            raisons.append(
                f"colonne inconnue « {colonne} » (--map {colonne}=champ, ou --map {colonne}= pour l'ignorer)"
            )
    for nom, valeur in constantes.items():
        notes[f"{nom} : {valeur}, donné pour tout le fichier"] = combien
    trouves = {nom: colonne for nom, colonne in trouves.items() if nom not in constantes}
    lus = Champs(trouves, traductions(choix.valeurs, possibles), constantes, defauts)
    for nom, noms in exiges.items():
        if not noms & lus.donnes:
            autre = "".join(f"{court} ou " for court in sorted(noms - {nom}))
            raisons.append(f"colonne obligatoire absente : {autre}{nom}")
    return lus, raisons
