"""French labels of tables and fields, and how a field's stored value is read by a clerk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from erp_desktop import clock
from erp_desktop.domain import enums
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.wording import value_labels

CHAMPS: Final[dict[str, str]] = {
    "adresse": "Adresse", "agence_id": "Agence", "astreinte": "Astreinte", "client_id": "Client", "cnss": "CNSS",
    "code": "Code", "debut": "Début", "fin": "Fin", "zone": "Fuseau horaire", "verrouille": "Verrouillé",
    "etat": "État", "trajet_avant_min": "Trajet", "recurrence_fin": "Dernière semaine", "ordre": "Rang",
    "code_interne": "Code interne", "contact": "Contact", "contrat_id": "Contrat",
    "cout_externe": "Coût externe", "criticite": "Criticité", "date_affectation": "Date d'affectation",
    "date_cloture": "Date de clôture", "date_creation": "Date de création", "date_debut": "Date de début",
    "date_debut_travaux": "Début des travaux", "date_echeance": "Échéance", "date_facture": "Date de facture",
    "date_fin": "Date de fin", "date_fin_garantie": "Fin de garantie", "date_fin_travaux": "Fin des travaux",
    "date_limite": "Date limite", "date_mise_en_service": "Mise en service", "date_paiement": "Date de paiement",
    "date_planifiee": "Date planifiée", "depot_id": "Dépôt", "derniere_date": "Dernière date",
    "description": "Description", "designation": "Désignation", "diagnostic": "Diagnostic",
    "disponibilite": "Disponibilité", "duree_estimee": "Durée estimée", "duree_reelle": "Durée réelle",
    "email": "Adresse électronique", "equipe": "Équipe", "equipement_id": "Équipement", "facture_id": "Facture",
    "facture_origine_id": "Facture d'origine", "frequence": "Fréquence", "full_name": "Nom complet",
    "heures_incluses": "Heures incluses", "horaires": "Horaires", "horaires_travail": "Horaires de travail",
    "horodatage": "Date et heure", "ice": "ICE", "identifiant_fiscal": "Identifiant fiscal",
    "intervention_id": "Intervention", "is_active": "Actif", "jours_ouvres": "Jours ouvrés",
    "libelle": "Libellé", "localisation": "Localisation", "marque": "Marque",
    "mode_facturation": "Mode de facturation", "mode_paiement": "Mode de paiement", "modele": "Modèle",
    "modele_description": "Description du modèle",
    "modele_duree_estimee": "Durée estimée du modèle", "modele_priorite": "Priorité du modèle",
    "modele_titre": "Titre du modèle", "modele_type": "Type du modèle", "montant": "Montant",
    "montant_annuel": "Montant annuel", "motif": "Motif", "nb_interventions_incluses": "Interventions incluses",
    "niveau": "Niveau", "niveau_service": "Niveau de service", "nom": "Nom", "nom_entreprise": "Raison sociale",
    "nom_fichier": "Nom du fichier", "notes": "Notes", "notes_internes": "Notes internes", "numero": "Numéro",
    "numero_badge": "Badge", "numero_contrat": "Numéro de contrat", "numero_serie": "Numéro de série",
    "parent_id": "Équipement parent", "penalites_retard": "Pénalités de retard", "phone": "Téléphone",
    "piece_id": "Pièce", "priorite": "Priorité", "prix_unitaire": "Prix unitaire",
    "prochaine_date": "Prochaine date", "quantite": "Quantité", "recommandations": "Recommandations",
    "recurrence": "Règle de répétition",
    "reference": "Référence", "registre_commerce": "Registre du commerce", "remarque": "Remarque", "role": "Rôle",
    "satisfaction_client": "Satisfaction du client", "signataire": "Signataire",
    "signature": "Signature", "statut": "Statut", "stock_minimum": "Stock minimum", "taux_tva": "Taux de TVA",
    "taxe_professionnelle": "Taxe professionnelle", "technicien_id": "Technicien", "telephone": "Téléphone",
    "temps_deplacement": "Temps de déplacement", "temps_reponse_normal": "Temps de réponse normal",
    "temps_reponse_urgence": "Temps de réponse en urgence", "timbre": "Timbre", "titre": "Titre",
    "total_ht": "Total HT", "total_ttc": "Total TTC", "total_tva": "Total TVA",
    "travaux_realises": "Travaux réalisés", "type": "Type", "type_client": "Type de client",
    "type_contrat": "Type de contrat", "type_depot": "Type de dépôt", "type_document": "Type de document",
    "type_equipement": "Type d'équipement", "type_facture": "Type de facture", "type_ligne": "Type de ligne",
    "type_mouvement": "Type de mouvement", "unite": "Unité", "urgence": "Urgence", "user_id": "Compte",
    "username": "Identifiant", "ville": "Ville", "ville_rc": "Ville du registre", "zone_intervention": "Zone",
    "zone_planifiee": "Fuseau de la date planifiée", "annule_id": "Mouvement contre-passé",
    "code_barres": "Code-barres", "comptee_a": "Compté le", "date_effet": "Date d'effet",
    "emplacement": "Emplacement", "facturable": "Facturable", "famille": "Famille", "fige_a": "Terminé le",
    "fournisseur": "Fournisseur", "fournisseur_reference": "Référence du fournisseur",
    "inventaire_id": "Inventaire", "ligne_intervention_id": "Ligne d'intervention", "maximum": "Maximum",
    "minimum": "Minimum", "ouvert_a": "Ouvert le", "prevue": "Prévue", "remplacee_par_id": "Remplacée par",
    "transfert_id": "Transfert", "valeur_unitaire": "Valeur unitaire", "au": "Au", "du": "Du",
    "date_resiliation": "Date de résiliation", "date_signature": "Date de signature",
    "delai_paiement_jours": "Délai de paiement (jours)", "duree_mois": "Durée (mois)",
    "horaire_sla": "Heures couvertes", "imputation": "Imputation", "imputation_motif": "Motif de l'imputation",
    "interventions_incluses": "Interventions incluses", "objet": "Objet", "preavis_jours": "Préavis (jours)",
    "reconduction": "Reconduction", "seuil_alerte_pct": "Alerte du quota (%)",
}  # fmt: skip
"""Field → label; the same name means the same thing in every table."""

GROUPES: Final[dict[str, str]] = {
    "affectation": "Affectation", "creneau": "Créneau", "definition": "Définition", "echeance": "Dates de la facture",
    "execution": "Dernière exécution", "facturation": "Facturation", "fichier": "Fichier", "ligne": "Ligne",
    "couverture": "Couverture", "periode": "Période", "plan": "Planification", "prix": "Prix",
    "qualification": "Qualification", "quota": "Quota", "rattachement": "Rattachement",
    "registre": "Registre du commerce", "renouvellement": "Renouvellement",
    "rythme": "Rythme", "seuils": "Seuils", "travaux": "Travaux",
}  # fmt: skip
"""Group of columns that are decided together → label; one named like a column has that one's."""

TABLES: Final[dict[str, tuple[str, str]]] = {
    "agences": ("Agence", "buildings"), "clients": ("Client", "users-three"), "contrats": ("Contrat", "file-text"),
    "contrat_equipements": ("Équipement couvert", "factory"),
    "contrat_periodes": ("Période de contrat", "calendar-dots"),
    "depots": ("Dépôt", "package"), "documents": ("Document", "file-pdf"),
    "equipements": ("Équipement", "factory"),
    "factures": ("Facture", "receipt"), "historiques_interventions": ("Historique", "clock-counter-clockwise"),
    "interventions": ("Intervention", "wrench"), "lignes_facture": ("Ligne de facture", "receipt"),
    "lignes_intervention": ("Ligne d'intervention", "note-pencil"), "mouvements_stock": ("Mouvement", "package"),
    "inventaires": ("Inventaire", "package"), "lignes_inventaire": ("Ligne d'inventaire", "package"),
    "stock_seuils": ("Seuil de stock", "package"), "paiements": ("Paiement", "receipt"),
    "pieces_detachees": ("Pièce", "package"),
    "plannings": ("Planning", "calendar-dots"), "preferences": ("Préférence", "gear"),
    "techniciens": ("Technicien", "hard-hat"), "users": ("Compte", "user"),
}  # fmt: skip
"""Table → what one of its rows is called, and its icon."""

_LISTS: Final[dict[str, type[StrEnum]]] = {
    "priorite": enums.Priorite, "modele_priorite": enums.Priorite, "type_client": enums.TypeClient,
    "niveau_service": enums.NiveauService, "criticite": enums.Criticite, "disponibilite": enums.Disponibilite,
    "type_ligne": enums.TypeLigne, "role": enums.Role, "modele_type": enums.TypeIntervention,
    "type_contrat": enums.TypeContrat, "mode_facturation": enums.ModeFacturation,
    "reconduction": enums.Reconduction, "horaire_sla": enums.HoraireSla, "imputation": enums.Imputation,
}  # fmt: skip
_OF_TABLE: Final[dict[tuple[str, str], type[StrEnum]]] = {
    ("interventions", "statut"): enums.Statut, ("historiques_interventions", "statut"): enums.Statut,
    ("interventions", "type"): enums.TypeIntervention, ("equipements", "statut"): enums.StatutEquipement,
    ("contrats", "statut"): enums.StatutContrat,
    ("depots", "type_depot"): enums.TypeDepot, ("depots", "statut"): enums.StatutDepot,
    ("inventaires", "etat"): enums.EtatInventaire, ("mouvements_stock", "type_mouvement"): enums.TypeMouvement,
    ("absences", "type"): enums.TypeAbsence, ("absences", "statut"): enums.StatutAbsence,
    ("absences", "recurrence"): enums.RecurrenceAbsence, ("creneaux", "role"): enums.RoleCreneau,
    ("creneaux", "etat"): enums.EtatCreneau,
    ("techniciens", "niveau"): enums.Niveau, ("technicien_competence", "niveau"): enums.Niveau,
}  # fmt: skip
_MINUTES: Final = {"duree_estimee", "duree_reelle", "temps_deplacement", "modele_duree_estimee", "trajet_avant_min"}
_MONEY: Final = {
    "cout_externe", "montant", "montant_annuel", "prix_unitaire", "valeur_unitaire", "timbre", "total_ht",
    "total_ttc", "total_tva",
}  # fmt: skip
_YES_NO: Final = {"facturable", "prevue", "is_active", "urgence", "astreinte", "lu", "is_verified", "provisoire",
                  "verrouille"}  # fmt: skip
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)$")
_CODES: Final = {"ice", "telephone", "phone", "numero", "reference", "numero_serie", "code_interne", "email",
                 "code_barres", "fournisseur_reference"}  # fmt: skip


def champ(nom: str | None) -> str:
    """The label of a field or of a group of fields; one from a newer version is shown as it is."""
    if nom is None:
        return tr("Fiche entière")
    label = CHAMPS.get(nom) or GROUPES.get(nom)
    return tr(label) if label is not None else nom.replace("_", " ")


def table(nom: str) -> str:
    """What one row of a table is called."""
    return tr(TABLES[nom][0]) if nom in TABLES else nom.replace("_", " ")


def icone(nom: str) -> str:
    return TABLES.get(nom, ("", "file-text"))[1]


def liste(nom_table: str, nom: str) -> type[StrEnum] | None:
    """The closed list that a field takes its values from."""
    return _OF_TABLE.get((nom_table, nom)) or _LISTS.get(nom)


def valeur(nom_table: str, nom: str | None, value: Any, noms: Mapping[tuple[str, int], str] | None = None) -> str:
    """A stored or wire value as a clerk reads it; of a group, each field with its value.

    Args:
        noms: (field, identifier) → name of the row that a reference points at.
    """
    if value is None or value == "":
        return value_labels.NONE
    if nom is None:
        return {"supprime": tr("Fiche supprimée"), "modifie": tr("Fiche modifiée")}.get(str(value), str(value))
    if isinstance(value, dict):
        return " · ".join(f"{champ(c)} : {valeur(nom_table, c, v, noms)}" for c, v in value.items())
    kind = liste(nom_table, nom)
    if kind is not None:
        return value_labels.label(kind, str(value))
    if nom in _YES_NO or isinstance(value, bool):
        return tr("Oui") if value in {1, "1"} else tr("Non")
    if isinstance(value, int) and noms and (nom, value) in noms:
        return noms[nom, value]
    return _typed(nom, value)


def versions(
    nom_table: str, nom: str | None, values: Sequence[Any], noms: Mapping[tuple[str, int], str] | None = None
) -> list[str]:
    """Versions of one thing side by side: of a group, the fields in which they differ."""
    groups = [value for value in values if isinstance(value, dict)]
    told = [c for c in (groups[0] if groups else ()) if len({repr(g.get(c)) for g in groups}) > 1]
    if len(told) == 1:
        nom = told[0]
        values = [v[nom] if isinstance(v, dict) else v for v in values]
    elif told:
        values = [{c: v[c] for c in told} if isinstance(v, dict) else v for v in values]
    return [valeur(nom_table, nom, value, noms) for value in values]


def _typed(nom: str, value: Any) -> str:
    if nom in _MINUTES and isinstance(value, int | float):
        return value_labels.remaining(int(value))
    if nom in _MONEY:
        return isolate(f"{value} MAD".replace(".", ","))
    if nom == "signature":
        return tr("Signature présente")
    text = str(value)
    if _INSTANT.match(text):
        return isolate(clock.local(clock.from_text(text)).strftime(tr("%d/%m/%Y à %H:%M")))
    if day := _DAY.match(text):
        return isolate(f"{day[3]}/{day[2]}/{day[1]}")
    return isolate(text) if nom in _CODES else text
