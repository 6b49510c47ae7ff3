"""Natural keys that change hands within one transaction: A takes B's code while B takes A's.

Uniqueness is checked row by row, so no order of updates gets through a cycle, and constraints deferred to COMMIT could
no longer tell which unit breaks them. A unit refused as a duplicate is therefore tried once more with the keys that it
gives up set to a provisional value first; what is a duplicate still is one.
"""

from __future__ import annotations

import sqlalchemy as sa

from erp_desktop.models import Base
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable


def natural_keys(table: SyncTable) -> list[tuple[str, bool]]:
    """(column, nullable) of each text column that a unique constraint or index of ``table`` covers."""
    mapped = Base.metadata.tables[table.name]
    unique = [c for k in mapped.constraints if isinstance(k, sa.UniqueConstraint) for c in k.columns]
    unique += [c for i in mapped.indexes if i.unique for c in i.columns]
    names = {c.name for c in unique}
    return [
        (c.name, bool(mapped.columns[c.name].nullable))
        for c in table.columns
        if c.name in names and c.kind is Kind.TEXT
    ]


def provisional(nullable: bool, key: str = "id") -> str:
    """SQL, on both engines, for a value that no other row has."""
    return "NULL" if nullable else f"'⇄' || {key}"


def _values() -> str:
    return ", ".join(
        f"('{table.name}', '{column}', {str(nullable).lower()})"
        for table in TABLES
        if table.device_writes and not table.append_only
        for column, nullable in natural_keys(BY_NAME[table.name])
    )


SWAP = f"""
CREATE OR REPLACE FUNCTION sync.permuter(p jsonb, plage int4range) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $f$
DECLARE g record; pks bigint[]; i integer;
BEGIN
  FOR g IN SELECT v.t, v.c, v.vide, b.rang - 1 AS rang, k.i AS i
      FROM (VALUES {_values()}) AS v(t, c, vide),
           jsonb_array_elements(coalesce(p->'m'->v.t, '[]')) WITH ORDINALITY AS b(bloc, rang),
           jsonb_array_elements_text(b.bloc->'c') WITH ORDINALITY AS k(nom, i)
     WHERE k.nom = v.c LOOP
    i := 2 + 2 * g.i;
    -- Only what the merge would take: the centre still holds the base, and mine differs.
    EXECUTE format('WITH maj AS (UPDATE public.%1$I t SET %2$I = %3$s FROM jsonb_array_elements($1) r '
        || 'WHERE (r->>0)::int <@ $2 AND t.id = (r->>2)::bigint AND t.%2$I IS NOT DISTINCT FROM r->>%4$s '
        || 'AND r->>%4$s IS DISTINCT FROM r->>%5$s RETURNING t.id) SELECT coalesce(array_agg(id), ''{{}}'') FROM maj',
        g.t, g.c, CASE WHEN g.vide THEN 'NULL' ELSE '''⇄'' || t.id' END, i, i + 1)
      INTO pks USING p#>ARRAY['m', g.t, g.rang::text, 'r'], plage;
    p := jsonb_set(p, ARRAY['m', g.t, g.rang::text, 'r'], (
      SELECT jsonb_agg(CASE WHEN (r->>2)::bigint = ANY(pks) THEN jsonb_set(r, ARRAY[i::text],
          CASE WHEN g.vide THEN 'null'::jsonb ELSE to_jsonb('⇄' || (r->>2)) END) ELSE r END)
        FROM jsonb_array_elements(p#>ARRAY['m', g.t, g.rang::text, 'r']) r));
  END LOOP;
  RETURN p;
END $f$;
"""
