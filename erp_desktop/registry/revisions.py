"""The revisions that this program knows, read from ``migrations/manifest.json`` without importing Alembic.

The manifest lists the shipped revisions in order with the checksum of each file; :mod:`erp_desktop.upgrade.history`
writes it.
"""

from __future__ import annotations

import hashlib
import json
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
