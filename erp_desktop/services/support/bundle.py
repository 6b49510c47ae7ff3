"""A file for support: versions, settings, schema, journal of the exchange, examination, logs.

Of nobody and with no secret: logs hold no values of rows (``erp_desktop.log``) and are cleaned once more here, of
addresses and of this account's folder; from the database only numbers, codes and instants of the exchange are taken.
What is inside is told before anything is written.
"""

from __future__ import annotations

import errno
import getpass
import importlib.metadata as metadata
import io
import json
import platform
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import sqlcipher3.dbapi2 as sqlcipher

import erp_desktop
from erp_desktop import clock, log, paths
from erp_desktop.db import secrets
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import RAISONS, ErpError, UserError, raison
from erp_desktop.registry import revisions
from erp_desktop.services.support import incidents, machine
from erp_desktop.settings import Settings

_PACKAGES: Final = (
    "alembic",
    "psycopg2-binary",
    "pydantic",
    "PySide6-Essentials",
    "SQLAlchemy",
    "sqlcipher3",
    "typst",
)
_SETTINGS: Final = ("mode", "central_upgrade", "language", "theme", "sync_interval_s", "sync_batch", "log_level",
                    "connect_timeout_s", "cycle_deadline_s", "documents_quota_mo", "backups_kept")  # fmt: skip
_LAST: Final = 2_000_000
"""Bytes of each log, from its end."""
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE: Final = re.compile(r"(?<![\w.:-])(?:\+|00)\d[\d .]{7,14}\d(?![\w:-])")


def contents(settings: Settings, more: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """What the file will hold, by name: to be shown before it is saved.

    Args:
        more: texts that belong with it, cleaned like the logs.
    """
    made: dict[str, Any] = {
        "versions.json": _versions(),
        "reglages.json": {name: str(getattr(settings, name, "")) for name in _SETTINGS},
        "examen.json": [asdict(one) for one in machine.examine(settings.cache, settings.secrets_file)],
        "base.json": _database(settings),
    }
    found = {name: clean(json.dumps(value, indent=1, ensure_ascii=False)).encode() for name, value in made.items()}
    for file in sorted(settings.log_dir.glob("erp-mif.log*")):
        found[f"journaux/{file.name}"] = clean(log.redact(_end(file))).encode()
    for file in incidents.reports(settings.log_dir):
        found[f"incidents/{file.name}"] = clean(log.redact(_end(file))).encode()
    for name, text in (more or {}).items():
        found[name] = clean(log.redact(text)).encode()
    return found


def save(found: Mapping[str, bytes], target: Path) -> Path:
    """Write what :func:`contents` gave into one archive, whole or not at all.

    Raises:
        UserError: the place refuses writing.
    """
    if not target.name:
        raise UserError(f"Impossible d'écrire {target} : {RAISONS[errno.EISDIR]}.")
    beside, packed = target.with_name(target.name + ".partiel"), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    try:
        beside.write_bytes(packed.getvalue())
        paths.put_in_place(beside, target)
    except OSError as error:
        raise UserError(f"Impossible d'écrire {target} : {raison(error)}.") from error
    finally:
        paths.let_go(beside)
    return target


def clean(text: str) -> str:
    """Without addresses of people, telephone numbers, and this account's name and folder."""
    home, account = str(Path.home()), getpass.getuser()
    for place in (home, home.replace("\\", "\\\\")):
        if len(place) > 1:
            text = text.replace(place, "~")
    if len(account) > 3:
        text = re.sub(rf"(?<![\w]){re.escape(account)}(?![\w])", "<compte>", text)
    return _PHONE.sub("<téléphone>", _MAIL.sub("<adresse>", text))


def _end(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - _LAST))
            return opened.read().decode("utf-8", errors="replace")
    except OSError as error:
        return f"illisible : {raison(error)}"


def _versions() -> dict[str, Any]:
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            # A built program carries no metadata: its sbom.cdx.json says them.
            packages[name] = "dans le programme"
    return {
        "programme": erp_desktop.__version__, "revision": revisions.head(),
        "client_minimal": revisions.minimum_client(),
        "python": platform.python_version(), "systeme": platform.platform(), "fait_a": clock.to_text(clock.now()),
        "paquets": packages,
    }  # fmt: skip


_QUESTIONS: Final = {
    "revision": "SELECT version_num FROM alembic_version",
    "sqlite": "SELECT sqlite_version()",
    "poste": "SELECT valeur FROM sync_meta WHERE cle = 'poste'",
    "agence": "SELECT valeur FROM sync_meta WHERE cle = 'agence_code'",
    "a_envoyer": "SELECT count(*) FROM sync_outbox",
    "conflits": "SELECT count(*) FROM sync_conflits",
}


def _database(settings: Settings) -> dict[str, Any]:
    """Numbers of the local database and its last cycles; no row of anybody's work."""
    if not settings.cache.is_file():
        return {"etat": "absente"}
    try:
        connection = connect_sqlite(
            settings.cache, secrets.cache_key(settings.cache, settings.secrets_file), read_only=True
        )
    except (ErpError, sqlcipher.Error) as error:
        return {"etat": f"illisible : {error}"}
    found: dict[str, Any] = {"octets": settings.cache.stat().st_size}
    try:
        for name, question in _QUESTIONS.items():
            try:
                row = connection.execute(question).fetchone()
                found[name] = row[0] if row else None
            except sqlcipher.Error as error:
                found[name] = f"illisible : {error}"
        found["echanges"] = _journal(connection)
    finally:
        connection.close()
    return found


def _journal(connection: Any) -> list[dict[str, Any]]:
    try:
        cursor = connection.execute("SELECT * FROM sync_journal ORDER BY id DESC LIMIT 200")
        names = [column[0] for column in cursor.description]
        return [{n: log.redact(v) if isinstance(v, str) else v for n, v in zip(names, row, strict=True)}
                for row in cursor.fetchall()]  # fmt: skip
    except sqlcipher.Error:
        return []
