CREATE OR REPLACE FUNCTION sync.permuter(p jsonb, plage int4range) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $f$
DECLARE g record; pks bigint[]; i integer;
BEGIN
  FOR g IN SELECT v.t, v.c, v.vide, b.rang - 1 AS rang, k.i AS i
      FROM (VALUES :VALUES) AS v(t, c, vide),
           jsonb_array_elements(coalesce(p->'m'->v.t, '[]')) WITH ORDINALITY AS b(bloc, rang),
           jsonb_array_elements_text(b.bloc->'c') WITH ORDINALITY AS k(nom, i)
     WHERE k.nom = v.c LOOP
    i := 2 + 2 * g.i;
    -- Only what the merge would take: the centre still holds the base, and mine differs.
    EXECUTE format('WITH maj AS (UPDATE public.%1$I t SET %2$I = %3$s FROM jsonb_array_elements($1) r '
        || 'WHERE (r->>0)::int <@ $2 AND t.id = (r->>2)::bigint AND t.%2$I IS NOT DISTINCT FROM r->>%4$s '
        || 'AND r->>%4$s IS DISTINCT FROM r->>%5$s RETURNING t.id) SELECT coalesce(array_agg(id), ''{}'') FROM maj',
        g.t, g.c, CASE WHEN g.vide THEN 'NULL' ELSE '''⇄'' || t.id' END, i, i + 1)
      INTO pks USING p#>ARRAY['m', g.t, g.rang::text, 'r'], plage;
    p := jsonb_set(p, ARRAY['m', g.t, g.rang::text, 'r'], (
      SELECT jsonb_agg(CASE WHEN (r->>2)::bigint = ANY(pks) THEN jsonb_set(r, ARRAY[i::text],
          CASE WHEN g.vide THEN 'null'::jsonb ELSE to_jsonb('⇄' || (r->>2)) END) ELSE r END)
        FROM jsonb_array_elements(p#>ARRAY['m', g.t, g.rang::text, 'r']) r));
  END LOOP;
  RETURN p;
END $f$;
