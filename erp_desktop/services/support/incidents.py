"""What ended unforeseen on this machine, kept here: errors that nobody caught, faults of the machine, abrupt ends.

Each is a small file of ``incidents/`` beside the log, without secrets and without values of rows; the file for
support takes them along, and the next start says calmly that there was one. What was typed is in the drafts.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
from pathlib import Path
from typing import IO, Final

import erp_desktop
from erp_desktop import clock, log, paths

FOLDER: Final = "incidents"
KEPT: Final = 20
_RUNNING, _FAULT = "en-cours", "defaut"


def reports(logs: Path) -> list[Path]:
    """The newest last."""
    return sorted((logs / FOLDER).glob("*.txt"))


def write(logs: Path, text: str) -> Path:
    """Keep one more; the oldest go."""
    folder = logs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    stamp = clock.now().strftime("%Y%m%dT%H%M%S.%fZ")
    file = folder / f"{stamp}.txt"
    file.write_text(f"ERP MIF {erp_desktop.__version__} {stamp}\n{log.redact(text)}\n", encoding="utf-8")
    for old in reports(logs)[:-KEPT]:
        paths.let_go(old)
    return file


class Recorder(logging.Handler):
    """Keeps each error that carries a trace: those of the window, of its worker and of any thread end in the log."""

    def __init__(self, logs: Path) -> None:
        super().__init__(logging.ERROR)
        self._logs = logs
        self.setFormatter(log.RedactingFormatter("%(threadName)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            # What tells of trouble makes none: the log has the trace as well.
            with contextlib.suppress(OSError):
                write(self._logs, self.format(record))


class Watch:
    """One running window: says whether the one before it ended abruptly, and is told when this one ends well.

    Args:
        logs: folder of the log.
        name: of the window among those of this account, safe in a file's name.
    """

    def __init__(self, logs: Path, name: str) -> None:
        folder = logs / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._running, self._fault = folder / f"{_RUNNING}-{name}", folder / f"{_FAULT}-{name}"
        self.abrupt = self._running.exists()
        with contextlib.suppress(OSError):
            told = self._fault.read_text(encoding="utf-8", errors="replace").strip()
            if told:
                write(logs, told)
                self.abrupt = True
        self._running.write_text(f"{os.getpid()}\n", encoding="ascii")
        self._file: IO[str] | None = self._fault.open("w", encoding="utf-8")
        faulthandler.enable(self._file)
        self._recorder = Recorder(logs)
        logging.getLogger("erp_desktop").addHandler(self._recorder)

    def end(self) -> None:
        """The window closed as it should."""
        logging.getLogger("erp_desktop").removeHandler(self._recorder)
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
        paths.let_go(self._fault)
        paths.let_go(self._running)
