"""The one-thread database worker: everything the window asks of a database runs here, in order.

One thread is enough because a cache has one writer at a time, and it makes the order of a clerk's actions the order
of their commits. Beside it another takes the readings that nobody waits for, such as what follows the first page of a
list: a page that is asked for meanwhile comes at once. At the centre the readings that wait go side by side: what
they ask at the same time is one round trip. A future's exception is the service's own; the caller decides what to
show.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import each_abreast, is_cut
from erp_desktop.db.replica import Replica
from erp_desktop.db.session import landed, transaction, trouble
from erp_desktop.errors import OutcomeUnknownError, Undone, UserError

T = TypeVar("T")
_Job = tuple[Callable[[Session], Any], bool, bool, int | None, "_Answer[Any]"]
_MOST = 16
"""Readings that go side by side."""
_Jobs = queue.SimpleQueue["_Job | None"]


class _Answer(Future[T]):
    """What a job will answer; given up, a cache's reading ends where it is, so that what was asked since begins."""

    def __init__(self) -> None:
        super().__init__()
        self._hold = threading.Lock()
        self._reading: Any = None

    def cancel(self) -> bool:
        if super().cancel():
            return True
        with self._hold:
            if self._reading is not None:
                self._reading.interrupt()
        return False

    def read(self, job: Callable[[Session], T], session: Session) -> T:
        """Run a reading of a cache that may be given up meanwhile."""
        with self._hold:
            self._reading = session.connection().connection.dbapi_connection
        try:
            return job(session)
        finally:
            with self._hold:
                self._reading = None


RECEIVED = (
    "Le centre avait bien reçu l'enregistrement précédent, resté sans réponse : relisez ce qui y est avant de "
    "recommencer."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Lost:
    job: Callable[..., Any]
    xid: str
    answer: object


class Unanswered:
    """Work that was sent whole and heard nothing of any more."""

    def __init__(self) -> None:
        self._lost: deque[_Lost] = deque(maxlen=_MOST)

    def note(self, job: Callable[..., Any], error: OutcomeUnknownError, answer: object) -> None:
        """Remember work, and what it would have answered."""
        self._lost.append(_Lost(job, error.xid, answer))

    def settle(self, engine: sa.Engine, job: Callable[..., Any]) -> None:
        """Find out before work is done whether it was done already; other work is let pass.

        Raises:
            Undone: it was, with the same values; holds its answer.
            UserError: it was, with other values than those of now.
            OutcomeUnknownError: nobody can say yet.
        """
        alike = [one for one in self._lost if _alike(one.job, job)]
        if not alike:
            return
        lost = next((one for one in alike if _same(one.job, job)), alike[-1])
        there = landed(engine, lost.xid)
        self._lost.remove(lost)
        if there and _same(lost.job, job):
            raise Undone(lost.answer)
        if there:
            raise UserError(RECEIVED)


def _taken_apart(job: Callable[..., Any]) -> tuple[object, list[object]]:
    """The code of a function, and what it was made with."""
    if isinstance(job, partial):
        code, made = _taken_apart(job.func)
        return code, [*made, *job.args, *job.keywords.values()]
    if not isinstance(job, FunctionType):
        return job, []
    made = [cell.cell_contents for cell in job.__closure__ or ()]
    return job.__code__, [*made, *(job.__defaults__ or ()), *(job.__kwdefaults__ or {}).values()]


def _alike(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """The same act on the same record, whatever is typed there."""
    (code, made), (again, made_again) = _taken_apart(one), _taken_apart(other)
    if code is not again or len(made) != len(made_again):
        return False
    for was, now in zip(made, made_again, strict=True):
        if isinstance(was, FunctionType | partial):
            if not (callable(now) and _alike(was, now)):
                return False
        elif isinstance(was, int | str) and was != now:
            return False
    return True


def _same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """With the same values as well."""
    pairs = zip(_taken_apart(one)[1], _taken_apart(other)[1], strict=True)
    return all(
        _same(was, now) if isinstance(was, FunctionType | partial) and callable(now) else was == now
        for was, now in pairs
    )


class DbWorker:
    """Runs callables that take a Session, each in one transaction, on one thread; long readings on another.

    Args:
        engine: the database; disposed of by :meth:`close`.
        user_id: author of captured changes, settable after login.
        replica: of the centre, where figures are read; closed with it.
    """

    def __init__(self, engine: sa.Engine, user_id: int | None = None, replica: Replica | None = None) -> None:
        self.engine = engine
        self.replica = replica
        self.user_id = user_id
        self._jobs, self._beside = _Jobs(), _Jobs()
        self._held = threading.RLock()
        self._unanswered = Unanswered()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._loop, args=(jobs,), name=name, daemon=True)
            for name, jobs in (("base", self._jobs), ("base-longue", self._beside))
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, job: Callable[[Session], T], *, write: bool = False, long: bool = False, figures: bool = False
    ) -> Future[T]:
        """Queue ``job``; the future holds its result, or what it or its commit raised; of a trial, what it found.

        A reading of a cache that is cancelled while it runs ends where it is.

        Args:
            write: commit what it did.
            long: what others need not wait for; it sees what was committed when it begins. A cache has one writer,
                so that only the centre is also written to beside the others.
            figures: a reading that may be a minute old: of the replica, where there is one.
        """
        if self._closed:
            raise RuntimeError("the database worker is closed")
        future: _Answer[T] = _Answer()
        beside = long and not (write and self.engine.dialect.name == "sqlite")
        (self._beside if beside else self._jobs).put((job, write, figures, self.user_id, future))
        return future

    def together(self) -> AbstractContextManager[Any]:
        """What is submitted inside begins together at the end of it; for a moment, since everything waits."""
        return self._held

    def close(self, timeout_s: float = 10.0) -> None:
        """Finish what is queued, stop the thread and dispose of the engine."""
        if not self._closed:
            self._closed = True
            for jobs in (self._jobs, self._beside):
                jobs.put(None)
            until = time.monotonic() + timeout_s
            for thread in self._threads:
                thread.join(max(0.0, until - time.monotonic()))
            self.engine.dispose()
            if self.replica is not None:
                self.replica.close()

    def _loop(self, jobs: _Jobs) -> None:
        item = jobs.get()
        while item is not None:
            waiting, item = self._waiting(jobs, item)
            ready = [job for job in waiting if job[-1].set_running_or_notify_cancel()]
            if len(ready) > 1:
                self._read_abreast(ready)
            elif ready:
                self._do(ready[0])
            if item is _NOTHING:
                item = jobs.get()

    def _waiting(self, jobs: _Jobs, first: _Job) -> tuple[list[_Job], _Job | None]:
        """``first`` and the readings behind it that go beside it; then what comes next, if it was taken already."""
        found = [first]
        with self._held:
            if not self._beside_others(first) or jobs is self._beside:
                return found, _NOTHING
            while len(found) < _MOST:
                try:
                    item = jobs.get_nowait()
                except queue.Empty:
                    break
                if item is None or not self._beside_others(item):
                    return found, item
                found.append(item)
        return found, _NOTHING

    def _beside_others(self, job: _Job) -> bool:
        """Short readings of the centre itself."""
        _work, write, figures, *_ = job
        return self.engine.dialect.name == "postgresql" and not write and not (figures and self.replica is not None)

    def _do(self, item: _Job) -> None:
        job, write, figures, user_id, future = item
        result, begun = None, False
        try:
            if write:
                self._unanswered.settle(self.engine, job)
            begun = True
            if figures and self.replica is not None and not write:
                result = self.replica.read(job)
            else:
                with transaction(self.engine, user_id, write=write) as session:
                    may_end = not write and self.engine.dialect.name == "sqlite"
                    result = future.read(job, session) if may_end else job(session)
                if write and self.replica is not None:
                    self.replica.wrote()
        except Undone as trial:
            future.set_result(trial.found)
        except OutcomeUnknownError as error:
            if write and begun:
                self._unanswered.note(job, error, result)
            future.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - whatever it was belongs to the one who asked
            future.set_exception(error)
        else:
            future.set_result(result)

    def _read_abreast(self, ready: list[_Job]) -> None:
        outcomes: list[tuple[Any, BaseException | None]] = []
        lost: BaseException | None = None
        try:
            with transaction(self.engine, write=False) as session:
                outcomes = each_abreast(session, *(_answering(job) for job in ready))
                for _result, error in outcomes:
                    if error is not None and is_cut(error):
                        raise error
        except BaseException as error:  # noqa: BLE001 - told to each who asked
            lost = error
        for n, job in enumerate(ready):
            raised = outcomes[n][1] if outcomes else lost
            if raised is not None:
                told = lost if lost is not None and is_cut(raised) else self._told(raised)
                job[-1].set_exception(told)

    def _told(self, error: BaseException) -> BaseException:
        """What each who asked is told, as of a reading by itself."""
        found = trouble(self.engine, error) if isinstance(error, DBAPIError) else None
        if found is not None:
            found.__cause__ = error
        return found or error


def _answering(job: _Job) -> Callable[[Session], None]:
    """The work of a job that tells its result at once: the others may take longer."""
    work, *_, future = job
    return lambda session: future.set_result(work(session))


def _nothing(_session: Session) -> None:
    """What :data:`_NOTHING` would do."""


_NOTHING: _Job = (_nothing, False, False, None, _Answer())
"""Nothing was taken from the queue."""
