"""What was typed and not yet saved, kept in small files so that a crash costs nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from erp_desktop import clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """Fields typed since the record was last saved, and when."""

    values: dict[str, Any]
    saved_at: datetime


def _encode(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$instant": clock.to_text(value)}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    raise TypeError(type(value).__name__)


def _decode(value: dict[str, Any]) -> Any:
    if "$instant" in value:
        return clock.from_text(value["$instant"])
    if "$date" in value:
        return date.fromisoformat(value["$date"])
    if "$decimal" in value:
        return Decimal(value["$decimal"])
    return value


class Drafts:
    """One file per record in ``folder``; written by a thread of its own, in order.

    Args:
        folder: created when first needed.
        user_id: drafts of one person are not offered to another.
    """

    def __init__(self, folder: Path, user_id: int) -> None:
        self._folder = folder / str(user_id)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="brouillons")
        self._latest: dict[Path, str | None] = {}

    def _file(self, key: str, row_id: int | None) -> Path:
        return self._folder / f"{key}-{row_id if row_id is not None else 'nouveau'}.json"

    def keep(self, key: str, row_id: int | None, values: Mapping[str, Any]) -> datetime:
        """Write the changed fields soon; returns the instant that the draft will carry."""
        now = clock.now()
        text = json.dumps({"quand": clock.to_text(now), "champs": dict(values)}, default=_encode, ensure_ascii=False)
        file = self._file(key, row_id)
        self._latest[file] = text
        self._pool.submit(self._write, file, text)
        return now

    @staticmethod
    def _write(file: Path, text: str) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_suffix(".tmp")
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
        except OSError:
            _log.warning("draft not written: %s", file.name, exc_info=True)

    def find(self, key: str, row_id: int | None) -> Draft | None:
        """The draft of a record, left by this window or an earlier one, if it can be read."""
        file = self._file(key, row_id)
        try:
            # What this window wrote last counts, even while its thread has not reached the file.
            text = self._latest[file] if file in self._latest else file.read_text(encoding="utf-8")
            if text is None:
                return None
            stored = json.loads(text, object_hook=_decode)
            return Draft(stored["champs"], clock.from_text(stored["quand"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            _log.warning("unreadable draft set aside: %s", file.name, exc_info=True)
            return None

    def drop(self, key: str, row_id: int | None) -> None:
        """Forget a draft: it was saved or given up."""
        file = self._file(key, row_id)
        self._latest[file] = None
        self._pool.submit(file.unlink, missing_ok=True)

    def close(self) -> None:
        """Wait for the last file to be written."""
        self._pool.shutdown(wait=True)
