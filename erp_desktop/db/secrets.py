"""A device's secrets: PostgreSQL password and cache key, in the OS keyring or in a 0600 file.

The name of a secret is the cache's resolved path, so one PC can hold several caches; a second name is what the file
itself carries, which finds it again when the file is moved. Whether a cache is encrypted is written beside it in the
store, never guessed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets as random
import tempfile
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import paths
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import DatabaseRefusedError, UserError

SERVICE = "ERP MIF"
_SALT = 16
"""Bytes at the head of an encrypted file that are its salt."""


def new_key() -> str:
    """A fresh SQLCipher key: 32 random bytes as 64 hexadecimal digits."""
    return random.token_hex(32)


def new_password() -> str:
    return random.token_urlsafe(32)


def beside(cache: Path) -> Path:
    """Where an unencrypted cache keeps its password when the machine has no keyring."""
    return cache.parent / f"{cache.name}.secrets"


def _name(cache: Path) -> str:
    return str(paths.real(cache))


def load(cache: Path, file: Path | None = None) -> dict[str, str]:
    """What is kept of a cache: ``login``, ``password`` and, when encrypted, ``key``; empty when nothing is.

    A file that was moved or renamed is recognised by what :func:`bind` kept of it.
    """
    store = _store_of(cache, file)
    found = store.get(_name(cache))
    if found is None and store.answers():
        mark = _mark(cache, None)
        found = _of_this_file(cache, store.get(mark) or {}) if mark is not None else None
    return dict(found or {})


def store(cache: Path, values: dict[str, str], file: Path | None = None) -> None:
    """Keep a cache's secrets; replaces what was there.

    Raises:
        UserError: no keyring answers on this machine and no file was given.
    """
    (_FileStore(file) if file is not None else _Keyring()).set(_name(cache), values)
    bind(cache, file)


def bind(cache: Path, file: Path | None = None, opened: Any = None) -> None:
    """Keep a cache's secrets under what the file itself carries too, so that they follow it when it is moved.

    To be called once the file has its final form: a new or upgraded file is another one in this respect. Nothing
    happens when there is nothing to bind or nowhere to write it: the secrets are still found by the file's path.

    Args:
        cache: the file.
        file: where its secrets are, when not in the keyring.
        opened: a plain connection to it, which spares opening it once more: that reads a thousand triggers.
    """
    store = _store_of(cache, file)
    values = store.get(_name(cache))
    mark = None
    if values:
        mark = _mark(cache, values.get("key")) if opened is None else _carried(opened, values.get("key"))
    if mark is None or values is None:
        return
    known = store.get(mark) or {}
    login = values.get("login", "")
    if known.get(login) != values:
        with contextlib.suppress(UserError, OSError):
            store.set(mark, {**known, login: values})


def _store_of(cache: Path, file: Path | None) -> _FileStore | _Keyring:
    if file is None and beside(cache).is_file():
        file = beside(cache)
    return _FileStore(file) if file is not None else _Keyring()


class _FileStore:
    """A JSON file that only its owner reads."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {}
        if self._file.is_dir():
            raise UserError(f"Le fichier de secrets {self._file} est un dossier.")
        if os.name == "posix" and self._file.stat().st_mode & 0o077:
            raise UserError(f"Le fichier de secrets {self._file} doit n'être lisible que par vous (chmod 600).")
        try:
            return dict(json.loads(self._file.read_text(encoding="utf-8")))
        except (ValueError, RecursionError) as error:
            raise UserError(f"Le fichier de secrets {self._file} n'est pas lisible.") from error

    def answers(self) -> bool:
        """Whether anything can have been kept there at all."""
        return bool(self._read())

    def get(self, name: str) -> dict[str, Any] | None:
        return self._read().get(name)

    def set(self, name: str, values: dict[str, Any]) -> None:
        stored = self._read()
        stored[name] = values
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # 0600, under a name that nobody can have put a link at.
        descriptor, temporary = tempfile.mkstemp(prefix=".", dir=self._file.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump(stored, out)
                out.flush()
                os.fsync(out.fileno())
            paths.put_in_place(Path(temporary), self._file)
        finally:
            Path(temporary).unlink(missing_ok=True)


class _Keyring:
    """The operating system's."""

    def answers(self) -> bool:
        import keyring
        from keyring.backends import fail

        return not isinstance(keyring.get_keyring(), fail.Keyring)

    def get(self, name: str) -> dict[str, Any] | None:
        import keyring
        from keyring.errors import KeyringError

        try:
            stored = keyring.get_password(SERVICE, name)
        except KeyringError:
            return None
        return dict(json.loads(stored)) if stored else None

    def set(self, name: str, values: dict[str, Any]) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, json.dumps(values))
        except KeyringError as error:
            raise UserError("Aucun trousseau de clés sur cette machine : indiquez --secrets FICHIER.") from error


def _mark(cache: Path, key: str | None) -> str | None:
    """What a cache file carries along wherever it goes: the salt of an encrypted one, the login of a plain one.

    Read through SQLite: whoever closes a file drops the locks that his process holds on it. Only a file that nobody
    here can have open, because its key is not known, is looked at directly.
    """
    if not cache.is_file():
        return None
    try:
        connection = connect_sqlite(cache, key, read_only=True)
    except (DatabaseRefusedError, sqlcipher.DatabaseError):
        if key is not None:
            return None
        with cache.open("rb") as opened:
            head = opened.read(_SALT)
        return f"sel:{head.hex()}" if len(head) == _SALT else None
    try:
        return _carried(connection, key)
    finally:
        connection.close()


def _carried(connection: Any, key: str | None) -> str | None:
    if key is not None:
        return f"sel:{connection.execute('PRAGMA cipher_salt').fetchone()[0]}"
    login = _login_in(connection)
    return f"poste:{login}" if login else None


def _login_in(connection: Any) -> str | None:
    try:
        row = connection.execute("SELECT valeur FROM sync_meta WHERE cle = 'login'").fetchone()
    except sqlcipher.DatabaseError:
        return None
    return None if row is None else row[0]


def _login(cache: Path, key: str | None) -> str | None:
    try:
        connection = connect_sqlite(cache, key, read_only=True)
    except (DatabaseRefusedError, sqlcipher.DatabaseError):
        return None
    try:
        return _login_in(connection)
    finally:
        connection.close()


def _of_this_file(cache: Path, known: dict[str, dict[str, str]]) -> dict[str, str] | None:
    """Copies of one file have its mark, and each its own login once it was enrolled again."""
    if len(known) < 2:
        return next(iter(known.values()), None)
    login = next((found for v in known.values() if (found := _login(cache, v.get("key"))) is not None), None)
    return known.get(login or "")


def cache_key(cache: Path, file: Path | None = None) -> str | None:
    return load(cache, file).get("key")
