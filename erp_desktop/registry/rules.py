"""Rules of the trade that no device may break, in the SQL of both engines (``docs/regles.md`` lists them all).

The centre refuses devices and people's own logins, with the reason, which parks the change; its owner is let be. A
cache refuses at once what the centre would refuse weeks later. What needs the whole batch (chains of statut, authors,
identifiers) is in ``centre.functions.rules``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from erp_desktop.domain.enums import MomentPhoto, MotifAttente
from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.models.expressions.sorting import folded
from erp_desktop.registry.tables import BY_NAME

_DRAFT = "('brouillon', 'a_transmettre')"
_CLOSED = "('cloturee', 'archivee', 'annulee')"
_GOES_ON = frozenset({
    "id", "agence_id", "updated_at", "statut_transmission", "motif_rejet", "transmise_le", "regle", "solde", "etape",
})  # fmt: skip
"""Of a validated invoice, what is no part of it: where it is kept, what the tax administration answers, what follows
from its payments."""
_FROZEN = tuple(c for c in BY_NAME["factures"].names if c not in _GOES_ON)
_FROZEN_LINE = tuple(c for c in BY_NAME["lignes_facture"].names if c not in _GOES_ON)

DRAFTS_ONLY = "Un poste n'enregistre que des brouillons de factures : le centre valide et donne le numéro légal."
VALIDATED = "Une facture validée ne change plus : corrigez-la par un avoir."
STOCK = "Une sortie de stock est négative, une entrée ou un retour positifs, et aucun mouvement n'est nul."
PAYMENT = "Un paiement est d'un montant positif."
WITHHELD = "Une retenue est d'un montant positif."
DISCOUNT = "Une remise est comprise entre 0 et 100 %."
RATE = "Un taux de TVA est compris entre 0 et 100 %."
CLOSED_LINES = "L'intervention est close : ses lignes ne changent plus, ajoutez-en une autre."
TECHNICIEN = "Choisissez d'abord un technicien."
REPORT = "Saisissez d'abord le diagnostic ou les travaux réalisés."
NUMBER_KEPT = "Le numéro d'une intervention ne change jamais."
OTHER_CLIENT = "Le client n'est pas celui de l'équipement."
BEGUN = "Une intervention commencée ne se supprime pas : annulez-la."
CLOSED_PLAN = "L'intervention est close : elle ne se planifie plus."
CONTRACT_KEPT = "Un contrat validé ne se supprime pas."
CONTRACT_ENDED = "Un contrat résilié ne reprend pas : faites-en un autre."
COVERED_OTHER = "Cet équipement est celui d'un autre client que le contrat."
COUNT_OVER = "Un inventaire validé ou annulé ne change plus : ouvrez-en un autre."
COUNT_KEPT = "Un inventaire ne se supprime pas : annulez-le."
RETIRED_PLAN = "Cet équipement est retiré : il n'a plus de préventif."
DATE_KEPT = "Une échéance ne se supprime pas et ne change pas de date prévue : sautez-la ou replanifiez-la."
METER_BACK = "Un relevé ne descend pas sous le précédent, sauf remise à zéro."
CHECKLIST = "Un point obligatoire de la checklist est sans réponse."
CLOSED_TIMES = "L'intervention est close : ses temps ne changent plus, ajoutez-en un autre."
MOMENT_UNKNOWN = "Une photo est d'avant ou d'après les travaux."
FOLLOWED_UNKNOWN = "Une pièce est suivie par lot, par série, ou ne l'est pas."
REASON_UNKNOWN = "Le motif de l'attente n'est pas de ceux de la liste."
REMINDED = "Un envoi ou une relance ne se retire plus une fois suivi d'une relance, d'un paiement ou d'un avoir."
SAME_DEPOT = "L'agence a déjà un dépôt de ce nom, aux majuscules et accents près."
SAME_METER = "Cet équipement a déjà un compteur de ce nom, aux majuscules et accents près."
STANDS_STILL = "Cet équipement est déjà à l'arrêt à ce moment-là."


@dataclass(frozen=True, slots=True)
class Rule:
    """What is refused.

    Attributes:
        table: the rule's table.
        event: ``INSERT``, ``UPDATE`` or ``DELETE``.
        when: SQL about OLD and NEW, true for what is refused; ``{ne}`` is the engine's "differs, NULL included".
        found: SELECT that finds something for what is refused, besides; ``{p}`` leads the tables' names, ``{lock}``
            ends a subquery whose row nobody may change until this transaction ends, and which is read as it is then
            (OFFSET keeps what is asked of it outside: a row that the question leaves out is not locked).
        reason: one French sentence.
        everyone: the centre's owner as well.
        centre: what the centre's own functions write is let be, whoever called them.
        columns: those that the rule needs; an update of one of these only.
        cache: a cache refuses it too; False where its services do.
    """

    table: str
    event: str
    when: str
    reason: str
    found: str = ""
    everyone: bool = False
    centre: bool = False
    columns: tuple[str, ...] = ()
    cache: bool = True


def _lines_of_invoice() -> Iterator[Rule]:
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
        read = f"SELECT f.statut FROM {{p}}factures f WHERE f.id = {row}.facture_id{{lock}}"
        # Else a line could be added while the centre validates the invoice, and stand in it unseen. Who moves to
        # another agency with its invoice changes nothing of what was validated.
        when = " OR ".join(f"NEW.{c} {{ne}} OLD.{c}" for c in _FROZEN_LINE) if event == "UPDATE" else ""
        columns = _FROZEN_LINE if event == "UPDATE" else ()
        found = f"SELECT 1 FROM ({read}) f WHERE f.statut NOT IN {_DRAFT}"
        yield Rule(
            "lignes_facture", event, f"({when})" if when else "", VALIDATED, found, everyone=True, columns=columns
        )


def _discounts() -> Iterator[Rule]:
    wrong = "(CAST(NEW.remise_pct AS REAL) < 0 OR CAST(NEW.remise_pct AS REAL) >= 100)"
    for table in ("factures", "lignes_facture"):
        for event in ("INSERT", "UPDATE"):
            yield Rule(table, event, wrong, DISCOUNT, everyone=True, columns=("remise_pct",))


def _lines_of_intervention() -> Iterator[Rule]:
    for event in ("UPDATE", "DELETE"):
        found = f"SELECT 1 FROM {{p}}interventions i WHERE i.id = OLD.intervention_id AND i.statut IN {_CLOSED}"
        # A cache gives a line its agency after the insert.
        when = "OLD.agence_id IS NOT NULL" if event == "UPDATE" else ""
        yield Rule("lignes_intervention", event, when, CLOSED_LINES, found)


def _times() -> Iterator[Rule]:
    for event in ("UPDATE", "DELETE"):
        found = f"SELECT 1 FROM {{p}}interventions i WHERE i.id = OLD.intervention_id AND i.statut IN {_CLOSED}"
        when = "OLD.agence_id IS NOT NULL" if event == "UPDATE" else ""
        yield Rule("temps", event, when, CLOSED_TIMES, found)


def _downtime() -> Iterator[Rule]:
    found = (
        "SELECT 1 FROM {p}arrets a WHERE a.equipement_id = NEW.equipement_id AND a.id <> NEW.id "
        "AND (a.fin IS NULL OR a.fin > NEW.debut) AND (NEW.fin IS NULL OR NEW.fin > a.debut)"
    )
    yield Rule("arrets", "INSERT", "", STANDS_STILL, found)
    yield Rule("arrets", "UPDATE", "", STANDS_STILL, found, columns=("equipement_id", "debut", "fin"))


def _names() -> Iterator[Rule]:
    """A name that differs by capitals or accents is the same; spelled alike it is a duplicate, to be merged.

    At the centre alone: what takes accents off in a cache is deeper than the parser of a plain SQLite goes.
    """
    for table, among, reason in (("depots", "agence_id", SAME_DEPOT), ("compteurs", "equipement_id", SAME_METER)):
        found = (
            f"SELECT 1 FROM {{p}}{table} a WHERE a.{among} = NEW.{among} AND a.id <> NEW.id AND a.nom <> NEW.nom "
            f"AND {folded('a.nom')} = {folded('NEW.nom')}"
        )
        yield Rule(table, "INSERT", "", reason, found, cache=False)
        yield Rule(table, "UPDATE", "NEW.nom <> OLD.nom", reason, found, columns=("nom",), cache=False)


def _reminders() -> Rule:
    """The last word of an invoice goes, as its way back; what a client answered, or was told later, keeps it."""
    later = (("relances r", "r.facture_id"), ("imputations r", "r.facture_id"), ("paiements r", "r.facture_id"),
             ("factures r", "r.facture_origine_id"))  # fmt: skip
    found = " UNION ALL ".join(
        f"SELECT 1 FROM {{p}}{table} WHERE {of} = OLD.facture_id AND r.created_at >= OLD.created_at"
        + (" AND r.id <> OLD.id" if table == "relances r" else "")
        for table, of in later
    )
    return Rule("relances", "DELETE", "", REMINDED, found)


def _rates() -> Iterator[Rule]:
    wrong = "CAST(NEW.taux_tva AS REAL) NOT BETWEEN 0 AND 100"
    for table in ("lignes_intervention", "lignes_facture"):
        yield Rule(table, "INSERT", wrong, RATE, everyone=True)
        yield Rule(table, "UPDATE", wrong, RATE, everyone=True, columns=("taux_tva",))


_UNLISTED = f"NEW.motif_attente NOT IN ({', '.join(repr(m.value) for m in MotifAttente)})"
_NO_MOMENT = f"NEW.moment NOT IN ({', '.join(repr(m.value) for m in MomentPhoto)})"
_NOT_FOLLOWED = f"NEW.suivi NOT IN ({', '.join(repr(s.value) for s in SuiviPiece)})"
_UNFIT = "CAST(NEW.quantite AS REAL) {0} 0"
_NOT_DRAFT = "NEW.statut NOT IN ('brouillon', 'a_transmettre', 'annulee')"
_NO_PROV = "substr(NEW.numero, 1, 5) <> 'PROV-'"
_ASSIGNED = "NEW.statut IN ('affectee', 'en_cours') AND NEW.technicien_id IS NULL"
_OTHER = "SELECT 1 FROM {p}equipements e WHERE e.id = NEW.equipement_id AND e.client_id <> NEW.client_id"
_EMPTY = "trim(coalesce(NEW.diagnostic, '')) = '' AND trim(coalesce(NEW.travaux_realises, '')) = ''"

RULES: tuple[Rule, ...] = (
    Rule("factures", "INSERT", f"({_NOT_DRAFT} OR {_NO_PROV})", DRAFTS_ONLY),
    Rule(
        "factures", "UPDATE",
        f"OLD.statut NOT IN {_DRAFT} AND ({' OR '.join(f'NEW.{c} {{ne}} OLD.{c}' for c in _FROZEN)})", VALIDATED,
        everyone=True, columns=_FROZEN,
    ),
    Rule(
        "factures", "UPDATE",
        f"OLD.statut IN {_DRAFT} AND ({_NOT_DRAFT} OR (NEW.numero <> OLD.numero AND {_NO_PROV} "
        "AND substr(NEW.numero, 1, 1) <> '⇄'))",
        DRAFTS_ONLY, centre=True, columns=("statut", "numero"),
    ),
    Rule("factures", "DELETE", f"OLD.statut NOT IN {_DRAFT}", VALIDATED, everyone=True),
    *_discounts(),
    Rule(
        "demandes_validation", "DELETE", "", VALIDATED,
        f"SELECT 1 FROM {{p}}factures f WHERE f.id = OLD.facture_id AND f.statut NOT IN {_DRAFT}",
    ),
    Rule("imputations", "INSERT", "CAST(NEW.montant AS REAL) <= 0", PAYMENT, everyone=True),
    Rule("retenues", "INSERT", "CAST(NEW.montant AS REAL) <= 0", WITHHELD, everyone=True),
    *_lines_of_invoice(),
    Rule(
        "mouvements_stock", "INSERT",
        f"(({_UNFIT.format('>=')} AND NEW.type_mouvement = 'sortie') OR ({_UNFIT.format('<=')} "
        f"AND NEW.type_mouvement IN ('entree', 'retour')) OR {_UNFIT.format('=')})",
        STOCK, everyone=True,
    ),
    Rule("paiements", "INSERT", "CAST(NEW.montant AS REAL) <= 0", PAYMENT, everyone=True),
    *_rates(),
    *_lines_of_intervention(),
    Rule("interventions", "INSERT", _ASSIGNED, TECHNICIEN),
    Rule(
        "interventions", "UPDATE",
        f"{_ASSIGNED} AND (NEW.statut {{ne}} OLD.statut OR NEW.technicien_id {{ne}} OLD.technicien_id)",
        TECHNICIEN, columns=("statut", "technicien_id"),
    ),
    Rule(
        "interventions", "UPDATE", f"NEW.statut = 'cloturee' AND OLD.statut <> 'cloturee' AND {_EMPTY}", REPORT,
        columns=("statut",),
    ),
    Rule("interventions", "UPDATE", "NEW.numero <> OLD.numero", NUMBER_KEPT, columns=("numero",)),
    Rule("interventions", "INSERT", "", OTHER_CLIENT, _OTHER),
    Rule(
        "interventions", "UPDATE", "(NEW.equipement_id <> OLD.equipement_id OR NEW.client_id <> OLD.client_id)",
        OTHER_CLIENT, _OTHER, columns=("equipement_id", "client_id"),
    ),
    Rule("interventions", "DELETE", "OLD.statut <> 'ouverte'", BEGUN),
    Rule(
        "creneaux", "UPDATE",
        "(NEW.technicien_id <> OLD.technicien_id OR NEW.debut <> OLD.debut OR NEW.fin <> OLD.fin)", CLOSED_PLAN,
        f"SELECT 1 FROM {{p}}interventions i WHERE i.id = NEW.intervention_id AND i.statut IN {_CLOSED}",
        columns=("technicien_id", "debut", "fin"),
    ),
    Rule("contrats", "DELETE", "OLD.statut <> 'brouillon'", CONTRACT_KEPT),
    Rule(
        "contrats", "UPDATE", "OLD.statut = 'resilie' AND NEW.statut <> 'resilie'", CONTRACT_ENDED,
        columns=("statut",),
    ),
    Rule(
        "contrat_equipements", "INSERT", "", COVERED_OTHER,
        "SELECT 1 FROM {p}contrats c, {p}equipements e WHERE c.id = NEW.contrat_id AND e.id = NEW.equipement_id "
        "AND c.client_id <> e.client_id",
    ),
    Rule(
        "inventaires", "UPDATE", "OLD.etat <> 'ouvert' AND (NEW.etat <> OLD.etat OR NEW.depot_id <> OLD.depot_id)",
        COUNT_OVER, columns=("etat", "depot_id"),
    ),
    Rule("inventaires", "DELETE", "", COUNT_KEPT),
    Rule(
        "plannings", "INSERT", "", RETIRED_PLAN,
        "SELECT 1 FROM {p}equipements e WHERE e.id = NEW.equipement_id AND e.statut = 'retire'",
    ),
    Rule("occurrences", "DELETE", "", DATE_KEPT),
    Rule(
        "occurrences", "UPDATE", "(NEW.date_prevue <> OLD.date_prevue OR NEW.planning_id <> OLD.planning_id)",
        DATE_KEPT, columns=("date_prevue", "planning_id"),
    ),
    Rule(
        "releves", "INSERT", "NOT NEW.remise_a_zero", METER_BACK,
        "SELECT 1 FROM {p}releves r WHERE r.compteur_id = NEW.compteur_id AND r.releve_a <= NEW.releve_a "
        "AND CAST(r.index_lu AS REAL) > CAST(NEW.index_lu AS REAL) AND NOT EXISTS (SELECT 1 FROM {p}releves z "
        "WHERE z.compteur_id = NEW.compteur_id AND z.remise_a_zero AND z.releve_a > r.releve_a "
        "AND z.releve_a <= NEW.releve_a)",
    ),
    Rule(
        "interventions", "UPDATE",
        "NEW.statut = 'cloturee' AND OLD.statut <> 'cloturee' AND NEW.checklist_id IS NOT NULL", CHECKLIST,
        "SELECT 1 FROM {p}points_checklist q WHERE q.checklist_id = NEW.checklist_id AND q.obligatoire "
        "AND NEW.checklist_version BETWEEN q.depuis AND coalesce(q.jusqua, NEW.checklist_version) "
        "AND NOT EXISTS (SELECT 1 FROM {p}reponses_checklist r WHERE r.intervention_id = NEW.id "
        "AND r.point_id = q.id)",
        columns=("statut", "checklist_id"),
    ),
    Rule("interventions", "INSERT", _UNLISTED, REASON_UNKNOWN, columns=("motif_attente",)),
    Rule("interventions", "UPDATE", _UNLISTED, REASON_UNKNOWN, columns=("motif_attente",)),
    *_times(),
    *_downtime(),
    Rule("documents", "INSERT", _NO_MOMENT, MOMENT_UNKNOWN, columns=("moment",)),
    Rule("documents", "UPDATE", _NO_MOMENT, MOMENT_UNKNOWN, columns=("moment",)),
    Rule("pieces_detachees", "INSERT", _NOT_FOLLOWED, FOLLOWED_UNKNOWN, columns=("suivi",)),
    Rule("pieces_detachees", "UPDATE", _NOT_FOLLOWED, FOLLOWED_UNKNOWN, columns=("suivi",)),
    _reminders(),
    *_names(),
)  # fmt: skip

REASONS = tuple(dict.fromkeys(r.reason for r in RULES))


def name(rank: int, rule: Rule) -> str:
    return f"regle_{rank:02}_{rule.table}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def postgres() -> list[str]:
    """Statements that install them at the centre; each is a condition, then a question, then who asks."""
    # What an earlier program installed under another number goes.
    made = [
        "DO $$ DECLARE g record; BEGIN FOR g IN SELECT tgname, tgrelid::regclass AS ou FROM pg_trigger "
        "WHERE NOT tgisinternal AND starts_with(tgname, 'erp_regle_') LOOP "
        "EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, g.ou); END LOOP; END $$"
    ]
    for rank, rule in enumerate(RULES):
        if rule.table not in BY_NAME:
            continue
        called = name(rank, rule)
        tests = [f"EXISTS ({rule.found.format(p='public.', lock=' OFFSET 0 FOR KEY SHARE')})"] if rule.found else []
        tests += [] if rule.everyone else ["sync.surveille()"]
        row = "OLD" if rule.event == "DELETE" else "NEW"
        # Before the row is written, so after the triggers that complete it: ``erp_regle`` sorts behind them.
        when = rule.when.format(ne="IS DISTINCT FROM")
        when = f"({when}) AND NOT sync.par_le_centre()" if rule.centre else when
        when = f"WHEN ({when}) " if when else ""
        made += [
            f"CREATE OR REPLACE FUNCTION sync.{called}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
            f"SET search_path = pg_catalog, pg_temp AS $f$ BEGIN\n  IF {' AND '.join(tests) or 'true'} THEN "
            f"RAISE EXCEPTION '%', {_quoted(rule.reason)} USING ERRCODE = 'EM021'; END IF;\n  RETURN {row}; END $f$",
            f"DROP TRIGGER IF EXISTS erp_{called} ON public.{rule.table}",
            f"CREATE TRIGGER erp_{called} BEFORE {rule.event} ON public.{rule.table} FOR EACH ROW {when}"
            f"EXECUTE FUNCTION sync.{called}()",
        ]
    return made


def sqlite(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → statement, for the tables and columns of a cache; capture muted, they are silent."""
    for rank, rule in enumerate(RULES):
        if not rule.cache or not {
            "agence_id",
            "statut" if rule.table in {"factures", "interventions"} else "id",
            *rule.columns,
        } <= (present.get(rule.table, set())):
            continue
        tests = [rule.when.format(ne="IS NOT")] if rule.when else []
        tests += [f"EXISTS ({rule.found.format(p='', lock='')})"] if rule.found else []
        tests.append("(SELECT muet FROM _sync_session) = 0")
        of = f" OF {', '.join(rule.columns)}" if rule.columns and rule.event == "UPDATE" else ""
        yield (
            f"erp_{name(rank, rule)}",
            f"CREATE TRIGGER erp_{name(rank, rule)} BEFORE {rule.event}{of} ON {rule.table} "
            f"WHEN {' AND '.join(tests)} BEGIN SELECT RAISE(ABORT, {_quoted(rule.reason)}); END",
        )
