"""A cache started again from a fresh first copy, in place, with everything that it had not sent.

Needed when cursors mean nothing any more: the centre was restored or moved (another epoch), the device was away
longer than deletions are remembered, or the file is a copy of one in use elsewhere and becomes another device. The
fresh copy is made beside the cache and taken over in one transaction as if it were one large pull: dirty fields keep
their value and their base, so the centre's merge still sees base, mine and theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.errors import SyncError
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable, present_name
from erp_desktop.sync.exchange.apply import apply_removals, apply_rows, dirty_rows, present, upsert_sql
from erp_desktop.sync.exchange.cache import Cache, dumps
from erp_desktop.sync.exchange.content import wire
from erp_desktop.sync.exchange.erased import erase_here
from erp_desktop.sync.exchange.key_swaps import one_by_one
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.exchange.rejected import Applied, reject
from erp_desktop.sync.exchange.renamed import rename
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.first_copy.by_rows import Progress, hydrate


@dataclass(slots=True)
class Rebased:
    """Rows taken from the fresh copy, and waiting rows that took new identifiers."""

    taken: int = 0
    renamed: int = 0


def send_again(cache: Cache, link: Link, known: int, *, renumber: bool = False) -> int:
    """Send the kept batches after number ``known`` again: the restored centre no longer has them.

    Args:
        cache: of the device.
        link: with the login under which they are sent.
        known: the last batch that the centre remembers.
        renumber: the login is a new device's, whose batches start at 1.

    Returns:
        Batches sent.

    Raises:
        SyncError: batches between are no longer kept here.
    """
    kept = "SELECT numero, empreinte, contenu, reponse FROM sync_lots WHERE numero > ? ORDER BY numero"
    lost = cache.all(kept, known)
    last = int(cache.get("dernier_lot") or 0)
    if [row[0] for row in lost] != list(range(known + 1, last + 1)):
        raise SyncError(
            "Le centre a été restauré à une date trop ancienne pour que ce poste renvoie tout ce qu'il y manque. "
            "Tout est gardé ici ; demandez à l'administrateur une restauration plus récente."
        )
    for place, (numero, digest, content, outcome) in enumerate(lost, 1):
        sent = place if renumber else numero
        answer = link.row("SELECT sync.pousser(%s::jsonb, %s, %s)", (bytes(content).decode(), sent, digest))[0]
        if outcome is None:
            continue  # Never answered: it is sent again like any other, and settled then.
        with cache.writing():
            _forget_numbers(cache, outcome)
            _keep_outcome(cache, answer)
    return len(lost)


def _forget_numbers(cache: Cache, outcome: str) -> None:
    """The restored centre gives the numbers of conflicts that it lost to others: ours become negative."""
    for conflict in json.loads(outcome)["conflits"]:
        cache.db.execute(
            "UPDATE sync_conflits SET id = (SELECT min(0, min(id)) - 1 FROM sync_conflits) WHERE id = ?",
            (conflict[0],),
        )


def _keep_outcome(cache: Cache, answer: dict[str, Any]) -> None:
    """What a batch met the second time, if it is new; its changes left the outbox long ago."""
    now = clock.to_text(clock.now())
    for conflict in answer["conflits"]:
        number, table, pk, column, policy, base, mine, theirs, author, _, asks = conflict
        values = [present(table, policy, v) for v in (base, mine, theirs)]
        _note_conflict(cache, table, pk, present_name(table, column), policy, values, author, asks, number)
    for _, _, code, reason in answer["gares"]:
        cache.db.execute(
            "INSERT INTO sync_gares (code, raison, contenu, quand) VALUES (?, ?, '[]', ?)", (code, reason, now)
        )


def _note_conflict(
    cache: Cache, table: str, pk: int, column: str | None, policy: str, values: list[Any], author: int | None,
    asks: bool, number: int | None = None,
) -> None:  # fmt: skip
    base, mine, theirs = (None if v is None else dumps(v) for v in values)
    cache.db.execute(
        "INSERT OR IGNORE INTO sync_conflits (id, nom_table, pk, colonne, politique, base, mien, leur, auteur_mien, "
        "quand, a_decider) VALUES (coalesce(?, (SELECT min(0, coalesce(min(id), 0)) - 1 FROM sync_conflits)), "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, table, pk, column, policy, base, mine, theirs, author, clock.to_text(clock.now()),
         int(asks)),
    )  # fmt: skip


def rebase(
    cache: Cache,
    link: Link,
    poste: int | None = None,
    progress: Progress | None = None,
    identity: Mapping[str, str | int | None] | None = None,
) -> Rebased:
    """Take a fresh copy of the branch and lay what waits over it; all or nothing.

    Args:
        cache: at the head revision; other connections may go on reading and writing.
        link: with the login whose agency is copied.
        poste: the new device number when this file becomes another device; rows that never reached the centre then
            take new identifiers, because the other copy of the file may use the same.
        progress: rows copied.
        identity: settings of the new device, stored in the same transaction.

    Raises:
        CentralUnreachableError: the line was cut; the cache is as before.
    """
    work = cache.path.with_name(cache.path.name + ".reprise")
    _remove(work)
    try:
        empty_cache.create_cache(work, cache.key, poste or int(cache.require("poste")))
        with Cache(work, cache.key) as fresh:
            hydrate(fresh, link, progress)
            fresh.db.execute("PRAGMA journal_mode = DELETE")
        with _attached(cache, work), cache.writing(mute=True):
            done = _take_over(cache, poste)
            cache.put(**(identity or {}))
            return done
    finally:
        _remove(work)


def _remove(work: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        work.with_name(work.name + suffix).unlink(missing_ok=True)


@contextmanager
def _attached(cache: Cache, work: Path) -> Iterator[None]:
    key = f"x'{cache.key}'" if cache.key else ""
    cache.db.execute("ATTACH DATABASE ? AS frais KEY ?", (str(work), key))
    try:
        yield
    finally:
        cache.db.execute("DETACH DATABASE frais")


def _take_over(cache: Cache, poste: int | None) -> Rebased:
    db, done, applied = cache.db, Rebased(), Applied()
    if poste is not None:
        db.execute("UPDATE _allocateur SET poste = ?", (poste,))
        db.execute("DELETE FROM sync_lots")
        cache.put(poste=poste)
    if "effacements" in BY_NAME:
        # While the rows that tell what to look for still stand.
        erase_here(cache, cache.all(f"SELECT {', '.join(BY_NAME['effacements'].names)} FROM frais.effacements"))
    db.execute("DELETE FROM sync_recus_rejetes")
    db.execute("INSERT INTO main.sync_recus_rejetes SELECT * FROM frais.sync_recus_rejetes")
    # Contents that nothing named may have been purged meanwhile: the centre is asked for each again.
    db.execute("DELETE FROM sync_meta WHERE cle LIKE 'centre:%' OR cle = 'documents_epoque'")
    # Rows are looked up one by one here, as nowhere else.
    db.execute("CREATE INDEX _reprise_ligne ON sync_outbox (nom_table, pk)")
    for table in TABLES:
        _settle_births(cache, table, done, renumber=poste is not None)
    deleted = _deleted(cache)
    db.execute("DROP INDEX _reprise_ligne")
    db.execute("DELETE FROM sync_versions")
    db.execute("INSERT INTO main.sync_versions SELECT nom_table, pk, ver FROM frais.sync_versions")
    waiting = dirty_rows(cache, cache.all("SELECT DISTINCT nom_table, pk FROM sync_outbox"))
    changed = {table.name: _take_clean(cache, table, applied) for table in TABLES}
    around = {table.name: _around(cache, table) for table in TABLES}
    apply_rows(cache, around, waiting, applied, also=changed)
    removals = [
        [table.name, pk, "deleted"]
        for table in TABLES
        for (pk,) in cache.all(
            f"SELECT id FROM main.{table.name} WHERE id NOT IN (SELECT id FROM frais.{table.name}) "
            "AND id NOT IN (SELECT pk FROM sync_outbox WHERE nom_table = ? AND op = 'I')",
            table.name,
        )
    ]
    apply_removals(cache, removals, waiting, applied)
    db.executemany("INSERT OR REPLACE INTO sync_versions (nom_table, pk, ver) VALUES (?, ?, ?)", deleted)
    db.execute(
        "INSERT OR REPLACE INTO main.sync_meta (cle, valeur) SELECT cle, valeur FROM frais.sync_meta "
        "WHERE cle IN ('epoque', 'curseur_xid', 'curseur_seq', 'agence_id')"
    )
    done.taken = sum(map(len, changed.values())) + applied.pulled
    return done


def _take_clean(cache: Cache, table: SyncTable, applied: Applied) -> list[int]:
    """Insert or correct the rows that differ and do not wait; their keys."""
    names = ", ".join(table.names)
    sets = ", ".join(f"{c} = excluded.{c}" for c in table.names if c != "id")
    cache.db.execute("CREATE TEMP TABLE IF NOT EXISTS _reprise (pk INTEGER PRIMARY KEY)")
    cache.db.execute("DELETE FROM temp._reprise")
    cache.db.execute(
        f"INSERT INTO temp._reprise SELECT id FROM "
        f"(SELECT {names} FROM frais.{table.name} EXCEPT SELECT {names} FROM main.{table.name}) "
        "WHERE id NOT IN (SELECT pk FROM sync_outbox WHERE nom_table = ?)",
        (table.name,),
    )
    cache.db.execute("SAVEPOINT reprise")
    refused: list[tuple[list[Any], str]] = []
    try:
        cache.db.execute(
            f"INSERT INTO main.{table.name} ({names}) SELECT {names} FROM frais.{table.name} "
            f"WHERE id IN (SELECT pk FROM temp._reprise) ON CONFLICT (id) DO UPDATE SET {sets}"
        )
    except sqlcipher.IntegrityError:
        # A row that waits here has the natural key of one of them: that one is set aside until it is settled.
        cache.db.execute("ROLLBACK TO reprise")
        rows = cache.all(
            f"SELECT {names} FROM frais.{table.name} WHERE id IN (SELECT pk FROM temp._reprise) ORDER BY id"
        )
        refused = one_by_one(cache, upsert_sql(table), [list(row) for row in rows])
        for row, reason in refused:
            reject(cache, table, row, reason, applied)
    cache.db.execute("RELEASE reprise")
    aside = {row[0] for row, _ in refused}
    return [pk for (pk,) in cache.all("SELECT pk FROM temp._reprise") if pk not in aside]


def _around(cache: Cache, table: SyncTable) -> list[list[Any]]:
    """The fresh copy's version of rows that wait here, as a pull would bring them: version, then columns."""
    columns = ", ".join(f"t.{c}" for c in table.names)
    found = cache.all(
        f"SELECT coalesce(v.ver, 1), {columns} FROM frais.{table.name} t "
        "LEFT JOIN frais.sync_versions v ON v.nom_table = ? AND v.pk = t.id "
        "WHERE t.id IN (SELECT pk FROM sync_outbox WHERE nom_table = ?)",
        table.name, table.name,
    )  # fmt: skip
    return [[row[0], *map(wire, row[1:])] for row in found]


def _deleted(cache: Cache) -> list[tuple[str, int, int]]:
    """Versions for rows deleted here: the fresh one if the row is still what was deleted, else one that loses."""
    made = []
    for table in TABLES:
        texts = [c.name for c in table.columns if c.kind is not Kind.BYTES and c.name != "updated_at"]
        for pk, content in cache.all(
            "SELECT pk, ancien FROM sync_outbox WHERE nom_table = ? AND op = 'D' ORDER BY id", table.name
        ):
            before = json.loads(content)
            olds = cache.all(
                "SELECT colonne, ancien FROM sync_outbox WHERE nom_table = ? AND pk = ? AND op = 'U' "
                "ORDER BY id DESC",
                table.name, pk,
            )  # fmt: skip
            before.update(olds)
            row = cache.one(f"SELECT {', '.join(texts)} FROM frais.{table.name} WHERE id = ?", pk)
            same = row is not None and all(before.get(c) == v for c, v in zip(texts, row, strict=True))
            ver = cache.value("SELECT ver FROM frais.sync_versions WHERE nom_table = ? AND pk = ?", table.name, pk)
            made.append((table.name, pk, (ver or 1) if same else 0))
    return made


def _settle_births(cache: Cache, table: SyncTable, done: Rebased, *, renumber: bool) -> None:
    """Rows born here: those the centre has already are no news; the others take new identifiers when they must."""
    births = cache.all(
        f"SELECT t.id, t.created_at, f.created_at FROM main.{table.name} t "
        f"LEFT JOIN frais.{table.name} f ON f.id = t.id "
        "WHERE t.id IN (SELECT pk FROM sync_outbox WHERE nom_table = ? AND op = 'I')",
        table.name,
    )
    for pk, mine, theirs in births:
        if theirs is not None and mine == theirs:
            _landed(cache, table, pk)
        elif renumber or theirs is not None:
            _rename(cache, table, pk)
            done.renamed += 1


def _landed(cache: Cache, table: SyncTable, pk: int) -> None:
    """The row reached the centre in a time that this file has forgotten: the centre's fields stand, ours are kept."""
    names = ", ".join(table.names)
    ours = cache.one(f"SELECT {names} FROM main.{table.name} WHERE id = ?", pk)
    theirs = cache.one(f"SELECT {names} FROM frais.{table.name} WHERE id = ?", pk)
    author = cache.value(
        "SELECT user_id FROM sync_outbox WHERE nom_table = ? AND pk = ? ORDER BY id DESC LIMIT 1", table.name, pk
    )
    assert ours is not None and theirs is not None  # noqa: S101, PT018 - both were just read
    here, there = ({c: wire(v) for c, v in zip(table.names, row, strict=True)} for row in (ours, theirs))
    for column in table.columns:
        if column.group is None and column.asks and here[column.name] != there[column.name]:
            values = [None, here[column.name], there[column.name]]
            _note_conflict(cache, table.name, pk, column.name, column.policy.value, values, author, True)
    for group in table.groups:
        mine, other = ({c: row[c] for c in group.columns} for row in (here, there))
        if group.asks and mine != other:
            bases = dict.fromkeys(group.columns)
            _note_conflict(cache, table.name, pk, group.name, Policy.GROUPE, [bases, mine, other], author, True)
    cache.db.execute("DELETE FROM sync_outbox WHERE nom_table = ? AND pk = ?", (table.name, pk))


def _rename(cache: Cache, table: SyncTable, pk: int) -> None:
    """Give a row that the centre never saw a new identifier, everywhere it is named."""
    counter, poste = cache.db.execute(
        "UPDATE _allocateur SET suivant = max(suivant, ?) + 1 RETURNING suivant - 1, poste",
        (clock.now_ms() << ids.SEQUENCE_BITS,),
    ).fetchone()
    rename(cache, table, pk, ids.compose(counter, poste))
