"""Rules of attached files: what may be attached, how bytes are cut, where a content stands."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from erp_desktop.domain.enums import EtatDocument, TypeDocument
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import ValidationError

MORCEAU = 65_536
"""Bytes of a piece: small enough that a bad line loses little, large enough that a good one is filled."""
TAILLE_MAX = 50 * 1024 * 1024
_NOM_MAX = 255
_OCTETS_MAX = 200
"""Of a file's name on disk, where 255 are the limit and a program that opens it may want some beside."""
_RESERVES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}

MIMES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif",
    ".heic": "image/heic", ".tif": "image/tiff", ".tiff": "image/tiff", ".pdf": "application/pdf",
    ".txt": "text/plain", ".csv": "text/csv", ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
"""Suffix → media type of what may be attached: nothing that a desktop would run."""


@dataclass(frozen=True, slots=True)
class Fichier:
    """A file accepted as an attachment; ``sha256`` in hexadecimal, ``taille`` in bytes."""

    nom: str
    mime: str
    sha256: str
    taille: int
    contenu: bytes


def accepter(nom: str, contenu: bytes) -> Fichier:
    """Check a file that a person attaches.

    Args:
        nom: its name, with or without a folder.

    Raises:
        ValidationError: empty, too large, or of a kind that is not kept.
    """
    # Bytes of a name that are no letters in the file system's own spelling.
    court = mots.propres(nom_seul(nom).encode(errors="replace").decode().replace("\0", ""))
    mime = MIMES.get(suffixe(court))
    if mime is None:
        raise ValidationError({"fichier": "Seuls les photos, les PDF et les documents bureautiques se joignent."})
    if not contenu:
        raise ValidationError({"fichier": "Ce fichier est vide."})
    if len(contenu) > TAILLE_MAX:
        raise ValidationError({"fichier": f"Ce fichier dépasse {TAILLE_MAX // 1_048_576} Mo : réduisez-le."})
    if len(court) > _NOM_MAX:
        court = court[: _NOM_MAX - len(suffixe(court))] + suffixe(court)
    return Fichier(court, mime, hashlib.sha256(contenu).hexdigest(), len(contenu), contenu)


def nom_seul(nom: str) -> str:
    """A file's name without any folder, whichever system wrote it."""
    return PureWindowsPath(PurePosixPath(nom).name).name


def suffixe(nom: str) -> str:
    return PurePosixPath(nom).suffix.lower()


def nom_sur(nom: str, mime: str) -> str:
    """A name under which a received content may be written and opened: its suffix is one of :data:`MIMES`.

    The description came over the line: neither a folder nor ``.exe`` in it is believed, nor a name that means a
    device to Windows or is longer than a disk takes.
    """
    court = nom_de_fichier(nom_seul(nom))
    if MIMES.get(suffixe(court)) == mime:
        return court
    fin = next((s for s, m in MIMES.items() if m == mime), ".bin")
    return f"{court or 'document'}{fin}"


def nom_de_fichier(texte: str) -> str:
    """What of a text may be the name of a file on any system, without an end of its own; empty when nothing is."""
    court = "".join(c for c in texte if c.isprintable() and c not in '<>:"/\\|?*').strip(". ")
    if court.partition(".")[0].strip().upper() in _RESERVES:
        court = f"_{court}"
    point = len(court) - len(s if len(s := suffixe(court)) <= 10 else "")
    fin = court[point:]
    corps = court[:point].encode()[: _OCTETS_MAX - len(fin.encode())].decode(errors="ignore")
    return f"{corps.rstrip('. ')}{fin}"


def type_suppose(mime: str) -> TypeDocument:
    return TypeDocument.PHOTO if mime.startswith("image/") else TypeDocument.RAPPORT


def decouper(contenu: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of each piece."""
    for numero, debut in enumerate(range(0, len(contenu), MORCEAU)):
        yield numero, contenu[debut : debut + MORCEAU]


def nombre_morceaux(taille: int) -> int:
    return -(-taille // MORCEAU)


def etat(*, reseau: bool, complet: bool, au_centre: bool, demande: bool) -> EtatDocument:
    """Where a content stands, seen from a cache.

    Args:
        reseau: this database has a centre.
    """
    if complet and (au_centre or not reseau):
        return EtatDocument.CENTRE if reseau else EtatDocument.POSTE
    if complet:
        return EtatDocument.ATTENTE
    return EtatDocument.DEMANDE if demande else EtatDocument.DISTANT


def cle_au_centre(agence_id: int | None, sha256: str) -> str:
    """The key under which the centre keeps a content of an agency (None: shared); the SQL of ``sync.cle_contenu``."""
    return f"{agence_id or 0}:{base64.b64encode(bytes.fromhex(sha256)).decode().rstrip('=')}"
