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
