CREATE OR REPLACE FUNCTION sync.en_mad(v numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
  SELECT translate(to_char(v, 'FM999,999,999,990.00'), ',.', E'\u202f,') || E'\u00a0MAD'
$f$;

CREATE OR REPLACE FUNCTION sync.en_jour(v date) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
  SELECT to_char(v, 'DD/MM/YYYY')
$f$;

CREATE OR REPLACE FUNCTION sync.refuser(phrase text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
  RAISE EXCEPTION '%', phrase USING ERRCODE = 'EM021';
END $f$;

-- Amounts of an invoice's lines, as registry.invoices.totals rounds them.
CREATE OR REPLACE FUNCTION sync.nets(v_facture bigint) RETURNS TABLE (id bigint, taux numeric, ht numeric)
LANGUAGE sql STABLE SECURITY DEFINER :PIN AS $f$
  SELECT l.id, l.taux_tva, round(round(l.quantite * l.prix_unitaire * (100 - l.remise_pct) / 100, 2)
           * (100 - f.remise_pct) / 100, 2)
    FROM public.lignes_facture l JOIN public.factures f ON f.id = l.facture_id WHERE f.id = v_facture
$f$;

-- Whether validated credit notes give an invoice back whole, to the rounding of their parts.
CREATE OR REPLACE FUNCTION sync.annulee_par_avoirs(v_facture bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER :PIN AS $f$
  SELECT f.total_ttc > 0 AND coalesce((SELECT sum(a.total_ttc) FROM public.factures a
      WHERE a.facture_origine_id = f.id AND a.type_facture = 'avoir' AND a.statut NOT IN (:OPEN)), 0) >= f.total_ttc
    FROM public.factures f WHERE f.id = v_facture
$f$;

-- What a line was given back of by validated credit notes.
CREATE OR REPLACE FUNCTION sync.rendu(v_ligne bigint) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER :PIN AS $f$
  SELECT coalesce(sum(abs(l.quantite)), 0) FROM public.lignes_facture l JOIN public.factures a ON a.id = l.facture_id
   WHERE l.ligne_origine_id = v_ligne AND a.type_facture = 'avoir' AND a.statut NOT IN (:OPEN)
$f$;

-- SHA-256 of a validated document and of the empreinte before it; p is the row as jsonb, without a column of today.
CREATE OR REPLACE FUNCTION sync.empreinte_facture(p jsonb, v_avant text) RETURNS text LANGUAGE sql STABLE
SECURITY DEFINER :PIN AS $f$
  SELECT encode(sha256(convert_to(coalesce(v_avant, '') || E'\n' || jsonb_build_array(
    p->'numero', p->'type_facture', p->'date_facture', p->'date_echeance', p->'date_operation', p->'client_id',
    p->'client_fige', p->'societe_figee', p->'facture_origine_id', p->'acompte', p->'intitule', p->'reference_client',
    p->'remise_pct', p->'total_ht', p->'total_tva', p->'total_ttc', p->'retenue_tva_pct', p->'retenue_is_pct',
    p->'uuid', (SELECT jsonb_agg(jsonb_build_array(l.designation, l.quantite, l.unite, l.prix_unitaire, l.remise_pct,
        l.taux_tva, l.exoneration) ORDER BY l.ordre, l.id)
      FROM public.lignes_facture l WHERE l.facture_id = (p->>'id')::bigint))::text, 'UTF8')), 'hex')
$f$;

CREATE OR REPLACE FUNCTION sync.verifier_identites(f jsonb, v_jour date) RETURNS void LANGUAGE plpgsql STABLE
SECURITY DEFINER :PIN AS $f$
DECLARE c public.clients; v_seuil numeric;
BEGIN
  SELECT * INTO c FROM public.clients WHERE id = (f->>'client_id')::bigint;
  IF btrim(coalesce(c.adresse, '')) = '' AND btrim(coalesce(c.ville, '')) = '' THEN
    PERFORM sync.refuser(format('Le client %s n''a ni adresse ni ville : complétez sa fiche.', c.nom_entreprise));
  END IF;
  SELECT min(t.seuil) INTO v_seuil FROM public.taux_legaux t WHERE t.code = 'ice' AND t.seuil IS NOT NULL
     AND v_jour BETWEEN t.date_debut AND coalesce(t.date_fin, v_jour);
  IF c.ice IS NULL AND c.type_client IN ('entreprise', 'collectivite') AND (f->>'total_ttc')::numeric >= v_seuil THEN
    PERFORM sync.refuser(format('Le client %s n''a pas d''ICE, obligatoire à partir de %s : complétez sa fiche.',
      c.nom_entreprise, sync.en_mad(v_seuil)));
  END IF;
  IF coalesce(f->'societe_figee'->>'raison_sociale', '') = '' OR coalesce(f->'societe_figee'->>'ice', '') = '' THEN
    PERFORM sync.refuser('L''en-tête de la société n''a pas de raison sociale ou pas d''ICE : un administrateur le '
      || 'complète.');
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_lignes(f jsonb, v_jour date) RETURNS void LANGUAGE plpgsql STABLE
SECURITY DEFINER :PIN AS $f$
DECLARE
  v_id bigint := (f->>'id')::bigint; g record; v_operation date := coalesce((f->>'date_operation')::date, v_jour);
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.lignes_facture l WHERE l.facture_id = v_id) THEN
    PERFORM sync.refuser('Ce brouillon n''a aucune ligne.');
  END IF;
  SELECT l.designation INTO g FROM public.lignes_facture l WHERE l.facture_id = v_id AND l.quantite <= 0
     AND l.acompte_id IS NULL LIMIT 1;
  IF FOUND THEN PERFORM sync.refuser(format('La quantité de « %s » n''est pas positive.', g.designation)); END IF;
  SELECT l.designation INTO g FROM public.lignes_facture l WHERE l.facture_id = v_id AND l.taux_tva = 0
     AND btrim(coalesce(l.exoneration, '')) = '' LIMIT 1;
  IF FOUND THEN
    PERFORM sync.refuser(format('« %s » est sans TVA : indiquez le texte qui l''exonère.', g.designation));
  END IF;
  IF f->>'type_facture' = 'avoir' THEN RETURN; END IF;
  SELECT l.taux_tva INTO g FROM public.lignes_facture l WHERE l.facture_id = v_id AND l.acompte_id IS NULL
     AND NOT EXISTS (SELECT 1 FROM public.taux_tva t WHERE t.taux = l.taux_tva
       AND v_operation BETWEEN t.date_debut AND coalesce(t.date_fin, v_operation)) LIMIT 1;
  IF FOUND THEN
    PERFORM sync.refuser(format('Le taux de TVA de %s %% n''est pas en vigueur le %s.',
      replace(trim_scale(g.taux_tva)::text, '.', ','), sync.en_jour(v_operation)));
  END IF;
  SELECT l.designation, d.numero INTO g
    FROM public.lignes_facture l JOIN public.lignes_facture a ON a.id <> l.id
      AND (a.ligne_intervention_id = l.ligne_intervention_id OR a.temps_id = l.temps_id)
    JOIN public.factures d ON d.id = a.facture_id
   WHERE l.facture_id = v_id AND d.type_facture = 'facture' AND (d.id = v_id
      OR (d.statut NOT IN (:OPEN, 'annulee') AND sync.rendu(a.id) < a.quantite)) LIMIT 1;
  IF FOUND THEN
    PERFORM sync.refuser(format('« %s » est déjà facturée sous %s.', g.designation, g.numero));
  END IF;
  SELECT d.numero INTO g FROM public.factures d
   WHERE d.contrat_id = (f->>'contrat_id')::bigint AND d.id <> v_id AND d.type_facture = 'facture'
     AND d.statut NOT IN (:OPEN, 'annulee') AND d.periode_du <= (f->>'periode_au')::date
     AND d.periode_au >= (f->>'periode_du')::date AND NOT sync.annulee_par_avoirs(d.id) LIMIT 1;
  IF FOUND THEN
    PERFORM sync.refuser(format('La période du %s au %s est déjà facturée sous %s.',
      sync.en_jour((f->>'periode_du')::date), sync.en_jour((f->>'periode_au')::date), g.numero));
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_acomptes(f jsonb) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
:PIN AS $f$
DECLARE g record; v_reste numeric;
BEGIN
  FOR g IN
    SELECT a.id, a.numero, n.taux, -sum(n.ht) AS pris, a.statut, a.acompte, a.client_id
      FROM sync.nets((f->>'id')::bigint) n JOIN public.lignes_facture l ON l.id = n.id
      JOIN public.factures a ON a.id = l.acompte_id GROUP BY a.id, n.taux
  LOOP
    IF NOT g.acompte OR g.statut IN (:OPEN, 'annulee') OR g.client_id <> (f->>'client_id')::bigint THEN
      PERFORM sync.refuser(format('%s n''est pas un acompte validé de ce client.', g.numero));
    END IF;
    SELECT coalesce((SELECT sum(n.ht) FROM sync.nets(g.id) n WHERE n.taux = g.taux), 0)
         - coalesce((SELECT sum(n.ht) FROM public.factures x, LATERAL sync.nets(x.id) n
             WHERE x.facture_origine_id = g.id AND x.statut NOT IN (:OPEN) AND n.taux = g.taux), 0)
         - coalesce((SELECT sum(-n.ht) FROM public.factures x, LATERAL sync.nets(x.id) n
             JOIN public.lignes_facture l ON l.id = n.id AND l.acompte_id = g.id
             WHERE x.id IN (SELECT y.facture_id FROM public.lignes_facture y WHERE y.acompte_id = g.id)
               AND x.id <> (f->>'id')::bigint AND x.type_facture = 'facture' AND x.statut NOT IN (:OPEN, 'annulee')
               AND n.taux = g.taux AND NOT sync.annulee_par_avoirs(x.id)), 0) INTO v_reste;
    IF g.pris < 0 OR g.pris > v_reste THEN
      PERFORM sync.refuser(format('La déduction dépasse ce qui reste de l''acompte %s.', g.numero));
    END IF;
  END LOOP;
END $f$;

CREATE OR REPLACE FUNCTION sync.verifier_avoir(f jsonb) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
:PIN AS $f$
DECLARE o public.factures; g record;
BEGIN
  SELECT * INTO o FROM public.factures WHERE id = (f->>'facture_origine_id')::bigint;
  IF o.id IS NULL OR o.type_facture <> 'facture' OR o.statut IN (:OPEN, 'annulee')
      OR o.client_id <> (f->>'client_id')::bigint THEN
    PERFORM sync.refuser('Un avoir corrige une facture validée du même client : choisissez-la.');
  END IF;
  IF (f->>'total_ttc')::numeric <= 0 THEN PERFORM sync.refuser('Un avoir est d''un montant positif.'); END IF;
  SELECT l.designation INTO g FROM public.lignes_facture l LEFT JOIN public.lignes_facture d
      ON d.id = l.ligne_origine_id
   WHERE l.facture_id = (f->>'id')::bigint AND l.ligne_origine_id IS NOT NULL
     AND (d.facture_id <> o.id OR abs(l.quantite) + sync.rendu(d.id) > abs(d.quantite)) LIMIT 1;
  IF FOUND THEN
    PERFORM sync.refuser(format('L''avoir rend plus de « %s » que %s n''en a facturé.', g.designation, o.numero));
  END IF;
  FOR g IN
    SELECT n.taux, sum(n.ht) FILTER (WHERE n.sens > 0) AS facture, sum(n.ht) FILTER (WHERE n.sens < 0) AS rendu,
           sum(n.ht) FILTER (WHERE n.sens = 0) AS ici, count(*) FILTER (WHERE n.sens <= 0) AS lignes
      FROM (SELECT taux, ht, 1 AS sens FROM sync.nets(o.id)
            UNION ALL SELECT taux, ht, 0 FROM sync.nets((f->>'id')::bigint)
            UNION ALL SELECT n.taux, n.ht, -1 FROM public.factures a, LATERAL sync.nets(a.id) n
              WHERE a.facture_origine_id = o.id AND a.type_facture = 'avoir' AND a.statut NOT IN (:OPEN)
                AND a.id <> (f->>'id')::bigint) n GROUP BY n.taux ORDER BY n.taux
  LOOP
    -- Parts of a line are rounded one by one: each may add a centime.
    IF coalesce(g.ici, 0) > greatest(coalesce(g.facture, 0) - coalesce(g.rendu, 0), 0)
        + (CASE WHEN g.facture IS NULL THEN 0 ELSE (g.lignes - 1) * 0.01 END) THEN
      PERFORM sync.refuser(format('L''avoir dépasse ce qui reste de %s : %s HT à %s %% pour %s restants.', o.numero,
        sync.en_mad(g.ici), replace(trim_scale(g.taux)::text, '.', ','),
        sync.en_mad(coalesce(g.facture, 0) - coalesce(g.rendu, 0))));
    END IF;
  END LOOP;
END $f$;

:SOCIETE

CREATE OR REPLACE FUNCTION sync.numero_legal(v_code text, v_annee integer, v_rang bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $f$
  SELECT format('%s-%s-%s', v_code, v_annee, lpad(v_rang::text, greatest(6, length(v_rang::text)), '0'))
$f$;

CREATE OR REPLACE FUNCTION sync.peut_valider(v_user bigint, v_agence bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER :PIN AS $f$
  SELECT EXISTS (SELECT 1 FROM public.users u WHERE u.id = v_user AND u.is_active
    AND (u.agence_id = v_agence OR u.agence_id IS NULL) AND u.role IN ('admin', 'responsable'))
$f$;

-- The one door to a legal number. The series is locked first: who waits for it holds no row that its holder needs.
-- Nothing is drawn when anything fails, and what is drawn goes back with the transaction that drew it.
CREATE OR REPLACE FUNCTION sync.valider_facture(v_facture bigint, v_auteur bigint, v_ttc numeric) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE
  f public.factures; s sync.series; v_code text; v_jour date; v_contrat integer;
  -- Morocco is on UTC for good since 2026-09-20; the server's own zones may not know.
  aujourdhui date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
  SELECT CASE type_facture WHEN 'avoir' THEN 'AVO' ELSE 'FAC' END INTO v_code FROM public.factures
   WHERE id = v_facture;
  IF NOT FOUND THEN PERFORM sync.refuser('Ce brouillon n''existe plus au centre.'); END IF;
  INSERT INTO sync.series (code, annee, dernier) VALUES (v_code, 0, 0) ON CONFLICT DO NOTHING;
  SELECT * INTO s FROM sync.series WHERE code = v_code FOR UPDATE;
  -- A centre put back from an earlier backup has forgotten numbers that are on papers; its epoch is another then.
  INSERT INTO sync.series (code, annee, dernier, empreinte) VALUES ('EPOQUE', 0, 0, sync.epoque())
    ON CONFLICT DO NOTHING;
  IF (SELECT e.empreinte FROM sync.series e WHERE e.code = 'EPOQUE') <> sync.epoque() THEN
    PERFORM sync.refuser('Le centre a été remis d''une sauvegarde : un administrateur dit d''abord jusqu''où les '
      || 'numéros légaux sont allés (erp-admin facture reprise).');
  END IF;
  SELECT * INTO f FROM public.factures WHERE id = v_facture FOR UPDATE;
  IF f.statut NOT IN (:OPEN) THEN PERFORM sync.refuser(format('Déjà validée sous %s.', f.numero)); END IF;
  IF f.total_ttc IS DISTINCT FROM v_ttc THEN
    PERFORM sync.refuser(format('Le brouillon a changé depuis votre demande (%s au lieu de %s) : relisez-le, puis '
      || 'validez-le à nouveau.', sync.en_mad(f.total_ttc), sync.en_mad(v_ttc)));
  END IF;
  v_jour := coalesce(f.date_facture, greatest(aujourdhui, s.derniere_date));
  IF v_jour > greatest(aujourdhui, s.derniere_date) THEN
    PERFORM sync.refuser(format('La date de la facture, %s, n''est pas encore venue.', sync.en_jour(v_jour)));
  END IF;
  IF v_jour < s.derniere_date THEN
    PERFORM sync.refuser(format('La date de la facture, %s, précède la dernière validée, %s du %s : avancez-la ou '
      || 'laissez-la vide.', sync.en_jour(v_jour), sync.numero_legal(s.code, s.annee, s.dernier),
      sync.en_jour(s.derniere_date)));
  END IF;
  IF f.total_ttc < 0 THEN PERFORM sync.refuser('Le total est négatif : faites plutôt un avoir.'); END IF;
  f.societe_figee := sync.societe(f.agence_id);
  f.date_operation := coalesce(f.date_operation, v_jour);
  PERFORM sync.verifier_identites(to_jsonb(f), v_jour);
  PERFORM sync.verifier_lignes(to_jsonb(f), v_jour);
  IF v_code = 'AVO' THEN PERFORM sync.verifier_avoir(to_jsonb(f));
  ELSE PERFORM sync.verifier_acomptes(to_jsonb(f)); END IF;
  SELECT delai_paiement_jours INTO v_contrat FROM public.contrats WHERE id = f.contrat_id;
  f.conditions_jours := coalesce(f.conditions_jours, v_contrat, 60);
  f.date_echeance := coalesce(f.date_echeance, v_jour + f.conditions_jours);
  IF f.date_echeance < v_jour OR f.date_echeance > v_jour + 120 THEN
    PERFORM sync.refuser(format('L''échéance, %s, est avant la facture ou après les 120 jours de la loi 69-21.',
      sync.en_jour(f.date_echeance)));
  END IF;
  IF s.annee <> extract(year FROM v_jour)::integer THEN
    s.annee := extract(year FROM v_jour)::integer; s.dernier := 0;
  END IF;
  s.dernier := s.dernier + 1;
  f.numero := sync.numero_legal(s.code, s.annee, s.dernier);
  f.statut := 'validee'; f.date_facture := v_jour; f.uuid := gen_random_uuid()::text;
  f.validee_par := v_auteur; f.validee_le := clock_timestamp();
  SELECT jsonb_build_object('nom', c.nom_entreprise, 'type', c.type_client, 'adresse', c.adresse, 'ville', c.ville,
      'ice', c.ice, 'identifiant_fiscal', c.identifiant_fiscal, 'registre_commerce', c.registre_commerce,
      'telephone', c.telephone, 'email', c.email)
    INTO f.client_fige FROM public.clients c WHERE c.id = f.client_id;
  f.empreinte := sync.empreinte_facture(to_jsonb(f), s.empreinte);
  UPDATE public.factures SET numero = f.numero, statut = f.statut, date_facture = f.date_facture,
      date_echeance = f.date_echeance, date_operation = f.date_operation, conditions_jours = f.conditions_jours,
      uuid = f.uuid, validee_par = f.validee_par, validee_le = f.validee_le, client_fige = f.client_fige,
      societe_figee = f.societe_figee, empreinte = f.empreinte, updated_at = f.validee_le WHERE id = v_facture;
  UPDATE sync.series SET annee = s.annee, dernier = s.dernier, derniere_date = v_jour, empreinte = f.empreinte
   WHERE code = v_code;
  RETURN f.numero;
END $f$;

-- Each request by itself: one that is refused takes nothing back of another.
CREATE OR REPLACE FUNCTION sync.repondre(ids bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
:PIN AS $f$
DECLARE d record; v_auteur bigint; v_numero text; v_motif text; v_reponse text;
BEGIN
  PERFORM sync.exiger_choix();
  FOR d IN SELECT * FROM public.demandes_validation WHERE id = ANY (ids) AND etat = 'en_attente' ORDER BY id LOOP
    v_auteur := d.created_by_id; v_numero := NULL; v_motif := NULL; v_reponse := 'acceptee';
    -- Who works at the centre by a login of his own is who he is, whatever the row claims.
    SELECT l.user_id INTO v_auteur FROM sync.logins l WHERE l.login = session_user;
    IF NOT FOUND THEN v_auteur := d.created_by_id; END IF;
    BEGIN
      IF (v_auteur IS NOT NULL OR sync.surveille()) AND NOT sync.peut_valider(v_auteur, d.agence_id) THEN
        PERFORM sync.refuser(:RIGHT_REASON);
      END IF;
      v_numero := sync.valider_facture(d.facture_id, v_auteur, d.total_ttc);
    EXCEPTION WHEN SQLSTATE 'EM021' THEN
      GET STACKED DIAGNOSTICS v_motif = MESSAGE_TEXT;
      v_reponse := 'refusee';
      SELECT f.numero INTO v_numero FROM public.factures f WHERE f.id = d.facture_id AND f.statut NOT IN (:OPEN);
    END;
    UPDATE public.demandes_validation SET etat = v_reponse, numero = v_numero, motif = left(v_motif, 500),
        repondu_le = clock_timestamp(), updated_at = clock_timestamp() WHERE id = d.id;
  END LOOP;
END $f$;

-- What the tax administration's platform answered; the only thing of a validated document that goes on changing.
CREATE OR REPLACE FUNCTION sync.noter_transmission(v_facture bigint, v_statut text, v_motif text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER :PIN AS $f$
DECLARE f record; v_qui bigint;
BEGIN
  PERFORM sync.exiger_choix();
  SELECT * INTO f FROM public.factures WHERE id = v_facture FOR UPDATE;
  SELECT l.user_id INTO v_qui FROM sync.logins l WHERE l.login = session_user;
  IF sync.surveille() AND NOT sync.peut_valider(v_qui, f.agence_id) THEN PERFORM sync.refuser(:RIGHT_REASON); END IF;
  IF f.id IS NULL OR f.statut IN (:OPEN, 'annulee') THEN
    PERFORM sync.refuser('Seule une facture validée se transmet.');
  END IF;
  IF (f.statut_transmission, v_statut) NOT IN (('sans', 'a_transmettre'), ('a_transmettre', 'transmise'),
      ('transmise', 'acceptee'), ('transmise', 'rejetee'), ('rejetee', 'a_transmettre')) THEN
    PERFORM sync.refuser('Cette transmission ne suit pas ses étapes.');
  END IF;
  IF v_statut = 'rejetee' AND btrim(coalesce(v_motif, '')) = '' THEN
    PERFORM sync.refuser('Un rejet dit son motif.');
  END IF;
  UPDATE public.factures SET statut_transmission = v_statut, motif_rejet = CASE v_statut WHEN 'rejetee'
      THEN left(v_motif, 500) END, transmise_le = CASE v_statut WHEN 'transmise' THEN clock_timestamp()
      ELSE transmise_le END, updated_at = clock_timestamp() WHERE id = v_facture;
END $f$;

-- The documents of a series in their order: a number that is missing, or a content that is not the one validated.
CREATE OR REPLACE FUNCTION sync.verifier_serie(v_code text) RETURNS TABLE (numero text, defaut text)
LANGUAGE plpgsql STABLE SECURITY DEFINER :PIN AS $f$
DECLARE f record; v_annee integer; v_rang bigint := 0; v_avant text;
BEGIN
  PERFORM sync.exiger_choix();
  FOR f IN SELECT to_jsonb(x) AS p, x.empreinte, x.numero AS n, split_part(x.numero, '-', 2)::integer AS annee,
        split_part(x.numero, '-', 3)::bigint AS rang FROM public.factures x
      WHERE x.numero ~ ('^' || v_code || '-[0-9]{4}-[0-9]{6,}$') ORDER BY annee, rang LOOP
    IF v_annee IS DISTINCT FROM f.annee THEN v_annee := f.annee; v_rang := 0; END IF;
    WHILE v_rang + 1 < f.rang LOOP
      v_rang := v_rang + 1; numero := sync.numero_legal(v_code, v_annee, v_rang); defaut := 'manque'; RETURN NEXT;
    END LOOP;
    v_rang := f.rang;
    IF sync.empreinte_facture(f.p, v_avant) IS DISTINCT FROM f.empreinte THEN
      numero := f.n; defaut := 'empreinte'; RETURN NEXT;
    END IF;
    v_avant := f.empreinte;
  END LOOP;
  SELECT s.annee, s.dernier INTO f FROM sync.series s WHERE s.code = v_code;
  IF FOUND AND (f.annee > coalesce(v_annee, 0) OR f.dernier > v_rang) THEN
    FOR v_rang IN CASE WHEN f.annee > coalesce(v_annee, 0) THEN 1 ELSE v_rang + 1 END .. f.dernier LOOP
      numero := sync.numero_legal(v_code, f.annee, v_rang); defaut := 'manque'; RETURN NEXT;
    END LOOP;
  END IF;
END $f$;

CREATE OR REPLACE FUNCTION sync.etat_series() RETURNS TABLE (code text, annee integer, dernier bigint,
  derniere_date date) LANGUAGE sql STABLE SECURITY DEFINER :PIN AS $f$
  SELECT s.code, s.annee, s.dernier, s.derniere_date FROM sync.series s
   WHERE s.code <> 'EPOQUE' AND (SELECT sync.exiger_choix()) ORDER BY s.code
$f$;

CREATE OR REPLACE FUNCTION sync.garder_factures() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  IF EXISTS (SELECT 1 FROM public.factures WHERE statut NOT IN (:OPEN)) THEN
    PERFORM sync.refuser(:KEPT_REASON);
  END IF;
  RETURN NULL;
END $f$;
DROP TRIGGER IF EXISTS erp_vider ON public.factures;
CREATE TRIGGER erp_vider BEFORE TRUNCATE ON public.factures EXECUTE FUNCTION sync.garder_factures();
DROP TRIGGER IF EXISTS erp_vider ON public.lignes_facture;
CREATE TRIGGER erp_vider BEFORE TRUNCATE ON public.lignes_facture EXECUTE FUNCTION sync.garder_factures();
