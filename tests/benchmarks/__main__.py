"""``python3 dev.py bench [NAME…|all] [--interventions N]``: figures beside their floors."""

from __future__ import annotations

import argparse

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.benchmarks import capture_cost, growth, line, lists, upgrade_speed
from tests.benchmarks.sync_speed import Figure, measure

NAMES = ("sync", "line", "capture", "growth", "upgrade", "lists")


def _print(figures: list[Figure]) -> None:
    for figure in figures:
        sign = "≤" if figure.less else "≥"
        wanted = f"  (voulu {sign} {figure.wanted:g})" if figure.wanted is not None else ""
        print(f"{figure.name:<34} {figure.ours:>12,.2f} {figure.unit:<9} plancher {figure.floor:>12,.2f}  "
              f"rapport {figure.ratio:.2f}{wanted}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["sync"], help=f"{', '.join(NAMES)}, or all")
    parser.add_argument("--interventions", type=int, help="100 000, and 1 000 000 for upgrade")
    arguments = parser.parse_args()
    names = NAMES if "all" in arguments.names else tuple(arguments.names)
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    count = arguments.interventions or 100_000
    if "capture" in names:
        _print(capture_cost.measure())
    if "lists" in names:
        for reading in lists.measure(count):
            print(f"{reading.act:<40} premières {reading.first_ms:>5.0f} ms, tout {reading.whole_ms:>5.0f} ms, "
                  f"travail de la fenêtre {reading.work_ms:>4.0f} ms  {reading.rows} lignes", flush=True)  # fmt: skip
    with EmbeddedPostgres() as server:
        if "sync" in names:
            _print(measure(count, server))
        if "line" in names:
            for told in line.measure(server, count):
                print(told, flush=True)
        if "growth" in names:
            sizes = tuple(n for n in (10_000, 100_000, 1_000_000) if n <= 10 * count)
            for it in growth.measure(server, sizes):
                print(it, flush=True)
        if "upgrade" in names:
            _print(upgrade_speed.measure(arguments.interventions or 1_000_000, server))


if __name__ == "__main__":
    main()
