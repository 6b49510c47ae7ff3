"""Hypothesis drives three devices and the centre against a model of the exchange in plain Python, step by step.

The model knows values, bases and policies, nothing of outboxes, versions or cursors; after every cycle the device,
the centre and the conflicts must be what it says.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.errors import CentralUnreachableError
from erp_desktop.sync.first_copy import empty_cache
from tests.caches import cache_maker
from tests.sync.lab import Lab

ASK, CENTRE, PLAN = "titre", "temps_deplacement", "plan"
PLANNED = ("technicien_id", "date_planifiee", "zone_planifiee", "duree_estimee")
"""What is decided together: to the model one cell, whose value is all of them."""
CELLS: dict[str, tuple[str, ...]] = {ASK: (ASK,), "diagnostic": ("diagnostic",), CENTRE: (CENTRE,), PLAN: PLANNED}
COLUMNS = (ASK, "diagnostic", CENTRE, "zone_planifiee", "duree_estimee")
CELL_OF = {column: cell for cell, columns in CELLS.items() for column in columns}
Cell = tuple[int, str]
Values = tuple[object, ...]


@dataclass
class Side:
    """A device as the model sees it: what it shows, and the base of what it has not sent."""

    shown: dict[Cell, Values]
    bases: dict[Cell, Values] = field(default_factory=dict)
    frozen: dict[Cell, tuple[Values, Values]] | None = None
    losses: list[tuple[Cell, Values, Values]] = field(default_factory=list)


@dataclass
class Model:
    """Devices push in the order in which they are asked to; the centre decides cell by cell."""

    centre: dict[Cell, Values]
    sides: list[Side]

    def edit(self, who: int, pk: int, column: str, value: object) -> None:
        side, cell = self.sides[who], (pk, CELL_OF[column])
        side.bases.setdefault(cell, side.shown[cell])
        side.shown[cell] = changed(side.shown[cell], column, value)

    def edit_centre(self, pk: int, column: str, value: object) -> None:
        cell = pk, CELL_OF[column]
        self.centre[cell] = changed(self.centre[cell], column, value)

    def freeze(self, who: int) -> None:
        """What is sent is fixed; what is typed from now on starts from it."""
        side = self.sides[who]
        if side.frozen is None:
            changed = {c: (b, side.shown[c]) for c, b in side.bases.items()}
            side.frozen, side.bases = changed, {}

    def land(self, who: int) -> None:
        """The centre merges the frozen batch."""
        side = self.sides[who]
        for cell, (base, mine) in (side.frozen or {}).items():
            now = self.centre[cell]
            if now in (base, mine):
                self.centre[cell] = mine
            elif base != mine:
                side.losses.append((cell, base, mine))
        side.frozen = {}

    def answer(self, who: int) -> None:
        """The device takes everything that it has not changed since."""
        side = self.sides[who]
        side.frozen = None
        for cell, value in self.centre.items():
            if cell not in side.bases:
                side.shown[cell] = value

    def cycle(self, who: int) -> None:
        self.freeze(who)
        self.land(who)
        self.answer(who)
        if self.sides[who].bases:
            self.cycle(who)


def changed(values: Values, column: str, value: object) -> Values:
    return tuple(value if c == column else v for c, v in zip(CELLS[CELL_OF[column]], values, strict=True))


def machine(make: Callable[[], Lab], drop: Callable[[Lab], None]) -> type[RuleBasedStateMachine]:
    """A state machine on laboratories from ``make``."""

    class Exchange(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.lab = make()
            self.devices = [self.lab.device() for _ in range(3)]
            self.proxies = [self.lab.proxy(d) for d in self.devices]
            self.pks = self.lab.ids("interventions")[:2]
            cells = {(pk, cell): self.centre(pk, cell) for pk in self.pks for cell in CELLS}
            self.model = Model(dict(cells), [Side(dict(cells)) for _ in self.devices])
            self.serial = 0

        def centre(self, pk: int, cell: str) -> Values:
            return self.lab.sql(f"SELECT {', '.join(CELLS[cell])} FROM interventions WHERE id = %s", pk)[0]

        def value(self, column: str) -> object:
            self.serial += 1
            return self.serial if column in {CENTRE, "duree_estimee"} else f"v{self.serial}"

        @rule(who=st.integers(0, 2), row=st.integers(0, 1), column=st.sampled_from(COLUMNS))
        def edit(self, who: int, row: int, column: str) -> None:
            value = self.value(column)
            self.devices[who].set("interventions", self.pks[row], **{column: value})
            self.model.edit(who, self.pks[row], column, value)

        @rule(row=st.integers(0, 1), column=st.sampled_from(COLUMNS))
        def edit_centre(self, row: int, column: str) -> None:
            value = self.value(column)
            self.lab.set("interventions", self.pks[row], **{column: value})
            self.model.edit_centre(self.pks[row], column, value)

        @rule(who=st.integers(0, 2))
        def cycle(self, who: int) -> None:
            self.devices[who].sync()
            self.model.cycle(who)
            self.agrees(who)

        @rule(who=st.integers(0, 2), answered=st.booleans())
        def cut(self, who: int, answered: bool) -> None:
            """The line goes with the question, or after the centre's COMMIT and before the answer."""
            device, proxy = self.devices[who], self.proxies[who]
            device.syncer.link.connect()
            before = self.lab.value("SELECT dernier_lot FROM sync.devices WHERE poste = %s", device.poste)
            proxy.cut_after(0, "in" if answered else "out")
            with pytest.raises(CentralUnreachableError):
                device.sync()
            proxy.heal()
            landed = self.lab.value("SELECT dernier_lot FROM sync.devices WHERE poste = %s", device.poste) > before
            if device.value("SELECT count(*) FROM sync_lots WHERE repondu_a IS NULL"):
                self.model.freeze(who)
            if landed:
                self.model.land(who)

        def agrees(self, who: int) -> None:
            side, device = self.model.sides[who], self.devices[who]
            for (pk, cell), values in side.shown.items():
                shown = device.sql(f"SELECT {', '.join(CELLS[cell])} FROM interventions WHERE id = ?", pk)
                assert shown == [values], f"poste {who} {cell}"
            for (pk, cell), values in self.model.centre.items():
                assert self.centre(pk, cell) == values, f"centre {cell}"
            told = sorted(
                (pk, c, str(tuple(mine[p] for p in PLANNED) if c == PLAN else (mine,)))
                for _, pk, c, _, mine, _ in device.conflicts()
            )
            assert told == sorted((pk, c, str(mine)) for (pk, c), _, mine in side.losses)

        @invariant()
        def nothing_is_parked(self) -> None:
            assert all(d.parked() == [] for d in self.devices)

        def teardown(self) -> None:
            try:
                for _ in range(2):
                    for who in range(3):
                        self.cycle(who)
                self.lab.converged()
            finally:
                drop(self.lab)

    return Exchange


def explore(
    server: EmbeddedPostgres, template: str, folder: Path, examples: int, steps: int
) -> None:  # fmt: skip
    def make() -> Lab:
        name = f"modele_{uuid.uuid4().hex[:12]}"
        here = folder / name
        here.mkdir()
        return Lab(server.create_database(name, template), here)

    def drop(lab: Lab) -> None:
        lab.close()
        server.drop_database(lab.url.rpartition("/")[2])

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(make, drop),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck), database=None, derandomize=examples < 50,
        ),
    )  # fmt: skip


def test_the_exchange_does_what_the_model_says(
    pg_server: EmbeddedPostgres, lab_template: str, sqlite_template: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(empty_cache, "create_cache", cache_maker(sqlite_template))
    explore(pg_server, lab_template, tmp_path, 2, 20)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_exchange_does_what_the_model_says_for_long(
    pg_server: EmbeddedPostgres, lab_template: str, sqlite_template: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(empty_cache, "create_cache", cache_maker(sqlite_template))
    explore(pg_server, lab_template, tmp_path, 200, 40)
