"""What a revoked device does at its next contact: hand over what it had to send, then erase its data."""

from __future__ import annotations

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.backup import FOLDER
from erp_desktop.db.registry import TABLES
from erp_desktop.errors import UserError
from erp_desktop.sync.cache import ERASED, Cache
from erp_desktop.sync.link import Link
from erp_desktop.sync.outbox import everything

_ALSO = (
    "sync_outbox", "sync_lots", "sync_conflits", "sync_gares", "sync_recus_rejetes", "sync_versions", "sync_journal",
    "sync_fusions", "contenus_morceaux", "contenus", "_verificateurs",
)  # fmt: skip
"""Tables of the cache alone that hold people's data."""


def farewell(cache: Cache, link: Link) -> bool:
    """Ask the centre what became of this device, and obey.

    A *retired* device sends its whole outbox into quarantine first; a *stolen* one sends nothing. Either is erased
    only once the centre has said so.

    Returns:
        Whether the cache was erased.
    """
    state = link.row("SELECT sync.adieu(%s::jsonb)", (everything(cache),))[0]
    if state not in {"retire", "vole"}:
        return False
    erase(cache)
    return True


def erase(cache: Cache) -> None:
    """Overwrite every row of people's data, here and in the backups beside; the structure stays."""
    cache.db.execute("PRAGMA secure_delete = ON")
    with cache.writing(mute=True) as db:
        for table in reversed(TABLES):
            db.execute(f"DELETE FROM {table.name}")
        for name in _ALSO:
            db.execute(f"DELETE FROM {name}")
        db.execute("DELETE FROM sync_meta")
        cache.put(efface_a=clock.to_text(clock.now()))
    cache.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = cache.path.parent / FOLDER
    for backup in folder.glob(f"{cache.path.stem}-*.sqlite*"):
        backup.unlink(missing_ok=True)


def refuse_erased(engine: sa.Engine) -> None:
    """Open no window on a cache whose device was revoked.

    Raises:
        UserError: its data was erased.
    """
    with engine.connect() as connection:
        erased = connection.execute(sa.text("SELECT 1 FROM sync_meta WHERE cle = 'efface_a'")).first()
    if erased is not None:
        engine.dispose()
        raise UserError(ERASED)
