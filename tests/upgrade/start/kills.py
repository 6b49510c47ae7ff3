"""Kills a start-up upgrade at random instants, over and over:
``python -m tests.upgrade.start.kills --count 300 --seed S``.

Each round kills (SIGKILL) a start that upgrades a cache with ``--rows`` interventions and as many waiting changes,
looks at what is left, lets a next start complete, and looks again. A round fails when the file does not open, when a
row or a waiting change is missing or different, or when the next start does not end at the last revision.
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.registry import revisions
from erp_desktop.upgrade import backup, migrate
from erp_desktop.upgrade.start import file_state, startup
from tests.migrations.rows import remplir
from tests.processes import Program

FROM = "8a4b0c2e6d3f"
"""The first revision with an outbox: four are due."""

START = """
import sys
from pathlib import Path
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.start import comparison, startup
migrate.scripts()
print("prêt", flush=True)
sys.stdin.readline()
startup.open_local(Path(sys.argv[1]), progress=lambda step: print(step.texte, flush=True)).dispose()
print("fini", flush=True)
"""


@dataclass
class Verdict:
    """Kills by what the start was doing, what the file was then, and what went wrong."""

    instants: Counter[str] = field(default_factory=Counter)
    trouve: Counter[str] = field(default_factory=Counter)
    fautes: list[str] = field(default_factory=list)


def make(path: Path, rows: int) -> None:
    """A cache at :data:`FROM` with ``rows`` interventions, each with a change that waits."""
    engine = create_sqlite_engine(path)
    with engine.connect() as connection:
        migrate.upgrade(connection, FROM)
        remplir(connection, 1000, 3)
        connection.commit()
        with connection.begin():
            info = connection.exec_driver_sql("PRAGMA table_info(interventions)").fetchall()
            listed = ", ".join(row[1] for row in info if row[1] not in {"id", "numero", "occurrence_id"})
            connection.exec_driver_sql("UPDATE _sync_session SET muet = 1")
            connection.exec_driver_sql(
                f"INSERT INTO interventions (id, numero, {listed}) "
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                f"SELECT 1000000 + i * 8, 'INT-' || i, {listed} FROM n, "
                "(SELECT * FROM interventions ORDER BY id LIMIT 1)",
                (rows,),
            )
            connection.exec_driver_sql("UPDATE _sync_session SET muet = 0")
            connection.exec_driver_sql("UPDATE interventions SET titre = 'Repris ' || id WHERE id > 1000000")
            connection.exec_driver_sql("UPDATE plannings SET rrule = 'FREQ=DAILY;COUNT=' || id")
    engine.dispose()
    backup.settle(path, None)


def _columns(path: Path) -> dict[str, set[str]]:
    connection = connect_sqlite(path, read_only=True)
    try:
        tables = [r[0] for r in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {t: {r[1] for r in connection.execute(f"PRAGMA table_info({t})")} for t in tables}
    finally:
        connection.close()


def content(path: Path, before: Path | None = None) -> dict[str, str]:
    """A mark per table of every row: what a start must not change, whatever its revision.

    Args:
        before: what was there already: of ``path``, only its tables and columns are looked at.
    """
    known = _columns(before) if before is not None else None
    connection = connect_sqlite(path)
    try:
        found = {}
        tables = [
            r[0]
            for r in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            if r[0] not in {"alembic_version", "journal_migrations", "_allocateur", "_sync_session"}
        ]
        whole = "(SELECT CAST(group_concat(octets, '') AS BLOB) FROM contenus_morceaux m WHERE m.sha256 = c.sha256)"
        for table in tables:
            if table in {"contenus", "contenus_morceaux", "sync_fusions"}:
                continue  # Cut into pieces by the way, and compared whole below.
            info = list(connection.execute(f"PRAGMA table_info({table})"))
            if known is not None:
                if table not in known:
                    continue
                info = [r for r in info if r[1] in known[table] or r[1] == "recurrence"]
            columns = sorted(("recurrence" if r[1] == "rrule" else r[1], r[1]) for r in info)
            key = ", ".join(r[1] for r in info if r[5]) or "rowid"
            digest = hashlib.sha256()
            for row in connection.execute(f"SELECT {', '.join(c for _, c in columns)} FROM {table} ORDER BY {key}"):
                digest.update(repr(tuple("recurrence" if v == "rrule" else v for v in row)).encode())
            found[table] = digest.hexdigest()
        octets = whole if "contenus_morceaux" in tables else "contenu"
        found["contenus"] = repr(connection.execute(f"SELECT sha256, {octets} FROM contenus c ORDER BY 1").fetchall())
        assert connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        return found
    finally:
        connection.close()


def start(path: Path) -> Program:
    child = Program(["-c", START, path], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "prêt\n"
    child.stdin.write("\n")
    child.stdin.flush()
    return child


def whole_run(path: Path) -> float:
    """Seconds that an undisturbed upgrade takes."""
    child = start(path)
    started = time.monotonic()
    out, errors = child.communicate(timeout=600)
    assert out.endswith("fini\n"), errors
    return time.monotonic() - started


def play(count: int, seed: int, rows: int, folder: Path, told: Any = None) -> Verdict:
    """Kill ``count`` upgrades of a cache of ``rows`` interventions made in ``folder``."""
    chance, verdict = random.Random(seed), Verdict()
    model, path = folder / "modele.sqlite", folder / "cache.sqlite"
    make(model, rows)
    wanted = content(model)
    shutil.copyfile(model, path)
    length = whole_run(path)
    assert content(path, model) == wanted, "the undisturbed upgrade already changes rows"
    for number in range(1, count + 1):
        for leftover in folder.glob("cache.sqlite*"):
            leftover.unlink()
        shutil.rmtree(folder / backup.FOLDER, ignore_errors=True)
        shutil.copyfile(model, path)
        child = start(path)
        try:
            # A little beyond the end, so that the swap and the first opening are hit as well.
            child.wait(chance.uniform(0, length * 1.05))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        out, _ = child.communicate(timeout=60)
        verdict.instants[(out.splitlines() or ["avant le premier pas"])[-1]] += 1
        _look(path, model, wanted, number, verdict)
        if told is not None:
            told(number, verdict)
    return verdict


def _look(path: Path, model: Path, wanted: dict[str, str], number: int, verdict: Verdict) -> None:
    try:
        untouched = not backup.siblings(path) and filecmp.cmp(path, model, shallow=False)
        revision = file_state.read_revision(path)
        verdict.trouve[
            "ancienne" if revision == FROM else "nouvelle" if revision == revisions.head() else revision
        ] += 1
        if not untouched:
            # Opened as it was left, side files included, but on a copy: the next start must find it as it is.
            with tempfile.TemporaryDirectory() as beside:
                copy = Path(beside) / path.name
                for file in (path, *backup.siblings(path)):
                    shutil.copyfile(file, copy.with_name(file.name))
                _same(content(copy, model), wanted, f"coup {number}, après le coup", verdict)
        startup.open_local(path, wait_s=5.0).dispose()
        if file_state.read_revision(path) != revisions.head():
            verdict.fautes.append(f"coup {number} : la mise à niveau suivante n'a pas abouti")
        _same(content(path, model), wanted, f"coup {number}, après le démarrage suivant", verdict)
        left = [p.name for p in path.parent.glob("*.upgrading*")]
        if left:
            verdict.fautes.append(f"coup {number} : reste {left}")
        for saved in backup.backups(path):
            file_state.read_revision(saved.chemin)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        verdict.fautes.append(f"coup {number} : {type(error).__name__} {error}")


def _same(found: dict[str, str], wanted: dict[str, str], when: str, verdict: Verdict) -> None:
    wrong = sorted(table for table in wanted if found.get(table) != wanted[table])
    if wrong:
        verdict.fautes.append(f"{when} : {', '.join(wrong)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=100_000)
    chosen = parser.parse_args()
    started = time.monotonic()

    def told(number: int, verdict: Verdict) -> None:
        if number % 10 == 0:
            print(f"{number} coups, {len(verdict.fautes)} faute(s), {time.monotonic() - started:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        verdict = play(chosen.count, chosen.seed, chosen.rows, Path(folder), told)
    print(
        f"graine {chosen.seed}, {chosen.count} coups, {chosen.rows} interventions et autant de changements en attente"
    )
    print("pendant : " + " ; ".join(f"{k} {v}" for k, v in verdict.instants.most_common()))
    print("fichier trouvé : " + ", ".join(f"{k} {v}" for k, v in verdict.trouve.items()))
    print(
        "\n".join(verdict.fautes)
        or "aucune ligne perdue, aucun changement perdu, tous les démarrages suivants aboutis"
    )
    return 1 if verdict.fautes else 0


if __name__ == "__main__":
    raise SystemExit(main())
