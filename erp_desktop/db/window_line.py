"""The lines of a window that works straight on the centre: kept open from one job to the next.

One that is opened for each job costs five round trips before the first row.
"""

from __future__ import annotations

import select
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from erp_desktop.db import fewer_trips
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.patience import Patience

_ANSWER_S = 20
"""What a line is given to answer before it counts as cut, when nobody told so: a router that lost its table."""
LINE = {
    "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2,
    "tcp_user_timeout": _ANSWER_S * 1000, "application_name": "erp-mif fenêtre",
    "connection_factory": fewer_trips.Line,
}  # fmt: skip


def create_window_engine(url: str) -> sa.Engine:
    """An engine whose lines stay open, for :class:`~erp_desktop.db.worker.DbWorker`; one that died is opened anew."""
    engine = create_pg_engine(url, pool=QueuePool, line=LINE)
    fewer_trips.listen(engine)
    _have_patience(engine)

    @event.listens_for(engine, "checkout")
    def alive(connection: Any, _record: object, _proxy: object) -> None:
        # A line at rest has nothing to say but its end; asking the server would cost a round trip.
        if connection.closed or select.select([connection.fileno()], [], [], 0)[0]:
            raise DisconnectionError

    @event.listens_for(engine, "checkin")
    def restored(connection: Any, _record: object) -> None:
        # As new for whoever comes next: a reading leaves it without transactions.
        if connection is not None and not connection.closed:
            connection.autocommit = False

    return engine


def _have_patience(engine: sa.Engine) -> None:
    """Have an answer that does not come found out."""
    patience = Patience(engine.dialect.create_connect_args(engine.url)[1])

    @event.listens_for(engine, "connect")
    def opened(line: Any, _record: object) -> None:
        line.patience = patience
