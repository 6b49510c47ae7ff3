"""Every figure of the catalogue from dictionaries, one row at a time: no SQL, none of the program's sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from erp_desktop.domain import sla
from erp_desktop.reports.sql import minuit
from tests.reports.catalogue.world import Row, World, local, whole

Tally = dict[Any, list[int]]
OVER = ("cloturee", "archivee")
AGES = ((31, 10**6), (16, 30), (8, 15), (3, 7), (0, 2))


class Work:
    """The figures of one company's work and machines.

    Each method yields rows, each with a numerator, a denominator, whether it is counted and whether it is left out.
    """

    def __init__(self, world: World, group: str | None) -> None:
        self.w, self.group, s = world, group, world.scope
        self.debut, self.fin, self.now = s.debut, s.fin, world.now
        self.t0, self.t1 = minuit(s.debut), minuit(s.fin + timedelta(days=1))
        self.end = max(self.t0, min(self.t1, self.now))
        self.machines = {e["id"]: e for e in world.of("Equipement")}
        self.jobs = {i["id"]: i for i in world.of("Intervention")}

    def figure(self, name: str) -> Tally:
        found: Tally = {}
        for row, *four in getattr(self, name)():
            if not self.inside(row):
                continue
            key = 0 if self.group is None else row.get(self.group)
            sums = found.setdefault(key, [0, 0, 0, 0])
            for n, value in enumerate(four):
                sums[n] += int(value)
        return {key: sums for key, sums in found.items() if any(sums)}

    def inside(self, row: Row) -> bool:
        s = self.w.scope
        for name in ("agence", "client", "contrat", "technicien", "type_equipement"):
            wanted = s.filters.get(name)
            if wanted is not None and row.get(name) != wanted:
                return False
        if s.equipement_id is None:
            return True
        seen, at = set(), row.get("equipement")
        while at is not None and at not in seen:
            if at == s.equipement_id:
                return True
            seen.add(at)
            at = self.machines[at]["parent_id"]
        return False

    # What a row is told apart by

    def job(self, i: Row, when: datetime | None = None) -> Row:
        keys = {
            "agence": i["agence_id"], "client": i["client_id"], "contrat": i["contrat_id"],
            "equipement": i["equipement_id"], "type_equipement": self.machines[i["equipement_id"]]["type_equipement"],
            "technicien": i["technicien_id"], "type": i["type"], "priorite": i["priorite"],
            "probleme": i["probleme_id"], "cause": i["cause_id"],
        }  # fmt: skip
        if when is not None:
            keys["mois"] = self.month(local(when))
        last = min(self.fin, local(self.now))
        old = (last - local(i["date_creation"])).days
        keys["age"] = next((n for n, (a, b) in enumerate(AGES) if a <= old <= b), len(AGES) - 1)
        return keys

    def month(self, day: date) -> int:
        return (day.year - self.debut.year) * 12 + day.month - self.debut.month

    def machine(self, e: Row) -> Row:
        return {
            "agence": e["agence_id"], "client": e["client_id"], "contrat": e["contrat_id"], "equipement": e["id"],
            "type_equipement": e["type_equipement"],
        }  # fmt: skip

    def in_period(self, instant: datetime | None) -> bool:
        return instant is not None and self.debut <= local(instant) <= self.fin

    def made(self) -> Iterator[Row]:
        return (i for i in self.jobs.values() if self.in_period(i["date_creation"]))

    def closed(self) -> Iterator[Row]:
        return (i for i in self.jobs.values() if i["statut"] in OVER and self.in_period(i["date_cloture"]))

    def repaired(self) -> Iterator[Row]:
        return (i for i in self.closed() if i["type"] == "corrective")

    # The backlog

    def open(self) -> Iterator[Row]:
        for i in self.jobs.values():
            if i["date_creation"] >= self.end:
                continue
            cancelled = [h["horodatage"] for h in self.w.of("HistoriqueIntervention")
                         if h["intervention_id"] == i["id"] and h["statut"] == "annulee"]  # fmt: skip
            if i["statut"] in ("ouverte", "affectee", "en_cours", "en_attente"):
                still = True
            elif i["date_cloture"] is not None:
                still = i["statut"] in OVER and i["date_cloture"] >= self.end
            else:
                still = i["statut"] in ("annulee", "archivee") and any(c >= self.end for c in cancelled)
            if still:
                yield i

    def encours(self) -> Iterator[tuple[Any, ...]]:
        for i in self.open():
            yield self.job(i), 1, 0, 1, 0
        for i in self.made():
            if i["statut"] in OVER and i["date_cloture"] is None:
                yield self.job(i), 0, 0, 0, 1

    def encours_heures(self) -> Iterator[tuple[Any, ...]]:
        for i in self.open():
            known = i["duree_estimee"] is not None
            yield self.job(i), i["duree_estimee"] or 0, 0, known, not known

    def encours_age(self) -> Iterator[tuple[Any, ...]]:
        for i in self.open():
            yield self.job(i), whole(self.end) - whole(i["date_creation"]), 1, 1, 0

    def creees(self) -> Iterator[tuple[Any, ...]]:
        for i in self.made():
            yield self.job(i, i["date_creation"]), 1, 0, 1, 0

    def cloturees(self) -> Iterator[tuple[Any, ...]]:
        for i in self.closed():
            yield self.job(i, i["date_cloture"]), 1, 0, 1, 0

    def pannes(self) -> Iterator[tuple[Any, ...]]:
        for i in self.made():
            if i["type"] == "corrective":
                alive = i["statut"] != "annulee"
                yield self.job(i, i["date_creation"]), alive, 0, alive, not alive

    # Commitments and delays

    def due(self, kept: Callable[[Row], bool], unknown: Callable[[Row], bool]) -> Iterator[tuple[Any, ...]]:
        for i in self.jobs.values():
            limit = i["date_limite"]
            if not self.in_period(limit) or limit >= self.end:
                continue
            undated = i["statut"] in OVER and i["date_cloture"] is None
            out = i["statut"] in ("annulee", "en_attente") or undated or unknown(i)
            yield self.job(i, limit), not out and kept(i), not out, not out, out

    def back(self, i: Row) -> datetime | None:
        end: datetime | None = i["date_fin_travaux"] or i["date_cloture"]
        return end

    def sla_tenus(self) -> Iterator[tuple[Any, ...]]:
        def kept(i: Row) -> bool:
            end = self.back(i)
            return i["date_cloture"] is not None and end is not None and end <= i["date_limite"]

        return self.due(kept, lambda _: False)

    def sla_prise(self) -> Iterator[tuple[Any, ...]]:
        return self.due(
            lambda i: i["date_debut_travaux"] is not None and i["date_debut_travaux"] <= i["date_limite"],
            lambda i: i["statut"] in OVER and i["date_debut_travaux"] is None,
        )

    def clock(self, agence: int | None) -> sla.Horaire:
        shut = [f["jour"] for f in self.w.of("JourFerie") if f["agence_id"] in (None, agence)]
        for a in self.w.of("Agence"):
            if a["id"] == agence:
                return sla.lire_horaire(a["jours_ouvres"], a["horaires"], shut)
        return sla.lire_horaire("1,2,3,4,5,6", "08:30-18:30", shut)

    def opening(self, agence: int | None, begin: datetime, end: datetime) -> int:
        """Opening seconds between two instants, day by day."""
        begin, end = begin.replace(microsecond=0), end.replace(microsecond=0)
        total, day, horaire = 0, local(begin), self.clock(agence)
        while day <= local(end):
            for a, b in horaire.ouvertures(day):
                total += max(0, int((min(b, end) - max(a, begin)).total_seconds()))
            day += timedelta(days=1)
        return total

    def prise_en_charge(self) -> Iterator[tuple[Any, ...]]:
        for i in self.repaired():
            begun = i["date_debut_travaux"]
            known = begun is not None and whole(begun) >= whole(i["date_creation"])
            open_ = self.opening(i["agence_id"], i["date_creation"], begun) if known else 0
            yield self.job(i, i["date_cloture"]), open_, known, known, not known

    def mttr(self) -> Iterator[tuple[Any, ...]]:
        for i in self.repaired():
            known = i["duree_reelle"] is not None
            yield self.job(i, i["date_cloture"]), i["duree_reelle"] or 0, known, known, not known

    def remise_en_service(self) -> Iterator[tuple[Any, ...]]:
        for i in self.repaired():
            end = self.back(i)
            assert end is not None
            took = whole(end) - whole(i["date_creation"])
            yield self.job(i, i["date_cloture"]), max(took, 0), took >= 0, took >= 0, took < 0

    def part_preventif(self) -> Iterator[tuple[Any, ...]]:
        for i in self.closed():
            minutes, known = i["duree_reelle"] or 0, i["duree_reelle"] is not None
            yield (self.job(i, i["date_cloture"]), minutes if i["type"] == "preventive" else 0, minutes, known,
                   not known)  # fmt: skip

    def satisfaction(self) -> Iterator[tuple[Any, ...]]:
        for i in self.closed():
            note = i["satisfaction_client"]
            yield self.job(i, i["date_cloture"]), note or 0, note is not None, note is not None, note is None

    def respect_planning(self) -> Iterator[tuple[Any, ...]]:
        for i in self.jobs.values():
            when = i["date_planifiee"]
            if not self.in_period(when) or when >= self.end:
                continue
            begun = i["date_debut_travaux"]
            out = i["statut"] == "annulee" or (i["statut"] in OVER and begun is None)
            kept = not out and begun is not None and local(begun) == local(when)
            yield self.job(i, when), kept, not out, not out, out

    # Failures that come back

    @staticmethod
    def same(a: Row, b: Row) -> bool:
        keys = ("equipement_id", "probleme_id")
        return a["id"] != b["id"] and a["probleme_id"] is not None and all(a[k] == b[k] for k in keys)

    @staticmethod
    def within(closing: datetime, demand: datetime) -> bool:
        return 0 <= whole(demand) - whole(closing) <= 30 * 86400

    def premier_passage(self) -> Iterator[tuple[Any, ...]]:
        alive = [j for j in self.jobs.values() if j["statut"] != "annulee"]
        for i in self.repaired():
            again = any(
                j["type"] == "corrective" and self.same(i, j) and self.within(i["date_cloture"], j["date_creation"])
                for j in alive
            )
            again |= any(j["origine_id"] == i["id"] for j in alive)
            yield self.job(i, i["date_cloture"]), not again, 1, 1, 0

    def recidives(self) -> Iterator[tuple[Any, ...]]:
        before = [j for j in self.jobs.values()
                  if j["type"] == "corrective" and j["statut"] in OVER and j["date_cloture"] is not None]  # fmt: skip
        for i in self.made():
            if i["type"] != "corrective":
                continue
            counted = i["statut"] != "annulee" and i["probleme_id"] is not None
            again = counted and any(self.same(i, j) and self.within(j["date_cloture"], i["date_creation"])
                                    for j in before)  # fmt: skip
            yield self.job(i, i["date_creation"]), again, counted, counted, not counted

    # Machines

    def retired(self, e: Row) -> bool:
        return e["statut"] == "retire" or not e["is_active"]

    def since(self, e: Row) -> datetime:
        used = e["date_mise_en_service"]
        if used is None or used <= self.debut:
            return self.t0
        return self.end if used > self.fin else min(minuit(used), self.end)

    def stops(self) -> Iterator[tuple[Row, int]]:
        for a in self.w.of("Arret"):
            e = self.machines[a["equipement_id"]]
            if not self.retired(e) and a["debut"] < self.end and (a["fin"] is None or a["fin"] > self.t0):
                begin = max(whole(a["debut"]), whole(self.since(e)))
                end = whole(self.end) if a["fin"] is None else min(whole(a["fin"]), whole(self.end))
                yield e, max(0, end - begin)

    def arrets(self) -> Iterator[tuple[Any, ...]]:
        for e, seconds in self.stops():
            yield self.machine(e), seconds, 0, 1, 0
        for e in self.machines.values():
            yield self.machine(e), 0, 0, 0, self.retired(e)

    def exposed(self) -> Iterator[tuple[Row, int, bool]]:
        for e in self.machines.values():
            out = self.retired(e)
            yield e, 0 if out else whole(self.end) - whole(self.since(e)), out

    def mtbf(self) -> Iterator[tuple[Any, ...]]:
        for e, seconds, out in self.exposed():
            yield self.machine(e), seconds, 0, not out, out
        for e, seconds in self.stops():
            yield self.machine(e), -seconds, 0, 0, 0
        for i in self.made():
            e = self.machines[i["equipement_id"]]
            late = i["date_creation"] >= self.end
            if i["type"] == "corrective" and i["statut"] != "annulee" and not self.retired(e) and not late:
                yield self.machine(e), 0, 1, 0, 0

    def disponibilite(self) -> Iterator[tuple[Any, ...]]:
        for e, seconds, out in self.exposed():
            yield self.machine(e), seconds, seconds, not out, out
        for e, seconds in self.stops():
            yield self.machine(e), -seconds, 0, 0, 0

    def respect_preventif(self) -> Iterator[tuple[Any, ...]]:
        plans = {p["id"]: p for p in self.w.of("Planning")}
        visits = {i["occurrence_id"]: i for i in self.jobs.values()}
        for o in self.w.of("Occurrence"):
            if o["etat"] == "retiree" or not self.debut <= o["date_cible"] <= self.fin:
                continue
            plan, visit = plans[o["planning_id"]], visits.get(o["id"])
            end = self.back(visit) if visit and visit["statut"] in OVER else None
            first = o["date_cible"] - timedelta(days=plan["tolerance_avant"] or 0)
            last = o["date_cible"] + timedelta(days=plan["tolerance_apres"] or 0)
            counted = o["etat"] != "sautee" and (end is not None or last < local(self.now))
            kept = counted and end is not None and first <= local(end) <= last
            keys = self.machine(self.machines[plan["equipement_id"]])
            keys["mois"] = self.month(o["date_cible"])
            yield keys, kept, counted, counted, not counted
