"""``python -m tests.reports.catalogue.soak --count N --seed S [--minutes M]``: every figure of random companies,
counted by the program on both engines and row by row in plain Python.

Prints a verdict, and for a failure the seed that makes it again. Exit status 0: all equal; 1: one was not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.domain.rapports.figures import FIGURES
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope, Value
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.start.startup import open_local
from tests.reports.catalogue.slow_money import Slow
from tests.reports.catalogue.world import World, free, make, store

TABLES = {
    "agence": "Agence", "client": "Client", "contrat": "Contrat", "equipement": "Equipement",
    "technicien": "Technicien",
}  # fmt: skip


def question(world: World, chance: random.Random, groups: tuple[str, ...]) -> tuple[Scope, str | None]:
    """A group, or none, and now and then one thing to narrow to."""
    group = chance.choice((None, *groups))
    scope, narrow = world.scope, chance.choice((None, None, *groups))
    if narrow == "type_equipement":
        scope = replace(scope, type_equipement="Presse")
    elif narrow in TABLES and world.of(TABLES[narrow]):
        scope = replace(scope, **{f"{narrow}_id": chance.choice(world.of(TABLES[narrow]))["id"]})
    return scope, group


def hold(engines: list[sa.Engine], seeds: Iterable[int], share: float = 1.0) -> dict[str, int]:
    """How often each figure counted something.

    Args:
        engines: a cache first, whose triggers are taken away; nothing that is stored stays.
        share: how many of the figures are asked of each company; all of the first two.

    Raises:
        AssertionError: an engine gives another figure than the slow count.
    """
    counted = dict.fromkeys((f.cle for f in FIGURES), 0)
    free(engines[0])
    for seed in seeds:
        world, chance = make(seed), random.Random(seed)
        asked = {f.cle: question(world, chance, f.groupes) for f in FIGURES
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="companies")
    parser.add_argument("--seed", type=int, default=0, help="of the first; 0 is empty, 1 has one intervention")
    parser.add_argument("--minutes", type=float, default=None, help="stop after this time even if all held so far")
    chosen = parser.parse_args()
    started, held, total = time.monotonic(), 0, dict.fromkeys((f.cle for f in FIGURES), 0)
    with EmbeddedPostgres() as server, tempfile.TemporaryDirectory(prefix="erp-mif-chiffres-") as folder:
        centre = create_pg_engine(server.create_database("chiffres"))
        with centre.connect() as connection:
            migrate.upgrade(connection)
        cache = open_local(Path(folder) / "cache.sqlite")
        for seed in range(chosen.seed, chosen.seed + chosen.count):
            if chosen.minutes is not None and time.monotonic() - started > 60 * chosen.minutes:
                break
            try:
                counted = hold([cache, centre], [seed])
            except AssertionError:
                traceback.print_exc()
                print(f"VERDICT: FAILED after {held} companies; again with --seed {seed} --count 1")
                return 1
            held += 1
            total = {name: n + counted[name] for name, n in total.items()}
            if held % 50 == 0:
                print(f"{held} companies held, {time.monotonic() - started:.0f} s", flush=True)
        cache.dispose()
        centre.dispose()
    rare = min(total, key=lambda name: total[name])
    print(
        f"VERDICT: {held} companies from seed {chosen.seed}: {len(FIGURES)} figures equal to the slow count on both "
        f"engines; the rarest, {rare}, counted something in {total[rare]}; {time.monotonic() - started:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
