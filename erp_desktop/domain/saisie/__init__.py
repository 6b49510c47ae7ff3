"""Input models: what forms, the command line and imports hand to the services.

A refused value is a ``ValidationError`` with one French sentence per field, never pydantic's own.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self, get_args

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from erp_desktop import clock
from erp_desktop.domain import nombres, telephone
from erp_desktop.domain.dates import DERNIERE_ANNEE, HORS_CALENDRIER, PREMIERE_ANNEE
from erp_desktop.domain.enums import (
    Priorite,
    TypeIntervention,
    TypeLigne,
)
from erp_desktop.domain.saisie.mots import propres
from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import ValidationError

_COURRIEL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_COMPTE = re.compile(r"[+-]?\d+(\.\d*)?")
"""What pydantic takes for seconds since 1970 where a day is wanted."""
_PHRASES = {
    "missing": "Ce champ est obligatoire.",
    "string_type": "Ce champ est obligatoire.",
    "string_too_short": "Ce champ est obligatoire.",
    "string_too_long": "{max_length} caractères au plus.",
    "int_parsing": "Un nombre entier est attendu.",
    "int_type": "Un nombre entier est attendu.",
    "int_from_float": "Un nombre entier est attendu.",
    "decimal_parsing": "Un nombre est attendu.",
    "decimal_type": "Un nombre est attendu.",
    "decimal_max_digits": "Ce nombre est trop grand.",
    "decimal_whole_digits": "Ce nombre est trop grand.",
    "decimal_max_places": "{decimal_places} décimales au plus.",
    "greater_than": "Doit être supérieur à {gt}.",
    "greater_than_equal": "Doit être au moins {ge}.",
    "less_than_equal": "Doit être au plus {le}.",
    "extra_forbidden": "Champ inconnu.",
    "bool_parsing": "Oui ou non est attendu.",
    "bool_type": "Oui ou non est attendu.",
}


def _phrase(erreur: Any) -> str:
    genre, contexte = erreur["type"], erreur.get("ctx", {})
    if genre == "regle":
        return str(contexte["phrase"])
    if genre == "value_error":
        return str(contexte["error"])
    if erreur.get("input") is None and genre != "extra_forbidden":
        return "Ce champ est obligatoire."
    if genre == "enum":
        return f"Valeur inconnue : {str(erreur['input'])[:60]}."
    if genre.startswith(("date", "datetime")):
        return "Date illisible."
    return _PHRASES.get(genre, "Valeur refusée.").format(**contexte)


def _refus(erreur: pydantic.ValidationError) -> ValidationError:
    champs: dict[str, str] = {}
    for detail in erreur.errors():
        champ = str(detail["loc"][0]) if detail["loc"] else str(detail.get("ctx", {}).get("champ", ""))
        champs.setdefault(champ, _phrase(detail))
    return ValidationError(champs)


def _est_un_jour(champ: FieldInfo) -> bool:
    return date in (champ.annotation, *get_args(champ.annotation))


class Saisie(BaseModel):
    """Base of every input model: trimmed text, empty means absent, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, use_enum_values=True, validate_default=True)

    def __init__(self, **valeurs: Any) -> None:
        try:
            super().__init__(**valeurs)
        except pydantic.ValidationError as erreur:
            raise _refus(erreur) from None

    @field_validator("*", mode="before")
    @classmethod
    def _nettoyer(cls, valeur: Any, info: pydantic.ValidationInfo) -> Any:
        if not isinstance(valeur, str):
            return valeur
        mots = propres(valeur) or None
        if mots is not None and _COMPTE.fullmatch(mots) and _est_un_jour(cls.model_fields[info.field_name or ""]):
            raise ValueError("Date illisible.")
        return mots

    @field_validator("*", mode="after")
    @classmethod
    def _dater(cls, valeur: Any) -> Any:
        if isinstance(valeur, date) and not PREMIERE_ANNEE <= valeur.year <= DERNIERE_ANNEE:
            raise ValueError(HORS_CALENDRIER)
        return valeur

    @classmethod
    def changements(cls, actuel: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        """Validate an edit: only the fields that change are judged, so an old row with an old fault stays editable.

        Args:
            actuel: present values of the form's fields.
            changes: field → new value, as typed.

        Returns:
            the validated new values that differ from the present ones.

        Raises:
            ValidationError: with every refused field.
        """
        modele = cls.model_construct(**{k: v for k, v in actuel.items() if k in cls.model_fields})
        champs: dict[str, str] = {}
        for champ, valeur in changes.items():
            if champ not in cls.model_fields:
                champs[champ] = "Champ inconnu."
                continue
            try:
                cls.__pydantic_validator__.validate_assignment(modele, champ, valeur)
            except pydantic.ValidationError as erreur:
                champs.update(_refus(erreur).champs)
        if champs:
            raise ValidationError(champs)
        nouvelles = {champ: getattr(modele, champ) for champ in cls.model_fields if hasattr(modele, champ)}
        return {k: v for k, v in nouvelles.items() if (k in changes or k in actuel) and v != actuel.get(k)}


def _nombre(decimales: int = 2, **limites: Any) -> BeforeValidator:
    """Reads what is typed; what is a number already passes."""
    return BeforeValidator(
        lambda valeur: (
            nombres.lire_saisie(valeur, decimales=decimales, **limites) if isinstance(valeur, str) else valeur
        )
    )


def _instant(valeur: Any) -> Any:
    if isinstance(valeur, str):
        try:
            valeur = datetime.fromisoformat(valeur)
        except ValueError:
            raise ValueError("Date illisible.") from None
    if isinstance(valeur, datetime):
        # A time typed without a zone is the branch's wall clock.
        valeur = valeur.replace(tzinfo=clock.CASABLANCA) if valeur.tzinfo is None else valeur
        return valeur.astimezone(UTC)
    return valeur


def _telephone(valeur: Any) -> Any:
    return telephone.normaliser(valeur) if isinstance(valeur, str) and valeur.strip() else valeur


def sans_marques(texte: str) -> str:
    """Without the marks that nobody sees, which come along with what is copied: direction, join, control."""
    return "".join(c for c in visible(texte) if unicodedata.category(c) != "Cc")


def courriel(valeur: str) -> str:
    """An address as it is kept.

    Raises:
        ValueError: it is none.
    """
    valeur = sans_marques(valeur)
    if not _COURRIEL.fullmatch(valeur):
        raise ValueError("Adresse de courriel illisible.")
    return valeur


def _courriel(valeur: str | None) -> str | None:
    return courriel(valeur) if valeur is not None else None


Court = Annotated[str, Field(min_length=1, max_length=200)]
Long = Annotated[str | None, Field(max_length=20_000)]
Montant = Annotated[Decimal, Field(max_digits=12, decimal_places=2), _nombre(unites=nombres.DEVISES)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Telephone = Annotated[str | None, BeforeValidator(_telephone)]
Courriel = Annotated[str | None, Field(max_length=255), pydantic.AfterValidator(_courriel)]
Minutes = Annotated[int | None, Field(ge=0, le=100_000), _nombre(0)]


def _regle(champ: str, phrase: str) -> PydanticCustomError:
    """A model-wide refusal that names the field under which it is shown."""
    return PydanticCustomError("regle", "refus", {"champ": champ, "phrase": phrase})


def _texte(maximum: int) -> Any:
    return Field(None, max_length=maximum)


class InterventionInput(Saisie):
    """An intervention as its form types it; ``client_id`` is the équipement's when left out."""

    titre: Court
    description: Long = None
    type: TypeIntervention = TypeIntervention.CORRECTIVE
    priorite: Priorite = Priorite.NORMALE
    urgence: bool = False
    equipement_id: int
    client_id: int | None = None
    contrat_id: int | None = None
    technicien_id: int | None = None
    agence_id: int | None = None
    date_planifiee: Instant | None = None
    zone_planifiee: str | None = _texte(40)
    duree_estimee: Minutes = None
    duree_reelle: Minutes = None
    temps_deplacement: Minutes = None
    date_debut_travaux: Instant | None = None
    date_fin_travaux: Instant | None = None
    diagnostic: Long = None
    probleme_id: int | None = None
    cause_id: int | None = None
    remede_id: int | None = None
    travaux_realises: Long = None
    recommandations: Long = None
    notes_internes: Long = None
    satisfaction_client: Annotated[int | None, Field(ge=1, le=5), _nombre(0)] = None
    satisfaction_commentaire: str | None = _texte(500)
    signature: bytes | None = None
    signataire: str | None = _texte(120)
    signe_le: Instant | None = None
    signature_refus: str | None = _texte(200)
    origine_id: int | None = None
    checklist_id: int | None = None

    @model_validator(mode="after")
    def _regles(self) -> Self:
        # Written straight into the instance: assignment would validate again and come back here.
        if self.urgence and self.priorite != Priorite.URGENTE:
            self.__dict__["priorite"] = Priorite.URGENTE.value
        if self.date_planifiee is None:
            self.__dict__["zone_planifiee"] = None
        elif self.zone_planifiee is None:
            self.__dict__["zone_planifiee"] = clock.CASABLANCA.key
        debut, fin = self.date_debut_travaux, self.date_fin_travaux
        if debut is not None and fin is not None and fin < debut:
            raise _regle("date_fin_travaux", "La fin des travaux précède leur début.")
        return self


class LigneInput(Saisie):
    """A part, labour, travel or other line; ``taux_tva`` in percent.

    ``depot_id`` is where a part is taken from; ``prevue``: it is only set aside there; ``lot``: which
    units, of a followed part.
    """

    type_ligne: TypeLigne
    piece_id: int | None = None
    designation: Court
    quantite: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=3), _nombre(3)]
    prix_unitaire: Annotated[Montant, Field(ge=0)]
    taux_tva: Annotated[
        Decimal, Field(ge=0, le=100, decimal_places=2), _nombre(maximum=Decimal(100), unites=nombres.POURCENT)
    ] = Decimal(20)
    depot_id: int | None = None
    facturable: bool = True
    prevue: bool = False
    lot: str | None = _texte(60)

    @model_validator(mode="after")
    def _piece(self) -> Self:
        if self.type_ligne != TypeLigne.PIECE or self.piece_id is None:
            # What a line of labour cannot have is not kept from a kind chosen before.
            self.__dict__.update(piece_id=None, depot_id=None, prevue=False, lot=None)
        elif self.prevue and self.depot_id is None:
            raise _regle("depot_id", "Choisissez le dépôt où la pièce est réservée.")
        return self
