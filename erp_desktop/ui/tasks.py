"""Runs database work off the GUI thread and brings the answer back to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from erp_desktop.errors import CentralUnreachableError, ErpError

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Worker(Protocol):
    """What the database worker offers: callables get a session in its own thread."""

    def submit(
        self, fn: Callable[[Any], T], /, *, write: bool = False, long: bool = False, figures: bool = False
    ) -> Future[T]: ...

    def together(self) -> AbstractContextManager[Any]: ...


class FailsAlone:
    """Mixed into what shows in its own place that a reading failed, its own or one of what is inside of it."""

    def reading_failed(self, what: object, error: Exception, again: Callable[[], object]) -> bool:
        """``what`` tells the reading from others; False when it is of more than this owner."""
        raise NotImplementedError

    def reading_done(self, what: object) -> None:
        """``what`` was read."""
        raise NotImplementedError


def _place(owner: QObject | None) -> FailsAlone | None:
    """Who shows what becomes of the readings of ``owner``: itself, or what it is inside of."""
    while owner is not None and not isinstance(owner, FailsAlone):
        owner = owner.parent()
    return owner


class Task:
    """A piece of work under way; :meth:`cancel` drops its answer.

    Attributes:
        again: asks once more; None of what is written.
    """

    __slots__ = ("again", "cancelled", "future", "on_error", "on_result", "owner", "what")

    def __init__(
        self,
        owner: QObject | None,
        on_result: Callable[[Any], object] | None,
        on_error: Callable[[Exception], object] | None,
    ) -> None:
        self.owner, self.on_result, self.on_error = owner, on_result, on_error
        self.cancelled = False
        self.future: Future[Any] | None = None
        self.again: Callable[[], object] | None = None
        self.what: object = None

    def cancel(self) -> None:
        """Forget the answer; work not yet begun is not begun."""
        self.cancelled = True
        if self.future is not None:
            self.future.cancel()


class _Gate:
    """Shut when the Qt object goes, so that the worker thread never signals through one that is being destroyed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = True

    def shut(self) -> None:
        with self._lock:
            self._open = False

    def pass_through(self, action: Callable[[], object]) -> None:
        with self._lock:
            if self._open:
                action()


class Tasks(QObject):
    """Submits callables to the worker; callbacks run on the thread that made this object."""

    failed = Signal(object)
    """An error that nobody asked to handle: an ``ErpError`` or, for a bug, any exception."""
    told = Signal(object)
    """An error that its owner shows in its own place."""
    idle = Signal()
    line = Signal(bool)
    """Whether the database answered, each time that it did after it had not, or the other way round."""
    _done = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._pending = 0
        self._stopped = False
        self._answers = True
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._gate = _Gate()
        self.destroyed.connect(self._gate.shut)

    @property
    def pending(self) -> int:
        return self._pending

    def together(self) -> AbstractContextManager[Any]:
        """What is run inside begins together: at the centre its readings share their round trips."""
        return self._worker.together()

    def stop(self) -> None:
        """The worker is about to close: what a widget's timer still asks for is dropped."""
        self._stopped = True

    def run(
        self, fn: Callable[[Any], T], on_result: Callable[[T], object] | None = None,
        on_error: Callable[[Exception], object] | None = None, *, write: bool = False, long: bool = False,
        figures: bool = False, owner: QObject | None = None,
    ) -> Task:  # fmt: skip
        """Run ``fn(session)`` on the worker; never blocks.

        Args:
            fn: gets a session; returns frozen data. ``write`` commits what it did.
            on_result: called on this thread with the value.
            on_error: called on this thread with the exception; without it what fails alone around the owner
                shows it, else :attr:`failed` is emitted.
            long: what may take its time, beside the others where the database allows it.
            figures: a reading that may be a minute old, from a replica of the centre where there is one.
            owner: a widget; when it is gone the answer is dropped.
        """
        task = Task(owner, on_result, on_error)
        if self._stopped:
            task.cancel()
            return task
        task.what = getattr(fn, "__code__", fn)
        if not write:
            task.again = lambda: self.run(fn, on_result, on_error, long=long, figures=figures, owner=owner)
        self._pending += 1
        task.future = self._worker.submit(fn, write=write, long=long, figures=figures)
        gate = self._gate
        task.future.add_done_callback(lambda _future: gate.pass_through(lambda: self._done.emit(task)))
        return task

    def _tell_line(self, answers: bool) -> None:
        if answers != self._answers:
            self._answers = answers
            self.line.emit(answers)

    @staticmethod
    def _shown_alone(task: Task, error: Exception) -> bool:
        place, again = _place(task.owner), task.again
        return place is not None and again is not None and place.reading_failed(task.what, error, again)

    def _deliver(self, task: Task) -> None:
        self._pending -= 1
        try:
            if (
                task.cancelled
                or task.future is None
                or (task.owner is not None and not shiboken6.isValid(task.owner))
            ):
                return
            error = task.future.exception()
            self._tell_line(not isinstance(error, CentralUnreachableError))
            if error is None:
                place = _place(task.owner)
                if place is not None:
                    place.reading_done(task.what)
                if task.on_result is not None:
                    task.on_result(task.future.result())
            elif isinstance(error, Exception):
                if not isinstance(error, ErpError):
                    _log.error("unexpected error in background work", exc_info=error)
                if task.on_error is not None:
                    task.on_error(error)
                elif self._shown_alone(task, error):
                    self.told.emit(error)
                else:
                    self.failed.emit(error)
        except CancelledError:
            return
        finally:
            if self._pending == 0:
                self.idle.emit()
