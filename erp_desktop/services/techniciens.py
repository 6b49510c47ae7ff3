"""Techniciens: list, form, profile of an account, edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain import telephone
from erp_desktop.domain.enums import Disponibilite, Niveau, Role, Statut
from erp_desktop.domain.people import horaires, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Montant, Saisie
from erp_desktop.errors import DuplicateError, ValidationError
from erp_desktop.models import Agence, Intervention, Technicien, User
from erp_desktop.services.search import exact
from erp_desktop.services.shared import edits
from erp_desktop.services.shared.availability import disponibilite
from erp_desktop.services.shared.common import charger, visible
from erp_desktop.services.shared.listing import Far, Listing, Word, by_rank, closed, of_agency, text
from erp_desktop.services.shared.lists import (
    ListQuery,
    contient,
    dans_l_ordre,
    paquets,
    portee,
)
from erp_desktop.services.shared.typed import optional

_EN_CHARGE = (Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)


class TechnicienInput(Saisie):
    """A technicien's profile; ``user_id`` names an account with the role technicien."""

    user_id: int
    numero_badge: str | None = optional(Technicien.numero_badge)
    equipe: str | None = optional(Technicien.equipe)
    niveau: Niveau = Niveau.INTERMEDIAIRE
    zone_intervention: str | None = optional(Technicien.zone_intervention)
    disponibilite: Disponibilite = Disponibilite.DISPONIBLE
    horaires_travail: str | None = optional(Technicien.horaires_travail)
    astreinte: bool = False
    is_active: bool = True
    cout_horaire: Annotated[Montant | None, Field(ge=0)] = None


@dataclass(frozen=True, slots=True)
class TechnicienLigne:
    """One row of the list; ``nb_en_cours`` counts what is assigned and not finished, ``disponibilite`` is the true
    one: who is at work is busy."""

    id: int
    nom: str
    numero_badge: str | None
    equipe: str | None
    niveau: str
    disponibilite: str
    zone_intervention: str | None
    nb_en_cours: int
    agence: str


@dataclass(frozen=True, slots=True)
class TechnicienFiche:
    """Every field of the form, with the account's name and contacts."""

    id: int
    agence_id: int | None
    user_id: int
    numero_badge: str | None
    equipe: str | None
    niveau: str
    zone_intervention: str | None
    disponibilite: str
    horaires_travail: str | None
    astreinte: bool
    is_active: bool
    cout_horaire: Decimal | None
    created_at: datetime
    updated_at: datetime
    nom: str
    email: str
    telephone: str
    agence_code: str
    nb_en_cours: int


def _charge(idents: Sequence[int] | None = None) -> sa.Subquery:
    # « + 0 » keeps the planner on the index of statut: few interventions are open, a technicien has thousands.
    technicien = Intervention.technicien_id + 0
    requete = sa.select(Intervention.technicien_id, sa.func.count().label("nb"))
    requete = requete.where(Intervention.statut.in_(_EN_CHARGE))
    if idents is not None:
        requete = requete.where(technicien.in_(idents))
    return requete.group_by(Intervention.technicien_id).subquery()


def _at_work(asked: sa.Select[Any]) -> sa.Select[Any]:
    return asked.outerjoin(_CHARGE, _CHARGE.c.technicien_id == Technicien.id)


_CHARGE = _charge()
LISTING = Listing(
    Technicien,
    TechnicienLigne,
    sort="nom",
    words={
        "disponibilite": Word(lambda _s, values: disponibilite().in_(values), tuple(Disponibilite)),
        "niveau": closed(Technicien.niveau),
        "equipe": text(Technicien.equipe),
        "zone": text(Technicien.zone_intervention),
        "agence": of_agency(Technicien.agence_id),
        "technicien": Word(
            lambda session, values: exact.of(
                Technicien.id, values, lambda names: sa.or_(*(contient(session, User.full_name, v) for v in names))
            )
        ),
    },
    free=(User.full_name, Technicien.numero_badge, Technicien.equipe, Technicien.zone_intervention),
    base=lambda asked: asked.join(User, User.id == Technicien.user_id),
    far={"nom": Far(User.full_name), "nb_en_cours": Far(sa.func.coalesce(_CHARGE.c.nb, 0), _at_work)},
    ranked={
        "niveau": by_rank(Technicien.niveau),
        "agence": sa.select(Agence.nom).where(Agence.id == Technicien.agence_id).scalar_subquery(),
    },
)
indices = LISTING.hints


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by name when no column is chosen."""
    return _now().ids(session, acteur, query)


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    """See :data:`pages.First`."""
    return _now().first(session, acteur, query)


def _now() -> Listing[TechnicienLigne]:
    # What is free now is asked anew each time: it has the present moment in it.
    return replace(LISTING, ranked={**LISTING.ranked, "disponibilite": disponibilite()})


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[TechnicienLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    lignes: dict[int, TechnicienLigne] = {}
    t = Technicien
    for paquet in paquets(ids):
        charge = _charge(paquet)
        requete = (
            sa.select(t.id, User.full_name, t.numero_badge, t.equipe, t.niveau, disponibilite(), t.zone_intervention,
                      sa.func.coalesce(charge.c.nb, 0), sa.func.coalesce(Agence.nom, ""))
            .join(User, User.id == t.user_id)
            .outerjoin(Agence, Agence.id == t.agence_id)
            .outerjoin(charge, charge.c.technicien_id == t.id)
            .where(t.id.in_(paquet), *portee(acteur, t.agence_id))
        )  # fmt: skip
        for r in session.execute(requete):
            lignes[r.id] = TechnicienLigne(*r)
    return dans_l_ordre(ids, lignes)


def get(session: Session, acteur: Acteur, id: int) -> TechnicienFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charge, sien = _charge([id]), Technicien.id == id
    ligne, compte, agence, nb = abreast(
        session, lambda s: charger(s, acteur, Technicien, id, "ce technicien"),
        lambda s: s.scalar(sa.select(User).join(Technicien, Technicien.user_id == User.id).where(sien)),
        lambda s: s.scalar(sa.select(Agence).join(Technicien, Technicien.agence_id == Agence.id).where(sien)),
        lambda s: s.scalar(sa.select(charge.c.nb)) or 0,
    )  # fmt: skip
    return edits.lire(
        TechnicienFiche,
        ligne,
        nom=compte.full_name,
        email=compte.email,
        telephone=telephone.afficher(compte.phone),
        agence_code=agence.code if agence else "",
        nb_en_cours=nb,
    )


def _verifier_badge(session: Session, badge: Any, sauf: int | None) -> None:
    if not badge:
        return
    requete = sa.select(User.full_name).join(Technicien, Technicien.user_id == User.id)
    requete = requete.where(Technicien.numero_badge == badge, Technicien.id != (sauf or 0))
    with session.no_autoflush:
        autre = session.scalar(requete.limit(1))
    if autre:
        raise DuplicateError(f"Le badge {badge} est déjà celui de « {autre} ».", "numero_badge")


def _verifier_horaires(texte: Any) -> None:
    """Hours that the planning can follow; what was written before, or imported, stays as it is."""
    if texte and horaires.lire(str(texte)) is None:
        raise ValidationError({"horaires_travail": horaires.ILLISIBLE})


def create(session: Session, acteur: Acteur, saisie: TechnicienInput) -> int:
    """Give an account of role technicien its profile; returns the profile's id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.TECHNICIEN_ECRIRE)
    compte = session.get(User, saisie.user_id)
    if compte is None or not visible(acteur, compte) or not compte.is_active:
        raise ValidationError({"user_id": "Ce compte n'existe pas dans cette agence."})
    if compte.role != Role.TECHNICIEN:
        raise ValidationError({"user_id": f"Le compte de {compte.full_name} n'a pas le rôle technicien."})
    if session.scalar(sa.select(Technicien.id).where(Technicien.user_id == compte.id)):
        raise DuplicateError(f"{compte.full_name} a déjà une fiche de technicien.", "user_id")
    _verifier_badge(session, saisie.numero_badge, None)
    _verifier_horaires(saisie.horaires_travail)
    agence = compte.agence_id if compte.agence_id is not None else acteur.agence_id
    return edits.creer(session, acteur, Technicien(**saisie.model_dump(), agence_id=agence))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form; the account itself is the administration's.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.TECHNICIEN_ECRIRE)
    ligne = charger(session, acteur, Technicien, id, "ce technicien", ecrire=True)

    def verify(_actuel: dict[str, object], nouvelles: dict[str, object]) -> None:
        if "user_id" in nouvelles:
            raise ValidationError({"user_id": "Une fiche de technicien garde son compte."})
        _verifier_badge(session, nouvelles.get("numero_badge"), id)
        _verifier_horaires(nouvelles.get("horaires_travail"))

    edits.modifier(session, acteur, ligne, TechnicienInput, changes, verify)
