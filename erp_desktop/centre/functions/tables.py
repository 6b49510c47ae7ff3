"""What the centre's functions know of the registry: columns with their policies, steps of statut, old names."""

from __future__ import annotations

from erp_desktop.domain import transitions
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import RENAMED, TABLES
from erp_desktop.registry.wire_form import read_expression, write_expression


def _registry_function() -> str:
    def quote(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def text(value: str | None) -> str:
        return f"{quote(value)}::text" if value else "NULL::text"

    rows = [
        f"({rank}, {quote(table.name)}, {quote(column.name)}, {quote(read_expression(column.kind, '%s'))}, "
        f"{quote(write_expression(column.kind, '%s'))}, {quote(column.policy.value)}, "
        f"{str(table.device_writes).lower()}, {str(table.append_only).lower()}, "
        f"{text(column.group.name if column.group else None)}, {str(column.asks).lower()}, "
        f"{text(column.group.follows if column.group else None)}, {text(column.allowed)})"
        for rank, table in enumerate(TABLES)
        for column in table.columns
    ]
    return (
        "CREATE FUNCTION sync.registre() RETURNS TABLE (rang integer, nom_table text, colonne text, lire text, "
        "ecrire text, politique text, inscriptible boolean, ajout_seul boolean, groupe text, demande boolean, "
        f"suit text, permis text) LANGUAGE sql IMMUTABLE "
        f"BEGIN ATOMIC VALUES {', '.join(rows)}; END"
    )


def _reachable_function() -> str:
    pairs = ", ".join(f"('{a}', '{b}')" for a, b in sorted(transitions.reachable_pairs()))
    return (
        "CREATE OR REPLACE FUNCTION sync.statut_atteignable(de text, vers text) RETURNS boolean LANGUAGE sql IMMUTABLE "
        f"BEGIN ATOMIC SELECT de = vers OR (de, vers) IN ({pairs}); END"
    )


def _lens_function() -> str:
    """Old names of columns, with the revisions whose programs use them."""
    rows = [
        f"('{r.table}', '{r.old}', '{r.new}', '{{{','.join(revisions.before(r.revision))}}}'::text[])"
        for r in RENAMED
    ]
    values = f"VALUES {', '.join(rows)}" if rows else "SELECT NULL, NULL, NULL, NULL::text[] WHERE false"
    return _known_function() + (
        "CREATE OR REPLACE FUNCTION sync.renommages() RETURNS TABLE (nom_table text, ancien text, nouveau text, "
        f"avant text[]) LANGUAGE sql IMMUTABLE AS $f$ {values} $f$"
    )


def _known_function() -> str:
    """Tables with later columns: how many a program of which revisions knows; the fewest count."""
    rows = [
        f"('{t.name}', {known}, '{{{','.join(revisions.before(revision))}}}'::text[])"
        for t in TABLES
        for revision, known in t.added
    ]
    values = f"VALUES {', '.join(rows)}" if rows else "SELECT NULL, NULL::integer, NULL::text[] WHERE false"
    return (
        "CREATE OR REPLACE FUNCTION sync.ajouts() RETURNS TABLE (nom_table text, connues integer, avant text[]) "
        f"LANGUAGE sql IMMUTABLE AS $f$ {values} $f$;\n"
    )


_LENS = """
CREATE OR REPLACE FUNCTION sync.traduire(p jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $f$
DECLARE g record; chemin text[];
BEGIN
  FOR g IN SELECT * FROM sync.renommages() LOOP
    FOR chemin IN
      SELECT ARRAY['i', g.nom_table, 'c'] UNION ALL
      SELECT ARRAY['m', g.nom_table, (i - 1)::text, 'c']
        FROM generate_series(1, coalesce(jsonb_array_length(p->'m'->g.nom_table), 0)) i
    LOOP
      IF (p #> chemin) ? g.ancien THEN
        p := jsonb_set(p, chemin, (SELECT jsonb_agg(CASE WHEN c = g.ancien THEN g.nouveau ELSE c END ORDER BY n)
          FROM jsonb_array_elements_text(p #> chemin) WITH ORDINALITY AS x(c, n)));
      END IF;
    END LOOP;
  END LOOP;
  RETURN p;
END $f$;

-- Rows, each led by its version, without the columns that came after the receiver's revision.
CREATE OR REPLACE FUNCTION sync.lignes_connues(t text, bloc jsonb, v_revision text) RETURNS jsonb LANGUAGE plpgsql
IMMUTABLE AS $f$
DECLARE n integer := (SELECT min(a.connues) FROM sync.ajouts() a WHERE a.nom_table = t AND v_revision = ANY(a.avant));
BEGIN
  IF n IS NULL THEN RETURN bloc; END IF;
  RETURN (SELECT jsonb_agg((SELECT jsonb_agg(v ORDER BY i) FROM jsonb_array_elements(r) WITH ORDINALITY AS x(v, i)
    WHERE i <= n + 1)) FROM jsonb_array_elements(bloc) r);
END $f$;

CREATE OR REPLACE FUNCTION sync.nom_connu(t text, c text, v_revision text) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
  SELECT coalesce((SELECT g.ancien FROM sync.renommages() g
    WHERE g.nom_table = t AND g.nouveau = c AND v_revision = ANY(g.avant)), c)
$f$;

-- The values of a group, under the names that the device knows.
CREATE OR REPLACE FUNCTION sync.noms_connus(t text, v_politique text, v jsonb, v_revision text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $f$
  SELECT CASE WHEN v_politique = 'groupe' AND jsonb_typeof(v) = 'object' THEN
    (SELECT jsonb_object_agg(sync.nom_connu(t, e.k, v_revision), e.w) FROM jsonb_each(v) AS e(k, w)) ELSE v END
$f$;
"""


def registry_functions() -> list[str]:
    """Statements that create them, callees first."""
    # Its columns are not those of earlier programs, and only a new function can have others.
    return [
        "DROP FUNCTION IF EXISTS sync.registre()",
        _registry_function(),
        _reachable_function(),
        _lens_function(),
        _LENS,
    ]
