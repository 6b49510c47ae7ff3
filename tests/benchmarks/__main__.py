"""``python3 dev.py bench [--interventions N]``: every figure beside its floor."""

from __future__ import annotations

import argparse

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.benchmarks.sync_speed import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interventions", type=int, default=100_000)
    arguments = parser.parse_args()
    with EmbeddedPostgres() as server:
        for figure in measure(arguments.interventions, server):
            wanted = f"  (voulu {figure.wanted:g})" if figure.wanted is not None else ""
            print(f"{figure.name:<34} {figure.ours:>12,.2f} {figure.unit:<9} plancher {figure.floor:>12,.2f}  "
                  f"rapport {figure.ratio:.2f}{wanted}")  # fmt: skip


if __name__ == "__main__":
    main()
