"""What a device reads from the centre: pages after its cursor, first copies, and the one-round-trip cycle.

The cursor is (xid, seq), and only states below the snapshot's xmin are served: nothing can commit behind it. A pull
is one statement on one snapshot (STABLE functions see their caller's), and carries along every ancestor that lies
beyond the page, so that a child never arrives without its parent.
"""

from __future__ import annotations

from erp_desktop.centre.functions.envelope import LONGEST_PAGE
from erp_desktop.centre.sql import sql
from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.registry.wire_form import wire_type, write_expression

_HEAD = f"LANGUAGE sql STABLE SECURITY DEFINER {PIN}"

PIECE, SLICE = 1 << 20, 1 << 11
"""Bytes of a published copy in one row of the centre, and of one slice on its way to a device."""


def _scope(table: SyncTable) -> str:
    return "coalesce(t.agence_id, 0)" if table.scoped else "0"


def _per_table(table: SyncTable) -> list[str]:
    name = table.name
    written = [write_expression(c.kind, f"t.{c.name}") for c in table.columns]
    values = ", ".join(written)
    state = f"LEFT JOIN sync.row_state e ON e.nom_table = '{name}' AND e.pk = t.id AND e.scope = {_scope(table)}"
    output = [f"{c.name} {wire_type(c.kind)}" for c in table.columns]
    parents = [(r.column, r.target) for r in table.references]
    if table.scoped:
        parents.append(("agence_id", "agences"))
    ancestors = " UNION ".join(
        f"SELECT '{target}'::text, t.{column} FROM public.{name} t WHERE t.id = ANY(pks) AND t.{column} IS NOT NULL"
        for column, target in parents
    )
    copies = []
    for called, known in table.generations:
        copies += [
            f"DROP FUNCTION IF EXISTS sync.{called}()",
            f"DROP FUNCTION IF EXISTS sync.{called}(bigint)",
            f"CREATE FUNCTION sync.{called}(apres bigint DEFAULT 0) RETURNS TABLE (ver bigint, "
            f"{', '.join(output[:known])}) {_HEAD} ROWS 100000 AS "
            f"$f$ SELECT coalesce(e.ver, 1), {', '.join(written[:known])} FROM public.{name} t {state} "
            f"WHERE t.id > apres AND (SELECT sync.exiger_poste()) ORDER BY t.id $f$",
        ]
    return [
        *copies,
        f"CREATE OR REPLACE FUNCTION sync.corps_{name}(pks bigint[]) RETURNS jsonb LANGUAGE sql STABLE AS "
        f"$f$ SELECT jsonb_agg(jsonb_build_array(coalesce(e.ver, 1), {values}) ORDER BY t.id) "
        f"FROM public.{name} t {state} WHERE t.id = ANY(pks) $f$",
        f"CREATE OR REPLACE FUNCTION sync.ancetres_{name}(pks bigint[]) RETURNS TABLE (nom_table text, pk bigint) "
        f"LANGUAGE sql STABLE AS $f$ {ancestors or 'SELECT NULL::text, NULL::bigint WHERE false'} $f$",
    ]


_BRANCH = (
    "(SELECT nom_table, pk, scope, ver, xid, seq, origine, etat FROM sync.row_state WHERE scope = {scope} "
    "AND (xid, seq) > (p_xid, p_seq) AND xid < plafond ORDER BY xid, seq LIMIT p_limite)"
)

_PULL = sql(
    "pull/pull",
    PIN=PIN,
    LONGEST_PAGE=LONGEST_PAGE,
    SHARED_BY_ALL=_BRANCH.format(scope=0),
    OF_THE_AGENCY=_BRANCH.format(scope="v_agence"),
)

_ACTIVE = sql("pull/active")

# A table without a row for this agency is not asked for: at 300 ms a round trip, that is most of a small copy.
_FILLED = ", ".join(f"CASE WHEN EXISTS (SELECT 1 FROM public.{t.name}) THEN '{t.name}' END" for t in TABLES)

_START = sql("pull/start", HEAD=_HEAD, FILLED=_FILLED)

_SNAPSHOT = sql("pull/snapshot", HEAD=_HEAD, SLICE=SLICE, PIECE=PIECE)

# With invoker rights, because a definer's procedure may not COMMIT; every name is therefore qualified.
_CYCLE = sql("pull/cycle")


def _backfill(table: SyncTable) -> str:
    """States for rows that were there before the first installation; once there is one, triggers keep them."""
    return (
        "INSERT INTO sync.row_state (nom_table, pk, scope, ver, xid, seq) "
        f"SELECT '{table.name}', t.id, {_scope(table)}, 1, pg_current_xact_id(), nextval('sync.seq_etat') "
        f"FROM public.{table.name} t WHERE NOT EXISTS (SELECT 1 FROM sync.row_state WHERE nom_table = '{table.name}')"
    )


def pull_functions() -> list[str]:
    """Statements that create what devices read, callees first."""
    made = [statement for table in TABLES for statement in _per_table(table)]
    return [_ACTIVE, *made, *(_backfill(t) for t in TABLES), _PULL, _START, _SNAPSHOT, _CYCLE]
