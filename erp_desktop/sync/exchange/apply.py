"""What the centre answered, applied to the cache in one transaction: outcome of the batch, rows, deletions, cursor.

A field that is still dirty here keeps its value *and its base*: the next push then shows the centre both, and its
policy decides with nothing lost. (Taking the pulled value as the new base would let this side overwrite it unseen.)
A row that cannot be applied goes to ``sync_recus_rejetes``; the cursor advances; it is tried again at each cycle.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any

from erp_desktop import clock
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable, present_name
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.erased import drop_contents, erase_here, settled
from erp_desktop.sync.exchange.key_swaps import ROW_TROUBLE, exchanged, one_by_one
from erp_desktop.sync.exchange.outbox import Batch
from erp_desktop.sync.exchange.reasons import french_reason
from erp_desktop.sync.exchange.recreated import forget_removals
from erp_desktop.sync.exchange.rejected import Applied, postpone, references_to, reject, set_orphans_aside, touch
from erp_desktop.sync.exchange.renamed import become
from erp_desktop.sync.exchange.shared_rows import give_back

BACKUP_WINDOW = timedelta(days=14)
"""How old a restored backup of the centre may be without a device missing what it must send again."""

UNREADABLE = "illisible"
"""Key of what is kept of a received row that could not be read at all."""

Dirty = dict[tuple[str, int], set[str] | None]
"""Changed columns of rows that wait to be sent; None when the whole row does (insert or delete)."""

Cursor = tuple[str, int]


def apply_answer(
    cache: Cache, batch: Batch | None, answer: dict[str, Any], cursor: Cursor, *, retry: bool = False
) -> Applied:
    """Apply one answer of ``sync.cycle`` whole, or not at all.

    Args:
        cache: where to.
        batch: the batch that was sent, if any.
        answer: what ``sync.cycle`` returned.
        cursor: the (xid, seq) that was sent. When another process moved it or settled the batch meanwhile, that
            part of the answer is older than what is here and is dropped.
        retry: try what was set aside again even when the answer brings nothing.
    """
    done = Applied()
    pull = answer["pull"]
    if batch is None and not pull["n"] and not retry:
        return done
    with cache.writing(mute=True):
        if batch is not None and cache.one(
            "SELECT 1 FROM sync_lots WHERE numero = ? AND repondu_a IS NULL", batch.numero
        ):
            _settle(cache, batch, answer["push"], done)
            done.pushed = batch.rows - done.parked_rows
        if pull["n"] and cursor == read_cursor(cache):
            for table, pk, new in pull.get("a", ()):
                become(cache, BY_NAME[table], pk, new)
            received = [(t, r[1]) for t, rows in pull["t"].items() for r in rows]
            received += [(t, pk) for t, pk, _ in pull["d"]]
            dirty = dirty_rows(cache, received)
            apply_rows(cache, pull["t"], dirty, done)
            cache.db.executemany(
                "INSERT OR REPLACE INTO sync_versions (nom_table, pk, ver) VALUES (?, ?, ?)",
                [k for k in pull["k"] if k[0] in BY_NAME],
            )
            forget_removals(cache, pull["k"])
            apply_removals(cache, pull["d"], dirty, done)
            if "effacements" in pull["t"]:
                drop_contents(cache)
            for table, pk, reason in pull.get("illisibles", ()):
                postpone(cache, table, pk, {UNREADABLE: True}, reason, done)
            cache.put(curseur_xid=pull["x"], curseur_seq=pull["s"])
        _retry_rejected(cache, done)
    return done


def read_cursor(cache: Cache) -> Cursor:
    return cache.require("curseur_xid"), int(cache.require("curseur_seq"))


def next_cursor(answer: dict[str, Any], cursor: Cursor) -> Cursor:
    """Where the cache will be once this answer to ``cursor`` is applied."""
    pull = answer["pull"]
    return (pull["x"], int(pull["s"])) if pull["n"] else cursor


def _settle(cache: Cache, batch: Batch, outcome: dict[str, Any], done: Applied) -> None:
    db, now = cache.db, clock.to_text(clock.now())
    parked = {unit: (identifier, code, reason) for identifier, unit, code, reason in outcome["gares"]}
    for unit, (_, code, reason) in parked.items():
        ids = batch.units[unit]
        rows = cache.all(
            "SELECT DISTINCT nom_table, pk FROM sync_outbox WHERE id IN (SELECT value FROM json_each(?))", dumps(ids)
        )
        gare = db.execute(
            "INSERT INTO sync_gares (code, raison, contenu, quand) VALUES (?, ?, ?, ?)",
            (code, french_reason(code, reason), dumps([list(r) for r in rows]), now),
        ).lastrowid
        done.parked_rows += len(rows)
        if code == "droit" and give_back(cache, ids):
            db.execute("UPDATE sync_gares SET etat = 'abandonne' WHERE id = ?", (gare,))
            continue
        db.executemany("UPDATE sync_outbox SET refus = ? WHERE id = ?", [(str(gare), i) for i in ids])
    landed = [i for index, ids in enumerate(batch.units) if index not in parked for i in ids]
    if landed and max(landed) - min(landed) == len(landed) - 1:
        db.execute("DELETE FROM sync_outbox WHERE id BETWEEN ? AND ?", (min(landed), max(landed)))
    else:
        db.execute("DELETE FROM sync_outbox WHERE id IN (SELECT value FROM json_each(?))", (dumps(landed),))
    db.execute(
        "DELETE FROM sync_meta WHERE cle LIKE 'centre:%' AND cle NOT IN "
        "(SELECT 'centre:' || nom_table || ':' || pk FROM sync_outbox)"
    )
    db.executemany(
        "INSERT OR IGNORE INTO sync_conflits (id, nom_table, pk, colonne, politique, base, mien, leur, auteur_mien, "
        "auteur_leur, quand, a_decider) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                i,
                t,
                pk,
                present_name(t, col),
                pol,
                *(_json(present(t, pol, v)) for v in (base, mine, theirs)),
                am,
                al,
                now,
                int(ask),
            )
            for i, t, pk, col, pol, base, mine, theirs, am, al, ask in outcome["conflits"]
        ],
    )
    db.execute(
        "UPDATE sync_lots SET repondu_a = ?, reponse = ? WHERE numero = ?", (now, dumps(outcome), batch.numero)
    )
    settled(cache, batch.numero)
    # Acknowledged batches are kept for the backup window, in case the centre is restored to before them.
    old = clock.to_text(clock.now() - BACKUP_WINDOW)
    db.execute("DELETE FROM sync_lots WHERE repondu_a < ? AND numero <= ?", (old, batch.numero - 200))
    done.parked += len(parked)
    done.conflicts += len(outcome["conflits"])


def _json(value: object) -> str | None:
    return None if value is None else dumps(value)


def present(table: str, policy: str, value: Any) -> Any:
    """The values of a group under the names that its columns have now; any other value as it is."""
    if policy != "groupe" or not isinstance(value, dict):
        return value
    return {present_name(table, column): v for column, v in value.items()}


def dirty_rows(cache: Cache, keys: list[tuple[str, int]]) -> Dirty:
    """Which of ``keys`` wait to be sent, found by one walk over what waits."""
    if not keys:
        return {}
    dirty: Dirty = {}
    cache.db.execute("CREATE TEMP TABLE IF NOT EXISTS _cles (t TEXT, pk INTEGER, PRIMARY KEY (t, pk)) WITHOUT ROWID")
    cache.db.execute("DELETE FROM temp._cles")
    cache.db.executemany("INSERT OR IGNORE INTO temp._cles VALUES (?, ?)", keys)
    for table, pk, op, column in cache.db.execute(
        "SELECT o.nom_table, o.pk, o.op, o.colonne FROM sync_outbox o CROSS JOIN temp._cles k "
        "ON k.t = o.nom_table AND k.pk = o.pk"
    ):
        key = (table, pk)
        if op != "U":
            dirty[key] = None
        elif (columns := dirty.setdefault(key, set())) is not None:
            columns.add(column)
    return dirty


def upsert_sql(table: SyncTable) -> str:
    names = table.names
    updates = ", ".join(f"{c} = excluded.{c}" for c in names if c != "id")
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
        f"ON CONFLICT (id) DO UPDATE SET {updates}"
    )


def unwire(table: SyncTable, rows: list[list[Any]]) -> list[list[Any]]:
    """Wire values to what SQLite stores: hexadecimal back to bytes."""
    blobs = [i for i, c in enumerate(table.columns) if c.kind is Kind.BYTES]
    for row in rows:
        for i in blobs:
            if row[i] is not None:
                row[i] = bytes.fromhex(row[i])
    return rows


def apply_rows(
    cache: Cache,
    tables: dict[str, list[list[Any]]],
    dirty: Dirty,
    done: Applied,
    *,
    also: dict[str, list[int]] | None = None,
) -> None:
    """Take rows over; what waits here keeps its fields, and what lacks its parent is set aside.

    Args:
        cache: inside a muted transaction.
        tables: by table, (version, columns in wire form…) per row.
        dirty: of these rows, those that wait to be sent.
        done: counts what happens.
        also: keys of rows that were written otherwise in this transaction and need their parents checked too.
    """
    if erasures := tables.get("effacements"):
        erase_here(cache, [r[1:] for r in erasures], dirty)
    touched: dict[str, list[int]] = defaultdict(list, {k: list(v) for k, v in (also or {}).items()})
    versions: list[tuple[str, int, int]] = []
    forget = bool(cache.value("SELECT 1 FROM sync_recus_rejetes LIMIT 1"))
    for table in TABLES:
        received = tables.get(table.name)
        if not received:
            continue
        if forget:
            # What was set aside for these rows is older than what comes now.
            cache.db.executemany(
                "DELETE FROM sync_recus_rejetes WHERE nom_table = ? AND pk = ?",
                [(table.name, r[1]) for r in received],
            )
        rows = unwire(table, [r[1:] for r in received])
        versions += [(table.name, r[1], r[0]) for r in received]
        clean = [r for r in rows if (table.name, r[0]) not in dirty]
        done.pulled += len(rows)
        done.tables.add(table.name)
        _upsert(cache, table, clean, done)
        for row in rows:
            if columns := dirty.get((table.name, row[0])):
                _upsert_around(cache, table, row, columns, done)
            elif (table.name, row[0]) in dirty:
                remember(cache, table, row, set(table.names))
        touched[table.name] += [r[0] for r in rows]
        if table.name == "interventions":
            done.fiches += [r[0] for r in rows]
    cache.db.executemany("INSERT OR REPLACE INTO sync_versions (nom_table, pk, ver) VALUES (?, ?, ?)", versions)
    set_orphans_aside(cache, touched, done)


def _upsert(cache: Cache, table: SyncTable, rows: list[list[Any]], done: Applied) -> None:
    sql = upsert_sql(table)
    cache.db.execute("SAVEPOINT lignes")
    try:
        cache.db.executemany(sql, rows)
    except ROW_TROUBLE:
        cache.db.execute("ROLLBACK TO lignes")
        refused = one_by_one(cache, sql, rows)
        twins = [row for row, reason in refused if reason.startswith("UNIQUE")]
        if twins and exchanged(cache, table, sql, twins):
            refused = [(row, reason) for row, reason in refused if not reason.startswith("UNIQUE")]
        for row, reason in refused:
            reject(cache, table, row, reason, done)
    cache.db.execute("RELEASE lignes")


def _upsert_around(cache: Cache, table: SyncTable, row: list[Any], dirty: set[str], done: Applied) -> None:
    """Take every field but those that wait to be sent; the centre's value of those is kept for who gives up.

    What is decided together with one of them waits too: half of each side would be a thing that nobody made.
    """
    dirty = table.together(dirty)
    remember(cache, table, row, dirty)
    pairs = [(c, v) for c, v in zip(table.names, row, strict=True) if c not in dirty and c != "id"]
    sets = ", ".join(f"{c} = ?" for c, _ in pairs)
    try:
        cache.db.execute(f"UPDATE {table.name} SET {sets} WHERE id = ?", [*(v for _, v in pairs), row[0]])
    except ROW_TROUBLE as error:
        # The two halves do not fit together: the centre's waits until mine is settled.
        reject(cache, table, row, str(error), done)


def remember(cache: Cache, table: SyncTable, row: list[Any], columns: set[str]) -> None:
    """Keep what the centre holds of fields that are dirty here, until they are settled."""
    held = {c: v.hex() if isinstance(v, bytes) else v for c, v in zip(table.names, row, strict=True) if c in columns}
    cache.put(**{f"centre:{table.name}:{row[0]}": dumps(held)})


def apply_removals(cache: Cache, removals: list[list[Any]], dirty: Dirty, done: Applied) -> None:
    """Take away (table, pk, state) rows, but for those that wait to be sent or that something here still needs."""
    by_table: dict[str, dict[int, str]] = defaultdict(dict)
    for name, pk, state in removals:
        if name not in BY_NAME:
            continue
        if (name, pk) in dirty:
            # A dirty row is never taken away: its change goes to the centre first.
            postpone(cache, name, pk, {"retrait": state}, "modifiée ici, retirée après envoi", done)
        else:
            by_table[name][pk] = state
    for table in reversed(TABLES):
        going = by_table.get(table.name, {})
        if not going:
            continue
        touch(cache, list(going))
        for child, column in references_to(table.name):
            itself = "AND c.id NOT IN (SELECT pk FROM temp._touches)" if child == table.name else ""
            for (pk,) in cache.all(
                f"SELECT x.pk FROM temp._touches x WHERE EXISTS "
                f"(SELECT 1 FROM {child} c WHERE c.{column} = x.pk {itself})"
            ):
                # It goes once what still refers to it has gone or changed.
                if (state := going.pop(pk, None)) is not None:
                    postpone(
                        cache, table.name, pk, {"retrait": state}, "une autre fiche d'ici en dépend encore", done
                    )
        pks = [(table.name, pk) for pk in going]
        cache.db.executemany(f"DELETE FROM {table.name} WHERE id = ?", [(pk,) for pk in going])
        cache.db.executemany("DELETE FROM sync_versions WHERE nom_table = ? AND pk = ?", pks)
        cache.db.executemany("DELETE FROM sync_recus_rejetes WHERE nom_table = ? AND pk = ?", pks)
        done.pulled += len(pks)
        done.tables.add(table.name)


def _retry_rejected(cache: Cache, done: Applied) -> None:
    # What could not be read has nothing to be tried again: the row comes anew once it changes at the centre.
    readable = f"WHERE contenu NOT LIKE '{{\"{UNREADABLE}\":%'"
    rejected = cache.all(f"SELECT nom_table, pk, contenu FROM sync_recus_rejetes {readable}")
    if not rejected:
        return
    dirty = dirty_rows(cache, [(name, pk) for name, pk, _ in rejected])
    cache.db.execute(f"DELETE FROM sync_recus_rejetes {readable}")
    again = Applied()
    removals: list[list[Any]] = []
    rows: dict[str, list[list[Any]]] = defaultdict(list)
    for name, pk, content in rejected:
        stored = json.loads(content)
        if isinstance(stored, dict):
            removals.append([name, pk, stored["retrait"]])
        else:
            version = cache.value("SELECT ver FROM sync_versions WHERE nom_table = ? AND pk = ?", name, pk) or 1
            rows[name].append([version, *stored])
    apply_rows(cache, rows, dirty, again)
    apply_removals(cache, removals, dirty, again)
    done.rejected = again.rejected
