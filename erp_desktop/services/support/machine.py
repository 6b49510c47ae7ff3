"""The examination of a whole machine: database, line, clock, disk, printer, fonts. Reads only."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from erp_desktop import clock, paths
from erp_desktop.centre.preflight import Constat
from erp_desktop.db import secrets
from erp_desktop.db.engine import connect_sqlite, create_pg_engine, normalise_url
from erp_desktop.db.pg_line import LineRefusedError
from erp_desktop.errors import ErpError
from erp_desktop.upgrade import doctor

ROOM: Final = 1_000_000_000
"""Bytes that a machine should have free."""
DRIFT: Final = timedelta(minutes=1)
WRONG: Final = timedelta(minutes=10)
_OFFLINE: Final = "le poste travaille hors ligne ; voir le réseau"
FONTS: Final = ("NotoSans-Regular", "NotoSans-SemiBold", "NotoSansArabic-Regular", "NotoSansArabic-SemiBold",
                "NotoSansMono-Regular")  # fmt: skip
_TRUETYPE: Final = (b"\x00\x01\x00\x00", b"OTTO", b"true")


def examine(cache: Path, secrets_file: Path | None = None) -> list[Constat]:
    """Every finding, the database's first."""
    key = secrets.cache_key(cache, secrets_file)
    if cache.is_file():
        found = doctor.cache(cache, key)
    else:
        found = [Constat("fichier", "attention", f"pas encore de base locale : {cache}", "inscrire ce poste")]
    found += doctor.migrations()
    return [*found, *_line(cache, key, secrets_file), room(cache), printer(), fonts()]


def _line(cache: Path, key: str | None, secrets_file: Path | None) -> Iterator[Constat]:
    """The centre as this device reaches it, and how far the two clocks are apart."""
    address = _address(cache, key, secrets_file)
    if address is None:
        yield Constat("ligne", "ok", "aucun centre : poste autonome ou pas encore inscrit")
        return
    engine, began = create_pg_engine(address.render_as_string(hide_password=False)), time.monotonic()
    try:
        with engine.connect() as connection:
            opened = time.monotonic() - began
            there = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    except sa.exc.OperationalError as error:
        told = str(error.orig.told() if isinstance(error.orig, LineRefusedError) else error.orig).splitlines()[0]
        yield Constat("ligne", "attention", f"{address.host} : {told}", _OFFLINE)
        yield Constat("horloge", "attention", "comparée à rien : le centre ne répond pas")
        return
    except ErpError as error:
        yield Constat("ligne", "attention", f"{address.host} : {error}", _OFFLINE)
        return
    finally:
        engine.dispose()
    yield Constat("ligne", "ok", f"{address.host} répond, ligne ouverte en {opened * 1000:.0f} ms")
    yield drift(clock.now(), there)


def _address(cache: Path, key: str | None, secrets_file: Path | None) -> sa.URL | None:
    try:
        connection = connect_sqlite(cache, key, read_only=True)
        try:
            meta = dict(connection.execute("SELECT cle, valeur FROM sync_meta WHERE cle IN ('url', 'login')"))
        finally:
            connection.close()
    except Exception:  # noqa: BLE001 - told by the examination of the file
        return None
    if not meta.get("url"):
        return None
    return normalise_url(str(meta["url"])).set(
        username=meta.get("login"), password=secrets.load(cache, secrets_file).get("password")
    )


def drift(here: datetime, there: datetime) -> Constat:
    """How far this machine's clock is from the centre's."""
    apart = abs(here - there)
    told = f"{apart.total_seconds():.0f} s d'écart avec le centre"
    if apart < DRIFT:
        return Constat("horloge", "ok", told)
    level = "erreur" if apart > WRONG else "attention"
    return Constat("horloge", level, told, "mettre cette machine à l'heure (w32tm /resync, timedatectl)")


def room(cache: Path) -> Constat:
    """Free bytes where the data are, or will be."""
    place = next(p for p in (cache.parent, *cache.parent.parents) if p.exists())
    free = paths.free_space(place)
    told = f"{free / 1e9:.1f} Go libres dans {place}"
    return Constat("place", "ok" if free > ROOM else "attention", told, "" if free > ROOM else "libérer de la place")


def printer() -> Constat:
    """Whether this account has a printer; papers are kept as PDF without one."""
    if sys.platform == "win32":
        size, name = ctypes.c_ulong(256), ctypes.create_unicode_buffer(256)
        found = ctypes.WinDLL("winspool.drv").GetDefaultPrinterW(name, ctypes.byref(size))
        names = [name.value] if found else []
    else:
        names = _cups_printers()
    if names:
        return Constat("imprimante", "ok", ", ".join(names[:5]))
    return Constat("imprimante", "attention", "aucune", "les papiers se gardent en PDF ; installer une imprimante")


def _cups_printers() -> list[str]:
    program = shutil.which("lpstat")
    if program is None:
        return []
    try:
        done = subprocess.run([program, "-e"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split()


def fonts() -> Constat:
    """The fonts of window and papers, inside the program."""
    lacking = []
    for name in FONTS:
        file = paths.RESOURCES / "fonts" / f"{name}.ttf"
        try:
            with file.open("rb") as opened:
                head = opened.read(4)
        except OSError:
            head = b""
        if head not in _TRUETYPE:
            lacking.append(name)
    if lacking:
        return Constat("polices", "erreur", f"illisibles : {', '.join(lacking)}", "réinstaller le programme")
    return Constat("polices", "ok", f"{len(FONTS)} polices, arabe compris")
