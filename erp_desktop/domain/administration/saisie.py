"""Input models of what administrators keep: accounts, agencies, letterheads, reference data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

import pydantic
from pydantic import Field, model_validator

from erp_desktop.domain import ice as ices
from erp_desktop.domain import nombres
from erp_desktop.domain.enums import Niveau, Role, TypeCodePanne, TypeTarif
from erp_desktop.domain.factures.enums import CodeTaux
from erp_desktop.domain.recherche import plier
from erp_desktop.domain.saisie import (
    Courriel,
    Long,
    Montant,
    Saisie,
    Telephone,
    _nombre,
    _regle,
    _texte,
    courriel,
    sans_marques,
)

Taux = Annotated[
    Decimal, Field(ge=0, le=100, decimal_places=2), _nombre(maximum=Decimal(100), unites=nombres.POURCENT)
]


def identifiant(valeur: str) -> str:
    """A username as it is kept and typed.

    Raises:
        ValueError: it is none.
    """
    valeur = sans_marques(valeur).strip().lower()
    if not valeur or plier(valeur) != valeur or any(c.isspace() for c in valeur) or len(valeur) > 60:
        raise ValueError("L'identifiant s'écrit sans espace ni accent, en 60 caractères au plus.")
    return valeur


def _code(valeur: str) -> str:
    valeur = valeur.upper()
    if not (valeur.isascii() and valeur.isalpha()):
        raise ValueError("Le code d'une agence compte de 3 à 5 lettres.")
    return valeur


def _ice(valeur: str | None) -> str | None:
    return ices.normaliser(valeur) if valeur else valeur


def _rib(valeur: str | None) -> str | None:
    if not valeur:
        return valeur
    chiffres = "".join(c for c in valeur if not c.isspace())
    if len(chiffres) != 24 or not chiffres.isdecimal():
        raise ValueError("Un RIB compte 24 chiffres.")
    return chiffres


class CompteInput(Saisie):
    username: Annotated[str, Field(min_length=1, max_length=60), pydantic.AfterValidator(identifiant)]
    full_name: Annotated[str, Field(min_length=1, max_length=255)]
    email: Annotated[str, Field(min_length=1, max_length=255), pydantic.AfterValidator(lambda v: courriel(v).lower())]
    phone: Telephone = None
    role: Role
    agence_id: int | None = None


class AgenceInput(Saisie):
    code: Annotated[str, Field(min_length=3, max_length=5), pydantic.AfterValidator(_code)]
    nom: Annotated[str, Field(min_length=1, max_length=120)]
    ville: str | None = _texte(80)
    adresse: Long = None
    telephone: Telephone = None
    email: Courriel = None
    is_active: bool = True


class IdentiteInput(Saisie):
    """A letterhead; without an agency, the company's."""

    agence_id: int | None = None
    raison_sociale: Annotated[str, Field(min_length=1, max_length=160)]
    forme_juridique: str | None = _texte(40)
    capital: (
        Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), _nombre(unites=nombres.DEVISES)] | None
    ) = None
    ice: Annotated[str | None, pydantic.AfterValidator(_ice)] = None
    identifiant_fiscal: str | None = _texte(20)
    registre_commerce: str | None = _texte(20)
    ville_rc: str | None = _texte(80)
    taxe_professionnelle: str | None = _texte(20)
    cnss: str | None = _texte(20)
    adresse: Long = None
    ville: str | None = _texte(80)
    telephone: Telephone = None
    email: Courriel = None
    site_web: str | None = _texte(120)
    banque: str | None = _texte(80)
    rib: Annotated[str | None, pydantic.AfterValidator(_rib)] = None
    mentions: Long = None


class CompetenceInput(Saisie):
    nom: Annotated[str, Field(min_length=1, max_length=120)]
    domaine: str | None = _texte(80)
    necessite_certification: bool = False
    duree_validite_mois: Annotated[int | None, Field(ge=1, le=600), _nombre(0)] = None


class CodePanneInput(Saisie):
    type: TypeCodePanne
    code: Annotated[str, Field(min_length=1, max_length=20), pydantic.AfterValidator(lambda v: v.upper())]
    libelle: Annotated[str, Field(min_length=1, max_length=120)]
    parent_id: int | None = None
    type_equipement: str | None = _texte(80)
    is_active: bool = True


class _Datee(Saisie):
    """What holds from one day to another, both included."""

    date_debut: date
    date_fin: date | None = None

    @model_validator(mode="after")
    def _ordre(self) -> Self:
        if self.date_fin is not None and self.date_fin < self.date_debut:
            raise _regle("date_fin", "La fin de validité précède son début.")
        return self


class TarifInput(_Datee):
    agence_id: int | None = None
    type_ligne: TypeTarif
    libelle: Annotated[str, Field(min_length=1, max_length=80)]
    unite: Annotated[str, Field(min_length=1, max_length=20)]
    prix_unitaire: Annotated[Montant, Field(ge=0)]
    taux_tva: Taux = Decimal(20)


class TauxTvaInput(_Datee):
    taux: Taux
    libelle: Annotated[str, Field(min_length=1, max_length=80)]


class TauxLegalInput(_Datee):
    """A rate of the law, in percent; ``seuil``, in MAD, from which it holds."""

    code: CodeTaux
    libelle: Annotated[str, Field(min_length=1, max_length=120)]
    taux: Taux
    seuil: Annotated[Montant | None, Field(ge=0)] = None


class FerieInput(Saisie):
    """A closed day; ``ouvert`` are the ranges that stay open on a half day."""

    jour: date
    libelle: Annotated[str, Field(min_length=1, max_length=120)]
    agence_id: int | None = None
    provisoire: bool = False
    ouvert: str | None = _texte(80)


class ExigenceInput(Saisie):
    """A skill that work on machines of a type needs."""

    type_equipement: Annotated[str, Field(min_length=1, max_length=80)]
    competence_id: int
    niveau: Niveau = Niveau.DEBUTANT
    agence_id: int | None = None
