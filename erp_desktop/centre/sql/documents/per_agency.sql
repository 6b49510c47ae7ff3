  INSERT INTO public.contenus (sha256, taille, complet)
    SELECT DISTINCT sync.cle_contenu(d.agence_id, d.sha256), c.taille, c.complet
      FROM public.contenus c JOIN public.documents d ON d.sha256 = c.sha256 ON CONFLICT DO NOTHING;
  INSERT INTO public.contenus_morceaux (sha256, numero, octets)
    SELECT DISTINCT ON (1, 2) sync.cle_contenu(d.agence_id, d.sha256), m.numero, m.octets
      FROM public.contenus c JOIN public.documents d ON d.sha256 = c.sha256
      JOIN public.contenus_morceaux m ON m.sha256 = c.sha256 ON CONFLICT DO NOTHING;
  DELETE FROM public.contenus c USING public.documents d WHERE d.sha256 = c.sha256;
