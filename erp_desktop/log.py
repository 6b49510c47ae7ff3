"""Log files: rotated, UTF-8, without secrets."""

from __future__ import annotations

import logging
import logging.handlers
import re
from pathlib import Path

_SECRETS = re.compile(r"(://[^:/@\s]+:)[^@\s]+(@)|((?:password|key)['\"]?\s*[=:]\s*)\S+", re.IGNORECASE)


class RedactFilter(logging.Filter):
    """Blanks passwords in URLs and key=value pairs, whatever wrote them."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = _SECRETS.sub(lambda m: f"{m[1]}***{m[2]}" if m[1] else f"{m[3]}***", text)
        if clean != text:
            record.msg, record.args = clean, ()
        return True


def configure(folder: Path, level: str = "INFO") -> Path:
    """Send the package's log to ``folder/erp-mif.log`` (5 × 2 MB) and return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "erp-mif.log"
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=2_000_000, backupCount=4, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    handler.addFilter(RedactFilter())
    logger = logging.getLogger("erp_desktop")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    logger.setLevel(level)
    return path
