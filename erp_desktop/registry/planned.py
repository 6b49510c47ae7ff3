"""The planned date and technicien of an intervention, those of its first live slot: triggers for both engines.

The one place that keeps ``interventions.technicien_id``, ``date_planifiee`` and ``zone_planifiee`` equal to the first
slot that is not cancelled, so that lists, deadlines and the machine of statuts go on reading them. Who writes a slot
writes no plan: a cache does not send what follows from a slot, and the centre, which merges slots before
interventions, computes the same. Who still writes the plan of an intervention that has slots (an earlier program, a
console) moves its first slot along; taking the technicien or the date away cancels its slots. An intervention without
a slot keeps its plan as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator

from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import BY_NAME

_ORDER = "ORDER BY role = 'renfort', debut, id LIMIT 1"
_PLAN = "technicien_id, date_planifiee, zone_planifiee"
_SLOT = "technicien_id, debut, zone"

_CENTRE = f"""
CREATE OR REPLACE FUNCTION sync.suivre_creneau() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
DECLARE v_fiche bigint; c record;
BEGIN
  v_fiche := CASE TG_OP WHEN 'DELETE' THEN OLD.intervention_id ELSE NEW.intervention_id END;
  SELECT {_SLOT} INTO c FROM public.creneaux WHERE intervention_id = v_fiche AND etat <> 'annule' {_ORDER};
  IF FOUND THEN
    UPDATE public.interventions SET technicien_id = c.technicien_id, date_planifiee = c.debut, zone_planifiee = c.zone
     WHERE id = v_fiche AND ({_PLAN}) IS DISTINCT FROM (c.technicien_id, c.debut, c.zone);
  ELSIF TG_OP = 'INSERT' THEN
    IF session_user <> current_user THEN
      -- Planned at a device and taken off before it was sent. It leaves its technicien, as it would have; what
      -- somebody planned here meanwhile stands, and is told to that device.
      UPDATE public.interventions SET technicien_id = NEW.technicien_id, date_planifiee = NULL, zone_planifiee = NULL
       WHERE id = v_fiche AND technicien_id IS NULL;
      PERFORM sync.noter('interventions', v_fiche, coalesce(NEW.agence_id, 0), 'live', NULL);
    END IF;
  ELSE
    IF OLD.etat <> 'annule' THEN
      UPDATE public.interventions SET date_planifiee = NULL, zone_planifiee = NULL
       WHERE id = v_fiche AND date_planifiee = OLD.debut;
    END IF;
  END IF;
  IF TG_OP = 'UPDATE' AND session_user <> current_user THEN
    IF (OLD.technicien_id, OLD.debut, OLD.zone, OLD.etat) IS NOT DISTINCT FROM
       (NEW.technicien_id, NEW.debut, NEW.zone, NEW.etat) THEN
      -- What a device wanted of the slot lost: the plan that it made of it there is put right as well.
      PERFORM sync.noter('interventions', v_fiche, coalesce(NEW.agence_id, 0), 'live', NULL);
    END IF;
  END IF;
  RETURN NULL;
END $f$;

CREATE OR REPLACE FUNCTION sync.suivre_plan() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
DECLARE c record;
BEGIN
  SELECT id, {_SLOT} INTO c FROM public.creneaux WHERE intervention_id = NEW.id AND etat <> 'annule' {_ORDER};
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF NEW.technicien_id IS NULL OR NEW.date_planifiee IS NULL THEN
    UPDATE public.creneaux SET etat = 'annule' WHERE intervention_id = NEW.id AND etat <> 'annule';
  ELSIF (NEW.technicien_id, NEW.date_planifiee, coalesce(NEW.zone_planifiee, c.zone))
      IS DISTINCT FROM (c.technicien_id, c.debut, c.zone) THEN
    UPDATE public.creneaux SET technicien_id = NEW.technicien_id, debut = NEW.date_planifiee,
      fin = fin + (NEW.date_planifiee - debut), zone = coalesce(NEW.zone_planifiee, zone) WHERE id = c.id;
  END IF;
  RETURN NULL;
END $f$;

DROP TRIGGER IF EXISTS erp_creneau ON public.creneaux;
CREATE TRIGGER erp_creneau AFTER INSERT OR DELETE OR UPDATE OF intervention_id, technicien_id, debut, zone, role, etat
  ON public.creneaux FOR EACH ROW EXECUTE FUNCTION sync.suivre_creneau();
DROP TRIGGER IF EXISTS erp_plan ON public.interventions;
CREATE TRIGGER erp_plan AFTER UPDATE OF {_PLAN} ON public.interventions FOR EACH ROW
  WHEN (({", ".join(f"OLD.{c}" for c in _PLAN.split(", "))}) IS DISTINCT FROM
    ({", ".join(f"NEW.{c}" for c in _PLAN.split(", "))})) EXECUTE FUNCTION sync.suivre_plan();
"""

TRIGGERS = ("erp_creneau", "erp_plan")


def centre() -> list[str]:
    """Functions and triggers of the centre, where there are slots; the merge's writes fire them like any other."""
    return [_CENTRE] if "creneaux" in BY_NAME else []


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received slots fire them too, so that both halves always agree."""
    if "creneaux" not in present or not set(_PLAN.split(", ")) <= present.get("interventions", set()):
        return
    for name, event, row in (
        ("ins", "INSERT", "NEW"), ("upd", "UPDATE OF technicien_id, debut, zone, role, etat", "NEW"),
        ("del", "DELETE", "OLD"),
    ):  # fmt: skip
        first = f"SELECT {_SLOT} FROM creneaux WHERE intervention_id = {row}.intervention_id AND etat <> 'annule'"
        gone = (
            "" if name == "ins" else
            "UPDATE interventions SET date_planifiee = NULL, zone_planifiee = NULL WHERE id = OLD.intervention_id "
            f"AND OLD.etat <> 'annule' AND date_planifiee = OLD.debut AND NOT EXISTS ({first}); "
        )  # fmt: skip
        yield (
            f"erp_creneaux_plan_{name}",
            f"CREATE TRIGGER erp_creneaux_plan_{name} AFTER {event} ON creneaux BEGIN "
            # Not sent: it follows from the slot, there as here. Added, for a received row comes in silence already.
            "UPDATE _sync_session SET muet = muet + 2; "
            f"UPDATE interventions SET ({_PLAN}) = ({first} {_ORDER}) WHERE id = {row}.intervention_id "
            f"AND EXISTS ({first}) AND ({_PLAN}) IS NOT ({first} {_ORDER}); {gone}"
            "UPDATE _sync_session SET muet = muet - 2; END",
        )
    alive = "SELECT id FROM creneaux WHERE intervention_id = NEW.id AND etat <> 'annule'"
    length = "CAST(round((julianday(fin) - julianday(debut)) * 86400) AS INTEGER)"
    end = f"strftime('%Y-%m-%dT%H:%M:%f', NEW.date_planifiee, '+' || {length} || ' seconds') || '000Z'"
    yield (
        "erp_interventions_plan",
        f"CREATE TRIGGER erp_interventions_plan AFTER UPDATE OF {_PLAN} ON interventions WHEN "
        "(SELECT muet FROM _sync_session) = 0 AND (NEW.technicien_id IS NOT OLD.technicien_id "
        "OR NEW.date_planifiee IS NOT OLD.date_planifiee OR NEW.zone_planifiee IS NOT OLD.zone_planifiee) "
        f"AND EXISTS ({alive}) BEGIN "
        "UPDATE creneaux SET etat = 'annule' WHERE intervention_id = NEW.id AND etat <> 'annule' "
        "AND (NEW.technicien_id IS NULL OR NEW.date_planifiee IS NULL); "
        f"UPDATE creneaux SET technicien_id = NEW.technicien_id, debut = NEW.date_planifiee, fin = {end}, "
        f"zone = coalesce(NEW.zone_planifiee, zone) WHERE id = ({alive} {_ORDER}) AND NEW.technicien_id IS NOT NULL "
        "AND NEW.date_planifiee IS NOT NULL AND (technicien_id IS NOT NEW.technicien_id "
        "OR debut IS NOT NEW.date_planifiee OR zone IS NOT coalesce(NEW.zone_planifiee, zone)); END",
    )
