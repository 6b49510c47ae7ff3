"""What IT signs: one file that says which version there is, for which systems, for whom and until when.

``erp-mif.version``: a line with the Ed25519 signature of all that follows, then JSON. The files beside it are named
with their size and SHA-256, so that the signature covers them too. libsodium through PyNaCl, as for bundles.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from erp_desktop import clock, paths
from erp_desktop.db.engine import private
from erp_desktop.errors import UserError

NAME = "erp-mif.version"
LARGEST = 200_000
"""Bytes of a manifest."""
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}")
_FILE = re.compile(r"[\w.+-]{1,120}", re.ASCII)


class ReleaseRefusedError(UserError):
    """Nothing of it was run."""

    code = "version_refusee"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The installer of one system; ``taille`` in bytes."""

    fichier: str
    taille: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Who may install from a day on: agencies by code (none: all), and how many of their desktops in percent."""

    des: date
    agences: tuple[str, ...] = ()
    part: int = 100


@dataclass(frozen=True, slots=True)
class Release:
    """A version as it was signed.

    Attributes:
        revision: of the schema that it works with.
        systemes: by platform, ``linux-x86_64`` or ``windows-x86_64``.
        etapes: without any, everybody at once.
    """

    version: str
    revision: str
    publiee: datetime
    expire: datetime
    systemes: Mapping[str, Artefact]
    etapes: tuple[Stage, ...] = ()


def number(version: str) -> tuple[int, ...]:
    """Of a version, to be compared."""
    return tuple(int(part) for part in version.split("."))


def new_key(target: Path) -> str:
    """Make the pair that IT signs with: the private half in ``target`` (0600); the public one, in hexadecimal.

    Raises:
        UserError: the file is there.
    """
    from nacl.signing import SigningKey

    if target.exists():
        raise UserError(f"Le fichier {target} existe déjà ; une clé n'est jamais écrasée.")
    key = SigningKey.generate()
    private(target)
    try:
        target.write_text(bytes(key).hex() + "\n", encoding="ascii")
    except OSError:
        paths.let_go(target)
        raise
    return bytes(key.verify_key).hex()


def artefact(file: Path) -> Artefact:
    return Artefact(file.name, file.stat().st_size, sha256_of(file))


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sign(release: Release, key_file: Path, folder: Path) -> Path:
    """Write the manifest beside the files that it names.

    Raises:
        UserError: the key cannot be read.
    """
    from nacl.signing import SigningKey

    told = json.dumps(asdict(release), default=_plain, indent=1, ensure_ascii=False).encode()
    try:
        key = SigningKey(bytes.fromhex(key_file.read_text(encoding="ascii").strip()))
    except Exception as error:
        raise UserError(f"Le fichier {key_file} n'est pas une clé de signature.") from error
    target = folder / NAME
    ready = folder / f".{NAME}"
    ready.write_bytes(base64.b64encode(key.sign(told).signature) + b"\n" + told)
    paths.put_in_place(ready, target)
    return target


def _plain(value: object) -> str:
    return clock.to_text(value) if isinstance(value, datetime) else str(value)


def read(content: bytes, public: str) -> Release:
    """A manifest whose signature is IT's.

    Raises:
        ReleaseRefusedError: it is not.
    """
    from nacl.signing import VerifyKey

    first, _, told = content.partition(b"\n")
    try:
        VerifyKey(bytes.fromhex(public)).verify(told, base64.b64decode(first, validate=True))
    except (binascii.Error, ValueError) as error:
        raise _forged() from error
    except Exception as error:
        if type(error).__module__.startswith("nacl"):
            raise _forged() from error
        raise
    try:
        return _release(json.loads(told))
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseRefusedError(
            "L'annonce de version est signée, mais ce programme ne sait pas la lire."
        ) from error


def _forged() -> ReleaseRefusedError:
    return ReleaseRefusedError(
        "L'annonce de version n'est pas signée par l'informatique, ou elle a été modifiée : rien n'est installé."
    )


def _release(told: Mapping[str, Any]) -> Release:
    version = str(told["version"])
    found = {str(k): Artefact(str(a["fichier"]), int(a["taille"]), str(a["sha256"]))
             for k, a in told["systemes"].items()}  # fmt: skip
    if not _VERSION.fullmatch(version) or not all(_FILE.fullmatch(a.fichier) for a in found.values()):
        raise ValueError("version")
    stages = tuple(
        Stage(date.fromisoformat(s["des"]), tuple(map(str, s["agences"])), int(s["part"])) for s in told["etapes"]
    )
    return Release(version, str(told["revision"]), clock.from_text(told["publiee"]), clock.from_text(told["expire"]),
                   found, stages)  # fmt: skip


def open_to(stages: Sequence[Stage], agence: str, place: int, today: date) -> bool:
    """Whether a desktop's turn has come.

    Args:
        place: 0 to 99, where this desktop stands among the desktops of all agencies.
    """
    return not stages or any(
        s.des <= today and (not s.agences or agence in s.agences) and place < s.part for s in stages
    )


def place_of(version: str, desktop: str) -> int:
    """Where a desktop stands for a version: the first ones are other ones each time."""
    return int.from_bytes(hashlib.sha256(f"{version}/{desktop}".encode()).digest()[:4], "big") % 100


def system() -> str:
    return "windows-x86_64" if os.name == "nt" else "linux-x86_64"
