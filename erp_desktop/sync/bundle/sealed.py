"""The sealed file: one clear line that says what it is, then records that only the device and its centre can read.

libsodium's secretstream (XChaCha20-Poly1305) under the key that both hold, another one for each direction: a record
that was changed, left out, put elsewhere or taken from another file is refused, as is a file without its last record.
The clear line is part of what is authenticated. Nothing of a file is used before all of it was read.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import zstandard

from erp_desktop import paths
from erp_desktop.errors import UserError
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import BUNDLE_KEY

SUFFIX = ".paquet"
OUT, BACK = "aller", "retour"
_MAGIC = b"ERP MIF paquet 1\n"
_LONGEST_LINE, _LONGEST_RECORD, _LARGEST = 2_000, 1 << 26, 1 << 28
_LENGTH = struct.Struct(">I")

Record = dict[str, Any]


class BundleError(UserError):
    """A bundle that is not used; nothing of it was taken."""

    code = "paquet_refuse"


@dataclass(frozen=True, slots=True)
class Head:
    """What may be read without a key.

    Attributes:
        sens: :data:`OUT` of the device, or :data:`BACK` from the centre.
        numero: of the device's bundle, the same on the way back.
        fait_le: instant as text, UTC.
    """

    sens: str
    poste: int
    agence: str
    numero: int
    fait_le: str

    @property
    def name(self) -> str:
        """The file's name; it sorts by device, then by number."""
        return f"erp-mif-{self.agence}-poste{self.poste:02d}-{self.numero:04d}-{self.sens}{SUFFIX}"


def _bindings() -> Any:
    # Of the whole program only these files need it: no start and no cycle pays for it.
    from nacl import bindings

    return bindings


def _stream_key(key: bytes, sens: str) -> bytes:
    return hashlib.blake2b(key=key, person=sens.encode(), digest_size=32).digest()


def key_of(cache: Cache) -> bytes | None:
    """The key that this cache and its centre share; None before they first met since they know bundles."""
    held = cache.get(BUNDLE_KEY)
    return bytes.fromhex(held) if held else None


class Writer:
    """Writes a bundle beside its place and gives it its name once it is whole, on the disk and read back.

    Args:
        target: the file, or the folder that it goes to.
        key: 32 bytes.
    """

    def __init__(self, target: Path, head: Head, key: bytes) -> None:
        self.head, self._key = head, key
        self.path = target / head.name if target.is_dir() else target
        self._sodium = _bindings()

    def __enter__(self) -> Self:
        handle, part = tempfile.mkstemp(prefix=".", dir=self.path.parent)
        self._part, self._file = Path(part), os.fdopen(handle, "wb")
        line = json.dumps(asdict(self.head), ensure_ascii=False).encode() + b"\n"
        self._bound = hashlib.sha256(_MAGIC + line).digest()
        self._state = self._sodium.crypto_secretstream_xchacha20poly1305_state()
        start = self._sodium.crypto_secretstream_xchacha20poly1305_init_push(
            self._state, _stream_key(self._key, self.head.sens)
        )
        self._file.write(_MAGIC + line + start)
        return self

    def put(self, record: Record) -> None:
        told = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        self._push(zstandard.ZstdCompressor(level=6).compress(told), last=False)

    def _push(self, content: bytes, *, last: bool) -> None:
        sodium = self._sodium
        tag = (
            sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
            if last
            else sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
        )
        sealed = sodium.crypto_secretstream_xchacha20poly1305_push(self._state, content, self._bound, tag)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._push(b"", last=True)
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                # A stick that lies about what it wrote is found here rather than after the journey.
                for _ in records(self._part, self._key):
                    pass
                paths.put_in_place(self._part, self.path)
        finally:
            self._file.close()
            paths.let_go(self._part)


def head_of(path: Path) -> Head:
    """The clear line of a bundle.

    Raises:
        BundleError: this is no bundle, or one of a newer program.
    """
    with path.open("rb") as file:
        return _head(file)[0]


def _head(file: BinaryIO) -> tuple[Head, bytes]:
    start = file.read(len(_MAGIC))
    if start != _MAGIC:
        if start[: len(_MAGIC) - 2] == _MAGIC[:-2]:
            raise BundleError("Ce paquet vient d'un programme plus récent : mettez d'abord celui-ci à jour.")
        raise BundleError("Ce fichier n'est pas un paquet d'échange d'ERP MIF.")
    line = file.readline(_LONGEST_LINE)
    try:
        told = json.loads(line)
        head = Head(str(told["sens"]), int(told["poste"]), str(told["agence"]), int(told["numero"]),
                    str(told["fait_le"]))  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged() from error
    return head, hashlib.sha256(_MAGIC + line).digest()


def _damaged() -> BundleError:
    return BundleError(
        "Ce paquet est abîmé, ou il a été modifié en chemin : rien n'en a été pris. Refaites-le là d'où il vient."
    )


def _cut() -> BundleError:
    return BundleError(
        "Ce paquet est incomplet : la clé a été retirée, ou était pleine, avant la fin. Rien n'en a été pris ; "
        "refaites-le là d'où il vient."
    )


def records(path: Path, key: bytes) -> Iterator[Record]:
    """The records of a bundle, in order; whoever uses them has read all of them once before.

    Raises:
        BundleError: it was cut, changed, or sealed under another key.
    """
    sodium = _bindings()
    with path.open("rb") as file:
        head, bound = _head(file)
        start = file.read(sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES)
        if len(start) < sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES:
            raise _cut()
        state = sodium.crypto_secretstream_xchacha20poly1305_state()
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, start, _stream_key(key, head.sens))
        while True:
            size = file.read(_LENGTH.size)
            if len(size) < _LENGTH.size:
                raise _cut()
            (length,) = _LENGTH.unpack(size)
            if not sodium.crypto_secretstream_xchacha20poly1305_ABYTES <= length <= _LONGEST_RECORD:
                raise _damaged()
            sealed = file.read(length)
            if len(sealed) < length:
                raise _cut()
            try:
                content, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(state, sealed, bound)
            except Exception as error:
                # libsodium's own, or a check of its lengths: either way these are not the bytes that were sealed.
                raise _damaged() from error
            if tag == sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL:
                if file.read(1):
                    raise _damaged()
                return
            yield json.loads(zstandard.ZstdDecompressor().decompress(content, max_output_size=_LARGEST))
