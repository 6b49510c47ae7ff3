"""``python -m tests.sync.histories.soak --histories N --seed S [--minutes M] [--steps K]``: random histories
until one fails.

Prints a verdict, and for a failure the seed that plays it again. Exit status 0: all held; 1: one did not.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.upgrade import migrate
from tests.caches import cache_maker
from tests.sync.histories.play import play
from tests.sync.lab import Lab, seed

SERIES = 10
"""Histories played on one centre, one after the other."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the first history; a series begins at each tenth")
    parser.add_argument("--minutes", type=float, default=None, help="stop after this time even if all held so far")
    parser.add_argument("--steps", type=int, default=40)
    chosen = parser.parse_args()
    started, played = time.monotonic(), 0
    with EmbeddedPostgres() as server, tempfile.TemporaryDirectory(prefix="erp-mif-soak-") as folder:
        here = Path(folder)
        template = here / "modele.sqlite"
        empty_cache.create_cache(template, None, 0)
        empty_cache.create_cache = cache_maker(template)
        centre = centre_of(server)
        for first in range(chosen.seed, chosen.seed + chosen.histories, SERIES):
            if chosen.minutes is not None and time.monotonic() - started > 60 * chosen.minutes:
                break
            seeds = range(first, min(first + SERIES, chosen.seed + chosen.histories))
            try:
                with lab_on(server, centre, here / str(first)) as lab:
                    played += play(lab, seeds, chosen.steps)
            except AssertionError:
                traceback.print_exc()
                print(f"VERDICT: FAILED after {played} histories; play again with "
                      f"--seed {first} --histories {len(seeds)} --steps {chosen.steps}")  # fmt: skip
                return 1
            print(f"{played} histories held, {time.monotonic() - started:.0f} s", flush=True)
    print(f"VERDICT: {played} histories of {chosen.steps} steps from seed {chosen.seed}: every replica equal, "
          f"no acknowledged change lost, no duplicate; {time.monotonic() - started:.0f} s")  # fmt: skip
    return 0


def centre_of(server: EmbeddedPostgres) -> str:
    """Name of a seeded centre, to be copied."""
    name = "soak_modele"
    url = server.create_database(name)
    engine = create_pg_engine(url)
    with engine.connect() as connection:
        migrate.upgrade(connection)
    engine.dispose()
    seed(url)
    return name


@contextlib.contextmanager
def lab_on(server: EmbeddedPostgres, template: str, folder: Path) -> Iterator[Lab]:
    """A laboratory on a copy of that centre."""
    folder.mkdir()
    name = f"soak_{uuid.uuid4().hex[:12]}"
    lab = Lab(server.create_database(name, template), folder)
    try:
        yield lab
    finally:
        lab.close()
        server.drop_database(name)


if __name__ == "__main__":
    sys.exit(main())
