"""Mapped classes, one noun per module; importing this package completes ``Base.metadata``."""

from __future__ import annotations

from erp_desktop.models import centre, local
from erp_desktop.models.agences import Agence, HoraireAgence, IdentiteSociete
from erp_desktop.models.attentes import Attente
from erp_desktop.models.base import Base
from erp_desktop.models.clients import Avenant, Client, Contrat, ContratEquipement, ContratPeriode
from erp_desktop.models.divers import (
    JourFerie,
    JournalMigration,
    Notification,
    Preference,
    Rapport,
    RapportPlanifie,
    VueEnregistree,
)
from erp_desktop.models.documents import Contenu, Document, MorceauContenu
from erp_desktop.models.equipements import (
    Checklist,
    Compteur,
    Equipement,
    Occurrence,
    Planning,
    PlanningPiece,
    PointChecklist,
    Releve,
    ReponseChecklist,
)
from erp_desktop.models.factures import (
    DemandeValidation,
    Facture,
    Imputation,
    LigneFacture,
    Paiement,
    Relance,
    Retenue,
    Tarif,
    TauxLegal,
    TauxTva,
)
from erp_desktop.models.interventions import (
    Arret,
    CodePanne,
    HistoriqueIntervention,
    Intervention,
    LigneIntervention,
    Temps,
)
from erp_desktop.models.modeles import ModeleIntervention
from erp_desktop.models.planning import Absence, CompetenceRequise, Creneau, ReglePlanningAgence
from erp_desktop.models.stock import (
    Depot,
    Inventaire,
    LigneInventaire,
    MouvementStock,
    PieceDetachee,
    SeuilStock,
)
from erp_desktop.models.users import Competence, Technicien, TechnicienCompetence, User

__all__ = [
    "Absence",
    "Agence",
    "Arret",
    "Attente",
    "Avenant",
    "Base",
    "Checklist",
    "Client",
    "CodePanne",
    "Competence",
    "CompetenceRequise",
    "Compteur",
    "Contenu",
    "Contrat",
    "ContratEquipement",
    "ContratPeriode",
    "Creneau",
    "DemandeValidation",
    "Depot",
    "Document",
    "Equipement",
    "Facture",
    "HistoriqueIntervention",
    "HoraireAgence",
    "IdentiteSociete",
    "Imputation",
    "Intervention",
    "Inventaire",
    "JourFerie",
    "JournalMigration",
    "LigneFacture",
    "LigneIntervention",
    "LigneInventaire",
    "ModeleIntervention",
    "MorceauContenu",
    "MouvementStock",
    "Notification",
    "Occurrence",
    "Paiement",
    "PieceDetachee",
    "Planning",
    "PlanningPiece",
    "PointChecklist",
    "Preference",
    "Rapport",
    "RapportPlanifie",
    "ReglePlanningAgence",
    "Relance",
    "Releve",
    "ReponseChecklist",
    "Retenue",
    "SeuilStock",
    "Tarif",
    "TauxLegal",
    "TauxTva",
    "Technicien",
    "TechnicienCompetence",
    "Temps",
    "User",
    "VueEnregistree",
    "centre",
    "local",
]  # fmt: skip
