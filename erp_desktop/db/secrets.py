"""A device's secrets: PostgreSQL password and cache key, in the OS keyring or in a 0600 file.

The name of a secret is the cache's resolved path, so one PC can hold several caches. Whether a cache is encrypted is
written beside it in the store, never guessed.
"""

from __future__ import annotations

import json
import os
import secrets as random
from pathlib import Path

from erp_desktop.errors import UserError

SERVICE = "ERP MIF"


def new_key() -> str:
    """A fresh SQLCipher key: 32 random bytes as 64 hexadecimal digits."""
    return random.token_hex(32)


def new_password() -> str:
    return random.token_urlsafe(32)


def beside(cache: Path) -> Path:
    """Where an unencrypted cache keeps its password when the machine has no keyring."""
    return cache.with_name(cache.name + ".secrets")


def _name(cache: Path) -> str:
    return str(cache.resolve())


def load(cache: Path, file: Path | None = None) -> dict[str, str]:
    """What is kept of a cache: ``login``, ``password`` and, when encrypted, ``key``; empty when nothing is."""
    if file is None and beside(cache).is_file():
        file = beside(cache)
    if file is not None:
        if not file.exists():
            return {}
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise UserError(f"Le fichier de secrets {file} doit n'être lisible que par vous (chmod 600).")
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"Le fichier de secrets {file} n'est pas lisible.") from error
        return dict(stored.get(_name(cache), {}))
    import keyring
    from keyring.errors import KeyringError

    try:
        stored_text = keyring.get_password(SERVICE, _name(cache))
    except KeyringError:
        return {}
    return dict(json.loads(stored_text)) if stored_text else {}


def store(cache: Path, values: dict[str, str], file: Path | None = None) -> None:
    """Keep a cache's secrets; replaces what was there.

    Raises:
        UserError: no keyring answers on this machine and no file was given.
    """
    if file is not None:
        stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        stored[_name(cache)] = values
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(file.suffix + ".tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(stored, out)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
        return
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, _name(cache), json.dumps(values))
    except KeyringError as error:
        raise UserError("Aucun trousseau de clés sur cette machine : indiquez --secrets FICHIER.") from error


def cache_key(cache: Path, file: Path | None = None) -> str | None:
    return load(cache, file).get("key")
