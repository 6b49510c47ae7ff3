"""``python3 dev.py bench NAME [options]``: figures beside their floors; without a name, what there is."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.benchmarks.sync_speed import Figure

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
"""A centre in service has more than the few megabytes of a test's server; floors run on it too."""


SCREENS_MIN = {10_000: 2, 100_000: 8, 1_000_000: 50}
"""Minutes of a machine with other work, the data included; half of it is the centre."""


GROWTH = 1.5
"""What one page may cost more at a million interventions than at 100,000."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One command: ``run`` takes the number of rows and prints as it goes."""

    about: str
    rows: int | None
    """Interventions unless told otherwise; None: not to be chosen."""
    run: Callable[..., None]
    options: dict[str, str] = field(default_factory=dict)
    """Further options, each with what it does; given to ``run`` by their names."""


def _print(figures: list[Figure]) -> None:
    for figure in figures:
        sign = "≤" if figure.less else "≥"
        wanted = f"  (voulu {sign} {figure.wanted:g})" if figure.wanted is not None else ""
        if figure.at_most is not None:
            wanted += f"  (voulu ≤ {figure.at_most:g} {figure.unit})"
        if figure.ours is None:
            print(f"{figure.name:<34} pas de chiffre : la différence mesurée est sous le bruit{wanted}", flush=True)
            continue
        print(f"{figure.name:<34} {figure.ours:>12,.2f} {figure.unit:<9} plancher {figure.floor:>12,.2f}  "
              f"rapport {figure.ratio:.2f}{wanted}", flush=True)  # fmt: skip


def _sync(rows: int) -> None:
    from tests.benchmarks.sync_speed import measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        _print(measure(rows, server))


def _line(rows: int) -> None:
    from tests.benchmarks.line import measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        for told in measure(server, rows):
            print(told, flush=True)


def _growth(rows: int) -> None:
    from tests.benchmarks.growth import SIZES, measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        for reading in measure(server, tuple(size for size in SIZES if size <= rows) or (rows,)):
            print(reading, flush=True)


def _peer(rows: int) -> None:
    from tests.benchmarks.peer_app.measure import measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        for told in measure(server, rows):
            print(told, flush=True)


def _capture(_rows: int) -> None:
    from tests.benchmarks.capture_cost import measure

    _print(measure())


def _upgrade(rows: int) -> None:
    from tests.benchmarks.upgrade_speed import measure

    with EmbeddedPostgres() as server:
        _print(measure(rows, server))


def _lists(rows: int) -> None:
    from tests.benchmarks.lists import measure

    for reading in measure(rows):
        print(f"{reading.act:<40} premières {reading.first_ms:>5.0f} ms, tout {reading.whole_ms:>5.0f} ms, "
              f"travail de la fenêtre {reading.work_ms:>4.0f} ms  {reading.rows} lignes", flush=True)  # fmt: skip


def _pages(_rows: int) -> None:
    from tests.benchmarks.first_pages import measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        for rows in (10_000, 100_000, 1_000_000):
            for figure in measure(rows, server):
                _print([figure])


def _screens(
    _rows: int,
    sizes: str = "",
    parts: str = "",
    data: str = "build/bench",
    processeur: str = "",
    chiffre: str = "",
    annees: str = "",
) -> None:
    from tests.ui.lists.speed import PARTS, SIZES, measure
    from tests.ui.lists.timing import PROCESSOR

    if processeur:
        os.environ[PROCESSOR] = processeur

    folder = Path(data)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [int(size) for size in sizes.split(",")] if sizes else SIZES
    before: dict[str, float] = {}
    over: list[str] = []
    for size in chosen:
        print(f"{size:,} interventions, {SCREENS_MIN.get(size, '?')} min environ la première fois", flush=True)
        kinds = {"encrypted": bool(chiffre), "years": bool(annees)}
        for figure in measure(size, folder, parts.split(",") if parts else PARTS, **kinds):
            _print([figure])
            if figure.ours is None:
                continue
            name = figure.name.partition(", ")[2].partition(" (")[0]
            if figure.at_most is not None and figure.ours > figure.at_most:
                over.append(f"{figure.name} : {figure.ours:.0f} {figure.unit}, voulu {figure.at_most:g}")
            if size >= 1_000_000 and name in before:
                grown = figure.ours / before[name]
                print(f"{'':>6}croissance {grown:.2f}  {name}", flush=True)
                if grown > GROWTH and figure.at_most is not None:
                    over.append(f"{figure.name} : croissance {grown:.2f}, voulu {GROWTH:g}")
            before[name] = figure.ours
    print("au-dessus de ce qui est voulu :", *(over or ["rien"]), sep="\n      ", flush=True)


def _reports(rows: int) -> None:
    from tests.benchmarks.reports_speed import measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        for figure in measure(rows, server):
            _print([figure])


def _opening(_rows: int) -> None:
    from tests.ui.central.opening_speed import measure

    for who, delay, took, bare, trips in measure():
        print(f"{who:<14} {delay:>4} ms  {took:>6.2f} s  plancher {bare:>6.2f} s  {trips} allers-retours", flush=True)


def _dashboard(rows: int) -> None:
    from tests.reports.managers.speed import measure

    with EmbeddedPostgres(options=SETTINGS) as server:
        for figure in measure(rows, server):
            _print([figure])


def _planning(rows: int) -> None:
    from tests.benchmarks.planning_board import measure

    for what, ours, floor in measure(rows):
        print(f"{what:<48} {ours:>8.2f} ms  plancher {floor:>7.2f} ms", flush=True)


def _papers(rows: int) -> None:
    from tests.benchmarks.papers_speed import measure

    for figure in measure(rows):
        _print([figure])


BENCHES = {
    "sync": Bench("first copy and push beside their floors", 100_000, _sync),
    "line": Bench("copies, pushes and cycles at 0, 50 and 300 ms of round-trip time", 100_000, _line),
    "growth": Bench("small cycles beside 10,000, 100,000 and a million rows", 1_000_000, _growth),
    "peer": Bench("the same work for morango, installed in a venv of its own", 5_000, _peer),
    "capture": Bench("what capture adds to local writes", None, _capture),
    "upgrade": Bench("starts and upgrades", 1_000_000, _upgrade),
    "opening": Bench("opening a centre at 0 and 300 ms of round-trip time", None, _opening),
    "reports": Bench("the interventions' report beside one scan of what it reads", 243_000, _reports),
    "dashboard": Bench("the dashboard beside the bare reading of its rows", 1_000_000, _dashboard),
    "planning": Bench("a week of 60 techniciens and 2,000 slots", 10_000, _planning),
    "papers": Bench("a batch of bons beside the same words on bare pages", 500, _papers),
    "pages": Bench("the first page of a list in every order, at 10,000, 100,000 and a million rows", None, _pages),
    "screens": Bench(
        "what shows one page, at 10,000, 100,000 and a million interventions; half an hour the first time, half of "
        "it making the data, which is kept",
        None,
        _screens,
        {
            "sizes": "interventions, separated by commas",
            "parts": "some of listes, mots, filtres, fiches, fenetre, rubriques, planning, centre, by commas",
            "processeur": "oui: what reads a cache in processor time, on a machine that others use as well",
            "chiffre": "oui: caches encrypted as a desktop's are",
            "annees": "oui: beyond 100,000 the same work a day in more years, instead of more a day",
            "data": "folder in which the caches are kept, build/bench unless told otherwise",
        },
    ),
    "lists": Bench("the list of interventions in a real window", 100_000, _lists),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    commands = parser.add_subparsers(dest="name", metavar="NAME")
    for name, bench in BENCHES.items():
        command = commands.add_parser(name, help=bench.about, description=bench.about)
        if bench.rows is not None:
            command.add_argument(
                "--rows", "--interventions", type=int, default=bench.rows, metavar="N",
                help=f"interventions, {bench.rows:,} unless told otherwise",
            )  # fmt: skip
        for option, about in bench.options.items():
            command.add_argument(f"--{option}", default="", help=about)
    commands.add_parser("all", help="all of them, one after the other")
    arguments = parser.parse_args()
    if arguments.name is None:
        parser.print_help()
        return
    for name in BENCHES if arguments.name == "all" else (arguments.name,):
        started = time.perf_counter()
        given = {option: getattr(arguments, option, "") for option in BENCHES[name].options}
        more = {option: value for option, value in given.items() if value}
        BENCHES[name].run(getattr(arguments, "rows", None) or BENCHES[name].rows or 0, **more)
        print(f"{name} : {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
