"""What the clerk reads for each value of the closed lists, and how dates and durations are written."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum

from erp_desktop import clock
from erp_desktop.domain import enums
from erp_desktop.domain.factures.enums import (
    CanalRelance,
    CodeTaux,
    EtatDemande,
    EtatFacture,
    StatutTransmission,
    TypeRetenue,
)
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.ui.kit.i18n import isolate, language, of, tr

_WORDS: dict[type[StrEnum], dict[str, str]] = {
    enums.Role: {
        "admin": "Administration", "responsable": "Responsable d'agence", "agent": "Chargé d'exploitation",
        "technicien": "Technicien", "client": "Client",
    },
    enums.Statut: {
        "ouverte": "Ouverte", "affectee": "Affectée", "en_cours": "En cours", "en_attente": "En attente",
        "cloturee": "Clôturée", "archivee": "Archivée", "annulee": "Annulée",
    },
    enums.Priorite: {
        "urgente": "Urgente", "haute": "Haute", "normale": "Normale", "basse": "Basse", "programmee": "Programmée",
    },
    enums.TypeIntervention: {
        "corrective": "Corrective", "preventive": "Préventive", "ameliorative": "Améliorative",
        "diagnostic": "Diagnostic",
    },
    enums.TypeClient: {
        "entreprise": "Entreprise", "collectivite": "Collectivité", "association": "Association",
        "particulier": "Particulier",
    },
    enums.NiveauService: {"premium": "Premium", "standard": "Standard", "basique": "Basique"},
    enums.StatutEquipement: {
        "operationnel": "Opérationnel", "maintenance": "En maintenance", "panne": "En panne", "retire": "Retiré",
    },
    enums.Criticite: {
        "critique": "Critique", "important": "Important", "standard": "Standard", "non_critique": "Non critique",
    },
    enums.Niveau: {
        "debutant": "Débutant", "intermediaire": "Intermédiaire", "avance": "Avancé", "expert": "Expert",
    },
    enums.Disponibilite: {
        "disponible": "Disponible", "occupe": "Occupé", "conge": "En congé", "formation": "En formation",
        "indisponible": "Indisponible",
    },
    enums.TypeContrat: {
        "maintenance_preventive": "Maintenance préventive", "maintenance_corrective": "Maintenance corrective",
        "maintenance_complete": "Maintenance complète", "support_technique": "Support technique",
        "contrat_cadre": "Contrat-cadre",
    },
    EtatFacture: {
        "brouillon": "Brouillon", "a_transmettre": "À transmettre", "rejetee": "Rejetée", "validee": "Validée",
        "envoyee": "Envoyée", "partielle": "Partielle", "en_retard": "En retard", "payee": "Payée",
        "annulee": "Annulée",
    },
    enums.StatutFacture: {
        "brouillon": "Brouillon", "a_transmettre": "À transmettre", "validee": "Validée", "envoyee": "Envoyée",
        "payee": "Payée", "en_retard": "En retard", "annulee": "Annulée", "rejetee": "Rejetée",
    },
    StatutTransmission: {
        "sans": "Sans transmission", "a_transmettre": "À transmettre", "transmise": "Transmise",
        "acceptee": "Acceptée", "rejetee": "Rejetée",
    },
    EtatDemande: {"en_attente": "Attend une réponse", "acceptee": "Acceptée", "refusee": "Refusée"},
    TypeRetenue: {"ras_tva": "Retenue sur la TVA", "ras_is": "Retenue sur l'IS"},
    enums.EtatOccurrence: {"generee": "Générée", "sautee": "Sautée", "retiree": "Retirée"},
    enums.TypeNotification: {
        "affectation": "Affectation", "cloture": "Clôture", "rappel": "Rappel", "retard": "Retard",
        "information": "Information",
    },
    enums.DureeFerie: {"jour": "Journée", "demi": "Demi-journée"},
    enums.TypeFacture: {"facture": "Facture", "avoir": "Avoir"},
    enums.ModePaiement: {
        "virement": "Virement", "cheque": "Chèque", "effet": "Effet", "especes": "Espèces", "carte": "Carte",
    },
    CanalRelance: {
        "courriel": "Courriel", "courrier": "Courrier", "telephone": "Téléphone", "remise": "Remise en main propre",
    },
    enums.StatutContrat: {
        "brouillon": "Brouillon", "en_cours": "En cours", "suspendu": "Suspendu", "expire": "Expiré",
        "resilie": "Résilié",
    },
    enums.ModeFacturation: {"mensuel": "Mensuelle", "trimestriel": "Trimestrielle", "annuel": "Annuelle"},
    enums.Reconduction: {"aucune": "Aucune", "tacite": "Tacite", "expresse": "Expresse"},
    enums.HoraireSla: {"agence": "Heures de l'agence", "continu": "24 h sur 24, 7 j sur 7"},
    enums.Imputation: {"contrat": "Au contrat", "a_facturer": "À facturer"},
    enums.TypeLigne: {
        "piece": "Pièce", "main_oeuvre": "Main-d'œuvre", "deplacement": "Déplacement", "autre": "Autre",
    },
    enums.TypeMouvement: {
        "entree": "Entrée de stock", "sortie": "Sortie de stock", "ajustement": "Ajustement", "retour": "Retour",
        "transfert": "Transfert",
    },
    enums.TypeDepot: {
        "agence": "Magasin", "vehicule": "Fourgon", "transit": "En transit", "rebut": "Rebut",
    },
    enums.StatutDepot: {"ouvert": "Ouvert", "clos": "Clos"},
    enums.EtatInventaire: {"ouvert": "Comptage en cours", "valide": "Validé", "annule": "Annulé"},
    enums.TypeDocument: {
        "photo": "Photo", "rapport": "Rapport", "manuel": "Manuel", "certificat": "Certificat", "facture": "Facture",
    },
    SuiviPiece: {"aucun": "Non suivie", "lot": "Par lot", "serie": "Par numéro de série"},
    enums.MomentPhoto: {"avant": "Avant les travaux", "apres": "Après les travaux"},
    enums.TypeTemps: {"travail": "Travail", "trajet": "Trajet", "attente": "Attente"},
    enums.CauseArret: {
        "panne": "Panne", "entretien": "Entretien", "piece": "Attente de pièce", "energie": "Coupure d'énergie",
        "securite": "Mise en sécurité", "autre": "Autre cause",
    },
    enums.MotifAttente: {
        "piece": "Pièce attendue", "acces": "Accès refusé ou impossible", "accord": "Accord du client",
        "securite": "Mise en sécurité", "renfort": "Renfort ou outillage", "autre": "Autre motif",
    },
    enums.TypeAbsence: {
        "conge": "Congé", "maladie": "Maladie", "formation": "Formation", "astreinte": "Astreinte", "autre": "Autre",
    },
    enums.StatutAbsence: {"demande": "Demandée", "acceptee": "Acceptée", "refusee": "Refusée"},
    enums.RecurrenceAbsence: {"hebdomadaire": "Chaque semaine"},
    enums.RoleCreneau: {"principal": "Principal", "renfort": "Renfort"},
    enums.EtatCreneau: {
        "propose": "Proposé", "confirme": "Confirmé", "fait": "Fait", "annule": "Retiré du planning",
    },
    enums.EvenementNotification: {
        "affectation": "Intervention affectée", "sla_proche": "Échéance proche", "sla_depasse": "Échéance dépassée",
        "conflit": "Conflit à trancher", "refus": "Changement refusé par le centre",
        "stock_minimum": "Stock sous le minimum", "contrat_echeance": "Contrat à échéance",
    },
    enums.CanalNotification: {
        "bureau": "Fenêtre et bureau", "fenetre": "Fenêtre seulement", "aucun": "Ne pas annoncer",
    },
    enums.TypeCodePanne: {"probleme": "Problème", "cause": "Cause", "remede": "Remède"},
    CodeTaux: {
        "ras_tva": "Retenue sur la TVA", "ras_is": "Retenue sur le montant HT", "timbre": "Droit de timbre",
        "taux_directeur": "Taux directeur", "marge_retard": "Marge de retard", "amende_mois": "Amende par mois",
        "ice": "Seuil de l'ICE",
    },
    enums.TypeTarif: {"main_oeuvre": "Main-d'œuvre", "deplacement": "Déplacement"},
    enums.MotifHoraire: {
        "normal": "Habituel", "ramadan": "Ramadan", "ete": "Été", "exception": "Dates particulières",
    },
    enums.ReglePlanning: {
        "chevauchement": "Deux interventions en même temps", "absence": "Technicien absent",
        "indisponible": "Technicien indisponible", "competence": "Compétence manquante ou périmée",
        "horaires": "Hors des heures de l'agence", "ferie": "Jour férié", "sla": "Après l'échéance",
        "equipement_retire": "Équipement retiré",
    },
    enums.VerdictPlanning: {"refuser": "Refuser", "avertir": "Avertir", "ignorer": "Ignorer"},
    enums.Frequence: {
        "journalier": "Chaque jour", "hebdomadaire": "Chaque semaine", "mensuel": "Chaque mois",
        "trimestriel": "Chaque trimestre", "semestriel": "Chaque semestre", "annuel": "Chaque année",
        "rrule": "Selon une règle",
    },
    enums.AncrePlanning: {
        "calendrier": "Le calendrier", "cloture": "La dernière clôture", "compteur": "Un compteur",
    },
    enums.StatutPlanning: {
        "actif": "Actif", "suspendu": "Suspendu", "termine": "Terminé", "en_retard": "En retard",
    },
    enums.ReportFerie: {
        "avant": "Avancer au jour ouvré", "apres": "Reporter au jour ouvré", "garder": "Garder la date",
    },
    enums.TypePoint: {"oui_non": "Oui ou non", "mesure": "Mesure", "texte": "Texte", "photo": "Photo"},
    Etat: {
        "faite": "Réalisée", "en_cours": "En cours", "affectee": "Affectée", "generee": "À affecter",
        "a_generer": "À générer", "en_retard": "En retard", "manquee": "Manquée", "sautee": "Sautée",
        "retiree": "Retirée",
    },
    enums.EtatDocument: {
        "poste": "Sur ce poste", "attente": "En attente d'envoi", "centre": "Au centre", "distant": "À télécharger",
        "demande": "Téléchargement demandé",
    },
}  # fmt: skip

_NOUNS: dict[type[StrEnum], str] = {
    EtatFacture: "facture", enums.StatutFacture: "facture", StatutTransmission: "facture", Etat: "visite",
    enums.StatutPlanning: "plan", enums.StatutEquipement: "équipement", enums.Criticite: "équipement",
}  # fmt: skip
"""What a list is said of where another gender shares its words: in Arabic an intervention is masculine."""

_ACTIONS = {
    "ouverte": "Rouvrir", "affectee": "Affecter", "en_cours": "Démarrer", "en_attente": "Mettre en attente",
    "cloturee": "Clôturer", "archivee": "Archiver", "annulee": "Annuler l'intervention",
}  # fmt: skip
NONE = "—"


def label(kind: type[StrEnum], value: str | None) -> str:
    """The translated word of a value; a value from a newer version is shown as it is."""
    if not value:
        return NONE
    words = _WORDS.get(kind, {}).get(str(value))
    if not words:
        return str(value)
    return of(_NOUNS[kind], words) if kind in _NOUNS else tr(words)


def options(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """``(value, word)`` of a closed list in its order."""
    return [(member.value, label(kind, member.value)) for member in kind]


def action(status: str, source: str = "") -> str:
    """The verb that brings an intervention to ``status``."""
    if status == "en_cours" and source == "en_attente":
        return tr("Reprendre")
    if status == "en_cours" and source == "cloturee":
        return tr("Rouvrir…")
    if status == "ouverte" and source == "affectee":
        return tr("Retirer l'affectation")
    return tr(_ACTIONS[status])


def instant(value: datetime | None, *, year: bool = False) -> str:
    """``17/11 13:40`` in Morocco's wall-clock time."""
    if value is None:
        return NONE
    if isinstance(value, clock.UnreadableInstant):
        return tr("illisible : {texte}", texte=isolate(value.text[:40]))
    return isolate(clock.local(value).strftime("%d/%m/%Y %H:%M" if year else "%d/%m %H:%M"))


def short_number(numero: str) -> str:
    """``04-00487`` of a number of this year, ``04-2025-00487`` of another; whole where it has no such pieces."""
    parts = numero.split("-")
    if len(parts) != 5:
        return isolate(numero)
    year = "" if parts[3] == str(clock.today().year) else f"{parts[3]}-"
    return isolate(f"{parts[2]}-{year}{parts[4]}")


def day(value: date | None) -> str:
    if isinstance(value, clock.UnreadableDay):
        return tr("illisible : {texte}", texte=isolate(value.text[:40]))
    return value.strftime("%d/%m/%Y") if value else NONE


def remaining(minutes: int | None, *, late: bool = False) -> str:
    """What is left of a deadline, ``0 h 28``, ``11 h``, ``3 j``; late ``+0 h 45``, ``+0 h 00`` of no opening time."""
    if minutes is None:
        return NONE
    sign, left = ("+" if late or minutes < 0 else ""), abs(minutes)
    hours, rest = divmod(left, 60)
    if hours >= 48:
        return tr("{n} j", n=isolate(f"{sign}{hours // 24}"))
    if hours >= 10:
        return f"{isolate(f'{sign}{hours}')} {tr('h')}"
    if language() == "ar":
        return f"{isolate(f'{sign}{hours}:{rest:02d}')} {tr('h')}"
    return f"{sign}{hours} {tr('h')} {rest:02d}"


def measured(words: str) -> str:
    """A duration as reports write it, ``5 h 42`` or ``12 min``, in the language in force; anything else stays."""
    if language() != "ar":
        return words
    if found := re.fullmatch(r"([+\u2212-]?[\d\u202f]+)\u202fh\u202f(\d\d)", words):
        return f"{isolate(f'{found[1]}:{found[2]}')} {tr('h')}"
    if found := re.fullmatch(r"([+\u2212-]?\d+)[\u202f ]min", words):
        return f"{isolate(found[1])} {tr('min')}"
    return words


def hour(value: datetime) -> str:
    """``13:40`` in Morocco's wall-clock time."""
    return isolate(clock.local(value).strftime("%H:%M"))


def spent(minutes: int) -> str:
    """How long something took: ``0 h 45``, ``26 h 10``."""
    hours, rest = divmod(minutes, 60)
    if language() == "ar":
        return f"{isolate(f'{hours}:{rest:02d}')} {tr('h')}"
    return f"{hours} {tr('h')} {rest:02d}"


def freshness(value: datetime | None) -> str:
    """``à 14:05`` today, ``du 17/11 à 14:05`` before."""
    if value is None:
        return tr("jamais")
    here, today = clock.local(value), clock.local(clock.now()).date()
    if here.date() == today:
        return tr("à {heure}", heure=here.strftime("%H:%M"))
    return tr("du {jour} à {heure}", jour=here.strftime("%d/%m"), heure=here.strftime("%H:%M"))


def happened(value: datetime) -> str:
    """``à 14:05`` today, ``le 17/11 à 14:05`` before: when something was done, rather than how fresh it is."""
    here = clock.local(value)
    if here.date() == clock.today():
        return tr("à {heure}", heure=here.strftime("%H:%M"))
    return tr("le {jour} à {heure}", jour=here.strftime("%d/%m"), heure=here.strftime("%H:%M"))


def long_clock(now: datetime) -> str:
    """``mardi 17/11/2026 15:20``."""
    days = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    here = clock.local(now)
    return f"{tr(days[here.weekday()])} {here.strftime('%d/%m/%Y %H:%M')}"


def until_next_minute(now: datetime) -> int:
    """Milliseconds until the displayed clock changes."""
    later = (now + timedelta(minutes=1)).replace(second=0, microsecond=0)
    return max(50, round((later - now).total_seconds() * 1000))
