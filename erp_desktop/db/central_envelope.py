"""What a batch claims of itself, held against what it contains before anything is done with it.

A stolen login sends what it likes. Whatever follows costs as much as the payload is long: every number that it states
(units, ranks, widths) is checked here in one pass, and a payload that is not formed as :mod:`central_merge` says is
refused as a whole. Only units that are there are ever looked for (``sync.unites``), however many are claimed.
"""

from __future__ import annotations

from erp_desktop.db.central_pin import PIN

LARGEST_BATCH = 64 << 20
"""Bytes of a batch as PostgreSQL holds it: a hundred times what a full one of 5,000 units takes."""
MOST_UNITS = 1_000_000
LONGEST_PAGE = 50_000
"""Rows of a page, at most: what a comparison asks for."""

ENVELOPE = f"""
-- The units that a payload has rows of, within a range, in order.
CREATE OR REPLACE FUNCTION sync.unites(p jsonb, plage int4range) RETURNS integer[] LANGUAGE sql IMMUTABLE {PIN} AS $f$
  SELECT coalesce(array_agg(DISTINCT u ORDER BY u), '{{}}') FROM (
    SELECT (r->>0)::int AS u FROM jsonb_each(coalesce(p->'i', '{{}}')) t, jsonb_array_elements(t.value->'r') r
    UNION ALL SELECT (r->>0)::int FROM jsonb_each(coalesce(p->'m', '{{}}')) t, jsonb_array_elements(t.value) b,
      jsonb_array_elements(b->'r') r
    UNION ALL SELECT (r->>0)::int FROM jsonb_each(coalesce(p->'d', '{{}}')) t, jsonb_array_elements(t.value) r) x
   WHERE u <@ plage
$f$;

CREATE OR REPLACE FUNCTION sync.exiger_enveloppe(p jsonb, v_empreinte text) RETURNS void LANGUAGE plpgsql STABLE {PIN} AS $f$
DECLARE faute text; n bigint;
BEGIN
  IF pg_column_size(p) > {LARGEST_BATCH} THEN faute := 'trop grand';
  ELSIF length(v_empreinte) > 64 THEN faute := 'empreinte trop longue';
  ELSIF jsonb_typeof(p) <> 'object' OR jsonb_typeof(p->'n') IS DISTINCT FROM 'number' THEN faute := 'sans nombre d''unités';
  ELSIF EXISTS (SELECT 1 FROM jsonb_each(p) k WHERE k.key <> ALL('{{v,n,i,m,d,r}}')
      OR jsonb_typeof(k.value) <> CASE WHEN k.key IN ('v', 'n') THEN 'number' WHEN k.key = 'r' THEN 'array'
                                       ELSE 'object' END) THEN faute := 'partie inconnue';
  END IF;
  IF faute IS NULL THEN
    n := (p->>'n')::numeric;
    IF n <> (p->>'n')::numeric OR n NOT BETWEEN 0 AND {MOST_UNITS} THEN faute := 'nombre d''unités';
    -- Widths first: every later look at a value relies on them.
    ELSIF EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'i', '{{}}')) t
        WHERE jsonb_typeof(t.value->'c') IS DISTINCT FROM 'array' OR jsonb_typeof(t.value->'r') IS DISTINCT FROM 'array')
      OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'m', '{{}}')) t WHERE jsonb_typeof(t.value) <> 'array')
      OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'d', '{{}}')) t WHERE jsonb_typeof(t.value) <> 'array')
      OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'m', '{{}}')) t, jsonb_array_elements(
           CASE jsonb_typeof(t.value) WHEN 'array' THEN t.value ELSE '[]' END) b
         WHERE jsonb_typeof(b->'c') IS DISTINCT FROM 'array' OR jsonb_typeof(b->'r') IS DISTINCT FROM 'array')
    THEN faute := 'forme';
    ELSIF EXISTS (
      SELECT 1 FROM (
        SELECT r, 2 + jsonb_array_length(t.value->'c') AS large
          FROM jsonb_each(coalesce(p->'i', '{{}}')) t, jsonb_array_elements(t.value->'r') r
        UNION ALL SELECT r, 4 + 2 * jsonb_array_length(b->'c')
          FROM jsonb_each(coalesce(p->'m', '{{}}')) t, jsonb_array_elements(t.value) b, jsonb_array_elements(b->'r') r
        UNION ALL SELECT r, 4 FROM jsonb_each(coalesce(p->'d', '{{}}')) t, jsonb_array_elements(t.value) r) x
      WHERE jsonb_typeof(r) <> 'array' OR CASE WHEN jsonb_typeof(r) = 'array' THEN
          jsonb_array_length(r) <> large OR jsonb_typeof(r->0) <> 'number' OR (r->>0)::numeric NOT BETWEEN 0 AND n - 1
          OR (r->>0)::numeric <> floor((r->>0)::numeric) END) THEN faute := 'ligne ou numéro d''unité';
    ELSIF EXISTS (SELECT 1 FROM jsonb_array_elements(coalesce(p->'r', '[]')) r WHERE jsonb_typeof(r) <> 'array'
        OR CASE WHEN jsonb_typeof(r) = 'array' THEN jsonb_array_length(r) <> 2 OR jsonb_typeof(r->0) <> 'number'
             OR jsonb_typeof(r->1) NOT IN ('string', 'null') END)
    THEN faute := 'choix';
    END IF;
  END IF;
  IF faute IS NOT NULL THEN RAISE EXCEPTION 'lot mal formé : %', faute USING ERRCODE = 'EM014'; END IF;
END $f$;
"""
