"""From plans to visits: which due dates there should be, and the interventions of those that are not there.

Each date has a key that says which one it is (``Occurrence.cle``), the same wherever and whenever it is made: the
rule's date, the visit that it follows, or the step of the meter. Two desktops and the centre that generate one while
they are cut off from each other make one row after the exchange, and one intervention (``registry.policies``).

The centre generates far ahead, so that branches have the visits long before they are due; a device only makes those
beyond what the centre has done, and those that follow from what happened here: a closing, a reading, a plan changed
or taken up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.domain.enums import (
    AncrePlanning,
    EtatOccurrence,
    Statut,
    StatutEquipement,
    StatutPlanning,
)
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import rythme
from erp_desktop.models import (
    Creneau,
    Document,
    Equipement,
    Intervention,
    Occurrence,
    Planning,
    ReponseChecklist,
)
from erp_desktop.models.local import sync_meta
from erp_desktop.services.preventif import dues, visits
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.lists import est_sqlite, paquets, portee
from erp_desktop.settings import Mode

_WITHDRAWN = "Retirée : le plan a changé"


@dataclass(slots=True)
class Bilan:
    """What one run did.

    Attributes:
        generees: identifiers of the interventions made.
        retirees: how many untouched visits were withdrawn, because their plan changed.
        refus: (identifier of the plan, French sentence) of the plans that could not be read.
    """

    generees: list[int] = field(default_factory=list)
    retirees: int = 0
    refus: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Prevue:
    """One visit that a run would make, or withdraw.

    Attributes:
        jour: when it is to be done, moved off closed days.
        retiree: made earlier, nobody worked on it, and its plan no longer gives it.
    """

    plan_id: int
    titre: str
    equipement: str
    jour: date
    retiree: bool


@dataclass(frozen=True, slots=True)
class Prevision:
    """What a run would do, by day.

    Attributes:
        refus: as of :class:`Bilan`.
    """

    visites: tuple[Prevue, ...]
    refus: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Etude:
    """One plan: the (key, date) it lacks up to ``au``, and the visits that it no longer gives."""

    plan: Planning
    vivant: bool
    au: date
    manquent: list[tuple[str, date]]
    de_trop: list[tuple[Occurrence, Intervention]]


def sur_poste(session: Session) -> bool:
    """Whether this is a branch's cache, whose centre generates as well."""
    return est_sqlite(session) and session.scalar(
        sa.select(sync_meta.c.valeur).where(sync_meta.c.cle == "mode")
    ) == Mode.AGENCE  # fmt: skip


def horizon(plan: Planning, jour: date) -> date:
    return jour + timedelta(days=plan.horizon_jours or rythme.HORIZON)


def generer(
    session: Session,
    acteur: Acteur,
    *,
    jusqu_au: date | None = None,
    agence_id: int | None = None,
    plans: Sequence[int] | None = None,
) -> Bilan:
    """Make the visits that are missing up to a day, and withdraw those that a changed plan no longer gives.

    Args:
        jusqu_au: the horizon of each plan when left out.
        agence_id: of one agency only.
        plans: these only.

    Raises:
        NotAllowedError
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    p, requete = Planning, _a_portee(acteur)
    if agence_id is not None:
        requete = requete.where(p.agence_id == agence_id)
    if plans is not None:
        requete = requete.where(p.id.in_(plans))
    trace.annoncer(session, acteur, _WITHDRAWN)
    return _generer(session, acteur, list(session.scalars(requete)), jusqu_au)


def prevoir(session: Session, acteur: Acteur) -> Prevision:
    """What :func:`generer` would make and withdraw now, with nothing written.

    Raises:
        NotAllowedError
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    plans = list(session.scalars(_a_portee(acteur)))
    refus: list[tuple[int, str]] = []
    visites: list[Prevue] = []
    noms: dict[int, str] = {}
    machine = sa.select(Equipement.id, Equipement.nom)
    for paquet in paquets(sorted({p.equipement_id for p in plans})):
        noms |= {row.id: row.nom for row in session.execute(machine.where(Equipement.id.in_(paquet)))}
    horloges = Horloges(session)
    for etude in _etudier(session, acteur, plans, None, refus):
        plan, ouvert = etude.plan, horloges.de(etude.plan.agence_id).ouvert
        jours = [(rythme.decaler(prevue, plan.report_ferie, ouvert), False) for _cle, prevue in etude.manquent]
        jours += [(occurrence.date_cible, True) for occurrence, _visite in etude.de_trop]
        nom = noms.get(plan.equipement_id, "")
        visites += [Prevue(plan.id, plan.modele_titre, nom, jour, retiree) for jour, retiree in jours]
    return Prevision(tuple(sorted(visites, key=lambda v: (v.jour, v.equipement, v.plan_id))), tuple(refus))


def _a_portee(acteur: Acteur) -> sa.Select[Planning]:
    p = Planning
    return sa.select(p).where(*portee(acteur, p.agence_id), p.agence_id.is_not(None)).order_by(p.id)


def suivre(session: Session, acteur: Acteur, plans: Iterable[Planning]) -> Bilan:
    """The visits that follow from what was just done, a closing or a reading, whatever the person's role."""
    return _generer(session, acteur, list(plans), None)


def _generer(session: Session, acteur: Acteur, plans: list[Planning], jusqu_au: date | None) -> Bilan:
    bilan, horloges = Bilan(), Horloges(session)
    faites: list[tuple[Planning, Occurrence]] = []
    for etude in _etudier(session, acteur, plans, jusqu_au, bilan.refus):
        bilan.retirees += _retirer(session, etude.de_trop)
        horaire = horloges.de(etude.plan.agence_id)
        for cle, prevue in etude.manquent:
            faites.append((etude.plan, visits.occurrence(acteur, etude.plan, cle, prevue, horaire)))
        if not est_sqlite(session) and etude.vivant:
            _noter(etude.plan, etude.au)
    bilan.generees += visits.creer(session, acteur, faites, horloges)
    return bilan


def _etudier(
    session: Session, acteur: Acteur, plans: list[Planning], jusqu_au: date | None, refus: list[tuple[int, str]]
) -> Iterator[_Etude]:
    """Plan by plan, what is missing and what is too much; those that cannot be read go to ``refus``."""
    jour, poste = clock.today(), sur_poste(session)
    connues = _connues(session, [p.id for p in plans], jour)
    machines = _machines(session, plans)
    for plan in plans:
        siennes, au = connues.get(plan.id, []), jusqu_au or horizon(plan, jour)
        vivant = plan.statut == StatutPlanning.ACTIF and machines[plan.equipement_id]
        try:
            attendues = dues.attendues(session, plan, siennes, jour, au) if vivant else []
            de_trop = _de_trop(session, acteur, plan, siennes, jour, vivant=vivant)
        except ValueError as error:
            refus.append((plan.id, str(error)))
            continue
        # What the centre has done comes with the exchange. Once some of it is here, a date that is missing was
        # withdrawn or is of a rule that changed since: nobody waits for the centre's next run.
        attend = poste and plan.ancre == AncrePlanning.CALENDRIER and not siennes
        fait = plan.genere_jusqu_au if attend else None
        manquent = [(cle, prevue) for cle, prevue in attendues if fait is None or prevue > fait]
        yield _Etude(plan, vivant, au, manquent, de_trop)


def _noter(plan: Planning, au: date) -> None:
    """Up to where the centre is; told once a week, for each change goes to every device."""
    if plan.genere_jusqu_au is None or not plan.genere_jusqu_au <= au < plan.genere_jusqu_au + timedelta(days=7):
        plan.genere_jusqu_au = max(au, plan.genere_jusqu_au or au)


def _connues(session: Session, plans: Sequence[int], jour: date) -> dict[int, list[Occurrence]]:
    """Occurrences of the window of each plan, and the last one before it; never all of the past."""
    o, autre = Occurrence, aliased(Occurrence)
    trouvees: dict[int, list[Occurrence]] = {}
    debut = jour - dues.RATTRAPAGE
    for paquet in paquets(plans):
        dernieres = (
            sa.select(sa.func.max(autre.date_prevue))
            .where(autre.planning_id == Planning.id, autre.etat != EtatOccurrence.RETIREE)
            .correlate(Planning)
            .scalar_subquery()
        )
        requete = (
            sa.select(o).join(Planning, Planning.id == o.planning_id)
            .where(o.planning_id.in_(paquet), sa.or_(o.date_prevue >= debut, o.date_prevue == dernieres))
            .order_by(o.date_prevue, o.id)
        )  # fmt: skip
        for occurrence in session.scalars(requete):
            trouvees.setdefault(occurrence.planning_id, []).append(occurrence)
    return trouvees


def _machines(session: Session, plans: Sequence[Planning]) -> dict[int, bool]:
    """Machine → whether it still has maintenance."""
    e, trouvees = Equipement, {}
    for paquet in paquets(sorted({p.equipement_id for p in plans})):
        for ident, statut, actif in session.execute(sa.select(e.id, e.statut, e.is_active).where(e.id.in_(paquet))):
            trouvees[ident] = actif and statut != StatutEquipement.RETIRE
    return trouvees


# --- what a changed plan no longer gives


def _de_trop(
    session: Session, acteur: Acteur, plan: Planning, connues: list[Occurrence], jour: date, *, vivant: bool
) -> list[tuple[Occurrence, Intervention]]:
    """Visits to come that nobody worked on and that the plan no longer gives; the others stay.

    Their cancelling is a responsable's, and the centre's: for anybody else it is left to them.
    """
    if not roles.peut(acteur.role, roles.Droit.INTERVENTION_ANNULER):
        return []
    suspectes = [o for o in connues if o.etat == EtatOccurrence.GENEREE and o.date_prevue > jour]
    if vivant and plan.ancre == AncrePlanning.CALENDRIER and suspectes:
        donnees = set(rythme.dates(dues.rythme_de(plan, jour), jour, max(o.date_prevue for o in suspectes)))
        suspectes = [o for o in suspectes if o.date_prevue not in donnees or not o.cle[0].isdigit()]
    elif vivant:
        marque = ">" if plan.ancre == AncrePlanning.CLOTURE else "p"
        suspectes = [o for o in suspectes if o.cle[0] != marque]
    # A desktop that did not know of it yet may have made its visit meanwhile.
    suspectes += [o for o in connues if o.etat != EtatOccurrence.GENEREE and o.date_prevue > jour]
    visites = _intactes(session, [o.id for o in suspectes])
    return [(o, visites[o.id]) for o in suspectes if o.id in visites]


def _retirer(session: Session, de_trop: Sequence[tuple[Occurrence, Intervention]]) -> int:
    for occurrence, visite in de_trop:
        if occurrence.etat == EtatOccurrence.GENEREE:
            occurrence.etat = EtatOccurrence.RETIREE.value
        visite.statut = Statut.ANNULEE.value
    if de_trop:
        session.flush()
    return len(de_trop)


def _intactes(session: Session, occurrences: Sequence[int]) -> dict[int, Intervention]:
    """Occurrence → its intervention, for those that are as they were generated."""
    i, trouvees = Intervention, {}
    for paquet in paquets(occurrences):
        requete = sa.select(i).where(
            i.occurrence_id.in_(paquet), i.statut == Statut.OUVERTE, i.created_at == i.updated_at,
            *(
                ~sa.exists().where(autre.intervention_id == i.id)
                for autre in (Creneau, Document, ReponseChecklist)
            ),
        )  # fmt: skip
        trouvees.update({v.occurrence_id: v for v in session.scalars(requete) if v.occurrence_id is not None})
    return trouvees
