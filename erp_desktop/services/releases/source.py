"""Where IT lays new versions down: a folder or an HTTPS address. Downloads go on where they were cut."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from erp_desktop import paths
from erp_desktop.errors import UnavailableError
from erp_desktop.services.releases.manifest import LARGEST, NAME, Artefact, ReleaseRefusedError, sha256_of

_PIECE = 65_536
_TIMEOUT_S = 30.0
Progress = Callable[[int, int], object]


def announced(source: str, authority: Path | None = None) -> bytes:
    """The manifest as it lies there.

    Args:
        authority: whose certificates an HTTPS address may show (PEM); None, those that the system trusts.

    Raises:
        UnavailableError: the place does not answer, or has none.
    """
    with _opened(source, NAME, 0, authority) as (stream, _begins):
        return stream.read(LARGEST)


def download(
    source: str, wanted: Artefact, folder: Path, progress: Progress | None = None, authority: Path | None = None
) -> Path:
    """Bring a file here, from where the last attempt was cut, and look at its hash.

    Args:
        progress: told bytes here, bytes of all; raising there stops, what arrived stays.

    Raises:
        ReleaseRefusedError: it is not the file that was signed.
        UnavailableError: the place does not answer; the next attempt goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / wanted.fichier
    if whole.is_file() and whole.stat().st_size == wanted.taille and sha256_of(whole) == wanted.sha256:
        return whole
    begun = folder / f"{wanted.sha256[:16]}.commence"
    here = begun.stat().st_size if begun.is_file() else 0
    if here > wanted.taille:
        begun.unlink()
        here = 0
    if paths.free_space(folder) < wanted.taille - here:
        raise UnavailableError(
            f"Il manque de la place sur le disque pour la nouvelle version ({wanted.taille} octets)."
        )
    if here < wanted.taille:
        with _opened(source, wanted.fichier, here, authority) as (stream, begins), begun.open("ab") as out:
            if begins != here:
                out.truncate(0)
                here = 0
            for piece in _pieces(stream, wanted.taille - here):
                out.write(piece)
                here += len(piece)
                if progress is not None:
                    progress(here, wanted.taille)
    if here < wanted.taille:
        raise UnavailableError("Le téléchargement de la nouvelle version a été coupé ; il reprendra où il en est.")
    if sha256_of(begun) != wanted.sha256:
        begun.unlink()
        raise ReleaseRefusedError(
            "Le fichier de la nouvelle version n'est pas celui que l'informatique a signé : rien n'est installé."
        )
    paths.put_in_place(begun, whole)
    return whole


def _pieces(stream: BinaryIO, left: int) -> Iterator[bytes]:
    """No more than was signed, however much is sent."""
    while left > 0:
        try:
            piece = stream.read(min(_PIECE, left))
        except (OSError, ssl.SSLError):
            return
        if not piece:
            return
        left -= len(piece)
        yield piece


class _opened:  # noqa: N801 - used as a with statement
    """The bytes of a file there, and from which one on they come."""

    def __init__(self, source: str, name: str, begin: int, authority: Path | None) -> None:
        self._source, self._name, self._begin, self._authority = source, name, begin, authority

    def __enter__(self) -> tuple[BinaryIO, int]:
        try:
            self._stream, begins = self._open()
        except (OSError, urllib.error.URLError) as error:
            if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                raise ReleaseRefusedError(
                    f"Le certificat de {self._source} n'est pas d'une autorité reconnue (update_authority), ou n'est "
                    "pas à ce nom : rien n'en est pris."
                ) from error
            raise UnavailableError(f"Les versions de {self._source} ne sont pas joignables.") from error
        return self._stream, begins

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _open(self) -> tuple[BinaryIO, int]:
        if not self._source.startswith(("https://", "http://")):
            file = (Path(self._source) / self._name).open("rb")
            file.seek(self._begin)
            return file, self._begin
        _require_safe(self._source)
        request = urllib.request.Request(  # noqa: S310 - HTTPS, or this machine: looked at above
            f"{self._source.rstrip('/')}/{quote(self._name)}"
        )
        if self._begin:
            request.add_header("Range", f"bytes={self._begin}-")
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=_trusting(self._authority))  # noqa: S310
        _require_safe(answer.url)
        return answer, self._begin if answer.status == 206 else 0


def _trusting(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise ReleaseRefusedError(
            f"{authority} (update_authority) n'est pas un certificat d'autorité (PEM)."
        ) from error


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ReleaseRefusedError("Les versions ne se prennent que d'un dossier ou d'une adresse https://.")
