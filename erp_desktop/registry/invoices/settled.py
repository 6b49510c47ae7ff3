"""What of an invoice is settled and due, and where it is in its life: triggers for both engines.

``regle``, ``solde`` and ``etape`` follow from the invoice, its credit notes, payments, reminders and requests,
whoever writes one and wherever, as ``services.factures.balance`` says of one invoice. They are kept beside it, for a
list sorts by them; never sent, each replica finds them from its own rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from erp_desktop.registry.invoices.totals import money
from erp_desktop.registry.search_path import PIN

_KEPT = ("regle", "solde", "etape")
_READ = ("statut", "total_ttc", "type_facture", "facture_origine_id")
_TABLES = {
    "factures": ("id", "facture_origine_id"),
    "paiements": ("facture_id",),
    "imputations": ("facture_id",),
    "relances": ("facture_id",),
    "demandes_validation": ("facture_id",),
}
"""Table → the columns of its rows that say of which invoices they speak."""
TRIGGERS = ("erp_solde_ins", "erp_solde_maj", "erp_solde_sup")


def _counts(payment: str, p: str) -> str:
    """Neither bounced nor says of another that it did."""
    return (
        f"{payment}.annule_id IS NULL AND NOT EXISTS (SELECT 1 FROM {p}paiements b WHERE b.annule_id = {payment}.id)"
    )


def _found(which: str, p: str, *, cents: bool) -> str:
    """SELECT of identifier, settled, due and state of invoices.

    Args:
        which: the condition on them, as ``f``.
        cents: amounts are text, and add up as whole centimes.
    """

    def summed(amount: str) -> str:
        if cents:
            return f"coalesce(sum(CAST(round({amount} * 100) AS INTEGER)), 0)"
        return f"coalesce(sum({amount}), 0.00)"

    total = "CAST(round(f.total_ttc * 100) AS INTEGER)" if cents else "f.total_ttc"
    credited = (
        f"(SELECT {summed('a.total_ttc')} FROM {p}factures a WHERE a.facture_origine_id = f.id "
        "AND a.type_facture = 'avoir' AND a.statut NOT IN ('brouillon', 'a_transmettre', 'annulee'))"
    )
    settled = (
        f"(SELECT {summed('i.montant')} FROM {p}imputations i JOIN {p}paiements v ON v.id = i.paiement_id "
        f"WHERE i.facture_id = f.id AND {_counts('v', p)}) + "
        f"(SELECT {summed('w.montant')} FROM {p}paiements w WHERE w.facture_id = f.id AND {_counts('w', p)})"
    )
    asked = f"(SELECT d.etat FROM {p}demandes_validation d WHERE d.facture_id = f.id ORDER BY d.id DESC LIMIT 1)"
    sent = f"EXISTS (SELECT 1 FROM {p}relances r WHERE r.facture_id = f.id)"
    facts = (
        f"SELECT f.id, f.statut, f.type_facture AS genre, {total} AS ttc, {credited} AS credite, {settled} AS regle, "
        f"{asked} AS demande, {sent} AS envoyee FROM {p}factures f WHERE {which}"
    )
    state = (
        "CASE WHEN statut = 'annulee' THEN 'annulee' "
        "WHEN statut IN ('brouillon', 'a_transmettre') THEN CASE "
        "WHEN demande = 'en_attente' OR statut = 'a_transmettre' THEN 'a_transmettre' "
        "WHEN demande = 'refusee' THEN 'rejetee' ELSE 'brouillon' END "
        "WHEN genre = 'avoir' THEN CASE WHEN envoyee THEN 'envoyee' ELSE 'validee' END "
        "WHEN ttc > 0 AND credite >= ttc THEN 'annulee' WHEN du <= 0 THEN 'payee' WHEN regle > 0 THEN 'partielle' "
        "WHEN envoyee THEN 'envoyee' ELSE 'validee' END"
    )
    due = "CASE WHEN genre = 'avoir' THEN 0 ELSE ttc - credite - regle END"
    regle, solde = (money("regle"), money("du")) if cents else ("regle", "du")
    return (
        f"SELECT id, {regle} AS regle, {solde} AS solde, {state} AS etape "
        f"FROM (SELECT *, {due} AS du FROM ({facts}) AS faits) AS dus"
    )


def _update(which: str, p: str = "", *, cents: bool = True) -> str:
    """UPDATE of what is not right of the invoices, and of nothing else."""
    wrong = f"({', '.join(f'factures.{c}' for c in _KEPT)}) {{}} ({', '.join(f't.{c}' for c in _KEPT)})"
    return (
        f"UPDATE {p}factures SET {', '.join(f'{c} = t.{c}' for c in _KEPT)} FROM ({_found(which, p, cents=cents)}) "
        f"AS t WHERE factures.id = t.id AND {wrong.format('IS NOT' if cents else 'IS DISTINCT FROM')}"
    )


# At the centre: once per statement, from the rows that it changed.


def _spoken_of(table: str, rows: str) -> str:
    """SELECT of the invoices that rows speak of; a payment speaks of its parts' as well, and of what it undoes."""
    selects = [f"SELECT r.{column} AS id FROM {rows} r" for column in _TABLES[table]]
    if table == "paiements":
        selects += [
            f"SELECT i.facture_id FROM public.imputations i JOIN {rows} r ON i.paiement_id = r.{paid}"
            for paid in ("id", "annule_id")
        ]
        selects.append(f"SELECT q.facture_id FROM public.paiements q JOIN {rows} r ON q.id = r.annule_id")
    return " UNION ".join(selects)


def _changed() -> str:
    """The invoices themselves: only where something that counts is another, not what is written here."""
    old, new = (f"({', '.join(f'{row}.{c}' for c in (*_READ, *_KEPT))})" for row in ("o", "r"))
    moved = f"FROM anciennes o JOIN nouvelles r ON r.id = o.id AND {old} IS DISTINCT FROM {new}"
    return " UNION ".join(
        f"SELECT {row}.{column} AS id {moved}" for row in ("o", "r") for column in _TABLES["factures"]
    )


def _function(table: str) -> str:
    both = f"{_spoken_of(table, 'anciennes')} UNION {_spoken_of(table, 'nouvelles')}"
    updated = _changed() if table == "factures" else both
    taken = "v_factures := ARRAY(SELECT id FROM ({}) x WHERE id IS NOT NULL)"
    return f"""
CREATE OR REPLACE FUNCTION sync.solder_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
DECLARE v_factures bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN {taken.format(_spoken_of(table, "nouvelles"))};
  ELSIF TG_OP = 'DELETE' THEN {taken.format(_spoken_of(table, "anciennes"))};
  ELSE {taken.format(updated)};
  END IF;
  IF v_factures <> '{{}}' THEN PERFORM sync.solder(v_factures); END IF;
  RETURN NULL;
END $f$;
"""


def _centre() -> Iterator[str]:
    update = _update("f.id = ANY(v_factures)", "public.", cents=False)
    yield f"""
CREATE OR REPLACE FUNCTION sync.solder(v_factures bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER {PIN}
AS $f$ BEGIN
  {update};
END $f$;

-- What was written without the triggers is not known.
DO $solde$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'public.factures'::regclass AND tgname = '{TRIGGERS[0]}') THEN
    PERFORM sync.solder(ARRAY(SELECT id FROM public.factures));
  END IF;
END $solde$;
"""
    for table in _TABLES:
        yield _function(table)
        for trigger, event, seen in zip(
            TRIGGERS, ("INSERT", "UPDATE", "DELETE"),
            ("NEW TABLE AS nouvelles", "OLD TABLE AS anciennes NEW TABLE AS nouvelles", "OLD TABLE AS anciennes"),
            strict=True,
        ):  # fmt: skip
            yield (
                f"DROP TRIGGER IF EXISTS {trigger} ON public.{table};\nCREATE TRIGGER {trigger} AFTER {event} "
                f"ON public.{table} REFERENCING {seen} FOR EACH STATEMENT EXECUTE FUNCTION sync.solder_{table}();\n"
            )


CENTRE = "".join(_centre())
"""Functions and triggers of the centre; the merge's writes fire them like any other. Before the triggers that note
changes: what is found when these come is nobody's change."""


EVERYTHING = _update("1")
"""Of a cache whose triggers were just put back: what was written without them is not known."""


def _of_row(table: str, row: str) -> str:
    """SELECT of the invoices that a row of a cache speaks of."""
    selects = [f"SELECT {row}.{column}" for column in _TABLES[table]]
    if table == "paiements":
        selects.append(f"SELECT facture_id FROM imputations WHERE paiement_id IN ({row}.id, {row}.annule_id)")
        selects.append(f"SELECT facture_id FROM paiements WHERE id = {row}.annule_id")
    return " UNION ALL ".join(selects)


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received rows fire them too, so that both halves always agree."""
    if not {*_KEPT, *_READ} <= present.get("factures", set()) or not present.keys() >= _TABLES.keys():
        return
    for table in _TABLES:
        of = f" OF {', '.join((*_READ, *_KEPT))}" if table == "factures" else ""
        for name, event, rows in (
            ("ins", "INSERT", ("NEW",)), ("upd", f"UPDATE{of}", ("OLD", "NEW")), ("del", "DELETE", ("OLD",)),
        ):  # fmt: skip
            which = " UNION ALL ".join(_of_row(table, row) for row in rows)
            yield (
                f"erp_{table}_solde_{name}",
                f"CREATE TRIGGER erp_{table}_solde_{name} AFTER {event} ON {table} BEGIN "
                f"{_update(f'f.id IN ({which})')}; END",
            )


def keeps(trigger: str) -> bool:
    """Whether a trigger of a cache is one of these."""
    return "_solde_" in trigger
