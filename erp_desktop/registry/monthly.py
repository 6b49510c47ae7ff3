"""Which months' kept figures a write makes wrong: triggers for both engines.

A report counts interventions by the month of their creation, deadline, closing and cancellation, with the cost of
their lines (``reports.figures.kept``). Whoever writes one of the three tables, with capture muted or not, takes away
the months that the row counts in, as it was and as it is.

On a cache, where one writer follows another, the month is deleted. At the centre writers must not wait for each
other, so they add a mark instead. A month is announced, without figures, while nobody who writes holds the shared
lock; so whoever writes after that sees it and marks it, and figures counted after that are right or marked.
"""

from __future__ import annotations

from collections.abc import Iterator

from erp_desktop.registry.search_path import PIN

LOCK = 1_380_012_112
EVERY = 0
"""The agency that a mark of a whole month names; otherwise only the rows of its agency and technicien are wrong."""
CELLS = 8
"""With more agencies and techniciens wrong a month is wrong whole: marks stay few, and to count it costs as much."""
_MANY = 200
_DATES = {
    "date_creation": "creees encours", "date_limite": "sla", "date_cloture": "closes paires encours",
}  # fmt: skip
"""Which measures of each date's month a row counts in; a cancellation counts in the backlog, a line in a cost."""
_CANCELLATION, _LINE = "encours", "paires"
_ALWAYS = ("agence_id", "technicien_id", "statut", "date_cloture")
READ = {
    "creees": (*_ALWAYS, "date_creation", "type", "priorite"),
    "encours": (*_ALWAYS, "date_creation"),
    "sla": (*_ALWAYS, "date_limite", "date_fin_travaux"),
    "closes": (*_ALWAYS, "date_creation", "date_debut_travaux", "date_fin_travaux", "type", "duree_reelle"),
    "paires": (*_ALWAYS, "date_limite", "date_fin_travaux", "equipement_id", "duree_reelle", "cout_externe"),
}
"""What each measure reads of an intervention (``reports.figures.measures``): another column makes none wrong."""
COUNTED = tuple(dict.fromkeys(column for columns in READ.values() for column in columns))
_TABLES = {
    "interventions": "interventions",
    "lignes_intervention": "lignes",
    "historiques_interventions": "annulations",
}
TRIGGERS = ("erp_mois_ins", "erp_mois_maj", "erp_mois_sup", "erp_mois_vide")
NUMBER = len(TRIGGERS) * len(_TABLES)
"""How many triggers of the centre keep its months true."""
NUMBER_CACHE = 10
_RC = "current_setting('transaction_isolation') = 'read committed'"
_CANCELLED = "('annulee', 'archivee')"


def _row(alias: str, measure: str) -> str:
    return "(" + ", ".join(f"{alias}.{c}" for c in READ[measure]) + ")"


def _cell(alias: str) -> str:
    return f"{alias}.agence_id, {alias}.technicien_id"


def _dates(alias: str) -> str:
    return ", ".join(f"({alias}.{c}, '{measures}', {_cell(alias)})" for c, measures in _DATES.items())


def _changes() -> str:
    """The dates of a row as it was and as it is, a measure, and whether that measure reads what changed."""
    return ",\n        ".join(
        f"(o.{date}, n.{date}, '{m}', {_row('o', m)} IS DISTINCT FROM {_row('n', m)})"
        for date, measures in _DATES.items() for m in measures.split()
    )  # fmt: skip


def _days(rows: str) -> str:
    """Into the variables, from rows of an instant ``x``, its measures ``k``, and the agency and technicien of it.

    A batch of many marks whole months: there would be more to count of them than of the months.
    """
    return f"""SELECT array_agg(j), array_agg(k), array_agg(a), array_agg(t)
      INTO v_jours, v_mesures, v_agences, v_techniciens FROM (
      SELECT DISTINCT j, k, CASE WHEN n > {_MANY} THEN {EVERY} ELSE a END, CASE WHEN n <= {_MANY} THEN t END FROM (
        SELECT *, count(*) OVER () FROM (
          SELECT DISTINCT date_trunc('day', x, 'UTC'), k, a, t FROM {rows}) d(j, k, a, t) WHERE j IS NOT NULL
      ) e(j, k, a, t, n)) f(j, k, a, t);"""


def _function(name: str, body: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION sync.mois_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
DECLARE v_fiches bigint[]; v_jours timestamptz[]; v_mesures text[]; v_agences bigint[]; v_techniciens bigint[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared({LOCK});
  IF {_RC} AND NOT EXISTS (SELECT FROM sync.rapports_mois) THEN RETURN NULL; END IF;
{body}
  PERFORM sync.toucher_mois(v_jours, v_mesures, v_agences, v_techniciens);
  RETURN NULL;
END $f$;
"""


_HISTORY = "public.historiques_interventions h WHERE h.statut = 'annulee' AND h.intervention_id"
_CHANGED = f"""anciennes o FULL JOIN nouvelles n ON n.id = o.id, LATERAL (
      SELECT x, k, a, t FROM (VALUES {_changes()}) m(before, after, k, changed),
        LATERAL (VALUES (before, {_cell("o")}), (after, {_cell("n")})) d(x, a, t) WHERE changed
      UNION ALL SELECT h.horodatage, '{_CANCELLATION}', c.a, c.t
        FROM (VALUES ({_cell("o")}), ({_cell("n")})) c(a, t), {_HISTORY} = n.id
       AND (o.statut IN {_CANCELLED} OR n.statut IN {_CANCELLED})
       AND {_row("o", _CANCELLATION)} IS DISTINCT FROM {_row("n", _CANCELLATION)}) v(x, k, a, t)"""
# Whole months: whoever gives the intervention to another technicien meanwhile does not see this row, nor the reverse.
_CANCELLATIONS = f"""(
    SELECT date_creation, '{_CANCELLATION}', {EVERY}, NULL::bigint FROM public.interventions WHERE id = ANY(v_fiches)
    UNION ALL SELECT h.horodatage, '{_CANCELLATION}', {EVERY}, NULL FROM {_HISTORY} = ANY(v_fiches)
    UNION ALL SELECT j, '{_CANCELLATION}', {EVERY}, NULL FROM unnest(v_jours) j) v(x, k, a, t)"""
_OF_LINES = f"""(
    SELECT date_cloture, '{_LINE}', {_cell("i")} FROM public.interventions i WHERE i.id = ANY(v_fiches)
    ) v(x, k, a, t)"""

_FUNCTIONS = "".join((
    f"""
DROP FUNCTION IF EXISTS sync.toucher_mois(timestamptz[], text[]);
CREATE OR REPLACE FUNCTION sync.toucher_mois(
  v_jours timestamptz[], v_mesures text[], v_agences bigint[], v_techniciens bigint[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER {PIN} AS $f$
BEGIN
  IF NOT {_RC} THEN
    -- This snapshot may be older than a month that was announced since.
    INSERT INTO sync.rapports_touches (mois_id) SELECT 0 WHERE NOT EXISTS (
      SELECT FROM sync.rapports_touches WHERE mois_id = 0);
  ELSE
    INSERT INTO sync.rapports_touches (mois_id, agence_id, technicien_id)
    SELECT DISTINCT id, CASE WHEN n >= {CELLS} THEN {EVERY} ELSE a END, CASE WHEN n < {CELLS} THEN t END FROM (
      SELECT c.*, (SELECT count(*) FROM sync.rapports_touches s WHERE s.mois_id = c.id) AS n FROM (
        SELECT DISTINCT m.id, d.a, d.t
          FROM sync.rapports_mois m, unnest(v_jours, v_mesures, v_agences, v_techniciens) d(j, k, a, t)
         WHERE d.j < m.fin AND d.j + interval '1 day' > m.debut AND m.mesure = ANY(string_to_array(d.k, ' '))
           AND NOT EXISTS (SELECT FROM sync.rapports_touches s WHERE s.mois_id = m.id AND (
                 s.agence_id = {EVERY} OR (s.agence_id, s.technicien_id) IS NOT DISTINCT FROM (d.a, d.t)))) c) f;
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.mois_vides() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
BEGIN
  PERFORM pg_advisory_xact_lock_shared({LOCK});
  INSERT INTO sync.rapports_touches (mois_id) VALUES (0);
  RETURN NULL;
END $f$;
""",
    _function("interventions", f"""
  IF TG_OP = 'INSERT' THEN {_days(f"nouvelles n, LATERAL (VALUES {_dates('n')}) v(x, k, a, t)")}
  ELSIF TG_OP = 'DELETE' THEN {_days(f"anciennes o, LATERAL (VALUES {_dates('o')}) v(x, k, a, t)")}
  ELSE
    {_days(_CHANGED)}
  END IF;"""),
    _function("lignes", f"""
  IF TG_OP = 'INSERT' THEN v_fiches := ARRAY(SELECT DISTINCT intervention_id FROM nouvelles);
  ELSIF TG_OP = 'DELETE' THEN v_fiches := ARRAY(SELECT DISTINCT intervention_id FROM anciennes);
  ELSE v_fiches := ARRAY(SELECT intervention_id FROM anciennes UNION SELECT intervention_id FROM nouvelles);
  END IF;
  {_days(_OF_LINES)}"""),
    _function("annulations", f"""
  IF TG_OP <> 'INSERT' THEN
    SELECT array_agg(intervention_id), array_agg(horodatage) INTO v_fiches, v_jours FROM anciennes
     WHERE statut = 'annulee';
  END IF;
  IF TG_OP <> 'DELETE' THEN
    v_fiches := v_fiches || ARRAY(SELECT intervention_id FROM nouvelles WHERE statut = 'annulee');
  END IF;
  IF v_fiches IS NULL OR v_fiches = '{{}}' THEN RETURN NULL; END IF;
  {_days(_CANCELLATIONS)}"""),
))  # fmt: skip


def _centre() -> Iterator[str]:
    yield _FUNCTIONS
    for table, name in _TABLES.items():
        for trigger, event, seen in zip(
            TRIGGERS, ("INSERT", "UPDATE", "DELETE", "TRUNCATE"),
            ("NEW TABLE AS nouvelles", "OLD TABLE AS anciennes NEW TABLE AS nouvelles", "OLD TABLE AS anciennes", ""),
            strict=True,
        ):  # fmt: skip
            rows = f" REFERENCING {seen}" if seen else ""
            called = f"mois_{name}" if seen else "mois_vides"
            yield (
                f"DROP TRIGGER IF EXISTS {trigger} ON public.{table};\nCREATE TRIGGER {trigger} AFTER {event} "
                f"ON public.{table}{rows} FOR EACH STATEMENT EXECUTE FUNCTION sync.{called}();\n"
                # Rows that a restore or a replica writes count as well.
                f"ALTER TABLE public.{table} ENABLE ALWAYS TRIGGER {trigger};\n"
            )
    # What was written without them is not known.
    yield "DELETE FROM sync.rapports_mois;\nDELETE FROM sync.rapports_touches;\n"


# Half-way through the history there are no months yet, or marks that name no agency.
CENTRE = (
    "DO $mois$ BEGIN IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('sync.rapports_touches') "
    "AND attname = 'technicien_id') THEN\n" + "".join(_centre()) + "END IF; END $mois$"
)
"""Functions and triggers of the centre; the merge's writes fire them like any other."""


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received rows fire them too."""
    if "_rapports_mois" not in present or not set(COUNTED) <= present.get("interventions", set()):
        return
    some = "EXISTS (SELECT 1 FROM _rapports_mois)"
    changed = {m: " OR ".join(f"NEW.{c} IS NOT OLD.{c}" for c in columns) for m, columns in READ.items()}
    whatever = " OR ".join(f"NEW.{c} IS NOT OLD.{c}" for c in COUNTED)
    # Before the insert, for it may replace a row, which fires no trigger of its own.
    replaced = "".join(
        _touch(f"(SELECT {c} FROM interventions WHERE id = NEW.id)", measures) for c, measures in _DATES.items()
    )
    old, new = ("".join(_touch(f"{row}.{c}", m) for c, m in _DATES.items()) for row in ("OLD", "NEW"))
    yield _trigger("interventions", "ins", "BEFORE INSERT", some, new + replaced + _cancelled("NEW.id"))
    columns = ", ".join(COUNTED)
    wrong = "".join(_touch(f"{row}.{c}", m, changed) for row in ("OLD", "NEW") for c, m in _DATES.items())
    yield _trigger("interventions", "upd", f"AFTER UPDATE OF {columns}", f"({whatever}) AND {some}", wrong)
    ended = f"(OLD.statut IN {_CANCELLED} OR NEW.statut IN {_CANCELLED}) AND ({changed[_CANCELLATION]}) AND {some}"
    yield _trigger("interventions", "annul", f"AFTER UPDATE OF {columns}", ended, _cancelled("NEW.id"))
    yield _trigger("interventions", "del", "AFTER DELETE", some, old)
    for table in ("lignes_intervention", "historiques_interventions"):
        for name, event, rows in (
            ("ins", "BEFORE INSERT", ("NEW",)), ("upd", "AFTER UPDATE", ("OLD", "NEW")),
            ("del", "AFTER DELETE", ("OLD",)),
        ):  # fmt: skip
            if table in present:
                yield _of_child(table, name, event, rows, some)


def keeps(trigger: str) -> bool:
    """Whether a trigger of a cache is one of these."""
    return "_mois_" in trigger


def _of_child(table: str, name: str, event: str, rows: tuple[str, ...], some: str) -> tuple[str, str]:
    # The row that an insert replaces, if it does.
    replaced = [f"(SELECT intervention_id FROM {table} WHERE id = NEW.id)"] if name == "ins" else []
    fiches = [*(f"{row}.intervention_id" for row in rows), *replaced]
    if table == "lignes_intervention":
        closings = (f"(SELECT date_cloture FROM interventions WHERE id = {fiche})" for fiche in fiches)
        return _trigger(table, name, event, some, "".join(_touch(x, _LINE) for x in closings))
    body = "".join(_touch(f"{row}.horodatage", _CANCELLATION) for row in rows)
    for fiche in fiches:
        creation = f"(SELECT date_creation FROM interventions WHERE id = {fiche})"
        body += _touch(creation, _CANCELLATION) + _cancelled(fiche)
    cancels = " OR ".join(f"{row}.statut = 'annulee'" for row in rows)
    if replaced:
        cancels += f" OR EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"
    return _trigger(table, name, event, f"({cancels}) AND {some}", body)


def _trigger(table: str, name: str, event: str, when: str, body: str) -> tuple[str, str]:
    called = f"erp_{table}_mois_{name}"
    return called, f"CREATE TRIGGER {called} {event} ON {table} WHEN {when} BEGIN {body}END"


def _month(instant: str) -> str:
    return f"(SELECT max(debut) FROM _rapports_mois WHERE debut <= {instant})"


def _touch(instant: str, measures: str, when: dict[str, str] | None = None) -> str:
    """Two steps down one small tree; ``when``: the condition of each measure."""
    named = ", ".join(f"CASE WHEN {when[m]} THEN '{m}' END" if when else f"'{m}'" for m in measures.split())
    return f"DELETE FROM _rapports_mois WHERE debut = {_month(instant)} AND mesure IN ({named}) AND fin > {instant}; "


def _cancelled(fiche: str) -> str:
    """The months of an intervention's cancellations: its statut decides whether one of them counts."""
    history = f"FROM historiques_interventions h WHERE h.intervention_id = {fiche} AND h.statut = 'annulee'"
    return (
        f"DELETE FROM _rapports_mois WHERE mesure = '{_CANCELLATION}' AND debut IN (SELECT {_month('h.horodatage')} "
        f"{history}) AND EXISTS (SELECT 1 {history} AND h.horodatage >= debut AND h.horodatage < fin); "
    )
