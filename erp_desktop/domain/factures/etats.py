"""Where an invoice is in its life, computed from facts: the centre's answer, what was sent, paid and credited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from erp_desktop.domain.enums import StatutFacture, TypeFacture
from erp_desktop.domain.factures.enums import EtatDemande, EtatFacture

BROUILLONS = frozenset({StatutFacture.BROUILLON, StatutFacture.A_TRANSMETTRE})
OUVERTS = frozenset({EtatFacture.VALIDEE, EtatFacture.ENVOYEE, EtatFacture.PARTIELLE, EtatFacture.EN_RETARD})
"""States in which something is due."""


@dataclass(frozen=True, slots=True)
class Faits:
    """What is known of an invoice.

    Attributes:
        demande: state of the last request to validate it; None when nobody asked.
        credite, regle: MAD; ``regle`` is what payments settle, amounts kept back included.
        envoyee: it was sent.
    """

    statut: str
    demande: str | None
    ttc: Decimal
    credite: Decimal
    regle: Decimal
    date_echeance: date | None
    envoyee: bool
    genre: str = TypeFacture.FACTURE.value

    @property
    def solde(self) -> Decimal:
        """What is still due; below zero, what the client has paid too much. An avoir owes nothing by itself."""
        if self.genre == TypeFacture.AVOIR:
            return Decimal("0.00")
        return self.ttc - self.credite - self.regle


def etat(faits: Faits, jour: date) -> EtatFacture:
    """The state on ``jour``."""
    if faits.statut == StatutFacture.ANNULEE:
        return EtatFacture.ANNULEE
    if faits.statut in BROUILLONS:
        if faits.demande == EtatDemande.EN_ATTENTE or faits.statut == StatutFacture.A_TRANSMETTRE:
            return EtatFacture.A_TRANSMETTRE
        return EtatFacture.REJETEE if faits.demande == EtatDemande.REFUSEE else EtatFacture.BROUILLON
    if faits.genre == TypeFacture.AVOIR:
        return EtatFacture.ENVOYEE if faits.envoyee else EtatFacture.VALIDEE
    if faits.ttc > 0 and faits.credite >= faits.ttc:
        return EtatFacture.ANNULEE
    if faits.solde <= 0:
        return EtatFacture.PAYEE
    if faits.date_echeance is not None and faits.date_echeance < jour:
        return EtatFacture.EN_RETARD
    if faits.regle > 0:
        return EtatFacture.PARTIELLE
    return EtatFacture.ENVOYEE if faits.envoyee else EtatFacture.VALIDEE
