"""An answer that cannot be read or applied for the sake of one row: that row is set aside, and the rest is taken.

Nothing of this is on the way of an ordinary cycle. Pages are halved until the row stands alone; its key is then read
without its body, and goes to ``sync_recus_rejetes``, where ``sync health`` and the window show it.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from typing import Any

from erp_desktop.errors import ErpError
from erp_desktop.sync.exchange.apply import apply_answer, read_cursor
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.exchange.outbox import Batch
from erp_desktop.sync.exchange.rejected import Applied

_log = logging.getLogger(__name__)

_ALONE = """
SELECT r - 't', ARRAY(SELECT b::text FROM jsonb_each(r->'t') t, jsonb_array_elements(t.value) b),
  ARRAY(SELECT t.key FROM jsonb_each(r->'t') t, jsonb_array_elements(t.value) b),
  ARRAY(SELECT (b->>1)::bigint FROM jsonb_each(r->'t') t, jsonb_array_elements(t.value) b)
FROM sync.tirer(%s::xid8, %s, 1) r
"""
_REASON = "cette ligne n'a pas pu être lue ici"


def isolate(cache: Cache, link: Link, batch: Batch | None, page: int) -> Applied:
    """Settle ``batch``, whose answer was lost on the way, and take one page that could not be taken as it came.

    Args:
        batch: sent with the question that failed; the centre knows it by now, or takes it.
        page: rows asked for then.

    Returns:
        What was taken; ``rejected`` counts the rows set aside.
    """
    if batch is not None:
        outcome = link.row("SELECT sync.pousser(%s::jsonb, %s, %s)", (batch.content, batch.numero, batch.digest))[0]
        done = apply_answer(cache, batch, {"push": outcome, "pull": {"n": 0}}, read_cursor(cache))
    else:
        done = Applied()
    while True:
        cursor = read_cursor(cache)
        try:
            answer = link.row("SELECT sync.tirer(%s::xid8, %s, %s)", (*cursor, page))[0]
            taken = apply_answer(cache, None, {"push": None, "pull": answer}, cursor)
        except ErpError:
            raise
        except Exception:  # noqa: BLE001 - see the class or module
            if page > 1:
                page //= 2
                continue
            _log.exception("a received row is set aside")
            taken = _alone(cache, link)
        _add(done, taken)
        if read_cursor(cache) != cursor:
            return done
        if not taken.pulled and not taken.rejected:
            return done


def _alone(cache: Cache, link: Link) -> Applied:
    """The row behind the cursor and the parents that come with it, one by one."""
    cursor = read_cursor(cache)
    rest, bodies, tables, keys = link.row(_ALONE, cursor)
    readable: dict[str, list[list[Any]]] = defaultdict(list)
    unreadable: list[tuple[str, int, str]] = []
    for body, table, pk in zip(bodies, tables, keys, strict=True):
        try:
            readable[table].append(json.loads(body))
        except (ValueError, RecursionError):
            unreadable.append((table, pk, _REASON))
    pull = {"k": [], "d": [], **rest, "t": readable, "illisibles": unreadable}
    try:
        return apply_answer(cache, None, {"push": None, "pull": pull}, cursor)
    except ErpError:
        raise
    except Exception:  # noqa: BLE001 - see the class or module
        _log.exception("a received row cannot be applied")
        all_of_them = [(table, pk, _REASON) for table, pk in zip(tables, keys, strict=True)]
        pull |= {"t": {}, "illisibles": all_of_them}
        return apply_answer(cache, None, {"push": None, "pull": pull}, cursor)


def _add(done: Applied, more: Applied) -> None:
    done.pulled += more.pulled
    done.rejected += more.rejected
    done.tables |= more.tables
    done.fiches += more.fiches
