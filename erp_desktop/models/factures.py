"""Invoices and their lines, the rates that they use; what was received for them, kept back and asked for."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import ModePaiement, StatutFacture, TypeFacture, TypeTarif
from erp_desktop.domain.factures.enums import CanalRelance, CodeTaux, EtatDemande, StatutTransmission, TypeRetenue
from erp_desktop.models.base import ADMINISTRATION, Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, Policy, choice, field, link
from erp_desktop.models.expressions.sorting import sorted_by
from erp_desktop.models.types import Instant, Jour, Montant, big_int, json_type

FACTURATION = "b3f7d1a9c5e8"
"""Revision that completed these tables."""
SOLDES = "e7a3f9c1b5d8"
"""Revision that keeps what is due of an invoice beside it."""


def _given(nom: str, *colonnes: str, unique: bool = False) -> sa.Index:
    """An index of the few rows that have a value in its last column."""
    condition = sa.text(f"{colonnes[-1]} IS NOT NULL")
    return sa.Index(nom, *colonnes, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _made(label: str, cible: str) -> Mapped[Any]:
    """What a line was made of; few lines have one of each kind."""
    return link(label, cible, index=False, since=FACTURATION)


def _centre(label: str, *arguments: Any, **options: Any) -> Mapped[Any]:
    """Written by the centre's functions alone."""
    return field(label, *arguments, policy=Policy.CENTRE_SEUL, since=FACTURATION, **options)


class Facture(LigneAgence, Base):
    """An invoice, an advance or a credit note (``avoir``, whose lines and totals are positive as well).

    ``numero`` is ``PROV-…`` until the centre validates the document (``sync.valider_facture``) and draws the legal
    number; from then on nobody changes it. What became of it since (sent, paid, late, credited) is computed from what
    was added: ``services.factures.balance``.
    """

    __tablename__ = "factures"
    __noun__ = Noun(
        "Facture",
        "receipt",
        name="numero",
        follows=("client_id",),
        groups=(
            Group(
                "objet",
                ("type_facture", "client_id", "contrat_id", "facture_origine_id", "acompte"),
                label="Objet",
            ),
            Group(
                "echeance",
                ("date_facture", "date_echeance", "date_operation", "conditions_jours"),
                label="Dates de la facture",
            ),
            Group("retenue", ("retenue_tva_pct", "retenue_is_pct"), label="Retenue à la source"),
        ),
        # One invoice of a period of a contract, whichever desktops made it while they were cut off.
        key=("contrat_id", "periode_du", "periode_rang"),
        made=True,
        kept=("numero",),
    )
    __table_args__ = (_given("uq_factures_periode", "contrat_id", "periode_rang", "periode_du", unique=True),)

    numero: Mapped[str] = field(
        "Numéro", sa.String(40), unique=True, policy=Policy.CENTRE_SEUL, allowed="^PROV-", code=True
    )
    type_facture: Mapped[str] = choice("Type de facture", TypeFacture, "facture")
    statut: Mapped[str] = choice(
        "Statut", StatutFacture, "brouillon", policy=Policy.CENTRE_SEUL, allowed="^(brouillon|a_transmettre|annulee)$"
    )
    client_id: Mapped[int] = link("Client", "clients.id")
    contrat_id: Mapped[int | None] = link("Contrat", "contrats.id")
    facture_origine_id: Mapped[int | None] = link("Facture d'origine", "factures.id")
    date_facture: Mapped[date | None] = field("Date de facture")
    """Of a draft: the day wanted; without it, the day of the validation."""
    date_echeance: Mapped[date | None] = field("Échéance")
    total_ht: Mapped[Decimal] = field("Total HT", server_default="0.00", default=Decimal(0), policy=Policy.DERIVE)
    total_tva: Mapped[Decimal] = field("Total TVA", server_default="0.00", default=Decimal(0), policy=Policy.DERIVE)
    timbre: Mapped[Decimal] = field("Timbre", server_default="0.00", default=Decimal(0), policy=Policy.ASK)
    """Of documents from before receipts carried it (``paiements.timbre``)."""
    total_ttc: Mapped[Decimal] = field("Total TTC", server_default="0.00", default=Decimal(0), policy=Policy.DERIVE)
    notes: Mapped[str | None] = field("Notes", sa.Text)
    intitule: Mapped[str | None] = field("Objet", sa.String(200), since=FACTURATION)
    date_operation: Mapped[date | None] = field("Date de l'opération", Jour(), since=FACTURATION)
    """The last day of the work or of the delivery; rates are those of this day."""
    conditions_jours: Mapped[int | None] = field("Paiement (jours)", sa.Integer, since=FACTURATION)
    mode_reglement: Mapped[str | None] = choice(
        "Mode de règlement", ModePaiement, policy=Policy.ASK, since=FACTURATION
    )
    reference_client: Mapped[str | None] = field("Commande du client", sa.String(80), code=True, since=FACTURATION)
    remise_pct: Mapped[Decimal] = field(
        "Remise (%)", Montant(5, 2), server_default="0.00", default=Decimal(0), policy=Policy.ASK, since=FACTURATION
    )
    """Percent off each line."""
    acompte: Mapped[bool] = field("Acompte", sa.Boolean, server_default=sa.false(), default=False, since=FACTURATION)
    periode_du: Mapped[date | None] = field("Période du", Jour(), since=FACTURATION)
    """First day of the part of a contract that it invoices, as ``domain.contrats.echeancier`` says."""
    periode_au: Mapped[date | None] = field("Période au", Jour(), since=FACTURATION)
    periode_rang: Mapped[int] = field(
        "Rang de la période", sa.Integer, server_default="0", default=0, since=FACTURATION
    )
    """How many invoices of the same period were credited whole before."""
    retenue_tva_pct: Mapped[Decimal | None] = field("Retenue TVA (%)", Montant(5, 2), since=FACTURATION)
    """Percent of the VAT that the client keeps back and pays to the State."""
    retenue_is_pct: Mapped[Decimal | None] = field("Retenue IS (%)", Montant(5, 2), since=FACTURATION)
    """Percent of the amount before tax, likewise."""
    statut_transmission: Mapped[str] = choice(
        "Transmission", StatutTransmission, "sans", policy=Policy.CENTRE_SEUL, allowed="^sans$", since=FACTURATION
    )
    """Where it stands with the tax administration's platform; apart from ``statut``."""
    motif_rejet: Mapped[str | None] = _centre("Motif du rejet", sa.String(500))
    transmise_le: Mapped[datetime | None] = _centre("Transmise le", Instant())
    uuid: Mapped[str | None] = _centre("UUID", sa.String(36), code=True)
    empreinte: Mapped[str | None] = _centre("Empreinte", sa.String(64), code=True)
    """SHA-256 of the content and of the empreinte before it in the series."""
    validee_par: Mapped[int | None] = _centre("Validée par", big_int())
    validee_le: Mapped[datetime | None] = _centre("Validée le", Instant())
    client_fige: Mapped[Any | None] = _centre("Client à la validation", json_type())
    """nom, adresse, ville, ice, identifiant_fiscal, telephone, type as they were then."""
    societe_figee: Mapped[Any | None] = _centre("Société à la validation", json_type())
    """The letterhead's texts as they were then; the logo is today's."""
    regle: Mapped[Decimal] = field(
        "Réglé", Montant(), server_default="0.00", default=Decimal(0), policy=Policy.DERIVE, since=SOLDES
    )
    """What payments settled (``registry.invoices.settled``)."""
    solde: Mapped[Decimal] = field(
        "Solde", Montant(), server_default="0.00", default=Decimal(0), policy=Policy.DERIVE, since=SOLDES
    )
    """What is still due; below zero, what the client paid too much."""
    etape: Mapped[str] = field(
        "Étape", sa.String(20), server_default="brouillon", default="brouillon", policy=Policy.DERIVE, since=SOLDES
    )
    """Its state, whatever the day: an ``EtatFacture`` but late, which is what waits for money after its due date."""


sorted_by(Facture, "numero", "date_facture", "date_echeance", "total_ttc", "regle", "solde", "client_id")
_LISTED = [Facture.__table__.c[name] for name in ("date_echeance", "id", "agence_id")]
WAITING = "({0}etape = 'validee') OR ({0}etape = 'envoyee') OR ({0}etape = 'partielle')"
"""What the index of due dates holds, spelled as there: what is validated and not settled; {0} is the table's name."""
sa.Index("idx_factures_etat_liste", Facture.__table__.c.etape, Facture.__table__.c.type_facture, *_LISTED)
sa.Index(
    "idx_factures_attendues_liste",
    *_LISTED,
    Facture.__table__.c.etape,
    Facture.__table__.c.type_facture,
    sqlite_where=sa.text(WAITING.format("")),
    postgresql_where=sa.text(WAITING.format("")),
)


class LigneFacture(LigneAgence, Base):
    """Amounts are before tax; of an avoir they are positive as well."""

    __tablename__ = "lignes_facture"
    __noun__ = Noun(
        "Ligne de facture",
        "receipt",
        root="facture_id",
        groups=(
            Group(
                "ligne",
                (
                    "intervention_id",
                    "designation",
                    "quantite",
                    "prix_unitaire",
                    "taux_tva",
                    "unite",
                    "remise_pct",
                    "exoneration",
                ),
                label="Ligne",
            ),
        ),
        key=("facture_id", "cle"),
        made=True,
    )
    __table_args__ = (
        _given("uq_lignes_facture_cle", "facture_id", "cle", unique=True),
        _given("idx_lignes_facture_ligne_intervention_id", "ligne_intervention_id"),
        _given("idx_lignes_facture_temps_id", "temps_id"),
        _given("idx_lignes_facture_acompte_id", "acompte_id"),
        _given("idx_lignes_facture_ligne_origine_id", "ligne_origine_id"),
    )

    facture_id: Mapped[int] = link("Facture", "factures.id")
    intervention_id: Mapped[int | None] = link("Intervention", "interventions.id")
    designation: Mapped[str] = field("Désignation", sa.String(200))
    quantite: Mapped[Decimal] = field("Quantité", Montant(12, 3))
    prix_unitaire: Mapped[Decimal] = field("Prix unitaire")
    taux_tva: Mapped[Decimal] = field("TVA %", Montant(5, 2))
    ordre: Mapped[int] = field("Ordre", sa.Integer, server_default="0", default=0, since=FACTURATION)
    unite: Mapped[str | None] = field("Unité", sa.String(20), since=FACTURATION)
    remise_pct: Mapped[Decimal] = field(
        "Remise (%)", Montant(5, 2), server_default="0.00", default=Decimal(0), since=FACTURATION
    )
    exoneration: Mapped[str | None] = field("Motif d'exonération", sa.String(200), since=FACTURATION)
    """The text of the law, obligatory where no VAT is charged."""
    ligne_intervention_id: Mapped[int | None] = _made("Ligne d'intervention", "lignes_intervention.id")
    temps_id: Mapped[int | None] = _made("Temps passé", "temps.id")
    acompte_id: Mapped[int | None] = _made("Facture d'acompte", "factures.id")
    """The advance that this line takes off; its quantity is negative."""
    ligne_origine_id: Mapped[int | None] = _made("Ligne d'origine", "lignes_facture.id")
    """The line of the invoice that this line of an avoir gives back."""
    cle: Mapped[str | None] = field("Clé", sa.String(20), policy=Policy.CENTRE, since=FACTURATION)
    """What the program made the line for, once an invoice: ``periode``."""


class DemandeValidation(LigneAgence, Base):
    """A responsable asks the centre to validate a draft; the answer comes back with the same row.

    A row of its own and no statut of the invoice: two desktops that ask for one draft each get their answer, and
    neither has changed anything that the other did (docs/adr/0017-validation-au-centre.md).
    """

    __tablename__ = "demandes_validation"
    __noun__ = Noun("Demande de validation", "check-circle", root="facture_id")
    __table_args__ = ({"info": {"since": FACTURATION}},)

    facture_id: Mapped[int] = link("Facture", "factures.id")
    total_ttc: Mapped[Decimal] = field("Total TTC")
    """What the person saw; the centre refuses when the draft comes to something else."""
    etat: Mapped[str] = choice("État", EtatDemande, "en_attente", policy=Policy.CENTRE_SEUL, allowed="^en_attente$")
    numero: Mapped[str | None] = field("Numéro", sa.String(40), policy=Policy.CENTRE_SEUL, code=True)
    """The legal number: drawn for this request, or already there."""
    motif: Mapped[str | None] = field("Motif", sa.String(500), policy=Policy.CENTRE_SEUL)
    """Why it was refused, one French sentence."""
    repondu_le: Mapped[datetime | None] = field("Répondu le", policy=Policy.CENTRE_SEUL)


class TauxTva(LigneAgence, Base):
    """VAT rates with their validity; shared."""

    __tablename__ = "taux_tva"
    __noun__ = Noun("Taux de TVA", "file-text", device_writes=False)
    __table_args__ = (sa.UniqueConstraint("taux", "date_debut"),)

    taux: Mapped[Decimal] = field("Taux", Montant(5, 2))
    libelle: Mapped[str] = field("Libellé", sa.String(80))
    date_debut: Mapped[date] = field("Date de début")
    date_fin: Mapped[date | None] = field("Date de fin")


class Tarif(LigneAgence, Base):
    """What an hour of labour or a kilometre costs a client between two dates; without an agency, everywhere."""

    __tablename__ = "tarifs"
    __noun__ = Noun("Tarif", "tag", name="libelle", device_writes=False)
    __table_args__ = (
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name="dates"),
        {"info": {"since": ADMINISTRATION}},
    )

    type_ligne: Mapped[str] = choice("Type de ligne", TypeTarif)
    libelle: Mapped[str] = field("Libellé", sa.String(80))
    unite: Mapped[str] = field("Unité", sa.String(20))
    prix_unitaire: Mapped[Decimal] = field("Prix unitaire")
    """Before tax, MAD."""
    taux_tva: Mapped[Decimal] = field("TVA %", Montant(5, 2))
    """Percent."""
    date_debut: Mapped[date] = field("Date de début")
    date_fin: Mapped[date | None] = field("Date de fin")


class TauxLegal(LigneAgence, Base):
    """Rates of the law other than VAT, and thresholds, between two dates; shared."""

    __tablename__ = "taux_legaux"
    __noun__ = Noun("Taux légal", "file-text", name="libelle", device_writes=False)
    __table_args__ = (
        sa.UniqueConstraint("code", "libelle", "date_debut"),
        sa.CheckConstraint("date_fin IS NULL OR date_fin >= date_debut", name="dates"),
        {"info": {"since": FACTURATION}},
    )

    code: Mapped[str] = choice("Code", CodeTaux)
    libelle: Mapped[str] = field("Libellé", sa.String(120))
    taux: Mapped[Decimal] = field("Taux", Montant(5, 2))
    """Percent; of what, ``CodeTaux`` says."""
    seuil: Mapped[Decimal | None] = field("Seuil (MAD)")
    """From which amount it holds, where the rate has one."""
    date_debut: Mapped[date] = field("Date de début")
    date_fin: Mapped[date | None] = field("Date de fin")


class Paiement(LigneAgence, Base):
    """A payment of a client: what it settles of which invoices is in its ``imputations``.

    ``montant`` is what is settled, what the client kept back for the State (``retenues``) included. One that bounced
    is never changed: another row with ``annule_id`` says so.
    """

    __tablename__ = "paiements"
    __noun__ = Noun("Paiement", "receipt", append_only=True, root="facture_id", follows=("client_id",))

    facture_id: Mapped[int | None] = link("Facture", "factures.id")
    """The one invoice that the whole of it settles, as programs from before ``imputations`` write it."""
    date_paiement: Mapped[date] = field("Date de paiement")
    montant: Mapped[Decimal] = field("Montant")
    mode_paiement: Mapped[str] = choice("Mode de paiement", ModePaiement)
    reference: Mapped[str | None] = field("Référence", sa.String(80), code=True)
    client_id: Mapped[int | None] = link("Client", "clients.id", since=FACTURATION)
    numero: Mapped[str | None] = field("Numéro", sa.String(40), code=True, since=FACTURATION)
    """Of the receipt: ``REC-{agence}-{poste}-{year}-{sequence}``, final at once."""
    timbre: Mapped[Decimal] = field(
        "Timbre", Montant(12, 2), server_default="0.00", default=Decimal(0), since=FACTURATION
    )
    """Stamp duty of what is received in cash, paid on top by the client."""
    banque: Mapped[str | None] = field("Banque", sa.String(80), since=FACTURATION)
    date_valeur: Mapped[date | None] = field("Date de valeur", Jour(), since=FACTURATION)
    annule_id: Mapped[int | None] = link("Annule le paiement", "paiements.id", since=FACTURATION)
    motif: Mapped[str | None] = field("Motif", sa.String(200), since=FACTURATION)


class Imputation(LigneAgence, Base):
    """How much of a payment settles an invoice."""

    __tablename__ = "imputations"
    __noun__ = Noun("Imputation", "receipt", append_only=True, root="facture_id")
    __table_args__ = ({"info": {"since": FACTURATION}},)

    paiement_id: Mapped[int] = link("Paiement", "paiements.id")
    facture_id: Mapped[int] = link("Facture", "factures.id")
    montant: Mapped[Decimal] = field("Montant")


class Retenue(LigneAgence, Base):
    """What the client kept back of a payment and pays to the State, with its certificate."""

    __tablename__ = "retenues"
    __noun__ = Noun("Retenue à la source", "receipt", append_only=True, root="paiement_id")
    __table_args__ = ({"info": {"since": FACTURATION}},)

    paiement_id: Mapped[int] = link("Paiement", "paiements.id")
    facture_id: Mapped[int] = link("Facture", "factures.id")
    type: Mapped[str] = choice("Type", TypeRetenue)
    base: Mapped[Decimal] = field("Base")
    """MAD: the VAT, or the amount before tax, that it is a part of."""
    taux: Mapped[Decimal] = field("Taux", Montant(5, 2))
    montant: Mapped[Decimal] = field("Montant")
    attestation: Mapped[str | None] = field("Attestation", sa.String(80), code=True)


class Relance(LigneAgence, Base):
    """A client was sent an invoice (``niveau`` 0), or asked for its payment a first, second or third time."""

    __tablename__ = "relances"
    __noun__ = Noun("Relance", "bell", append_only=True, taken_back=True, root="facture_id")
    __table_args__ = (
        sa.CheckConstraint("niveau >= 0 AND niveau <= 3", name="niveau"),
        {"info": {"since": FACTURATION}},
    )

    facture_id: Mapped[int] = link("Facture", "factures.id")
    niveau: Mapped[int] = field("Niveau")
    date_relance: Mapped[date] = field("Date de relance")
    canal: Mapped[str] = choice("Canal", CanalRelance, "courriel")
    promesse: Mapped[date | None] = field("Promesse de paiement")
    note: Mapped[str | None] = field("Note", sa.String(500))
