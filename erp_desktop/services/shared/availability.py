"""Finding a technicien by name, and whether they are really free."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.domain.enums import Disponibilite, Statut, StatutAbsence, TypeAbsence
from erp_desktop.models import Absence, Agence, Intervention, Technicien, User
from erp_desktop.services.shared.lists import contient

_DUREE = timedelta(hours=1)
"""What a planned intervention takes when nobody estimated it."""
_A_FAIRE = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)
_PRECISE = re.compile(r"(.+?) \(([^()]*)\)")


def appele(session: Session, valeur: str) -> sa.ColumnElement[bool]:
    """Condition on ``techniciens`` joined to ``users`` and ``agences``: a name or badge as typed, or as
    ``registry.technicien_names`` writes it."""
    precise = _PRECISE.fullmatch(valeur)
    mots = (precise[1] if precise else valeur).split()
    nom = sa.and_(*(contient(session, User.full_name, mot) for mot in mots))
    if precise is None:
        return sa.or_(nom, contient(session, Technicien.numero_badge, valeur))
    traits = [trait.strip() for trait in precise[2].split(",") if trait.strip()]
    codes = (sa.func.lower(Agence.code), sa.func.lower(Technicien.numero_badge))
    return sa.and_(nom, *(sa.or_(*(code == trait for code in codes)) for trait in traits))


def disponibilite() -> sa.ColumnElement[str]:
    """The availability that is true now: an accepted absence says it, else who said to be free and is at work on an
    intervention is busy."""
    t, i = Technicien, aliased(Intervention)
    au_travail = sa.exists().where(i.technicien_id == t.id, i.statut == Statut.EN_COURS).correlate(t)
    libre = t.disponibilite == Disponibilite.DISPONIBLE
    return sa.case(
        (_absent(TypeAbsence.CONGE, TypeAbsence.MALADIE), Disponibilite.CONGE.value),
        (_absent(TypeAbsence.FORMATION), Disponibilite.FORMATION.value),
        (_absent(TypeAbsence.AUTRE), Disponibilite.INDISPONIBLE.value),
        (sa.and_(libre, au_travail), Disponibilite.OCCUPE.value),
        else_=t.disponibilite,
    )


def _absent(*types: TypeAbsence) -> sa.ColumnElement[bool]:
    """Away at this moment; what repeats every week is the planning's alone."""
    a, now = aliased(Absence), clock.now()
    return (
        sa.exists()
        .where(a.technicien_id == Technicien.id, a.statut == StatutAbsence.ACCEPTEE, a.type.in_(types),
               a.debut <= now, a.fin > now, a.recurrence.is_(None))
        .correlate(Technicien)
    )  # fmt: skip


def charge(session: Session, ids: list[int], quand: datetime | None = None) -> dict[int, tuple[int, int]]:
    """Technicien → (interventions under way, interventions planned over the hour of ``quand``)."""
    i = Intervention
    en_cours = dict.fromkeys(ids, 0)
    prevues = dict.fromkeys(ids, 0)
    compte = sa.select(i.technicien_id, sa.func.count()).group_by(i.technicien_id)
    compte = compte.where((i.technicien_id + 0).in_(ids))
    for ident, nombre in session.execute(compte.where(i.statut == Statut.EN_COURS)):
        if ident is not None:
            en_cours[ident] = nombre
    if quand is not None:
        demande = sa.select(i.technicien_id, i.date_planifiee, i.duree_estimee).where(
            i.technicien_id.in_(ids), i.statut.in_(_A_FAIRE),
            i.date_planifiee > quand - timedelta(days=1), i.date_planifiee < quand + _DUREE,
        )  # fmt: skip
        for ident, debut, duree in session.execute(demande):
            if ident is not None and debut is not None:
                prevues[ident] += debut + (timedelta(minutes=duree) if duree else _DUREE) > quand
    return {ident: (en_cours[ident], prevues[ident]) for ident in ids}
