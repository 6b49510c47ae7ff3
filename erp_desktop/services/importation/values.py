"""How the text of a cell becomes the value of a column; a ``ValueError`` carries the French reason of a refusal."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from erp_desktop.domain import ice, nombres, telephone
from erp_desktop.domain.nombres import Convention
from erp_desktop.models.declare import said
from erp_desktop.models.types import Montant
from erp_desktop.registry.tables import Kind, SyncColumn
from erp_desktop.services.importation.dates import Ordre, instant, jour
from erp_desktop.services.sheets.model import Cell, text

_OUI = {"oui", "vrai", "true", "1"}
_NON = {"non", "faux", "false", "0"}


def precise(error: nombres.AmbiguousError) -> str:
    """What only the person who knows the file can say."""
    grand, petit = error.lectures
    return f"{error.texte} se lit {grand} ou {petit} : dites la convention du fichier (--nombres virgule ou point)"


@lru_cache(maxsize=4_096)
def plier(texte: str) -> str:
    """``Nom entreprise`` → ``nom_entreprise``, ``Opérationnel`` → ``operationnel``."""
    nu = "".join(c for c in unicodedata.normalize("NFD", texte) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "_", nu.strip().lower().replace("œ", "oe")).strip("_")


def texte_sain(texte: str) -> str:
    """The text as it is.

    Raises:
        ValueError: it holds a character that databases refuse.
    """
    if "\0" in texte:
        raise ValueError("ce texte contient un caractère interdit")
    return texte


def decimal(
    cellule: Cell,
    convention: Convention | None,
    *,
    maximum: Decimal | None = None,
    unites: tuple[str, ...] = (),
) -> Decimal:
    """The exact figure of a cell.

    Raises:
        ValueError: it is none, or reads two ways.
    """
    if isinstance(cellule, Decimal):
        return cellule
    if not isinstance(cellule, str):
        raise ValueError(f"nombre attendu, « {text(cellule)} » trouvé")
    try:
        return nombres.lire(cellule, convention=convention, maximum=maximum, unites=unites)
    except nombres.AmbiguousError as error:
        raise ValueError(precise(error)) from None
    except ValueError as error:
        raise ValueError(str(error).rstrip(".")) from None


class Unite(StrEnum):
    """In what a file counts its durations."""

    MINUTES = "minutes"
    HEURES = "heures"


@dataclass(frozen=True, slots=True)
class Ecriture:
    """How a file is written, where it does not show it by itself.

    Attributes:
        nombres: which mark parts the decimals.
        dates: the order of ``01/02/2026``; the day first when left out.
        encodage: of a text.
        feuille: of a workbook with several tables.
        completer_ice: give back the zeros that a spreadsheet took from the beginning of an ICE.
        durees: in what bare durations are counted.
        pays: where telephone numbers without a country code are from, as two letters.
    """

    nombres: Convention | None = None
    dates: Ordre | None = None
    encodage: str | None = None
    feuille: str | None = None
    completer_ice: bool = False
    durees: Unite | None = None
    pays: str = telephone.MAROC


@dataclass(frozen=True, slots=True)
class Lecteur:
    """Reads one column's cells.

    Attributes:
        defaut: what an empty cell means.
        obligatoire: an empty cell is refused.
        maximum: greatest length of a text, None without limit.
        parmi: the closed list of values, if any.
        chiffres: (digits in all, decimals) of a decimal.
        borne: an integer's absolute value stays below it.
        plafond: no sensible value is beyond it: a rate is a percentage.
        unites: words that may follow the figure.
    """

    kind: Kind
    defaut: Any
    obligatoire: bool
    maximum: int | None
    parmi: tuple[str, ...]
    chiffres: tuple[int, int]
    borne: int
    plafond: Decimal | None = None
    unites: tuple[str, ...] = ()

    @property
    def nombre(self) -> bool:
        return self.kind in (Kind.INT, Kind.DECIMAL)

    def lire(self, cellule: Cell, ecriture: Ecriture, notes: Counter[str]) -> Any:
        """The value of a cell, already trimmed.

        Args:
            notes: counts what was understood rather than read.

        Raises:
            ValueError: with the French reason.
        """
        if cellule == "" and isinstance(cellule, str):
            if self.obligatoire:
                raise ValueError("valeur absente")
            return self.defaut
        if self.kind is Kind.INT:
            return self._entier(cellule, ecriture.nombres)
        if self.kind is Kind.DECIMAL:
            return self._decimal(cellule, ecriture.nombres, notes)
        if self.kind is Kind.BOOL:
            return cellule if isinstance(cellule, bool) else _booleen(text(cellule))
        if self.kind is Kind.DATE:
            return jour(cellule, ecriture.dates or Ordre.JMA, notes)
        if self.kind is Kind.INSTANT:
            return instant(cellule, ecriture.dates or Ordre.JMA, notes)
        if self.kind is Kind.TEXT:
            return self._texte(text(cellule))
        raise ValueError("cette colonne ne s'importe pas")

    def _entier(self, cellule: Cell, convention: Convention | None) -> int:
        try:
            if isinstance(cellule, Decimal):
                if cellule != cellule.to_integral_value():
                    raise ValueError(cellule)
                valeur = int(cellule)
            else:
                valeur = int(nombres.lire(text(cellule), convention=convention, entier=True))
        except nombres.AmbiguousError as error:
            raise ValueError(precise(error)) from None
        except ValueError:
            raise ValueError(f"nombre entier attendu, « {text(cellule)} » trouvé") from None
        if abs(valeur) >= self.borne:
            raise ValueError(f"nombre trop grand : {text(cellule)}")
        return valeur

    def _decimal(self, cellule: Cell, convention: Convention | None, notes: Counter[str]) -> Decimal:
        total, decimales = self.chiffres
        valeur = decimal(cellule, convention, maximum=self.plafond, unites=self.unites)
        if abs(valeur) >= Decimal(10) ** (total - decimales):
            raise ValueError(f"nombre trop grand : {text(cellule)}")
        arrondi = valeur.quantize(Decimal(1).scaleb(-decimales), rounding=ROUND_HALF_UP)
        if arrondi != valeur:
            notes[f"nombre arrondi à {decimales} décimales"] += 1
        return arrondi

    def _texte(self, texte: str) -> str:
        texte_sain(texte)
        if self.parmi:
            if (plie := plier(texte)) not in self.parmi:
                raise ValueError(f"valeur inconnue « {texte} » (possibles : {', '.join(self.parmi)})")
            return plie
        if self.maximum is not None and len(texte) > self.maximum:
            raise ValueError(f"{len(texte)} caractères, {self.maximum} au plus")
        return texte


@cache
def lecteur(table: sa.Table, column: SyncColumn) -> Lecteur:
    """The reader of a column, from its type, its default and the table's closed lists."""
    mapped = table.c[column.name]
    kind, declared = mapped.type, said(mapped)
    taux = column.name.startswith("taux_")
    default = (
        mapped.default.arg if isinstance(mapped.default, sa.ColumnDefault) and mapped.default.is_scalar else None
    )
    return Lecteur(
        column.kind,
        default,
        not mapped.nullable and default is None,
        kind.length if isinstance(kind, sa.String) else None,
        tuple(declared.values) if declared is not None and declared.values is not None else (),
        _chiffres(kind),
        1 << 63 if isinstance(kind, sa.BigInteger) else 1 << 31,
        Decimal(100) if taux else None,
        nombres.POURCENT if taux else nombres.DEVISES if _chiffres(kind)[1] == 2 else (),
    )


def _chiffres(kind: object) -> tuple[int, int]:
    plain = kind.impl_instance if isinstance(kind, Montant) else kind
    return (plain.precision or 12, plain.scale or 0) if isinstance(plain, sa.Numeric) else (12, 2)


def _booleen(texte: str) -> bool:
    mot = plier(texte)
    if mot not in _OUI | _NON:
        raise ValueError(f"oui ou non attendu, « {texte} » trouvé")
    return mot in _OUI


def ice_connu(texte: str) -> str:
    """The ICE in its own form, another text as it is."""
    try:
        return ice.normaliser(texte)
    except ValueError:
        return texte


def lire_ice(cellule: Cell, ecriture: Ecriture, notes: Counter[str]) -> str:
    """An ICE; zeros that a spreadsheet took from its beginning are proposed, and given back when that was asked.

    Raises:
        ValueError: zeros are missing, or a spreadsheet rounded it.
    """
    ecrit = text(cellule)
    if re.fullmatch(r"\d[.,]\d+E\+\d+", ecrit, re.IGNORECASE):
        raise ValueError(f"« {ecrit} » : un tableur a perdu des chiffres")
    nu = re.sub(r"[\s./-]", "", ecrit)
    if not (nu.isascii() and nu.isdigit() and 9 <= len(nu) < 15) or ice.avertissement(nu.zfill(15)):
        return ice_connu(ecrit)
    if not ecriture.completer_ice:
        notes["ICE dont les zéros du début manquent (--completer-ice les remet)"] += 1
        raise ValueError(f"L'ICE compte 15 chiffres (--completer-ice), proche de « {nu.zfill(15)} »")
    notes["ICE complété par des zéros au début"] += 1
    return nu.zfill(15)


def lire_telephone(cellule: Cell, ecriture: Ecriture) -> str:
    """A number as it is kept.

    Raises:
        ValueError: none of the country that the file is said to be of.
    """
    try:
        return telephone.normaliser(text(cellule), ecriture.pays)
    except ValueError as error:
        conseil = " (--pays FR pour un autre pays)" if ecriture.pays == telephone.MAROC else f" ({ecriture.pays})"
        raise ValueError(f"{str(error).rstrip('.')}{conseil}") from None


def separer_telephones(cellules: dict[str, Cell], ecriture: Ecriture, notes: Counter[str]) -> str | None:
    """Leave the first of several numbers in its cell; a line for the notes that keeps the others, None without."""
    ecrit = cellules.get("telephone", "")
    numeros = re.split(r"\s*(?:[/;,|\n]|\bou\b|\bet\b|\s-\s)\s*", ecrit) if isinstance(ecrit, str) else []
    if len(numeros) < 2:
        return None
    try:
        premier, *autres = [telephone.normaliser(numero, ecriture.pays) for numero in numeros if numero]
    except ValueError:
        return None
    if not autres:
        return None
    cellules["telephone"] = premier
    notes["second téléphone gardé dans les notes"] += 1
    return "Autre téléphone : " + ", ".join(map(telephone.afficher, autres))
