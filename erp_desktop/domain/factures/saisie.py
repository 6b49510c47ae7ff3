"""Input models of invoices: the draft, a line, an advance, a credit note, a payment, a reminder."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from erp_desktop.domain import nombres
from erp_desktop.domain.enums import ModePaiement
from erp_desktop.domain.factures.delais import DELAI_MAXIMUM
from erp_desktop.domain.factures.enums import CanalRelance
from erp_desktop.domain.saisie import Court, Long, Montant, Saisie, _nombre, _regle, _texte

Pourcent = Annotated[
    Decimal, Field(ge=0, le=100, decimal_places=2), _nombre(maximum=Decimal(100), unites=nombres.POURCENT)
]
Remise = Annotated[Pourcent, Field(lt=100)]
Jours = Annotated[int | None, Field(ge=0, le=DELAI_MAXIMUM), _nombre(0)]
Quantite = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=3), _nombre(3)]
Du = Annotated[Montant, Field(gt=0)]


class FactureInput(Saisie):
    """A draft as its form types it.

    Attributes:
        date_facture: None: the day on which the centre validates it.
        conditions_jours: None: the contract's, else 60.
        retenue_tva_pct, retenue_is_pct: of a dated rate (``services.factures.rates``), never typed.
    """

    client_id: int
    contrat_id: int | None = None
    intitule: str | None = _texte(200)
    date_facture: date | None = None
    date_operation: date | None = None
    conditions_jours: Jours = None
    mode_reglement: ModePaiement | None = None
    reference_client: str | None = _texte(80)
    remise_pct: Remise = Decimal(0)
    retenue_tva_pct: Pourcent | None = None
    retenue_is_pct: Pourcent | None = None
    notes: Long = None


class LigneFactureInput(Saisie):
    """A free line, or what may be changed of one that was taken over from the work."""

    designation: Court
    quantite: Quantite
    unite: str | None = _texte(20)
    prix_unitaire: Annotated[Montant, Field(ge=0)]
    remise_pct: Remise = Decimal(0)
    taux_tva: Pourcent = Decimal(20)
    exoneration: str | None = _texte(200)


class AcompteInput(Saisie):
    """An advance: an amount before tax at one rate."""

    client_id: int
    contrat_id: int | None = None
    designation: Court
    montant_ht: Du
    taux_tva: Pourcent = Decimal(20)
    conditions_jours: Jours = None
    reference_client: str | None = _texte(80)


class PartInput(Saisie):
    """How much of a payment settles one invoice, and what of it the client kept back.

    Attributes:
        montant: what is settled, what is kept back included.
    """

    facture_id: int
    montant: Du
    retenue_tva: Annotated[Montant, Field(ge=0)] = Decimal(0)
    retenue_is: Annotated[Montant, Field(ge=0)] = Decimal(0)
    attestation: str | None = _texte(80)

    @model_validator(mode="after")
    def _retenue(self) -> Self:
        if self.retenue_tva + self.retenue_is > self.montant:
            raise _regle("retenue_tva", "La retenue dépasse le montant réglé.")
        return self


class PaiementInput(Saisie):
    """A payment over one invoice or several of one client."""

    parts: list[PartInput]
    date_paiement: date
    mode_paiement: ModePaiement
    reference: str | None = _texte(80)
    banque: str | None = _texte(80)
    date_valeur: date | None = None

    @model_validator(mode="after")
    def _regles(self) -> Self:
        if not self.parts:
            raise _regle("parts", "Choisissez au moins une facture.")
        if len({p.facture_id for p in self.parts}) < len(self.parts):
            raise _regle("parts", "Une facture n'apparaît qu'une fois dans un paiement.")
        if self.mode_paiement in (ModePaiement.CHEQUE, ModePaiement.EFFET) and self.reference is None:
            raise _regle("reference", "Donnez le numéro du chèque ou de l'effet.")
        return self


class Recu(Saisie):
    """What was received of a client, before it is spread over invoices."""

    montant: Du


class AvoirLigneInput(Saisie):
    """How much of a line of the invoice is given back."""

    ligne_id: int
    quantite: Quantite


class RelanceInput(Saisie):
    """A reminder that was sent or said."""

    niveau: Annotated[int, Field(ge=1, le=3)]
    canal: CanalRelance = CanalRelance.COURRIEL
    promesse: date | None = None
    note: str | None = _texte(500)
