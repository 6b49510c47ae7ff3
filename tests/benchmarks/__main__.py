"""``python3 dev.py bench [sync|line|capture|growth|all] [--interventions N]``: figures beside their floors."""

from __future__ import annotations

import argparse

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.benchmarks import capture_cost, growth, line
from tests.benchmarks.sync_speed import Figure, measure

NAMES = ("sync", "line", "capture", "growth")


def _print(figures: list[Figure]) -> None:
    for figure in figures:
        sign = "≤" if figure.less else "≥"
        wanted = f"  (voulu {sign} {figure.wanted:g})" if figure.wanted is not None else ""
        print(f"{figure.name:<34} {figure.ours:>12,.2f} {figure.unit:<9} plancher {figure.floor:>12,.2f}  "
              f"rapport {figure.ratio:.2f}{wanted}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["sync"], help="what to measure")
    parser.add_argument("--interventions", type=int, default=100_000)
    arguments = parser.parse_args()
    names = NAMES if "all" in arguments.names else tuple(arguments.names)
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if "capture" in names:
        _print(capture_cost.measure())
    with EmbeddedPostgres() as server:
        if "sync" in names:
            _print(measure(arguments.interventions, server))
        if "line" in names:
            print(*line.measure(server, arguments.interventions), sep="\n", flush=True)
        if "growth" in names:
            sizes = tuple(n for n in (10_000, 100_000, 1_000_000) if n <= 10 * arguments.interventions)
            print(*growth.measure(server, sizes), sep="\n", flush=True)


if __name__ == "__main__":
    main()
