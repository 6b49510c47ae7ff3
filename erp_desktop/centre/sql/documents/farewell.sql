CREATE OR REPLACE FUNCTION sync.decrits_en_quarantaine(v_id bigint) RETURNS TABLE (sha256 text, taille bigint)
LANGUAGE sql STABLE AS $f$
  SELECT r->>(s.i + 1)::int, (r->>(t.i + 1)::int)::bigint
    FROM sync.quarantaine q, jsonb_array_elements(q.contenu->'i'->'documents'->'r') r,
         jsonb_array_elements_text(q.contenu->'i'->'documents'->'c') WITH ORDINALITY AS s(nom, i),
         jsonb_array_elements_text(q.contenu->'i'->'documents'->'c') WITH ORDINALITY AS t(nom, i)
   WHERE q.id = v_id AND s.nom = 'sha256' AND t.nom = 'taille'
$f$;

CREATE OR REPLACE FUNCTION sync.decrits_par_retire(p_sha256 text[]) RETURNS TABLE (sha256 text, cle text,
  taille bigint)
LANGUAGE sql STABLE AS $f$
  SELECT x.sha256, sync.cle_contenu(x.agence_id, x.sha256), least(max(x.taille), :TAILLE_MAX) FROM (
    SELECT d.sha256, d.taille, p.agence_id FROM sync.devices p JOIN public.documents d ON d.agence_id = p.agence_id
     WHERE p.login = session_user AND p.etat = 'retire' AND d.sha256 = ANY(p_sha256)
    UNION ALL
    SELECT r.sha256, r.taille, p.agence_id FROM sync.devices p
      JOIN sync.quarantaine q ON q.poste = p.poste AND q.repris_a IS NULL, sync.decrits_en_quarantaine(q.id) r
     WHERE p.login = session_user AND p.etat = 'retire' AND r.sha256 = ANY(p_sha256)) x
   GROUP BY x.sha256, x.agence_id
$f$;

CREATE OR REPLACE FUNCTION sync.adieu_manquants(p_sha256 text[]) RETURNS jsonb LANGUAGE sql STABLE :DEFINER AS $f$
  SELECT coalesce(jsonb_object_agg(s.sha256, :MISSING), '{}')
    FROM sync.decrits_par_retire(p_sha256) s LEFT JOIN public.contenus c ON c.sha256 = s.cle
   WHERE sync.exiger_mesure(cardinality(p_sha256) <= :MOST_ASKED)
$f$;

CREATE OR REPLACE FUNCTION sync.adieu_document(p_sha256 text, p_numero integer, p_octets text) RETURNS text
LANGUAGE plpgsql VOLATILE :DEFINER AS $f$
DECLARE d record;
BEGIN
  PERFORM sync.exiger_mesure(length(p_octets) <= :LONGEST_PIECES);
  SELECT * INTO d FROM sync.decrits_par_retire(ARRAY[p_sha256]);
  RETURN sync.ranger_contenu(d.cle, p_sha256, d.taille, p_numero, p_octets);
END $f$;
