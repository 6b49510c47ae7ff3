"""A person was erased at the centre: what this device holds of them besides the rows that it receives.

A row of ``effacements`` says of which row the data went, never the data; its place in the exchange is before the rows
that the erasure changed. So the person's row still stands here when it comes, and tells what to look for: in what
waits to be sent, in conflicts and refusals, in kept batches, in every text. All of it in the transaction that takes
the page over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from erp_desktop.db import mentions as texts
from erp_desktop.domain.people import mentions
from erp_desktop.registry import personal
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.exchange.cache import Cache, dumps

_OPEN = "effacements_en_cours"
"""What is still to be taken out of batches that wait for their answer; forgotten with the last of them."""
_ERASURES = "effacements"
Dirty = dict[tuple[str, int], set[str] | None]


def erase_here(cache: Cache, received: Sequence[Sequence[Any]], dirty: Dirty | None = None) -> None:
    """Erase what this device alone holds, before the rows of the same page are taken over.

    Args:
        cache: inside a muted transaction.
        received: rows of ``effacements`` as their columns stand; those that are here already are old news.
        dirty: which columns wait to be sent; an erased one does so no more.
    """
    rows: dict[tuple[str, int], list[str]] = {}
    found: list[str] = []
    for row in received:
        told = dict(zip(BY_NAME[_ERASURES].names, row, strict=True))
        table, pk = str(told["nom_table"]), int(told["fiche_id"])
        known = cache.value("SELECT 1 FROM effacements WHERE id = ?", row[0])
        if known is not None or table not in personal.COLUMNS:
            continue
        columns, patterns, replaced = _row(cache, table, pk)
        rows[table, pk] = columns
        found += patterns
        _structure(cache, table, pk, columns, replaced=replaced)
        waiting = (dirty or {}).get((table, pk))
        if dirty is not None and waiting is not None and not replaced:
            waiting -= set(columns)
            if not waiting:
                del dirty[table, pk]
    if not rows:
        return
    _forget_words(cache)
    pattern = mentions.together(found)
    _batches(cache, "repondu_a IS NOT NULL", rows, pattern)
    if cache.value("SELECT 1 FROM sync_lots WHERE repondu_a IS NULL") is not None:
        held = [[table, pk, columns] for (table, pk), columns in rows.items()]
        cache.put(**{_OPEN: dumps([*json.loads(cache.get(_OPEN) or "[]"), [held, pattern]])})
    if pattern is not None:
        kept = {k.table: k.rows for k in personal.KEPT} | {"sync_lots": "1 = 1"}
        kept["sync_meta"] = f"cle = '{_OPEN}'"
        texts.erase_sqlite(lambda sql, values: cache.db.execute(sql, tuple(values)).fetchall(), pattern, kept)


def _forget_words(cache: Cache) -> None:
    """An index of words beside the cache may be lost at any time and is made anew: one that knows the person goes."""
    every = "min(0, coalesce((SELECT min(pk) FROM _recherche_attente WHERE nom_table = 'interventions'), 1) - 1)"
    cache.db.execute(f"INSERT INTO _recherche_attente (nom_table, pk) SELECT 'interventions', {every}")
    for beside in cache.path.parent.glob(f"{cache.path.name}.mots*"):
        # Held open by another process it is made anew all the same, for every row is to be read again.
        with contextlib.suppress(OSError):
            beside.unlink()


def _row(cache: Cache, table: str, pk: int) -> tuple[list[str], list[str], bool]:
    """The columns of a row that go, patterns of all that the person was ever called here, and whether somebody else
    was typed in their place and waits to be sent."""
    individual = table == "clients" and (
        cache.value("SELECT type_client FROM clients WHERE id = ?", pk) == personal.INDIVIDUAL
    )
    told = personal.columns(table, individual=individual)
    columns = list(told)
    live = cache.one(f"SELECT {', '.join(columns)} FROM {table} WHERE id = ?", pk)
    shown: dict[str, Any] = dict(zip(columns, live, strict=True)) if live is not None else {}
    typed = cache.all(
        "SELECT colonne, CAST(ancien AS TEXT) FROM sync_outbox WHERE nom_table = ? AND pk = ? AND op = 'U' "
        "ORDER BY id DESC", table, pk,
    )  # fmt: skip
    # As the centre had it: what stood before the first change that waits.
    centre = shown | {c: v for c, v in typed if c in told}
    before: list[tuple[str | None, Any]] = list(typed)
    for column, *versions in cache.all(
        "SELECT colonne, base, mien, leur FROM sync_conflits WHERE nom_table = ? AND pk = ?", table, pk
    ):
        before += [(column, json.loads(v)) for v in versions if v is not None]
    # A kept batch is read whole when the row's number is in it.
    for (content,) in cache.all("SELECT contenu FROM sync_lots WHERE instr(contenu, CAST(? AS BLOB)) > 0", str(pk)):
        before += personal.told_by(json.loads(bytes(content)), table, pk)
    if table != "clients" or individual:
        return columns, personal.patterns(told, [*centre.items(), *shown.items(), *before]), False
    name, now = centre.get("contact"), shown.get("contact")
    replaced = bool(now) and now != name and not personal.shared_words(name, now)
    own = [*before, *(() if replaced else shown.items())]
    return columns, personal.patterns(told, [*centre.items(), *personal.former(told, name, own)]), replaced


def _structure(cache: Cache, table: str, pk: int, columns: list[str], *, replaced: bool) -> None:
    """What is filed under the row itself, whatever its words.

    Args:
        replaced: what waits is about somebody else: it goes on waiting, over what the centre has now.
    """
    db, marks = cache.db, ", ".join("?" * len(columns))
    act = "UPDATE sync_outbox SET ancien = NULL" if replaced else "DELETE FROM sync_outbox"
    db.execute(f"{act} WHERE nom_table = ? AND pk = ? AND op = 'U' AND colonne IN ({marks})", (table, pk, *columns))
    db.execute(
        f"DELETE FROM sync_conflits WHERE nom_table = ? AND pk = ? AND (colonne IS NULL OR politique = 'groupe' "
        f"OR colonne IN ({marks}))",
        (table, pk, *columns),
    )
    db.execute("DELETE FROM sync_fusions WHERE nom_table = ? AND ? IN (gardee, retiree)", (table, pk))
    db.execute("DELETE FROM sync_recus_rejetes WHERE nom_table = ? AND pk = ?", (table, pk))
    db.execute("DELETE FROM sync_meta WHERE cle = ?", (f"centre:{table}:{pk}",))
    if table == "users":
        db.execute("DELETE FROM _verificateurs WHERE user_id = ?", (pk,))


def _batches(cache: Cache, which: str, rows: personal.Rows, pattern: str | None) -> None:
    """Take the person out of kept batches, and give each its hash anew: one that goes again goes to a centre that has
    forgotten it."""
    for numero, content, outcome in cache.all(f"SELECT numero, contenu, reponse FROM sync_lots WHERE {which}"):
        told = personal.strip_batch(json.loads(bytes(content)), rows)
        answer = personal.strip_outcome(json.loads(outcome), rows) if outcome is not None else None
        if pattern is not None:
            told, answer = mentions.erased(told, pattern), mentions.erased(answer, pattern)
        new = dumps(told).encode()
        cache.db.execute(
            "UPDATE sync_lots SET contenu = ?, empreinte = ?, reponse = ? WHERE numero = ?",
            (new, hashlib.sha256(new).hexdigest(), dumps(answer) if answer is not None else None, numero),
        )


def settled(cache: Cache, numero: int) -> None:
    """A batch was answered that an erasure found under way: now its content may change."""
    if (held := cache.get(_OPEN)) is None:
        return
    for rows, pattern in json.loads(held):
        _batches(cache, f"numero = {numero:d}", {(t, pk): columns for t, pk, columns in rows}, pattern)
    _forget(cache)


def _forget(cache: Cache) -> None:
    if cache.value("SELECT 1 FROM sync_lots WHERE repondu_a IS NULL") is None:
        cache.db.execute("DELETE FROM sync_meta WHERE cle = ?", (_OPEN,))


def hear(cache: Cache, told: Sequence[dict[str, Any]], known: int) -> None:
    """Erase before a cursor that means nothing any more is given up: what waits is sent again, or laid over a copy.

    Args:
        told: every row of ``effacements`` at the centre, by column.
        known: the last batch that the centre has.
    """
    with cache.writing(mute=True):
        erase_here(cache, [[row[name] for name in BY_NAME[_ERASURES].names] for row in told])
    unfreeze(cache, known)


def behind(cache: Cache, last: int | None) -> bool:
    """Whether the centre erased somebody of whom this cache has not heard."""
    return (
        last is not None
        and _ERASURES in BY_NAME
        and int(cache.value("SELECT coalesce(max(id), 0) FROM effacements")) < last
    )


def unfreeze(cache: Cache, known: int) -> None:
    """Take batches apart that the centre never saw: they are frozen again from rows that name nobody any more.

    Args:
        known: the last batch that the centre has.
    """
    with cache.writing() as db:
        gone = db.execute("DELETE FROM sync_lots WHERE repondu_a IS NULL AND numero > ?", (known,)).rowcount
        if gone:
            last = cache.value("SELECT max(numero) FROM sync_lots")
            # Choices in the inbox that went with them are told again.
            cache.put(dernier_lot=max(known, last or 0), resolus_envoyes_a="")
        _forget(cache)


def drop_contents(cache: Cache) -> None:
    """Bytes of documents that went with the person."""
    orphan = "NOT IN (SELECT sha256 FROM documents)"
    cache.db.execute(f"DELETE FROM contenus_morceaux WHERE sha256 {orphan}")
    cache.db.execute(f"DELETE FROM contenus WHERE sha256 {orphan}")
