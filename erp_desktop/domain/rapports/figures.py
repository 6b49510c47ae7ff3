"""The catalogue of figures that managers read: one definition each, by screens, papers, files and tests alike.

``docs/definitions.md`` gives the same table; ``tests/domain/rapports/test_figures.py`` holds the two equal. The
numbers of EN 15341 are those of its edition of 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

REPEAT_DAYS = 30
"""A failure that comes back within these days was not repaired the first time."""
DORMANT_DAYS = 365
"""A part that nobody moved for so long is a slow mover; the list of parts says the same by ``etat:dormant``."""
AGES = ((0, 2), (3, 7), (8, 15), (16, 30), (31, None))
"""Ages of the backlog in local days, as the dashboard shows them."""


class Unit(StrEnum):
    """What a figure is counted in, and how the sums behind it make its value."""

    COUNT = "nombre"
    PERCENT = "%"
    MINUTES = "minutes"
    """A mean of minutes."""
    TOTAL_MINUTES = "minutes au total"
    SECONDS = "durée"
    """A mean of seconds."""
    TOTAL_SECONDS = "durée totale"
    MONEY = "MAD"
    NOTE = "sur 5"


RATIOS = frozenset({Unit.PERCENT, Unit.MINUTES, Unit.SECONDS, Unit.NOTE})
"""Units whose value is a numerator over a denominator; the others are sums."""
_WORK = ("agence", "client", "contrat", "equipement", "type_equipement", "technicien", "type", "priorite", "mois")
_CODES = (*_WORK, "probleme", "cause")
_MACHINES = ("agence", "client", "contrat", "equipement", "type_equipement")
_OF_MACHINES = "Les heures d'un équipement ne sont celles d'aucun technicien."
_OF_PEOPLE = "Les heures d'un technicien ne se partagent pas entre clients, contrats ou équipements."
_OF_STOCK = "Le stock est celui d'une agence : il n'est à aucun client, contrat, équipement ou technicien."
_BACKLOG = "L'encours se lit à une date, avant que la panne ait un code."


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what people read about it, and what it may be told apart by.

    Attributes:
        formule: how it is counted, in one sentence or two.
        exclues: what is left out, and why; counted beside the figure.
        source: the standard whose term or indicator it is.
        groupes: what it may be told apart by, and narrowed to.
        sens: 1 when more is better, -1 when less is, 0 when neither.
        cible: the target when nobody set one; per cent, minutes, seconds or a note, as the unit says.
        limite: why it takes no other group or filter than those of ``groupes``.
    """

    cle: str
    nom: str
    unite: Unit
    formule: str
    exclues: str
    source: str
    groupes: tuple[str, ...] = _WORK
    sens: int = 0
    cible: float | None = None
    limite: str = "Ce chiffre ne se compte pas par cette distinction."


FIGURES: tuple[Figure, ...] = (
    Figure("encours", "Encours", Unit.COUNT,
           "Interventions créées avant la fin de la période, ni clôturées ni annulées à cette date ; par âge, en "
           "jours depuis la création.",
           "Clôturées ou archivées sans date : personne ne sait quand elles ont fini.",
           "EN 13306, travaux en attente", (*_WORK[:-1], "age"), -1, limite=_BACKLOG),
    Figure("encours_heures", "Charge de l'encours", Unit.TOTAL_MINUTES,
           "Somme des durées estimées de l'encours.", "Sans durée estimée.", "EN 13306, travaux en attente",
           (*_WORK[:-1], "age"), -1, limite=_BACKLOG),
    Figure("encours_age", "Âge moyen de l'encours", Unit.SECONDS,
           "Temps écoulé depuis la création, en moyenne de l'encours, à la fin de la période ou maintenant.",
           "Aucune.", "", (*_WORK[:-1],), -1, limite=_BACKLOG),
    Figure("creees", "Créées", Unit.COUNT, "Interventions dont la date de création tombe dans la période.",
           "Aucune.", "", _CODES),
    Figure("cloturees", "Clôturées", Unit.COUNT,
           "Interventions clôturées ou archivées dont la date de clôture tombe dans la période.", "Aucune.", "",
           _CODES, 1),
    Figure("pannes", "Pannes", Unit.COUNT,
           "Interventions correctives créées dans la période ; par code de problème ou de cause, par équipement.",
           "Annulées.", "EN 13306, défaillance", _CODES, -1),
    Figure("sla_prise", "SLA : pris en charge", Unit.PERCENT,
           "Parmi les échéances passées dans la période, les travaux commencés à l'échéance ou avant.",
           "Annulées, en attente (l'échéance y est arrêtée), closes dont le début n'est pas noté.",
           "EN 13306, délai logistique et administratif", sens=1, cible=95),
    Figure("sla_tenus", "SLA tenus", Unit.PERCENT,
           "Parmi les échéances passées dans la période, les remises en service à l'échéance ou avant ; ce qui reste "
           "ouvert n'est pas tenu.",
           "Annulées, en attente (l'échéance y est arrêtée), closes sans date.", "EN 13306, temps de rétablissement",
           sens=1, cible=95),
    Figure("prise_en_charge", "Délai de prise en charge", Unit.SECONDS,
           "De la demande au début des travaux, sur les heures d'ouverture de l'agence ; moyenne des correctives "
           "clôturées dans la période.",
           "Début non noté, ou antérieur à la demande.", "EN 13306, délai logistique et administratif",
           _WORK, -1),
    Figure("mttr", "MTTR", Unit.MINUTES,
           "Durée réelle, le travail seul, en moyenne des correctives clôturées dans la période.",
           "Sans durée réelle.", "EN 15341, T21 ; EN 13306, temps de maintenance corrective active", _CODES, -1, 360),
    Figure("remise_en_service", "Remise en service", Unit.SECONDS,
           "De la demande à la fin des travaux (à défaut, la clôture), nuits et jours fériés compris ; moyenne des "
           "correctives clôturées dans la période.",
           "Fin antérieure à la demande.", "EN 13306, temps de rétablissement", _CODES, -1),
    Figure("mtbf", "MTBF", Unit.SECONDS,
           "Heures calendaires des équipements en service, arrêts notés déduits, divisées par le nombre de pannes.",
           "Équipements retirés.", "EN 15341, T17 ; EN 13306, temps moyen entre défaillances", _MACHINES, 1,
           300 * 3600, limite=_OF_MACHINES),
    Figure("disponibilite", "Disponibilité", Unit.PERCENT,
           "Heures calendaires des équipements en service, arrêts notés déduits, sur ces heures.",
           "Équipements retirés.", "EN 15341, T1 ; EN 13306, disponibilité", _MACHINES, 1, 98, limite=_OF_MACHINES),
    Figure("arrets", "Temps d'arrêt", Unit.TOTAL_SECONDS,
           "Durée des arrêts notés, bornée à la période ; un arrêt sans fin court jusqu'à maintenant.",
           "Équipements retirés.", "EN 13306, temps d'indisponibilité", _MACHINES, -1, limite=_OF_MACHINES),
    Figure("premier_passage", "Premier passage", Unit.PERCENT,
           "Parmi les correctives clôturées dans la période, celles sans suite, et sans panne du même code sur le "
           f"même équipement dans les {REPEAT_DAYS} jours après la clôture ; d'après ce qui est connu maintenant. "
           "Sans code, la suite seule décide.",
           "Aucune.", "", _CODES, 1, 85),
    Figure("recidives", "Pannes récidivantes", Unit.PERCENT,
           "Parmi les correctives créées dans la période, celles dont le même code a été clôturé sur le même "
           f"équipement dans les {REPEAT_DAYS} jours avant.",
           "Annulées ; sans code de problème.", "", _CODES, -1, 10),
    Figure("part_preventif", "Part du préventif", Unit.PERCENT,
           "Durées réelles des préventives clôturées dans la période, sur celles de toutes les clôturées.",
           "Sans durée réelle.", "EN 15341, O18", _WORK, 1, 50),
    Figure("respect_preventif", "Respect du préventif", Unit.PERCENT,
           "Parmi les échéances du préventif de la période, les visites finies dans la tolérance de leur plan.",
           "Sautées avec un motif ; pas encore finies, tolérance non écoulée.", "EN 15341, O22",
           (*_MACHINES, "mois"), 1, 90, limite=_OF_MACHINES),
    Figure("respect_planning", "Respect du planning", Unit.PERCENT,
           "Parmi les interventions planifiées dans la période, celles commencées le jour prévu par le dernier plan.",
           "Annulées ; closes dont le début n'est pas noté.", "EN 15341, O22", _WORK, 1, 85),
    Figure("occupation", "Occupation des techniciens", Unit.PERCENT,
           "Temps de travail et de trajet notés, sur les heures d'ouverture de l'agence, absences acceptées "
           "déduites.",
           "Techniciens inactifs.", "", ("agence", "technicien"), 0, 75, limite=_OF_PEOPLE),
    Figure("charge", "Charge des techniciens", Unit.PERCENT,
           "Créneaux planifiés de la période, sur les heures d'ouverture de l'agence, absences acceptées "
           "déduites.",
           "Techniciens inactifs.", "", ("agence", "technicien"), 0, 85, limite=_OF_PEOPLE),
    Figure("cout", "Coût HT", Unit.MONEY,
           "Lignes des interventions clôturées dans la période (quantité × prix, arrondi par ligne) et coût repris "
           "d'un autre système.",
           "Sans ligne ni coût repris.", "EN 13306, coût du cycle de vie", _CODES, -1),
    Figure("cout_revient", "Coût de revient", Unit.MONEY,
           "Des interventions clôturées dans la période : pièces sorties à leur coût moyen, temps noté au coût "
           "horaire, coût repris d'un autre système.",
           "Temps sans coût horaire ; mouvements sans valeur.", "", _WORK, -1),
    Figure("marge", "Marge des contrats", Unit.MONEY,
           "Échéances des contrats, chacune au prorata de ses jours dans la période, moins le coût de revient de "
           "leurs interventions clôturées, celles à facturer exceptées.",
           "Contrats sans montant annuel, en brouillon ; temps sans coût horaire, mouvements sans valeur.", "",
           ("agence", "client", "contrat"), 1,
           limite="Un contrat se facture en entier, pas par équipement ni par technicien."),
    Figure("pieces", "Pièces consommées", Unit.MONEY,
           "Lignes de pièces des interventions clôturées dans la période (quantité × prix, arrondi par ligne).",
           "Lignes hors catalogue.", "", (*_WORK, "piece"), 0),
    Figure("stock_valeur", "Valeur du stock", Unit.MONEY,
           "Quantités actuelles de chaque agence, hors rebut, au coût moyen pondéré ; ce qui est sous zéro "
           "ne vaut rien.",
           "Pièces sans prix d'entrée, ou sous zéro.", "", ("agence", "piece"), 0, limite=_OF_STOCK),
    Figure("stock_dormant", "Stock dormant", Unit.MONEY,
           f"Valeur du stock des pièces sans mouvement depuis {DORMANT_DAYS} jours.",
           "Pièces sans prix d'entrée, ou sous zéro.", "", ("agence", "piece"), -1, limite=_OF_STOCK),
    Figure("creances", "Créances", Unit.MONEY,
           "Reste dû aujourd'hui des factures validées, avoirs et paiements déduits ; par jours de retard depuis "
           "l'échéance.",
           "Brouillons et annulées : rien n'en est dû.", "", ("agence", "client", "contrat", "retard"), -1,
           limite="Une facture est due par un client : elle ne se partage pas entre équipements ni techniciens."),
    Figure("satisfaction", "Satisfaction", Unit.NOTE,
           "Moyenne des notes de 1 à 5 des interventions clôturées dans la période.", "Sans note.", "", _WORK, 1,
           4.2),
)  # fmt: skip
BY_KEY = {figure.cle: figure for figure in FIGURES}
