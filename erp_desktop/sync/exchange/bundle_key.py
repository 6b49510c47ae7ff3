"""The key that seals what is carried by hand: made on the device, told to the centre over the line."""

from __future__ import annotations

import hashlib
import secrets

from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import Link

_KEY = "cle_paquet"


def entrust(cache: Cache, link: Link, known: str | None) -> None:
    """Make sure that the centre holds this device's key.

    Args:
        known: SHA-256 of the one that it holds, None when it holds none.
    """
    held = cache.get(_KEY)
    if held is not None and hashlib.sha256(bytes.fromhex(held)).hexdigest() == known:
        return
    key = held or secrets.token_hex(32)
    if link.row("SELECT sync.confier_cle(%s)", (key,))[0] and held is None:
        # Kept here only once the centre has it: a bundle under a key that nobody else holds would be lost.
        with cache.writing():
            cache.put(**{_KEY: key})


def key_of(cache: Cache) -> bytes | None:
    """32 bytes; None before this device and its centre first met since they know bundles."""
    held = cache.get(_KEY)
    return bytes.fromhex(held) if held else None
