"""Skills, failure codes, rates of labour and travel, VAT, and the skills that work needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop.domain.administration.saisie import (
    CodePanneInput,
    CompetenceInput,
    ExigenceInput,
    TarifInput,
    TauxLegalInput,
    TauxTvaInput,
)
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.errors import DuplicateError, ValidationError
from erp_desktop.models import (
    Agence,
    CodePanne,
    Competence,
    CompetenceRequise,
    Tarif,
    TauxLegal,
    TauxTva,
    TechnicienCompetence,
)
from erp_desktop.services.administration.reference import Reference, sans_chevauchement, toutes
from erp_desktop.services.interventions import failures
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.common import refuser_doublon
from erp_desktop.services.shared.listing import Far, Listing, by_rank, closed, of_agency, text
from erp_desktop.services.shared.lists import meme_nom, portee, un_de

_PARENT = aliased(CodePanne)


def _agency(model: Any) -> Far:
    return Far(Agence.code, lambda request: request.outerjoin(Agence, Agence.id == model.agence_id))


def _code_of(session: Session, row: Any) -> str:
    agence = session.get(Agence, row.agence_id) if row.agence_id is not None else None
    return agence.code if agence is not None else ""


@dataclass(frozen=True, slots=True)
class SkillRow:
    id: int
    nom: str
    domaine: str | None
    necessite_certification: bool
    duree_validite_mois: int | None


@dataclass(frozen=True, slots=True)
class SkillCard:
    """``titulaires``: how many techniciens have it."""

    id: int
    nom: str
    domaine: str | None
    necessite_certification: bool
    duree_validite_mois: int | None
    created_at: datetime
    updated_at: datetime
    titulaires: int


def _skill(session: Session, values: dict[str, Any], but: int | None) -> None:
    refuser_doublon(session, Competence.nom, values["nom"], but, Competence.nom,
                    "La compétence {valeur} existe déjà : « {autre} ».")  # fmt: skip


SKILLS: Reference[SkillRow, SkillCard] = Reference(
    Listing(
        Competence, SkillRow, sort="nom", words={"domaine": text(Competence.domaine)},
        free=(Competence.nom, Competence.domaine), withdrawn=True,
    ),
    SkillCard, CompetenceInput, "cette compétence",
    lambda session, row: {
        "titulaires": session.scalar(
            sa.select(sa.func.count()).where(TechnicienCompetence.competence_id == row.id)
        ) or 0
    },
    _skill,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeRow:
    id: int
    type: str
    code: str
    libelle: str
    parent: str | None
    type_equipement: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class CodeCard:
    id: int
    type: str
    code: str
    libelle: str
    parent_id: int | None
    type_equipement: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    parent: str


def _failure(session: Session, values: dict[str, Any], but: int | None) -> None:
    refuser_doublon(session, CodePanne.code, values["code"], but, CodePanne.libelle,
                    "Le code {valeur} existe déjà : « {autre} ».", CodePanne.type == values["type"])  # fmt: skip
    place, seen = values["parent_id"], {but}
    while place is not None:
        parent = session.get(CodePanne, place)
        if parent is None or parent.type != values["type"]:
            raise ValidationError({"parent_id": "Le code parent est du même type."})
        if place in seen:
            raise ValidationError({"parent_id": "Un code ne peut pas être au-dessous de lui-même."})
        seen.add(place)
        place = parent.parent_id


FAILURE_CODES: Reference[CodeRow, CodeCard] = Reference(
    Listing(
        CodePanne, CodeRow, sort="code", words={"type": closed(CodePanne.type)},
        free=(CodePanne.code, CodePanne.libelle, CodePanne.type_equipement), withdrawn=True,
        far={"parent": Far(_PARENT.libelle, lambda r: r.outerjoin(_PARENT, _PARENT.id == CodePanne.parent_id))},
        ranked={"type": by_rank(CodePanne.type)},
    ),
    CodeCard, CodePanneInput, "ce code de panne",
    lambda session, row: {"parent": failures.words(session, row.parent_id)},
    _failure,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RateRow:
    id: int
    type_ligne: str
    libelle: str
    unite: str
    prix_unitaire: Decimal
    taux_tva: Decimal
    date_debut: date
    date_fin: date | None
    agence: str


@dataclass(frozen=True, slots=True)
class RateCard:
    id: int
    agence_id: int | None
    type_ligne: str
    libelle: str
    unite: str
    prix_unitaire: Decimal
    taux_tva: Decimal
    date_debut: date
    date_fin: date | None
    created_at: datetime
    updated_at: datetime
    agence: str


RATES: Reference[RateRow, RateCard] = Reference(
    Listing(
        Tarif, RateRow, sort="libelle",
        words={"type": closed(Tarif.type_ligne), "agence": of_agency(Tarif.agence_id)},
        free=(Tarif.libelle,), withdrawn=True, far={"agence": _agency(Tarif)},
        ranked={"type_ligne": by_rank(Tarif.type_ligne)}, shown={"agence": toutes},
    ),
    RateCard, TarifInput, "ce tarif", lambda session, row: {"agence": _code_of(session, row)},
    sans_chevauchement(Tarif, ("type_ligne", "libelle", "agence_id"), "Ce tarif vaut déjà"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
    """What a line of work costs."""

    libelle: str
    unite: str
    prix_unitaire: Decimal
    taux_tva: Decimal


def tarif_du_jour(session: Session, agence_id: int | None, type_ligne: str, jour: date) -> Rate | None:
    """What an hour or a trip costs on that day: the agency's own rate, else everybody's."""
    t = Tarif
    query = (
        sa.select(t)
        .where(t.type_ligne == type_ligne, t.date_debut <= jour, sa.or_(t.date_fin.is_(None), t.date_fin >= jour))
        .where(sa.or_(t.agence_id.is_(None), t.agence_id == agence_id))
        .order_by(t.agence_id.is_(None), t.id)
        .limit(1)
    )
    row = session.scalar(query)
    return Rate(row.libelle, row.unite, row.prix_unitaire, row.taux_tva) if row is not None else None


@dataclass(frozen=True, slots=True)
class VatRow:
    id: int
    libelle: str
    taux: Decimal
    date_debut: date
    date_fin: date | None


@dataclass(frozen=True, slots=True)
class VatCard:
    id: int
    libelle: str
    taux: Decimal
    date_debut: date
    date_fin: date | None
    created_at: datetime
    updated_at: datetime


_one_name = sans_chevauchement(TauxTva, ("libelle",), "Ce taux vaut déjà")
_one_rate = sans_chevauchement(TauxTva, ("taux",), "Ce pourcentage vaut déjà")


def _vat(session: Session, values: dict[str, Any], but: int | None) -> None:
    _one_name(session, values, but)
    _one_rate(session, values, but)


VAT: Reference[VatRow, VatCard] = Reference(
    Listing(TauxTva, VatRow, sort="date_debut", words={}, free=(TauxTva.libelle,), withdrawn=True),
    VatCard, TauxTvaInput, "ce taux de TVA", verify=_vat,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LegalRow:
    id: int
    code: str
    libelle: str
    taux: Decimal
    seuil: Decimal | None
    date_debut: date
    date_fin: date | None


@dataclass(frozen=True, slots=True)
class LegalCard:
    id: int
    code: str
    libelle: str
    taux: Decimal
    seuil: Decimal | None
    date_debut: date
    date_fin: date | None
    created_at: datetime
    updated_at: datetime


LEGAL: Reference[LegalRow, LegalCard] = Reference(
    Listing(
        TauxLegal, LegalRow, sort="libelle", words={"code": closed(TauxLegal.code)}, free=(TauxLegal.libelle,),
        withdrawn=True, ranked={"code": by_rank(TauxLegal.code)},
    ),
    LegalCard, TauxLegalInput, "ce taux légal",
    verify=sans_chevauchement(TauxLegal, ("code", "libelle"), "Ce taux vaut déjà"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NeedRow:
    id: int
    type_equipement: str
    competence: str
    niveau: str
    agence: str


@dataclass(frozen=True, slots=True)
class NeedCard:
    id: int
    agence_id: int | None
    type_equipement: str
    competence_id: int
    niveau: str
    created_at: datetime
    updated_at: datetime
    competence: str
    agence: str


def _need(session: Session, values: dict[str, Any], but: int | None) -> None:
    c = CompetenceRequise
    if session.get(Competence, values["competence_id"]) is None:
        raise ValidationError({"competence_id": "Cette compétence n'existe pas."})
    same = sa.select(c.id).where(
        c.agence_id.is_not_distinct_from(values["agence_id"]), c.competence_id == values["competence_id"],
        meme_nom(session, c.type_equipement, values["type_equipement"]), c.id.is_distinct_from(but),
    )  # fmt: skip
    if session.scalar(same.limit(1)) is not None:
        raise DuplicateError("Cette compétence est déjà exigée pour ce type d'équipement.", "competence_id")


NEEDS: Reference[NeedRow, NeedCard] = Reference(
    Listing(
        CompetenceRequise, NeedRow, sort="type_equipement", words={"agence": of_agency(CompetenceRequise.agence_id)},
        free=(CompetenceRequise.type_equipement, Competence.nom), withdrawn=True,
        base=lambda request: request.join(Competence, Competence.id == CompetenceRequise.competence_id),
        far={"competence": Far(Competence.nom), "agence": _agency(CompetenceRequise)},
        ranked={"niveau": by_rank(CompetenceRequise.niveau)}, shown={"agence": toutes},
    ),
    NeedCard, ExigenceInput, "cette exigence",
    lambda session, row: {
        "competence": session.get_one(Competence, row.competence_id).nom, "agence": _code_of(session, row),
    },
    _need,
)  # fmt: skip


def skills(session: Session, acteur: Acteur, typed: str, limite: int = 20) -> list[Choix]:
    """Skills by name."""
    words = [un_de(session, word, Competence.nom, Competence.domaine) for word in plier(typed).split()]
    query = sa.select(Competence).where(*words, *portee(acteur, Competence.agence_id)).order_by(Competence.nom)
    return [Choix(c.id, c.nom, c.domaine or "") for c in session.scalars(query.limit(limite))]


def agencies(session: Session, _acteur: Acteur, typed: str, limite: int = 20) -> list[Choix]:
    """Agencies by code or name."""
    words = [un_de(session, word, Agence.code, Agence.nom, Agence.ville) for word in plier(typed).split()]
    query = sa.select(Agence).where(Agence.is_active.is_(True), *words).order_by(Agence.code).limit(limite)
    return [Choix(a.id, a.code, a.nom) for a in session.scalars(query)]
