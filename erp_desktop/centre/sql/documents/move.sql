CREATE OR REPLACE FUNCTION sync.deplacer_contenu() RETURNS trigger LANGUAGE plpgsql :DEFINER AS $f$
DECLARE
  v_de text := sync.cle_contenu(OLD.agence_id, OLD.sha256); v_vers text := sync.cle_contenu(NEW.agence_id,
    NEW.sha256);
BEGIN
  INSERT INTO public.contenus AS c (sha256, taille, complet)
    SELECT v_vers, taille, true FROM public.contenus WHERE sha256 = v_de AND complet
    ON CONFLICT (sha256) DO UPDATE SET taille = excluded.taille, complet = true WHERE NOT c.complet;
  IF FOUND THEN
    INSERT INTO public.contenus_morceaux AS m (sha256, numero, octets)
      SELECT v_vers, numero, octets FROM public.contenus_morceaux WHERE sha256 = v_de
      ON CONFLICT (sha256, numero) DO UPDATE SET octets = excluded.octets;
  END IF;
  RETURN NULL;
END $f$;
DROP TRIGGER IF EXISTS erp_deplacer_contenu ON public.documents;
CREATE TRIGGER erp_deplacer_contenu AFTER UPDATE OF agence_id ON public.documents FOR EACH ROW
  WHEN (OLD.agence_id IS DISTINCT FROM NEW.agence_id) EXECUTE FUNCTION sync.deplacer_contenu();
