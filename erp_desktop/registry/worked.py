"""What follows from the times and the statut of an intervention: triggers for both engines.

``duree_reelle`` is the sum of the stretches of work and ``temps_deplacement`` of those on the road, in minutes,
whoever notes one and wherever. Two devices that each note a stretch both change no sum; the centre's is that of both.
An intervention without such stretches keeps what was typed, as all of before the revision do.

``motif_attente`` says why it waits now: nothing of one that does not, whichever statut two sides came to.
"""

from __future__ import annotations

from collections.abc import Iterator

from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import BY_NAME

_SUMS = {"duree_reelle": "travail", "temps_deplacement": "trajet"}


def _of(column: str, fiche: str) -> str:
    """SELECT of the minutes at the centre; nothing without a stretch."""
    return (
        "SELECT round(sum(round(extract(epoch FROM fin - debut))) / 60)::integer FROM public.temps "
        f"WHERE intervention_id = {fiche} AND type = '{_SUMS[column]}'"
    )


def _touched(column: str, row: str) -> str:
    return (
        f"    IF {row}.type = '{_SUMS[column]}' THEN\n"
        f"      v_minutes := ({_of(column, f'{row}.intervention_id')});\n"
        f"      UPDATE public.interventions SET {column} = v_minutes\n"
        f"       WHERE id = {row}.intervention_id AND {column} IS DISTINCT FROM v_minutes;\n"
        "    END IF;\n"
    )


_CENTRE = f"""
CREATE OR REPLACE FUNCTION sync.compter_temps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
DECLARE v_minutes integer;
BEGIN
  IF TG_OP <> 'INSERT' THEN
{"".join(_touched(c, "OLD") for c in _SUMS)}  END IF;
  IF TG_OP <> 'DELETE' THEN
{"".join(_touched(c, "NEW") for c in _SUMS)}  END IF;
  RETURN NULL;
END $f$;

CREATE OR REPLACE FUNCTION sync.tenir_duree() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
BEGIN
{"".join(f"  NEW.{c} := coalesce(({_of(c, 'NEW.id')}), NEW.{c});" + chr(10) for c in _SUMS)}  RETURN NEW;
END $f$;

CREATE OR REPLACE FUNCTION sync.tenir_attente() RETURNS trigger LANGUAGE plpgsql {PIN} AS $f$
BEGIN
  NEW.motif_attente := NULL;
  RETURN NEW;
END $f$;

DROP TRIGGER IF EXISTS erp_attente ON public.interventions;
CREATE TRIGGER erp_attente BEFORE UPDATE OF statut, motif_attente ON public.interventions FOR EACH ROW
  WHEN (NEW.statut <> 'en_attente' AND NEW.motif_attente IS NOT NULL) EXECUTE FUNCTION sync.tenir_attente();
DROP TRIGGER IF EXISTS erp_temps ON public.temps;
CREATE TRIGGER erp_temps AFTER INSERT OR DELETE OR UPDATE OF intervention_id, debut, fin, type ON public.temps
  FOR EACH ROW EXECUTE FUNCTION sync.compter_temps();
DROP TRIGGER IF EXISTS erp_duree ON public.interventions;
CREATE TRIGGER erp_duree BEFORE UPDATE OF {", ".join(_SUMS)} ON public.interventions FOR EACH ROW
  WHEN (({", ".join(f"OLD.{c}" for c in _SUMS)}) IS DISTINCT FROM ({", ".join(f"NEW.{c}" for c in _SUMS)}))
  EXECUTE FUNCTION sync.tenir_duree();
"""

TRIGGERS = ("erp_temps", "erp_duree", "erp_attente")


def centre() -> list[str]:
    """Functions and triggers of the centre, where there are times; the merge's writes fire them like any other."""
    return [_CENTRE] if "temps" in BY_NAME else []


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received times fire them too, so that both halves always agree."""
    if "temps" not in present or not set(_SUMS) <= present.get("interventions", set()):
        return

    def minutes(column: str, fiche: str) -> str:
        seconds = "CAST(round((julianday(fin) - julianday(debut)) * 86400) AS INTEGER)"
        return (
            f"(SELECT (sum({seconds}) + 30) / 60 FROM temps WHERE intervention_id = {fiche} "
            f"AND type = '{_SUMS[column]}')"
        )

    def written(column: str, row: str) -> str:
        total = minutes(column, f"{row}.intervention_id")
        return (
            f"UPDATE interventions SET {column} = {total} WHERE id = {row}.intervention_id "
            f"AND {row}.type = '{_SUMS[column]}' AND {column} IS NOT {total}; "
        )

    # Not sent: they follow from the times, there as here. Added, for a received row comes in silence already.
    quiet, loud = ("UPDATE _sync_session SET muet = muet + 2; ", "UPDATE _sync_session SET muet = muet - 2; ")
    for name, event, rows in (
        ("ins", "INSERT", ("NEW",)), ("upd", "UPDATE OF intervention_id, debut, fin, type", ("OLD", "NEW")),
        ("del", "DELETE", ("OLD",)),
    ):  # fmt: skip
        body = "".join(written(column, row) for row in rows for column in _SUMS)
        yield (
            f"erp_temps_duree_{name}",
            f"CREATE TRIGGER erp_temps_duree_{name} AFTER {event} ON temps BEGIN {quiet}{body}{loud}END",
        )
    for column in _SUMS:
        total = minutes(column, "NEW.id")
        yield (
            f"erp_interventions_{column}",
            f"CREATE TRIGGER erp_interventions_{column} AFTER UPDATE OF {column} ON interventions "
            f"WHEN NEW.{column} IS NOT coalesce({total}, NEW.{column}) BEGIN {quiet}"
            f"UPDATE interventions SET {column} = {total} WHERE id = NEW.id; {loud}END",
        )
    if {"statut", "motif_attente"} <= present["interventions"]:
        waits = "NEW.statut <> 'en_attente' AND NEW.motif_attente IS NOT NULL"
        yield (
            "erp_interventions_attente",
            "CREATE TRIGGER erp_interventions_attente AFTER UPDATE OF statut, motif_attente ON interventions "
            f"WHEN {waits} BEGIN {quiet}UPDATE interventions SET motif_attente = NULL WHERE id = NEW.id; {loud}END",
        )
