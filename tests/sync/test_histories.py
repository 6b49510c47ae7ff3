"""Random histories: whatever the order of edits, moves, cuts and cycles, replicas agree and no value vanishes."""

from __future__ import annotations

import contextlib
import random

import pytest

from erp_desktop.errors import CentralUnreachableError
from tests.sync.lab import Device, Lab, T

FIELDS = ("titre", "diagnostic", "description", "duree_estimee")


class History:
    """One seeded history; ``typed`` is what people typed: (row, field) → values."""

    def __init__(self, lab: Lab, devices: list[Device], seed: int) -> None:
        self.lab = lab
        self.devices = devices
        self.chance = random.Random(seed)
        self.seed = seed
        self.typed: dict[tuple[int, str], list[object]] = {}
        self.inserted: list[int] = []
        self.serial = 0

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
        values = self.typed.setdefault((pk, column), [])
        # Typing over one's own unsent value is a choice, not a loss.
        if before in values and device.value(
            "SELECT 1 FROM sync_outbox WHERE nom_table = 'interventions' AND pk = ? AND colonne = ?", pk, column
        ):
            values.remove(before)
        values.append(value)

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
        lost = {(pk, c, mine) for d in self.devices for _, pk, c, _, mine, _ in d.conflicts()}
        bases = {(pk, c, base) for d in self.devices for _, pk, c, base, _, _ in d.conflicts()}
        superseded = {(pk, c, theirs) for d in self.devices for _, pk, c, _, _, theirs in d.conflicts()}
        for (pk, column), values in self.typed.items():
            stands = self.lab.get("interventions", pk, column)
            assert stands in values or (pk, column, stands) in bases, f"{pk} {column} : {stands!r}"
            clashed = [v for v in values if (pk, column, v) in lost]
            assert stands not in clashed or (pk, column, stands) in superseded


def play(lab: Lab, seeds: range, steps: int) -> None:
    devices = [lab.device("CAS"), lab.device("CAS"), lab.device("TNG")]
    for device in devices:
        lab.proxy(device)
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
