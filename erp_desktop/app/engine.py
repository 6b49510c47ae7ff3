"""The engine of the database that this desktop works on, upgraded when it is behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from erp_desktop.errors import ErpError
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.kit.i18n import tr

if TYPE_CHECKING:
    import sqlalchemy as sa

    from erp_desktop.db.replica import Replica
    from erp_desktop.upgrade.central.checklist import EtatSchema


def open_engine(
    settings: Settings,
    progress: Callable[[str, float | None], object],
    consent: Callable[[EtatSchema], bool] | None = None,
) -> sa.Engine:
    """The engine of the database that this desktop works on, upgraded when it is behind.

    Args:
        settings: which database, and what is allowed at the start.
        progress: told before each step of an upgrade; raising there stops it.
        consent: asked before a migrator's centre is upgraded.

    Raises:
        ErpError: refused for a stated reason; nothing was changed.
    """
    from erp_desktop.db import secrets
    from erp_desktop.services import calendrier
    from erp_desktop.sync.device.farewell import refuse_erased
    from erp_desktop.upgrade.start.startup import open_central, open_local

    if settings.mode is Mode.CENTRE:
        if not settings.central_url:
            raise ErpError(tr("L'adresse du centre n'est pas réglée."))
        return open_central(
            settings.central_url,
            policy=settings.central_upgrade,
            consent=consent,
            progress=lambda text: progress(text, None),
            backups=settings.archives,
            seed=calendrier.semer_centre,
        )

    key = secrets.cache_key(settings.cache, settings.secrets_file)
    engine = open_local(
        settings.cache,
        key,
        progress=lambda step: progress(step.texte, step.part),
        keep=settings.backups_kept,
        on_trial=True,
        create=False,
    )
    refuse_erased(engine)
    return engine


def replica_of(settings: Settings, centre: sa.Engine) -> Replica | None:
    """Where the figures of a window of the centre are read, if not at the centre itself."""
    from erp_desktop.db.replica import Replica

    if settings.mode is not Mode.CENTRE or not settings.central_read_url:
        return None
    return Replica(centre, settings.central_read_url)
