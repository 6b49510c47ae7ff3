"""The network thread of a branch: cycles in the background, wakes on demand, backs off when the line is down.

Nothing here touches the GUI: listeners are called on this thread and must only post to their own.
"""

from __future__ import annotations

import contextlib
import logging
import random
import select
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from erp_desktop import clock
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import (
    CentralUnreachableError,
    CentralWaitsError,
    DeviceErasedError,
    DeviceRevokedError,
    ErpError,
)
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.settings import Settings
from erp_desktop.sync import status
from erp_desktop.sync.device.enrolment import device_link
from erp_desktop.sync.documents import DocumentExchange, DocumentsResult
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CalendarFollower, CycleResult
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.status import EtatSync
from erp_desktop.sync.syncer import Syncer
from erp_desktop.sync.watch import daily

_log = logging.getLogger(__name__)
BACKOFF_MAX_S = 60.0
_LOOK_S = 60.0
"""Seconds between two looks for recent documents when no new one arrived."""
_CHECK_AGAIN_S = 600.0
"""Seconds between two attempts at the daily comparison."""
_SLOWEST = 7
"""Failures after which the wait grows no more."""
UNFORESEEN = "Une erreur inattendue a arrêté l'échange ; le détail est au journal et l'échange est tenté de nouveau."
PACE_S = 0.2
"""Least time between two cycles that the centre's notifications start: a busy centre is not asked without pause."""

Listener = Callable[[EtatSync], None]
DataListener = Callable[[frozenset[str], CycleResult], None]


class SyncService:
    """Synchronises one cache until stopped.

    A cycle starts when the window asks for one, when the centre tells that another device or a writer there changed
    something of this agency (LISTEN, on a direct line), and every ``sync_interval_s`` in any case: a pooler passes no
    notification on. Once a day, behind a cycle that moved nothing, the cache is compared with the centre; whoever
    rings or notifies while it is being read comes first, and the comparison is tried again later.

    Retry policy: an unreachable centre is tried again after 1, 2, 4 … 60 s, each with up to 50 % of jitter so that
    twenty branches coming back do not knock together; a refusal (schema, clone, rights) is tried at the slowest pace;
    ``request_cycle`` cuts any wait short. Whatever nobody foresaw is a state like these: shown, logged with its
    trace, tried again at the slowest pace. The thread ends when it is stopped, and for nothing else.

    Args:
        settings: interval, batch size and deadlines.
        cache: the enrolled cache file.
        key: its encryption key, or None.
        listener: called with each new state.
        on_data: called with the names of tables that a cycle changed.
        before_calendar: see :class:`~erp_desktop.sync.exchange.cycle.Cycle`.
    """

    def __init__(
        self,
        settings: Settings,
        cache: Path,
        key: str | None = None,
        listener: Listener | None = None,
        on_data: DataListener | None = None,
        before_calendar: CalendarFollower | None = None,
    ) -> None:
        self.settings = settings
        self.path = cache
        self.key = key
        self.listener = listener
        self.on_data = on_data
        self.before_calendar = before_calendar
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._stopping = threading.Event()
        self._line_up = True
        self._link: Link | None = None
        self._me = ""
        self._failures = 0
        self._looked = float("-inf")
        self._seen = float("-inf")
        self._check_after = float("-inf")
        self._offline_since: datetime | None = None
        self._online: bool | None = None
        self._error: str | None = None
        self._erased = False
        self._mute = True
        self._thread = threading.Thread(target=self._loop, name="synchronisation", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Cut the line if need be and wait for the thread."""
        self._stopping.set()
        self._ring()
        if self._link is not None:
            self._link.abort()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._bell.close()
            self._ear.close()

    def request_cycle(self) -> None:
        """Run a cycle as soon as possible."""
        self._ring()

    def _ring(self) -> None:
        # A full buffer means that it rings already, a closed one that nobody listens any more.
        with contextlib.suppress(OSError):
            self._bell.send(b"1")

    def set_line(self, up: bool) -> None:
        """Cut the line on purpose, or give it back."""
        self._line_up = up
        if not up and self._link is not None:
            self._link.abort()
        self._failures = 0
        self._ring()

    @property
    def line_up(self) -> bool:
        return self._line_up

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve()
            except Exception as error:  # noqa: BLE001 - see the class or module
                # The file cannot be opened, or something that no cycle meets.
                self._unforeseen(error)
                self._tell_without_cache()
                if select.select([self._ear], [], [], BACKOFF_MAX_S)[0]:
                    self._ear.recv(4096)

    def _unforeseen(self, error: Exception) -> None:
        """Note a failure that is none of the exchange's own; its trace goes to the log, a sentence to the window."""
        self._online = False
        self._failures = _SLOWEST
        self._offline_since = self._offline_since or clock.now()
        self._mute = False
        if isinstance(error, ErpError):
            self._error = str(error)
            _log.error("the exchange waits: %s", error)
            return
        self._error = UNFORESEEN
        _log.error("unexpected error in the exchange", exc_info=error)

    def _tell_without_cache(self) -> None:
        if self.listener:
            self.listener(
                EtatSync(
                    mode="agence", en_ligne=False, hors_ligne_depuis=self._offline_since, en_attente=0, conflits=0,
                    refuses=0, rejetes=0, dernier_cycle=None, prochain_essai_s=BACKOFF_MAX_S, agence_code="", poste=0,
                    erreur=self._error, muet=self._mute,
                )
            )  # fmt: skip

    def _serve(self) -> None:
        engine = create_sqlite_engine(self.path, self.key)
        try:
            with Cache(self.path, self.key) as cache:
                self._link = device_link(
                    cache, self.settings.secrets_file, connect_timeout_s=self.settings.connect_timeout_s,
                    deadline_s=self.settings.cycle_deadline_s,
                )  # fmt: skip
                syncer = Syncer(
                    cache, self._link, batch=self.settings.sync_batch, before_calendar=self.before_calendar
                )
                while not self._stopping.is_set():
                    result = self._cycle(syncer)
                    self._see_the_clock(cache)
                    documents = self._documents(syncer, result)
                    self._compare(syncer, result, documents)
                    if result is not None and self._listen(cache, self._link):
                        # What was told before the ear was open is fetched now.
                        self._ring()
                    delay = self._delay()
                    with transaction(engine, write=False) as session:
                        state = status.etat(
                            session, en_ligne=self._online, hors_ligne_depuis=self._offline_since,
                            prochain_essai_s=delay, erreur=self._error, muet=self._mute,
                        )  # fmt: skip
                    if self.listener:
                        self.listener(replace(state, efface=self._erased))
                    if result and result.tables and self.on_data:
                        self.on_data(frozenset(result.tables), result)
                    # Documents under way go on at once, each time behind the rows.
                    self._wait(self._link, 0 if documents is not None and documents.moved else delay)
        finally:
            if self._link is not None:
                self._link.close()
            engine.dispose()

    def _listen(self, cache: Cache, link: Link) -> bool:
        """Open the ear on a line that has none yet; True when it has just been opened."""
        if not link.open or link.listening is not None:
            return False
        self._me = cache.require("poste")
        try:
            return link.listen("erp_0", f"erp_{int(cache.require('agence_id'))}")
        except ErpError as error:
            _log.info("no notifications on this line: %s", error)
            return False

    def _wait(self, link: Link, delay: float) -> None:
        """Until somebody rings, the centre tells of a change that is not ours, or ``delay`` seconds have passed."""
        started = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            if link.open and link.listening:
                selector.register(link.fileno(), selectors.EVENT_READ, link)
            told = self._told(link)
            while not self._stopping.is_set():
                left = started + (min(delay, PACE_S) if told else delay) - time.monotonic()
                if left <= 0:
                    return
                for key, _ in selector.select(left):
                    if key.data is None:
                        self._ear.recv(4096)
                        return
                    told = self._told(link) or told
                    if told:
                        selector.unregister(key.fd)

    def _told(self, link: Link) -> bool:
        try:
            return any(author != self._me for author in link.heard())
        except CentralUnreachableError:
            return True

    def _cycle(self, syncer: Syncer) -> CycleResult | None:
        started = time.perf_counter()
        try:
            if not self._line_up:
                syncer.link.close()
                raise CentralUnreachableError("La ligne est coupée.")
            result = syncer.run()
        except ErpError as error:
            self._online = False
            self._failures += 1
            self._offline_since = self._offline_since or clock.now()
            self._error = str(error)
            self._mute = isinstance(error, CentralUnreachableError) and not isinstance(error, CentralWaitsError)
            self._erased = isinstance(error, DeviceErasedError)
            if isinstance(error, DeviceRevokedError) and self.on_data:
                # What the window shows may have been erased behind it.
                self.on_data(frozenset(BY_NAME), CycleResult())
            if self._failures == 1:
                _log.info("cycle failed after %.2f s: %s", time.perf_counter() - started, error)
            return None
        except Exception as error:  # noqa: BLE001 - see the class or module
            syncer.link.close()
            self._unforeseen(error)
            return None
        self._online, self._failures, self._offline_since, self._error = True, 0, None, None
        return result

    def _see_the_clock(self, cache: Cache) -> None:
        """Keep the latest instant of this device's clock, once a minute: offline logins are counted on it."""
        if time.monotonic() < self._seen + _LOOK_S:
            return
        self._seen = time.monotonic()
        seen, now = cache.get("horloge_vue"), clock.to_text(clock.now())
        if seen is None or seen < now:
            with cache.writing():
                cache.put(horloge_vue=now)

    def _documents(self, syncer: Syncer, result: CycleResult | None) -> DocumentsResult | None:
        """Move documents after the rows; what stops them is logged and is no failure of the cycle."""
        if result is None:
            return None
        options = self.settings
        look = "documents" in result.tables or time.monotonic() - self._looked > _LOOK_S
        try:
            done = DocumentExchange(
                syncer.cache, syncer.link, quota=options.documents_quota, budget=options.documents_budget_ko * 1024,
                days=options.documents_days, choose=look,
                stop=self._rung,
            ).run()  # fmt: skip
        except ErpError as error:
            _log.info("documents wait: %s", error)
            return None
        except Exception:  # noqa: BLE001 - see the class or module
            # Rows go on without them; the next look is a minute away.
            _log.exception("unexpected error in the exchange of documents")
            self._looked = time.monotonic()
            return None
        if look and not done.moved:
            self._looked = time.monotonic()
        if done.sent or done.received or done.dropped:
            result.tables.add("documents")
        return done

    def _rung(self) -> bool:
        return self._stopping.is_set() or bool(select.select([self._ear], [], [], 0)[0])

    def _compare(self, syncer: Syncer, result: CycleResult | None, documents: DocumentsResult | None) -> None:
        """The daily comparison, when it is due and nothing else is to be done."""
        quiet = result is not None and not (result.pushed or result.pulled or result.waiting)
        if not quiet or (documents is not None and documents.moved) or time.monotonic() < self._check_after:
            return
        link = syncer.link

        def called() -> bool:
            return self._rung() or not link.open or link.called

        try:
            if called() or not daily.due(syncer.cache):
                return
            self._check_after = time.monotonic() + _CHECK_AGAIN_S
            done = daily.check(syncer.cache, link, called)
        except ErpError as error:
            _log.info("the daily comparison waits: %s", error)
            return
        except Exception:  # noqa: BLE001 - see the class or module
            _log.exception("unexpected error in the daily comparison")
            return
        if done is not None and result is not None:
            _log.info("daily comparison: %d rows, differences %s", done.rows, done.differences)
            result.tables |= set(done.differences)

    def _delay(self) -> float:
        if not self._failures:
            return self.settings.sync_interval_s
        return min(BACKOFF_MAX_S, 2.0 ** min(self._failures - 1, 6)) * (1 + random.random() / 2)  # noqa: S311
