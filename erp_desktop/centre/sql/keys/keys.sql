CREATE OR REPLACE FUNCTION sync.pointeurs(v_vers text) RETURNS TABLE (nom_table text, colonne text)
LANGUAGE sql IMMUTABLE AS $f$
  SELECT v.t, v.c FROM (VALUES :REFERENCES) AS v(vers, t, c) WHERE v.vers = v_vers
$f$;

-- Identifiers of table t that the batch changes, deletes or points at.
CREATE OR REPLACE FUNCTION sync.mentions(p jsonb, t text) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $f$
  SELECT array_agg(DISTINCT x.v::bigint) FROM (
    SELECT r->>2 AS v FROM jsonb_array_elements(coalesce(p#>ARRAY['d', t], '[]')) r
    UNION ALL SELECT r->>2 FROM jsonb_array_elements(coalesce(p#>ARRAY['m', t], '[]')) b,
      jsonb_array_elements(b->'r') r
    UNION ALL SELECT r->>(c.i::int + 1)
      FROM sync.pointeurs(t) q,
           jsonb_array_elements_text(p#>ARRAY['i', q.nom_table, 'c']) WITH ORDINALITY AS c(nom, i),
           jsonb_array_elements(p#>ARRAY['i', q.nom_table, 'r']) r
     WHERE c.nom = q.colonne
    UNION ALL SELECT e.v FROM sync.pointeurs(t) q, jsonb_array_elements(coalesce(p#>ARRAY['m', q.nom_table], '[]')) b,
      jsonb_array_elements_text(b->'c') WITH ORDINALITY AS c(nom, i), jsonb_array_elements(b->'r') r,
      LATERAL (VALUES (r->>(2 * c.i::int + 2)), (r->>(2 * c.i::int + 3))) AS e(v)
     WHERE c.nom = q.colonne) x
   WHERE x.v ~ '^[0-9]{1,18}$'
$f$;

-- {old: new} of identifiers of table t that p mentions no more afterwards; the rows that changed are noted in p.o.
CREATE OR REPLACE FUNCTION sync.repointer(p jsonb, t text, devenus jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE
  AS $f$
DECLARE g record; touches jsonb := '[]'; trouves jsonb;
BEGIN
  FOR g IN
    -- Places in rows: their path, the rank of the value, whether a version follows it, the rank of the key.
    SELECT ARRAY['d', t] AS chemin, 2 AS rang, true AS cle, t AS nom WHERE p->'d' ? t
    UNION ALL SELECT ARRAY['m', t, (b.i - 1)::text, 'r'], 2, true, t
      FROM generate_series(1, coalesce(jsonb_array_length(p->'m'->t), 0)) AS b(i)
    UNION ALL SELECT ARRAY['i', x.nom_table, 'r'], c.i::int + 1, false, x.nom_table
      FROM sync.pointeurs(t) x, jsonb_array_elements_text(p#>ARRAY['i', x.nom_table, 'c']) WITH ORDINALITY AS c(nom,
        i)
     WHERE c.nom = x.colonne
    UNION ALL SELECT ARRAY['m', x.nom_table, (b.i - 1)::text, 'r'], 2 * c.i::int + e.plus, false, x.nom_table
      FROM sync.pointeurs(t) x,
           generate_series(1, coalesce(jsonb_array_length(p->'m'->x.nom_table), 0)) AS b(i),
           jsonb_array_elements_text(p#>ARRAY['m', x.nom_table, (b.i - 1)::text, 'c']) WITH ORDINALITY AS c(nom, i),
           (VALUES (2), (3)) AS e(plus)
     WHERE c.nom = x.colonne
  LOOP
    SELECT jsonb_agg(jsonb_build_array(g.nom, CASE WHEN g.chemin[1] = 'i'
        THEN r->((SELECT c.i::int + 1 FROM jsonb_array_elements_text(p#>ARRAY['i', g.nom, 'c']) WITH ORDINALITY
          AS c(n, i)
                  WHERE c.n = 'id')) ELSE r->2 END))
      INTO trouves FROM jsonb_array_elements(p#>g.chemin) r WHERE devenus ? (r->>g.rang);
    CONTINUE WHEN trouves IS NULL;
    touches := touches || trouves;
    p := jsonb_set(p, g.chemin, (SELECT jsonb_agg(CASE
        WHEN NOT devenus ? coalesce(r->>g.rang, '') THEN r
        WHEN g.cle THEN jsonb_set(jsonb_set(r, '{2}', devenus->(r->>2)), '{3}', '0')
        ELSE jsonb_set(r, ARRAY[g.rang::text], devenus->(r->>g.rang)) END ORDER BY n)
      FROM jsonb_array_elements(p#>g.chemin) WITH ORDINALITY AS x(r, n)));
  END LOOP;
  RETURN p || jsonb_build_object('o', coalesce(p->'o', '[]') || touches);
END $f$;

CREATE OR REPLACE FUNCTION sync.devenir(t text, devenus jsonb, v_agence bigint) RETURNS void
LANGUAGE sql VOLATILE AS $f$
  INSERT INTO sync.row_state AS e (nom_table, pk, scope, ver, xid, seq, origine, quand, etat, contenu)
    SELECT t, n.k::bigint, v_agence, 1, pg_current_xact_id(), nextval('sync.seq_etat'), 0, now(), 'deleted',
           jsonb_build_object('devenu', n.v) FROM jsonb_each(devenus) AS n(k, v)
    ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
      origine = 0, quand = excluded.quand, etat = excluded.etat, contenu = excluded.contenu
$f$;

CREATE OR REPLACE FUNCTION sync.rapprocher(p jsonb, plage int4range, v_agence bigint) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  g record; devenus jsonb; noms text[]; colonnes jsonb; egales text; bases text; rang_id integer; rang_cree integer;
  rang_change integer; lignes jsonb; nouveaux jsonb; ici text; la text; efface text;
BEGIN
  IF coalesce((p->>'v')::int, 1) < 2 THEN RETURN p; END IF;
  FOR g IN SELECT v.t, v.cle, v.faite, v.garde FROM (VALUES :KEYS) AS v(rang, t, cle, faite, garde)
      WHERE p->'i' ? v.t OR p->'m' ? v.t OR p->'d' ? v.t OR EXISTS (SELECT 1 FROM sync.pointeurs(v.t) x
        WHERE p#>ARRAY['i', x.nom_table, 'c'] ? x.colonne OR EXISTS (
          SELECT 1 FROM generate_series(1, coalesce(jsonb_array_length(p->'m'->x.nom_table), 0)) AS b(i)
           WHERE p#>ARRAY['m', x.nom_table, (b.i - 1)::text, 'c'] ? x.colonne))
      ORDER BY v.rang LOOP
    -- Asked for what the batch mentions: the states of a large table are not read for each batch.
    SELECT jsonb_object_agg(e.pk::text, e.contenu->'devenu') INTO devenus FROM sync.row_state e
     WHERE e.nom_table = g.t AND e.scope = v_agence AND e.etat = 'deleted' AND e.contenu ? 'devenu'
       AND e.pk = ANY(sync.mentions(p, g.t));
    IF devenus IS NOT NULL THEN p := sync.repointer(p, g.t, devenus); END IF;
    IF p->'m' ? g.t THEN
      -- Deleted at the centre, and made there again under its key: what is said of it is said of that one.
      SELECT string_agg(format('t.%1$I = a.%1$I', c), ' AND ') INTO egales FROM unnest(g.cle) c;
      EXECUTE format('SELECT jsonb_object_agg(e.pk::text, t.id) FROM sync.row_state e, '
        || 'jsonb_populate_record(NULL::public.%1$I, e.contenu) a JOIN public.%1$I t ON %2$s AND t.agence_id = $2 '
        || 'WHERE e.nom_table = %1$L AND e.scope = $2 AND e.etat = ''deleted'' AND e.contenu IS NOT NULL '
        || 'AND NOT e.contenu ? ''devenu'' AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint '
        || 'FROM jsonb_array_elements($1) b, jsonb_array_elements(b->''r'') r WHERE (r->>0)::int <@ $3))', g.t,
          egales)
        INTO devenus USING p#>ARRAY['m', g.t], v_agence, plage;
      IF devenus IS NOT NULL THEN
        PERFORM sync.devenir(g.t, devenus, v_agence);
        p := sync.repointer(p, g.t, devenus);
      END IF;
    END IF;
    CONTINUE WHEN NOT p->'i' ? g.t;
    colonnes := p#>ARRAY['i', g.t, 'c'];
    SELECT max(c.i + 1) FILTER (WHERE c.nom = 'id'), max(c.i + 1) FILTER (WHERE c.nom = 'created_at'),
           max(c.i + 1) FILTER (WHERE c.nom = 'updated_at'),
           string_agg(format('t.%I = %s', c.nom, format(r.lire, format('r->>%s', c.i + 1))), ' AND ')
             FILTER (WHERE c.nom = ANY(g.cle))
      INTO rang_id, rang_cree, rang_change, egales
      FROM jsonb_array_elements_text(colonnes) WITH ORDINALITY AS c(nom, i)
      JOIN sync.registre r ON r.nom_table = g.t AND r.colonne = c.nom;
    CONTINUE WHEN rang_id IS NULL OR egales IS NULL;
    -- Worked on since it was made; or taken away by this very batch, which then says itself what it was.
    ici := format('(r->>%s IS DISTINCT FROM r->>%s)', rang_cree, rang_change);
    la := '(t.created_at IS DISTINCT FROM t.updated_at)';
    efface := format('EXISTS (SELECT 1 FROM jsonb_array_elements(coalesce($4, ''[]'')) d JOIN sync.row_state e '
      || 'ON e.nom_table = %L AND e.scope = $3 AND e.pk = t.id '
      || 'WHERE (d->>2)::bigint = t.id AND (d->>3)::bigint = e.ver)',
      g.t);
    SELECT array_agg(c.nom ORDER BY c.i),
           string_agg(format('CASE WHEN x.efface THEN to_jsonb(%1$s) '
             'WHEN x.ici AND NOT x.la THEN to_jsonb(%1$s) '
             'WHEN (x.la OR %3$L::boolean) AND NOT x.ici THEN x.r->%2$s '
             'ELSE ''null''::jsonb END, x.r->%2$s', format(r.ecrire, format('x.%I', c.nom)), c.i + 1, g.faite),
               ', ' ORDER BY c.i)
      INTO noms, bases
      FROM jsonb_array_elements_text(colonnes) WITH ORDINALITY AS c(nom, i)
      JOIN sync.registre r ON r.nom_table = g.t AND r.colonne = c.nom
     WHERE c.nom <> ALL(g.cle || g.garde || '{id,agence_id,created_at,created_by_id}'::text[])
       AND r.politique <> 'derive';
    EXECUTE format('WITH x AS MATERIALIZED (SELECT r, t.*, %s AS ici, %s AS la, %s AS efface '
      || 'FROM jsonb_array_elements($1) r JOIN public.%I t ON %s AND t.agence_id = $3 AND t.id <> (r->>%s)::bigint '
      || 'WHERE (r->>0)::int <@ $2) '
      -- Of what the program made and nobody worked on there is nothing to write.
      || 'SELECT jsonb_agg(jsonb_build_array(x.r->0, x.r->1, x.id, 0, %s)) '
      || 'FILTER (WHERE x.ici OR x.efface OR NOT %L), '
      || 'jsonb_object_agg(x.r->>%s, x.id) FROM x',
      ici, la, efface, g.t, egales, rang_id, bases, g.faite, rang_id)
      INTO lignes, nouveaux USING p#>ARRAY['i', g.t, 'r'], plage, v_agence, p#>ARRAY['d', g.t];
    CONTINUE WHEN nouveaux IS NULL;
    PERFORM sync.devenir(g.t, nouveaux, v_agence);
    p := jsonb_set(p, ARRAY['i', g.t, 'r'], coalesce((SELECT jsonb_agg(r) FROM jsonb_array_elements(
      p#>ARRAY['i', g.t, 'r']) r WHERE NOT nouveaux ? (r->>rang_id)), '[]'));
    IF p#>ARRAY['d', g.t] IS NOT NULL THEN
      -- Deleted and made again under its key: it stays, with what was made.
      p := jsonb_set(p, ARRAY['d', g.t], coalesce((SELECT jsonb_agg(r) FROM jsonb_array_elements(
        p#>ARRAY['d', g.t]) r WHERE NOT EXISTS (SELECT 1 FROM jsonb_each(nouveaux) n WHERE n.value = r->2)), '[]'));
    END IF;
    p := sync.repointer(p, g.t, nouveaux);
    CONTINUE WHEN lignes IS NULL;
    p := jsonb_set(p, ARRAY['m', g.t], coalesce(p#>ARRAY['m', g.t], '[]')
      || jsonb_build_array(jsonb_build_object('c', to_jsonb(noms), 'r', lignes)));
  END LOOP;
  RETURN p;
END $f$;
