"""The rows of due dates that are made: each with its intervention, as the model of its plan says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import (
    EtatOccurrence,
    Statut,
    StatutDepot,
    TypeDepot,
    TypeLigne,
)
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import rythme
from erp_desktop.models import (
    Agence,
    Checklist,
    Depot,
    Equipement,
    Intervention,
    LigneIntervention,
    Occurrence,
    PieceDetachee,
    Planning,
    PlanningPiece,
)
from erp_desktop.services.checklists import models as checklists
from erp_desktop.services.interventions import numbers
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.shared.lists import paquets
from erp_desktop.services.shared.proposals import proposer


def occurrence(acteur: Acteur, plan: Planning, cle: str, prevue: date, horaire: sla.Horaire) -> Occurrence:
    return Occurrence(
        agence_id=plan.agence_id, planning_id=plan.id, cle=cle, date_prevue=prevue,
        date_cible=rythme.decaler(prevue, plan.report_ferie, horaire.ouvert), etat=EtatOccurrence.GENEREE.value,
        created_by_id=acteur.user_id or None,
    )  # fmt: skip


def limite(plan: Planning, cible: date, horaire: sla.Horaire) -> datetime:
    """Until when a visit is on time: the closing hour of the last day of its tolerance."""
    dernier = cible + timedelta(days=plan.tolerance_apres or 0)
    ouvertures = horaire.ouvertures(dernier)
    if ouvertures:
        return ouvertures[-1][1]
    return datetime.combine(dernier, time(23, 59), horaire.zone).astimezone(UTC)


def creer(
    session: Session, acteur: Acteur, faites: list[tuple[Planning, Occurrence]], horloges: Horloges
) -> list[int]:
    """Insert due dates with their interventions, lines and first audit rows; the identifiers of the interventions."""
    if not faites:
        return []
    # One instant for both stamps: whoever works on the row later is told from whoever made it.
    maintenant = clock.now()
    for _, occurrence in faites:
        occurrence.created_at = occurrence.updated_at = maintenant
        session.add(occurrence)
    session.flush()
    numeros = _numeros(session, [plan.agence_id or 0 for plan, _ in faites], clock.local(maintenant).year)
    machines = {p.equipement_id for p, _ in faites}
    modeles = {e.id: e for e in session.scalars(sa.select(Equipement).where(Equipement.id.in_(machines)))}
    plans = {p.id: p for p, _ in faites}
    listes = {
        p.id: session.get(Checklist, p.checklist_id) if p.checklist_id is not None
        else checklists.pour(session, p.agence_id, modeles[p.equipement_id].type_equipement)
        for p in plans.values()
    }  # fmt: skip
    contrats = {m: next((p.contrat_id for p in proposer(session, acteur, m) if p.sure), None) for m in machines}
    visites = []
    for plan, occurrence in faites:
        liste = listes[plan.id]
        visites.append(
            Intervention(
                agence_id=plan.agence_id, numero=numeros[plan.agence_id or 0].pop(0), titre=plan.modele_titre,
                description=plan.modele_description, type=plan.modele_type, statut=Statut.OUVERTE.value,
                priorite=plan.modele_priorite, urgence=plan.modele_priorite == "urgente",
                equipement_id=plan.equipement_id, client_id=modeles[plan.equipement_id].client_id,
                contrat_id=contrats[plan.equipement_id], technicien_id=plan.technicien_prefere_id,
                date_creation=maintenant, duree_estimee=plan.modele_duree_estimee,
                date_limite=limite(plan, occurrence.date_cible, horloges.de(plan.agence_id)),
                occurrence_id=occurrence.id, checklist_id=liste.id if liste else None,
                checklist_version=liste.version if liste else None, created_by_id=acteur.user_id or None,
                created_at=maintenant, updated_at=maintenant,
            )
        )  # fmt: skip
    session.add_all(visites)
    ecrire(session)
    for (_, occurrence), visite in zip(faites, visites, strict=True):
        trace.noter(session, acteur, visite, "creation", None, {"numero": visite.numero, "titre": visite.titre},
                    f"Préventif : échéance du {occurrence.date_prevue:%d/%m/%Y}")  # fmt: skip
    _pieces(session, acteur, faites, visites, maintenant)
    ecrire(session)
    return [v.id for v in visites]


def _numeros(session: Session, agences: Sequence[int], annee: int) -> dict[int, list[str]]:
    """The next numbers of each agency, as many as it needs."""
    codes = dict(session.execute(sa.select(Agence.id, Agence.code).where(Agence.id.in_(set(agences)))).all())
    return {
        ident: numbers.tirer(session, codes[ident], annee, agences.count(ident)) for ident in dict.fromkeys(agences)
    }


def _pieces(
    session: Session,
    acteur: Acteur,
    faites: list[tuple[Planning, Occurrence]],
    visites: list[Intervention],
    maintenant: datetime,
) -> None:
    """The parts of the model, set aside in the agency's first open store."""
    q = PlanningPiece
    modeles: dict[int, list[tuple[PlanningPiece, PieceDetachee]]] = {}
    for paquet in paquets(sorted({p.id for p, _ in faites})):
        requete = sa.select(q, PieceDetachee).join(PieceDetachee, PieceDetachee.id == q.piece_id)
        for modele, piece in session.execute(requete.where(q.planning_id.in_(paquet)).order_by(q.id)):
            modeles.setdefault(modele.planning_id, []).append((modele, piece))
    if not modeles:
        return
    d = Depot
    depots = dict(
        session.execute(
            sa.select(d.agence_id, sa.func.min(d.id))
            .where(d.type_depot == TypeDepot.AGENCE, d.statut == StatutDepot.OUVERT, d.is_active.is_(True))
            .group_by(d.agence_id)
        ).all()
    )
    for (plan, _), visite in zip(faites, visites, strict=True):
        depot = depots.get(plan.agence_id)
        for modele, piece in modeles.get(plan.id, []):
            session.add(
                LigneIntervention(
                    agence_id=plan.agence_id, intervention_id=visite.id, type_ligne=TypeLigne.PIECE.value,
                    piece_id=piece.id, designation=piece.designation, quantite=modele.quantite,
                    prix_unitaire=piece.prix_unitaire or Decimal(0), taux_tva=piece.taux_tva, depot_id=depot,
                    prevue=True, planning_piece_id=modele.id, created_by_id=acteur.user_id or None,
                    created_at=maintenant, updated_at=maintenant,
                )
            )  # fmt: skip
    # Nothing to reserve from: the line says so by having no depot, and whoever takes the part chooses one.
