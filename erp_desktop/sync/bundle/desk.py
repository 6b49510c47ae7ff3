"""Both acts on the cache of this desktop, as its settings name it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from erp_desktop.db import secrets
from erp_desktop.settings import Settings
from erp_desktop.sync.bundle.outgoing import Exported, export
from erp_desktop.sync.bundle.returning import Taken, take
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CalendarFollower

Follower = Callable[[Path, str | None], CalendarFollower]


def export_here(settings: Settings, target: Path) -> Exported:
    """See :func:`export`."""
    with Cache(settings.cache, secrets.cache_key(settings.cache, settings.secrets_file)) as cache:
        return export(cache, target, settings.secrets_file, batch=settings.sync_batch, days=settings.documents_days)


def take_here(settings: Settings, file: Path, follower: Follower) -> Taken:
    """See :func:`take`.

    Args:
        follower: makes what moves deadlines behind received rows.
    """
    key = secrets.cache_key(settings.cache, settings.secrets_file)
    with Cache(settings.cache, key) as cache:
        return take(cache, file, quota=settings.documents_quota, before_calendar=follower(settings.cache, key))
