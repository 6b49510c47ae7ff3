"""Life of an intervention: transitions, audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import sla
from erp_desktop.domain.enums import AncrePlanning, MotifAttente, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.domain.transitions import LIBELLES, REOUVERTURE, SUIVANTS, Faits, check, stamps
from erp_desktop.domain.writing import typography
from erp_desktop.errors import NotAllowedError, TransitionError
from erp_desktop.models import (
    Client,
    CodePanne,
    Contrat,
    Depot,
    Equipement,
    HistoriqueIntervention,
    Intervention,
    Occurrence,
    Planning,
    User,
)
from erp_desktop.registry import technicien_names
from erp_desktop.services.checklists import answers
from erp_desktop.services.interventions import failures, waits
from erp_desktop.services.interventions.busy import occupant, occupe_par
from erp_desktop.services.interventions.form import est_a, ouvrir, ouvrir_avec
from erp_desktop.services.interventions.linked import un
from erp_desktop.services.planning.slots import live, revive
from erp_desktop.services.preventif import generation
from erp_desktop.services.shared import trace, wording
from erp_desktop.services.shared.clocks import Horloges, horaire_de, pauses
from erp_desktop.services.shared.common import d_un_trait, ecrire

ACTIONS = {
    "creation": "Création",
    "statut": "Changement de statut",
    "modification": "Modification",
    "ligne_ajoutee": "Ligne ajoutée",
    "ligne_modifiee": "Ligne modifiée",
    "ligne_retiree": "Ligne retirée",
    "temps_ajoute": "Temps noté",
    "temps_retire": "Temps retiré",
    "document_joint": "Document joint",
    "importation": "Importation",
    "echeance": "Échéance recalculée",
    "planification": "Planification",
    "imputation": "Imputation",
}
_TOLD_OF = ("interventions", "lignes_intervention", "temps", "documents")
"""Tables whose fields the history of an intervention tells of."""
_AT_THE_SOURCE = {"numero_source": "N° à la source"}
"""What an import notes besides."""
_REFERENCES: dict[str, Any] = {
    "equipement_id": (Equipement.id, Equipement.nom),
    "client_id": (Client.id, Client.nom_entreprise),
    "contrat_id": (Contrat.id, Contrat.numero_contrat),
    "depot_id": (Depot.id, Depot.nom),
    **dict.fromkeys(failures.FIELDS, (CodePanne.id, CodePanne.libelle)),
}


def _label(champ: str) -> str:
    known = (wording.field(table, champ) for table in _TOLD_OF)
    return next((field.label for field in known if field is not None), _AT_THE_SOURCE.get(champ, champ))


@dataclass(frozen=True, slots=True)
class TransitionOffre:
    """A direct transition; ``raison`` is French and empty when it is allowed.

    ``saisie``: what the record lacks refuses it, not the role; what is typed and not saved yet may give that.
    """

    vers: Statut
    permis: bool
    raison: str
    saisie: bool = False


@dataclass(frozen=True, slots=True)
class Retour:
    """A transition just taken: columns as they were, how many audit rows it left, slots that it took off."""

    id: int
    de: Statut
    vers: Statut
    avant: dict[str, Any]
    traces: int
    creneaux: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoriqueInfo:
    """One change: an audit row that tells several fields gives one entry for each.

    Author and instant are what the poste says. The centre only checks that such a person works in that agency.

    Attributes:
        poste: where it was written; 0 or None is the centre or a stand-alone desktop.
        recu_a: when the centre received it, by its own clock; None until then.
    """

    horodatage: datetime
    auteur: str | None
    action: str
    champ: str | None
    avant: str | None
    apres: str | None
    remarque: str | None
    poste: int | None = None
    recu_a: datetime | None = None


def _faits(session: Session, ligne: Intervention, occupe: str | None) -> Faits:
    return Faits(
        technicien=ligne.technicien_id is not None,
        diagnostic=ligne.diagnostic,
        travaux_realises=ligne.travaux_realises,
        date_debut=ligne.date_debut_travaux,
        date_fin=ligne.date_fin_travaux,
        occupe_par=occupe,
        sans_reponse=answers.sans_reponse(session, ligne) if ligne.statut == Statut.EN_COURS else (),
    )


def _refus_de_role(session: Session, acteur: Acteur, ligne: Intervention, vers: Statut) -> str | None:
    droit = roles.droit_transition(Statut(ligne.statut), vers)
    if not roles.peut(acteur.role, droit):
        return f"votre rôle ne permet pas {typography.de(droit.value)}."
    if not roles.peut(acteur.role, roles.Droit.INTERVENTION_ECRIRE) and not est_a(session, acteur, ligne):
        return "cette intervention ne vous est pas affectée."
    return None


def transitions(session: Session, acteur: Acteur, id: int) -> list[TransitionOffre]:  # noqa: A002
    """Every direct transition, allowed or with the reason why not."""
    i = Intervention
    sien = sa.select(i.technicien_id).where(i.id == id).scalar_subquery()
    ligne, occupe = ouvrir_avec(session, acteur, id, lambda s: s.scalar(occupant(sien, id)))
    faits = _faits(session, ligne, occupe)
    offres = []
    for vers in SUIVANTS[Statut(ligne.statut)]:
        role = _refus_de_role(session, acteur, ligne, vers)
        raison = role or check(Statut(ligne.statut), vers, faits)
        offres.append(TransitionOffre(vers, raison is None, raison or "", raison is not None and role is None))
    return offres


def changer_statut(
    session: Session, acteur: Acteur, id: int, vers: Statut, remarque: str = "",  # noqa: A002
    motif: MotifAttente = MotifAttente.AUTRE,
) -> Retour:  # fmt: skip
    """Take one transition: stamps, the deadline after a pause, and (by the database) its audit row.

    Args:
        remarque: kept in the audit; the reason, without which a closed intervention is not opened again.
        motif: why it waits from now on; of no other transition.

    Returns:
        what :func:`revenir` needs to go back.

    Raises:
        NotAllowedError: the role may not.
        ValidationError: reopened without a reason.
        TransitionError: the state machine refuses, with the reason.
    """
    ligne = ouvrir(session, acteur, id, pour_ecrire=True)
    de, vers = Statut(ligne.statut), Statut(vers)
    refus = _refus_de_role(session, acteur, ligne, vers)
    if refus:
        raise NotAllowedError(refus[0].upper() + refus[1:])
    reprise = de is Statut.EN_ATTENTE and vers is Statut.EN_COURS and ligne.date_limite is not None
    a_clore = vers is Statut.CLOTUREE and ligne.duree_reelle is None
    faits, arrets, horloges, contrat, attend, vivants = abreast(
        session,
        lambda s: _faits(s, ligne, occupe_par(s, ligne)),
        lambda s: pauses(s, id) if reprise or a_clore else [],
        lambda s: Horloges(s) if reprise or a_clore else None,
        partial(un, Contrat, ligne.contrat_id if reprise else None),
        lambda s: waits.running(s, id) if de is Statut.EN_ATTENTE else [],
        lambda s: live(s, id) if vers is Statut.OUVERTE else (),
    )  # fmt: skip
    raison = check(de, vers, faits)
    if raison:
        raise TransitionError(raison[0].upper() + raison[1:])
    exige = "Donnez le motif de la réouverture." if (de, vers) == REOUVERTURE else ""
    remarque = mots.lire(remarque, "remarque", mots.REMARQUE, exige=exige)
    maintenant = clock.now()
    trace.annoncer(session, acteur, remarque)
    if reprise and ligne.date_limite is not None and arrets and arrets[-1][1] is None:
        horaire = horaire_de(session, ligne, contrat, horloges)
        ligne.date_limite = sla.prolonger(horaire, ligne.date_limite, arrets[-1][0], maintenant)
    ecrits = stamps(de, vers, faits, maintenant)
    avant = {champ: getattr(ligne, champ) for champ in ecrits}
    ligne.statut = vers.value
    for champ, valeur in ecrits.items():
        setattr(ligne, champ, valeur)
    if de is Statut.EN_ATTENTE:
        waits.end(ligne, attend, maintenant)
    if vers is Statut.EN_ATTENTE:
        waits.begin(session, acteur, ligne, motif, remarque, maintenant)
    if a_clore and ligne.date_debut_travaux and ligne.date_fin_travaux:
        horaire = horloges.de(ligne.agence_id)
        ligne.duree_reelle = sla.duree_active(horaire, ligne.date_debut_travaux, ligne.date_fin_travaux, arrets)
    with d_un_trait(session) as trait:
        trait.asked = _traces(id)
    if vers is Statut.CLOTUREE and ligne.occurrence_id is not None:
        _suite_du_preventif(session, acteur, ligne)
    if vivants:
        # Without a technicien they are planned no more, nor is the intervention.
        session.refresh(ligne, ["date_planifiee", "zone_planifiee"])
    return Retour(id, de, vers, avant, trait.answer, vivants)


def _suite_du_preventif(session: Session, acteur: Acteur, ligne: Intervention) -> None:
    """The next visit of a plan that counts from the closing of this one."""
    plan = session.scalar(
        sa.select(Planning).join(Occurrence, Occurrence.planning_id == Planning.id)
        .where(Occurrence.id == ligne.occurrence_id, Planning.ancre == AncrePlanning.CLOTURE)
    )  # fmt: skip
    if plan is not None:
        generation.suivre(session, acteur, [plan])


def traces(session: Session, id: int) -> int:  # noqa: A002
    return session.execute(_traces(id)).scalar_one()


def _traces(id: int) -> sa.Select[int]:  # noqa: A002
    return sa.select(sa.func.count()).where(HistoriqueIntervention.intervention_id == id)


def revenir(session: Session, acteur: Acteur, retour: Retour) -> None:
    """Go back by an ordinary transition, while nothing followed the first one.

    Raises:
        TransitionError: something followed it, or no transition leads back; the sentence says which.
        NotAllowedError: the way back is not open to this role.
    """
    ligne = ouvrir(session, acteur, retour.id, pour_ecrire=True)
    if ligne.statut != retour.vers or traces(session, retour.id) != retour.traces:
        raise TransitionError("Cette intervention a changé depuis : le statut n'est pas défait.")
    if retour.de is Statut.AFFECTEE:
        # Taken off with the assignment; without it the way back would be refused.
        ligne.technicien_id = ligne.technicien_id or retour.avant.get("technicien_id")
        revive(session, retour.creneaux)
    avant = {"technicien_id": ligne.technicien_id, **retour.avant}
    fait = changer_statut(session, acteur, retour.id, retour.de, "Changement de statut défait aussitôt")
    if fait.creneaux:
        # Open with a technicien and a plan it was: the way back took both off.
        revive(session, fait.creneaux)
    for champ, valeur in avant.items():
        setattr(ligne, champ, valeur)
    if retour.vers is Statut.EN_ATTENTE:
        waits.forget_last(session, retour.id)
    elif retour.de is Statut.EN_ATTENTE:
        waits.reopen_last(session, ligne)
    ecrire(session)
    session.refresh(ligne, ["technicien_id", "date_planifiee", "zone_planifiee"])


def _noms(session: Session, lignes: list[Any]) -> dict[tuple[str, int], str]:
    """Labels of the rows that audit values point to."""
    cherches: dict[str, set[int]] = {}
    for ligne in lignes:
        for valeurs in (ligne.ancienne_valeur, ligne.nouvelle_valeur):
            for champ, valeur in (valeurs or {}).items():
                if champ.endswith("_id") and isinstance(valeur, int):
                    cherches.setdefault(champ, set()).add(valeur)
    noms: dict[tuple[str, int], str] = {}
    for champ, idents in cherches.items():
        if champ == "technicien_id":
            noms.update({(champ, ident): nom for ident, nom in technicien_names.noms(session, idents).items()})
            continue
        if champ in _REFERENCES:
            cle, nom = _REFERENCES[champ]
            requete = sa.select(cle, nom).where(cle.in_(idents))
        else:
            continue
        noms.update({(champ, ident): nom for ident, nom in session.execute(requete)})
    return noms


def _dire(champ: str, valeur: Any, noms: dict[tuple[str, int], str]) -> str | None:
    if valeur is None:
        return None
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, int) and (champ, valeur) in noms:
        return noms[champ, valeur]
    if champ == "statut":
        return LIBELLES[Statut(valeur)].capitalize()
    if isinstance(valeur, str) and (champ.startswith("date_") or champ in {"debut", "fin", "signe_le"}):
        return clock.local(clock.from_text(valeur)).strftime("%d/%m/%Y %H:%M")
    return str(valeur)


def historique(session: Session, acteur: Acteur, id: int) -> list[HistoriqueInfo]:  # noqa: A002
    """Who did what and when, newest first, values in words."""
    h = HistoriqueIntervention
    requete = (
        sa.select(
            h.horodatage,
            h.action,
            h.ancienne_valeur,
            h.nouvelle_valeur,
            h.remarque,
            h.poste,
            h.recu_a,
            User.full_name,
        )
        .outerjoin(User, User.id == h.user_id)
        .where(h.intervention_id == id)
        .order_by(h.horodatage.desc(), h.id.desc())
    )
    _, lues = ouvrir_avec(session, acteur, id, lambda s: s.execute(requete).all())
    noms = _noms(session, lues)
    infos = []
    for ligne in lues:
        action = ACTIONS.get(ligne.action, ligne.action.replace("_", " ").capitalize())
        avant, apres = ligne.ancienne_valeur or {}, ligne.nouvelle_valeur or {}
        # By its mark an import knows its line again; nobody reads it.
        champs: list[str | None] = [c for c in dict.fromkeys([*avant, *apres]) if c != "reference"] or [None]
        infos += [
            HistoriqueInfo(
                ligne.horodatage,
                ligne.full_name,
                action,
                _label(champ) if champ else None,
                _dire(champ, avant.get(champ), noms) if champ else None,
                _dire(champ, apres.get(champ), noms) if champ else None,
                ligne.remarque,
                ligne.poste,
                ligne.recu_a,
            )
            for champ in champs
        ]
    return infos
