"""What enrols a device, as one line: to paste, or to be read off a screen by the scanner of the machine.

Base 32 in capitals: a QR code takes it in its densest writing, and no scanner loses a case.
"""

from __future__ import annotations

import base64
import binascii
import json
import ssl
import zlib
from datetime import datetime
from typing import Final

from erp_desktop import clock
from erp_desktop.db.engine import normalise_url
from erp_desktop.errors import UserError
from erp_desktop.sync.device.provisioning import Provision

HEAD: Final = "ERPMIF:"
LONGEST: Final = 4000
"""Letters of a line; that of a centre with a long certificate has some two thousand."""
_UNREADABLE: Final = "Ce code d'inscription n'est pas entier : lisez-le ou collez-le de nouveau."


def written(provision: Provision) -> str:
    """The line of a code."""
    said = [
        provision.url, provision.agence, provision.identifiant, provision.code, clock.to_text(provision.expire),
        provision.poste, _der(provision.autorite),
    ]  # fmt: skip
    packed = zlib.compress(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    return HEAD + base64.b32encode(packed).decode().rstrip("=")


def _der(pem: str) -> str:
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode() if pem else ""


def is_one(typed: str) -> bool:
    """Whether what was typed means to be such a line."""
    return typed.strip().upper().startswith(HEAD)


def read(typed: str) -> Provision:
    """What a line says.

    Raises:
        UserError: it lacks a piece.
    """
    letters = "".join(typed.split()).upper().removeprefix(HEAD)
    try:
        packed = base64.b32decode(letters + "=" * (-len(letters) % 8))
        stream = zlib.decompressobj()
        plain = stream.decompress(packed, 20_000)
        if not stream.eof:
            # Its last letters are the sum that the others are checked by.
            raise UserError(_UNREADABLE)
        url, agence, login, code, expire, poste, der = (str(value) for value in json.loads(plain))
        until = datetime.fromisoformat(expire)
        pem = ssl.DER_cert_to_PEM_cert(base64.b64decode(der, validate=True)) if der else ""
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError) as error:
        raise UserError(_UNREADABLE) from error
    if until.tzinfo is None or not (agence and login and code):
        raise UserError(_UNREADABLE)
    normalise_url(url)
    return Provision(url, agence, login, code, until, poste, pem)
