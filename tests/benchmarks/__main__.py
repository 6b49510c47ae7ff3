"""``python3 dev.py bench [--interventions N]``: every figure beside its floor; ``--listes``: the window's lists."""

from __future__ import annotations

import argparse

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.benchmarks import lists
from tests.benchmarks.sync_speed import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interventions", type=int, default=100_000)
    parser.add_argument("--listes", action="store_true", help="ouvrir, filtrer et trier dans une vraie fenêtre")
    arguments = parser.parse_args()
    if arguments.listes:
        for reading in lists.measure(arguments.interventions):
            print(f"{reading.act:<40} premières {reading.first_ms:>5.0f} ms, tout {reading.whole_ms:>5.0f} ms, "
                  f"travail de la fenêtre {reading.work_ms:>4.0f} ms  {reading.rows} lignes", flush=True)  # fmt: skip
        return
    with EmbeddedPostgres() as server:
        for figure in measure(arguments.interventions, server):
            wanted = f"  (voulu {figure.wanted:g})" if figure.wanted is not None else ""
            print(f"{figure.name:<34} {figure.ours:>12,.2f} {figure.unit:<9} plancher {figure.floor:>12,.2f}  "
                  f"rapport {figure.ratio:.2f}{wanted}")  # fmt: skip


if __name__ == "__main__":
    main()
