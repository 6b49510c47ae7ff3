"""One plan: its form, its creation, its edits, the dates that it gives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import AncrePlanning, StatutEquipement, StatutPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.models import Agence, Checklist, Client, Competence, Compteur, Equipement, Planning, Technicien
from erp_desktop.registry import technicien_names
from erp_desktop.registry.rules import RETIRED_PLAN
from erp_desktop.services.preventif.dues import rythme_de
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.common import charger, ecrire, lie, lies
from erp_desktop.services.shared.edits import modifier

RYTHME = frozenset(
    {"ancre", "frequence", "recurrence", "date_debut", "date_fin", "saison_debut", "saison_fin", "compteur_id",
     "seuil"}
)  # fmt: skip
"""What the dates of a plan follow from."""
APERCU = 12
_LOIN = relativedelta(years=30)


@dataclass(frozen=True, slots=True)
class Apercu:
    """A date to come; ``date_cible`` is another day when the agency is closed on it."""

    date_prevue: date
    date_cible: date


@dataclass(frozen=True, slots=True)
class PlanFiche:
    """Every field of the form, with the labels of what it points to; ``suite`` is the dates to come."""

    id: int
    agence_id: int | None
    equipement_id: int
    modele_titre: str
    modele_description: str | None
    modele_type: str
    modele_priorite: str
    modele_duree_estimee: int | None
    checklist_id: int | None
    competence_id: int | None
    technicien_prefere_id: int | None
    statut: str
    ancre: str
    frequence: str
    recurrence: str | None
    date_debut: date | None
    date_fin: date | None
    saison_debut: int | None
    saison_fin: int | None
    report_ferie: str
    tolerance_avant: int | None
    tolerance_apres: int | None
    horizon_jours: int | None
    compteur_id: int | None
    seuil: Decimal | None
    created_at: datetime
    updated_at: datetime
    equipement: str
    client_id: int
    client: str
    agence_code: str
    checklist: str | None
    competence: str | None
    technicien_prefere: str | None
    compteur: str | None
    suite: tuple[Apercu, ...]


_PROPRES = [f.name for f in fields(PlanFiche) if f.name in Planning.__table__.columns]


def get(session: Session, acteur: Acteur, id: int) -> PlanFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    du_client = sa.select(Client.nom_entreprise).join(Equipement, Equipement.client_id == Client.id)
    du_client = du_client.join(Planning, Planning.equipement_id == Equipement.id).where(Planning.id == id)
    ligne, client, horloges = abreast(
        session, lambda s: charger(s, acteur, Planning, id, "ce plan"), lambda s: s.scalar(du_client), Horloges
    )
    machine, agence, checklist, competence, compteur = lies(
        session, (Equipement, ligne.equipement_id), (Agence, ligne.agence_id), (Checklist, ligne.checklist_id),
        (Competence, ligne.competence_id), (Compteur, ligne.compteur_id),
    )  # fmt: skip
    return PlanFiche(
        **{nom: getattr(ligne, nom) for nom in _PROPRES},
        equipement=machine.nom,
        client_id=machine.client_id,
        client=client,
        agence_code=agence.code if agence else "",
        checklist=checklist.nom if checklist else None,
        competence=competence.nom if competence else None,
        technicien_prefere=technicien_names.nom(session, ligne.technicien_prefere_id),
        compteur=f"{compteur.nom} ({compteur.unite})" if compteur else None,
        suite=_apercu(horloges, ligne) if ligne.statut == StatutPlanning.ACTIF else (),
    )


def apercu(session: Session, plan: Planning) -> tuple[Apercu, ...]:
    """The next dates of a plan that counts on the calendar; none for a rule that cannot be read."""
    return _apercu(Horloges(session), plan) if plan.ancre == AncrePlanning.CALENDRIER else ()


def _apercu(horloges: Horloges, plan: Planning) -> tuple[Apercu, ...]:
    jour = clock.today()
    if plan.ancre != AncrePlanning.CALENDRIER:
        return ()
    horaire = horloges.de(plan.agence_id)
    calendrier = rythme_de(plan, jour)
    try:
        # A dozen dates of the rarest rule that is admitted.
        trouvees = rythme.dates(calendrier, jour, jour + _LOIN if _rare(calendrier) else jour + _PROCHE)
    except ValueError:
        return ()
    return tuple(Apercu(d, rythme.decaler(d, plan.report_ferie, horaire.ouvert)) for d in islice(trouvees, APERCU))


_PROCHE = relativedelta(years=2)


def _rare(calendrier: rythme.Rythme) -> bool:
    return calendrier.frequence in ("annuel", "semestriel", "trimestriel", "rrule") or calendrier.saison is not None


def _lier(session: Session, acteur: Acteur, valeurs: dict[str, Any], agence_id: int | None) -> None:
    """Refuse what is of another agency or of another machine, under its field."""
    lie(session, acteur, Checklist, valeurs.get("checklist_id"), "checklist_id",
        "Cette checklist n'existe pas dans cette agence.", agence_id)  # fmt: skip
    lie(session, acteur, Technicien, valeurs.get("technicien_prefere_id"), "technicien_prefere_id",
        "Ce technicien n'est pas de cette agence.", agence_id)  # fmt: skip
    compteur = lie(session, acteur, Compteur, valeurs.get("compteur_id"), "compteur_id",
                   "Ce compteur n'existe pas dans cette agence.", agence_id)  # fmt: skip
    if compteur is not None and compteur.equipement_id != valeurs["equipement_id"]:
        raise ValidationError({"compteur_id": "Ce compteur est celui d'un autre équipement."})


def _machine(session: Session, acteur: Acteur, ident: int, agence_id: int | None = None) -> Equipement:
    """The machine of a plan: there, in the agency, and still at work."""
    machine = session.get(Equipement, ident)
    agence = agence_id if agence_id is not None or machine is None else machine.agence_id
    trouvee = lie(session, acteur, Equipement, ident, "equipement_id",
                  "Cet équipement n'existe pas dans cette agence.", agence)  # fmt: skip
    assert trouvee is not None  # noqa: S101 - the identifier is given
    if trouvee.statut == StatutEquipement.RETIRE or not trouvee.is_active:
        raise ValidationError({"equipement_id": RETIRED_PLAN})
    if trouvee.agence_id is None:
        raise ValidationError({"equipement_id": "Cet équipement n'est d'aucune agence."})
    return trouvee


def create(session: Session, acteur: Acteur, saisie: PlanInput) -> int:
    """Add a plan to a machine; its visits are made by the next run. Returns its id.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    machine = _machine(session, acteur, saisie.equipement_id)
    valeurs = saisie.model_dump()
    _lier(session, acteur, valeurs, machine.agence_id)
    trace.annoncer(session, acteur)
    ligne = Planning(
        **valeurs, agence_id=machine.agence_id, statut=StatutPlanning.ACTIF.value, rythme_depuis=clock.today(),
        created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(ligne)
    ecrire(session)
    return ligne.id


def ouvrir(session: Session, acteur: Acteur, id: int) -> Planning:  # noqa: A002
    """The mapped row for writing.

    Raises:
        NotAllowedError, NotFoundError
    """
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    ligne = charger(session, acteur, Planning, id, "ce plan", ecrire=True)
    if ligne.statut == StatutPlanning.TERMINE:
        raise UserError("Ce plan est terminé : faites-en un autre.")
    return ligne


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form. A new rule makes no date of before today late.

    Raises:
        NotAllowedError, NotFoundError, UserError, ValidationError
    """
    ligne = ouvrir(session, acteur, id)

    def verify(actuel: dict[str, Any], nouvelles: dict[str, Any]) -> None:
        if "equipement_id" in nouvelles:
            raise ValidationError({"equipement_id": "Un plan reste à son équipement : faites-en un autre."})
        _lier(session, acteur, actuel | nouvelles, ligne.agence_id)
        if RYTHME & nouvelles.keys():
            ligne.rythme_depuis = clock.today()

    modifier(session, acteur, ligne, PlanInput, changes, verify)
