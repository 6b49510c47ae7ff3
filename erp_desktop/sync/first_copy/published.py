"""Published first copies: a plain SQLite file per agency, compressed, that a new device takes instead of a COPY.

PostgreSQL compresses nothing on the wire, so what compresses is prepared in advance: ``erp-admin server snapshot``
fills one file per agency from one snapshot of the centre and stores it with zstd in pieces of 1 MB, stamped with the
snapshot's xmin, the epoch and the revision. A device keeps what arrives beside the new cache, under the same key, so
that a line cut or a program killed costs seconds; it then unpacks it, attaches it and copies table by table. The
cursor starts at that xmin, so the next cycle brings what happened since.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, cast

import psycopg2
import zstandard

from erp_desktop.centre.functions.pull import PIECE
from erp_desktop.db import pg_line
from erp_desktop.db.engine import connect_sqlite, normalise_url
from erp_desktop.errors import SyncError
from erp_desktop.registry.revisions import head
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.registry.wire_form import write_expression
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.link import Link, libpq_arguments
from erp_desktop.sync.first_copy.by_rows import (
    KEPT_EVERY_S,
    Keep,
    Progress,
    arrived,
    begun,
    fill,
    hydrate,
    load,
    persist,
)

_PUBLISHED = "SELECT (SELECT sync.instantane()), sync.epoque(), sync.agence()"
_KEPT_AT_ONCE = 4 << 20
"""Bytes of a published copy that wait in memory at most before they are kept beside the cache."""
_LARGEST_RATIO, _LEAST_ROOM = 200, 64 << 20
"""How many times its own size a published copy may unpack to (a database: five to thirty), and what any may."""
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
    connection = pg_line.connect(**libpq_arguments(normalise_url(url)))
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

    A line that is cut takes the download up behind the last slice that arrived, and a copy that a killed program
    began in this cache goes on; one that it finished stays as it is.

    Raises:
        SyncError: the published copy is damaged, or what was begun here is.
        CentralUnreachableError: the line brought nothing more in several attempts; it may be gone on with.
    """
    note = begun(cache)
    if note is None and cache.get("curseur_xid") is not None:
        return sum(arrived(cache, table)[0] for table in TABLES)
    if note is not None and "tables" in note:
        return hydrate(cache, link, progress)
    with _Staged(cache) as staged:
        while True:
            start = note
            if start is None:
                found, epoque, agence = persist(lambda: link.row(_PUBLISHED))
                if not found or found["revision"] != head() or found["epoque"] != epoque:
                    staged.throw_away()
                    return hydrate(cache, link, progress)
                _download(link, found, staged, progress)
                start = {"x": found["x"], "epoque": epoque, "agence": agence}
            try:
                with staged.unpacked() as clear:
                    # Published anew meanwhile: what arrived may be of both.
                    if note is not None or persist(lambda: link.row(_PUBLISHED))[0] == found:
                        rows = _load(cache, clear, start)
                        staged.throw_away()
                        return rows
            except zstandard.ZstdError as error:
                if note is not None:
                    raise SyncError("La première copie commencée ici ne peut pas continuer ; recommencez.") from error
                if persist(lambda: link.row(_PUBLISHED))[0] == found:
                    raise SyncError("La première copie publiée est abîmée ; publiez-la à nouveau.") from error
            staged.forget()


def leftovers(path: Path) -> list[Path]:
    """What a first copy of this cache may leave beside it."""
    staged = path.with_name(path.name + ".instantane")
    return [staged, staged.with_name(staged.name + "-journal"), staged.with_name(staged.name + ".clair")]


class _Slices:
    """Takes COPY's binary form apart: a header, then per row the number of its fields, a length and the bytes."""

    def __init__(self, staged: _Staged, progress: Progress | None) -> None:
        self._staged = staged
        self._progress = progress
        self.again()

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
            self._staged.add(self._rest[end - size : end])
            self._rest, self._skip = self._rest[end:], 0
        if self._progress:
            self._progress("instantané", self._staged.taken)
        return len(data)


class _Joined:
    """A file of one column of rows, one after the other."""

    def __init__(self, rows: Iterator[tuple[bytes]]) -> None:
        self._rows = rows

    def read(self, _size: int = -1) -> bytes:
        """The next row, of whatever length."""
        row = next(self._rows, None)
        return row[0] if row else b""


class _Staged:
    """A published copy as it arrives: compressed, in a file beside the cache that is encrypted like the cache.

    Attributes:
        taken: bytes that arrived, in whole slices.
    """

    def __init__(self, cache: Cache) -> None:
        self._path, _, self._clear = self._files = leftovers(cache.path)
        # Made by hand, because SQLite's own choice of rights lets others read.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = connect_sqlite(self._path, cache.key)
        self._db.execute("CREATE TABLE IF NOT EXISTS origine (publication TEXT NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS tranches (debut INTEGER PRIMARY KEY, octets BLOB NOT NULL)")
        (self.taken,) = self._db.execute("SELECT coalesce(sum(length(octets)), 0) FROM tranches").fetchone()
        self._waiting: list[bytes] = []
        self._kept, self._kept_at = self.taken, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def belongs_to(self, publication: dict[str, Any]) -> None:
        """Go on with what is here if it is of this publication, else start again."""
        if self._db.execute("SELECT 1 FROM origine WHERE publication = ?", (dumps(publication),)).fetchone() is None:
            self.forget()
            self._db.execute("INSERT INTO origine (publication) VALUES (?)", (dumps(publication),))

    def forget(self) -> None:
        self._db.execute("DELETE FROM origine")
        self._db.execute("DELETE FROM tranches")
        self.taken, self._kept, self._waiting = 0, 0, []

    def add(self, octets: bytes) -> None:
        self._waiting.append(octets)
        self.taken += len(octets)
        if self.taken - self._kept >= _KEPT_AT_ONCE or time.monotonic() - self._kept_at >= KEPT_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Write down what arrived."""
        if self._waiting:
            row = (self._kept, b"".join(self._waiting))
            self._db.execute("INSERT INTO tranches (debut, octets) VALUES (?, ?)", row)
        self._waiting, self._kept, self._kept_at = [], self.taken, time.monotonic()

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """The plain SQLite file that was published. It holds the branch in clear: ours alone, and short-lived.

        Raises:
            zstandard.ZstdError: damaged, or not all of it is here.
            SyncError: it grows out of all proportion, which no database does.
        """
        most = _LARGEST_RATIO * self.taken + _LEAST_ROOM
        try:
            declared = self._declared()
            if declared > most:
                raise SyncError(
                    "La première copie publiée est démesurée : elle n'est pas installée ; publiez-la à nouveau."
                )
            descriptor = os.open(self._clear, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            slices = _Joined(self._db.execute("SELECT octets FROM tranches ORDER BY debut"))
            written = 0
            with (
                os.fdopen(descriptor, "wb") as out,
                zstandard.ZstdDecompressor().stream_reader(cast("IO[bytes]", slices)) as reader,
            ):
                # Bit by bit: what is small here may be anything once it is unpacked.
                while written <= declared and (piece := reader.read(1 << 20)):
                    written += out.write(piece)
            if written != declared:
                raise zstandard.ZstdError("not of the declared size")
            yield self._clear
        finally:
            self._clear.unlink(missing_ok=True)

    def _declared(self) -> int:
        """The size that the frame announces."""
        row = self._db.execute("SELECT octets FROM tranches ORDER BY debut LIMIT 1").fetchone()
        return int(zstandard.get_frame_parameters(row[0] if row else b"").content_size)

    def throw_away(self) -> None:
        self._db.close()
        for file in self._files:
            file.unlink(missing_ok=True)


def _download(link: Link, found: dict[str, Any], staged: _Staged, progress: Progress | None) -> None:
    staged.belongs_to(found)
    slices = _Slices(staged, progress)

    def attempt() -> None:
        slices.again()
        try:
            link.copy_out(f"SELECT sync.instantane_suite({staged.taken})", slices, binary=True)
        finally:
            staged.keep()

    persist(attempt, lambda: staged.taken)


def _load(cache: Cache, clear: Path, start: dict[str, Any]) -> int:
    cache.db.execute("ATTACH DATABASE ? AS instantane KEY ''", (str(clear),))
    if sys.platform != "win32":
        # Open already: a program killed from here on leaves nothing in clear.
        clear.unlink()
    try:

        def copy(table: SyncTable, _keep: Keep) -> None:
            count, last = arrived(cache, table)
            text = "SELECT sql FROM {}.sqlite_schema WHERE type = 'table' AND name = ?"
            if not count and cache.value(text.format("main"), table.name) == cache.value(
                text.format("instantane"), table.name
            ):
                # In these words SQLite copies rows as they lie, three times as fast as value by value.
                cache.db.execute(f"INSERT INTO main.{table.name} SELECT * FROM instantane.{table.name}")
            else:
                names = ", ".join(table.names)
                cache.db.execute(
                    f"INSERT INTO main.{table.name} ({names}) SELECT {names} FROM instantane.{table.name} "
                    "WHERE id > ? ORDER BY id", (last,),
                )  # fmt: skip
            for kept in ("sync_versions", "sync_recus_rejetes"):
                cache.db.execute(
                    f"INSERT INTO main.{kept} SELECT * FROM instantane.{kept} WHERE nom_table = ?", (table.name,)
                )

        return load(cache, start, copy)
    finally:
        cache.db.execute("DETACH DATABASE instantane")
