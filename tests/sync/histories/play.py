"""Random histories of a few branches: whatever the order of edits, deletions, moves, cuts, kills and restores.

What must hold at the end of each: every replica equals the centre, nothing acknowledged is lost, nothing doubled, no
preventive date above all, each value that somebody typed either stood at the centre or is kept as the loser of a
conflict or in a parked unit, no plan stands that nobody made, a visit has one slot and its intervention that slot's
date, every total is that of its lines, legal numbers have no hole and no double, nothing validated or paid changes,
every duration is that of its times, no machine stands still twice at once, covers and periods follow a contract that
runs on, which is told once, and no absence, time, contract or period stands that nobody made.

Long on purpose: every act of a branch stands beside what must hold after it.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.argent import LigneMontant, totaux
from erp_desktop.domain.suivi import REPRISE
from erp_desktop.errors import CentralUnreachableError, CloneDetectedError
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.inbox import discard
from tests.sync.histories.contracts import RENEWED, Contracting
from tests.sync.histories.household import Household
from tests.sync.histories.invoices import Invoicing, Ledger, prepare, stands
from tests.sync.lab import Device, Lab, T

_TYPED_ON = "SELECT id FROM interventions WHERE occurrence_id IS NULL ORDER BY id"
"""Those of which what was typed is followed by their key: a generated one may become another's."""
FIELDS = ("titre", "diagnostic", "description", "temps_deplacement")
PLANNED = ("technicien_id", "date_planifiee", "zone_planifiee", "duree_estimee")
"""Decided together: what a history records of them is all four, as one value."""
SLOT = ("technicien_id", "debut", "fin", "zone", "etat")
"""What a history records of a slot, under its intervention: two branches that plan one visit make one slot."""

# Every value that a field ever had at the centre, in order, whoever wrote it.
WATCH = """
CREATE SCHEMA labo;
CREATE TABLE labo.suite (n bigint GENERATED ALWAYS AS IDENTITY, pk bigint, champ text, avant text, apres text);
CREATE FUNCTION labo.plan(i public.interventions) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
  SELECT jsonb_build_array(i.technicien_id, to_char(i.date_planifiee AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), i.zone_planifiee, i.duree_estimee)::text $f$;
CREATE FUNCTION labo.noter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
  INSERT INTO labo.suite (pk, champ, avant, apres) SELECT NEW.id, a.key, a.value, b.value
    FROM jsonb_each_text(to_jsonb(OLD)) a JOIN jsonb_each_text(to_jsonb(NEW)) b ON a.key = b.key
   WHERE a.key = ANY(ARRAY['titre', 'diagnostic', 'description', 'temps_deplacement'])
     AND a.value IS DISTINCT FROM b.value;
  INSERT INTO labo.suite (pk, champ, avant, apres) SELECT NEW.id, 'plan', labo.plan(OLD), labo.plan(NEW)
   WHERE labo.plan(OLD) <> labo.plan(NEW);
  RETURN NULL; END $f$;
CREATE TRIGGER labo AFTER UPDATE ON interventions FOR EACH ROW EXECUTE FUNCTION labo.noter();
CREATE FUNCTION labo.creneau(c public.creneaux) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
  SELECT jsonb_build_array(c.technicien_id, to_char(c.debut AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    to_char(c.fin AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), c.zone, c.etat)::text $f$;
CREATE FUNCTION labo.noter_creneau() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
  INSERT INTO labo.suite (pk, champ, avant, apres)
    SELECT NEW.intervention_id, 'creneau', CASE TG_OP WHEN 'UPDATE' THEN labo.creneau(OLD) END, labo.creneau(NEW)
     WHERE TG_OP = 'INSERT' OR labo.creneau(OLD) <> labo.creneau(NEW);
  RETURN NULL; END $f$;
CREATE TRIGGER labo AFTER INSERT OR UPDATE ON creneaux FOR EACH ROW EXECUTE FUNCTION labo.noter_creneau();
"""


class History(Invoicing, Contracting, Household):
    """One seeded history.

    Attributes:
        typed: what people typed and did not type over themselves: (row, field, value).
        seen: for each of them, the values that its author may say to have replaced.
        moved: quantities and lots entered in the stock ledger, by key of the movement.
        answered: answers given to points of checklists.
    """

    def __init__(self, lab: Lab, devices: list[Device], seed: int, ledger: Ledger) -> None:
        self.lab = lab
        self.ledger = ledger
        self.devices = devices
        self.chance = random.Random(seed)
        self.seed = seed
        self.typed: set[tuple[int, str, str]] = set()
        self.seen: dict[tuple[int, str, str], set[str | None]] = {}
        self.inserted: set[int] = set()
        self.moved: dict[int, tuple[Decimal, str | None]] = {}
        self.answered: set[str] = set()
        self.meant: dict[tuple[str, str, tuple[Any, ...]], set[tuple[Any, ...]]] = defaultdict(set)
        """(table, group, key of the row) → what somebody made of the columns that are decided together."""
        self.told: list[str] = []
        self.since = lab.value("SELECT coalesce(max(n), 0) FROM labo.suite")
        # Values are never typed twice, in this history or another of the same centre.
        self.serial = seed * 1_000

    def edit(self) -> None:
        device = self.chance.choice(self.devices)
        rows = device.sql(_TYPED_ON)
        if not rows:
            return
        pk, column = self.chance.choice(rows)[0], self.chance.choice(FIELDS)
        self.serial += 1
        value: object = self.serial if column == "temps_deplacement" else f"{self.seed}-{self.serial}"
        before = device.get("interventions", pk, column)
        own = self.waits(device, pk, (column,))
        device.set("interventions", pk, **{column: value})
        self.record((pk, column, str(value)), None if before is None else str(before), own)

    def edit_plan(self) -> None:
        """Some columns of a plan without a slot; what was made is the whole of it."""
        device = self.chance.choice(self.devices)
        rows = device.sql(_TYPED_ON)[::2]
        if not rows:
            return
        pk = self.chance.choice(rows)[0]
        self.serial += 1
        values: dict[str, object] = {
            "technicien_id": device.value("SELECT min(id) FROM techniciens"), "duree_estimee": self.serial,
            "date_planifiee": f"2026-12-01T08:00:00.{self.serial % 1_000_000:06d}Z",
            "zone_planifiee": f"zone {self.serial}",
        }  # fmt: skip
        # One at least that is new, so that no plan is ever made twice.
        names = {self.chance.choice(PLANNED[1:]), *self.chance.sample(PLANNED, self.chance.randrange(3))}
        before = plan_of(device, pk)
        own = self.waits(device, pk, PLANNED)
        device.set("interventions", pk, **{c: values[c] for c in sorted(names)})
        self.record((pk, "plan", plan_of(device, pk)), before, own)

    def plan_visit(self) -> None:
        """A visit is planned, moved, given to somebody else or taken off; several branches do it to one at once."""
        device = self.chance.choice(self.devices)
        rows = device.sql(_TYPED_ON)[1::2]
        if not rows:
            return
        fiche = self.chance.choice(rows)[0]
        self.serial += 1
        begin, end = (f"2026-12-01T{h:02}:00:00.{self.serial % 1_000_000:06d}Z" for h in (8, 10))
        zone, changed = f"zone {self.serial}", f"2026-11-21T08:00:00.{self.serial % 1_000_000:06d}Z"
        technicien = device.value(f"{_KNOWN} LIMIT 1 OFFSET ?", self.chance.randrange(2)) or device.value(_KNOWN)
        row = device.value("SELECT id FROM creneaux WHERE intervention_id = ?", fiche)
        if row is None:
            device.sql(
                "INSERT INTO creneaux (intervention_id, technicien_id, debut, fin, zone, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)", fiche, technicien, begin, end, zone, T, changed,
            )  # fmt: skip
            self.record((fiche, "creneau", slot_of(device, fiche)), None, False)
            return
        before, own = slot_of(device, fiche), self.waits(device, row, SLOT, "creneaux")
        values: dict[str, object] = {"zone": zone}
        match self.chance.randrange(4):
            case 0:
                values["etat"] = self.chance.choice(["annule", "confirme"])
            case 1:
                values["technicien_id"] = technicien
            case _:
                values |= {"debut": begin, "fin": end}
        device.set("creneaux", row, updated_at=changed, **values)
        self.record((fiche, "creneau", slot_of(device, fiche)), before, own)

    def be_away(self) -> None:
        """A leave is asked for, answered, or moved."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        begin, end = (f"2026-12-{d:02}T08:00:00.000000Z" for d in (1 + self.serial % 12, 14 + self.serial % 12))
        rows = device.sql("SELECT id FROM absences ORDER BY id")
        if not rows or not self.chance.randrange(3):
            device.sql(
                "INSERT INTO absences (technicien_id, debut, fin, zone, type, remarque, created_at, updated_at) "
                "SELECT min(id), ?, ?, 'Africa/Casablanca', 'conge', ?, ?, ? FROM techniciens",
                begin, end, f"Congé {self.serial}", T, T,
            )  # fmt: skip
        else:
            row = rows[-1][0]
            answer = {"statut": self.chance.choice(["acceptee", "refusee"])}
            self.make(device, "absences", row, **(
                {"debut": begin, "fin": end} if self.chance.randrange(2) else answer
            ))  # fmt: skip

    def work(self) -> None:
        """A stretch of work is noted, corrected or taken away; several branches do it to one intervention at once."""
        device = self.chance.choice(self.devices)
        rows = device.sql("SELECT id FROM temps ORDER BY id")
        end = f"2026-11-20T{9 + self.chance.randrange(9):02}:{self.chance.randrange(60):02}:00.000000Z"
        if not rows or self.chance.randrange(2):
            device.sql(
                "INSERT INTO temps (intervention_id, technicien_id, debut, fin, type, created_at, updated_at) SELECT "
                "(SELECT id FROM interventions ORDER BY id LIMIT 1 OFFSET ?), min(id), ?, ?, ?, ?, ? "
                "FROM techniciens",
                self.chance.randrange(2), "2026-11-20T08:00:00.000000Z", end,
                self.chance.choice(["travail", "travail", "attente"]), T, T,
            )  # fmt: skip
        elif self.chance.randrange(3):
            dearer = {"type": self.chance.choice(["travail", "attente"]), "prix_unitaire": f"{int(end[14:16])}.00"}
            self.make(device, "temps", rows[-1][0], updated_at=self.instant(),
                      **self.chance.choice([dearer, {"fin": end}]))  # fmt: skip
        else:
            device.sql("DELETE FROM temps WHERE id = ?", self.chance.choice(rows)[0])

    def stand_still(self) -> None:
        """A machine stops or runs again; what another branch noted of the same hours meanwhile is refused here."""
        device = self.chance.choice(self.devices)
        rows = device.sql("SELECT id, debut, fin FROM arrets ORDER BY id")
        self.serial += 1
        begin = clock.to_text(datetime(1950, 1, 1, tzinfo=UTC) + timedelta(hours=self.serial % 1_000_000))
        end = clock.to_text(clock.from_text(begin) + timedelta(minutes=self.chance.randrange(10, 59)))
        if rows and not self.chance.randrange(4):
            device.sql("DELETE FROM arrets WHERE id = ?", self.chance.choice(rows)[0])
        elif rows and not self.chance.randrange(3):
            device.set("arrets", self.chance.choice(rows)[0], cause=self.chance.choice(["piece", "energie"]))
        else:
            device.sql(
                "INSERT INTO arrets (equipement_id, debut, fin, created_at, updated_at) "
                "SELECT min(id), ?, ?, ?, ? FROM equipements", begin, end, T, T,
            )  # fmt: skip

    def follow_through(self) -> None:
        """Work waits or goes on, a client signs or refuses, a contract is amended, a model is made or changed."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        kind = self.chance.choice(("attentes", "avenants", "modeles_intervention", "interventions", "documents"))
        rows = device.sql(f"SELECT id FROM {kind} ORDER BY id")
        row = self.chance.choice(rows)[0] if rows else None
        if kind == "interventions" and row is not None:
            device.set(kind, row, signature_refus=f"refus {self.serial}", signe_le=self.instant())
        elif kind == "documents" and row is not None:
            device.set(kind, row, moment=self.chance.choice(["avant", "apres"]))
        elif kind == "attentes" and row is not None and self.chance.randrange(3):
            device.set(kind, row, fin=self.instant(), motif=self.chance.choice(["piece", "acces"]))
        elif kind == "attentes":
            device.sql(
                "INSERT INTO attentes (intervention_id, motif, debut, created_at, updated_at) "
                "SELECT min(id), 'accord', ?, ?, ? FROM interventions", T, T, T,
            )  # fmt: skip
        elif kind == "avenants" and row is not None and self.chance.randrange(2):
            device.set(kind, row, valeur_apres=str(self.serial), date_effet="2026-12-01")
        elif kind == "avenants":
            device.sql(
                "INSERT INTO avenants (contrat_id, numero, objet, date_effet, terme, valeur_apres, created_at, "
                "updated_at) SELECT c.id, 1 + coalesce((SELECT max(numero) FROM avenants WHERE contrat_id = c.id), "
                "0), 'Prix', '2026-11-01', 'montant_annuel', ?, ?, ? FROM contrats c "
                "ORDER BY id LIMIT 1", str(self.serial), T, T,
            )  # fmt: skip
        elif kind == "modeles_intervention" and row is not None and self.chance.randrange(2):
            device.set(kind, row, titre=f"titre {self.serial}")
        elif kind == "modeles_intervention":
            device.sql(
                "INSERT INTO modeles_intervention (nom, titre, created_at, updated_at) VALUES (?, 'Visite', ?, ?)",
                f"Modèle {self.serial}", T, T,
            )  # fmt: skip

    def waits(self, device: Device, pk: int, columns: Iterable[str], table: str = "interventions") -> bool:
        told = "SELECT DISTINCT op, colonne FROM sync_outbox WHERE nom_table = ? AND pk = ?"
        return any(op == "I" or c in set(columns) for op, c in device.sql(told, table, pk))

    def make(self, device: Device, table: str, pk: int, **changes: object) -> None:
        """An edit of columns that are decided together: what the row was here and what it is now, somebody made."""
        self.note_whole(device, table, pk)
        device.set(table, pk, **changes)
        self.note_whole(device, table, pk)

    def note_whole(self, device: Device, table: str, pk: int) -> None:
        for group, key, values in whole(device, table, f"id = {pk:d}"):
            self.meant[table, group, key].add(values)

    def record(self, key: tuple[int, str, str], shown: str | None, own: bool) -> None:
        """What was typed over ``shown``; ``own``: that waited here to be sent."""
        replaced = key[0], key[1], str(shown)
        self.seen[key] = {shown}
        # Typing over one's own unsent value is a choice, not a loss.
        if own and replaced in self.seen:
            self.seen[key] |= self.seen[replaced]
            self.typed.discard(replaced)
        self.typed.add(key)

    def edit_centre(self) -> None:
        pk = self.chance.choice(self.lab.ids("interventions", self.chance.choice(["CAS", "TNG"])))
        self.serial += 1
        self.lab.set("interventions", pk, notes_internes=f"centre {self.serial}")

    def edit_reference(self) -> None:
        """A failure code, a rate, a letterhead; a code is renamed, withdrawn and taken up again."""
        self.serial += 1
        n = self.serial
        self.lab.sql(
            "INSERT INTO codes_panne (type, code, libelle, created_at, updated_at) "
            f"VALUES ('cause', 'C{n}', 'Cause {n}', '{T}', '{T}')"
        )
        self.lab.sql(
            "UPDATE codes_panne SET libelle = left(libelle, 40) || ' bis', "
            f"is_active = {'false' if n % 2 else 'true'} "
            "WHERE id = (SELECT min(id) FROM codes_panne)"
        )
        self.lab.sql(
            "INSERT INTO tarifs (type_ligne, libelle, unite, prix_unitaire, taux_tva, date_debut, created_at, "
            f"updated_at) VALUES ('main_oeuvre', 'Heure {n}', 'h', {n}.5, 20, '2027-01-01', '{T}', '{T}')"
        )
        self.lab.sql(
            "INSERT INTO identite_societe (raison_sociale, ice, logo, created_at, updated_at) "
            f"VALUES ('Société {n}', '001525713000077', '\\x89504e47', '{T}', '{T}')"
        )

    def edit_calendar(self) -> None:
        """Administrators at the centre alone: hours of an agency, holidays and reference data of all."""
        self.serial += 1
        self.lab.sql(
            "INSERT INTO horaires_agence (agence_id, jour_iso, debut, fin, valable_du, created_at, updated_at) "
            f"SELECT id, {1 + self.serial % 7}, '08:30', '24:00', date '2027-01-01' + {self.serial % 300}, "
            f"'{T}', '{T}' "
            f"FROM agences WHERE code = '{self.chance.choice(['CAS', 'TNG'])}'"
        )
        self.lab.sql(
            "INSERT INTO jours_feries (jour, libelle, created_at, updated_at) "
            f"VALUES (date '2027-01-01' + {self.serial % 300}, 'Fête {self.serial}', '{T}', '{T}')"
        )
        self.edit_reference()
        self.lab.sql("UPDATE horaires_agence SET fin = '18:30' WHERE id = (SELECT min(id) FROM horaires_agence)")
        self.lab.sql("DELETE FROM jours_feries WHERE id = (SELECT min(id) FROM jours_feries OFFSET 2)")

    def insert(self) -> None:
        device = self.chance.choice(self.devices)
        with device.console() as db:
            db.execute(
                "INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Histoire', ?, ?)", (T, T)
            )
            self.inserted.add(db.execute("SELECT max(id) FROM clients").fetchone()[0])

    def delete_line(self) -> None:
        device = self.chance.choice(self.devices)
        device.sql("DELETE FROM lignes_intervention WHERE id = (SELECT max(id) FROM lignes_intervention)")

    def edit_line(self) -> None:
        """The other half of delete against update."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        device.sql(
            "UPDATE lignes_intervention SET designation = ? WHERE id = (SELECT max(id) FROM lignes_intervention)",
            f"Joint {self.serial}",
        )

    def move_stock(self) -> None:
        device = self.chance.choice(self.devices)
        quantity = Decimal(self.chance.randrange(-9_000, 9_000) or 1) / 1_000
        lot = self.chance.choice([None, "L-1", "L-2"])
        with device.console() as db:
            db.execute(
                "INSERT INTO mouvements_stock (piece_id, depot_id, type_mouvement, quantite, lot, horodatage, "
                "created_at, updated_at) SELECT (SELECT min(id) FROM pieces_detachees), "
                "(SELECT min(id) FROM depots), 'ajustement', ?, ?, ?, ?, ?", (f"{quantity:.3f}", lot, T, T, T),
            )  # fmt: skip
            self.moved[db.execute("SELECT max(id) FROM mouvements_stock").fetchone()[0]] = quantity, lot

    def consume(self) -> None:
        """A part on an intervention with its exit, another quantity with the difference, or the line away."""
        device = self.chance.choice(self.devices)
        lines = device.sql(
            "SELECT id, intervention_id, piece_id, depot_id, lot, CAST(quantite AS REAL) FROM lignes_intervention "
            "WHERE depot_id IS NOT NULL ORDER BY id"
        )
        quantity = self.chance.randrange(1, 9)
        with device.console() as db:
            db.execute("BEGIN IMMEDIATE")
            if not lines or self.chance.randrange(2):
                db.execute(
                    "INSERT INTO lignes_intervention (intervention_id, type_ligne, designation, quantite, "
                    "prix_unitaire, taux_tva, created_at, updated_at, piece_id, depot_id, lot) SELECT "
                    "(SELECT min(id) FROM interventions), 'piece', 'Joint', ?, '15.25', '20.00', ?, ?, "
                    "(SELECT max(id) FROM pieces_detachees), (SELECT min(id) FROM depots), ?",
                    (f"{quantity}.000", T, T, "L-9" if quantity % 2 else None),
                )
                row = db.execute(
                    "SELECT id, intervention_id, piece_id, depot_id, lot FROM lignes_intervention "
                    "ORDER BY id DESC LIMIT 1"
                ).fetchone()
                taken = quantity
            else:
                *row, before = self.chance.choice(lines)
                taken = -round(before)
                if self.chance.randrange(2):
                    taken += quantity
                    db.execute(
                        "UPDATE lignes_intervention SET quantite = ? WHERE id = ?", (f"{quantity}.000", row[0])
                    )
                else:
                    db.execute("DELETE FROM lignes_intervention WHERE id = ?", (row[0],))
            if taken:
                db.execute(
                    "INSERT INTO mouvements_stock (ligne_intervention_id, intervention_id, piece_id, depot_id, "
                    "lot, type_mouvement, quantite, horodatage, created_at, updated_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*row, "sortie" if taken > 0 else "retour", f"{-taken}.000", self.instant(), T, T),
                )
            db.execute("COMMIT")

    def instant(self) -> str:
        """The next instant of this history, whoever acts: effects and counts have an order."""
        self.serial += 1
        return clock.to_text(datetime(2026, 11, 21, tzinfo=UTC) + timedelta(milliseconds=self.serial))

    def transfer(self) -> None:
        """Two rows of one transaction, to a van that the first of a branch makes."""
        device = self.chance.choice(self.devices)
        depots = device.sql("SELECT id FROM depots ORDER BY id")
        if len(depots) < 2:
            device.sql(
                "INSERT INTO depots (nom, type_depot, created_at, updated_at) VALUES (?, 'vehicule', ?, ?)",
                f"Fourgon {device.poste}", T, T,
            )  # fmt: skip
            return
        (one,), (two,) = self.chance.sample(depots, 2)
        quantity, when = self.chance.randrange(1, 9), self.instant()
        with self.as_the_program_writes(device) as (db, number):
            first = number()
            for pk, depot, signed in ((first, one, -quantity), (number(), two, quantity)):
                db.execute(
                    "INSERT INTO mouvements_stock (id, agence_id, piece_id, depot_id, type_mouvement, quantite, "
                    "horodatage, created_at, updated_at, transfert_id) SELECT ?, agence_id, min(id), ?, 'transfert', "
                    "?, ?, ?, ?, ? FROM pieces_detachees WHERE agence_id IS NOT NULL",
                    (pk, depot, f"{signed}.000", when, T, T, first),
                )

    @contextlib.contextmanager
    def as_the_program_writes(self, device: Device) -> Iterator[tuple[Any, Callable[[], int]]]:
        """One transaction whose changes land together, with identifiers of its own: consoles have neither."""
        with device.console() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE _sync_session SET groupe = hex(randomblob(8))")

            def number() -> int:
                row = db.execute(
                    "UPDATE _allocateur SET suivant = suivant + 1 RETURNING suivant - 1, poste"
                ).fetchone()
                return int((row[0] >> 3) << 22 | row[1] << 3 | row[0] & 7)

            yield db, number
            db.execute("UPDATE _sync_session SET groupe = NULL")
            db.execute("COMMIT")

    def count(self) -> None:
        """A sheet, entries on it, or its end with the differences that this desktop knows of."""
        device = self.chance.choice(self.devices)
        sheets = device.sql("SELECT id, depot_id FROM inventaires WHERE etat = 'ouvert' ORDER BY id")
        if not sheets:
            device.sql(
                "INSERT INTO inventaires (depot_id, numero, ouvert_a, created_at, updated_at) "
                "SELECT min(id), ?, ?, ?, ? FROM depots", f"IVT-{device.poste}-{self.instant()}", T, T, T,
            )  # fmt: skip
            return
        sheet, depot = self.chance.choice(sheets)
        if self.chance.randrange(3):
            # The first part is counted lot by lot, the second as a whole.
            which = self.chance.randrange(2)
            device.sql(
                "INSERT INTO lignes_inventaire (inventaire_id, piece_id, quantite, lot, comptee_a, created_at, "
                "updated_at) SELECT ?, id, ?, ?, ?, ?, ? FROM pieces_detachees ORDER BY id LIMIT 1 OFFSET ?", sheet,
                f"{self.chance.randrange(-2, 20)}.000", self.chance.choice(["", "L-1"]) if which == 0 else None,
                self.instant(), T, T, which,
            )  # fmt: skip
            return
        state = "valide" if self.chance.randrange(4) else "annule"
        with device.console() as db:
            db.execute("BEGIN IMMEDIATE")
            if state == "valide":
                for piece, lot, counted, when in db.execute(
                    "SELECT piece_id, lot, sum(CAST(round(quantite * 1000) AS INTEGER)), max(comptee_a) "
                    "FROM lignes_inventaire WHERE inventaire_id = ? GROUP BY piece_id, lot ORDER BY piece_id, lot",
                    (sheet,),
                ).fetchall():
                    known = db.execute(
                        "SELECT coalesce(sum(CAST(round(quantite * 1000) AS INTEGER)), 0) FROM mouvements_stock "
                        "WHERE piece_id = ? AND depot_id = ? AND coalesce(date_effet, horodatage) <= ? "
                        "AND (? IS NULL OR coalesce(lot, '') = ?)", (piece, depot, when, lot, lot),
                    ).fetchone()[0]  # fmt: skip
                    if counted != known:
                        gap = Decimal(counted - known) / 1_000
                        db.execute(
                            "INSERT INTO mouvements_stock (piece_id, depot_id, type_mouvement, quantite, horodatage, "
                            "date_effet, inventaire_id, lot, created_at, updated_at) "
                            "VALUES (?, ?, 'ajustement', ?, ?, ?, ?, ?, ?, ?)",
                            (piece, depot, f"{gap:.3f}", self.instant(), when, sheet, lot or None, T, T),
                        )
            db.execute("UPDATE inventaires SET etat = ?, fige_a = ? WHERE id = ?", (state, T, sheet))
            db.execute("COMMIT")

    def bill(self) -> None:
        """A line more, another price or a line less on a draft; the first of a branch makes the draft."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        drafts = device.sql("SELECT id FROM factures WHERE statut = 'brouillon' ORDER BY id")
        if not drafts:
            device.sql(
                "INSERT INTO factures (numero, client_id, total_ht, created_at, updated_at) "
                "SELECT ?, min(id), '7.00', ?, ? FROM clients", f"PROV-{device.poste}-{self.serial}", T, T,
            )  # fmt: skip
            return
        pk, act = self.chance.choice(drafts)[0], self.chance.randrange(4)
        lines = device.sql("SELECT id FROM lignes_facture WHERE facture_id = ? ORDER BY id", pk)
        quantity = f"{Decimal(self.chance.randrange(-9_000, 90_000)) / 1_000:.3f}"
        if act > 1 or not lines:
            device.sql(
                "INSERT INTO lignes_facture (facture_id, designation, quantite, prix_unitaire, taux_tva, created_at, "
                "updated_at) VALUES (?, 'Joint', ?, ?, ?, ?, ?)", pk, quantity,
                f"{Decimal(self.chance.randrange(1, 99_999)) / 100:.2f}",
                self.chance.choice(["20.00", "10.00"]), T, T,
            )  # fmt: skip
        elif act == 1:
            device.set("lignes_facture", self.chance.choice(lines)[0], quantite=quantity)
        else:
            device.sql("DELETE FROM lignes_facture WHERE id = ?", self.chance.choice(lines)[0])

    def prefer(self) -> None:
        """A setting of the agency's clerk, which other desktops save too; sometimes it is taken away."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        cle, value = self.chance.choice(["theme", "langue"]), json.dumps(f"v{self.serial}")
        row = device.value("SELECT id FROM preferences WHERE cle = ?", cle)
        if row is None:
            device.sql(
                "INSERT INTO preferences (user_id, cle, valeur, created_at, updated_at) "
                "SELECT min(id), ?, ?, ?, ? FROM users WHERE role = 'agent'", cle, value, T, T,
            )  # fmt: skip
        elif self.chance.randrange(3):
            device.set("preferences", row, valeur=value, updated_at="2026-11-21T08:00:00.000000Z")
        else:
            device.sql("DELETE FROM preferences WHERE id = ?", row)

    def notice(self) -> None:
        """An event that any desktop of the clerk may see first; each makes its row, some are read."""
        device = self.chance.choice(self.devices)
        cle = f"{device.agence} {self.chance.randrange(6)}"
        row = device.value("SELECT id FROM notifications WHERE cle = ?", cle)
        if row is None:
            device.sql(
                "INSERT INTO notifications (user_id, type, evenement, contenu, cle, created_at, updated_at) "
                "SELECT min(id), 'retard', 'sla_depasse', 'Fuite', ?, ?, ? FROM users WHERE role = 'agent'",
                cle, T, T,
            )  # fmt: skip
        else:
            device.set("notifications", row, lu=1, lu_a=self.instant())

    def hire(self) -> None:
        """The clerk becomes a technicien, on several desktops at once, with something that points at him."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        user = device.value("SELECT min(id) FROM users WHERE role = 'agent'")
        row = device.value("SELECT id FROM techniciens WHERE user_id = ?", user)
        if row is None:
            device.group(
                f"INSERT INTO techniciens (user_id, created_at, updated_at) VALUES ({user}, '{T}', '{T}')",
                f"UPDATE depots SET technicien_id = (SELECT id FROM techniciens WHERE user_id = {user})",
            )
        else:
            device.set("techniciens", row, equipe=f"équipe {self.serial}")

    def agree(self) -> None:
        """A contract, a machine that it covers or a period of it: two desktops come upon the same ones."""
        device = self.chance.choice(self.devices)
        found = device.sql(
            "SELECT id, client_id FROM contrats WHERE client_id IN (SELECT client_id FROM equipements) "
            f"AND coalesce(objet, '') <> '{RENEWED}'"
        )
        self.serial += 1
        if not found or not self.chance.randrange(8):
            device.sql(
                "INSERT INTO contrats (numero_contrat, client_id, type_contrat, date_debut, created_at, updated_at) "
                "SELECT ?, client_id, 'contrat_cadre', '2026-01-01', ?, ? FROM equipements ORDER BY id LIMIT 1",
                f"CTR-{device.poste}-{self.serial}", T, T,
            )  # fmt: skip
            return
        contract, client = min(found)
        if not self.chance.randrange(4):
            self.make(device, "contrats", contract, **self.chance.choice([
                {"horaire_sla": "continu", "temps_reponse_urgence": self.serial}, {"horaire_sla": "agence"},
                {"temps_reponse_normal": self.serial}, {"date_fin": "2027-12-31"},
                {"date_fin": None, "reconduction": "aucune"}, {"reconduction": "tacite", "duree_mois": self.serial},
            ]))  # fmt: skip
            return
        day = f"2026-{self.chance.randrange(1, 7):02}-01"
        machine = device.value("SELECT min(id) FROM equipements WHERE client_id = ?", client)
        covered = device.value("SELECT id FROM contrat_equipements WHERE contrat_id = ? AND equipement_id = ?",
                               contract, machine)  # fmt: skip
        number = self.chance.randrange(1, 3)
        period = device.value("SELECT id FROM contrat_periodes WHERE contrat_id = ? AND numero = ?", contract, number)
        delay = device.value("SELECT id FROM sla_regles WHERE contrat_id = ? AND priorite = 'haute'", contract)
        if not self.chance.randrange(3):
            if delay is None:
                device.sql(
                    "INSERT INTO sla_regles (contrat_id, priorite, resolution_min, created_at, updated_at) "
                    "VALUES (?, 'haute', ?, ?, ?)", contract, 60 + self.serial, T, T,
                )  # fmt: skip
            elif self.chance.randrange(3):
                device.set("sla_regles", delay, resolution_min=60 + self.serial)
            else:
                device.sql("DELETE FROM sla_regles WHERE id = ?", delay)
        elif self.chance.randrange(2):
            if covered is None:
                device.sql(
                    "INSERT INTO contrat_equipements (contrat_id, equipement_id, du, created_at, updated_at) "
                    "VALUES (?, ?, ?, ?, ?)", contract, machine, day, T, T,
                )  # fmt: skip
            elif self.chance.randrange(3):
                device.set("contrat_equipements", covered, du=day, au="2026-12-31")
            else:
                device.sql("DELETE FROM contrat_equipements WHERE id = ?", covered)
        elif period is None:
            device.sql(
                "INSERT INTO contrat_periodes (contrat_id, numero, du, au, interventions_incluses, created_at, "
                "updated_at) VALUES (?, ?, ?, '2026-12-31', ?, ?, ?)", contract, number, day, self.serial, T, T,
            )  # fmt: skip
            self.note_whole(device, "contrat_periodes", device.value("SELECT max(id) FROM contrat_periodes"))
        else:
            shorter = {"au": f"2026-{self.chance.randrange(7, 13):02}-28", "montant": f"{self.serial}.00"}
            more = {"interventions_incluses": self.serial}
            self.make(device, "contrat_periodes", period, **self.chance.choice([shorter, more]))

    def prevent(self) -> None:
        """A visit of a plan, generated on one desktop or on several, skipped, moved or worked on."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        plans = device.sql("SELECT id FROM plannings ORDER BY id")
        if not plans:
            device.sql(
                "INSERT INTO plannings (equipement_id, frequence, modele_titre, created_at, updated_at) "
                "SELECT min(id), 'hebdomadaire', ?, ?, ? FROM equipements", f"Graissage {self.serial}", T, T,
            )  # fmt: skip
            return
        plan, day = self.chance.choice(plans)[0], f"2027-01-{1 + 7 * self.chance.randrange(4):02}"
        row = device.value("SELECT id FROM occurrences WHERE planning_id = ? AND cle = ?", plan, day)
        if row is None:
            with self.as_the_program_writes(device) as (db, number):
                due, visit = number(), number()
                db.execute(
                    "INSERT INTO occurrences (id, agence_id, planning_id, cle, date_prevue, date_cible, created_at, "
                    "updated_at) SELECT ?, agence_id, id, ?, ?, ?, ?, ? FROM plannings WHERE id = ?",
                    (due, day, day, day, T, T, plan),
                )
                db.execute(
                    "INSERT INTO interventions (id, agence_id, numero, titre, equipement_id, client_id, "
                    "date_creation, occurrence_id, created_at, updated_at) SELECT ?, e.agence_id, ?, p.modele_titre, "
                    "e.id, e.client_id, ?, ?, ?, ? FROM plannings p JOIN equipements e ON e.id = p.equipement_id "
                    "WHERE p.id = ?",
                    (visit, f"INT-{device.poste}-{self.serial}", self.instant(), due, T, T, plan),
                )
            return
        changed = f"2026-11-21T08:00:00.{self.serial % 1_000_000:06d}Z"
        match self.chance.randrange(3):
            case 0:
                device.set("occurrences", row, etat="sautee", motif=f"motif {self.serial}", updated_at=changed)
            case 1:
                device.set("occurrences", row, date_cible="2027-02-01", motif=f"à {self.serial}", updated_at=changed)
            case _:
                device.sql("UPDATE interventions SET notes_internes = ?, updated_at = ? WHERE occurrence_id = ?",
                           f"note {self.serial}", changed, row)  # fmt: skip

    def look(self) -> None:
        """A reading of a meter that several desktops gave one name to, or an answer to a point of a checklist."""
        device = self.chance.choice(self.devices)
        self.serial += 1
        if self.chance.randrange(2):
            meter = device.value("SELECT min(id) FROM compteurs")
            if meter is None:
                device.sql(
                    "INSERT INTO compteurs (equipement_id, nom, created_at, updated_at) "
                    "SELECT min(id), 'Heures', ?, ? FROM equipements", T, T,
                )  # fmt: skip
                return
            device.sql(
                "INSERT INTO releves (compteur_id, index_lu, releve_a, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?)", meter, f"{self.serial}.000", self.instant(), T, T,
            )  # fmt: skip
            return
        point = device.value("SELECT min(id) FROM points_checklist")
        if point is None:
            device.sql("INSERT INTO checklists (nom, created_at, updated_at) VALUES ('Presse', ?, ?)", T, T)
            device.sql(
                "INSERT INTO points_checklist (checklist_id, ordre, libelle, type_point, depuis, created_at, "
                "updated_at) SELECT max(id), 1, 'Fuite', 'oui_non', 1, ?, ? FROM checklists", T, T,
            )  # fmt: skip
            return
        answer = f"non {self.serial}"
        device.sql(
            "INSERT INTO reponses_checklist (intervention_id, point_id, ordre, libelle, type_point, valeur, "
            "repondu_a, created_at, updated_at) SELECT min(id), ?, 1, 'Fuite', 'oui_non', ?, ?, ?, ? "
            "FROM interventions", point, answer, self.instant(), T, T,
        )  # fmt: skip
        self.answered.add(answer)

    def move_client(self) -> None:
        """The centre gives a client of a history to the other agency; whoever edits it meanwhile is told."""
        found = self.lab.sql(
            "SELECT id, agence_id FROM clients WHERE id = ANY(%s) ORDER BY id", sorted(self.inserted)
        )
        if found:
            pk, agence = self.chance.choice(found)
            other = {self.lab.agence("CAS"), self.lab.agence("TNG")} - {agence}
            self.lab.set("clients", pk, agence_id=other.pop())

    def edit_client(self) -> None:
        device = self.chance.choice(self.devices)
        rows = device.sql("SELECT id FROM clients WHERE nom_entreprise = 'Histoire' ORDER BY id DESC LIMIT 5")
        if rows:
            self.serial += 1
            device.set("clients", self.chance.choice(rows)[0], notes=f"note {self.serial}")

    def cycle(self) -> None:
        self.chance.choice(self.devices).sync()

    def cut(self) -> None:
        proxy = self.chance.choice(self.lab.proxies)
        proxy.cut_after(self.chance.randrange(4_000), self.chance.choice(["in", "out"]))
        with contextlib.suppress(CentralUnreachableError):
            self.devices[self.lab.proxies.index(proxy)].sync()
        proxy.heal()

    def kill(self) -> None:
        self.chance.choice(self.devices).die_at(self.chance.randrange(1, 70))

    def restore(self) -> None:
        """An older copy of the cache is put back for one cycle: refused as soon as the centre knows more than it."""
        device = self.chance.choice(self.devices)
        device.hang_up()
        now, before = device.path.with_suffix(".maintenant"), device.path.with_suffix(".avant")
        if not before.exists():
            _copy(device.path, before)
            return
        _copy(device.path, now)
        acknowledged = self.lab.value("SELECT dernier_lot FROM sync.devices WHERE poste = %s", device.poste)
        _copy(before, device.path)
        known = device.value("SELECT coalesce(max(numero), 0) FROM sync_lots")
        device.sql("UPDATE interventions SET description = 'restauré' WHERE id = (SELECT min(id) FROM interventions)")
        # The new edit goes with all else that waits: small batches would first repeat, byte for byte, those that the
        # centre has, as after answers that never came, and there is nothing to refuse in that.
        usual, device.batch = device.batch, 5_000
        refused = False
        try:
            if known < acknowledged:
                device.sync()
        except CloneDetectedError:
            refused = True
        device.hang_up()
        device.batch = usual
        assert refused == (known < acknowledged), f"restored copy knows batch {known}, the centre {acknowledged}"
        _copy(now, device.path)
        now.unlink()
        before.unlink()

    ACTIONS: tuple[tuple[int, str], ...] = (
        (3, "plan_visit"), (2, "be_away"),
        (5, "edit"), (2, "edit_plan"), (1, "edit_centre"), (1, "edit_calendar"), (1, "insert"), (1, "delete_line"),
        (1, "edit_line"), (1, "move_stock"), (2, "consume"), (1, "transfer"), (3, "count"),
        (3, "prevent"), (2, "look"),
        (3, "bill"), (2, "ask_for_number"), (1, "pay"), (1, "credit"),
        (2, "prefer"), (2, "notice"), (1, "hire"), (3, "agree"), (4, "renew"),
        (3, "work"), (2, "stand_still"), (3, "follow_through"), (4, "keep"), (1, "edit_rules"),
        (1, "cut"), (4, "cycle"), (1, "kill"), (1, "restore"), (1, "move_client"), (1, "edit_client"),
    )  # fmt: skip

    def run(self, steps: int) -> None:
        weights, names = zip(*self.ACTIONS, strict=True)
        for name in self.chance.choices(names, weights, k=steps):
            self.told.append(name)
            action: Callable[[], None] = getattr(self, name)
            action()

    def check(self) -> None:
        """Convergence, no duplicate, no acknowledged change lost, and each value typed stands or is kept."""
        for device in self.devices:
            device.path.with_suffix(".avant").unlink(missing_ok=True)
        self.lab.settle(12)
        refused = [(code, reason) for d in self.devices for _, code, reason in d.parked()]
        assert all(code == "partie" or stands(code, reason) for code, reason in refused), f"parked: {refused}"
        for device in self.devices:
            give_up_what_moved(device)
        self.lab.settle(12)
        self.ledger.check(self.lab)
        self.renewals_hold()
        self.lab.converged()
        for device in self.devices:
            assert device.waiting == 0
        assert self.lab.value("SELECT count(*) FROM clients WHERE id = ANY(%s)", sorted(self.inserted)) == len(
            self.inserted
        )
        ledger = {
            row[0]: (row[1], row[2])
            for row in self.lab.sql(
                "SELECT id, quantite, lot FROM mouvements_stock WHERE id = ANY(%s)", sorted(self.moved)
            )
        }
        assert ledger == self.moved, "the stock is not the sum of what was entered"
        for device in self.devices:
            for table in {table for table, *_ in self.meant}:
                for group, row, values in whole(device, table, "1 = 1"):
                    made = self.meant.get((table, group, row))
                    assert made is None or values in made, f"nobody made the {group} {values} of {table} {row}"
        answers = {row[0] for row in self.lab.sql("SELECT valeur FROM reponses_checklist")}
        assert self.answered <= answers, "an answer is lost"
        for ask in (self.lab.sql, *(device.sql for device in self.devices)):
            totals_follow(ask)
            stock_agrees(ask)
            assert ask(ASTRAY) == [], "an intervention has not the plan of its slot"
            assert ask(TWICE) == [], "a preventive date is doubled"
            assert ask(OVERLAPPING) == [], "a machine stands still twice at once"
            durations_follow(ask)
        fiches = dict(self.lab.sql("SELECT id, intervention_id FROM creneaux"))
        lost = {
            (fiches.get(pk, pk) if t == "creneaux" else pk, c, spelt(c, mine))
            for d in self.devices for t, pk, c, _, mine, _ in d.conflicts()
        }  # fmt: skip
        steps = self.lab.sql("SELECT pk, champ, avant, apres FROM labo.suite WHERE n > %s ORDER BY n", self.since)
        stood = {(pk, c, after) for pk, c, _, after in steps}
        assert self.typed <= stood | lost, f"vanished: {sorted(self.typed - stood - lost)[:5]}"
        for pk, column, before, after in steps:
            bases = self.seen.get((pk, column, after))
            assert bases is None or before in bases, f"{column} of {pk}: {after!r} replaced {before!r} unseen"
            follows = column == "plan" and pk in fiches.values()
            made = bases is not None or follows or column not in {"plan", "creneau"}
            assert made, f"nobody made the {column} {after} of {pk}"


def whole(device: Device, table: str, where: str) -> Iterator[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
    """(group, key of the row, values) of each group of each row here; rows of a natural key are known by it."""
    known = BY_NAME[table]
    key = known.key or ("id",)
    for group in known.groups:
        for row in device.sql(f"SELECT {', '.join((*key, *group.columns))} FROM {table} WHERE {where}"):
            yield group.name, row[: len(key)], row[len(key) :]


def totals_follow(ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """Fail unless every draft says what its lines come to."""
    lines: dict[int, list[LigneMontant]] = defaultdict(list)
    for pk, *values in ask("SELECT facture_id, quantite, prix_unitaire, taux_tva FROM lignes_facture"):
        lines[pk].append(LigneMontant(*(Decimal(str(v)) for v in values)))
    drafts = "SELECT id, total_ht, total_tva, total_ttc FROM factures WHERE statut = 'brouillon'"
    for pk, *shown in ask(drafts):
        due = totaux(lines[pk])
        assert [Decimal(str(v)) for v in shown] == [due.ht, due.tva, due.ttc], (
            f"invoice {pk} is not the sum of its lines"
        )


def stock_agrees(ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """Fail unless the ledger says, lot by lot, what lines took and what was counted, and transfers cancel out."""
    moves = [
        (line, piece, depot, sheet, transfer, Decimal(str(quantity)), when, lot or "")
        for line, piece, depot, sheet, transfer, quantity, when, lot in ask(
            "SELECT ligne_intervention_id, piece_id, depot_id, inventaire_id, transfert_id, quantite, "
            "coalesce(date_effet, horodatage), lot FROM mouvements_stock"
        )
    ]
    taken: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    sent: dict[int, Decimal] = defaultdict(Decimal)
    for line, _, _, _, transfer, quantity, _, lot in moves:
        if line is not None:
            taken[line, lot] += quantity
        sent[transfer] += quantity
    lines = {
        (line, lot or ""): quantity
        for line, lot, quantity in ask("SELECT id, lot, quantite FROM lignes_intervention WHERE depot_id IS NOT NULL")
    }
    for key in taken.keys() | lines.keys():
        assert taken[key] == -Decimal(str(lines.get(key, 0))), f"line {key} did not take what left the stock"
    assert not [t for t, total in sent.items() if t is not None and total], "a transfer does not cancel out"
    counts = ask(
        "SELECT i.id, i.etat, i.depot_id, l.piece_id, l.lot, l.quantite, l.comptee_a, l.motif FROM inventaires i "
        "JOIN lignes_inventaire l ON l.inventaire_id = i.id WHERE i.etat <> 'ouvert'"
    )
    for sheet, state, depot, piece, lot in {row[:5] for row in counts}:
        mine = [(q, when) for s, _, _, p, n, q, when, _ in counts if (s, p, n) == (sheet, piece, lot)]
        back = sum(row[7] == REPRISE for row in counts if (row[0], *row[3:5]) == (sheet, piece, lot))
        if state == "valide" and len(mine) <= 2 * back:
            # Every entry was taken back.
            continue
        of_it = [m for m in moves if m[1:3] == (piece, depot) and lot in (None, m[7])]
        if state == "annule":
            assert not sum(m[5] for m in of_it if m[3] == sheet), f"the count {sheet} was given up and corrects"
            continue
        until = max(when for _, when in mine)
        there = sum((m[5] for m in of_it if m[6] <= until), Decimal())
        counted = sum(Decimal(str(q)) for q, _ in mine)
        assert there == counted, f"the stock of {lot} at {until} is not what {sheet} counted"


TWICE = """
SELECT 'date', planning_id FROM occurrences WHERE etat <> 'retiree'
  GROUP BY planning_id, date_prevue HAVING count(*) > 1
UNION ALL SELECT 'visite', occurrence_id FROM interventions WHERE occurrence_id IS NOT NULL
  GROUP BY occurrence_id HAVING count(*) > 1
UNION ALL SELECT 'échéance sans visite', o.id FROM occurrences o WHERE o.etat <> 'retiree'
  AND NOT EXISTS (SELECT 1 FROM interventions i WHERE i.occurrence_id = o.id)
UNION ALL SELECT 'relevé', b.id FROM releves a JOIN releves b ON a.compteur_id = b.compteur_id
  WHERE a.releve_a < b.releve_a AND CAST(a.index_lu AS REAL) > CAST(b.index_lu AS REAL)
"""


def durations_follow(ask: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """Fail unless every intervention with noted work lasted as long as that."""
    spent: dict[int, int] = defaultdict(int)
    for fiche, begin, end in ask("SELECT intervention_id, debut, fin FROM temps WHERE type = 'travail'"):
        one, two = (clock.from_text(x) if isinstance(x, str) else x for x in (begin, end))
        spent[fiche] += round((two - one).total_seconds() / 60)
    shown = dict(ask("SELECT id, duree_reelle FROM interventions"))
    assert {pk: shown[pk] for pk in spent} == spent, "an intervention did not last as long as the work noted"


OVERLAPPING = """
SELECT a.id FROM arrets a JOIN arrets b ON b.equipement_id = a.equipement_id AND b.id > a.id
   AND (a.fin IS NULL OR a.fin > b.debut) AND (b.fin IS NULL OR b.fin > a.debut)
"""
ASTRAY = """
SELECT i.id FROM interventions i JOIN creneaux c ON c.intervention_id = i.id AND c.etat <> 'annule'
 WHERE i.technicien_id <> c.technicien_id OR i.date_planifiee <> c.debut OR i.zone_planifiee <> c.zone
    OR i.technicien_id IS NULL OR i.date_planifiee IS NULL
"""


_KNOWN = (
    "SELECT id FROM techniciens t WHERE NOT EXISTS "
    "(SELECT 1 FROM sync_outbox o WHERE o.nom_table = 'techniciens' AND o.pk = t.id AND o.op = 'I') ORDER BY id"
)
"""Who is known at the centre: somebody hired at two desktops keeps one of two keys, and so does what names him."""


def slot_of(device: Device, fiche: int) -> str:
    """As ``labo.creneau`` spells it at the centre."""
    rows = device.sql(f"SELECT {', '.join(SLOT)} FROM creneaux WHERE intervention_id = ?", fiche)
    return json.dumps(list(rows[0]))


def plan_of(device: Device, pk: int) -> str:
    """As ``labo.plan`` spells it at the centre."""
    return json.dumps(list(device.sql(f"SELECT {', '.join(PLANNED)} FROM interventions WHERE id = ?", pk)[0]))


def spelt(column: str | None, value: object) -> str:
    told = {"plan": PLANNED, "creneau": SLOT}.get(column or "")
    return json.dumps([value[c] for c in told]) if told and isinstance(value, dict) else str(value)


def _copy(source: Path, target: Path) -> None:
    """A closed cache; what its log holds goes into the file first."""
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
        beside = source.with_name(source.name + suffix)
        if beside.exists():
            shutil.copyfile(beside, target.with_name(target.name + suffix))
    shutil.copyfile(source, target)


def give_up_what_moved(device: Device) -> None:
    """A clerk reads that a client has gone to the other agency, or that an invoice is validated, and gives up."""
    engine = device.engine
    for content, code, reason in device.sql("SELECT contenu, code, raison FROM sync_gares WHERE etat = 'gare'"):
        for table, pk in json.loads(content) if code == "partie" or stands(code, reason) else ():
            with transaction(engine) as session:
                discard.abandonner(session, table, pk)
    # A restore replaces the file; nobody may have it open then.
    engine.dispose()


WRITTEN = """
CREATE TABLE labo.ecrites (nom text PRIMARY KEY);
CREATE FUNCTION labo.ecrite() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
  INSERT INTO labo.ecrites VALUES (TG_TABLE_NAME) ON CONFLICT DO NOTHING; RETURN NULL; END $f$;
""" + "".join(
    f"CREATE TRIGGER labo_ecrite AFTER INSERT OR UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION labo.ecrite();\n"
    for name in BY_NAME
)
"""Which tables a history wrote, whoever did it."""


def play(lab: Lab, seeds: Iterable[int], steps: int, kind: type[History] = History) -> int:
    """Play histories of a kind one after the other on one centre with three to five branches; how many were played.

    Raises:
        AssertionError: names the seed to play again, with the first of its series.
    """
    wanted = list(seeds)
    chance = random.Random(wanted[0])
    devices = [lab.device(("CAS", "TNG")[i % 2]) for i in range(chance.randint(3, 5))]
    for place, device in enumerate(devices):
        device.batch = (5_000, 1, 2)[place % 3]
        lab.proxy(device)
    lab.sql(WATCH)
    prepare(lab)
    lab.sql(WRITTEN)
    ledger = Ledger()
    for seed in wanted:
        history = kind(lab, devices, seed, ledger)
        try:
            history.run(steps)
            history.check()
        except BaseException as error:
            told = " ".join(history.told[-20:])
            raise AssertionError(
                f"history {seed} of the series {wanted[0]}, {steps} steps, failed after {told}: {error}"
            ) from error
    return len(wanted)
