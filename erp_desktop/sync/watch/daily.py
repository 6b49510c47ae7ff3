"""The daily comparison of a cache with the centre: in a quiet moment, once a day, repaired and written down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta

from erp_desktop import clock
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.watch.verify import InterruptedCheckError, Verified, verify

EVERY = timedelta(days=1)


def due(cache: Cache) -> bool:
    """Whether a day has passed since the last comparison; the first day counts from the first question."""
    last = cache.get("controle_a")
    if last is None:
        with cache.writing():
            cache.put(controle_a=clock.to_text(clock.now()))
        return False
    # A clock that was set back must not put the next one off for years.
    return not timedelta(0) <= clock.now() - clock.from_text(last) < EVERY


def check(cache: Cache, link: Link, stop: Callable[[], bool]) -> Verified | None:
    """Compare, repair and note the outcome for the journal and for the health of this cache.

    Returns:
        None when it was not the moment: ``stop()`` said so, or somebody is writing at the centre, whose row could be
        taken for a wrong one.

    Raises:
        ErpError: the line was cut, or the centre refused; nothing was noted.
    """
    started = time.perf_counter()
    if not link.row("SELECT pg_snapshot_xmin(s) = pg_snapshot_xmax(s) FROM pg_current_snapshot() s")[0]:
        return None
    try:
        done = verify(cache, link, stop=stop)
    except InterruptedCheckError:
        return None
    wrong = {table: sum(counts) for table, counts in done.differences.items()}
    told = ", ".join(f"{table} {count}" for table, count in wrong.items())
    error = f"Contrôle du jour : des lignes différaient du centre et ont été remises ({told})." if wrong else None
    now = clock.to_text(clock.now())
    with cache.writing() as db:
        cache.put(controle_a=now, controle=dumps({"a": now, "lignes": done.rows, "ecarts": wrong}))
        db.execute(
            "INSERT INTO sync_journal (quand, duree_s, envoyes, recus, conflits, gares, erreur, detail) "
            "VALUES (?, ?, 0, ?, 0, 0, ?, ?)",
            (now, time.perf_counter() - started, done.repaired, error, dumps({"controle": wrong})),
        )
    return done


def outcome(note: str | None) -> tuple[str, dict[str, int]] | None:
    """(instant, wrong rows by table) of the last comparison from its note in ``sync_meta``; None: none yet."""
    if note is None:
        return None
    found = json.loads(note)
    return found["a"], found["ecarts"]
