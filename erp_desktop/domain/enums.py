"""Closed lists of the trade. Values are what databases, payloads and files carry; labels belong to the interface."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    RESPONSABLE = "responsable"
    AGENT = "agent"
    TECHNICIEN = "technicien"
    CLIENT = "client"


class Niveau(StrEnum):
    DEBUTANT = "debutant"
    INTERMEDIAIRE = "intermediaire"
    AVANCE = "avance"
    EXPERT = "expert"


class Disponibilite(StrEnum):
    DISPONIBLE = "disponible"
    OCCUPE = "occupe"
    CONGE = "conge"
    FORMATION = "formation"
    INDISPONIBLE = "indisponible"


class TypeClient(StrEnum):
    ENTREPRISE = "entreprise"
    COLLECTIVITE = "collectivite"
    ASSOCIATION = "association"
    PARTICULIER = "particulier"


class NiveauService(StrEnum):
    PREMIUM = "premium"
    STANDARD = "standard"
    BASIQUE = "basique"


class TypeContrat(StrEnum):
    MAINTENANCE_PREVENTIVE = "maintenance_preventive"
    MAINTENANCE_CORRECTIVE = "maintenance_corrective"
    MAINTENANCE_COMPLETE = "maintenance_complete"
    SUPPORT_TECHNIQUE = "support_technique"
    CONTRAT_CADRE = "contrat_cadre"


class StatutContrat(StrEnum):
    BROUILLON = "brouillon"
    EN_COURS = "en_cours"
    SUSPENDU = "suspendu"
    EXPIRE = "expire"
    RESILIE = "resilie"


class Reconduction(StrEnum):
    """What becomes of a contract at its end."""

    AUCUNE = "aucune"
    TACITE = "tacite"
    EXPRESSE = "expresse"


class HoraireSla(StrEnum):
    """On which hours the clock of a contract runs."""

    AGENCE = "agence"
    CONTINU = "continu"


class Imputation(StrEnum):
    """Who pays for an intervention, when a responsable decided it."""

    CONTRAT = "contrat"
    A_FACTURER = "a_facturer"


class ModeFacturation(StrEnum):
    MENSUEL = "mensuel"
    TRIMESTRIEL = "trimestriel"
    ANNUEL = "annuel"


class StatutEquipement(StrEnum):
    OPERATIONNEL = "operationnel"
    MAINTENANCE = "maintenance"
    PANNE = "panne"
    RETIRE = "retire"


class Criticite(StrEnum):
    CRITIQUE = "critique"
    IMPORTANT = "important"
    STANDARD = "standard"
    NON_CRITIQUE = "non_critique"


class TypeIntervention(StrEnum):
    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"
    AMELIORATIVE = "ameliorative"
    DIAGNOSTIC = "diagnostic"


class Statut(StrEnum):
    """States of an intervention, in the order of its life."""

    OUVERTE = "ouverte"
    AFFECTEE = "affectee"
    EN_COURS = "en_cours"
    EN_ATTENTE = "en_attente"
    CLOTUREE = "cloturee"
    ARCHIVEE = "archivee"
    ANNULEE = "annulee"


class Priorite(StrEnum):
    URGENTE = "urgente"
    HAUTE = "haute"
    NORMALE = "normale"
    BASSE = "basse"
    PROGRAMMEE = "programmee"


class TypeLigne(StrEnum):
    PIECE = "piece"
    MAIN_OEUVRE = "main_oeuvre"
    DEPLACEMENT = "deplacement"
    AUTRE = "autre"


class Frequence(StrEnum):
    JOURNALIER = "journalier"
    HEBDOMADAIRE = "hebdomadaire"
    MENSUEL = "mensuel"
    TRIMESTRIEL = "trimestriel"
    SEMESTRIEL = "semestriel"
    ANNUEL = "annuel"
    RRULE = "rrule"


class StatutPlanning(StrEnum):
    ACTIF = "actif"
    SUSPENDU = "suspendu"
    TERMINE = "termine"
    EN_RETARD = "en_retard"


class AncrePlanning(StrEnum):
    """What a preventive plan counts from: the calendar, the closing of its last visit, or a meter."""

    CALENDRIER = "calendrier"
    CLOTURE = "cloture"
    COMPTEUR = "compteur"


class ReportFerie(StrEnum):
    """Where the visit of a closed day goes: the open day before, the one after, or nowhere."""

    AVANT = "avant"
    APRES = "apres"
    GARDER = "garder"


class EtatOccurrence(StrEnum):
    """What was decided of a due date; whether its visit is done or late follows from its intervention."""

    GENEREE = "generee"
    SAUTEE = "sautee"
    RETIREE = "retiree"


class TypePoint(StrEnum):
    """How a point of a checklist is answered."""

    OUI_NON = "oui_non"
    MESURE = "mesure"
    TEXTE = "texte"
    PHOTO = "photo"


class TypeDocument(StrEnum):
    PHOTO = "photo"
    RAPPORT = "rapport"
    MANUEL = "manuel"
    CERTIFICAT = "certificat"
    FACTURE = "facture"


class MomentPhoto(StrEnum):
    """Whether a picture shows the machine before the work or after it."""

    AVANT = "avant"
    APRES = "apres"


class EtatDocument(StrEnum):
    """Where the bytes of a document are; never stored."""

    POSTE = "poste"
    ATTENTE = "attente"
    CENTRE = "centre"
    DISTANT = "distant"
    DEMANDE = "demande"


class TypeMouvement(StrEnum):
    ENTREE = "entree"
    SORTIE = "sortie"
    AJUSTEMENT = "ajustement"
    RETOUR = "retour"
    TRANSFERT = "transfert"


class TypeDepot(StrEnum):
    """``transit`` holds what was sent and not received, ``rebut`` what is kept and worth nothing."""

    AGENCE = "agence"
    VEHICULE = "vehicule"
    TRANSIT = "transit"
    REBUT = "rebut"


class StatutDepot(StrEnum):
    OUVERT = "ouvert"
    CLOS = "clos"


class EtatInventaire(StrEnum):
    OUVERT = "ouvert"
    VALIDE = "valide"
    ANNULE = "annule"


class StatutFacture(StrEnum):
    BROUILLON = "brouillon"
    A_TRANSMETTRE = "a_transmettre"
    VALIDEE = "validee"
    ENVOYEE = "envoyee"
    PAYEE = "payee"
    EN_RETARD = "en_retard"
    ANNULEE = "annulee"
    REJETEE = "rejetee"


class TypeFacture(StrEnum):
    FACTURE = "facture"
    AVOIR = "avoir"


class ModePaiement(StrEnum):
    VIREMENT = "virement"
    CHEQUE = "cheque"
    EFFET = "effet"
    ESPECES = "especes"
    CARTE = "carte"


class TypeNotification(StrEnum):
    AFFECTATION = "affectation"
    CLOTURE = "cloture"
    RAPPEL = "rappel"
    RETARD = "retard"
    INFORMATION = "information"


class EvenementNotification(StrEnum):
    """What a person may be told of."""

    AFFECTATION = "affectation"
    SLA_PROCHE = "sla_proche"
    SLA_DEPASSE = "sla_depasse"
    CONFLIT = "conflit"
    REFUS = "refus"
    STOCK_MINIMUM = "stock_minimum"
    CONTRAT_ECHEANCE = "contrat_echeance"


class CanalNotification(StrEnum):
    """Where a person wants to be told of an event."""

    BUREAU = "bureau"
    FENETRE = "fenetre"
    AUCUN = "aucun"


class TypeCodePanne(StrEnum):
    PROBLEME = "probleme"
    CAUSE = "cause"
    REMEDE = "remede"


class TypeTarif(StrEnum):
    MAIN_OEUVRE = "main_oeuvre"
    DEPLACEMENT = "deplacement"


class TypeTemps(StrEnum):
    """What a technicien's time went into; only ``travail`` is repair."""

    TRAVAIL = "travail"
    TRAJET = "trajet"
    ATTENTE = "attente"


class CauseArret(StrEnum):
    """Why a machine stands still."""

    PANNE = "panne"
    ENTRETIEN = "entretien"
    PIECE = "piece"
    ENERGIE = "energie"
    SECURITE = "securite"
    AUTRE = "autre"


class MotifAttente(StrEnum):
    """Why work that began is waiting."""

    PIECE = "piece"
    ACCES = "acces"
    ACCORD = "accord"
    SECURITE = "securite"
    RENFORT = "renfort"
    AUTRE = "autre"


class MotifHoraire(StrEnum):
    """Why hours hold: those of every week, of Ramadan, of summer, or of single dates (``exception``)."""

    NORMAL = "normal"
    RAMADAN = "ramadan"
    ETE = "ete"
    EXCEPTION = "exception"


class DureeFerie(StrEnum):
    JOUR = "jour"
    DEMI = "demi"


class TypeAbsence(StrEnum):
    """Why a technicien is not at their usual work; ``astreinte`` is the contrary: on call outside the hours."""

    CONGE = "conge"
    MALADIE = "maladie"
    FORMATION = "formation"
    ASTREINTE = "astreinte"
    AUTRE = "autre"


class StatutAbsence(StrEnum):
    DEMANDE = "demande"
    ACCEPTEE = "acceptee"
    REFUSEE = "refusee"


class RecurrenceAbsence(StrEnum):
    HEBDOMADAIRE = "hebdomadaire"


class RoleCreneau(StrEnum):
    PRINCIPAL = "principal"
    RENFORT = "renfort"


class EtatCreneau(StrEnum):
    """``annule`` is no longer planned and keeps its row, which the next planning takes up again."""

    PROPOSE = "propose"
    CONFIRME = "confirme"
    FAIT = "fait"
    ANNULE = "annule"


class ReglePlanning(StrEnum):
    """What a plan may break; each agency says of each whether it refuses, warns or does not look."""

    CHEVAUCHEMENT = "chevauchement"
    ABSENCE = "absence"
    INDISPONIBLE = "indisponible"
    COMPETENCE = "competence"
    HORAIRES = "horaires"
    FERIE = "ferie"
    SLA = "sla"
    EQUIPEMENT_RETIRE = "equipement_retire"


class VerdictPlanning(StrEnum):
    REFUSER = "refuser"
    AVERTIR = "avertir"
    IGNORER = "ignorer"
