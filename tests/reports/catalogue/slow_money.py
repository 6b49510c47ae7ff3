"""The other figures of the catalogue, one row at a time: techniciens, costs, contracts, stock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from erp_desktop import clock
from tests.reports.catalogue.slow import Work
from tests.reports.catalogue.world import Row, local, whole

CENT = Decimal("0.01")


class Slow(Work):
    """Every figure; see :class:`Work`."""

    # People

    def shares(self, table: str, end: datetime, wanted: Callable[[Row], bool]) -> Iterator[tuple[Any, ...]]:
        for t in self.w.of("Technicien"):
            keys = {"agence": t["agence_id"], "technicien": t["id"]}
            if not t["is_active"]:
                yield keys, 0, 0, 0, 1
                continue
            spent = sum(
                min(whole(x["fin"]), whole(end)) - max(whole(x["debut"]), whole(self.t0))
                for x in self.w.of(table)
                if x["technicien_id"] == t["id"] and wanted(x) and x["debut"] < end and x["fin"] > self.t0
            )
            yield keys, spent, self.available(t, end), 1, 0

    def available(self, t: Row, end: datetime) -> int:
        """Opening seconds that no accepted absence covers, counted by the minute pieces between all their ends."""
        cuts, spans = {self.t0, end}, []
        for a in self.w.of("Absence"):
            if a["technicien_id"] != t["id"] or a["statut"] != "acceptee" or a["type"] == "astreinte":
                continue
            begin, finish, week = clock_local(a["debut"]), clock_local(a["fin"]), 0
            while True:
                x, y = (at + timedelta(days=7 * week) for at in (begin, finish))
                if utc(x) >= end or (a["recurrence_fin"] and x.date() > a["recurrence_fin"]):
                    break
                spans.append((utc(x), utc(y)))
                cuts |= {c for c in (utc(x), utc(y)) if self.t0 < c < end}
                if a["recurrence"] is None:
                    break
                week += 1
        ordered = sorted(cuts)
        return sum(
            self.opening(t["agence_id"], x, y)
            for x, y in pairwise(ordered)
            if not any(a <= x and y <= b for a, b in spans)
        )

    def occupation(self) -> Iterator[tuple[Any, ...]]:
        return self.shares("Temps", self.end, lambda x: x["type"] in ("travail", "trajet"))

    def charge(self) -> Iterator[tuple[Any, ...]]:
        return self.shares("Creneau", self.t1, lambda x: x["etat"] != "annule")

    # Money

    def lines(self, i: Row) -> list[Row]:
        return [x for x in self.w.of("LigneIntervention") if x["intervention_id"] == i["id"] and not x["prevue"]]

    @staticmethod
    def cents(amount: Decimal) -> int:
        return int(amount.quantize(CENT, ROUND_HALF_UP) * 100)

    def cout(self) -> Iterator[tuple[Any, ...]]:
        for i in self.closed():
            taken = self.lines(i)
            total = sum(self.cents(x["quantite"] * x["prix_unitaire"]) for x in taken)
            some = bool(taken) or i["cout_externe"] is not None
            yield (
                self.job(i, i["date_cloture"]),
                total + self.cents(i["cout_externe"] or Decimal(0)),
                0,
                some,
                not some,
            )

    def cout_revient(self) -> Iterator[tuple[Any, ...]]:
        for i in self.closed():
            keys = self.job(i, i["date_cloture"])
            for m in self.w.of("MouvementStock"):
                if m["intervention_id"] == i["id"]:
                    value = m["valeur_unitaire"] if m["valeur_unitaire"] is not None else m["prix_unitaire"]
                    known = value is not None
                    yield keys, -self.cents(m["quantite"] * value) if known else 0, 0, known, not known
            for x in self.w.of("Temps"):
                if x["intervention_id"] == i["id"]:
                    known = x["cout_horaire"] is not None
                    # In one division, so that no digit is lost before the rounding.
                    paid = Decimal(whole(x["fin"]) - whole(x["debut"])) * (x["cout_horaire"] or 0) / 3600
                    yield keys, self.cents(paid), 0, known, not known
            if i["cout_externe"] is not None:
                yield keys, self.cents(i["cout_externe"]), 0, 1, 0

    def pieces(self) -> Iterator[tuple[Any, ...]]:
        for i in self.closed():
            for x in self.lines(i):
                if x["type_ligne"] == "piece":
                    known = x["piece_id"] is not None
                    amount = self.cents(x["quantite"] * x["prix_unitaire"]) if known else 0
                    yield self.job(i, i["date_cloture"]) | {"piece": x["piece_id"]}, amount, 0, known, not known

    def marge(self) -> Iterator[tuple[Any, ...]]:
        bare = Slow(self.w, None)
        for c in self.w.of("Contrat"):
            if c["statut"] == "brouillon" or c["date_debut"] > self.fin:
                continue
            keys = {"agence": c["agence_id"], "client": c["client_id"], "contrat": c["id"]}
            if c["montant_annuel"] is None:
                yield keys, 0, 0, 0, 1
                continue
            spent = unknown = 0
            billed = {i["id"] for i in self.jobs.values() if i["imputation"] == "a_facturer"}
            everything = bare.jobs
            bare.jobs = {k: i for k, i in everything.items() if i["contrat_id"] == c["id"] and k not in billed}
            for _, num, _den, _n, out in bare.cout_revient():
                spent, unknown = spent + int(num), unknown + int(out)
            bare.jobs = everything
            yield keys, self.earned(c) - spent, 0, 1, unknown

    def earned(self, c: Row) -> int:
        ends = [d for d in (c["date_fin"], c["date_resiliation"] and c["date_resiliation"] - timedelta(days=1)) if d]
        stop, total, step = min(ends, default=date(2200, 1, 1)), 0, {"mensuel": 1, "trimestriel": 3, "annuel": 12}
        months, rank = step[c["mode_facturation"]], 0
        while True:
            du, after = shifted(c["date_debut"], rank * months), shifted(c["date_debut"], (rank + 1) * months)
            if du > self.fin or du > stop:
                return total
            per = 12 // months
            year, part = divmod(rank, per)
            whole_year = c["montant_annuel"] * (1 + (c["revision_pct"] or 0) / Decimal(100)) ** year
            whole_year = whole_year.quantize(CENT, ROUND_HALF_UP)
            until = (whole_year * (part + 1) / per).quantize(CENT, ROUND_HALF_UP)
            amount = until - (whole_year * part / per).quantize(CENT, ROUND_HALF_UP)
            au = after - timedelta(days=1)
            if stop < au:
                amount = (amount * ((stop - du).days + 1) / ((au - du).days + 1)).quantize(CENT, ROUND_HALF_UP)
                au = stop
            seen = sum(self.debut <= du + timedelta(days=n) <= self.fin for n in range((au - du).days + 1))
            total += self.cents(amount * seen / ((au - du).days + 1))
            rank += 1

    def creances(self) -> Iterator[tuple[Any, ...]]:
        def valid(f: Row) -> bool:
            return f["statut"] not in ("brouillon", "a_transmettre", "annulee")

        payments = {p["id"]: p for p in self.w.of("Paiement")}
        bounced = {p["annule_id"] for p in payments.values()}
        good = {i for i, p in payments.items() if p["annule_id"] is None and i not in bounced}
        for f in self.w.of("Facture"):
            keys = {"agence": f["agence_id"], "client": f["client_id"], "contrat": f["contrat_id"]}
            days = (local(self.now) - f["date_echeance"]).days if f["date_echeance"] else 0
            keys["retard"] = 0 if days <= 0 else 1 + sum(days > end for end in (30, 60, 90))
            due = f["total_ttc"]
            due -= sum(a["total_ttc"] for a in self.w.of("Facture")
                       if a["facture_origine_id"] == f["id"] and a["type_facture"] == "avoir"
                       and valid(a))  # fmt: skip
            due -= sum(i["montant"] for i in self.w.of("Imputation")
                       if i["facture_id"] == f["id"] and i["paiement_id"] in good)  # fmt: skip
            due -= sum(payments[i]["montant"] for i in good if payments[i]["facture_id"] == f["id"])
            owed = valid(f) and f["type_facture"] == "facture" and due > 0
            yield keys, self.cents(due) if owed else 0, 0, owed, not valid(f)

    def stock(self, old: Callable[[list[Row]], bool]) -> Iterator[tuple[Any, ...]]:
        depots = {d["id"]: d for d in self.w.of("Depot")}
        moves = self.w.of("MouvementStock")
        for piece, agence in {(m["piece_id"], m["agence_id"]) for m in moves}:
            mine = sorted((m for m in moves if (m["piece_id"], m["agence_id"]) == (piece, agence)),
                          key=lambda m: (m["horodatage"], m["id"]))  # fmt: skip
            kept = [m for m in mine if depots[m["depot_id"]]["type_depot"] != "rebut"]
            if not kept or not old(kept):
                continue
            places: dict[int, Decimal] = {}
            for m in kept:
                places[m["depot_id"]] = places.get(m["depot_id"], Decimal(0)) + m["quantite"]
            above, cost = sum(n for n in places.values() if n > 0), self.average(mine)
            out = (above > 0 and cost is None) or any(n < 0 for n in places.values())
            worth = int((above * cost).quantize(CENT, ROUND_HALF_EVEN) * 100) if cost is not None else 0
            yield {"agence": agence, "piece": piece}, worth, 0, above > 0 and cost is not None, out

    @staticmethod
    def average(moves: list[Row]) -> Decimal | None:
        held, cost = Decimal(0), None
        for m in moves:
            if m["type_mouvement"] == "transfert":
                continue
            price = m["valeur_unitaire"] if m["valeur_unitaire"] is not None else m["prix_unitaire"]
            if m["quantite"] > 0 and price is not None:
                if held <= 0 or cost is None:
                    cost = price
                else:
                    cost = (held * cost + m["quantite"] * price) / (held + m["quantite"])
                cost = cost.quantize(Decimal("0.0001"), ROUND_HALF_UP)
            held += m["quantite"]
        return cost

    def stock_valeur(self) -> Iterator[tuple[Any, ...]]:
        return self.stock(lambda _: True)

    def stock_dormant(self) -> Iterator[tuple[Any, ...]]:
        limit = self.now - timedelta(days=365)
        return self.stock(lambda kept: max(m["horodatage"] for m in kept) < limit)


def shifted(day: date, months: int) -> date:
    """The same day of a later month, or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def clock_local(instant: datetime) -> datetime:
    """The wall clock in Morocco, without a zone."""
    return clock.local(instant).replace(tzinfo=None)


def utc(wall: datetime) -> datetime:
    """The instant of a wall clock in Morocco."""
    return wall.replace(tzinfo=clock.CASABLANCA).astimezone(UTC)
