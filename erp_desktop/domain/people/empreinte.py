"""Proof of a password to a centre that cannot compute argon2: the hash is made here, compared there.

The centre tells the parameters and salt of the account's hash (``$argon2id$v=19$m=…,t=…,p=…$salt``); whoever types
the right password finds the same encoded hash. The stored hash itself never travels towards a desktop.
"""

from __future__ import annotations

import base64

from argon2 import PasswordHasher
from argon2.low_level import Type, hash_secret

_LONGUEUR = 32
hasher = PasswordHasher(hash_len=_LONGUEUR)
"""Of new passwords, at the cost that RFC 9106 advises for machines with little memory."""


def calculer(sel: str, mot_de_passe: str) -> str:
    """The encoded argon2id hash of a password under given parameters and salt.

    Raises:
        ValueError: ``sel`` is not the beginning of an argon2id hash, or asks for an unreasonable cost.
    """
    try:
        _, genre, version, couts, grain = sel.split("$")
        lus = {k: int(v) for k, v in (part.split("=") for part in couts.split(","))}
        memoire, temps, voies = lus["m"], lus["t"], lus["p"]
        brut = base64.b64decode(grain + "=" * (-len(grain) % 4), validate=True)
    except (ValueError, KeyError) as error:
        raise ValueError("unreadable argon2 parameters") from error
    if genre != "argon2id" or version != "v=19" or memoire > 1 << 20 or temps > 16 or voies > 16:
        raise ValueError("unexpected argon2 parameters")
    encode = hash_secret(
        mot_de_passe.encode(), brut, time_cost=temps, memory_cost=memoire, parallelism=voies, hash_len=_LONGUEUR,
        type=Type.ID, version=19,
    )  # fmt: skip
    return encode.decode()
