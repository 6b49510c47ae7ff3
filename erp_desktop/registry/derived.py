"""Columns that are computed on every replica from other rows, and never sent: triggers for both engines.

Totals of an invoice that is not validated yet are the sum of its lines, whoever writes a line and wherever. Two
devices that each add a line both change no total; the centre's is that of both lines. A validated invoice keeps the
totals that it was validated with. Lines are rounded one by one, half up, as ``domain.argent`` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from erp_desktop.registry.search_path import PIN

_OPEN = "statut IN ('brouillon', 'a_transmettre')"
_TOTALS = "total_ht, total_tva, total_ttc"

CENTRE = f"""
CREATE OR REPLACE FUNCTION sync.totaux_factures(v_factures bigint[])
RETURNS TABLE (id bigint, ht numeric, tva numeric) LANGUAGE sql STABLE SECURITY DEFINER {PIN} AS $f$
  SELECT f.id, coalesce(sum(l.ht), 0.00), coalesce(sum(round(l.ht * l.taux_tva / 100, 2)), 0.00)
    FROM unnest(v_factures) AS f(id) LEFT JOIN (
      SELECT facture_id, round(quantite * prix_unitaire, 2) AS ht, taux_tva FROM public.lignes_facture
       WHERE facture_id = ANY(v_factures)) l ON l.facture_id = f.id GROUP BY f.id
$f$;

CREATE OR REPLACE FUNCTION sync.totaliser() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS $f$
BEGIN
  -- A new invoice has no lines yet.
  SELECT t.ht, t.tva, t.ht + t.tva INTO NEW.total_ht, NEW.total_tva, NEW.total_ttc
    FROM sync.totaux_factures(CASE TG_OP WHEN 'UPDATE' THEN ARRAY[NEW.id] ELSE ARRAY[NULL::bigint] END) t;
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
    FROM sync.totaux_factures(v_factures) t WHERE f.id = t.id AND f.{_OPEN}
     AND (f.total_ht, f.total_tva, f.total_ttc) IS DISTINCT FROM (t.ht, t.tva, t.ht + t.tva);
  RETURN NULL;
END $f$;

DROP TRIGGER IF EXISTS erp_total_ins ON public.factures;
CREATE TRIGGER erp_total_ins BEFORE INSERT ON public.factures FOR EACH ROW WHEN (NEW.{_OPEN})
  EXECUTE FUNCTION sync.totaliser();
DROP TRIGGER IF EXISTS erp_total_maj ON public.factures;
-- Not for the update that the lines' own trigger makes, which has them right.
CREATE TRIGGER erp_total_maj BEFORE UPDATE OF statut, {_TOTALS} ON public.factures FOR EACH ROW
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


def _money(cents: str) -> str:
    sign = f"CASE WHEN {cents} < 0 THEN '-' ELSE '' END"
    return f"printf('%s%d.%02d', {sign}, abs({cents}) / 100, abs({cents}) % 100)"


def _computed(facture: str) -> str:
    """SELECT of the three totals as a cache stores them; integer centimes, never floats."""
    lines = (
        "SELECT CAST(round(quantite * 1000) AS INTEGER) * CAST(round(prix_unitaire * 100) AS INTEGER) AS n, "
        f"CAST(round(taux_tva * 100) AS INTEGER) AS t FROM lignes_facture WHERE facture_id = {facture}"
    )
    net = f"SELECT {_rounded('n', 1_000)} AS h, t FROM ({lines})"
    both = f"SELECT coalesce(sum(h), 0) AS h, coalesce(sum({_rounded('h * t', 10_000)}), 0) AS v FROM ({net})"
    return f"SELECT {_money('h')}, {_money('v')}, {_money('(h + v)')} FROM ({both})"


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received rows fire them too, so that both halves always agree."""
    if not {*_TOTALS.split(", "), "statut"} <= present.get("factures", set()) or "lignes_facture" not in present:
        return

    def total(facture: str) -> str:
        return f"UPDATE factures SET ({_TOTALS}) = ({_computed(facture)}) WHERE id = {facture} AND {_OPEN};"

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
    for name, event, when in (
        ("ins", "INSERT", loud), ("upd", f"UPDATE OF statut, {_TOTALS}", f"({loud} OR {lines})"),
    ):  # fmt: skip
        yield (
            f"erp_factures_total_{name}",
            f"CREATE TRIGGER erp_factures_total_{name} AFTER {event} ON factures WHEN NEW.{_OPEN} AND {when} "
            f"BEGIN {total('NEW.id')} END",
        )
