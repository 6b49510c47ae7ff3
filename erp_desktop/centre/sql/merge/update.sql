DROP FUNCTION IF EXISTS sync.modifier(text, jsonb, int4range, integer, bigint, bigint);

-- v_protocole 2 and on: who sends knows groups, and reads their conflicts as one.
CREATE OR REPLACE FUNCTION sync.modifier(t text, bloc jsonb, plage int4range, v_poste integer, v_lot bigint,
  v_agence bigint, v_protocole integer) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  typees text; accords text; exacts text; affectations text; conflits text; interdits text; interdit boolean;
  dits text; avant text; apres text;
  nb integer; connues integer; manque bigint;
BEGIN
  nb := jsonb_array_length(bloc->'c');
  PERFORM sync.ranimer(t, bloc->'r', plage, v_poste, v_lot, v_agence);
  WITH c AS (
    SELECT c.i, format('%I', c.nom) AS q, c.nom, g.lire, g.ecrire, g.politique, g.demande, g.groupe, g.suit, g.permis,
           -- Columns of one group are decided under one number; a column alone under its own.
           min(c.i) OVER (PARTITION BY coalesce(g.groupe, '#' || c.i)) AS d,
           count(*) OVER (PARTITION BY coalesce(g.groupe, '#' || c.i)) > 1 AND v_protocole >= 2 AS ensemble,
           format(g.lire, format('r->>%s', 2 + 2 * c.i)) AS base,
           format(g.lire, format('r->>%s', 3 + 2 * c.i)) AS mien
      FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
      JOIN sync.registre g ON g.nom_table = t AND g.colonne = c.nom AND g.inscriptible AND NOT g.ajout_seul
                            AND c.nom <> 'id'),
  -- What is computed here is not taken from an earlier program that sends it.
  f AS (SELECT * FROM c WHERE politique <> 'derive'),
  g AS (
    SELECT f.d, min(f.politique) AS politique, min(f.groupe) AS groupe, bool_or(f.demande) AS demande,
      bool_and(f.ensemble) AS ensemble, count(*) > 1 AS plusieurs, min(s.q) AS q, min(s.i) AS i,
      string_agg(format('t.%s IS NOT DISTINCT FROM b%s', f.q, f.i), ' AND ' ORDER BY f.i) AS restee,
      string_agg(format('t.%s IS NOT DISTINCT FROM m%s', f.q, f.i), ' AND ' ORDER BY f.i) AS pareille,
      string_agg(format('b%s IS DISTINCT FROM m%s', f.i, f.i), ' OR ' ORDER BY f.i) AS change,
      min(format('(t.%s IS NOT DISTINCT FROM b%s OR sync.statut_suit(b%s, t.%s, m%s))', f.q, f.i, f.i, f.q, f.i))
        AS suivi
      FROM f LEFT JOIN f s ON s.nom = f.suit GROUP BY f.d),
  k AS (
    SELECT g.*, CASE
        WHEN g.politique = 'max' THEN 'true'
        WHEN g.politique = 'statut' THEN g.suivi
        WHEN g.i IS NULL THEN format('((%s) OR (%s))', g.restee, g.pareille)
        -- Stamped with a statut that changed here, and not so there: it stands and falls with it.
        ELSE format('CASE WHEN b%s IS DISTINCT FROM m%s AND t.%s IS DISTINCT FROM m%s AND (%s)%s THEN (%s) OR '
          't.%s IS NOT DISTINCT FROM b%s OR sync.statut_suit(b%s, t.%s, m%s) ELSE (%s) OR (%s) END', g.i, g.i, g.q,
          g.i, g.change, CASE WHEN NOT g.plusieurs THEN format(' AND t.%s IS DISTINCT FROM b%s', g.q, g.i) END,
          g.pareille, g.q, g.i, g.i, g.q, g.i, g.restee, g.pareille) END AS accord,
      -- What the statut needs takes the place of what was written there meanwhile: whoever took that step is asked.
      CASE WHEN g.i IS NOT NULL AND g.plusieurs THEN format('b%s IS DISTINCT FROM m%s AND t.%s IS NOT DISTINCT FROM '
        'b%s AND (%s) AND NOT (%s) AND NOT (%s)', g.i, g.i, g.q, g.i, g.change, g.restee, g.pareille) END AS cede,
      -- Nobody is asked of what fell with its statut, which is a question of its own.
      CASE WHEN g.i IS NOT NULL THEN format(' AND (x.k%s OR x.b%s IS NOT DISTINCT FROM x.m%s OR x.o%s IS NOT '
        'DISTINCT FROM x.m%s)', g.d, g.i, g.i, g.i, g.i) ELSE '' END AS question FROM g),
  d AS (
    SELECT k.d, min(k.accord) AS accord, min(k.cede) AS cede,
      CASE WHEN bool_and(f.ensemble) THEN
        format('SELECT x.u, x.auteur, x.pk, %L AS colonne, ''groupe'' AS politique, %L::boolean%s AS demande, '
          || 'jsonb_build_object(%s) AS base, jsonb_build_object(%s) AS mien, jsonb_build_object(%s) AS leur, '
          || 'x.eauteur FROM x WHERE (NOT x.k%s%s) AND (%s)', min(f.groupe), bool_or(f.demande), min(k.question),
          string_agg(format('%L, x.r->%s', f.nom, 2 + 2 * f.i), ', ' ORDER BY f.i),
          string_agg(format('%L, x.r->%s', f.nom, 3 + 2 * f.i), ', ' ORDER BY f.i),
          string_agg(format('%L, to_jsonb(%s)', f.nom, format(f.ecrire, 'x.o' || f.i)), ', ' ORDER BY f.i), k.d,
          CASE WHEN min(k.cede) IS NOT NULL THEN ' OR x.h' || k.d END,
          string_agg(format('x.b%s IS DISTINCT FROM x.m%s', f.i, f.i), ' OR '))
      ELSE
        string_agg(format('SELECT x.u, x.auteur, x.pk, %L AS colonne, %L AS politique, %L::boolean%s AS demande, '
          || 'x.r->%s AS base, x.r->%s AS mien, to_jsonb(%s) AS leur, x.eauteur FROM x '
          || 'WHERE NOT x.k%s AND x.b%s IS DISTINCT FROM x.m%s', f.nom,
          CASE f.politique WHEN 'groupe' THEN CASE WHEN f.demande THEN 'ask' ELSE 'centre' END ELSE f.politique END,
          f.demande, k.question, 2 + 2 * f.i, 3 + 2 * f.i, format(f.ecrire, 'x.o' || f.i), k.d, f.i, f.i),
          ' UNION ALL ')
      END AS perdu
      FROM f JOIN k ON k.d = f.d GROUP BY k.d)
  SELECT (SELECT count(*) FROM c),
    string_agg(format('%s AS b%s, %s AS m%s', base, i, mien, i), ', ' ORDER BY i),
    (SELECT string_agg(format('%s AS k%s', d.accord, d.d) || coalesce(', ' || d.cede || ' AS h' || d.d, ''), ', ')
       FROM d)
      || string_agg(format(', t.%s AS o%s', q, i), '' ORDER BY i),
    string_agg(format('t.%s IS NOT DISTINCT FROM x.m%s', q, i)
      || CASE WHEN lire LIKE '%::timestamptz' THEN format(' AND coalesce(length(x.r->>%s), 27) = 27', 3 + 2 * i)
           WHEN lire LIKE '%::numeric' THEN format(' AND t.%s::text IS NOT DISTINCT FROM x.r->>%s', q, 3 + 2 * i)
           ELSE '' END, ' AND ' ORDER BY i)
      || CASE WHEN (SELECT count(*) FROM c) > count(*) THEN ' AND false' ELSE '' END,
    string_agg(CASE politique
        WHEN 'max' THEN format('%s = greatest(t.%s, x.m%s)', q, q, i)
        ELSE format('%s = CASE WHEN x.k%s THEN x.m%s ELSE t.%s END', q, d, i, q) END, ', ' ORDER BY i),
    (SELECT string_agg(d.perdu, ' UNION ALL ') FROM d),
    string_agg(format('r->>%s IS DISTINCT FROM r->>%s AND (r->>%s !~ %L OR coalesce(r->>%s !~ %L, false))', 2 + 2 * i,
      3 + 2 * i, 3 + 2 * i, coalesce(permis, '^$'), 2 + 2 * i, coalesce(permis, '^$')), ' OR ')
      FILTER (WHERE politique = 'centre_seul'),
    string_agg(format('%L', nom), ', ' ORDER BY i) FILTER (WHERE nom <> ALL (:UNTOLD)),
    string_agg(format('(%s)::text', format(ecrire, 'x.o' || i)), ', ' ORDER BY i) FILTER (WHERE nom <> ALL (:UNTOLD)),
    string_agg(format('(%s)::text', format(ecrire, format('CASE WHEN x.k%s THEN x.m%s ELSE x.o%s END', d, i, i))),
      ', ' ORDER BY i) FILTER (WHERE nom <> ALL (:UNTOLD))
    INTO connues, typees, accords, exacts, affectations, conflits, interdits, dits, avant, apres FROM f;
  IF connues <> nb THEN RAISE EXCEPTION 'modification refusée dans %', t USING ERRCODE = 'EM001'; END IF;
  IF interdits IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM jsonb_array_elements($1) r WHERE (r->>0)::int BETWEEN $2 AND $3 '
      || 'AND (%s))', interdits) INTO interdit USING bloc->'r', lower(plage), upper(plage) - 1;
    IF interdit THEN RAISE EXCEPTION 'valeur réservée au centre dans %', t USING ERRCODE = 'EM020'; END IF;
  END IF;
  IF typees IS NULL THEN
    -- Nothing but what is computed here: the sender is told what it is.
    UPDATE sync.row_state e SET ver = e.ver + 1, xid = pg_current_xact_id(), seq = nextval('sync.seq_etat'),
        origine = 0
     WHERE e.nom_table = t AND e.scope = v_agence AND e.etat = 'live'
       AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(bloc->'r') r
         WHERE (r->>0)::int <@ plage));
    RETURN;
  END IF;
  IF t = 'interventions' AND bloc->'c' ? 'statut' THEN
    SELECT i INTO nb FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i) WHERE nom = 'statut';
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage
        AND NOT sync.statut_atteignable(r->>(2 + 2 * nb), r->>(3 + 2 * nb))
        -- Opened again, which the audit rows beside it must justify.
        AND NOT (r->>(2 + 2 * nb) = 'cloturee' AND sync.statut_atteignable('en_cours', r->>(3 + 2 * nb)))) THEN
      RAISE EXCEPTION 'ce changement de statut ne suit pas les étapes' USING ERRCODE = 'EM003';
    END IF;
  END IF;
  IF t = 'contrats' THEN PERFORM sync.verifier_brouillons(bloc, plage, v_poste, v_agence); END IF;
  EXECUTE format($q$
    WITH s AS MATERIALIZED (
      SELECT (r->>0)::int AS u, (r->>1)::bigint AS auteur, (r->>2)::bigint AS pk, (r->>3)::bigint AS ver, r, %1$s
        FROM jsonb_array_elements($1) r WHERE (r->>0)::int BETWEEN $2 AND $3),
    x AS MATERIALIZED (
      SELECT s.*, %2$s, e.ver AS ever, e.auteur AS eauteur
        FROM s JOIN public.%3$I t ON t.id = s.pk
        LEFT JOIN sync.row_state e ON e.nom_table = $4 AND e.pk = s.pk AND e.scope = $5),
    maj AS (UPDATE public.%3$I t SET %4$s FROM x WHERE t.id = x.pk
      RETURNING t.id, x.ver, x.ever, x.auteur, (%6$s) AS pareil),
    perdus AS (INSERT INTO sync.conflits (poste, lot, agence_id, nom_table, pk, colonne, politique, base, mien, leur,
        auteur_mien, auteur_leur, a_decider)
      SELECT $6, $7, $5, $4, p.pk, p.colonne, p.politique, p.base, p.mien, p.leur, p.auteur, p.eauteur,
             p.demande FROM (%5$s) p),
    dit AS (INSERT INTO sync.modifications (nom_table, pk, agence_id, operation, auteur, poste, avant, apres)
      SELECT $4, j.pk, $5, 'U', j.auteur, $6, jsonb_object(ARRAY[%7$s]::text[], j.avant),
             jsonb_object(ARRAY[%7$s]::text[], j.apres)
        FROM (SELECT x.pk, x.auteur, ARRAY[%8$s]::text[] AS avant, ARRAY[%9$s]::text[] AS apres FROM x) j
       WHERE j.avant IS DISTINCT FROM j.apres AND $4 NOT IN ('notifications', 'preferences', 'vues_enregistrees')),
    etats AS (INSERT INTO sync.row_state AS e
        (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
      -- From the update alone: joined to x, whose size the planner cannot know, this cost the square of the batch.
      SELECT $4, maj.id, $5, 1, pg_current_xact_id(), nextval('sync.seq_etat'),
             CASE WHEN maj.ever = maj.ver AND maj.pareil THEN $6 ELSE 0 END, maj.auteur, now(), 'live', NULL FROM maj
      ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
        origine = excluded.origine, auteur = excluded.auteur, quand = excluded.quand, etat = 'live', contenu = NULL)
    SELECT (SELECT count(*) FROM s) - (SELECT count(*) FROM maj)
  $q$, typees, accords, t, affectations, conflits, exacts, coalesce(dits, ''), coalesce(avant, ''),
      coalesce(apres, ''))
    INTO manque USING bloc->'r', lower(plage), upper(plage) - 1, t, v_agence, v_poste, v_lot;
  IF manque <> 0 THEN
    PERFORM sync.exiger_propre(t, ARRAY(
      SELECT (r->>2)::bigint FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage));
    RAISE EXCEPTION 'la ligne n''est plus dans cette agence' USING ERRCODE = 'EM004';
  END IF;
END $f$;
