"""What becomes of each synchronised column when two sides changed it: the policies, declared table by table.

A text that a person types asks the loser by itself; every other column leaves the centre's value standing unless it
is named here. ``tests/registry/test_policies.py`` walks all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

PROTOCOL = 2
"""What a batch says it speaks: 2 sends groups whole and reads their conflicts as one. Earlier ones say nothing."""


class Policy(StrEnum):
    """What the centre does when both sides changed one field (see docs/sync.md)."""

    ASK = "ask"
    STATUT = "statut"
    CENTRE = "centre"
    MAX = "max"
    GROUPE = "groupe"
    DERIVE = "derive"
    CENTRE_SEUL = "centre_seul"


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that mean one thing: sent together, decided together, one conflict.

    Attributes:
        name: what a conflict of it is filed under.
        asks: the loser decides; False is for what programs write.
        follows: a column of the ``statut`` policy that brings the group along when its later state stands.
    """

    name: str
    columns: tuple[str, ...]
    asks: bool = True
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What one table says of its columns beyond the defaults.

    Attributes:
        ask: columns that are no texts and ask the loser all the same.
        centre: texts that nobody types: closed lists, what programs write.
        derived: computed on every replica from other rows, never sent.
        centre_only: column → the values, as a regular expression, that a device may write and replace; None: none.
        key: the natural key; two rows with the same one are one row.
    """

    ask: tuple[str, ...] = ()
    centre: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    derived: tuple[str, ...] = ()
    centre_only: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    key: tuple[str, ...] = ()


RULES: dict[str, Rules] = {
    "absences": Rules(
        centre=("type", "statut"),
        # CHECK: an end is after its beginning; the last week belongs to a repetition.
        groups=(Group("periode", ("debut", "fin", "zone", "recurrence", "recurrence_fin")),),
    ),
    "clients": Rules(
        ask=("niveau_service",),
        centre=("type_client",),
        groups=(Group("adresse", ("adresse", "ville")), Group("registre", ("registre_commerce", "ville_rc"))),
    ),
    "contrats": Rules(
        ask=(
            "temps_reponse_urgence", "temps_reponse_normal", "nb_interventions_incluses", "heures_incluses",
            "penalites_retard", "delai_paiement_jours", "seuil_alerte_pct", "date_signature",
        ),
        centre=("type_contrat",),
        groups=(
            # CHECK: an end is not before its beginning.
            Group("periode", ("date_debut", "date_fin")),
            Group("facturation", ("montant_annuel", "mode_facturation")),
            # Why and since when belong to the state that they explain.
            Group("etat", ("statut", "motif", "date_resiliation")),
            Group("renouvellement", ("reconduction", "duree_mois", "preavis_jours")),
        ),
    ),
    # CHECK: an end is not before its beginning.
    "contrat_equipements": Rules(
        groups=(Group("couverture", ("du", "au")),), key=("contrat_id", "equipement_id")
    ),
    "contrat_periodes": Rules(
        ask=("montant",),
        groups=(
            Group("periode", ("du", "au")), Group("quota", ("interventions_incluses", "heures_incluses")),
        ),
        key=("contrat_id", "numero"),
    ),
    "creneaux": Rules(
        centre=("role",),
        # CHECK: an end is after its beginning. A slot that one side took off and the other moved is one question.
        groups=(Group("creneau", ("technicien_id", "debut", "fin", "zone", "verrouille", "etat")),),
        # Two branches that plan the same visit while cut off make one slot, and the loser decides when and by whom.
        key=("intervention_id", "ordre"),
    ),
    "depots": Rules(centre=("statut",), groups=(Group("affectation", ("type_depot", "technicien_id")),)),
    "documents": Rules(
        centre=("type_document",),
        groups=(
            Group("fichier", ("mime_type", "taille", "sha256")),
            # CHECK: at least one of the two.
            Group("rattachement", ("intervention_id", "equipement_id")),
        ),
    ),
    "equipements": Rules(
        centre=("statut", "criticite"),
        groups=(
            # A contract and a parent machine are the client's own.
            Group("rattachement", ("client_id", "contrat_id", "parent_id")),
            Group("modele", ("marque", "modele")),
        ),
    ),
    "factures": Rules(
        ask=("timbre",),
        groups=(
            Group("objet", ("type_facture", "client_id", "contrat_id", "facture_origine_id")),
            Group("echeance", ("date_facture", "date_echeance")),
        ),
        derived=("total_ht", "total_tva", "total_ttc"),
        centre_only=MappingProxyType({"numero": "^PROV-", "statut": "^(brouillon|a_transmettre|annulee)$"}),
    ),
    "historiques_interventions": Rules(
        centre=("action", "statut"), centre_only=MappingProxyType({"poste": None, "recu_a": None})
    ),
    "inventaires": Rules(groups=(Group("etat", ("etat", "fige_a")),)),
    "interventions": Rules(
        centre=("type",),
        groups=(
            Group("plan", ("technicien_id", "date_planifiee", "zone_planifiee", "duree_estimee")),
            # CHECK: what is urgent has the priority of that name.
            Group("priorite", ("priorite", "urgence")),
            # The client is the machine's, the contract the client's.
            Group("objet", ("equipement_id", "client_id", "contrat_id")),
            # CHECK: an end is not before its beginning. Who takes the statut further stamped both.
            Group("travaux", ("date_debut_travaux", "date_fin_travaux", "duree_reelle"), follows="statut"),
            Group("signature", ("signature", "signataire")),
            Group("imputation", ("imputation", "imputation_motif")),
        ),
    ),
    "lignes_facture": Rules(
        groups=(Group("ligne", ("intervention_id", "designation", "quantite", "prix_unitaire", "taux_tva")),)
    ),
    "lignes_intervention": Rules(
        groups=(
            # Where a part comes from and whether it was taken go with how many: the ledger follows the three.
            Group("ligne", ("type_ligne", "piece_id", "designation", "quantite", "prix_unitaire", "taux_tva",
                            "depot_id", "prevue")),
        )
    ),
    "mouvements_stock": Rules(centre=("type_mouvement",)),
    "notifications": Rules(centre=("type", "contenu")),
    "paiements": Rules(centre=("mode_paiement",)),
    "pieces_detachees": Rules(groups=(Group("prix", ("unite", "prix_unitaire")),)),
    "plannings": Rules(
        centre=("statut", "modele_type", "modele_priorite"),
        # CHECK: a rule of its own needs one. The next date is that of the rule.
        groups=(Group("rythme", ("frequence", "recurrence", "prochaine_date", "derniere_date")),),
    ),
    "preferences": Rules(key=("user_id", "cle")),
    "rapports": Rules(groups=(Group("definition", ("type_rapport", "parametres")),)),
    "rapports_planifies": Rules(
        groups=(Group("execution", ("derniere_execution", "dernier_resultat"), asks=False),)
    ),
    # CHECK: a maximum is not below its minimum.
    "stock_seuils": Rules(groups=(Group("seuils", ("minimum", "maximum")),), key=("piece_id", "depot_id")),
    "technicien_competence": Rules(
        groups=(Group("qualification", ("niveau", "date_acquisition", "date_validation")),),
        key=("technicien_id", "competence_id"),
    ),
    "techniciens": Rules(centre=("niveau", "disponibilite"), key=("user_id",)),
    "vues_enregistrees": Rules(ask=("definition",), key=("user_id", "liste", "nom")),
}  # fmt: skip
