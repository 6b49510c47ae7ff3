"""The merge at the centre: one call takes a whole batch, set-based, rows locked in (table, pk) order.

A batch is first tried whole in a subtransaction; when the database refuses it, its units are bisected until each
refused one stands alone and is parked with its reason, and the rest lands. Deadlocks, serialization failures and
shortages are not refusals: they abort the call and the device sends the same bytes again.

Payload (positional arrays; objects would double the bytes)::

    {"v": protocol, "n": units, "i": {table: {"c": [column…], "r": [[unit, user, value…]…]}},
     "m": {table: [{"c": [column…], "r": [[unit, user, pk, ver, base1, mine1, base2, mine2…]…]}…]},
     "d": {table: [[unit, user, pk, ver]…]}, "r": [[conflict, choice]…]}
"""

from __future__ import annotations

from erp_desktop.centre.functions import stock as central_stock
from erp_desktop.centre.functions.envelope import ENVELOPE
from erp_desktop.centre.functions.key_swaps import SWAP
from erp_desktop.centre.functions.keys import KEYS
from erp_desktop.centre.functions.tables import registry_functions
from erp_desktop.registry.search_path import PIN

_NOTE_STATE = """INSERT INTO sync.row_state AS e
    (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
  SELECT {source}
  ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
    origine = excluded.origine, auteur = excluded.auteur, quand = excluded.quand, etat = excluded.etat,
    contenu = excluded.contenu"""

_INSERT_STATE = _NOTE_STATE.format(
    source="""$1, (r->>$5)::bigint, $4, 1, pg_current_xact_id(), nextval('sync.seq_etat'), $6, (r->>1)::bigint,
      now(), 'live', NULL FROM jsonb_array_elements($2->'r') r WHERE (r->>0)::int BETWEEN lower($3) AND upper($3) - 1"""
)

_INSERT = f"""
CREATE OR REPLACE FUNCTION sync.inserer(t text, bloc jsonb, plage int4range, v_poste integer, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  noms text; valeurs text; formes text; interdits text; rang_id integer; interdit boolean; autres bigint[]; audit boolean := t = 'historiques_interventions';
BEGIN
  SELECT string_agg(format('%I', c.nom), ', ' ORDER BY c.i),
         string_agg(format(g.lire, format('r->>%s', c.i + 1)), ', ' ORDER BY c.i),
         string_agg(CASE WHEN g.lire LIKE '%::timestamptz' THEN format('length(r->>%s) <> 27', c.i + 1)
             -- The centre puts back a clock that runs ahead.
             || CASE WHEN c.nom = 'updated_at'
                  THEN format(' OR (r->>%s)::timestamptz > now() + interval ''5 minutes''', c.i + 1) ELSE '' END
           WHEN g.lire LIKE '%::numeric' THEN format('r->>%s !~ ''^-?(0|[1-9][0-9]*)[.][0-9]{{%s}}$''', c.i + 1,
             (SELECT (a.atttypmod - 4) & 65535 FROM pg_attribute a
               WHERE a.attrelid = format('public.%I', t)::regclass AND a.attname = c.nom))
           WHEN c.nom = 'agence_id' THEN format('r->>%s IS NULL', c.i + 1) END, ' OR '),
         string_agg(CASE WHEN g.permis IS NULL THEN format('r->>%s IS NOT NULL', c.i + 1)
           ELSE format('r->>%s !~ %L', c.i + 1, g.permis) END, ' OR ') FILTER (WHERE g.politique = 'centre_seul'),
         max(c.i + 1) FILTER (WHERE c.nom = 'id')
    INTO noms, valeurs, formes, interdits, rang_id
    FROM jsonb_array_elements_text(bloc->'c') WITH ORDINALITY AS c(nom, i)
    JOIN sync.registre() g ON g.nom_table = t AND g.colonne = c.nom AND g.inscriptible
   -- What is computed here is not taken from an earlier program that sends it.
   WHERE NOT (audit AND c.nom IN ('poste', 'recu_a')) AND g.politique <> 'derive';
  IF rang_id IS NULL THEN RAISE EXCEPTION 'ajout refusé dans %', t USING ERRCODE = 'EM001'; END IF;
  IF interdits IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM jsonb_array_elements($1) r WHERE (r->>0)::int BETWEEN $2 AND $3 '
      || 'AND (%s))', interdits) INTO interdit USING bloc->'r', lower(plage), upper(plage) - 1;
    IF interdit THEN RAISE EXCEPTION 'valeur réservée au centre dans %', t USING ERRCODE = 'EM020'; END IF;
  END IF;
  IF audit THEN noms := noms || ', poste, recu_a'; valeurs := valeurs || format(', %s, now()', v_poste); END IF;
  EXECUTE format('INSERT INTO public.%I (%s) SELECT %s FROM jsonb_array_elements($1) r '
    || 'WHERE (r->>0)::int BETWEEN $2 AND $3', t, noms, valeurs)
    USING bloc->'r', lower(plage), upper(plage) - 1;
  EXECUTE $q${_INSERT_STATE}$q$ USING t, bloc, plage, v_agence, rang_id,
    -- The centre stamps audit rows, so their sender needs them back.
    CASE WHEN audit THEN 0 ELSE v_poste END;
  -- A value that another program spelled its own way (12.5 for 12.50) goes back in the one form.
  EXECUTE format('SELECT array_agg((r->>%s)::bigint) FROM jsonb_array_elements($1) r '
    || 'WHERE (r->>0)::int BETWEEN $2 AND $3 AND (%s)', rang_id, coalesce(formes, 'false'))
    INTO autres USING bloc->'r', lower(plage), upper(plage) - 1;
  IF autres IS NOT NULL THEN
    UPDATE sync.row_state SET origine = 0 WHERE nom_table = t AND pk = ANY(autres) AND scope = v_agence;
  END IF;
END $f$;
"""

_REVIVE = """
CREATE OR REPLACE FUNCTION sync.ranimer(t text, lignes jsonb, plage int4range, v_poste integer, v_lot bigint,
  v_agence bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE pks bigint[];
BEGIN
  SELECT array_agg(e.pk) INTO pks FROM sync.row_state e WHERE e.nom_table = t AND e.scope = v_agence
    AND e.etat = 'deleted' AND e.contenu IS NOT NULL
    -- An array, not IN: joined, the planner reads every state of the agency in search of the few deleted ones.
    AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage));
  IF pks IS NULL THEN RETURN; END IF;
  EXECUTE format('INSERT INTO public.%I SELECT (jsonb_populate_record(NULL::public.%I, e.contenu)).* '
    || 'FROM sync.row_state e WHERE e.nom_table = $1 AND e.scope = $2 AND e.pk = ANY($3) ON CONFLICT DO NOTHING', t, t)
    USING t, v_agence, pks;
  INSERT INTO sync.conflits (poste, lot, agence_id, nom_table, pk, politique, mien, leur, auteur_mien, auteur_leur,
    a_decider)
  SELECT v_poste, v_lot, v_agence, t, e.pk, 'suppression', '"modifie"', '"supprime"', (r->>1)::bigint, e.auteur, true
    FROM jsonb_array_elements(lignes) r JOIN sync.row_state e ON e.nom_table = t AND e.scope = v_agence
     AND e.pk = (r->>2)::bigint WHERE e.pk = ANY(pks) AND (r->>0)::int <@ plage;
END $f$;
"""

_UPDATE = """
DROP FUNCTION IF EXISTS sync.modifier(text, jsonb, int4range, integer, bigint, bigint);

-- v_protocole 2 and on: who sends knows groups, and reads their conflicts as one.
CREATE OR REPLACE FUNCTION sync.modifier(t text, bloc jsonb, plage int4range, v_poste integer, v_lot bigint,
  v_agence bigint, v_protocole integer) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  typees text; accords text; exacts text; affectations text; conflits text; interdits text; interdit boolean;
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
      JOIN sync.registre() g ON g.nom_table = t AND g.colonne = c.nom AND g.inscriptible AND NOT g.ajout_seul
                            AND c.nom <> 'id'),
  -- What is computed here is not taken from an earlier program that sends it.
  f AS (SELECT * FROM c WHERE politique <> 'derive'),
  d AS (
    SELECT f.d, CASE min(f.politique)
        WHEN 'max' THEN 'true'
        WHEN 'statut' THEN min(format('(t.%s IS NOT DISTINCT FROM b%s OR sync.statut_atteignable(t.%s, m%s))',
                                      f.q, f.i, f.q, f.i))
        ELSE format('((%s) OR (%s)%s)',
          string_agg(format('t.%s IS NOT DISTINCT FROM b%s', f.q, f.i), ' AND ' ORDER BY f.i),
          string_agg(format('t.%s IS NOT DISTINCT FROM m%s', f.q, f.i), ' AND ' ORDER BY f.i),
          -- Both went on from one statut and mine goes further: so does what was stamped on the way.
          min(CASE WHEN s.i IS NOT NULL THEN format(' OR (t.%s IS DISTINCT FROM b%s AND t.%s IS DISTINCT FROM m%s '
            'AND sync.statut_atteignable(t.%s, m%s))', s.q, s.i, s.q, s.i, s.q, s.i) END)) END AS accord,
      CASE WHEN bool_and(f.ensemble) THEN
        format('SELECT x.u, x.auteur, x.pk, %L AS colonne, ''groupe'' AS politique, %L::boolean AS demande, '
          || 'jsonb_build_object(%s) AS base, jsonb_build_object(%s) AS mien, jsonb_build_object(%s) AS leur, '
          || 'x.eauteur FROM x WHERE NOT x.k%s AND (%s)', min(f.groupe), bool_or(f.demande),
          string_agg(format('%L, x.r->%s', f.nom, 2 + 2 * f.i), ', ' ORDER BY f.i),
          string_agg(format('%L, x.r->%s', f.nom, 3 + 2 * f.i), ', ' ORDER BY f.i),
          string_agg(format('%L, to_jsonb(%s)', f.nom, format(f.ecrire, 'x.o' || f.i)), ', ' ORDER BY f.i), f.d,
          string_agg(format('x.b%s IS DISTINCT FROM x.m%s', f.i, f.i), ' OR '))
      ELSE
        string_agg(format('SELECT x.u, x.auteur, x.pk, %L AS colonne, %L AS politique, %L::boolean AS demande, '
          || 'x.r->%s AS base, x.r->%s AS mien, to_jsonb(%s) AS leur, x.eauteur FROM x '
          || 'WHERE NOT x.k%s AND x.b%s IS DISTINCT FROM x.m%s', f.nom,
          CASE f.politique WHEN 'groupe' THEN CASE WHEN f.demande THEN 'ask' ELSE 'centre' END ELSE f.politique END,
          f.demande, 2 + 2 * f.i, 3 + 2 * f.i, format(f.ecrire, 'x.o' || f.i), f.d, f.i, f.i), ' UNION ALL ')
      END AS perdu
      FROM f LEFT JOIN f s ON s.nom = f.suit GROUP BY f.d)
  SELECT (SELECT count(*) FROM c),
    string_agg(format('%s AS b%s, %s AS m%s', base, i, mien, i), ', ' ORDER BY i),
    (SELECT string_agg(format('%s AS k%s', d.accord, d.d), ', ') FROM d)
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
      FILTER (WHERE politique = 'centre_seul')
    INTO connues, typees, accords, exacts, affectations, conflits, interdits FROM f;
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
       AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage));
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
    etats AS (INSERT INTO sync.row_state AS e
        (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
      -- From the update alone: joined to x, whose size the planner cannot know, this cost the square of the batch.
      SELECT $4, maj.id, $5, 1, pg_current_xact_id(), nextval('sync.seq_etat'),
             CASE WHEN maj.ever = maj.ver AND maj.pareil THEN $6 ELSE 0 END, maj.auteur, now(), 'live', NULL FROM maj
      ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
        origine = excluded.origine, auteur = excluded.auteur, quand = excluded.quand, etat = 'live', contenu = NULL)
    SELECT (SELECT count(*) FROM s) - (SELECT count(*) FROM maj)
  $q$, typees, accords, t, affectations, conflits, exacts)
    INTO manque USING bloc->'r', lower(plage), upper(plage) - 1, t, v_agence, v_poste, v_lot;
  IF manque <> 0 THEN
    PERFORM sync.exiger_propre(t, ARRAY(
      SELECT (r->>2)::bigint FROM jsonb_array_elements(bloc->'r') r WHERE (r->>0)::int <@ plage));
    RAISE EXCEPTION 'la ligne n''est plus dans cette agence' USING ERRCODE = 'EM004';
  END IF;
END $f$;
"""

_DELETE = """
CREATE OR REPLACE FUNCTION sync.supprimer(t text, lignes jsonb, plage int4range, v_poste integer, v_lot bigint,
  v_agence bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM sync.registre() g WHERE g.nom_table = t AND g.inscriptible AND NOT g.ajout_seul) THEN
    RAISE EXCEPTION 'suppression refusée dans %', t USING ERRCODE = 'EM001';
  END IF;
  IF EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = t AND e.scope = v_agence AND e.etat = 'evicted'
      AND e.pk = ANY(ARRAY(SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage)))
  THEN
    RAISE EXCEPTION 'la ligne n''est plus dans cette agence' USING ERRCODE = 'EM004';
  END IF;
  PERFORM sync.exiger_propre(t, ARRAY(
    SELECT (r->>2)::bigint FROM jsonb_array_elements(lignes) r WHERE (r->>0)::int <@ plage));
  EXECUTE format($q$
    WITH s AS MATERIALIZED (
      SELECT (r->>1)::bigint AS auteur, (r->>2)::bigint AS pk, (r->>3)::bigint AS ver
        FROM jsonb_array_elements($1) r WHERE (r->>0)::int BETWEEN $2 AND $3),
    x AS MATERIALIZED (
      SELECT s.*, e.auteur AS eauteur, (e.ver = s.ver OR e.origine = $6) AS intacte
        FROM s JOIN public.%1$I t ON t.id = s.pk
        JOIN sync.row_state e ON e.nom_table = $4 AND e.pk = s.pk AND e.scope = $5),
    ote AS (DELETE FROM public.%1$I t USING x WHERE t.id = x.pk AND x.intacte RETURNING t.id, to_jsonb(t) AS contenu),
    perdus AS (INSERT INTO sync.conflits (poste, lot, agence_id, nom_table, pk, politique, mien, leur, auteur_mien,
        auteur_leur, a_decider)
      SELECT $6, $7, $5, $4, x.pk, 'suppression', '"supprime"', '"modifie"', x.auteur, x.eauteur, true
        FROM x WHERE NOT x.intacte)
    INSERT INTO sync.row_state AS e (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
      SELECT $4, x.pk, $5, 1, pg_current_xact_id(), nextval('sync.seq_etat'), 0, x.auteur, now(),
             CASE WHEN x.intacte THEN 'deleted' ELSE 'live' END, ote.contenu FROM x LEFT JOIN ote ON ote.id = x.pk
      ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
        origine = 0, auteur = excluded.auteur, quand = excluded.quand, etat = excluded.etat, contenu = excluded.contenu
  $q$, t) USING lignes, lower(plage), upper(plage) - 1, t, v_agence, v_poste, v_lot;
END $f$;
"""

_APPLY = """
CREATE OR REPLACE FUNCTION sync.appliquer(p jsonb, plage int4range, v_poste integer, v_lot bigint, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  g record; bloc jsonb;
  -- Taken out once: asked of p for every line of the registry, each answer would copy the whole part.
  ajoutees text[] := ARRAY(SELECT jsonb_object_keys(p->'i'));
  modifiees text[] := ARRAY(SELECT jsonb_object_keys(p->'m'));
  otees text[] := ARRAY(SELECT jsonb_object_keys(p->'d'));
BEGIN
  PERFORM sync.verifier_lot(p, plage, v_poste, v_agence);
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre()
           WHERE nom_table = ANY(modifiees || otees) ORDER BY rang LOOP
    EXECUTE format('SELECT 1 FROM public.%I WHERE id = ANY($1) ORDER BY id FOR UPDATE', g.nom_table) USING ARRAY(
      SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'m'->g.nom_table, '[]')) b,
             jsonb_array_elements(b->'r') r WHERE (r->>0)::int <@ plage
      UNION ALL SELECT (r->>2)::bigint FROM jsonb_array_elements(coalesce(p->'d'->g.nom_table, '[]')) r
             WHERE (r->>0)::int <@ plage);
  END LOOP;
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre() WHERE nom_table = ANY(ajoutees) ORDER BY rang LOOP
    PERFORM sync.inserer(g.nom_table, p->'i'->g.nom_table, plage, v_poste, v_agence);
  END LOOP;
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre() WHERE nom_table = ANY(modifiees) ORDER BY rang LOOP
    FOR bloc IN SELECT b FROM jsonb_array_elements(p->'m'->g.nom_table) b LOOP
      PERFORM sync.modifier(g.nom_table, bloc, plage, v_poste, v_lot, v_agence, coalesce((p->>'v')::int, 1));
    END LOOP;
  END LOOP;
  FOR g IN SELECT DISTINCT rang, nom_table FROM sync.registre() WHERE nom_table = ANY(otees) ORDER BY rang DESC LOOP
    PERFORM sync.supprimer(g.nom_table, p->'d'->g.nom_table, plage, v_poste, v_lot, v_agence);
  END LOOP;
  PERFORM sync.accorder_stock(p, plage);
  IF jsonb_array_length(p->'o') > 0 THEN
    -- What was pointed at another row than its sender did goes back to him.
    UPDATE sync.row_state e SET origine = 0 FROM jsonb_array_elements(p->'o') o
     WHERE e.nom_table = o->>0 AND e.pk = (o->>1)::bigint AND e.scope = v_agence;
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.extrait(p jsonb, v_unite integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $f$
  SELECT jsonb_build_object(
    'i', (SELECT jsonb_object_agg(t, jsonb_build_object('c', b->'c', 'r', (SELECT jsonb_agg(r) FROM
            jsonb_array_elements(b->'r') r WHERE (r->>0)::int = v_unite))) FROM jsonb_each(p->'i') AS x(t, b)
          WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(b->'r') r WHERE (r->>0)::int = v_unite)),
    'm', (SELECT jsonb_object_agg(t, l) FROM (SELECT t, (SELECT jsonb_agg(jsonb_build_object('c', b->'c', 'r',
            (SELECT jsonb_agg(r) FROM jsonb_array_elements(b->'r') r WHERE (r->>0)::int = v_unite)))
            FROM jsonb_array_elements(bs) b WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(b->'r') r
              WHERE (r->>0)::int = v_unite)) AS l FROM jsonb_each(p->'m') AS x(t, bs)) y WHERE l IS NOT NULL),
    'd', (SELECT jsonb_object_agg(t, l) FROM (SELECT t, (SELECT jsonb_agg(r) FROM jsonb_array_elements(rs) r
            WHERE (r->>0)::int = v_unite) AS l FROM jsonb_each(p->'d') AS x(t, rs)) y WHERE l IS NOT NULL))
$f$;

CREATE OR REPLACE FUNCTION sync.fusionner(p jsonb, plage int4range, v_poste integer, v_lot bigint, v_agence bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
DECLARE unites integer[]; milieu integer; v_code text; v_texte text; v_contrainte text;
BEGIN
  BEGIN
    PERFORM sync.appliquer(p, plage, v_poste, v_lot, v_agence);
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_code = RETURNED_SQLSTATE, v_texte = MESSAGE_TEXT, v_contrainte = CONSTRAINT_NAME;
    -- Only what a row's values, rights or rules can cause is looked for unit by unit.
    IF v_code <> '42501' AND left(v_code, 2) NOT IN ('22', '23', 'EM', 'P0') THEN RAISE; END IF;
  END;
  -- Of the units that are there, not of those that are claimed.
  unites := sync.unites(p, plage);
  IF unites = '{}' THEN RAISE EXCEPTION '%', v_texte USING ERRCODE = v_code; END IF;
  IF cardinality(unites) = 1 THEN
    plage := int4range(unites[1], unites[1] + 1);
    IF v_code = '23505' THEN
      BEGIN
        -- A key that another transaction took meanwhile is seen only now.
        PERFORM sync.appliquer(sync.permuter(sync.rapprocher(p, plage, v_agence), plage), plage, v_poste, v_lot,
          v_agence);
        RETURN;
      EXCEPTION WHEN unique_violation OR check_violation OR string_data_right_truncation OR SQLSTATE 'EM021' THEN NULL;
      END;
    END IF;
    INSERT INTO sync.gares (poste, lot, unite, agence_id, code, raison, contenu)
    VALUES (v_poste, v_lot, lower(plage), v_agence,
      CASE v_code WHEN '23505' THEN 'doublon' WHEN '23503' THEN 'parent' WHEN '23514' THEN 'regle'
        WHEN 'EM021' THEN 'regle' WHEN 'EM022' THEN 'droit' WHEN 'EM006' THEN 'auteur'
        WHEN 'EM002' THEN 'agence' WHEN 'EM003' THEN 'statut' WHEN 'EM004' THEN 'partie' WHEN 'EM020' THEN 'centre_seul' WHEN '42501' THEN 'droit'
        ELSE 'refus' END,
      v_texte || coalesce(' [' || nullif(v_contrainte, '') || ']', ''), sync.extrait(p, lower(plage)));
    RETURN;
  END IF;
  milieu := unites[cardinality(unites) / 2 + 1];
  -- Each half by itself: looking for a bad unit reads the batch once a level, not once a unit.
  PERFORM sync.fusionner(sync.partie(p, int4range(lower(plage), milieu)), int4range(lower(plage), milieu), v_poste,
    v_lot, v_agence);
  PERFORM sync.fusionner(sync.partie(p, int4range(milieu, upper(plage))), int4range(milieu, upper(plage)), v_poste,
    v_lot, v_agence);
END $f$;
"""

_PUSH = f"""
CREATE OR REPLACE FUNCTION sync.pousser(p jsonb, v_numero bigint, v_empreinte text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER {PIN} AS $f$
DECLARE d record; ancien record; resultat jsonb;
BEGIN
  SELECT * INTO d FROM sync.devices WHERE login = session_user FOR UPDATE;
  IF NOT FOUND OR d.etat <> 'actif' THEN
    RAISE EXCEPTION 'ce poste n''est plus autorisé' USING ERRCODE = 'EM011';
  END IF;
  PERFORM sync.exiger_isolation();
  SELECT empreinte, l.resultat AS r INTO ancien FROM sync.lots l WHERE l.poste = d.poste AND l.numero = v_numero;
  IF FOUND THEN
    IF ancien.empreinte = v_empreinte THEN RETURN ancien.r || '{{"rejoue": true}}'; END IF;
    RAISE EXCEPTION 'le lot % a déjà un autre contenu', v_numero USING ERRCODE = 'EM012';
  END IF;
  IF v_numero <> d.dernier_lot + 1 THEN
    RAISE EXCEPTION 'lot % reçu, % attendu', v_numero, d.dernier_lot + 1 USING ERRCODE = 'EM012';
  END IF;
  PERFORM sync.exiger_enveloppe(p, v_empreinte);
  -- A program, or a batch frozen before its upgrade, may still use a column's old name.
  p := sync.traduire(p);
  UPDATE sync.conflits c SET resolu = r->>1 FROM jsonb_array_elements(coalesce(p->'r', '[]')) r
   WHERE c.id = (r->>0)::bigint AND c.poste = d.poste;
  IF (p->>'n')::int > 0 THEN
    p := sync.rapprocher(p, int4range(0, (p->>'n')::int), d.agence_id);
    PERFORM sync.fusionner(p, int4range(0, (p->>'n')::int), d.poste, v_numero, d.agence_id);
  END IF;
  SELECT jsonb_build_object(
    'conflits', coalesce((SELECT jsonb_agg(jsonb_build_array(c.id, c.nom_table, c.pk,
        sync.nom_connu(c.nom_table, c.colonne, d.revision), c.politique,
        sync.noms_connus(c.nom_table, c.politique, c.base, d.revision),
        sync.noms_connus(c.nom_table, c.politique, c.mien, d.revision),
        sync.noms_connus(c.nom_table, c.politique, c.leur, d.revision), c.auteur_mien, (SELECT u.full_name FROM public.users u WHERE u.id = c.auteur_leur),
        c.a_decider) ORDER BY c.id) FROM sync.conflits c WHERE c.poste = d.poste AND c.lot = v_numero), '[]'),
    'gares', coalesce((SELECT jsonb_agg(jsonb_build_array(g.id, g.unite, g.code, g.raison) ORDER BY g.id)
        FROM sync.gares g WHERE g.poste = d.poste AND g.lot = v_numero), '[]')) INTO resultat;
  INSERT INTO sync.lots (poste, numero, empreinte, resultat) VALUES (d.poste, v_numero, v_empreinte, resultat);
  UPDATE sync.devices SET dernier_lot = v_numero, vu_a = now() WHERE poste = d.poste;
  PERFORM pg_notify('erp_' || d.agence_id, d.poste::text);
  RETURN resultat;
END $f$;
"""


def merge_functions() -> list[str]:
    """Statements that create the merge, callees first."""
    return [
        *registry_functions(),
        ENVELOPE,
        _INSERT,
        _REVIVE,
        _UPDATE,
        _DELETE,
        SWAP,
        KEYS,
        central_stock.FUNCTIONS,
        _APPLY,
        _PUSH,
    ]
