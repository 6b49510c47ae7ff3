"""Log files: rotated, UTF-8, without secrets and without the values of rows, in messages and in traces alike."""

from __future__ import annotations

import logging
import logging.handlers
import re
import threading
from pathlib import Path

_SECRETS = re.compile(r"(://[^:/@\s]+:)[^@\s]+(@)|((?:password|key)['\"]?\s*[=:]\s*)\S+", re.IGNORECASE)


_VALUES = re.compile(
    # What databases and input models say of the row at fault: its values, which the log is not for.
    r"(DETAIL:|DÉTAIL *:|CONTEXT:|CONTEXTE *:|Failing row contains|La ligne en échec contient"
    r"|LINE \d+:|LIGNE \d+ *:|\[parameters:|\[SQL:|input_value=|invalid input syntax for type [^:\n]+:)"
    r"(?:[^\n]|\n(?=\S*\())*"
)


class RedactingFormatter(logging.Formatter):
    """Blanks passwords in URLs and key=value pairs, and the values of rows, whatever wrote them, traces included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact(text: str) -> str:
    """``text`` without secrets and without values of rows; what is left out shows as ``***``."""
    text = _SECRETS.sub(lambda m: f"{m[1]}***{m[2]}" if m[1] else f"{m[3]}***", text)
    return _VALUES.sub(lambda m: f"{m[1]} ***", text)


def configure(folder: Path, level: str = "INFO") -> Path:
    """Send the package's log to ``folder/erp-mif.log`` (5 × 2 MB) and return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "erp-mif.log"
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=2_000_000, backupCount=4, encoding="utf-8", delay=True
    )
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    logger = logging.getLogger("erp_desktop")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    logger.setLevel(level)
    threading.excepthook = _thread_ended
    return path


def _thread_ended(told: threading.ExceptHookArgs) -> None:
    """Nobody waits for a thread's exception: without this, it would end without a word."""
    if told.exc_type is SystemExit or told.exc_value is None:
        return
    name = told.thread.name if told.thread is not None else "?"
    logging.getLogger("erp_desktop").error("thread %s ended by an error", name, exc_info=told.exc_value)
