"""How the text of a cell becomes the value of a column; a ``ValueError`` carries the French reason of a refusal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.registry import Kind, SyncColumn
from erp_desktop.domain import nombres
from erp_desktop.models.types import Montant

_OUI = {"oui", "vrai", "true", "1"}
_NON = {"non", "faux", "false", "0"}
_FRANCAISE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T].+)?")
_PARMI = re.compile(r"(\w+) IN \((.+)\)")


def precise(error: nombres.AmbiguousError) -> str:
    """What only the person who knows the file can say."""
    grand, petit = error.lectures
    return f"{error.texte} se lit {grand} ou {petit} : dites la convention du fichier (--nombres virgule ou point)"


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

    def lire(self, texte: str, convention: nombres.Convention | None = None) -> Any:
        """The value of a cell, already trimmed; ``convention`` is the file's way of writing figures.

        Raises:
            ValueError: with the French reason.
        """
        if not texte:
            if self.obligatoire:
                raise ValueError("valeur absente")
            return self.defaut
        if self.kind is Kind.INT:
            return self._entier(texte, convention)
        if self.kind is Kind.DECIMAL:
            return self._decimal(texte, convention)
        if self.kind is Kind.BOOL:
            return _booleen(texte)
        if self.kind is Kind.DATE:
            return lire_date(texte)
        if self.kind is Kind.INSTANT:
            return lire_instant(texte)
        if self.kind is Kind.TEXT:
            return self._texte(texte)
        raise ValueError("cette colonne ne s'importe pas")

    def _entier(self, texte: str, convention: nombres.Convention | None) -> int:
        try:
            valeur = int(nombres.lire(texte, convention=convention, entier=True))
        except nombres.AmbiguousError as error:
            raise ValueError(precise(error)) from None
        except ValueError:
            raise ValueError(f"nombre entier attendu, « {texte} » trouvé") from None
        if abs(valeur) >= self.borne:
            raise ValueError(f"nombre trop grand : {texte}")
        return valeur

    def _decimal(self, texte: str, convention: nombres.Convention | None) -> Decimal:
        total, decimales = self.chiffres
        try:
            valeur = nombres.lire(texte, convention=convention, maximum=self.plafond, unites=self.unites)
        except nombres.AmbiguousError as error:
            raise ValueError(precise(error)) from None
        except ValueError as error:
            raise ValueError(str(error).rstrip(".")) from None
        if abs(valeur) >= Decimal(10) ** (total - decimales):
            raise ValueError(f"nombre trop grand : {texte}")
        return valeur.quantize(Decimal(1).scaleb(-decimales), rounding=ROUND_HALF_UP)

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
    kind = mapped.type
    taux = column.name.startswith("taux_")
    default = (
        mapped.default.arg if isinstance(mapped.default, sa.ColumnDefault) and mapped.default.is_scalar else None
    )
    return Lecteur(
        column.kind,
        default,
        not mapped.nullable and default is None,
        kind.length if isinstance(kind, sa.String) else None,
        _parmi(table).get(column.name, ()),
        _chiffres(kind),
        1 << 63 if isinstance(kind, sa.BigInteger) else 1 << 31,
        Decimal(100) if taux else None,
        nombres.POURCENT if taux else nombres.DEVISES if _chiffres(kind)[1] == 2 else (),
    )


def _chiffres(kind: object) -> tuple[int, int]:
    plain = kind.impl_instance if isinstance(kind, Montant) else kind
    return (plain.precision or 12, plain.scale or 0) if isinstance(plain, sa.Numeric) else (12, 2)


@cache
def _parmi(table: sa.Table) -> dict[str, tuple[str, ...]]:
    lists = (_PARMI.fullmatch(str(c.sqltext)) for c in table.constraints if isinstance(c, sa.CheckConstraint))
    return {m[1]: tuple(re.findall(r"'(\w+)'", m[2])) for m in lists if m}


def _booleen(texte: str) -> bool:
    mot = plier(texte)
    if mot not in _OUI | _NON:
        raise ValueError(f"oui ou non attendu, « {texte} » trouvé")
    return mot in _OUI


def _moment(texte: str) -> datetime:
    """A date with or without time; aware only when the text says its zone."""
    try:
        if lu := _FRANCAISE.fullmatch(texte):
            jour, mois, an, heure, minute, seconde = (int(x or 0) for x in lu.groups())
            moment = datetime(an, mois, jour, heure, minute, seconde)  # noqa: DTZ001 - the caller gives the zone
        elif _ISO.fullmatch(texte):
            moment = datetime.fromisoformat(texte)
        else:
            raise ValueError(texte)
    except ValueError:
        raise ValueError(f"date illisible « {texte} »") from None
    if not 1900 <= moment.year < 2200:
        raise ValueError(f"année invraisemblable : {texte}")
    return moment


def lire_date(texte: str) -> date:
    """``31/12/2025``, ``2025-12-31``, or a spreadsheet's date at midnight.

    Raises:
        ValueError: neither.
    """
    moment = _moment(texte)
    if moment.time() != time(0) or moment.tzinfo is not None:
        raise ValueError(f"date sans heure attendue, « {texte} » trouvé")
    return moment.date()


def lire_instant(texte: str) -> datetime:
    """An aware instant; a time without zone is Morocco's wall clock.

    Raises:
        ValueError: not a date.
    """
    moment = _moment(texte)
    return moment.replace(tzinfo=clock.CASABLANCA) if moment.tzinfo is None else moment
