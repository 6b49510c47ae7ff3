"""One invoice: its form, its creation, its edits; only drafts change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import ice as ice_rules
from erp_desktop.domain.enums import StatutFacture, TypeFacture
from erp_desktop.domain.factures import delais
from erp_desktop.domain.factures.enums import EtatDemande, StatutTransmission
from erp_desktop.domain.factures.etats import BROUILLONS
from erp_desktop.domain.factures.saisie import FactureInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.models import Agence, Client, Contrat, DemandeValidation, Facture, LigneFacture
from erp_desktop.registry.rules import VALIDATED
from erp_desktop.services.factures import balance, numbers
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import agence_de, charger, ecrire, lie, lies

WAITING = "Ce brouillon attend la réponse du centre : reprenez-le d'abord."
NOT_HERE = "Ce client n'existe pas dans cette agence."


@dataclass(frozen=True, slots=True)
class FactureFiche:
    """Every field of the form, with the labels of what it points to.

    Attributes:
        etat: ``EtatFacture`` on the day.
        client_ice: the frozen one of a validated document, else today's.
        ice_fiche: the one in the client's record today, empty unless its check digits agree.
        ice_refuse: what was refused last, of the draft or of the validated document, is the client's ICE.
        contrat, origine: numbers of what it belongs to.
        credite, regle, solde: MAD; below zero the client has paid too much.
        retard: days.
        echeance_legale: None before the validation.
        motif: why the centre refused the last request; empty otherwise.
        a_annuler: the state allows edits by this person.
    """

    id: int
    agence_id: int | None
    numero: str
    type_facture: str
    acompte: bool
    statut: str
    client_id: int
    contrat_id: int | None
    facture_origine_id: int | None
    intitule: str | None
    date_facture: date | None
    date_echeance: date | None
    date_operation: date | None
    conditions_jours: int | None
    mode_reglement: str | None
    reference_client: str | None
    remise_pct: Decimal
    periode_du: date | None
    periode_au: date | None
    retenue_tva_pct: Decimal | None
    retenue_is_pct: Decimal | None
    notes: str | None
    total_ht: Decimal
    total_tva: Decimal
    total_ttc: Decimal
    statut_transmission: str
    motif_rejet: str | None
    uuid: str | None
    empreinte: str | None
    validee_le: datetime | None
    client_fige: Any
    societe_figee: Any
    created_at: datetime
    updated_at: datetime
    client: str
    client_ice: str
    ice_fiche: str
    ice_refuse: bool
    contrat: str
    origine: str
    agence_code: str
    etat: str
    credite: Decimal
    regle: Decimal
    solde: Decimal
    retard: int
    echeance_legale: date | None
    motif: str
    modifiable: bool


def _request(session: Session, facture_id: int) -> DemandeValidation | None:
    d = DemandeValidation
    return session.scalars(sa.select(d).where(d.facture_id == facture_id).order_by(d.id.desc()).limit(1)).first()


def waits(session: Session, facture_id: int) -> bool:
    """Whether the centre is still to answer a request about it."""
    last = _request(session, facture_id)
    return last is not None and last.etat == EtatDemande.EN_ATTENTE


def get(session: Session, acteur: Acteur, id: int) -> FactureFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    today = clock.today()
    row, settled, last = abreast(
        session, lambda s: charger(s, acteur, Facture, id, "cette facture"),
        lambda s: balance.soldes(s, [id], today), lambda s: _request(s, id),
    )  # fmt: skip
    client, contrat, origin, agence = lies(
        session, (Client, row.client_id), (Contrat, row.contrat_id), (Facture, row.facture_origine_id),
        (Agence, row.agence_id),
    )  # fmt: skip
    found = settled[id]
    frozen = row.client_fige or {}
    until = None
    if row.date_facture is not None and row.statut not in BROUILLONS:
        until = delais.echeance_legale(row.date_facture, row.date_operation, row.conditions_jours)
    return edits.lire(
        FactureFiche, row,
        client=frozen.get("nom") or client.nom_entreprise,
        client_ice=(frozen.get("ice") if frozen else client.ice) or "",
        ice_fiche=client.ice if client.ice and not ice_rules.avertissement(client.ice) else "",
        ice_refuse=_about_ice(row, last),
        contrat=contrat.numero_contrat if contrat else "",
        origine=origin.numero if origin else "",
        agence_code=agence.code if agence else "",
        etat=found.etat.value,
        credite=found.credite,
        regle=found.regle,
        solde=found.solde,
        retard=delais.retard(row.date_echeance, today) if found.solde > 0 and row.statut not in BROUILLONS else 0,
        echeance_legale=until,
        motif=(last.motif or "") if last is not None and last.etat == EtatDemande.REFUSEE
        and row.statut in BROUILLONS else "",
        modifiable=_may_change(acteur, row, last),
    )  # fmt: skip


def _about_ice(row: Facture, last: DemandeValidation | None) -> bool:
    if row.statut in BROUILLONS:
        motif = (last.motif or "") if last is not None and last.etat == EtatDemande.REFUSEE else ""
        # The company's own is refused in a sentence of its letterhead.
        return motif.startswith("Le client ") and "d'ICE" in motif
    rejected = row.statut_transmission == StatutTransmission.REJETEE
    return rejected and re.search(r"\bICE\b", row.motif_rejet or "") is not None


def modifiable(session: Session, acteur: Acteur, row: Facture) -> bool:
    """Whether this person may change it, as :func:`ouvrir` decides."""
    return _may_change(acteur, row, _request(session, row.id))


def _may_change(acteur: Acteur, row: Facture, last: DemandeValidation | None) -> bool:
    waiting = last is not None and last.etat == EtatDemande.EN_ATTENTE
    return row.statut in BROUILLONS and roles.peut(acteur.role, roles.Droit.FICHIER_ECRIRE) and not waiting


def ouvrir(session: Session, acteur: Acteur, id: int) -> Facture:  # noqa: A002
    """The mapped row of a draft, for writing.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: it is validated, or waits for the centre's answer.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = charger(session, acteur, Facture, id, "cette facture", ecrire=True)
    if row.statut not in BROUILLONS:
        raise TransitionError(VALIDATED)
    if waits(session, id):
        raise TransitionError(WAITING)
    return row


def _verify(session: Session, acteur: Acteur, agence: int | None, values: dict[str, Any]) -> None:
    lie(session, acteur, Client, values["client_id"], "client_id", NOT_HERE, agence)
    contrat = lie(session, acteur, Contrat, values.get("contrat_id"), "contrat_id",
                  "Ce contrat n'existe pas dans cette agence.", agence)  # fmt: skip
    if contrat is not None and contrat.client_id != values["client_id"]:
        raise ValidationError({"contrat_id": "Ce contrat est celui d'un autre client."})
    day = values.get("date_facture")
    if day is not None and day > clock.today():
        raise ValidationError({"date_facture": "La date de la facture n'est pas encore venue."})


def draft(session: Session, acteur: Acteur, client_id: int, **columns: Any) -> Facture:
    """A new draft of a client, in the client's agency, written; the caller has judged its columns."""
    trace.annoncer(session, acteur)
    client = session.get(Client, client_id)
    inherited = client.agence_id if client is not None and roles.voit_tout(acteur) else None
    agence = agence_de(session, acteur, inherited, partage=False)
    lie(session, acteur, Client, client_id, "client_id", NOT_HERE, agence)
    now = clock.now()
    row = Facture(
        numero=numbers.provisional(session, agence), agence_id=agence, client_id=client_id,
        statut=StatutFacture.BROUILLON.value, created_by_id=acteur.user_id or None, created_at=now, updated_at=now,
        **({"type_facture": TypeFacture.FACTURE.value} | columns),
    )  # fmt: skip
    session.add(row)
    ecrire(session)
    return row


def create(session: Session, acteur: Acteur, saisie: FactureInput) -> int:
    """Add an empty draft; returns its id.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    values = saisie.model_dump()
    client = session.get(Client, saisie.client_id)
    _verify(session, acteur, client.agence_id if client is not None else acteur.agence_id, values)
    return draft(session, acteur, values.pop("client_id"), **values).id


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of a draft; its totals follow a discount.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    row = ouvrir(session, acteur, id)

    def verify(now: dict[str, Any], new: dict[str, Any]) -> None:
        if "client_id" in new and (row.facture_origine_id or row.contrat_id or _works(session, id)):
            raise ValidationError({"client_id": "Ce brouillon est fait du travail de ce client."})
        _verify(session, acteur, row.agence_id, {**now, **new})

    edits.modifier(session, acteur, row, FactureInput, changes, verify)
    refresh(session, row)


def _works(session: Session, facture_id: int) -> bool:
    line = LigneFacture
    made = sa.or_(line.intervention_id.is_not(None), line.acompte_id.is_not(None))
    return session.scalar(sa.select(line.id).where(line.facture_id == facture_id, made).limit(1)) is not None


def refresh(session: Session, row: Facture) -> None:
    """Read again what the database computes from the lines."""
    session.flush()
    session.refresh(row, ["total_ht", "total_tva", "total_ttc"])


def delete(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Give a draft up, with its lines and the requests that were refused.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    row = ouvrir(session, acteur, id)
    trace.annoncer(session, acteur)
    for model in (LigneFacture, DemandeValidation):
        for one in session.scalars(sa.select(model).where(model.facture_id == id)):
            session.delete(one)
        session.flush()
    session.delete(row)
    ecrire(session)
