"""Meters of machines and their readings, which only go up unless the meter was reset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Instant, Saisie, _nombre, _texte
from erp_desktop.errors import ValidationError
from erp_desktop.models import Compteur, Equipement, Releve, User
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire, refuser_doublon

PLUS_BAS = "Le dernier relevé est de {valeur} : cochez « Remise à zéro » si le compteur a été changé."


class CompteurInput(Saisie):
    """A meter of a machine."""

    nom: Annotated[str, Field(min_length=1, max_length=60)]
    unite: Annotated[str, Field(min_length=1, max_length=12)] = "h"


class ReleveInput(Saisie):
    """A reading; now when ``releve_a`` is left out."""

    valeur: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=3), _nombre(3)]
    releve_a: Instant | None = None
    remise_a_zero: bool = False
    remarque: str | None = _texte(200)


@dataclass(frozen=True, slots=True)
class CompteurInfo:
    """A meter with its last reading."""

    id: int
    equipement_id: int
    nom: str
    unite: str
    index_lu: Decimal | None
    releve_a: datetime | None


@dataclass(frozen=True, slots=True)
class ReleveInfo:
    """A reading; ``ecart`` is what the meter ran since the one before."""

    id: int
    index_lu: Decimal
    ecart: Decimal | None
    releve_a: datetime
    remise_a_zero: bool
    remarque: str | None
    auteur: str | None


@dataclass(frozen=True, slots=True)
class Parcours:
    """What a meter ran since a day, resets counted through, and the local day of its last reading."""

    depuis: Decimal
    releve_le: date


def lister(session: Session, acteur: Acteur, equipement_id: int) -> list[CompteurInfo]:
    """The meters of a machine, by name."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Equipement, equipement_id, "cet équipement")
    k = Compteur
    compteurs = session.scalars(
        sa.select(k).where(k.equipement_id == equipement_id, k.is_active.is_(True)).order_by(k.nom, k.id)
    )
    infos = []
    for c in compteurs:
        dernier = _dernier(session, c.id, clock.now())
        infos.append(
            CompteurInfo(
                c.id, c.equipement_id, c.nom, c.unite, dernier.index_lu if dernier else None,
                dernier.releve_a if dernier else None,
            )
        )  # fmt: skip
    return infos


def ajouter(session: Session, acteur: Acteur, equipement_id: int, saisie: CompteurInput) -> int:
    """Give a machine a meter.

    Raises:
        NotAllowedError, NotFoundError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    machine = charger(session, acteur, Equipement, equipement_id, "cet équipement", ecrire=True)
    refuser_doublon(session, Compteur.nom, saisie.nom, None, Compteur.nom,
                    "Cet équipement a déjà un compteur de ce nom.",
                    Compteur.equipement_id == equipement_id)  # fmt: skip
    trace.annoncer(session, acteur)
    ligne = Compteur(**saisie.model_dump(), equipement_id=equipement_id, agence_id=machine.agence_id,
                     created_by_id=acteur.user_id)  # fmt: skip
    session.add(ligne)
    ecrire(session)
    return ligne.id


def _dernier(session: Session, compteur_id: int, quand: datetime) -> Releve | None:
    r = Releve
    return session.scalar(
        sa.select(r).where(r.compteur_id == compteur_id, r.releve_a <= quand)
        .order_by(r.releve_a.desc(), r.id.desc()).limit(1)
    )  # fmt: skip


def relever(
    session: Session, acteur: Acteur, compteur_id: int, saisie: ReleveInput, *, intervention_id: int | None = None
) -> int:
    """Write a reading down; :func:`services.preventif.relever` also makes the visits that it calls for.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_EXECUTER)
    compteur = charger(session, acteur, Compteur, compteur_id, "ce compteur")
    maintenant = clock.now()
    quand = saisie.releve_a or maintenant
    if quand > maintenant:
        raise ValidationError({"releve_a": "Un relevé n'est pas à venir."})
    avant = _dernier(session, compteur_id, quand)
    if avant is not None and not saisie.remise_a_zero and saisie.valeur < avant.index_lu:
        raise ValidationError({"valeur": PLUS_BAS.format(valeur=f"{avant.index_lu.normalize():f} {compteur.unite}")})
    trace.annoncer(session, acteur)
    ligne = Releve(
        agence_id=compteur.agence_id, compteur_id=compteur_id, index_lu=saisie.valeur, releve_a=quand,
        remise_a_zero=saisie.remise_a_zero, remarque=saisie.remarque, intervention_id=intervention_id,
        created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(ligne)
    ecrire(session)
    return ligne.id


def releves(session: Session, acteur: Acteur, compteur_id: int, limite: int = 50) -> list[ReleveInfo]:
    """The last readings, newest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Compteur, compteur_id, "ce compteur")
    r = Releve
    lus = list(
        session.execute(
            sa.select(r, User.full_name).outerjoin(User, User.id == r.created_by_id)
            .where(r.compteur_id == compteur_id).order_by(r.releve_a.desc(), r.id.desc()).limit(limite + 1)
        )
    )  # fmt: skip
    infos = []
    for n, (ligne, auteur) in enumerate(lus[:limite]):
        avant = lus[n + 1][0].index_lu if n + 1 < len(lus) else None
        ecart = None if avant is None else _pas(avant, ligne.index_lu, remise=ligne.remise_a_zero)
        infos.append(ReleveInfo(ligne.id, ligne.index_lu, ecart, ligne.releve_a, ligne.remise_a_zero, ligne.remarque,
                                auteur))  # fmt: skip
    return infos


def _pas(avant: Decimal, apres: Decimal, *, remise: bool) -> Decimal:
    return apres if remise else max(apres - avant, Decimal(0))


def parcourus(session: Session, compteur_id: int, depuis: date) -> Parcours | None:
    """What the meter ran since a day: its first reading from then on, or the last one before it, counts as zero."""
    r = Releve
    lus = list(
        session.execute(
            sa.select(r.index_lu, r.releve_a, r.remise_a_zero).where(r.compteur_id == compteur_id)
            .order_by(r.releve_a, r.id)
        )
    )  # fmt: skip
    if not lus:
        return None
    total, avant = Decimal(0), None
    for index_lu, quand, remise in lus:
        if avant is not None and clock.local(quand).date() >= depuis:
            total += _pas(avant, index_lu, remise=remise)
        avant = index_lu
    return Parcours(total, clock.local(lus[-1].releve_a).date())
