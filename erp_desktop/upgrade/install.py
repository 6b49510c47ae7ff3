"""What every migration ends with: triggers, functions and grants put back for the structure that is now present."""

from __future__ import annotations

import sqlalchemy as sa


def after_migration(connection: sa.Connection, *, last: bool = True) -> None:
    """Re-install capture on the connected database, in the caller's transaction; idempotent.

    Args:
        last: no further revision is about to follow; before it a centre notes every change and serves nobody.
    """
    if connection.dialect.name == "sqlite":
        from erp_desktop.registry import capture

        capture.install(connection)
    else:
        from erp_desktop.centre import machinery

        machinery.install(connection, last=last)
