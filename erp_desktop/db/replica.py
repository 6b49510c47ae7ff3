"""Figures read from a replica of the centre, and from the centre itself wherever the replica will not do.

A replica will do when it is of this centre, receives its log or is a minute behind at most, and has replayed what was
last written here: who saves something finds it in the report that follows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import snapshot, transaction
from erp_desktop.errors import CentralUnreachableError, ErpError, UnavailableError

T = TypeVar("T")
_log = logging.getLogger(__name__)
BEHIND_S = 60
"""How old the figures may be."""
_AGAIN_S = 30.0
"""How long a replica that would not do is left alone."""
_CENTRE = "split_part(sync.epoque(), '/', 1) || '/' || split_part(sync.epoque(), '/', 3)"
"""The server's identity and the base's; the timeline between them changes at each promotion."""
_IDENTITY = sa.text(f"SELECT {_CENTRE}, pg_current_wal_lsn()::text")
# A replica that nobody feeds has replayed all it received: only the clock tells.
_STATE = sa.text(
    f"SELECT {_CENTRE}, NOT pg_is_in_recovery() OR (EXISTS (SELECT FROM pg_stat_wal_receiver) "
    "AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()) "
    "OR clock_timestamp() - pg_last_xact_replay_timestamp() < make_interval(secs => :behind), "
    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn) ELSE true END"
)


class Replica:
    """The replica of a centre.

    Args:
        centre: engine of the centre.
        url: address of the replica.
        again_s: seconds before a replica that would not do is asked again.

    Attributes:
        reason: why the last reading came from the centre; empty when it came from the replica.
    """

    def __init__(self, centre: sa.Engine, url: str, *, again_s: float = _AGAIN_S) -> None:
        self._centre, self._engine, self._again_s = centre, create_pg_engine(url), again_s
        self._identity = ""
        self._written = "0/0"
        self._ask = True
        self._not_before = 0.0
        self.reason = ""

    def wrote(self) -> None:
        """Something was written to the centre: what is read next is not older."""
        self._ask = True

    def read(self, job: Callable[[Session], T], *, whole: bool = False) -> T:
        """Run a reading on the replica, or on the centre.

        Args:
            job: only reads; begun again on the centre when the replica ends it half-way.
            whole: all its statements see one state of the data.
        """
        fits = False
        if time.monotonic() >= self._not_before:
            try:
                with transaction(snapshot(self._engine) if whole else self._engine, write=False) as session:
                    self._check(session)
                    fits = True
                    found = job(session)
                    self.reason = ""
                    return found
            except (ErpError, DBAPIError) as error:
                if fits and not _cut(error):
                    raise
                self.reason = str(getattr(error, "orig", error)).strip()
                self._not_before = time.monotonic() + self._again_s
                _log.warning("figures are read from the centre: %s", self.reason)
        with transaction(snapshot(self._centre) if whole else self._centre, write=False) as session:
            return job(session)

    def close(self) -> None:
        self._engine.dispose()

    def _check(self, session: Session) -> None:
        if self._ask:
            with transaction(self._centre, write=False) as centre:
                self._identity, self._written = centre.execute(_IDENTITY).one()
            self._ask = False
        identity, fed, replayed = session.execute(_STATE, {"behind": BEHIND_S, "written": self._written}).one()
        if identity != self._identity:
            raise UnavailableError("L'adresse de lecture est celle d'un autre centre.")
        if not fed:
            raise UnavailableError("La réplique est en retard sur le centre.")
        if not replayed:
            raise UnavailableError("La réplique n'a pas encore reçu ce qui vient d'être enregistré.")


def _cut(error: Exception) -> bool:
    """Whether the replica ended the reading, not the reading itself: its line, or what it replays (40001)."""
    return isinstance(error, CentralUnreachableError) or (
        isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) in {"40001", "40P01", "57014"}
    )
