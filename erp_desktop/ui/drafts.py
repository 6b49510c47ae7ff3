"""What was typed and not yet saved, kept on disk so that a crash costs nothing."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from erp_desktop import clock
from erp_desktop.errors import raison
from erp_desktop.ui.kit.i18n import tr

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """Fields typed since the record was last saved, and when."""

    values: dict[str, Any]
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What was asked of the database and may be there: the first row that it made, what was typed, its answer."""

    table: str
    id: int
    values: dict[str, Any]
    answer: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a record or a line that was sent.

    Attributes:
        answer: of the act.
        values: what was typed then; what was typed since is a draft of what is there.
        before: it was there when it was asked for again, and nothing was done.
    """

    answer: Any
    values: dict[str, Any]
    before: bool

    def said(self, usual: str) -> str:
        """What the person is told."""
        return tr("C'était déjà enregistré : rien n'est fait deux fois.") if self.before else usual


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


def _name(key: str, draft_id: int) -> str:
    return f"{key}/{draft_id}"


class Told(QObject):
    """What is found out of a draft behind the typing."""

    unwritten = Signal(str, object, str)
    """Kind, record or slot, and why it is on no disk: closing the window would lose it."""


class Drafts:
    """The drafts of one person; read once, written by a thread of its own, in order.

    A record that is not created yet has a negative number, its slot, so that any number of them can wait.

    Args:
        folder: holds the file of the drafts; what an earlier version left there as text is taken in and removed.
        user_id: drafts of one person are not offered to another.
        key: the key of the cache, or None when it is not encrypted.
    """

    def __init__(self, folder: Path, user_id: int, key: str | None = None) -> None:
        # Here, for the window's frame is shown before the libraries of the database are read.
        from erp_desktop.services.drafts import Coffre

        self.told = Told()
        self._coffre = Coffre(folder / "brouillons.sqlite", user_id, key)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="brouillons")
        self._latest = self._coffre.read()
        self._hold = threading.RLock()
        self._lowest: dict[str, int] = {}
        self._take_in(folder / str(user_id))

    def _take_in(self, folder: Path) -> None:
        for file in sorted(folder.glob("*.json")):
            key, _dash, number = file.stem.rpartition("-")
            try:
                text = file.read_text(encoding="utf-8")
                name = _name(key, -1 if number == "nouveau" else int(number))
                self._coffre.write(name, text)
            except (OSError, ValueError):
                _log.warning("draft left where it was: %s", file.name, exc_info=True)
                continue
            self._latest[name] = text
            file.unlink(missing_ok=True)

    def fresh(self, key: str) -> int:
        """A slot that no unfinished new record has."""
        taken = [int(name.rpartition("/")[2]) for name in self._latest if name.rpartition("/")[0] == key]
        lowest = min([0, self._lowest.get(key, 0), *taken]) - 1
        self._lowest[key] = lowest
        return lowest

    def unfinished(self) -> list[tuple[str, int, Draft]]:
        """Kind, slot and draft of every new record begun and neither saved nor given up, the oldest first."""
        found = []
        for name in self._latest:
            key, _slash, number = name.rpartition("/")
            draft = self.find(key, int(number)) if number.startswith("-") else None
            if draft is not None:
                found.append((key, int(number), draft))
        return sorted(found, key=lambda one: one[2].saved_at)

    @property
    def empty(self) -> bool:
        """Nothing was left half typed."""
        return not self._latest

    def keep(self, key: str, draft_id: int, values: Mapping[str, Any]) -> datetime:
        """Write the changed fields soon; returns the instant that the draft will carry."""
        now, name = clock.now(), _name(key, draft_id)
        with self._hold:
            stored = {**self._stored(name), "quand": clock.to_text(now), "champs": dict(values)}
            self._put(name, stored, (key, draft_id))
        return now

    def _put(self, name: str, stored: Mapping[str, Any], of: tuple[str, int]) -> Future[None] | None:
        text = json.dumps(stored, default=_encode, ensure_ascii=False)
        self._latest[name] = text
        try:
            return self._pool.submit(self._write, name, text, of)
        except RuntimeError:
            # The person left while the last save was under way.
            self._write(name, text, of)
            return None

    def _stored(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self._latest.get(name, "{}"), object_hook=_decode)
        except (ValueError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}

    def once(
        self, key: str, draft_id: int, values: dict[str, Any], act: Callable[[Any], Any], part: str = ""
    ) -> Callable[[Any], Done]:
        """``act(session)`` as work for the database, done once whatever becomes of the answer or of the window.

        What it makes is noted with the draft before it is committed; a draft that is still there when it is saved
        again, in this window or the next one, has it looked for first.

        Args:
            values: what is typed, as the draft keeps it.
            part: of the record, where it is not the record itself.
        """

        def work(session: Any) -> Done:
            from erp_desktop.services import once as services

            sent = self.sent(key, draft_id, part)
            if sent is not None and services.done(session, (sent.table, sent.id)):
                return Done(sent.answer, sent.values, before=True)

            def note(row: tuple[str, int], answer: Any) -> None:
                self.note_sent(key, draft_id, Sent(*row, values, answer if isinstance(answer, int) else None), part)

            return Done(services.noted(session, act, note), values, before=False)

        return work

    def sent(self, key: str, draft_id: int, part: str = "") -> Sent | None:
        """What was asked of the database with a draft, or a part of it, and may be there; in any thread."""
        with self._hold:
            found = self._stored(_name(key, draft_id)).get("envoye", {}).get(part)
        try:
            return Sent(**found) if found else None
        except TypeError:
            return None

    def note_sent(self, key: str, draft_id: int, sent: Sent, part: str = "") -> None:
        """Keep with a draft what is about to be committed; on disk when this returns, on the thread of the database.

        Without a draft nothing would be asked for again.
        """
        if written := self._note(key, draft_id, part, asdict(sent)):
            written.result()

    def forget_sent(self, key: str, draft_id: int, part: str = "") -> None:
        """What was asked for is known to be there."""
        self._note(key, draft_id, part, None)

    def _note(self, key: str, draft_id: int, part: str, sent: Mapping[str, Any] | None) -> Future[None] | None:
        name = _name(key, draft_id)
        with self._hold:
            stored = self._stored(name)
            known = stored.pop("envoye", {})
            if not stored or known.get(part) == sent:
                return None
            left = {of: kept for of, kept in {**known, part: sent}.items() if kept is not None}
            return self._put(name, {**stored, **({"envoye": left} if left else {})}, (key, draft_id))

    def _write(self, name: str, text: str | None, of: tuple[str, int] | None = None) -> None:
        try:
            self._coffre.write(name, text)
        except OSError as error:
            _log.warning("draft not written: %s", name, exc_info=True)
            if of is not None:
                self.told.unwritten.emit(*of, raison(error))

    def find(self, key: str, draft_id: int) -> Draft | None:
        """The draft of a record, left by this window or an earlier one, if it can be read."""
        text = self._latest.get(_name(key, draft_id))
        if text is None:
            return None
        try:
            stored = json.loads(text, object_hook=_decode)
            return Draft(stored["champs"], clock.from_text(stored["quand"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            _log.warning("unreadable draft passed over: %s", _name(key, draft_id), exc_info=True)
            return None

    def drop(self, key: str, draft_id: int) -> None:
        """Forget a draft: it was saved or given up."""
        name = _name(key, draft_id)
        with self._hold:
            if self._latest.pop(name, None) is not None:
                self._pool.submit(self._write, name, None)

    def close(self) -> None:
        """Wait for the last draft to be written."""
        self._pool.shutdown(wait=True)
