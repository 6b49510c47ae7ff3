"""What a device reads from the centre: pages after its cursor, first copies, and the one-round-trip cycle.

The cursor is (xid, seq), and only states below the snapshot's xmin are served: nothing can commit behind it. A pull
is one statement on one snapshot (STABLE functions see their caller's), and carries along every ancestor that lies
beyond the page, so that a child never arrives without its parent.
"""

from __future__ import annotations

from erp_desktop.centre.functions.envelope import LONGEST_PAGE
from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.registry.wire_form import wire_type, write_expression

_HEAD = f"LANGUAGE sql STABLE SECURITY DEFINER {PIN}"

PIECE, SLICE = 1 << 20, 1 << 13
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

_PULL = f"""
CREATE OR REPLACE FUNCTION sync.tirer(p_xid xid8, p_seq bigint, p_limite integer) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER {PIN} AS $f$
DECLARE
  v_agence bigint := sync.agence();
  v_poste integer := sync.poste();
  plafond xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_revision text := (SELECT d.revision FROM sync.devices d WHERE d.login = session_user);
  n integer; x xid8; s bigint; cles jsonb; page jsonb;
  ici jsonb; plus jsonb; trouves jsonb; corps jsonb := '{{}}'; bloc jsonb;
  g record;
BEGIN
  PERFORM sync.exiger_poste();
  p_limite := least(greatest(p_limite, 1), {LONGEST_PAGE});
  -- Somebody is writing, and nothing behind him is served: let it not be a device that does nothing but hold.
  IF plafond < pg_snapshot_xmax(pg_current_snapshot()) THEN PERFORM sync.veiller(); END IF;
  -- What this device sent comes back by its key, if it stands exactly so: most of a page that follows a batch. The
  -- page is read in the cursor's order: its last row is the next cursor.
  SELECT count(*), (array_agg(v.xid))[count(*)], (array_agg(v.seq))[count(*)],
         coalesce(jsonb_agg(jsonb_build_array(nom_table, pk, ver))
           FILTER (WHERE etat = 'live' AND origine = v_poste), '[]'),
         coalesce(jsonb_agg(jsonb_build_array(nom_table, pk, etat))
           FILTER (WHERE etat <> 'live' OR origine <> v_poste), '[]')
    INTO n, x, s, cles, page
    FROM (SELECT * FROM ({_BRANCH.format(scope=0)} UNION ALL {_BRANCH.format(scope="v_agence")}) u
          ORDER BY xid, seq LIMIT p_limite) v;
  IF n = 0 THEN RETURN jsonb_build_object('n', 0); END IF;
  -- Bodies are wanted of the other live rows.
  SELECT coalesce(jsonb_object_agg(t, ids), '{{}}') INTO ici FROM (
    SELECT r->>0 AS t, jsonb_agg(r->1) AS ids FROM jsonb_array_elements(page) r
     WHERE r->>2 = 'live' GROUP BY r->>0) y;
  -- Ancestors whose present version this device has not been served yet.
  plus := ici;
  WHILE plus <> '{{}}' LOOP
    trouves := '[]';
    FOR g IN SELECT k AS t, l AS ids FROM jsonb_each(plus) AS e(k, l) LOOP
      EXECUTE format('SELECT $6 || coalesce(jsonb_agg(DISTINCT jsonb_build_array(a.nom_table, a.pk)), ''[]'') '
        || 'FROM sync.ancetres_%s($1) a JOIN sync.row_state e ON e.nom_table = a.nom_table AND e.pk = a.pk '
        || 'AND e.scope IN (0, $2) AND e.etat = ''live'' WHERE (e.xid, e.seq) > ($3, $4) '
        || 'AND NOT coalesce($5->a.nom_table @> to_jsonb(a.pk), false)', g.t)
        INTO trouves USING ARRAY(SELECT i::bigint FROM jsonb_array_elements_text(g.ids) i), v_agence, p_xid, p_seq,
          ici, trouves;
    END LOOP;
    SELECT coalesce(jsonb_object_agg(t, ids), '{{}}') INTO plus FROM (
      SELECT r->>0 AS t, jsonb_agg(DISTINCT r->1) AS ids FROM jsonb_array_elements(trouves) r GROUP BY r->>0) y;
    SELECT ici || coalesce(jsonb_object_agg(k, coalesce(ici->k, '[]') || l), '{{}}') INTO ici
      FROM jsonb_each(plus) AS e(k, l);
  END LOOP;
  FOR g IN SELECT k AS t, l AS ids FROM jsonb_each(ici) AS e(k, l) LOOP
    EXECUTE format('SELECT sync.corps_%s($1)', g.t)
      INTO bloc USING ARRAY(SELECT i::bigint FROM jsonb_array_elements_text(g.ids) i);
    corps := corps || jsonb_build_object(g.t, sync.lignes_connues(g.t, bloc, v_revision));
  END LOOP;
  RETURN jsonb_build_object('n', n, 'x', x::text, 's', s, 't', corps,
    'k', cles,
    -- What a row became that had the natural key of one at the centre; its deletion is among those below.
    'a', coalesce((SELECT jsonb_agg(jsonb_build_array(r->0, r->1, x.devenu)) FROM jsonb_array_elements(page) r,
                     LATERAL (SELECT e.contenu->'devenu' AS devenu FROM sync.row_state e WHERE e.nom_table = r->>0
                       AND e.pk = (r->>1)::bigint AND e.scope = v_agence AND e.etat = 'deleted'
                       AND e.contenu ? 'devenu' OFFSET 0) x
                   WHERE r->>2 = 'deleted'), '[]'),
    -- An eviction or a deletion loses to a live state of the same row in this device's scopes. OFFSET 0 keeps the
    -- planner from turning a few look-ups into one join with every live state.
    'd', coalesce((SELECT jsonb_agg(r) FROM jsonb_array_elements(page) r
                   WHERE r->>2 <> 'live' AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = r->>0
                     AND e.pk = (r->>1)::bigint AND e.scope IN (0, v_agence) AND e.etat = 'live' OFFSET 0)), '[]'));
END $f$;
"""

_ACTIVE = """
CREATE OR REPLACE FUNCTION sync.exiger_poste() RETURNS boolean LANGUAGE plpgsql STABLE AS $f$
BEGIN
  IF sync.poste() IS NULL THEN RAISE EXCEPTION 'ce poste n''est plus autorisé' USING ERRCODE = 'EM011'; END IF;
  RETURN sync.exiger_isolation();
END $f$;
"""

# A table without a row for this agency is not asked for: at 300 ms a round trip, that is most of a small copy.
_FILLED = ", ".join(f"CASE WHEN EXISTS (SELECT 1 FROM public.{t.name}) THEN '{t.name}' END" for t in TABLES)

_START = f"""
CREATE OR REPLACE FUNCTION sync.debut_copie() RETURNS jsonb {_HEAD} AS $f$
  SELECT jsonb_build_object('x', pg_snapshot_xmin(pg_current_snapshot())::text, 'epoque', sync.epoque(),
    'poste', sync.poste(), 'agence', sync.agence(), 'tables', to_jsonb(array_remove(ARRAY[{_FILLED}], NULL)),
    'revision', (SELECT revision FROM sync.schema_compat ORDER BY id DESC LIMIT 1)) WHERE sync.exiger_poste()
$f$;
"""

_SNAPSHOT = f"""
CREATE OR REPLACE FUNCTION sync.instantane() RETURNS jsonb {_HEAD} AS $f$
  SELECT jsonb_build_object('n', count(*), 'revision', max(revision), 'epoque', max(epoque), 'x', max(xid::text),
    'lignes', max(lignes), 'a', max(a)) FROM sync.instantanes WHERE scope = sync.agence() HAVING count(*) > 0
$f$;

DROP FUNCTION IF EXISTS sync.instantane_morceau(integer);

-- From a byte on, in slices small enough that a bad line finishes some between two cuts.
CREATE OR REPLACE FUNCTION sync.instantane_suite(octets bigint) RETURNS SETOF bytea {_HEAD} AS $f$
  SELECT substring(i.contenu FROM d FOR {SLICE}) FROM sync.instantanes i, generate_series(1, length(i.contenu), {SLICE}) d
   WHERE i.scope = sync.agence() AND i.morceau::bigint * {PIECE} + d > octets ORDER BY i.morceau, d
$f$;
"""

# With invoker rights, because a definer's procedure may not COMMIT; every name is therefore qualified.
_CYCLE = """
CREATE OR REPLACE PROCEDURE sync.cycle(IN p_lot jsonb, IN p_numero bigint, IN p_empreinte text, IN p_xid xid8,
  IN p_seq bigint, IN p_limite integer, INOUT resultat jsonb) LANGUAGE plpgsql AS $f$
DECLARE pousse jsonb;
BEGIN
  IF p_lot IS NOT NULL THEN
    pousse := sync.pousser(p_lot, p_numero, p_empreinte);
    COMMIT;
  END IF;
  resultat := pg_catalog.jsonb_build_object('push', pousse, 'pull', sync.tirer(p_xid, p_seq, p_limite));
END $f$;
"""


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
