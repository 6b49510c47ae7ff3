"""``python3 dev.py bench [sync|upgrade|lists] [--interventions N]``: every figure beside its floor or its bound."""

from __future__ import annotations

import argparse

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.benchmarks import lists, sync_speed, upgrade_speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("sync", "upgrade", "lists"), default="sync")
    parser.add_argument("--interventions", type=int, help="100 000, and 1 000 000 for upgrade")
    arguments = parser.parse_args()
    upgrade = arguments.what == "upgrade"
    measure = upgrade_speed.measure if upgrade else sync_speed.measure
    count = arguments.interventions or (1_000_000 if upgrade else 100_000)
    if arguments.what == "lists":
        for reading in lists.measure(count):
            print(f"{reading.act:<40} premières {reading.first_ms:>5.0f} ms, tout {reading.whole_ms:>5.0f} ms, "
                  f"travail de la fenêtre {reading.work_ms:>4.0f} ms  {reading.rows} lignes", flush=True)  # fmt: skip
        return
    with EmbeddedPostgres() as server:
        for figure in measure(count, server):
            wanted = f"  (voulu {figure.wanted:g})" if figure.wanted is not None else ""
            print(f"{figure.name:<34} {figure.ours:>12,.2f} {figure.unit:<9} plancher {figure.floor:>12,.2f}  "
                  f"rapport {figure.ratio:.2f}{wanted}")  # fmt: skip


if __name__ == "__main__":
    main()
