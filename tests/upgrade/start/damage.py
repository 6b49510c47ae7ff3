"""Random damages of a cache file, and what must hold of each: one calm sentence, or it works; never a raw error.

``python -m tests.upgrade.start.damage --count 1000`` plays as many of them on a plain and on an encrypted cache.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import DamagedError
from erp_desktop.registry.tables import TABLES
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import startup

KEY = "5a" * 32
PAGE = 4096


def make(folder: Path, template: Path, key: str | None) -> Path:
    """A cache with rows in it, used once and closed, with one good backup."""
    path = folder / ("chiffree.sqlite" if key else "claire.sqlite")
    if key is None:
        shutil.copyfile(template, path)
    else:
        plain = connect_sqlite(template, read_only=True)
        plain.execute(f"ATTACH DATABASE '{path}' AS chiffree KEY \"x'{key}'\"")
        plain.execute("SELECT sqlcipher_export('chiffree')")
        plain.close()
    connection = connect_sqlite(path, key)
    connection.execute("BEGIN")
    for i in range(300):
        connection.execute(
            "INSERT INTO clients (id, nom_entreprise, created_at, updated_at) VALUES (?, ?, ?, ?)",
            (1000 + i, f"Client {i}", "2026-11-20T08:00:00.000000Z", "2026-11-20T08:00:00.000000Z"),
        )
    connection.execute("COMMIT")
    connection.close()
    startup.open_local(path, key).dispose()
    backup.create(path, key)
    return path


def spoil(path: Path, dice: random.Random) -> str:
    """Damage the file once; says how."""
    content = bytearray(path.read_bytes())
    pages = len(content) // PAGE
    how = dice.choice(["octets", "page", "zéros", "tronquée", "tête", "pages", "vide"])
    # Most damage falls where reading begins: the schema's pages and the roots behind them.
    page = dice.choice([0, dice.randrange(min(12, pages)), dice.randrange(pages)])
    if how == "octets":
        for _ in range(dice.randrange(1, 40)):
            content[page * PAGE + dice.randrange(PAGE)] = dice.randrange(256)
    elif how == "page":
        content[page * PAGE : (page + 1) * PAGE] = dice.randbytes(PAGE)
    elif how == "zéros":
        content[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    elif how == "pages":
        for at in dice.sample(range(pages), min(pages, 30)):
            content[at * PAGE : (at + 1) * PAGE] = dice.randbytes(PAGE)
    elif how == "tronquée":
        del content[dice.randrange(1, len(content)) :]
    elif how == "tête":
        content[: dice.randrange(1, 100)] = b"\xff" * 99
    else:
        content.clear()
    path.write_bytes(content)
    return f"{how}, page {page}"


def look(path: Path, key: str | None) -> str:
    """Open a damaged cache and read all of it: ``ouverte``, ``refusée`` or ``abîmée plus loin``.

    Raises:
        AssertionError: the refused file was changed.
        Exception: anything but a :class:`DamagedError` came out.
    """
    before = {p.name: p.read_bytes() for p in (path, *backup.siblings(path))}
    try:
        engine = startup.open_local(path, key, create=False)
    except DamagedError:
        after = {p.name: p.read_bytes() for p in (path, *backup.siblings(path))}
        assert after == before, "a refused file was touched"
        return "refusée"
    try:
        for table in TABLES:
            with transaction(engine, write=False) as session:
                session.execute(sa.text(f"SELECT * FROM {table.name}")).all()
        with transaction(engine) as session:
            session.execute(sa.text("UPDATE clients SET notes = 'vu'"))
    except DamagedError:
        return "abîmée plus loin"
    finally:
        engine.dispose()
    return "ouverte"


def play(folder: Path, template: Path, key: str | None, seeds: range) -> Counter[str]:
    """Spoil and open one copy per seed; how they ended."""
    good, ended = make(folder, template, key), Counter[str]()
    content, note = good.read_bytes(), good.with_name(good.name + ".verrou").read_bytes()
    for seed in seeds:
        for side in backup.siblings(good):
            side.unlink()
        good.write_bytes(content)
        good.with_name(good.name + ".verrou").write_bytes(note)
        how = spoil(good, random.Random(seed))
        try:
            ended[look(good, key)] += 1
        except BaseException as error:
            error.add_note(f"seed {seed}: {how}")
            raise
    return ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    from erp_desktop.upgrade import migrate

    with tempfile.TemporaryDirectory(prefix="erp-mif-degats-") as name:
        template = Path(name) / "modele.sqlite"
        engine = create_sqlite_engine(template)
        with engine.connect() as connection:
            migrate.upgrade(connection)
        engine.dispose()
        backup.settle(template, None)
        for key in (None, KEY):
            folder = Path(name) / ("chiffree" if key else "claire")
            folder.mkdir()
            ended = play(folder, template, key, range(asked.seed, asked.seed + asked.count))
            print(f"{'chiffrée' if key else 'claire'} : {dict(ended)}")


if __name__ == "__main__":
    main()
