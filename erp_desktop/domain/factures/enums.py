"""Closed lists of invoices, as ``domain.enums`` holds those of the trade."""

from __future__ import annotations

from enum import StrEnum


class StatutTransmission(StrEnum):
    """Where an invoice stands with the tax administration's platform."""

    SANS = "sans"
    A_TRANSMETTRE = "a_transmettre"
    TRANSMISE = "transmise"
    ACCEPTEE = "acceptee"
    REJETEE = "rejetee"


class EtatDemande(StrEnum):
    """What the centre answered to a request to validate an invoice."""

    EN_ATTENTE = "en_attente"
    ACCEPTEE = "acceptee"
    REFUSEE = "refusee"


class EtatFacture(StrEnum):
    """Where an invoice is in its life; computed, never stored (``domain.factures.etats``)."""

    BROUILLON = "brouillon"
    A_TRANSMETTRE = "a_transmettre"
    REJETEE = "rejetee"
    VALIDEE = "validee"
    ENVOYEE = "envoyee"
    PARTIELLE = "partielle"
    EN_RETARD = "en_retard"
    PAYEE = "payee"
    ANNULEE = "annulee"


class TypeRetenue(StrEnum):
    """What a client keeps back for the State: a part of the VAT, or of the amount before tax."""

    RAS_TVA = "ras_tva"
    RAS_IS = "ras_is"


class CodeTaux(StrEnum):
    """Rates of the law with their dates, in percent.

    ``ras_tva`` of the VAT, ``ras_is`` of the amount before tax, ``timbre`` of what is received in cash;
    ``taux_directeur`` of Bank Al-Maghrib a year, ``marge_retard`` what a late payer owes above it at least,
    ``amende_mois`` what each further month adds to the fine of law 69-21; ``ice`` has only a threshold.
    """

    RAS_TVA = "ras_tva"
    RAS_IS = "ras_is"
    TIMBRE = "timbre"
    TAUX_DIRECTEUR = "taux_directeur"
    MARGE_RETARD = "marge_retard"
    AMENDE_MOIS = "amende_mois"
    ICE = "ice"


class CanalRelance(StrEnum):
    COURRIEL = "courriel"
    COURRIER = "courrier"
    TELEPHONE = "telephone"
    REMISE = "remise"
