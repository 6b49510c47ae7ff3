"""Published first copies: a plain SQLite file per agency, compressed, that a new device takes instead of a COPY.

PostgreSQL compresses nothing on the wire, so what compresses is prepared in advance: ``erp-admin server snapshot``
fills one file per agency from one snapshot of the centre and stores it with zstd in pieces of 1 MB, stamped with the
snapshot's xmin, the epoch and the revision. A device attaches it and copies table by table; the cursor starts at that
xmin, so the next cycle brings what happened since.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg2
import zstandard

from erp_desktop.db.central_pull import PIECE
from erp_desktop.db.engine import is_loopback, normalise_url
from erp_desktop.db.history import head
from erp_desktop.db.registry import SyncTable
from erp_desktop.db.wire import write_expression
from erp_desktop.errors import SyncError
from erp_desktop.sync.cache import Cache
from erp_desktop.sync.hydrate import Progress, fill, hydrate, load, persist
from erp_desktop.sync.link import Link

_PUBLISHED = "SELECT (SELECT sync.instantane()), sync.epoque(), sync.agence()"
_COPY_HEADER = 19
"""Bytes before the first row of COPY's binary form: signature, flags, length of an empty extension."""


@dataclass(frozen=True, slots=True)
class Published:
    """One agency's snapshot; sizes in bytes."""

    agence: str
    rows: int
    pieces: int
    size: int
    plain_size: int


def _query(table: SyncTable, agence_id: int) -> str:
    """What ``sync.copie_*`` gives a device of this agency, read by the owner."""
    values = ", ".join(write_expression(c.kind, f"t.{c.name}") for c in table.columns)
    scope = "coalesce(t.agence_id, 0)" if table.scoped else "0"
    mine = f"WHERE t.agence_id IS NULL OR t.agence_id = {int(agence_id)}" if table.scoped else ""
    return (
        f"SELECT coalesce(e.ver, 1), {values} FROM public.{table.name} t LEFT JOIN sync.row_state e "
        f"ON e.nom_table = '{table.name}' AND e.pk = t.id AND e.scope = {scope} {mine} ORDER BY t.id"
    )


def publish(url: str, make_cache: Callable[[Path], None]) -> list[Published]:
    """Publish one snapshot per active agency, replacing the former ones.

    Args:
        url: the centre, as its owner.
        make_cache: makes an empty, plain cache at the head revision.
    """
    done = []
    link = Link(url)
    try:
        with tempfile.TemporaryDirectory(prefix="erp-mif-instantane-") as folder:
            empty = Path(folder) / "vide.sqlite"
            make_cache(empty)
            agences = link.rows("SELECT id, code FROM agences WHERE is_active ORDER BY code")
            for agence_id, code in agences:
                path = Path(folder) / f"{code}.sqlite"
                path.write_bytes(empty.read_bytes())
                done.append(_publish_one(url, link, agence_id, code, path))
    finally:
        link.close()
    return done


def _publish_one(url: str, link: Link, agence_id: int, code: str, path: Path) -> Published:
    with link.snapshot(), Cache(path) as cache:
        x, epoch = link.row("SELECT pg_snapshot_xmin(pg_current_snapshot())::text, sync.epoque()")
        start = {"x": x, "epoque": epoch, "agence": agence_id}
        rows = fill(cache, start, lambda table: _query(table, agence_id), link)
        cache.db.execute("PRAGMA journal_mode = DELETE")
        cache.db.execute("VACUUM")
    plain = path.read_bytes()
    packed = zstandard.ZstdCompressor(level=9, write_checksum=True).compress(plain)
    pieces = [packed[i : i + PIECE] for i in range(0, len(packed), PIECE)]
    parsed = normalise_url(url)
    connection = psycopg2.connect(
        host=parsed.host, port=parsed.port or 5432, dbname=parsed.database, user=parsed.username,
        password=parsed.password, sslmode="prefer" if is_loopback(parsed.host) else "verify-full",
    )  # fmt: skip
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM sync.instantanes WHERE scope = %s", (agence_id,))
            for number, piece in enumerate(pieces):
                cursor.execute(
                    "INSERT INTO sync.instantanes (scope, morceau, revision, epoque, xid, lignes, contenu) "
                    "VALUES (%s, %s, %s, %s, %s::xid8, %s, %s)",
                    (agence_id, number, head(), epoch, x, rows, psycopg2.Binary(piece)),
                )
    finally:
        connection.close()
    return Published(code, rows, len(pieces), len(packed), len(plain))


def first_copy(cache: Cache, link: Link, progress: Progress | None = None) -> int:
    """Fill a new cache: from the published snapshot when it fits this program and this centre, else by COPY.

    A line that is cut takes the download up behind the last slice that arrived.
    """
    staged = cache.path.with_name(cache.path.name + ".instantane")
    try:
        while True:
            found, epoque, agence = persist(lambda: link.row(_PUBLISHED))
            if not found or found["revision"] != head() or found["epoque"] != epoque:
                return hydrate(cache, link, progress)
            if _fetch(link, found, staged, progress):
                return _load(cache, staged, {"x": found["x"], "epoque": epoque, "agence": agence})
    finally:
        staged.unlink(missing_ok=True)


class _Slices:
    """Takes COPY's binary form apart: a header, then per row the number of its fields, a length and the bytes."""

    def __init__(self, out: IO[bytes], progress: Progress | None) -> None:
        self.taken = 0
        """Bytes of the published copy that arrived, in whole slices."""
        self._out = out
        self._progress = progress
        self._unpack = zstandard.ZstdDecompressor().decompressobj()
        self.again()

    @property
    def complete(self) -> bool:
        return bool(self._unpack.eof)

    def again(self) -> None:
        """A new COPY begins."""
        self._rest, self._skip = b"", _COPY_HEADER

    def write(self, data: bytes) -> int:
        self._rest += data
        while len(self._rest) >= self._skip + 6:
            fields, size = struct.unpack_from("!hi", self._rest, self._skip)
            end = self._skip + 6 + size
            if fields != 1 or len(self._rest) < end:
                break
            self._out.write(self._unpack.decompress(self._rest[end - size : end]))
            self.taken += size
            self._rest, self._skip = self._rest[end:], 0
        if self._progress:
            self._progress("instantané", self.taken)
        return len(data)


def _fetch(link: Link, found: dict[str, Any], path: Path, progress: Progress | None) -> bool:
    """Download and unpack; False when another copy was published meanwhile, so that the bytes may not fit.

    The staged file holds the branch in clear, so it is ours alone and short-lived.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        slices = _Slices(out, progress)

        def attempt() -> None:
            slices.again()
            link.copy_out(f"SELECT sync.instantane_suite({slices.taken})", slices, binary=True)

        try:
            persist(attempt, lambda: slices.taken)
            if not slices.complete:
                raise zstandard.ZstdError("truncated")
        except zstandard.ZstdError as error:
            if persist(lambda: link.row(_PUBLISHED))[0] == found:
                raise SyncError("La première copie publiée est abîmée ; publiez-la à nouveau.") from error
            return False
    return bool(persist(lambda: link.row(_PUBLISHED))[0] == found)


def _load(cache: Cache, staged: Path, start: dict[str, Any]) -> int:
    cache.db.execute("ATTACH DATABASE ? AS instantane KEY ''", (str(staged),))
    try:

        def copy(table: SyncTable) -> int:
            names = ", ".join(table.names)
            cursor = cache.db.execute(
                f"INSERT INTO main.{table.name} ({names}) SELECT {names} FROM instantane.{table.name} ORDER BY id"
            )
            cache.db.execute(
                "INSERT INTO main.sync_versions SELECT nom_table, pk, ver FROM instantane.sync_versions "
                "WHERE nom_table = ?",
                (table.name,),
            )
            return int(cursor.rowcount)

        return load(cache, start, copy)
    finally:
        cache.db.execute("DETACH DATABASE instantane")
