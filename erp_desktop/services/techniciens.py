"""Techniciens: list, form, profile of an account, edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import recherche, telephone
from erp_desktop.domain.enums import Disponibilite, Niveau, Role, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import TechnicienInput
from erp_desktop.errors import DuplicateError, ValidationError
from erp_desktop.models import Agence, Intervention, Technicien, User
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.availability import disponibilite
from erp_desktop.services.shared.common import appliquer, charger, ecrire, visible
from erp_desktop.services.shared.lists import (
    ListQuery,
    cle_texte,
    contient,
    dans_l_ordre,
    identifiants,
    ordonner,
    paquets,
    portee,
    un_de,
)

LISTES: dict[str, list[str]] = {"disponibilite": list(Disponibilite), "niveau": list(Niveau)}
MOTS = ("equipe", "zone", "agence")
_EN_CHARGE = (Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)


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
    created_at: datetime
    updated_at: datetime
    nom: str
    email: str
    telephone: str
    agence_code: str
    nb_en_cours: int


_PROPRES = [f.name for f in fields(TechnicienFiche) if f.name in Technicien.__table__.columns]


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope, over ``techniciens`` joined to ``users``."""
    filtre = lire_filtre(texte)
    toutes = [Technicien.is_active.is_(True), *portee(acteur, Technicien.agence_id)]
    textes = {"equipe": Technicien.equipe, "zone": Technicien.zone_intervention}
    for mot, valeurs in filtre.mots.items():
        if mot == "disponibilite":
            toutes.append(disponibilite().in_(valeurs))
        elif mot in LISTES:
            toutes.append(getattr(Technicien, mot).in_(valeurs))
        elif mot in textes:
            toutes.append(sa.or_(*(contient(session, textes[mot], v) for v in valeurs)))
        else:
            codes = sa.select(Agence.id).where(sa.func.lower(Agence.code).in_(valeurs))
            toutes.append(Technicien.agence_id.in_(codes))
    t = Technicien
    toutes += [
        un_de(session, mot, User.full_name, t.numero_badge, t.equipe, t.zone_intervention) for mot in filtre.libre
    ]
    return toutes


def _charge(idents: Sequence[int] | None = None) -> sa.Subquery:
    # « + 0 » keeps the planner on the index of statut: few interventions are open, a technicien has thousands.
    technicien = Intervention.technicien_id + 0
    requete = sa.select(Intervention.technicien_id, sa.func.count().label("nb"))
    requete = requete.where(Intervention.statut.in_(_EN_CHARGE))
    if idents is not None:
        requete = requete.where(technicien.in_(idents))
    return requete.group_by(Intervention.technicien_id).subquery()


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by name when no column is chosen."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    tri = query.tri or "nom"
    requete = sa.select(Technicien.id).join(User, User.id == Technicien.user_id)
    requete = requete.where(*conditions(session, acteur, query.texte))
    cle: Any
    if tri == "nb_en_cours":
        charge = _charge()
        requete = requete.outerjoin(charge, charge.c.technicien_id == Technicien.id)
        cle = sa.func.coalesce(charge.c.nb, 0)
    elif tri == "niveau":
        cle = sa.case({n.value: rang for rang, n in enumerate(Niveau)}, value=Technicien.niveau)
    elif tri == "disponibilite":
        cle = disponibilite()
    elif tri == "agence":
        cle = sa.select(Agence.nom).where(Agence.id == Technicien.agence_id).scalar_subquery()
    elif tri == "numero_badge":
        cle = Technicien.numero_badge
    elif tri in ("equipe", "zone_intervention"):
        cle = cle_texte(session, getattr(Technicien, tri))
    else:
        cle = cle_texte(session, User.full_name)
    requete = ordonner(requete, [cle], Technicien.id, descendant=query.descendant)
    return identifiants(session, requete.limit(query.limite))


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
    ligne = charger(session, acteur, Technicien, id, "ce technicien")
    compte = session.get_one(User, ligne.user_id)
    agence = session.get(Agence, ligne.agence_id) if ligne.agence_id else None
    charge = _charge([id])
    return TechnicienFiche(
        **{nom: getattr(ligne, nom) for nom in _PROPRES},
        nom=compte.full_name,
        email=compte.email,
        telephone=telephone.afficher(compte.phone),
        agence_code=agence.code if agence else "",
        nb_en_cours=session.scalar(sa.select(charge.c.nb)) or 0,
    )


def _verifier_badge(session: Session, badge: Any, sauf: int | None) -> None:
    if not badge:
        return
    requete = sa.select(User.full_name).join(Technicien, Technicien.user_id == User.id)
    requete = requete.where(Technicien.numero_badge == badge, Technicien.id != (sauf or 0))
    with session.no_autoflush:
        autre = session.scalar(requete.limit(1))
    if autre:
        raise DuplicateError(f"Le badge {badge} est déjà celui de « {autre} ».")


def create(session: Session, acteur: Acteur, saisie: TechnicienInput) -> int:
    """Give an account of role technicien its profile; returns the profile's id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.TECHNICIEN_ECRIRE)
    trace.annoncer(session, acteur)
    compte = session.get(User, saisie.user_id)
    if compte is None or not visible(acteur, compte) or not compte.is_active:
        raise ValidationError({"user_id": "Ce compte n'existe pas dans cette agence."})
    if compte.role != Role.TECHNICIEN:
        raise ValidationError({"user_id": f"Le compte de {compte.full_name} n'a pas le rôle technicien."})
    if session.scalar(sa.select(Technicien.id).where(Technicien.user_id == compte.id)):
        raise DuplicateError(f"{compte.full_name} a déjà une fiche de technicien.")
    _verifier_badge(session, saisie.numero_badge, None)
    agence = compte.agence_id if compte.agence_id is not None else acteur.agence_id
    ligne = Technicien(**saisie.model_dump(), agence_id=agence, created_by_id=acteur.user_id)
    session.add(ligne)
    ecrire(session)
    return ligne.id


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form; the account itself is the administration's.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.TECHNICIEN_ECRIRE)
    ligne = charger(session, acteur, Technicien, id, "ce technicien", ecrire=True)
    actuel = {nom: getattr(ligne, nom) for nom in TechnicienInput.model_fields}
    nouvelles = TechnicienInput.changements(actuel, dict(changes))
    if "user_id" in nouvelles:
        raise ValidationError({"user_id": "Une fiche de technicien garde son compte."})
    if nouvelles:
        _verifier_badge(session, nouvelles.get("numero_badge"), id)
        trace.annoncer(session, acteur)
        appliquer(ligne, nouvelles)
        ecrire(session)
