"""One cycle: push what waits, pull what is new, until both are empty. One round trip each when the line is warm.

What a cycle does per failure: a cut line, a timeout, a busy or restarting centre → ``CentralUnreachableError``; the
frozen batch stays and is sent again verbatim, which the centre recognises. A refused unit → parked with its reason,
the rest lands. A clone → ``CloneDetectedError``, nothing is sent until the device is enrolled again. Anything that
interrupts the application of an answer → the SQLite transaction rolls back and the same answer is asked again. An
answer that cannot be taken for the sake of one row → that row alone is set aside. A centre that was restored or
moved, or that no longer remembers the deletions since the last cycle, and a device that was revoked: what
:class:`erp_desktop.sync.syncer.Syncer` does.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, cast

import sqlcipher3.dbapi2 as sqlcipher

import erp_desktop
from erp_desktop import clock
from erp_desktop.errors import CloneDetectedError, DeviceRevokedError, ErpError, SchemaMismatchError, SyncError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.exchange.apply import Cursor, apply_answer, next_cursor, read_cursor
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.erased import behind, unfreeze
from erp_desktop.sync.exchange.link import OLDER_CENTRE, Link
from erp_desktop.sync.exchange.outbox import Batch, Outbox, without_collector
from erp_desktop.sync.exchange.rejected import Applied
from erp_desktop.sync.exchange.set_aside import isolate

_log = logging.getLogger(__name__)
PULL_PAGE = 6_000
"""More than a batch: the keys of a full one come back in the same round trip, and nothing is left to ask for."""
BUNDLE_KEY = "cle_paquet"
"""Where the cache keeps the key of what is carried by hand, in hexadecimal."""
TELL_AGAIN_S = 600.0
"""Seconds after which a device tells of itself anew, its clock for one, though nothing else has changed."""
_LARGER = 10 << 20
"""Bytes by which a cache grows before it is worth a word."""
JOURNAL_ROWS = 200
"""Received interventions that one line of the journal names at most."""


@dataclass(slots=True)
class CycleResult:
    """Figures of one cycle; ``bytes_*`` are counted at the socket, ``seconds`` on the wall clock."""

    pushed: int = 0
    pulled: int = 0
    conflicts: int = 0
    parked: int = 0
    rejected: int = 0
    batches: int = 0
    round_trips: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    seconds: float = 0.0
    waiting: int = 0
    restarted: bool = False
    tables: set[str] = field(default_factory=set)


CalendarFollower = Callable[[], Callable[[], int]]
DEADLINES_COME_FROM = frozenset({"agences", "contrats", "horaires_agence", "jours_feries", "sla_regles"})


def _deadline_clashed(outcome: dict[str, Any] | None) -> bool:
    """Whether the centre answers a batch that both sides moved a deadline."""
    told = outcome["conflits"] if outcome else ()
    return any((table, column) == ("interventions", "date_limite") for _, table, _, column, *_ in told)


class Cycle:
    """Runs cycles of one cache over one line; used by one thread at a time.

    Attributes:
        before_calendar: called before the first rows of a cycle that deadlines are computed from are applied, or an
            answer that a deadline was computed on two sides; what it returns is called behind the last, whether the
            cycle succeeds or not, and says how many rows it changed.
    """

    def __init__(
        self, cache: Cache, link: Link, *, batch: int = 5_000, before_calendar: CalendarFollower | None = None
    ) -> None:
        self.before_calendar = before_calendar
        self._behind_calendar: Callable[[], int] | None = None
        self.cache = cache
        self.link = link
        self.batch = batch
        self.outbox = Outbox(cache)
        self._remembered: datetime | None = None
        self._received: list[int] = []
        self._version = 0
        self._behind_erasures: int | None = None
        self._told: tuple[object, float] = (None, float("-inf"))
        self._took: float | None = None

    def run(self) -> CycleResult:
        """Run one cycle to its end and log it.

        Raises:
            ErpError: as the module says; the journal has a line for it either way.
        """
        result = CycleResult()
        self._received = []
        started = time.perf_counter()
        trips = self.link.round_trips
        sent, received = self.link.traffic() if self.link.open else (0, 0)
        try:
            with without_collector():
                try:
                    self._exchange(result)
                finally:
                    moved = self._follow_calendar()
                if moved:
                    self._exchange(result)
        except ErpError as error:
            if not isinstance(error, DeviceRevokedError):
                self._log(result, started, str(error))
            raise
        now_sent, now_received = self.link.traffic()
        result.round_trips = self.link.round_trips - trips
        result.bytes_out, result.bytes_in = now_sent - sent, now_received - received
        result.waiting = self.outbox.pending()
        result.seconds = self._took = round(time.perf_counter() - started, 4)
        if result.pushed or result.pulled or result.parked or result.conflicts:
            self._log(result, started, None)
        self._remember_success()
        return result

    def _remember_success(self) -> None:
        """Note the time of the last good cycle, at most once a minute: an idle branch must not wear its disk."""
        now = clock.now()
        if self._remembered is None or (now - self._remembered).total_seconds() > 60:
            with self.cache.writing():
                self.cache.put(dernier_cycle=clock.to_text(now))
            self._remembered = now

    def _exchange(self, result: CycleResult) -> None:
        self.cache.require("epoque")
        if not self.link.open:
            self.link.connect()
            self._handshake(result)
        with ThreadPoolExecutor(1, "erp-ligne") as line:
            while True:
                try:
                    if self._behind_erasures is not None:
                        self._receive_erasures(result, self._behind_erasures)
                    self._pages(line, result)
                    return
                except (ErpError, sqlcipher.OperationalError):
                    raise
                except Exception as error:
                    _log.exception("an answer of the centre cannot be taken as a whole")
                    # What is under way on the line comes back first; its batch is asked about again.
                    line.submit(int).result()
                    batch = self._unanswered()
                    done = isolate(self.cache, self.link, batch, PULL_PAGE)
                    self._count(result, batch, done)
                    if not (done.pushed or done.parked or done.pulled or done.rejected):
                        raise error from None

    def _receive_erasures(self, result: CycleResult, known: int) -> None:
        """Somebody was erased while this device was away: it hears of that before it sends anything new.

        A batch that the centre has already is asked about first: rows from after it was merged mean nothing here
        before its own outcome.

        Args:
            known: the last batch that the centre has.
        """
        while True:
            batch, cursor = self._unanswered(), read_cursor(self.cache)
            answer = self._send(None, batch, cursor)()
            self._see_calendar(answer)
            self._count(result, batch, apply_answer(self.cache, batch, answer, cursor))
            if batch is None and answer["pull"]["n"] < PULL_PAGE:
                break
        unfreeze(self.cache, known)
        self._behind_erasures = None

    def _pages(self, line: ThreadPoolExecutor, result: CycleResult) -> None:
        batch, cursor = self.outbox.next_batch(self.batch), read_cursor(self.cache)
        answering = self._send(line, batch, cursor)
        while True:
            # The centre merges this batch while the next one is made ready here, and then that one while this one's
            # answer is applied: the slower side sets the pace. Answers are applied in the batches' order.
            following = self.outbox.follow(batch, self.batch) if batch is not None else None
            answer = answering()
            self._see_calendar(answer)
            if following is not None:
                answering = self._send(line, following, next_cursor(answer, cursor))
            done = apply_answer(
                self.cache, batch, answer, cursor, retry=self.outbox.cancelled or self._changed_here()
            )
            self.outbox.cancelled = False
            self._count(result, batch, done)
            if following is not None:
                batch, cursor = following, next_cursor(answer, cursor)
                continue
            more = self.cache.value("SELECT 1 FROM sync_outbox WHERE refus IS NULL LIMIT 1") is not None
            if answer["pull"]["n"] < PULL_PAGE and not (batch is not None and more):
                return
            batch, cursor = self.outbox.next_batch(self.batch), read_cursor(self.cache)
            answering = self._send(line, batch, cursor)

    def _see_calendar(self, answer: dict[str, Any]) -> None:
        if self.before_calendar is None or self._behind_calendar is not None:
            return
        pull = answer["pull"]
        received = {*pull["t"], *(table for table, *_ in pull["d"])} if pull["n"] else set()
        if not DEADLINES_COME_FROM.isdisjoint(received) or _deadline_clashed(answer.get("push")):
            self._behind_calendar = self.before_calendar()

    def _follow_calendar(self) -> int:
        follow, self._behind_calendar = self._behind_calendar, None
        return follow() if follow is not None else 0

    def _count(self, result: CycleResult, batch: Batch | None, done: Applied) -> None:
        if batch is not None:
            result.batches += 1
            result.pushed += done.pushed
        result.pulled += done.pulled
        result.conflicts += done.conflicts
        result.parked += done.parked
        result.rejected += done.rejected
        result.tables |= done.tables
        self._received += done.fiches

    def _changed_here(self) -> bool:
        """Whether somebody else wrote to this file since the last cycle while received rows are set aside."""
        version = int(self.cache.value("PRAGMA data_version"))
        changed, self._version = version != self._version, version
        return changed and self.cache.value("SELECT 1 FROM sync_recus_rejetes LIMIT 1") is not None

    def _unanswered(self) -> Batch | None:
        """The batch to ask about: before it heard of an erasure, this device asks for none that the centre lacks."""
        batch, known = self.outbox.unanswered(), self._behind_erasures
        return None if batch is None or (known is not None and batch.numero > known) else batch

    def _of_itself(self, batch: Batch | None) -> dict[str, Any] | None:
        """What goes with a batch or a question: how things are once that has landed; None: the centre knows it.

        With the last of several batches alone: all that waits is counted.
        """
        if batch is not None and self.outbox.more:
            return None
        told = self.outbox.of_itself(batch.numero if batch is not None else 0)
        worth = {**told, "cache": told["cache"] // _LARGER} | {"depuis_s": None}
        before, when = self._told
        if worth == before and time.monotonic() - when < TELL_AGAIN_S:
            return None
        self._told = (worth, time.monotonic())
        return told if self._took is None else told | {"cycle_s": self._took}

    def _ask(self, batch: Batch | None, cursor: Cursor, told: dict[str, Any] | None) -> dict[str, Any]:
        sent = (batch.content, batch.numero, batch.digest) if batch else (None, None, None)
        if told is not None and batch is None:
            # A batch may be long on its way, which is no fault of a clock.
            told |= {"heure": clock.now().timestamp(), "trajet_s": (self.link.trip_s or 0) / 2}
        call = "CALL sync.cycle(%s::jsonb, %s, %s, %s::xid8, %s, %s, NULL, %s::jsonb)"
        said = dumps(told) if told is not None else None
        try:
            return cast("dict[str, Any]", self.link.row(call, (*sent, *cursor, PULL_PAGE, said))[0])
        except BaseException:
            self._told = (None, float("-inf"))
            raise

    def _send(
        self, line: ThreadPoolExecutor | None, batch: Batch | None, cursor: Cursor
    ) -> Callable[[], dict[str, Any]]:  # fmt: skip
        """Send a batch on its way; what is returned waits for the answer."""
        told = self._of_itself(batch)
        if batch is None or line is None:
            return lambda: self._ask(batch, cursor, told)
        return line.submit(self._ask, batch, cursor, told).result

    def _handshake(self, result: CycleResult) -> None:
        revision = self.cache.value("SELECT version_num FROM alembic_version")
        # Read before the centre answers: another process may exchange for this cache meanwhile.
        cursor, answered = read_cursor(self.cache), self.outbox.answered
        told = self.outbox.of_itself()
        self._told = (None, float("-inf"))
        centre = self.link.row(
            "SELECT sync.signaler(%s, %s, %s, %s::xid8, %s::jsonb)",
            (erp_desktop.__version__, revision, told["en_attente"], cursor[0],
             dumps(told | {"heure": clock.now().timestamp()})),
        )[0]  # fmt: skip
        if centre["etat"] is None:
            self.link.close()
            raise SyncError("Le centre ne connaît plus ce poste ; réinscrivez-le (erp-admin device reenroll).")
        if centre["dernier_lot"] > self.outbox.frozen:
            # Without this look, a file that has nothing to send would go on for ever without what it sent itself:
            # a device's own rows are never served to it again.
            self.link.close()
            raise CloneDetectedError.because(f"lot {centre['dernier_lot']} au centre, {self.outbox.frozen} ici")
        reached = centre.get("x")
        moved = bool(
            centre["epoque"] != self.cache.require("epoque")
            # A server put back as a whole, from a copy of its disk, keeps its identity: what it has forgotten tells.
            or centre["dernier_lot"] < answered
            or (reached is not None and int(reached) < int(cursor[0]))
        )
        self._behind_erasures = centre["dernier_lot"] if behind(self.cache, centre.get("effacement")) else None
        known = centre["revision"]
        if known is not None and not revisions.understands(revision, known, centre["min_client"]):
            self.link.close()
            if revisions.position(known) is None:
                raise SchemaMismatchError(
                    f"Mise à jour nécessaire : le centre travaille avec la version {centre.get('version') or '?'} du "
                    "programme. Demandez cette version à l'informatique ; d'ici là le travail continue hors ligne, "
                    "rien n'est perdu."
                )
            raise SchemaMismatchError(OLDER_CENTRE)
        if known is not None and known != self.cache.get("centre_revision"):
            # A newer program waits for the centre's upgrade: this says how far that is.
            with self.cache.writing():
                self.cache.put(centre_revision=known)
        try:
            if "cle" in centre:
                self._entrust_key(centre["cle"])
            if moved or (centre["purge"] is not None and int(cursor[0]) < int(centre["purge"])):
                result.restarted = True
                result.pulled += self.start_again(centre["dernier_lot"] if moved else None)
                result.tables |= set(BY_NAME)
        except ErpError:
            # Not half greeted: the next cycle starts here again.
            self.link.close()
            raise

    def _entrust_key(self, known: str | None) -> None:
        """Make sure that the centre holds the key that seals what is carried by hand.

        Args:
            known: SHA-256 of the one that it holds, None when it holds none.
        """
        held = self.cache.get(BUNDLE_KEY)
        if held is not None and hashlib.sha256(bytes.fromhex(held)).hexdigest() == known:
            return
        key = held or secrets.token_hex(32)
        if self.link.row("SELECT sync.confier_cle(%s)", (key,))[0] and held is None:
            # Kept here only once the centre has it: a bundle under a key that nobody else holds would be lost.
            with self.cache.writing():
                self.cache.put(**{BUNDLE_KEY: key})

    @abstractmethod
    def start_again(self, known: int | None) -> int:
        """Take the branch anew: the centre was restored or moved, or forgot deletions that were not seen here.

        Args:
            known: the last batch of this device that the centre still has, when it may lack some; None otherwise.

        Returns:
            The rows taken.
        """

    def _log(self, result: CycleResult, started: float, error: str | None) -> None:
        detail = {**asdict(result), "tables": sorted(result.tables), "fiches": self._received[-JOURNAL_ROWS:]}
        with self.cache.writing() as db:
            db.execute(
                "INSERT INTO sync_journal (quand, duree_s, envoyes, recus, conflits, gares, erreur, detail) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    clock.to_text(clock.now()), time.perf_counter() - started, result.pushed, result.pulled,
                    result.conflicts, result.parked, error, dumps(detail),
                ),
            )  # fmt: skip
            db.execute("DELETE FROM sync_journal WHERE id <= (SELECT max(id) FROM sync_journal) - 2000")
