CREATE OR REPLACE FUNCTION sync.noter(t text, k bigint, s bigint, e text, contenu jsonb) RETURNS void
LANGUAGE sql VOLATILE AS $f$
  INSERT INTO sync.row_state AS r (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
  VALUES (t, k, s, 1, pg_current_xact_id(), nextval('sync.seq_etat'), 0, sync.auteur(), clock_timestamp(), e, contenu)
  ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = r.ver + 1, xid = excluded.xid, seq = excluded.seq,
    origine = 0, auteur = excluded.auteur, quand = excluded.quand, etat = excluded.etat, contenu = excluded.contenu
$f$;

CREATE OR REPLACE FUNCTION sync.capturer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM sync.noter(TG_TABLE_NAME, OLD.id, coalesce(OLD.agence_id, 0), 'deleted',
      to_jsonb(OLD) - 'hashed_password');
    PERFORM pg_notify('erp_' || coalesce(OLD.agence_id, 0), '');
  ELSE
    IF TG_OP = 'UPDATE' AND NEW.agence_id IS DISTINCT FROM OLD.agence_id THEN
      PERFORM sync.noter(TG_TABLE_NAME, OLD.id, coalesce(OLD.agence_id, 0), 'evicted', NULL);
      PERFORM pg_notify('erp_' || coalesce(OLD.agence_id, 0), '');
    END IF;
    PERFORM sync.noter(TG_TABLE_NAME, NEW.id, coalesce(NEW.agence_id, 0), 'live', NULL);
    PERFORM pg_notify('erp_' || coalesce(NEW.agence_id, 0), '');
  END IF;
  RETURN NULL;
END $f$;

CREATE OR REPLACE FUNCTION sync.capturer_partage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER :PIN AS $f$
BEGIN
  IF TG_OP = 'DELETE' THEN PERFORM sync.noter(TG_TABLE_NAME, OLD.id, 0, 'deleted', to_jsonb(OLD));
  ELSE PERFORM sync.noter(TG_TABLE_NAME, NEW.id, 0, 'live', NULL); END IF;
  PERFORM pg_notify('erp_0', '');
  RETURN NULL;
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
