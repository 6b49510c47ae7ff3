"""Points of a checklist: what may be typed of one, what an answer must be, and whether it is as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from erp_desktop.domain import nombres
from erp_desktop.domain.enums import TypePoint
from erp_desktop.domain.saisie import Court, Saisie, _nombre, _regle, _texte, mots
from erp_desktop.errors import ValidationError

LONGEST = 2_000
OUI, NON, SANS_OBJET = "oui", "non", "sans_objet"
Mesure = Annotated[Decimal | None, Field(max_digits=14, decimal_places=3), _nombre(3)]


class ChecklistInput(Saisie):
    """A checklist; with a type of machine, work on such machines takes it without being told."""

    nom: Annotated[str, Field(min_length=1, max_length=160)]
    type_equipement: str | None = _texte(80)


class PointInput(Saisie):
    """One point; unit and limits belong to a measure."""

    libelle: Court
    type_point: TypePoint = TypePoint.OUI_NON
    unite: str | None = _texte(12)
    minimum: Mesure = None
    maximum: Mesure = None
    obligatoire: bool = True

    @model_validator(mode="after")
    def _mesure(self) -> Self:
        if self.type_point != TypePoint.MESURE:
            self.__dict__.update(unite=None, minimum=None, maximum=None)
        elif self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise _regle("maximum", "Le maximum est au moins le minimum.")
        return self


@dataclass(frozen=True, slots=True)
class Point:
    """A point as its version has it."""

    id: int
    ordre: int
    libelle: str
    type_point: str
    unite: str | None
    minimum: Decimal | None
    maximum: Decimal | None
    obligatoire: bool


def lire(point: Point, typed: str) -> tuple[str, bool | None]:
    """An answer in the form that is kept, and whether it is as it should be (None: nothing to judge).

    Raises:
        ValidationError: under ``valeur``.
    """
    text = mots.lire(typed, "valeur", LONGEST, exige=f"Répondez à « {point.libelle} ».")
    text = text if point.type_point == TypePoint.TEXTE else " ".join(text.split())
    if point.type_point == TypePoint.OUI_NON:
        if text not in (OUI, NON, SANS_OBJET):
            raise ValidationError({"valeur": "Répondez oui, non ou sans objet."})
        return text, None if text == SANS_OBJET else text == OUI
    if point.type_point == TypePoint.MESURE:
        try:
            value = nombres.lire_saisie(text, decimales=3)
        except ValueError as error:
            raise ValidationError({"valeur": str(error)}) from None
        low = point.minimum is None or value >= point.minimum
        high = point.maximum is None or value <= point.maximum
        judged = point.minimum is not None or point.maximum is not None
        return f"{value.normalize():f}", (low and high) if judged else None
    return text, None
