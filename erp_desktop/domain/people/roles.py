"""Who may do what: the table of rights, enforced by the services."""

from __future__ import annotations

from enum import StrEnum

from erp_desktop.domain.enums import Role, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import REOUVERTURE
from erp_desktop.domain.writing import typography
from erp_desktop.errors import NotAllowedError


class Droit(StrEnum):
    """What a right covers; the value completes « Votre rôle ne permet pas de … »."""

    ADMINISTRER = "gérer les comptes, les agences et les référentiels"
    INTERVENTION_LIRE = "consulter les interventions"
    INTERVENTION_ECRIRE = "créer, planifier ou modifier une intervention"
    INTERVENTION_EXECUTER = "exécuter une intervention"
    INTERVENTION_ANNULER = "annuler une intervention"
    FICHIER_LIRE = "consulter les clients, équipements et stocks"
    FICHIER_ECRIRE = "modifier les clients, équipements et stocks"
    TECHNICIEN_ECRIRE = "modifier la fiche d'un technicien"
    INTERVENTION_ROUVRIR = "rouvrir une intervention clôturée"
    VALIDER = "valider un contrat ou une facture"
    RAPPORTS = "consulter les rapports"
    AUDITER = "consulter le journal des actes"
    OBJECTIFS = "fixer les objectifs"
    PREVENTIF_ECRIRE = "modifier le préventif et les checklists"


_TOUS = frozenset(Droit)
_PAR_ROLE: dict[Role, frozenset[Droit]] = {
    Role.ADMIN: _TOUS,
    Role.RESPONSABLE: _TOUS - {Droit.ADMINISTRER},
    Role.AGENT: frozenset(
        {
            Droit.INTERVENTION_LIRE, Droit.INTERVENTION_ECRIRE, Droit.INTERVENTION_EXECUTER, Droit.FICHIER_LIRE,
            Droit.FICHIER_ECRIRE, Droit.RAPPORTS,
        }
    ),
    Role.TECHNICIEN: frozenset(
        {Droit.INTERVENTION_LIRE, Droit.INTERVENTION_EXECUTER, Droit.FICHIER_LIRE, Droit.RAPPORTS}
    ),
    Role.CLIENT: frozenset(),
}  # fmt: skip
CHAMPS_COMPTE_RENDU = frozenset(
    {
        "diagnostic", "travaux_realises", "recommandations", "notes_internes", "duree_reelle", "temps_deplacement",
        "probleme_id", "cause_id", "remede_id",
        "satisfaction_client", "satisfaction_commentaire", "signature", "signataire", "signe_le", "signature_refus",
        "date_debut_travaux", "date_fin_travaux",
    }
)  # fmt: skip
"""What a technicien may fill in on an assigned intervention."""


def peut(role: Role, droit: Droit) -> bool:
    return droit in _PAR_ROLE[role]


def exiger(acteur: Acteur, droit: Droit) -> None:
    """Raises: NotAllowedError: the role does not have this right."""
    if not peut(acteur.role, droit):
        raise NotAllowedError(f"Votre rôle ne permet pas {typography.de(droit.value)}.")


def droit_transition(de: Statut, vers: Statut) -> Droit:
    """The right that a transition needs; cancelling and reopening are a manager's, execution also a technicien's."""
    if (de, vers) == REOUVERTURE:
        return Droit.INTERVENTION_ROUVRIR
    if vers is Statut.ANNULEE:
        return Droit.INTERVENTION_ANNULER
    if vers in (Statut.EN_COURS, Statut.EN_ATTENTE, Statut.CLOTUREE):
        return Droit.INTERVENTION_EXECUTER
    return Droit.INTERVENTION_ECRIRE


def voit_tout(acteur: Acteur) -> bool:
    """Headquarters and administrators see every agency."""
    return acteur.agence_id is None or acteur.role is Role.ADMIN
