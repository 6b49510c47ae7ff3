"""The outbox: what waits is planned in units, told as content, and frozen in batches before it is first sent.

A batch is frozen in ``sync_lots`` with its number and hash, and sent again verbatim until it is answered.
"""

from __future__ import annotations

import gc
import hashlib
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from erp_desktop import clock
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.content import Content, content_of
from erp_desktop.sync.exchange.units import Unit, plan


@dataclass(frozen=True, slots=True)
class Batch:
    """A frozen batch.

    Attributes:
        content: the JSON sent to the centre, UTF-8.
        units: outbox ids of each unit, in the batch's order.
        rows: changed rows that it carries.
    """

    numero: int
    digest: str
    content: str
    units: list[list[int]]
    rows: int


class Outbox:
    """Plans units once for all that waits, and freezes them batch by batch while nothing new was captured."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.cancelled = False
        """Changes were dropped because they came to nothing; what waited for their rows may be tried again."""
        self._plan: list[Unit] = []
        self._seen: tuple[int | None, int] = (None, -1)

    def pending(self) -> int:
        """Rows waiting to be sent."""
        sql = "SELECT count(*) FROM (SELECT DISTINCT nom_table, pk FROM sync_outbox WHERE refus IS NULL)"
        return int(self.cache.value(sql))

    @property
    def more(self) -> bool:
        """Whether batches are planned behind the last one that was taken."""
        return bool(self._plan)

    def of_itself(self, sent: int = 0) -> dict[str, Any]:
        """What this device tells of itself to whoever looks after it; ``sync.annoncer`` at the centre takes it.

        Args:
            sent: of what waits, the batches up to this number are as good as there.
        """
        waiting = self.cache.all(
            "SELECT nom_table, count(DISTINCT pk), min(quand) FROM sync_outbox WHERE refus IS NULL AND id NOT IN "
            "(SELECT i.value FROM sync_lots l, json_each(l.sortants, '$.u') u, json_each(u.value) i "
            "WHERE l.repondu_a IS NULL AND l.numero <= ?) GROUP BY nom_table", sent,
        )  # fmt: skip
        files = (self.cache.path, self.cache.path.with_name(f"{self.cache.path.name}-wal"))
        told: dict[str, Any] = {
            "en_attente": sum(count for _, count, _ in waiting), "tables": {t: count for t, count, _ in waiting},
            "cache": sum(file.stat().st_size for file in files if file.exists()),
            "chiffre": self.cache.key is not None,
            "systeme": f"{platform.system()} {platform.release()}"[:40],
        }  # fmt: skip
        if (user := self.cache.get("dernier_usager")) is not None:
            told["usager"] = int(user)
        if waiting:
            oldest = clock.from_text(min(since for *_, since in waiting))
            told["depuis_s"] = max(0.0, round((clock.now() - oldest).total_seconds()))
        return told

    @property
    def frozen(self) -> int:
        """Number of the last batch that was frozen here, 0 before the first."""
        return int(self.cache.get("dernier_lot") or 0)

    @property
    def answered(self) -> int:
        """Number of the last batch whose answer was applied here, 0 before the first."""
        first = self.cache.value("SELECT min(numero) FROM sync_lots WHERE repondu_a IS NULL")
        return self.frozen if first is None else int(first) - 1

    def unanswered(self, after: int = 0) -> Batch | None:
        """The first batch after number ``after`` that was frozen and not answered yet."""
        row = self.cache.one(
            "SELECT numero, empreinte, contenu, sortants FROM sync_lots "
            "WHERE repondu_a IS NULL AND numero > ? ORDER BY numero LIMIT 1", after,
        )  # fmt: skip
        if row is None:
            return None
        units = json.loads(row[3])
        return Batch(row[0], row[1], bytes(row[2]).decode(), units["u"], units["n"])

    def next_batch(self, limit: int) -> Batch | None:
        """The unanswered batch, else a newly frozen one of at most ``limit`` units; None when nothing waits.

        Fewer when they say more than the centre takes at once: frozen, it would be refused for ever.
        """
        if (again := self.unanswered()) is not None:
            return again
        if self.cache.value("SELECT 1 FROM sync_outbox WHERE refus IS NULL LIMIT 1") is None:
            return None
        with self.cache.writing() as db:
            # Another process may have frozen the same changes since; only the lock tells.
            if (again := self.unanswered()) is not None:
                return again
            while units := self._take(limit):
                content = content_of(self.cache, units)
                if content.large:
                    self._plan, limit = units + self._plan, len(units) // 2
                elif content.poison:
                    self._set_aside(units, content.poison)
                elif not content.carried:
                    # Inserted and deleted, or changed and changed back: nothing to tell.
                    db.executemany("DELETE FROM sync_outbox WHERE id = ?", [(i,) for u in units for i in u.outbox])
                    self.cancelled = True
                else:
                    return self._freeze(units, content)
        return None

    def follow(self, under_way: Batch, limit: int) -> Batch | None:
        """The batch that follows ``under_way``, frozen before or now, while the line is busy with that one.

        None when nothing follows, or when that must wait for the answer: something was captured or another process
        was at work since, a unit holds what cannot be sent, or a field was changed back. (The answer may bring
        such a field's newer value, which the batch would have to name to get it back.)
        """
        if (again := self.unanswered(under_way.numero)) is not None:
            return again
        units = self._plan[:limit]
        if not units or self._state() != self._seen:
            return None
        content = content_of(self.cache, units)
        if content.large or content.poison or not content.carried or not content.whole:
            return None
        with self.cache.writing():
            if self._state() != self._seen:
                return None
            self._plan = self._plan[limit:]
            return self._freeze(units, content)

    def _freeze(self, units: list[Unit], content: Content) -> Batch:
        numero = self.frozen + 1
        told = content.text.encode()
        digest = hashlib.sha256(told).hexdigest()
        ids = [unit.outbox for unit in units]
        self.cache.db.execute(
            "INSERT INTO sync_lots (numero, empreinte, contenu, sortants, cree_a) VALUES (?, ?, ?, ?, ?)",
            (numero, digest, told, dumps({"u": ids, "n": content.carried}), clock.to_text(clock.now())),
        )
        self.cache.put(dernier_lot=numero, resolus_envoyes_a=clock.to_text(clock.now()))
        return Batch(numero, digest, content.text, ids, content.carried)

    def _set_aside(self, units: list[Unit], poison: set[int]) -> None:
        now = clock.to_text(clock.now())
        for index in poison:
            unit = units[index]
            cursor = self.cache.db.execute(
                "INSERT INTO sync_gares (code, raison, contenu, quand) VALUES ('texte', ?, ?, ?)",
                ("un texte contient un caractère nul", dumps([list(k) for k in unit.changes]), now),
            )
            self.cache.db.executemany(
                "UPDATE sync_outbox SET refus = ? WHERE id = ?", [(str(cursor.lastrowid), i) for i in unit.outbox]
            )
        self._plan = []

    def _state(self) -> tuple[int | None, int]:
        # ``data_version`` moves when another connection commits: what it took from the outbox must not go twice.
        return self.cache.value("SELECT max(id) FROM sync_outbox"), self.cache.value("PRAGMA data_version")

    def _take(self, limit: int) -> list[Unit]:
        # A plan that misses a change captured meanwhile is still right: that change goes with the next plan, and
        # the values sent are read from the live rows either way.
        seen = self._state()
        if not self._plan or seen != self._seen:
            _reopen_parked(self.cache)
            self._plan, self._seen = plan(self.cache), seen
        units, self._plan = self._plan[:limit], self._plan[limit:]
        return units


@contextmanager
def without_collector() -> Iterator[None]:
    """A plan is many small objects, all alive and without cycles: walking them costs a third of a push."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _reopen_parked(cache: Cache) -> None:
    """A row that was corrected after its refusal is sent again whole, with the units that waited for a parent."""
    refused = cache.all("SELECT DISTINCT refus, nom_table, pk FROM sync_outbox WHERE refus IS NOT NULL")
    if not refused:
        return
    loose = set(cache.all("SELECT nom_table, pk FROM sync_outbox WHERE refus IS NULL"))
    touched = {(refusal,) for refusal, table, pk in refused if (table, pk) in loose}
    if not touched:
        return
    waiting = cache.all("SELECT CAST(id AS TEXT) FROM sync_gares WHERE etat = 'gare' AND code = 'parent'")
    refusals = {r[0] for r in (*touched, *waiting)}
    cache.db.executemany("UPDATE sync_outbox SET refus = NULL WHERE refus = ?", [(r,) for r in refusals])
    cache.db.executemany("UPDATE sync_gares SET etat = 'renvoye' WHERE id = ?", [(int(r),) for r in refusals])


def everything(cache: Cache) -> list[str]:
    """All that waits, parked units included, as the contents of as few batches as the centre takes."""
    units = plan(cache, parked=True)
    content = content_of(cache, units)
    if content.poison:
        units = [u for i, u in enumerate(units) if i not in content.poison]
    return _in_parts(cache, units)


def _in_parts(cache: Cache, units: list[Unit]) -> list[str]:
    content = content_of(cache, units)
    if not content.large:
        return [content.text]
    half = len(units) // 2
    return _in_parts(cache, units[:half]) + _in_parts(cache, units[half:])
