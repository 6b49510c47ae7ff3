CREATE OR REPLACE FUNCTION sync.noter(t text, k bigint, s bigint, e text, contenu jsonb) RETURNS void
LANGUAGE sql VOLATILE AS $f$
  INSERT INTO sync.row_state AS r (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
  VALUES (t, k, s, 1, pg_current_xact_id(), nextval('sync.seq_etat'), 0, sync.auteur(), clock_timestamp(), e, contenu)
  ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = r.ver + 1, xid = excluded.xid, seq = excluded.seq,
    origine = 0, auteur = excluded.auteur, quand = excluded.quand, etat = excluded.etat, contenu = excluded.contenu
$f$;

-- What a change at the centre was, for whoever asks later; bytes and what never leaves the centre are left out.
CREATE OR REPLACE FUNCTION sync.journaliser(t text, k bigint, s bigint, op text, v_avant jsonb, v_apres jsonb)
RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
BEGIN
  -- Half-way through an upgrade the journal may not be there yet. What only concerns one person is not told.
  IF t IN ('notifications', 'preferences', 'vues_enregistrees') OR to_regclass('sync.modifications') IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO sync.modifications (nom_table, pk, agence_id, operation, auteur, poste, quand, avant, apres)
  SELECT t, k, s, op, sync.auteur(), 0, clock_timestamp(), d.avant, d.apres FROM (
    SELECT jsonb_object_agg(a.key, v_avant->>a.key) AS avant,
           CASE WHEN v_apres IS NOT NULL THEN jsonb_object_agg(a.key, v_apres->>a.key) END AS apres
      FROM jsonb_each(v_avant) a
     WHERE a.key <> ALL (:UNTOLD) AND (v_apres IS NULL OR a.value IS DISTINCT FROM v_apres->a.key)) d
   WHERE d.avant IS NOT NULL;
END $f$;

CREATE OR REPLACE FUNCTION sync.capturer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM sync.noter(TG_TABLE_NAME, OLD.id, coalesce(OLD.agence_id, 0), 'deleted',
      to_jsonb(OLD) - 'hashed_password');
    PERFORM sync.journaliser(TG_TABLE_NAME, OLD.id, OLD.agence_id, 'D', to_jsonb(OLD), NULL);
    PERFORM pg_notify('erp_' || coalesce(OLD.agence_id, 0), '');
  ELSE
    IF TG_OP = 'UPDATE' AND NEW.agence_id IS DISTINCT FROM OLD.agence_id THEN
      PERFORM sync.noter(TG_TABLE_NAME, OLD.id, coalesce(OLD.agence_id, 0), 'evicted', NULL);
      PERFORM pg_notify('erp_' || coalesce(OLD.agence_id, 0), '');
    END IF;
    PERFORM sync.noter(TG_TABLE_NAME, NEW.id, coalesce(NEW.agence_id, 0), 'live', NULL);
    IF TG_OP = 'UPDATE' THEN
      PERFORM sync.journaliser(TG_TABLE_NAME, NEW.id, NEW.agence_id, 'U', to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    PERFORM pg_notify('erp_' || coalesce(NEW.agence_id, 0), '');
  END IF;
  RETURN NULL;
END $f$;

CREATE OR REPLACE FUNCTION sync.capturer_partage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM sync.noter(TG_TABLE_NAME, OLD.id, 0, 'deleted', to_jsonb(OLD));
    PERFORM sync.journaliser(TG_TABLE_NAME, OLD.id, NULL, 'D', to_jsonb(OLD), NULL);
  ELSE
    PERFORM sync.noter(TG_TABLE_NAME, NEW.id, 0, 'live', NULL);
    IF TG_OP = 'UPDATE' THEN
      PERFORM sync.journaliser(TG_TABLE_NAME, NEW.id, NULL, 'U', to_jsonb(OLD), to_jsonb(NEW));
    END IF;
  END IF;
  PERFORM pg_notify('erp_0', '');
  RETURN NULL;
END $f$;

-- A device that has not heard of an erasure yet loses against it, and what it says of the person is kept nowhere.
CREATE OR REPLACE FUNCTION sync.taire_efface() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  IF NEW.nom_table IN (:PEOPLE) AND EXISTS (SELECT 1 FROM public.effacements e WHERE e.nom_table = NEW.nom_table
      AND e.fiche_id = NEW.pk) AND (NEW.politique = 'groupe' OR NEW.colonne IN (:PERSONAL)) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END $f$;

CREATE OR REPLACE FUNCTION sync.tracer_statut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  INSERT INTO public.historiques_interventions (agence_id, intervention_id, user_id, action, statut, ancienne_valeur,
    nouvelle_valeur, remarque, horodatage, poste, recu_a, created_at, updated_at, created_by_id)
  VALUES (NEW.agence_id, NEW.id, sync.auteur(), 'statut', NEW.statut, jsonb_build_object('statut', OLD.statut),
    jsonb_build_object('statut', NEW.statut), nullif(current_setting('erp.remarque', true), ''), clock_timestamp(), 0,
    clock_timestamp(), clock_timestamp(), clock_timestamp(), sync.auteur());
  RETURN NULL;
END $f$;
