"""The checklists themselves. Points are never changed: one that changes ends with its version and begins anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.checklist import ChecklistInput, Point, PointInput
from erp_desktop.domain.recherche import plier
from erp_desktop.models import Checklist, PointChecklist
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.common import agence_de, charger, ecrire
from erp_desktop.services.shared.edits import modifier
from erp_desktop.services.shared.lists import (
    ListQuery,
    cle_texte,
    dans_l_ordre,
    identifiants,
    ordonner,
    paquets,
    portee,
    un_de,
)


@dataclass(frozen=True, slots=True)
class ChecklistInfo:
    """A checklist with the points of its present version."""

    id: int
    nom: str
    type_equipement: str | None
    version: int
    points: tuple[Point, ...]


def de_la_version(version: Any) -> sa.ColumnElement[bool]:
    """Points that a version has."""
    p = PointChecklist
    return sa.and_(p.depuis <= version, sa.or_(p.jusqua.is_(None), p.jusqua >= version))


def points(session: Session, checklist_id: int, version: int) -> tuple[Point, ...]:
    """The points of a version, in their order."""
    p = PointChecklist
    lus = session.scalars(
        sa.select(p).where(p.checklist_id == checklist_id, de_la_version(version)).order_by(p.ordre, p.id)
    )
    return tuple(
        Point(q.id, q.ordre, q.libelle, q.type_point, q.unite, q.minimum, q.maximum, q.obligatoire) for q in lus
    )


def lister(session: Session, acteur: Acteur) -> list[ChecklistInfo]:
    """The checklists in use, by name."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    c = Checklist
    requete = sa.select(c).where(c.is_active.is_(True), *portee(acteur, c.agence_id))
    return [
        ChecklistInfo(x.id, x.nom, x.type_equipement, x.version, points(session, x.id, x.version))
        for x in session.scalars(requete.order_by(cle_texte(session, c.nom), c.id))
    ]


def choix(session: Session, acteur: Acteur, texte: str, limite: int = 20) -> list[Choix]:
    """Checklists by name or type of machine, for a picker."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    c = Checklist
    requete = (
        sa.select(c.id, c.nom, c.type_equipement)
        .where(c.is_active.is_(True), *portee(acteur, c.agence_id))
        .where(*(un_de(session, mot, c.nom, c.type_equipement) for mot in plier(texte).split()))
        .order_by(cle_texte(session, c.nom), c.id)
        .limit(limite)
    )
    return [Choix(r.id, r.nom, r.type_equipement or "") for r in session.execute(requete)]


def create(session: Session, acteur: Acteur, saisie: ChecklistInput, lignes: Sequence[PointInput]) -> int:
    """Add a checklist with its points. Returns its id.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    trace.annoncer(session, acteur)
    liste = Checklist(
        **saisie.model_dump(), agence_id=agence_de(session, acteur, None, partage=True), version=1,
        created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(liste)
    session.flush()
    _ajouter(session, acteur, liste, lignes)
    ecrire(session)
    return liste.id


def _ajouter(session: Session, acteur: Acteur, liste: Checklist, lignes: Sequence[PointInput]) -> None:
    for ordre, ligne in enumerate(lignes, 1):
        session.add(
            PointChecklist(
                **ligne.model_dump(), agence_id=liste.agence_id, checklist_id=liste.id, ordre=ordre,
                depuis=liste.version, created_by_id=acteur.user_id,
            )
        )  # fmt: skip


def reviser(session: Session, acteur: Acteur, id: int, lignes: Sequence[PointInput]) -> int:  # noqa: A002
    """Give a checklist other points, as its next version; interventions that have the former keep it.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    liste = charger(session, acteur, Checklist, id, "cette checklist", ecrire=True)
    trace.annoncer(session, acteur)
    voulus = [ligne.model_dump() for ligne in lignes]
    gardes: set[int] = set()
    for ordre, voulu in enumerate(voulus, 1):
        voulu["ordre"] = ordre
    p = PointChecklist
    presents = list(
        session.scalars(
            sa.select(p).where(p.checklist_id == id, de_la_version(liste.version)).order_by(p.ordre, p.id)
        )
    )
    restants = []
    for voulu in voulus:
        pareil = next((q for q in presents if q.id not in gardes and _pareil(q, voulu)), None)
        if pareil is None:
            restants.append(voulu)
        else:
            gardes.add(pareil.id)
    if not restants and len(gardes) == len(presents):
        return liste.version
    ancienne, liste.version = liste.version, liste.version + 1
    for q in presents:
        if q.id not in gardes:
            q.jusqua = ancienne
    for voulu in restants:
        session.add(
            PointChecklist(**voulu, agence_id=liste.agence_id, checklist_id=id, depuis=liste.version,
                           created_by_id=acteur.user_id)
        )  # fmt: skip
    ecrire(session)
    return liste.version


def _pareil(point: PointChecklist, voulu: dict[str, object]) -> bool:
    return all(getattr(point, nom) == valeur for nom, valeur in voulu.items())


def pour(session: Session, agence_id: int | None, type_equipement: str | None) -> Checklist | None:
    """The checklist that work on machines of a type takes: the agency's own before that of all."""
    if not type_equipement:
        return None
    c = Checklist
    trouvees = session.scalars(
        sa.select(c)
        .where(c.is_active.is_(True), sa.func.lower(c.type_equipement) == type_equipement.lower())
        .where(sa.or_(c.agence_id == agence_id, c.agence_id.is_(None)))
        .order_by(c.agence_id.is_(None), c.id)
    )
    return next(iter(trouvees), None)


# --- the list and the form


@dataclass(frozen=True, slots=True)
class ChecklistFiche:
    """Every field of the form, with the points of the present version."""

    id: int
    agence_id: int | None
    nom: str
    type_equipement: str | None
    version: int
    is_active: bool
    created_at: datetime
    updated_at: datetime
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ChecklistLigne:
    """One row of the list."""

    id: int
    nom: str
    type_equipement: str | None
    version: int
    points: int


def get(session: Session, acteur: Acteur, id: int) -> ChecklistFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    c = charger(session, acteur, Checklist, id, "cette checklist")
    return ChecklistFiche(c.id, c.agence_id, c.nom, c.type_equipement, c.version, c.is_active, c.created_at,
                          c.updated_at, points(session, c.id, c.version))  # fmt: skip


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change its name or the machines that it is for.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    ligne = charger(session, acteur, Checklist, id, "cette checklist", ecrire=True)
    modifier(session, acteur, ligne, ChecklistInput, changes, lambda _actuel, _nouvelles: None)


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, by name."""
    return identifiants(session, first(session, acteur, query))


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    """See :data:`pages.First`."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    c = Checklist
    mots = (un_de(session, mot, c.nom, c.type_equipement) for mot in plier(query.texte).split())
    requete = sa.select(c.id).where(c.is_active.is_(True), *portee(acteur, c.agence_id), *mots)
    cle = c.type_equipement if query.tri == "type_equipement" else c.nom
    requete = ordonner(requete, [cle_texte(session, cle)], c.id, descendant=query.descendant)
    return requete.limit(query.limite)


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[ChecklistLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    c, p, lignes = Checklist, PointChecklist, {}
    nombre = sa.select(sa.func.count()).where(p.checklist_id == c.id, de_la_version(c.version)).correlate(c)
    for paquet in paquets(ids):
        demande = sa.select(c.id, c.nom, c.type_equipement, c.version, nombre.scalar_subquery())
        for lue in session.execute(demande.where(c.id.in_(paquet), *portee(acteur, c.agence_id))):
            lignes[lue.id] = ChecklistLigne(*lue)
    return dans_l_ordre(ids, lignes)
