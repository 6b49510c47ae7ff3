"""What each figure on time means: one sentence a word, shown by screens, papers and files alike.

The words are those of EN 13306 (terms) and EN 15341 (indicators); ``docs/definitions.md`` gives the reasons.
"""

from __future__ import annotations

PRISE_EN_CHARGE = "Délai de prise en charge"
"""Response: from the demand to the beginning of the work, in opening minutes."""
DUREE_REPARATION = "Durée de réparation"
"""Repair: active work alone."""
REMISE_EN_SERVICE = "Remise en service"
"""Restoration: the end of the work; the deadline is judged there."""
SLA_TENUS = "SLA tenus"

DEFINITIONS: tuple[tuple[str, str], ...] = (
    ("Période", "Du premier au dernier jour compris, à l’heure du Maroc."),
    ("Créées, clôturées", "D’après la date de création et la date de clôture. Les annulées ne sont pas clôturées. "
                          "Celles dont la clôture n’a pas de date, reprises d’ailleurs, sont exclues, et comptées."),
    ("Encours", "Créées avant la fin de la période, ni clôturées ni annulées à cette date. L’écart se compte depuis "
                "le début de la période ; « sans technicien » décrit l’affectation actuelle."),
    ("Ancienneté", "En jours depuis la création, au dernier jour de la période ou aujourd’hui s’il est plus tôt."),
    (PRISE_EN_CHARGE, "De la demande au début des travaux, sur les heures d’ouverture de l’agence, jours fériés "
                      "exclus. Moyenne des correctives clôturées dans la période ; celles dont le début n’est pas "
                      "noté, ou précède la demande, sont exclues, et comptées."),
    (DUREE_REPARATION, "Moyenne de la durée réelle des correctives clôturées dans la période : le travail seul, sans "
                       "attentes, ni nuits, ni jours fériés. Celles sans durée réelle sont exclues, et comptées. "
                       "C’est le MTTR du tableau de bord."),
    (REMISE_EN_SERVICE, "De la demande à la fin des travaux (à défaut, la clôture), nuits et jours fériés compris. "
                        "Moyenne des correctives clôturées dans la période. L’échéance, elle, court sur les heures "
                        "d’ouverture et s’arrête en attente."),
    (SLA_TENUS, "Parmi les échéances passées, les remises en service à l’heure ; ce qui reste ouvert n’est pas tenu. "
                "Exclues : les annulées, et les interventions en attente, dont l’échéance est arrêtée. Période : "
                "échéances tombées dans la période ; technicien : interventions clôturées dans la période."),
    ("Heures", "Somme des durées réelles ; une intervention sans durée réelle ne compte pas et le total le dit."),
    ("Coût HT", "Lignes des interventions clôturées (quantité × prix, arrondi par ligne) et coût repris d’un autre "
                "système. Les montants sont en dirhams."),
)  # fmt: skip
