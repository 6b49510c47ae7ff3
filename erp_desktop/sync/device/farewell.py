"""What a revoked device does at its next contact: hand over what it had to send, then erase its data."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.errors import DeviceErasedError
from erp_desktop.registry import searched
from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.documents import Farewell
from erp_desktop.sync.exchange.cache import ERASED, Cache
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.exchange.outbox import everything
from erp_desktop.upgrade.backup import FOLDER

_log = logging.getLogger(__name__)
_ALSO = (
    "sync_outbox", "sync_lots", "sync_conflits", "sync_gares", "sync_recus_rejetes", "sync_versions", "sync_journal",
    "sync_fusions", "contenus_morceaux", "contenus", "_verificateurs",
    "_rapports_mois", "_recherche_attente",
)  # fmt: skip
"""Tables of the cache alone that hold people's data."""


DOCUMENTS_BYTES, DOCUMENTS_S = 500_000_000, 300.0
"""What a farewell may send of unsent documents, and how long one contact may take for it."""
PATIENCE = timedelta(days=1)
"""After the first farewell, a line that keeps failing holds the erasure back no longer than this."""


def farewell(cache: Cache, link: Link) -> bool:
    """Ask the centre what became of this device, and obey.

    A *retired* device sends its whole outbox into quarantine first, then its unsent documents; a *stolen* one sends
    nothing. Either is erased only once the centre has said so.

    Returns:
        Whether the cache was erased.

    Raises:
        CentralUnreachableError: the line was cut; the next contact goes on.
    """
    for content in everything(cache):
        state = link.row("SELECT sync.adieu(%s::jsonb)", (content,))[0]
        if state not in {"retire", "vole"}:
            return False
    if state == "retire":
        _hand_documents_over(cache, link)
    erase(cache)
    return True


def _hand_documents_over(cache: Cache, link: Link) -> None:
    since = cache.get("adieu_a")
    if since is None:
        with cache.writing():
            cache.put(adieu_a=clock.to_text(clock.now()))
    elif clock.now() - clock.from_text(since) > PATIENCE:
        return
    end = time.monotonic() + DOCUMENTS_S
    exchange = Farewell(cache, link, quota=0, budget=DOCUMENTS_BYTES, stop=lambda: time.monotonic() > end)
    done = exchange.run()
    _log.info("farewell: %d documents handed over, %d bytes", done.sent, done.bytes_out)


def erase(cache: Cache) -> None:
    """Overwrite every row of people's data, here and in the backups and drafts beside; the structure stays."""
    cache.db.execute("PRAGMA secure_delete = ON")
    with cache.writing(mute=True) as db:
        for table in reversed(TABLES):
            db.execute(f"DELETE FROM {table.name}")
        for name in _ALSO:
            db.execute(f"DELETE FROM {name}")
        db.execute("DELETE FROM sync_meta")
        cache.put(efface_a=clock.to_text(clock.now()))
    cache.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    words = cache.path.with_name(cache.path.name + searched.SUFFIX)
    if words.exists():
        # Emptied first: a window that has it open may keep it from being taken away.
        with words.open("r+b") as file:
            file.truncate()
        with contextlib.suppress(OSError):
            words.unlink()
    folder = cache.path.parent / FOLDER
    for backup in folder.glob(f"{cache.path.stem}-*.sqlite*"):
        backup.unlink(missing_ok=True)
    forget_drafts(cache.path)


def forget_drafts(cache: Path) -> None:
    """What was typed beside a cache that was erased, saved by nobody: no window opens on it again."""
    shutil.rmtree(cache.parent / "brouillons", ignore_errors=True)


def refuse_erased(engine: sa.Engine) -> None:
    """Open no window on a cache whose device was revoked.

    Raises:
        DeviceErasedError: its data was erased.
    """
    with engine.connect() as connection:
        erased = connection.execute(sa.text("SELECT 1 FROM sync_meta WHERE cle = 'efface_a'")).first()
    if erased is not None:
        engine.dispose()
        raise DeviceErasedError(ERASED)
