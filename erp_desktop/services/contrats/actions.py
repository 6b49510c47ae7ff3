"""What a responsable does with a contract: validate, suspend, take up again, end, renew."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.models import Contrat, ContratPeriode
from erp_desktop.services import calendrier
from erp_desktop.services.contrats import following
from erp_desktop.services.shared import quotas, trace
from erp_desktop.services.shared.common import appliquer, charger, ecrire


@dataclass(frozen=True, slots=True)
class ActeOffert:
    """Something to do with a contract; ``raison`` is French and empty when it is allowed.

    Attributes:
        vers: the statut that it leads to; None renews.
    """

    vers: StatutContrat | None
    permis: bool
    raison: str = ""


@dataclass(frozen=True, slots=True)
class Retour:
    """What an act changed, to take it back: the columns before, the period that it added."""

    id: int
    avant: dict[str, Any]
    apres: dict[str, Any]
    periodes: list[int] = field(default_factory=list)


def _raison(ligne: Contrat, acteur: Acteur, vers: StatutContrat | None) -> str:
    if not roles.peut(acteur.role, roles.Droit.VALIDER):
        return "Réservé aux responsables."
    if vers is None and ligne.date_fin is None:
        return "Ce contrat n'a pas de fin."
    if vers is StatutContrat.EN_COURS and ligne.date_fin is not None and ligne.date_fin < clock.today():
        return "Sa fin est passée : changez-la d'abord."
    return ""


def offres(session: Session, acteur: Acteur, id: int) -> list[ActeOffert]:  # noqa: A002
    """What can be done with the contract today, in the order of its life."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    ligne = charger(session, acteur, Contrat, id, "ce contrat")
    etat = cycle.effectif(ligne.statut, ligne.date_fin, clock.today())
    vers: list[StatutContrat | None] = list(cycle.SUIVANTS[etat])
    if etat in (StatutContrat.EN_COURS, StatutContrat.EXPIRE):
        vers.insert(0, None)
    return [ActeOffert(v, not raison, raison) for v in vers for raison in [_raison(ligne, acteur, v)]]


def barre(session: Session, acteur: Acteur, id: int) -> tuple[list[ActeOffert], int | None]:  # noqa: A002
    """What can be done, and the percent that is used up of the present period's quota."""
    offerts, parts = abreast(
        session, lambda s: offres(s, acteur, id), lambda s: quotas.parts(s, [id], clock.today())
    )  # fmt: skip
    return offerts, parts.get(id)


def changer_statut(
    session: Session,
    acteur: Acteur,
    id: int,  # noqa: A002
    vers: StatutContrat,
    motif: str = "",
    le: date | None = None,
) -> Retour:
    """Take a contract further in its life; deadlines of its open work follow.

    Args:
        motif: why it is suspended or ended; obligatory then.
        le: the day from which it is ended; today when left out.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    ligne = charger(session, acteur, Contrat, id, "ce contrat", ecrire=True)
    etat = cycle.effectif(ligne.statut, ligne.date_fin, clock.today())
    if vers not in cycle.SUIVANTS[etat]:
        raise TransitionError("Ce changement de statut ne suit pas les étapes d'un contrat.")
    if raison := _raison(ligne, acteur, vers):
        raise TransitionError(raison)
    motif = mots.lire(motif, "motif", exige="Donnez le motif." if vers in cycle.AVEC_MOTIF else "")
    resiliation = (le or clock.today()) if vers is StatutContrat.RESILIE else None
    if resiliation is not None and resiliation < ligne.date_debut:
        raise ValidationError({"date_resiliation": "La résiliation précède le début du contrat."})
    ecrits: dict[str, Any] = {
        "statut": vers.value, "motif": motif or None, "date_resiliation": resiliation,
    }  # fmt: skip
    premiere = None
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"contrat {ligne.numero_contrat}", acteur, contrat_id=id):
        avant, apres = appliquer(ligne, ecrits)
        if etat is StatutContrat.BROUILLON:
            premiere = premiere_periode(session, ligne, acteur.user_id)
    ecrire(session)
    suivantes = following.follow(session, id).get(id, [])
    return Retour(id, avant, apres, [premiere.id, *suivantes] if premiere else suivantes)


def premiere_periode(session: Session, ligne: Contrat, user_id: int | None) -> ContratPeriode | None:
    """The first year, when nobody laid periods out and the contract says what it includes."""
    p = ContratPeriode
    if session.scalar(sa.select(p.id).where(p.contrat_id == ligne.id).limit(1)) is not None:
        return None
    if ligne.nb_interventions_incluses is None and ligne.heures_incluses is None:
        return None
    an = cycle.suite(ligne.date_debut - cycle.UN_JOUR, 12)[1]
    premiere = ContratPeriode(
        contrat_id=ligne.id, agence_id=ligne.agence_id, numero=1, du=ligne.date_debut,
        au=min(an, ligne.date_fin) if ligne.date_fin else an, created_by_id=user_id,
        interventions_incluses=ligne.nb_interventions_incluses, heures_incluses=ligne.heures_incluses,
        montant=ligne.montant_annuel,
    )  # fmt: skip
    session.add(premiere)
    session.flush()
    return premiere


def renouveler(session: Session, acteur: Acteur, id: int) -> Retour:  # noqa: A002
    """Carry a contract on from its end for its length (a year when it says none), with the quota of its last period.

    Machines whose cover ends with it are carried on too.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    ligne = charger(session, acteur, Contrat, id, "ce contrat", ecrire=True)
    etat = cycle.effectif(ligne.statut, ligne.date_fin, clock.today())
    if etat not in (StatutContrat.EN_COURS, StatutContrat.EXPIRE):
        raise TransitionError("Seul un contrat en cours ou expiré se renouvelle.")
    if raison := _raison(ligne, acteur, None):
        raise TransitionError(raison)
    assert ligne.date_fin is not None  # noqa: S101 - said by _raison
    trace.annoncer(session, acteur)
    du, au = cycle.suite(ligne.date_fin, ligne.duree_mois or 12)
    p = ContratPeriode
    connues = list(session.scalars(sa.select(p).where(p.contrat_id == id).order_by(p.au.desc(), p.numero.desc())))
    suivante = None
    # Where the last one does not reach the former end, those between follow by themselves.
    if connues and du - cycle.UN_JOUR <= connues[0].au < au:
        modele, (mois, dernier) = connues[0], following.length(session, id)
        suivante = ContratPeriode(
            contrat_id=id, agence_id=ligne.agence_id, numero=dernier + 1, du=modele.au + cycle.UN_JOUR,
            au=min(au, cycle.suite(modele.au, mois)[1]), interventions_incluses=modele.interventions_incluses,
            heures_incluses=modele.heures_incluses, montant=modele.montant, created_by_id=acteur.user_id,
        )  # fmt: skip
        session.add(suivante)
    with calendrier.changement(session, f"contrat {ligne.numero_contrat}", acteur, contrat_id=id):
        avant, apres = appliquer(ligne, {"date_fin": au, "statut": StatutContrat.EN_COURS.value})
        following.covers(session, ligne, du - cycle.UN_JOUR)
    ecrire(session)
    return Retour(id, avant, apres, [suivante.id] if suivante is not None else [])


def revenir(session: Session, acteur: Acteur, retour: Retour) -> None:
    """Take an act back while the contract still is as the act left it.

    Raises:
        NotAllowedError, TransitionError
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    ligne = charger(session, acteur, Contrat, retour.id, "ce contrat", ecrire=True)
    if any(getattr(ligne, champ) != valeur for champ, valeur in retour.apres.items()):
        raise TransitionError("Ce contrat a changé depuis : cet acte ne se défait plus.")
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"contrat {ligne.numero_contrat}", acteur, contrat_id=retour.id):
        fin = ligne.date_fin
        appliquer(ligne, retour.avant)
        following.covers(session, ligne, fin)
        for ident in retour.periodes:
            if (periode := session.get(ContratPeriode, ident)) is not None:
                session.delete(periode)
    ecrire(session)
