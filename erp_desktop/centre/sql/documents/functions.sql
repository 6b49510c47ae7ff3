CREATE OR REPLACE FUNCTION sync.documents_manquants(p_sha256 text[]) RETURNS jsonb LANGUAGE sql STABLE :DEFINER AS $f$
  SELECT coalesce(jsonb_object_agg(s.sha256, :MISSING), '{}')
  FROM (SELECT d.sha256, sync.cle_contenu(max(d.agence_id), d.sha256) AS cle, least(max(d.taille), :TAILLE_MAX)
    AS taille
          FROM public.documents d WHERE d.sha256 = ANY(p_sha256) GROUP BY d.sha256) s
  LEFT JOIN public.contenus c ON c.sha256 = s.cle
  WHERE sync.exiger_poste() AND sync.exiger_mesure(cardinality(p_sha256) <= :MOST_ASKED)
$f$;

-- By whoever may: the caller says under which key, and has seen the description.
CREATE OR REPLACE FUNCTION sync.ranger_contenu(p_cle text, p_sha256 text, p_taille bigint, p_numero integer,
  p_octets text) RETURNS text LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  v_octets bytea := decode(p_octets, 'base64'); v_nombre integer := (p_taille + :LAST_OCTET) / :PIECE_SIZE;
  v_recus integer; v_complet boolean;
BEGIN
  IF p_cle IS NULL THEN
    RAISE EXCEPTION 'aucun document de cette agence n''a ce contenu' USING ERRCODE = 'EM007';
  END IF;
  IF p_taille NOT BETWEEN 1 AND :TAILLE_MAX OR p_numero < 0 OR length(v_octets) NOT BETWEEN 1 AND :ANSWER_SIZE
    OR p_numero + (length(v_octets) - 1) / :PIECE_SIZE >= v_nombre THEN
    RAISE EXCEPTION 'ce morceau n''est pas de ce document' USING ERRCODE = 'EM007';
  END IF;
  INSERT INTO public.contenus (sha256, taille) VALUES (p_cle, p_taille) ON CONFLICT DO NOTHING;
  -- Two devices may send one content at once: the last piece is judged by whoever comes last.
  SELECT complet INTO v_complet FROM public.contenus WHERE sha256 = p_cle FOR UPDATE;
  IF v_complet THEN RETURN 'complet'; END IF;
  INSERT INTO public.contenus_morceaux (sha256, numero, octets)
    SELECT p_cle, p_numero + n, substring(v_octets FROM n * :PIECE_SIZE + 1 FOR :PIECE_SIZE)
      FROM generate_series(0, (length(v_octets) - 1) / :PIECE_SIZE) n ON CONFLICT DO NOTHING;
  SELECT count(*) INTO v_recus FROM public.contenus_morceaux WHERE sha256 = p_cle;
  IF v_recus < v_nombre THEN RETURN 'partiel'; END IF;
  IF (SELECT encode(sha256(string_agg(octets, ''::bytea ORDER BY numero)), 'hex') = p_sha256
        FROM public.contenus_morceaux WHERE sha256 = p_cle) THEN
    UPDATE public.contenus SET complet = true, taille = p_taille WHERE sha256 = p_cle;
    RETURN 'complet';
  END IF;
  DELETE FROM public.contenus_morceaux WHERE sha256 = p_cle;
  RETURN 'corrompu';
END $f$;

CREATE OR REPLACE FUNCTION sync.document_deposer(p_sha256 text, p_numero integer, p_octets text) RETURNS text
LANGUAGE plpgsql VOLATILE :DEFINER AS $f$
DECLARE v_cle text; v_taille bigint;
BEGIN
  PERFORM sync.exiger_poste(), sync.exiger_mesure(length(p_octets) <= :LONGEST_PIECES);
  SELECT max(taille), sync.cle_contenu(max(agence_id), p_sha256) INTO v_taille, v_cle
    FROM public.documents WHERE sha256 = p_sha256 HAVING count(*) > 0;
  RETURN sync.ranger_contenu(v_cle, p_sha256, v_taille, p_numero, p_octets);
END $f$;

-- A file that is described by a shared row and by one of this agency may be kept under either.
CREATE OR REPLACE FUNCTION sync.document_lire(p_sha256 text, p_numero integer, p_nombre integer) RETURNS text
LANGUAGE sql STABLE :DEFINER AS $f$
  SELECT encode(string_agg(m.octets, ''::bytea ORDER BY m.numero), 'base64')
    FROM public.contenus_morceaux m
   WHERE sync.exiger_poste() AND m.numero >= p_numero AND m.numero < p_numero::bigint + least(p_nombre, :AT_ONCE)
     AND m.sha256 = (SELECT c.sha256 FROM public.contenus c WHERE c.complet
       AND c.sha256 IN (sync.cle_contenu(sync.agence(), p_sha256), sync.cle_contenu(0, p_sha256)) LIMIT 1)
$f$;
