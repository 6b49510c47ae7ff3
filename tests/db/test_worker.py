"""What is asked of the worker of a window, and given up again."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from erp_desktop.db.worker import DbWorker
from erp_desktop.errors import Undone

_TRIED = sa.text("SELECT valeur FROM sync_meta WHERE cle = 'essai'")


def test_a_reading_that_is_given_up_ends_and_the_next_one_answers(sqlite_engine: sa.Engine) -> None:
    worker = DbWorker(sqlite_engine)
    begun = threading.Event()

    def endless(session: Session) -> int:
        session.execute(sa.text("SELECT 1"))
        begun.set()
        without_end = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        return session.execute(sa.text(without_end)).scalar_one()

    try:
        waits = worker.submit(endless)
        assert begun.wait(30)
        after = worker.submit(lambda session: session.scalar(sa.text("SELECT 2")))
        # It may not have come to its statement yet when it is given up for the first time.
        while not waits.done():
            assert not waits.cancel() or waits.cancelled()
        with pytest.raises(OperationalError, match="interrupted"):
            waits.result(30)
        assert after.result(30) == 2
        # What is done, or writes, is not touched.
        assert not after.cancel()
        assert worker.submit(lambda session: session.scalar(sa.text("SELECT 3")), write=True).result(30) == 3
    finally:
        worker.close()


def test_a_trial_answers_what_it_found_and_leaves_nothing(sqlite_engine: sa.Engine) -> None:
    worker = DbWorker(sqlite_engine)

    def trial(session: Session) -> None:
        session.execute(sa.text("INSERT INTO sync_meta (cle, valeur) VALUES ('essai', 'fait')"))
        raise Undone(session.scalar(_TRIED))

    try:
        assert worker.submit(trial, write=True).result(30) == "fait"
        assert worker.submit(lambda session: session.scalar(_TRIED)).result(30) is None
    finally:
        worker.close()


def test_closing_waits_once_for_all_that_hangs(sqlite_engine: sa.Engine) -> None:
    worker, go = DbWorker(sqlite_engine), threading.Event()
    for long in (False, True):
        worker.submit(lambda _session: go.wait(30), long=long)
    began = time.monotonic()
    worker.close(1.0)
    assert time.monotonic() - began < 1.9
    go.set()
