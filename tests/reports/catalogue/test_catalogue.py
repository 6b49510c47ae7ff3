"""Every figure of the catalogue against one counted row by row, the same on both engines."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.rapports.figures import FIGURES
from erp_desktop.errors import ValidationError
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope, Value
from tests.reports.catalogue.slow_money import Slow
from tests.reports.catalogue.world import World, free, make, store


def _question(world: World, chance: random.Random, groups: tuple[str, ...]) -> tuple[Scope, str | None]:
    """A group, or none, and now and then one thing to narrow to."""
    group = chance.choice((None, *groups))
    scope, narrow = world.scope, chance.choice((None, None, *groups))
    tables = {"agence": "Agence", "client": "Client", "contrat": "Contrat", "equipement": "Equipement",
              "technicien": "Technicien"}  # fmt: skip
    if narrow == "type_equipement":
        scope = replace(scope, type_equipement="Presse")
    elif narrow in tables and world.of(tables[narrow]):
        scope = replace(scope, **{f"{narrow}_id": chance.choice(world.of(tables[narrow]))["id"]})
    return scope, group


def _hold(engines: list[sa.Engine], seeds: range, share: float = 1.0) -> dict[str, int]:
    """How often each figure counted something; ``share`` of them are asked of each company."""
    counted = dict.fromkeys((f.cle for f in FIGURES), 0)
    free(engines[0])
    for seed in seeds:
        world, chance = make(seed), random.Random(seed)
        asked = {f.cle: _question(world, chance, f.groupes) for f in FIGURES
                 if chance.random() < share or seed < 2}  # fmt: skip
        wanted = {}
        for name, (scope, group) in asked.items():
            tally = Slow(replace(world, scope=scope), group).figure(name)
            wanted[name] = {key: Value(*four) for key, four in tally.items()}
            counted[name] += bool(wanted[name])
        for engine in engines:
            with engine.connect() as connection:
                store(connection, world)
                with Session(connection) as session:
                    for name, (scope, group) in asked.items():
                        found = compute.compute(session, name, scope, group, now=world.now)
                        assert found == wanted[name], (engine.dialect.name, seed, name, group, scope, world.now)
                connection.rollback()
    return counted


def test_each_figure_is_the_one_counted_by_hand(sqlite_engine: sa.Engine, pg_engine: sa.Engine) -> None:
    counted = _hold([sqlite_engine, pg_engine], range(20), 0.5)
    assert min(counted.values()) >= 2, counted


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_companies(sqlite_engine: sa.Engine, pg_engine: sa.Engine) -> None:
    _hold([sqlite_engine, pg_engine], range(1000))


def test_a_figure_refuses_what_it_cannot_tell_apart(sqlite_engine: sa.Engine) -> None:
    with Session(sqlite_engine) as session, pytest.raises(ValidationError, match="MTBF"):
        compute.compute(session, "mtbf", Scope(date(2026, 1, 1), date(2026, 1, 31), technicien_id=4))
