"""Columns that are computed on every replica from other rows, and never sent: triggers for both engines.

Totals of an invoice that is not validated yet are the sum of its lines, whoever writes a line and wherever. Two
devices that each add a line both change no total; the centre's is that of both lines. A validated invoice keeps the
totals that it was validated with. Lines are rounded one by one, half up, as ``domain.factures.montants`` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from erp_desktop.registry.search_path import PIN

_OPEN = "statut IN ('brouillon', 'a_transmettre')"
_TOTALS = "total_ht, total_tva, total_ttc"

CENTRE = f"""
DROP FUNCTION IF EXISTS sync.totaux_factures(bigint[]);

-- v_remise: the document's discount that is being written; without it, the one that is there.
CREATE OR REPLACE FUNCTION sync.totaux_factures(v_factures bigint[], v_remise numeric)
RETURNS TABLE (id bigint, ht numeric, tva numeric) LANGUAGE sql STABLE SECURITY DEFINER {PIN} AS $f$
  SELECT f.id, coalesce(sum(l.ht), 0.00), coalesce(sum(round(l.ht * l.taux_tva / 100, 2)), 0.00)
    FROM unnest(v_factures) AS f(id) LEFT JOIN (
      SELECT l.facture_id, l.taux_tva, round(round(l.quantite * l.prix_unitaire * (100 - l.remise_pct) / 100, 2)
               * (100 - coalesce(v_remise, d.remise_pct)) / 100, 2) AS ht
        FROM public.lignes_facture l JOIN public.factures d ON d.id = l.facture_id
       WHERE l.facture_id = ANY(v_factures)) l ON l.facture_id = f.id GROUP BY f.id
$f$;

CREATE OR REPLACE FUNCTION sync.totaliser() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
BEGIN
  -- A new invoice has no lines yet.
  SELECT t.ht, t.tva, t.ht + t.tva INTO NEW.total_ht, NEW.total_tva, NEW.total_ttc
    FROM sync.totaux_factures(CASE TG_OP WHEN 'UPDATE' THEN ARRAY[NEW.id] ELSE ARRAY[NULL::bigint] END,
      NEW.remise_pct) t;
  RETURN NEW;
END $f$;

-- Once per statement, from the rows that it changed.
CREATE OR REPLACE FUNCTION sync.retotaliser() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
DECLARE v_factures bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN v_factures := ARRAY(SELECT DISTINCT facture_id FROM nouvelles);
  ELSIF TG_OP = 'DELETE' THEN v_factures := ARRAY(SELECT DISTINCT facture_id FROM anciennes);
  ELSE v_factures := ARRAY(SELECT facture_id FROM anciennes UNION SELECT facture_id FROM nouvelles);
  END IF;
  UPDATE public.factures f SET total_ht = t.ht, total_tva = t.tva, total_ttc = t.ht + t.tva
    FROM sync.totaux_factures(v_factures, NULL) t WHERE f.id = t.id AND f.{_OPEN}
     AND (f.total_ht, f.total_tva, f.total_ttc) IS DISTINCT FROM (t.ht, t.tva, t.ht + t.tva);
  RETURN NULL;
END $f$;

DROP TRIGGER IF EXISTS erp_total_ins ON public.factures;
CREATE TRIGGER erp_total_ins BEFORE INSERT ON public.factures FOR EACH ROW WHEN (NEW.{_OPEN})
  EXECUTE FUNCTION sync.totaliser();
DROP TRIGGER IF EXISTS erp_total_maj ON public.factures;
-- Not for the update that the lines' own trigger makes, which has them right.
CREATE TRIGGER erp_total_maj BEFORE UPDATE OF statut, remise_pct, {_TOTALS} ON public.factures FOR EACH ROW
  WHEN (NEW.{_OPEN} AND pg_trigger_depth() = 0) EXECUTE FUNCTION sync.totaliser();
DROP TRIGGER IF EXISTS erp_total_ins ON public.lignes_facture;
CREATE TRIGGER erp_total_ins AFTER INSERT ON public.lignes_facture REFERENCING NEW TABLE AS nouvelles
  FOR EACH STATEMENT EXECUTE FUNCTION sync.retotaliser();
DROP TRIGGER IF EXISTS erp_total_maj ON public.lignes_facture;
CREATE TRIGGER erp_total_maj AFTER UPDATE ON public.lignes_facture
  REFERENCING OLD TABLE AS anciennes NEW TABLE AS nouvelles FOR EACH STATEMENT EXECUTE FUNCTION sync.retotaliser();
DROP TRIGGER IF EXISTS erp_total_sup ON public.lignes_facture;
CREATE TRIGGER erp_total_sup AFTER DELETE ON public.lignes_facture REFERENCING OLD TABLE AS anciennes
  FOR EACH STATEMENT EXECUTE FUNCTION sync.retotaliser();
"""
"""Functions and triggers of the centre; the merge's writes fire them like any other."""

TRIGGERS = ("erp_total_ins", "erp_total_maj", "erp_total_sup")


def _rounded(product: str, divisor: int) -> str:
    """Integer division, half away from zero, as numeric rounds at the centre."""
    return f"(abs({product}) + {divisor // 2}) / {divisor} * CASE WHEN {product} < 0 THEN -1 ELSE 1 END"


def money(cents: str) -> str:
    sign = f"CASE WHEN {cents} < 0 THEN '-' ELSE '' END"
    return f"printf('%s%d.%02d', {sign}, abs({cents}) / 100, abs({cents}) % 100)"


def _less(value: str, divisor: int, percent: str) -> str:
    """``value`` / ``divisor`` less a discount in hundredths of a percent; apart without one, for room in 64 bits."""
    reduced = _rounded(f"({value} * (10000 - {percent}))", divisor * 10_000)
    plain = _rounded(value, divisor) if divisor > 1 else value
    return f"CASE {percent} WHEN 0 THEN {plain} ELSE {reduced} END"


def _percent(column: str) -> str:
    return f"CAST(round({column} * 100) AS INTEGER)"


def _computed(facture: str, *, discounts: bool) -> str:
    """SELECT of the three totals as a cache stores them; integer centimes, never floats.

    Args:
        discounts: lines and documents have theirs; not in caches from before.
    """
    line = _percent("remise_pct") if discounts else "0"
    document = _percent(f"(SELECT remise_pct FROM factures WHERE id = {facture})") if discounts else "0"
    lines = (
        "SELECT CAST(round(quantite * 1000) AS INTEGER) * CAST(round(prix_unitaire * 100) AS INTEGER) AS n, "
        f"{_percent('taux_tva')} AS t, {line} AS r, {document} AS d FROM lignes_facture WHERE facture_id = {facture}"
    )
    printed = f"SELECT {_less('n', 1_000, 'r')} AS p, t, d FROM ({lines})"
    net = f"SELECT {_less('p', 1, 'd')} AS h, t FROM ({printed})"
    both = f"SELECT coalesce(sum(h), 0) AS h, coalesce(sum({_rounded('h * t', 10_000)}), 0) AS v FROM ({net})"
    return f"SELECT {money('h')}, {money('v')}, {money('(h + v)')} FROM ({both})"


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received rows fire them too, so that both halves always agree."""
    if not {*_TOTALS.split(", "), "statut"} <= present.get("factures", set()) or "lignes_facture" not in present:
        return

    discounts = "remise_pct" in present["factures"] & present["lignes_facture"]

    def total(facture: str) -> str:
        computed = _computed(facture, discounts=discounts)
        return f"UPDATE factures SET ({_TOTALS}) = ({computed}) WHERE id = {facture} AND {_OPEN};"

    for name, event, factures in (
        ("ins", "INSERT", ("NEW",)), ("upd", "UPDATE", ("OLD", "NEW")), ("del", "DELETE", ("OLD",)),
    ):  # fmt: skip
        body = " ".join(total(f"{row}.facture_id") for row in factures)
        yield (
            f"erp_lignes_facture_total_{name}",
            f"CREATE TRIGGER erp_lignes_facture_total_{name} AFTER {event} ON lignes_facture BEGIN {body} END",
        )
    loud = "(SELECT muet FROM _sync_session) = 0"
    # A received row whose lines are still to come has the centre's totals.
    lines = "EXISTS (SELECT 1 FROM lignes_facture WHERE facture_id = NEW.id)"
    watched = f"statut, {_TOTALS}{', remise_pct' if discounts else ''}"
    for name, event, when in (
        ("ins", "INSERT", loud), ("upd", f"UPDATE OF {watched}", f"({loud} OR {lines})"),
    ):  # fmt: skip
        yield (
            f"erp_factures_total_{name}",
            f"CREATE TRIGGER erp_factures_total_{name} AFTER {event} ON factures WHEN NEW.{_OPEN} AND {when} "
            f"BEGIN {total('NEW.id')} END",
        )
