"""A file that is looked at, and what a person decides about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from erp_desktop.errors import UserError
from erp_desktop.services.importation.columns import Colonne, colonne
from erp_desktop.services.importation.decisions import Existants, reconnu
from erp_desktop.services.importation.outcome import connaitre
from erp_desktop.services.importation.values import Ecriture, plier
from erp_desktop.services.importation.wizard.fields import champs, headings
from erp_desktop.services.sheets.model import Table
from erp_desktop.services.sheets.reading import read


@dataclass(frozen=True, slots=True)
class Vue:
    """A file before anybody said which sheet it is, or in which encoding it is written."""

    empreinte: str
    feuille: str
    encodage: str


@dataclass(frozen=True, slots=True)
class Fichier:
    """A file that was read.

    Attributes:
        empreinte: of its header; files of one shape have the same.
        vue: how it looks to who knows nothing of it: under this its choices are kept.
    """

    nom: str
    lu: Table
    colonnes: tuple[Colonne, ...]
    empreinte: str
    chemin: Path
    vue: Vue


@dataclass(frozen=True, slots=True)
class Choix:
    """What the person decided about a file.

    Attributes:
        champs: column → field, or nothing.
        corrections: line → column → what is written there instead.
        ecartees: lines left out.
        ecriture: how the file is written, where it does not show it.
        constantes: field → what every line says.
        defauts: field → what an empty cell means.
        taux: currency → MAD for one.
        existants: what becomes of what was imported before; of work orders alone.
    """

    champs: Mapping[str, str]
    corrections: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    ecartees: frozenset[int] = frozenset()
    ecriture: Ecriture = field(default_factory=Ecriture)
    constantes: Mapping[str, str] = field(default_factory=dict)
    defauts: Mapping[str, str] = field(default_factory=dict)
    taux: Mapping[str, str] = field(default_factory=dict)
    existants: Existants = Existants.REFUSER


def ouvrir(table: str, fichier: Path, ecriture: Ecriture | None = None, vue: Vue | None = None) -> Fichier:
    """Look at a file; needs no database.

    Args:
        ecriture: which sheet it is, and in which encoding it is written, when the person says.
        vue: of the file when it was looked at without.

    Raises:
        UserError: unreadable, without header, without a line.
    """
    known, said = champs(table), ecriture or Ecriture()
    lu = read(fichier, connaitre(word for one in known for word in headings(one)), sheet=said.feuille,
              encoding=said.encodage, shown=True)  # fmt: skip
    if not lu.rows and not lu.faults:
        raise UserError(f"Le fichier {fichier.name} n'a aucune ligne à importer.")
    shape = "\n".join(plier(name) for name in lu.columns)
    empreinte = hashlib.sha256(shape.encode()).hexdigest()[:16]
    return Fichier(
        fichier.name, lu, tuple(colonne(lu, name) for name in lu.columns), empreinte, fichier,
        vue or Vue(empreinte, lu.sheet, lu.encoding),
    )  # fmt: skip


def proposer(table: str, fichier: Fichier) -> dict[str, str]:
    """A field for each column whose name says it: the field's own name, or its label in any language."""
    by_name: dict[str, str] = {}
    for one in champs(table):
        for words in headings(one):
            by_name.setdefault(plier(words), one.name)
    found: dict[str, str] = {}
    for column in fichier.colonnes:
        name = by_name.get(plier(column.name), "")
        found[column.name] = name if name not in found.values() else ""
    return found


def commencer(table: str, fichier: Fichier) -> Choix:
    """What a file of a known kind says by itself; of any other, the fields that its columns name."""
    known = reconnu(fichier.lu.columns) if table == "interventions" else None
    if known is None:
        return Choix(proposer(table, fichier))
    return Choix({c.name: known.columns.get(c.name, "") for c in fichier.colonnes}, constantes=known.constantes)


def autrement(fichier: Fichier, ecriture: Ecriture) -> bool:
    """Whether a file has to be read anew for what is said of its sheet and its encoding."""
    sheet, encoding = fichier.vue.feuille, fichier.vue.encodage
    asked = (ecriture.feuille or sheet, (ecriture.encodage or encoding) if encoding else "")
    return asked != (fichier.lu.sheet, fichier.lu.encoding)


def lue(fichier: Fichier, ecriture: Ecriture) -> Ecriture:
    """What is said of a file, with the sheet and the encoding that it was read in, where it shows others."""
    sheet, encoding = fichier.lu.sheet, fichier.lu.encoding
    return replace(
        ecriture, feuille=sheet if sheet != fichier.vue.feuille else None,
        encodage=encoding if encoding != fichier.vue.encodage else None,
    )  # fmt: skip


def garder(table: str, avant: Fichier, fichier: Fichier, choix: Choix) -> Choix:
    """What was decided of a file, of the same one read anew: whatever still fits.

    A column keeps its field by its name; in another encoding, where accents of names are others, by its place.
    """
    same_sheet = avant.lu.sheet == fichier.lu.sheet
    by_place = same_sheet and len(avant.colonnes) == len(fichier.colonnes)
    old = [c.name for c in avant.colonnes]
    proposed, given, new = proposer(table, fichier), dict[str, str](), list[str]()
    for place, column in enumerate(fichier.colonnes):
        was = column.name if column.name in choix.champs else old[place] if by_place else ""
        given[column.name] = choix.champs.get(was, "")
        if not given[column.name] and was != column.name:
            new.append(column.name)
    for name in new:
        given[name] = proposed[name] if proposed[name] not in given.values() else ""
    kept: dict[int, dict[str, str]] = {}
    for line, cells in choix.corrections.items() if same_sheet else ():
        there = {c: words for c, words in cells.items() if c in given}
        if there:
            kept[line] = there
    return replace(choix, champs=given, corrections=kept, ecartees=frozenset())
