CREATE OR REPLACE FUNCTION sync.exiger_mesure(v_juste boolean) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $f$
BEGIN
  IF v_juste IS NOT TRUE THEN
    RAISE EXCEPTION 'cet envoi n''a pas la forme ou la mesure attendue' USING ERRCODE = 'EM014';
  END IF;
  RETURN true;
END $f$;

-- The units that a payload has rows of, within a range, in order.
CREATE OR REPLACE FUNCTION sync.unites(p jsonb, plage int4range) RETURNS integer[] LANGUAGE sql IMMUTABLE :PIN AS $f$
  SELECT coalesce(array_agg(DISTINCT u ORDER BY u), '{}') FROM (
    SELECT (r->>0)::int AS u FROM jsonb_each(coalesce(p->'i', '{}')) t, jsonb_array_elements(t.value->'r') r
    UNION ALL SELECT (r->>0)::int FROM jsonb_each(coalesce(p->'m', '{}')) t, jsonb_array_elements(t.value) b,
      jsonb_array_elements(b->'r') r
    UNION ALL SELECT (r->>0)::int FROM jsonb_each(coalesce(p->'d', '{}')) t, jsonb_array_elements(t.value) r) x
   WHERE u <@ plage
$f$;

-- The rows of a range of units: a batch that is halved to find a bad unit is read once a level, not once a unit.
CREATE OR REPLACE FUNCTION sync.partie(p jsonb, plage int4range) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $f$
  SELECT p || jsonb_build_object(
    'i', (SELECT coalesce(jsonb_object_agg(t, jsonb_build_object('c', b->'c', 'r', l)), '{}') FROM (
            SELECT t, b, (SELECT jsonb_agg(r) FROM jsonb_array_elements(b->'r') r WHERE (r->>0)::integer <@ plage)
              AS l
              FROM jsonb_each(p->'i') AS e(t, b)) x WHERE l IS NOT NULL),
    'm', (SELECT coalesce(jsonb_object_agg(t, l), '{}') FROM (
            SELECT t, (SELECT jsonb_agg(jsonb_build_object('c', y.b->'c', 'r', y.l)) FROM (
                SELECT b, (SELECT jsonb_agg(r) FROM jsonb_array_elements(b->'r') r
                            WHERE (r->>0)::integer <@ plage) AS l
                  FROM jsonb_array_elements(bs) b) y WHERE y.l IS NOT NULL) AS l
              FROM jsonb_each(p->'m') AS e(t, bs)) x WHERE l IS NOT NULL),
    'd', (SELECT coalesce(jsonb_object_agg(t, l), '{}') FROM (
            SELECT t, (SELECT jsonb_agg(r) FROM jsonb_array_elements(rs) r WHERE (r->>0)::integer <@ plage) AS l
              FROM jsonb_each(p->'d') AS e(t, rs)) x WHERE l IS NOT NULL))
$f$;

CREATE OR REPLACE FUNCTION sync.exiger_enveloppe(p jsonb, v_empreinte text) RETURNS void
  LANGUAGE plpgsql STABLE :PIN AS $f$
DECLARE faute text; n bigint;
BEGIN
  IF pg_column_size(p) > :LARGEST_BATCH THEN faute := 'trop grand';
  ELSIF jsonb_path_exists(p, 'strict $.**{:DEEPEST to last}') THEN faute := 'trop imbriqué';
  ELSIF length(v_empreinte) > 64 THEN faute := 'empreinte trop longue';
  ELSIF jsonb_typeof(p) <> 'object' OR jsonb_typeof(p->'n') IS DISTINCT FROM 'number'
    THEN faute := 'sans nombre d''unités';
  ELSIF EXISTS (SELECT 1 FROM jsonb_each(p) k WHERE k.key <> ALL('{v,n,i,m,d,r}')
      OR jsonb_typeof(k.value) <> CASE WHEN k.key IN ('v', 'n') THEN 'number' WHEN k.key = 'r' THEN 'array'
                                       ELSE 'object' END) THEN faute := 'partie inconnue';
  END IF;
  IF faute IS NULL THEN
    n := (p->>'n')::numeric;
    IF n <> (p->>'n')::numeric OR n NOT BETWEEN 0 AND :MOST_UNITS THEN faute := 'nombre d''unités';
    -- Widths first: every later look at a value relies on them.
    ELSIF EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'i', '{}')) t
        WHERE jsonb_typeof(t.value->'c') IS DISTINCT FROM 'array' OR jsonb_typeof(t.value->'r') IS DISTINCT
          FROM 'array')
      OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'m', '{}')) t WHERE jsonb_typeof(t.value) <> 'array')
      OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'d', '{}')) t WHERE jsonb_typeof(t.value) <> 'array')
      OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(p->'m', '{}')) t, jsonb_array_elements(
           CASE jsonb_typeof(t.value) WHEN 'array' THEN t.value ELSE '[]' END) b
         WHERE jsonb_typeof(b->'c') IS DISTINCT FROM 'array' OR jsonb_typeof(b->'r') IS DISTINCT FROM 'array')
    THEN faute := 'forme';
    ELSIF (SELECT coalesce(sum(jsonb_array_length(t.value)), 0) FROM jsonb_each(coalesce(p->'m', '{}')) t)
        > :MOST_BLOCKS THEN faute := 'trop de formes de modification';
    ELSIF EXISTS (
      SELECT 1 FROM (
        SELECT r, 2 + jsonb_array_length(t.value->'c') AS large
          FROM jsonb_each(coalesce(p->'i', '{}')) t, jsonb_array_elements(t.value->'r') r
        UNION ALL SELECT r, 4 + 2 * jsonb_array_length(b->'c')
          FROM jsonb_each(coalesce(p->'m', '{}')) t, jsonb_array_elements(t.value) b, jsonb_array_elements(b->'r') r
        UNION ALL SELECT r, 4 FROM jsonb_each(coalesce(p->'d', '{}')) t, jsonb_array_elements(t.value) r) x
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
