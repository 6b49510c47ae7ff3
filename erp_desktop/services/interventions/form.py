"""One intervention: its form, its creation and its edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import sla, telephone
from erp_desktop.domain.enums import Role, Statut, TypeTemps
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.transitions import LIBELLES, TERMINES
from erp_desktop.errors import NotAllowedError, NotFoundError, TransitionError, ValidationError
from erp_desktop.models import Agence, Checklist, Client, Contrat, Equipement, Intervention, Technicien, Temps
from erp_desktop.registry import technicien_names
from erp_desktop.services.checklists import models as checklists
from erp_desktop.services.interventions import failures, numbers
from erp_desktop.services.interventions.busy import occupe_par
from erp_desktop.services.interventions.linked import accorder, nommes, un
from erp_desktop.services.planning.slots import follow
from erp_desktop.services.shared import quotas, trace
from erp_desktop.services.shared.clocks import Horloges, PriseEnCharge, echeance, horaire_de, pauses, prise_en_charge
from erp_desktop.services.shared.common import agence_de, appliquer, charger, d_un_trait, ecrire, lie
from erp_desktop.services.shared.lists import est_sqlite, marques
from erp_desktop.services.shared.proposals import proposees_avec, proposer

APRES_CLOTURE = frozenset(
    {
        "satisfaction_client", "satisfaction_commentaire", "notes_internes", "signature", "signataire", "signe_le",
        "signature_refus",
    }
)  # fmt: skip
"""What is still noted once the work is closed."""
_CHAMPS_ECHEANCE = frozenset({"priorite", "urgence", "contrat_id", "equipement_id", "date_planifiee"})


@dataclass(frozen=True, slots=True)
class Suite:
    """An intervention that follows another up."""

    id: int
    numero: str
    statut: str


@dataclass(frozen=True, slots=True)
class InterventionFiche:
    """Every field of the form, with the labels of what it points to. Durations are minutes."""

    id: int
    agence_id: int | None
    numero: str
    titre: str
    description: str | None
    type: str
    statut: str
    motif_attente: str | None
    priorite: str
    urgence: bool
    equipement_id: int
    client_id: int
    contrat_id: int | None
    technicien_id: int | None
    date_creation: datetime
    date_planifiee: datetime | None
    zone_planifiee: str | None
    date_limite: datetime | None
    date_affectation: datetime | None
    date_debut_travaux: datetime | None
    date_fin_travaux: datetime | None
    date_cloture: datetime | None
    duree_estimee: int | None
    duree_reelle: int | None
    temps_deplacement: int | None
    diagnostic: str | None
    travaux_realises: str | None
    recommandations: str | None
    notes_internes: str | None
    cout_externe: Decimal | None
    satisfaction_client: int | None
    satisfaction_commentaire: str | None
    signature: bytes | None
    signataire: str | None
    signe_le: datetime | None
    signature_refus: str | None
    origine_id: int | None
    checklist_id: int | None
    probleme_id: int | None
    cause_id: int | None
    remede_id: int | None
    created_at: datetime
    updated_at: datetime
    client: str
    equipement: str
    contrat: str | None
    technicien: str | None
    agence_code: str
    contact: str | None
    telephone: str
    sla_reste_min: int | None
    sla_etat: str
    en_attente_sync: bool
    en_conflit: bool
    charge: quotas.Charge | None
    prise: PriseEnCharge
    probleme: str
    cause: str
    remede: str
    origine: str = ""
    suites: tuple[Suite, ...] = ()
    checklist: str = ""
    temps: frozenset[str] = frozenset()
    """Kinds of which times are noted; their durations are sums and not typed."""


_PROPRES = [f.name for f in fields(InterventionFiche) if f.name in Intervention.__table__.columns]


def est_a(session: Session, acteur: Acteur, intervention: Intervention) -> bool:
    """Whether the intervention is assigned to this person."""
    if intervention.technicien_id is None:
        return False
    technicien = session.get(Technicien, intervention.technicien_id)
    return technicien is not None and technicien.user_id == acteur.user_id


def ouvrir(session: Session, acteur: Acteur, ident: int, *, pour_ecrire: bool = False) -> Intervention:
    """The mapped row inside the person's scope; a technicien's scope is what is assigned to them."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    ligne = charger(session, acteur, Intervention, ident, "cette intervention", ecrire=pour_ecrire)
    if acteur.role is Role.TECHNICIEN and not est_a(session, acteur, ligne):
        raise NotFoundError("Introuvable : cette intervention ne vous est pas affectée.")
    return ligne


def ouvrir_avec(session: Session, acteur: Acteur, ident: int, *lire: Callable[[Session], Any]) -> list[Any]:
    """The row as :func:`ouvrir` gives it, then what each reading of it gives, which needs no more than its number.

    All go over the line together, and whoever may not see the row gets nothing of them.
    """
    return abreast(session, lambda s: ouvrir(s, acteur, ident), *lire)


def get(session: Session, acteur: Acteur, id: int) -> InterventionFiche:  # noqa: A002
    """All fields of the form."""
    suites = (
        sa.select(Intervention.id, Intervention.numero, Intervention.statut)
        .where(Intervention.origine_id == id).order_by(Intervention.id)
    )  # fmt: skip
    # What most of them have nothing of is read once the row says so, where that is no trip.
    ici = est_sqlite(session)
    ligne, proches, horloges, techniciens, periodes, mots, apres, temps = ouvrir_avec(
        session, acteur, id,
        lambda s: _proches(s, id),
        Horloges,
        technicien_names.tous,
        lambda s: None if ici else quotas.periodes_de(s, id),
        lambda s: {} if ici else failures.words_of(s, id),
        lambda s: tuple(Suite(*row) for row in s.execute(suites)),
        lambda s: notes(s, id),
    )  # fmt: skip
    client, equipement, contrat, agence, nom_origine, nom_checklist = proches
    codes = (ligne.probleme_id, ligne.cause_id, ligne.remede_id)
    if ici and any(codes):
        mots = failures.words_of(session, id)
    probleme, cause, remede = (mots.get(code, "") for code in codes)
    technicien = technicien_names.dire(techniciens, [ligne.technicien_id]).get(ligne.technicien_id)
    charge = quotas.charge(session, ligne, periodes)
    etat = sla.situation(
        horaire_de(session, ligne, contrat, horloges), Statut(ligne.statut), ligne.date_creation, ligne.date_limite,
        sla.remise_en_service(ligne.date_fin_travaux, ligne.date_cloture), clock.now(),
    )  # fmt: skip
    attente, conflit = marques(session, "interventions", [id])
    return InterventionFiche(
        **{nom: getattr(ligne, nom) for nom in _PROPRES},
        client=client.nom_entreprise,
        equipement=equipement.nom,
        contrat=contrat.numero_contrat if contrat else None,
        technicien=technicien,
        agence_code=agence.code if agence else "",
        contact=client.contact,
        telephone=telephone.afficher(client.telephone),
        sla_reste_min=etat.reste_min,
        sla_etat=etat.etat.value,
        en_attente_sync=id in attente,
        en_conflit=id in conflit,
        charge=charge,
        prise=prise_en_charge(horloges, ligne, contrat, clock.now()),
        probleme=probleme,
        cause=cause,
        remede=remede,
        origine=nom_origine or "",
        suites=apres,
        checklist=nom_checklist or "",
        temps=temps,
    )


_ORIGINE = aliased(Intervention)


def _proches(session: Session, ident: int) -> Any:
    """What an intervention refers to, read together; None of one that is not there."""
    i, origine = Intervention, _ORIGINE
    requete = (
        sa.select(Client, Equipement, Contrat, Agence, origine.numero, Checklist.nom)
        .select_from(i)
        .join(Client, Client.id == i.client_id)
        .join(Equipement, Equipement.id == i.equipement_id)
        .outerjoin(Contrat, Contrat.id == i.contrat_id)
        .outerjoin(Agence, Agence.id == i.agence_id)
        .outerjoin(origine, origine.id == i.origine_id)
        .outerjoin(Checklist, Checklist.id == i.checklist_id)
        .where(i.id == ident)
    )
    return session.execute(requete).one_or_none()


def notes(session: Session, id: int) -> frozenset[str]:  # noqa: A002
    """Kinds of which times are noted on an intervention."""
    return frozenset(session.scalars(sa.select(Temps.type).where(Temps.intervention_id == id).distinct()))


def _refuser_sommes(session: Session, ligne: Intervention, champs: set[str]) -> None:
    """A duration that is the sum of noted times is not typed besides."""
    sommes = {"duree_reelle": TypeTemps.TRAVAIL, "temps_deplacement": TypeTemps.TRAJET}
    touches = sommes.keys() & champs
    faux = {c for c in touches if sommes[c] in notes(session, ligne.id)} if touches else set()
    if faux:
        raise ValidationError(
            dict.fromkeys(
                sorted(faux), "Cette durée est la somme des temps notés : corrigez-les dans l'onglet Temps."
            )
        )


def create(session: Session, acteur: Acteur, saisie: InterventionInput) -> int:
    """Open an intervention, with its final number, its deadline and its first audit row.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    trace.annoncer(session, acteur)
    # What a row refers to is read together at the centre, and found in the session as long as it is held here.
    horloges, equipement, *_lus = abreast(
        session, Horloges, *nommes(saisie), partial(un, Checklist, saisie.checklist_id)
    )
    heritee = equipement.agence_id if equipement is not None and roles.voit_tout(acteur) else None
    choisie = saisie.agence_id if saisie.agence_id is not None else heritee
    ou = choisie if roles.voit_tout(acteur) and choisie is not None else acteur.agence_id
    sans = saisie.contrat_id is None and equipement is not None
    nature = equipement.type_equipement if equipement is not None and saisie.checklist_id is None else None
    agence, proposees, liste = abreast(
        session, partial(un, Agence, ou), lambda s: proposees_avec(s, acteur, equipement.id) if sans else [],
        lambda s: checklists.pour(s, ou, nature),
    )  # fmt: skip
    agence_id = agence_de(session, acteur, choisie, partage=False)
    valeurs = saisie.model_dump(exclude={"agence_id", "checklist_id"})
    maintenant = clock.now()
    ligne = Intervention(
        **valeurs, agence_id=agence_id, statut=Statut.OUVERTE.value, date_creation=maintenant,
        created_by_id=acteur.user_id,
    )  # fmt: skip
    ligne.contrat_id = next((contrat.id for p, contrat in proposees if p.sure), ligne.contrat_id)
    with session.no_autoflush:
        liste = liste or lie(session, acteur, Checklist, saisie.checklist_id, "checklist_id",
                             "Cette checklist n'existe pas dans cette agence.", agence_id)  # fmt: skip
        if liste is not None:
            ligne.checklist_id, ligne.checklist_version = liste.id, liste.version
        contrat = accorder(session, acteur, ligne, client_demande=saisie.client_id is not None)
        ligne.date_limite = echeance(session, ligne, contrat, horloges)
        ligne.numero = numbers.tirer(session, agence.code, clock.local(maintenant).year)[0]
    with d_un_trait(session):
        session.add(ligne)
        ecrire(session)
        if ligne.technicien_id is not None and ligne.date_planifiee is not None:
            follow(session, acteur, ligne)
        trace.noter(session, acteur, ligne, "creation", None, {"numero": ligne.numero, "titre": ligne.titre})
    return ligne.id


def _verifier_droits(session: Session, acteur: Acteur, ligne: Intervention, champs: set[str]) -> None:
    if roles.peut(acteur.role, roles.Droit.INTERVENTION_ECRIRE):
        pass
    elif roles.peut(acteur.role, roles.Droit.INTERVENTION_EXECUTER) and est_a(session, acteur, ligne):
        interdits = champs - roles.CHAMPS_COMPTE_RENDU
        if interdits:
            raise NotAllowedError("Un technicien ne remplit que le compte rendu de ses interventions.")
    else:
        roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    if Statut(ligne.statut) in TERMINES and not champs <= APRES_CLOTURE:
        etat = LIBELLES[Statut(ligne.statut)]
        raise TransitionError(f"Cette intervention est {etat} : elle ne se modifie plus.")


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form (never the statut); one audit row tells old and new values.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    ligne = ouvrir(session, acteur, id, pour_ecrire=True)
    actuel = {nom: getattr(ligne, nom) for nom in InterventionInput.model_fields}
    nouvelles = InterventionInput.changements(actuel, dict(changes))
    if not nouvelles:
        return
    _verifier_droits(session, acteur, ligne, set(nouvelles))
    failures.check(session, nouvelles)
    if "checklist_id" in nouvelles:
        raise ValidationError({"checklist_id": "La checklist se choisit à la création."})
    if "agence_id" in nouvelles:
        raise ValidationError({"agence_id": "Une intervention ne change pas d'agence ici."})
    if "technicien_id" in nouvelles and nouvelles["technicien_id"] is None and ligne.statut != Statut.OUVERTE:
        raise ValidationError({"technicien_id": "Une intervention affectée garde un technicien."})
    _refuser_sommes(session, ligne, set(nouvelles))
    _dater_signature(ligne, nouvelles)
    trace.annoncer(session, acteur)
    with session.no_autoflush:
        if "equipement_id" in nouvelles and "client_id" not in nouvelles:
            cible = session.get(Equipement, nouvelles["equipement_id"])
            if cible is not None and cible.client_id != ligne.client_id:
                nouvelles["client_id"] = cible.client_id
                sures = [p for p in proposer(session, acteur, cible.id) if p.sure]
                nouvelles.setdefault("contrat_id", sures[0].contrat_id if sures else None)
        avant, apres = appliquer(ligne, nouvelles)
        due = bool(_CHAMPS_ECHEANCE & nouvelles.keys()) and Statut(ligne.statut) not in TERMINES
        contrat, horloges, arrets = abreast(
            session, partial(un, Contrat, ligne.contrat_id), Horloges, lambda s: pauses(s, id)
        ) if due else (None, None, None)  # fmt: skip
        if {"equipement_id", "client_id", "contrat_id", "technicien_id", "origine_id"} & nouvelles.keys():
            contrat = accorder(session, acteur, ligne, client_demande=True)
        if "technicien_id" in nouvelles and ligne.statut == Statut.EN_COURS:
            _refuser_occupe(session, ligne)
        if due:
            ligne.date_limite = echeance(session, ligne, contrat, horloges, arrets)
    if {"technicien_id", "date_planifiee", "zone_planifiee"} & nouvelles.keys():
        follow(session, acteur, ligne)
    trace.noter(session, acteur, ligne, "modification", avant, apres)
    ecrire(session)


def _dater_signature(ligne: Intervention, nouvelles: dict[str, Any]) -> None:
    """Stamp what a client signs or refuses to sign with the instant at which it is written."""
    if not {"signature", "signature_refus"} & nouvelles.keys():
        return
    signe, refuse = (nouvelles.get(nom, getattr(ligne, nom)) for nom in ("signature", "signature_refus"))
    if signe and refuse:
        raise ValidationError({"signature_refus": "Une signature et un refus de signer s'excluent."})
    if "signe_le" not in nouvelles:
        nouvelles["signe_le"] = clock.now() if signe or refuse else None


def _refuser_occupe(session: Session, ligne: Intervention) -> None:
    autre = occupe_par(session, ligne)
    if autre:
        raise ValidationError({"technicien_id": f"Ce technicien est déjà en cours sur {autre}."})
