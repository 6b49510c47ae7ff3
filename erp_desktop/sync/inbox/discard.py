"""Giving up a change that waits or that the centre refused: the row returns to what it was before.

What was never sent is taken back without a trace: base values restored, outbox rows dropped, in one muted
transaction. What lies in a batch already frozen may be at the centre by now; there the way back is an ordinary edit,
captured and sent after it.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind, SyncTable
from erp_desktop.sync.exchange.recreated import olds_of_deleted

_HISTORY = "historiques_interventions"


def abandonner(session: Session, table: str, pk: int) -> None:
    """Put a row back as it was before its waiting changes; a row inserted here is deleted with its dependants.

    Args:
        session: a writing transaction of a cache; muted here for its own statements only.

    Raises:
        NotFoundError: nothing of this row waits.
        UserError: a deleted row that cannot be rebuilt from what was kept, or whose parent is gone too.
    """
    known = BY_NAME.get(table)
    entries = _entries(session, table, pk) if known is not None else []
    if known is None or not entries:
        raise NotFoundError("Ce changement n'attend plus : il est parti ou il a déjà été abandonné.")
    # What depends on the row goes too, out of other refused groups than its own.
    gares = session.execute(sa.text("SELECT DISTINCT refus FROM sync_outbox WHERE refus IS NOT NULL")).scalars().all()
    session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    try:
        if _in_flight(session, {entry.id for entry in entries}):
            _give_back(session, known, pk, entries)
        else:
            _mute(session, True)
            _give_back(session, known, pk, entries)
            _forget(session, table, pk)
            _mute(session, False)
    except IntegrityError as error:
        raise UserError("Une autre fiche dépend de ce changement ; abandonnez-la d'abord.") from error
    for gare in gares:
        session.execute(
            sa.text(
                "UPDATE sync_gares SET etat = 'abandonne' WHERE id = CAST(:g AS INTEGER) "
                "AND NOT EXISTS (SELECT 1 FROM sync_outbox WHERE refus = :g)"
            ),
            {"g": gare},
        )


def abandonner_groupe(session: Session, gare: int) -> int:
    """Give up a whole group that the centre refused, what was entered last first; returns the rows put back.

    Raises:
        NotFoundError: no such group is set aside.
        UserError: as :func:`abandonner`.
    """
    of_group = sa.text(
        "SELECT nom_table, pk FROM sync_outbox WHERE refus = :g GROUP BY nom_table, pk ORDER BY max(id) DESC LIMIT 1"
    )
    done = 0
    while (row := session.execute(of_group, {"g": str(gare)}).one_or_none()) is not None:
        abandonner(session, row.nom_table, row.pk)
        done += 1
    if not done:
        raise NotFoundError(f"Aucun groupe {gare} n'est mis de côté.")
    return done


def _entries(session: Session, table: str, pk: int) -> list[Any]:
    return list(
        session.execute(
            sa.text(
                "SELECT id, groupe, op, colonne, ancien, refus FROM sync_outbox "
                "WHERE nom_table = :t AND pk = :pk ORDER BY id"
            ),
            {"t": table, "pk": pk},
        ).all()
    )


def _in_flight(session: Session, ids: set[int]) -> bool:
    frozen = session.execute(sa.text("SELECT sortants FROM sync_lots WHERE repondu_a IS NULL")).scalars()
    return any(ids & {i for unit in json.loads(text)["u"] for i in unit} for text in frozen)


def _mute(session: Session, muted: bool) -> None:
    session.execute(sa.text("UPDATE _sync_session SET muet = :m WHERE un = 1"), {"m": int(muted)})


def _forget(session: Session, table: str, pk: int) -> None:
    session.execute(sa.text("DELETE FROM sync_outbox WHERE nom_table = :t AND pk = :pk"), {"t": table, "pk": pk})
    session.execute(sa.text("DELETE FROM sync_meta WHERE cle = :c"), {"c": f"centre:{table}:{pk}"})


def _muted(session: Session) -> bool:
    return bool(session.execute(sa.text("SELECT muet FROM _sync_session")).scalar())


def _give_back(session: Session, table: SyncTable, pk: int, entries: list[Any]) -> None:
    if entries[0].op == "I":
        _delete_inserted(session, table, pk)
    elif entries[-1].op == "D":
        _insert_again(session, table, pk, entries)
    else:
        olds: dict[str, Any] = {}
        for entry in entries:
            if entry.op == "U":
                olds.setdefault(entry.colonne, entry.ancien)
            elif entry.op == "D":
                _refuse_lost_blobs(table)
                olds = {**olds_of_deleted(table.name, entry.ancien), **olds}
        held = _held(session, table, pk)
        given_back = table.together(olds)
        _restore(session, table, pk, {**olds, **{c: v for c, v in held.items() if c in given_back}})
        if table.name == "interventions":
            _drop_history(session, pk, {entry.groupe for entry in entries})


def _restore(session: Session, table: SyncTable, pk: int, olds: dict[str, Any]) -> None:
    names = [c for c in table.names if c in olds]
    if not _muted(session):
        # The way back is a change of its own, later than the one it undoes.
        olds = {**olds, "updated_at": clock.to_text(clock.now())}
    sets = ", ".join(f"{name} = :{name}" for name in names)
    session.execute(sa.text(f"UPDATE {table.name} SET {sets} WHERE id = :pk"), {**olds, "pk": pk})


def _held(session: Session, table: SyncTable, pk: int) -> dict[str, Any]:
    """What the centre said of these fields after they were changed here; newer than the base."""
    text = session.execute(
        sa.text("SELECT valeur FROM sync_meta WHERE cle = :c"), {"c": f"centre:{table.name}:{pk}"}
    ).scalar()
    if text is None:
        return {}
    bytes_columns = {c.name for c in table.columns if c.kind is Kind.BYTES}
    return {c: bytes.fromhex(v) if c in bytes_columns and v is not None else v for c, v in json.loads(text).items()}


def _drop_history(session: Session, pk: int, groups: set[int | None]) -> None:
    """History lines written together with the change that goes; only those that never left."""
    if not _muted(session):
        return
    lines = session.execute(
        sa.text(
            f"SELECT DISTINCT o.pk, o.groupe FROM sync_outbox o JOIN {_HISTORY} h ON h.id = o.pk "
            f"WHERE o.nom_table = '{_HISTORY}' AND o.op = 'I' AND h.intervention_id = :pk"
        ),
        {"pk": pk},
    ).all()
    for line in lines:
        if line.groupe is None or line.groupe in groups:
            session.execute(sa.text(f"DELETE FROM {_HISTORY} WHERE id = :h"), {"h": line.pk})
            _forget(session, _HISTORY, line.pk)


def _delete_inserted(session: Session, table: SyncTable, pk: int) -> None:
    """The row was born here: what points at it was born or changed here too, and lets go first."""
    for child in TABLES:
        for reference in child.references:
            if reference.target != table.name:
                continue
            pointing = session.execute(
                sa.text(f"SELECT id FROM {child.name} WHERE {reference.column} = :pk"), {"pk": pk}
            ).scalars()
            for identifier in list(pointing):
                _let_go(session, child, identifier, reference.column)
    session.execute(sa.text(f"DELETE FROM {table.name} WHERE id = :pk"), {"pk": pk})
    if _muted(session):
        _forget(session, table.name, pk)


def _let_go(session: Session, table: SyncTable, pk: int, column: str) -> None:
    entries = _entries(session, table.name, pk)
    if entries and entries[0].op == "I":
        _delete_inserted(session, table, pk)
        return
    old = next((entry for entry in entries if entry.colonne == column), None)
    if old is None:
        raise UserError("Une autre fiche dépend de ce changement ; abandonnez-la d'abord.")
    _restore(session, table, pk, {column: old.ancien})
    if _muted(session):
        session.execute(
            sa.text("DELETE FROM sync_outbox WHERE nom_table = :t AND pk = :pk AND colonne = :c"),
            {"t": table.name, "pk": pk, "c": column},
        )


def _refuse_lost_blobs(table: SyncTable) -> None:
    if any(column.kind is Kind.BYTES for column in table.columns):
        raise UserError(
            "Cette fiche contenait peut-être une signature, que la suppression n'a pas gardée : "
            "laissez partir la suppression, puis demandez au siège de rétablir la fiche."
        )


def _insert_again(session: Session, table: SyncTable, pk: int, entries: list[Any]) -> None:
    held = _held(session, table, pk)
    if not held:
        _refuse_lost_blobs(table)
    kept = entries[-1].ancien
    row = json.loads(kept.decode() if isinstance(kept, bytes) else kept)
    for entry in reversed(entries):
        if entry.op == "U":
            row[entry.colonne] = entry.ancien
    row.update(held)
    names = [name for name in table.names if name in row]
    session.execute(
        sa.text(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})"), row
    )
