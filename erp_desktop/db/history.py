"""The revisions that this program knows, read from ``migrations/manifest.json`` without importing Alembic.

The manifest lists the shipped revisions in order with the checksum of each file. A shipped revision never changes:
``python -m erp_desktop.db.history`` adds new files to the manifest and refuses when a listed one was edited.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from erp_desktop import paths
from erp_desktop.errors import DatabaseRefusedError, UpgradeError

MANIFEST = paths.MIGRATIONS / "manifest.json"


@dataclass(frozen=True, slots=True)
class Revision:
    """One shipped revision; ``sha256`` is of its file with Unix line ends, ``colonnes`` marks a cache's columns."""

    revision: str
    fichier: str
    sha256: str
    colonnes: str


@cache
def _manifest() -> tuple[tuple[Revision, ...], str]:
    stored = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return tuple(Revision(**row) for row in stored["revisions"]), str(stored["min_client"])


def revisions() -> tuple[Revision, ...]:
    """Shipped revisions, oldest first."""
    return _manifest()[0]


def head() -> str:
    return revisions()[-1].revision


def minimum_client() -> str:
    """The oldest revision whose clients may still write to a centre at :func:`head`."""
    return _manifest()[1]


def position(revision: str) -> int | None:
    """Rank of a revision, oldest 0; None when this program does not know it."""
    return next((rank for rank, row in enumerate(revisions()) if row.revision == revision), None)


def before(revision: str) -> list[str]:
    """Revisions older than a known one, oldest first."""
    rank = position(revision)
    return [row.revision for row in revisions()[:rank]]


def between(before: str | None, after: str) -> list[str]:
    """Revisions after ``before`` (None: nothing applied) up to ``after``.

    Raises:
        DatabaseRefusedError: one of them is unknown.
    """
    start = -1 if before is None else position(before)
    end = position(after)
    if start is None or end is None:
        unknown = before if start is None else after
        raise DatabaseRefusedError(f"Révision inconnue de cette version du programme : {unknown}.")
    return [row.revision for row in revisions()[start + 1 : end + 1]]


def understands(mine: str, centre: str, least: str | None) -> bool:
    """Whether a program at revision ``mine`` may work with a centre that serves clients from ``least`` on.

    An older centre may lack what this program writes; a newer one says itself how old its clients may be.
    """
    if mine == centre:
        return True
    if position(centre) is not None or least is None:
        return False
    oldest, own = position(least), position(mine)
    return oldest is not None and own is not None and oldest <= own


def resolve(asked: str, current: str | None) -> str:
    """The revision that an operator means: ``head``, ``base``, ``-2`` (steps back) or an identifier's beginning.

    Raises:
        DatabaseRefusedError: nothing, or more than one revision, answers to it.
    """
    if asked in {"head", "base"}:
        return head() if asked == "head" else asked
    if asked.startswith("-") and asked[1:].isdigit() and current is not None:
        rank = (position(current) or 0) - int(asked[1:])
        return revisions()[rank].revision if rank >= 0 else "base"
    found = [row.revision for row in revisions() if row.revision.startswith(asked)]
    if len(found) != 1 or len(asked) < 4:
        raise DatabaseRefusedError(f"Révision inconnue ou ambiguë : {asked}.")
    return found[0]


def title(revision: str) -> str:
    """What a revision does: the first line of its file."""
    name = next(row.fichier for row in revisions() if row.revision == revision)
    first = (paths.MIGRATIONS / "versions" / name).read_text(encoding="utf-8").split("\n", 1)[0]
    return first.strip().strip('"').rstrip(".")


def losses(current: str, target: str) -> dict[str, str]:
    """What going from ``current`` back to ``target`` (or ``base``) loses: revision → one French sentence."""
    from erp_desktop.db import migrate

    scripts = migrate.scripts()
    undone = between(None if target == "base" else target, current)
    found = {}
    for revision in reversed(undone):
        lost = scripts.get_revision(revision).module.perd_au_retour
        if lost is not None:
            found[revision] = str(lost)
    return found


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def verify(folder: Path | None = None) -> None:
    """Refuse to run a history whose files are not the shipped ones.

    Raises:
        UpgradeError: a listed file is missing or was edited, or an unlisted one is present.
    """
    versions = folder or paths.MIGRATIONS / "versions"
    listed = {row.fichier: row.sha256 for row in revisions()}
    present = {path.name: path for path in versions.glob("*.py")}
    edited = [name for name, wanted in listed.items() if name in present and checksum(present[name]) != wanted]
    wrong = sorted(edited + list(listed.keys() ^ present.keys()))
    if wrong:
        raise UpgradeError(f"Migrations modifiées ou manquantes, mise à niveau refusée : {', '.join(wrong)}.")


def columns() -> dict[str, str]:
    """Revision → mark of the columns that a cache has there, from the history run in memory."""
    import sqlalchemy as sa
    import sqlcipher3.dbapi2
    from sqlalchemy.pool import StaticPool

    from erp_desktop.db import migrate, peek

    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2, poolclass=StaticPool)
    found: dict[str, str] = {}
    with engine.connect() as connection:

        def step(revision: str, _title: str) -> None:
            found[revision] = peek.columns_mark(connection.connection.dbapi_connection)

        migrate.upgrade(connection, on_step=step)
    engine.dispose()
    return found


def extend() -> list[str]:
    """List files of the chain that are new, or that changed before any release had them; their names.

    Raises:
        UpgradeError: a released file changed; ``livree`` in the manifest is the last released revision.
    """
    from erp_desktop.db import migrate

    stored = json.loads(MANIFEST.read_text(encoding="utf-8")) if MANIFEST.exists() else {"revisions": []}
    listed = {row["fichier"]: row for row in stored["revisions"]}
    rows, added, marks = [], [], columns()
    released = "livree" in stored
    for script in reversed(list(migrate.scripts().walk_revisions())):
        path = Path(script.path)
        row = {"revision": script.revision, "fichier": path.name, "sha256": checksum(path)}
        row["colonnes"] = marks[script.revision]
        changed = path.name in listed and listed[path.name] != row
        if changed and released:
            raise UpgradeError(f"{path.name} est déjà livrée et ne doit plus changer.")
        if changed or path.name not in listed:
            added.append(path.name)
        if row["revision"] == stored.get("livree"):
            released = False
        rows.append(row)
    kept = {"livree": stored["livree"]} if "livree" in stored else {}
    stored = {"min_client": stored.get("min_client", rows[-1]["revision"]), **kept, "revisions": rows}
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    MANIFEST.write_text(re.sub(r"\r\n?", "\n", text) + "\n", encoding="utf-8", newline="\n")
    return added


if __name__ == "__main__":
    try:
        sys.stdout.write("".join(f"{name}\n" for name in extend()))
    except UpgradeError as error:
        raise SystemExit(str(error)) from error
