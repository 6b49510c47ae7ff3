"""Making one row of two: the merge of a duplicate, and the way back.

The row that the centre holds under the key keeps its identity, for others know it already; *survivor* is whose values
stand, field by field if wished. What pointed at the other row points at it, then the other row goes. All of it is
ordinary edits of one transaction, captured and sent as one unit, and so is taking it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.models import Base
from erp_desktop.registry.tables import BY_NAME, Kind, SyncTable
from erp_desktop.sync.inbox.conflicts import Keep
from erp_desktop.sync.inbox.duplicates import (
    ChampFusion,
    Paire,
    cles,
    doublons,
    ecrite,
    fiche,
    lignes,
    lue,
    mise_de_cote,
    paire,
)


def fusionner(
    session: Session, gare: int, mienne: int, survivant: Keep = "theirs", choix: Mapping[str, Keep] | None = None
) -> int:
    """Merge a parked row into the one that the centre holds; returns a number for :func:`annuler`.

    Args:
        session: a writing transaction of a cache.
        gare: the parked unit.
        mienne: the parked row.
        survivant: whose values stand.
        choix: column → whose value, where it is not the survivor's.

    Raises:
        NotFoundError: no such duplicate is parked.
        UserError: the two cannot be merged, or a field is not to be chosen.
    """
    known = next((d for d in doublons(session) if (d.gare, d.mienne) == (gare, mienne)), None)
    pair = paire(session, known.table, known.cle, mienne) if known is not None else None
    if known is None:
        raise NotFoundError("Ce doublon n'attend plus : il a été corrigé, fusionné ou abandonné.")
    if known.obstacle is not None or pair is None:
        raise UserError(known.obstacle or "L'autre fiche n'est pas sur ce poste.")
    asked = dict(choix or {})
    if strange := asked.keys() - {c.champ for c in known.champs if c.libre}:
        raise UserError(f"Ces champs ne se choisissent pas : {', '.join(sorted(strange))}.")
    carried = {
        c.champ: c.mien
        for c in known.champs
        if c.libre and c.mien != c.leur and (asked.get(c.champ) or propose(c, survivant)) == "mine"
    }
    table, kept, gone = pair.table, pair.leur["id"], mienne
    session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    base = _base(session, pair)
    moved, removed = _move_children(session, pair)
    session.execute(sa.text(f"DELETE FROM {table.name} WHERE id = :pk"), {"pk": gone})
    if pair.rejetee:
        _take_in(session, table, pair.leur)
    if carried:
        _write(session, table, kept, carried)
    content = {
        "gare": gare, "cle": list(pair.cle), "mienne": ecrite(pair.mienne), "base": ecrite(base),
        "avant": ecrite({c: pair.leur[c] for c in carried}), "apres": ecrite(carried), "enfants": moved,
        "retires": [[child.name, ecrite(row)] for child, row in removed],
    }  # fmt: skip
    fusion = session.execute(
        sa.text(
            "INSERT INTO sync_fusions (nom_table, gardee, retiree, contenu, quand) VALUES (:t, :k, :g, :c, :q) "
            "RETURNING id"
        ),
        {"t": table.name, "k": kept, "g": gone, "c": json.dumps(content), "q": clock.to_text(clock.now())},
    )
    return int(fusion.scalar_one())


def propose(champ: ChampFusion, survivant: Keep) -> Keep:
    """Whose value a field takes unless told: the survivor's, or the only one that is filled in."""
    if not champ.libre:
        return "theirs"
    mine, theirs = (value not in (None, "") for value in (champ.mien, champ.leur))
    return survivant if mine == theirs else "mine" if mine else "theirs"


def _base(session: Session, pair: Paire) -> dict[str, Any]:
    """What the centre holds in the clashing columns of a row that it knows."""
    found: dict[str, Any] = {}
    if pair.connue:
        for column, old in lignes(
            session, "SELECT colonne, ancien FROM sync_outbox "
            "WHERE nom_table = :t AND pk = :pk AND op = 'U' ORDER BY id",
            t=pair.table.name, pk=pair.mienne["id"],
        ):  # fmt: skip
            if column in pair.cle:
                found.setdefault(column, old)
    return found


def _move_children(
    session: Session, pair: Paire
) -> tuple[list[tuple[str, int, str, int | None]], list[tuple[SyncTable, dict[str, Any]]]]:
    """Point everything at the row that stays; a link that it has already goes instead."""
    moved: list[tuple[str, int, str, int | None]] = []
    removed: list[tuple[SyncTable, dict[str, Any]]] = []
    for child, pk, column in pair.enfants:
        target = pair.leur["id"]
        if (child.name, pk) == (pair.table.name, target):
            # The row that stays was a part of the one that goes: it takes its place.
            above = pair.mienne[column]
            target = above if above != pk else None
        elif (double := _same_link(session, child, pk, column, target)) is not None:
            removed.append((child, double))
            session.execute(sa.text(f"DELETE FROM {child.name} WHERE id = :pk"), {"pk": pk})
            continue
        _write(session, child, pk, {column: target})
        moved.append((child.name, pk, column, target))
    return moved, removed


def _same_link(session: Session, child: SyncTable, pk: int, column: str, target: int) -> dict[str, Any] | None:
    """The child itself when moving it would repeat a link that ``target`` has, here or among what is set aside."""
    row = fiche(session, child, pk)
    if row is None:
        return None
    for key in cles(child.name).values():
        if column not in key:
            continue
        values = {c: target if c == column else row[c] for c in key}
        same = " AND ".join(f"{c} = :{c}" for c in key)
        if lignes(session, f"SELECT 1 FROM {child.name} WHERE {same} AND id <> :pk", **values, pk=pk):
            return row
        if mise_de_cote(session, child, values) is not None:
            return row
    return None


def _write(session: Session, table: SyncTable, pk: int, values: Mapping[str, Any]) -> None:
    changed = dict(values)
    if "updated_at" in table.names and not table.append_only:
        changed["updated_at"] = clock.to_text(clock.now())
    sets = ", ".join(f"{c} = :{c}" for c in changed)
    session.execute(sa.text(f"UPDATE {table.name} SET {sets} WHERE id = :pk"), {**changed, "pk": pk})


def _insert(session: Session, table: SyncTable, row: Mapping[str, Any]) -> None:
    names = [c for c in table.names if c in row]
    sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(':' + c for c in names)})"
    session.execute(sa.text(sql), dict(row))


def _insert_muted(session: Session, table: SyncTable, row: Mapping[str, Any]) -> None:
    session.execute(sa.text("UPDATE _sync_session SET muet = 1 WHERE un = 1"))
    _insert(session, table, row)
    session.execute(sa.text("UPDATE _sync_session SET muet = 0 WHERE un = 1"))


def _take_in(session: Session, table: SyncTable, row: Mapping[str, Any]) -> None:
    """Put the centre's row that was set aside into its table; it came from there, so it is not captured."""
    _insert_muted(session, table, row)
    session.execute(
        sa.text("DELETE FROM sync_recus_rejetes WHERE nom_table = :t AND pk = :pk"),
        {"t": table.name, "pk": row["id"]},
    )


def _bring_back(session: Session, table: SyncTable, row: Mapping[str, Any]) -> None:
    """Insert a row under the identifier it had; captured by hand, for the trigger gives a new one to a plain INSERT
    whose identifier merely follows another."""
    _insert_muted(session, table, row)
    session.execute(
        sa.text(
            "INSERT INTO sync_outbox (groupe, user_id, nom_table, pk, op, quand) "
            "SELECT groupe, user_id, :t, :pk, 'I', :q FROM _sync_session"
        ),
        {"t": table.name, "pk": row["id"], "q": clock.to_text(clock.now())},
    )


def annuler(session: Session, fusion: int) -> None:
    """Take a merge back: the row is here again with what pointed at it, and the other has its values again.

    What somebody changed since keeps that change. A row that the centre knew comes back with the key that it has
    there, so that it lands; where the cache itself holds the key unique, with a key of its own (« … (bis) »).

    Raises:
        NotFoundError: no such merge.
        UserError: taken back already, or the rows are not as the merge left them.
    """
    found = lignes(session, "SELECT * FROM sync_fusions WHERE id = :i", i=fusion)
    if not found:
        raise NotFoundError(f"Aucune fusion n° {fusion} sur ce poste.")
    done, content = found[0], json.loads(found[0].contenu)
    table = BY_NAME[done.nom_table]
    kept = fiche(session, table, done.gardee)
    if done.annulee_a is not None:
        raise UserError("Cette fusion est déjà annulée.")
    if kept is None or fiche(session, table, done.retiree) is not None:
        raise UserError("Ces fiches ont changé depuis : la fusion ne s'annule plus.")
    session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    mine = lue(table, {**content["mienne"], **content["base"]})
    _free_key(session, table, tuple(content["cle"]), mine)
    before, after = lue(table, content["avant"]), lue(table, content["apres"])
    if back := {c: v for c, v in before.items() if kept[c] == after[c]}:
        _write(session, table, done.gardee, back)
    _bring_back(session, table, mine)
    for name, pk, column, target in content["enfants"]:
        child = BY_NAME[name]
        row = fiche(session, child, pk)
        if row is not None and row[column] == target:
            _write(session, child, pk, {column: done.retiree})
    for name, row in content["retires"]:
        if fiche(session, BY_NAME[name], row["id"]) is None:
            _bring_back(session, BY_NAME[name], lue(BY_NAME[name], row))
    session.execute(
        sa.text("UPDATE sync_fusions SET annulee_a = :a WHERE id = :i"),
        {"a": clock.to_text(clock.now()), "i": fusion},
    )


@cache
def _unique_here(name: str, key: tuple[str, ...]) -> bool:
    """Whether the cache, too, refuses the second row."""
    plain = {
        tuple(c.name for c in index.columns)
        for index in Base.metadata.tables[name].indexes
        if index.info.get("engine") == "sqlite"
    }
    return key not in plain


def _free_key(session: Session, table: SyncTable, key: tuple[str, ...], mine: dict[str, Any]) -> None:
    if not _unique_here(table.name, key):
        return
    same = " AND ".join(f"{c} = :{c}" for c in key)
    text = next((c for c in reversed(key) if table.column(c).kind is Kind.TEXT), None)
    while lignes(session, f"SELECT 1 FROM {table.name} WHERE {same}", **{c: mine[c] for c in key}):
        if text is None:
            raise UserError("Un poste ne peut pas tenir deux fiches de cette clé : la fusion ne s'annule pas.")
        mine[text] = f"{mine[text]} (bis)"
