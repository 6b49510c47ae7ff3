"""Random histories: whatever the order of edits, moves, cuts and cycles, replicas agree and no value vanishes."""

from __future__ import annotations

import contextlib
import random

import pytest

from erp_desktop.errors import CentralUnreachableError
from tests.sync.lab import Device, Lab, T

FIELDS = ("titre", "diagnostic", "description", "duree_estimee")


# Every value that a field ever had at the centre, in order, whoever wrote it.
WATCH = """
CREATE SCHEMA labo;
CREATE TABLE labo.suite (n bigint GENERATED ALWAYS AS IDENTITY, pk bigint, champ text, avant text, apres text);
CREATE FUNCTION labo.noter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
  INSERT INTO labo.suite (pk, champ, avant, apres) SELECT NEW.id, a.key, a.value, b.value
    FROM jsonb_each_text(to_jsonb(OLD)) a JOIN jsonb_each_text(to_jsonb(NEW)) b ON a.key = b.key
   WHERE a.key = ANY(ARRAY['titre', 'diagnostic', 'description', 'duree_estimee'])
     AND a.value IS DISTINCT FROM b.value;
  RETURN NULL; END $f$;
CREATE TRIGGER labo AFTER UPDATE ON interventions FOR EACH ROW EXECUTE FUNCTION labo.noter();
"""


class History:
    """One seeded history.

    Attributes:
        typed: what people typed and did not type over themselves: (row, field, value).
        seen: for each of them, the values that its author may say to have replaced.
    """

    def __init__(self, lab: Lab, devices: list[Device], seed: int) -> None:
        self.lab = lab
        self.devices = devices
        self.chance = random.Random(seed)
        self.seed = seed
        self.typed: set[tuple[int, str, str]] = set()
        self.seen: dict[tuple[int, str, str], set[str | None]] = {}
        self.inserted: list[int] = []
        # Values are never typed twice, in this history or another of the same centre.
        self.serial = seed * 1_000

    def edit(self) -> None:
        device = self.chance.choice(self.devices)
        rows = device.sql("SELECT id FROM interventions ORDER BY id")
        if not rows:
            return
        pk, column = self.chance.choice(rows)[0], self.chance.choice(FIELDS)
        self.serial += 1
        value: object = self.serial if column == "duree_estimee" else f"{self.seed}-{self.serial}"
        before = device.get("interventions", pk, column)
        device.set("interventions", pk, **{column: value})
        shown = None if before is None else str(before)
        key, replaced = (pk, column, str(value)), (pk, column, str(shown))
        self.seen[key] = {shown}
        # Typing over one's own unsent value is a choice, not a loss.
        if replaced in self.seen and device.value(
            "SELECT 1 FROM sync_outbox WHERE nom_table = 'interventions' AND pk = ? AND colonne = ?", pk, column
        ):
            self.seen[key] |= self.seen[replaced]
            self.typed.discard(replaced)
        self.typed.add(key)

    def edit_centre(self) -> None:
        pk = self.chance.choice(self.lab.ids("interventions", self.chance.choice(["CAS", "TNG"])))
        self.serial += 1
        self.lab.set("interventions", pk, notes_internes=f"centre {self.serial}")

    def insert(self) -> None:
        device = self.chance.choice(self.devices)
        with device.console() as db:
            db.execute(
                "INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Histoire', ?, ?)", (T, T)
            )
            self.inserted.append(db.execute("SELECT max(id) FROM clients").fetchone()[0])

    def delete_line(self) -> None:
        device = self.chance.choice(self.devices)
        device.sql("DELETE FROM lignes_intervention WHERE id = (SELECT max(id) FROM lignes_intervention)")

    def cycle(self) -> None:
        self.chance.choice(self.devices).sync()

    def cut(self) -> None:
        proxy = self.chance.choice(self.lab.proxies)
        proxy.cut_after(self.chance.randrange(4_000), self.chance.choice(["in", "out"]))
        with contextlib.suppress(CentralUnreachableError):
            self.devices[self.lab.proxies.index(proxy)].sync()
        proxy.heal()

    def run(self, steps: int) -> None:
        actions = [self.edit] * 6 + [self.edit_centre, self.insert, self.delete_line, self.cut] + [self.cycle] * 3
        for _ in range(steps):
            self.chance.choice(actions)()

    def check(self) -> None:
        """Convergence, no duplicate, and each value typed either stands or is the loser of a conflict."""
        self.lab.settle(10)
        self.lab.converged()
        assert all(d.parked() == [] for d in self.devices)
        assert len(set(self.inserted)) == len(self.inserted)
        found = self.lab.value("SELECT count(*) FROM clients WHERE nom_entreprise = 'Histoire'")
        assert found >= len(self.inserted)
        lost = {(pk, c, str(mine)) for d in self.devices for _, pk, c, _, mine, _ in d.conflicts()}
        steps = self.lab.sql("SELECT pk, champ, avant, apres FROM labo.suite ORDER BY n")
        stood = {(pk, c, after) for pk, c, _, after in steps}
        assert self.typed <= stood | lost, f"vanished: {sorted(self.typed - stood - lost)[:5]}"
        for pk, column, before, after in steps:
            bases = self.seen.get((pk, column, after))
            assert bases is None or before in bases, f"{column} of {pk}: {after!r} replaced {before!r} unseen"


def play(lab: Lab, seeds: range, steps: int) -> None:
    devices = [lab.device("CAS"), lab.device("CAS"), lab.device("TNG")]
    for device in devices:
        lab.proxy(device)
    lab.sql(WATCH)
    inserted: list[int] = []
    for seed in seeds:
        history = History(lab, devices, seed)
        try:
            history.run(steps)
            history.check()
        except BaseException as error:
            raise AssertionError(f"history {seed} of {steps} steps failed: {error}") from error
        inserted += history.inserted
    assert lab.value("SELECT count(*) FROM clients WHERE nom_entreprise = 'Histoire'") == len(inserted)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_replicas_agree_after_any_history(lab: Lab, first: int) -> None:
    play(lab, range(first, first + 10), 14)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_replicas_agree_after_many_histories(lab: Lab) -> None:
    play(lab, range(1_000, 1_300), 60)
