"""What a device did since a backup was made, carried into the backup before it takes the place of the cache.

Two kinds of rows would otherwise be lost: those that wait to be sent, and those that the centre already has from this
device, because it never sends a device its own rows back. They are copied as they stand in the replaced file, with
the outbox, the batches and their numbers; the cursor stays the backup's, so that everything else is pulled again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import UserError
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import RENAMED, TABLES, present_name

_WHOLE = ("sync_outbox", "sync_lots", "sync_gares", "sync_conflits", "sync_fusions", "_verificateurs")
_NAMING = {"sync_outbox", "sync_conflits"}
_IDENTITY = ("poste", "agence_id", "epoque", "mode")
_CURSOR = "('curseur_xid', 'curseur_seq')"
UNREADABLE = (
    "La base locale est illisible : ses modifications pas encore envoyées ne peuvent pas être reprises. "
    "Acceptez la perte pour restaurer (--accept-data-loss) ; le fichier abîmé est gardé."
)
_REMEDY = "Synchronisez d'abord, ou ajoutez --accept-data-loss pour les abandonner."


class _NotCarriedError(UserError):
    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Les modifications pas encore envoyées au centre n'entrent pas dans cette sauvegarde : {reason}. "
            f"{_REMEDY} Rien n'a été changé."
        )


class TooOldError(_NotCarriedError):
    """The backup is of an older revision, which has no place for something that the device did since."""


def over(replaced: Path, ready: Path, key: str | None) -> int:
    """Carry what the device did from ``replaced`` into ``ready``, a copy of the backup that nobody uses yet.

    Returns:
        Rows that wait to be sent, all carried over.

    Raises:
        TooOldError: the same could be carried into ``ready`` at a later revision.
        UserError: something cannot be carried over; ``ready`` is to be thrown away.
    """
    db = connect_sqlite(ready, key)
    try:
        db.execute("ATTACH DATABASE ? AS ancien KEY " + (f"\"x'{key}'\"" if key else "''"), (str(replaced),))
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("BEGIN IMMEDIATE")
        carried = _carry(db)
        db.execute("COMMIT")
        return carried
    except sqlcipher.IntegrityError as error:
        raise _NotCarriedError(str(error)) from error
    except sqlcipher.DatabaseError as error:
        raise UserError(UNREADABLE) from error
    finally:
        db.close()


def _carry(db: Any) -> int:
    if not _columns(db, "ancien", "sync_outbox"):
        return 0
    waiting = int(_one(db, "SELECT count(*) FROM (SELECT DISTINCT nom_table, pk FROM ancien.sync_outbox)"))
    if not _columns(db, "main", "sync_outbox"):
        if waiting:
            raise _NotCarriedError("elle date d'avant les échanges")
        return 0
    if _identity(db, "ancien") != _identity(db, "main"):
        if waiting:
            raise _NotCarriedError("elle est celle d'un autre poste ou d'avant sa réinscription")
        return 0
    db.execute("UPDATE main._sync_session SET muet = 1")
    db.execute("CREATE TEMP TABLE _touchees (t TEXT, pk INTEGER, PRIMARY KEY (t, pk))")
    for schema in ("ancien", "main"):
        db.execute(f"INSERT OR IGNORE INTO temp._touchees SELECT nom_table, pk FROM {schema}.sync_outbox")
    db.executemany("INSERT OR IGNORE INTO temp._touchees VALUES (?, ?)", _sent_since(db))
    _rows(db)
    _parents(db)
    for table in _WHOLE:
        if _columns(db, "main", table):
            db.execute(f"DELETE FROM main.{table}")
        _copy(db, table)
    _state(db)
    db.execute("UPDATE main._sync_session SET muet = 0")
    return waiting


def _one(db: Any, sql: str, *parameters: object) -> Any:
    row = db.execute(sql, parameters).fetchone()
    return row[0] if row else None


def _columns(db: Any, schema: str, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA {schema}.table_info({table})")]


def _identity(db: Any, schema: str) -> list[Any]:
    marks = ", ".join("?" * len(_IDENTITY))
    found = db.execute(f"SELECT cle, valeur FROM {schema}.sync_meta WHERE cle IN ({marks}) ORDER BY cle", _IDENTITY)
    return [*found.fetchall(), _one(db, f"SELECT poste FROM {schema}._allocateur")]


def _sent_since(db: Any) -> list[tuple[str, int]]:
    """Rows in batches frozen after the backup was made."""
    last = "SELECT CAST(valeur AS INTEGER) FROM {}.sync_meta WHERE cle = 'dernier_lot'"
    before, now = (int(_one(db, last.format(schema)) or 0) for schema in ("main", "ancien"))
    batches = db.execute("SELECT contenu FROM ancien.sync_lots WHERE numero > ?", (before,)).fetchall()
    if len(batches) != now - before:
        raise _NotCarriedError("trop d'échanges ont eu lieu depuis qu'elle existe")
    found = []
    for (content,) in batches:
        batch = json.loads(bytes(content))
        for table, block in batch["i"].items():
            place = 2 + block["c"].index("id")
            found += [(table, row[place]) for row in block["r"]]
        for table, blocks in batch["m"].items():
            found += [(table, row[2]) for block in blocks for row in block["r"]]
        for table, rows in batch["d"].items():
            found += [(table, row[2]) for row in rows]
    return found


def _rows(db: Any) -> None:
    """Bring every touched row to how it stands in the replaced file; idempotent."""
    for table in TABLES:
        if not _columns(db, "main", table.name):
            continue
        touched = f"id IN (SELECT pk FROM temp._touchees WHERE t = '{table.name}')"
        db.execute(f"DELETE FROM main.{table.name} WHERE {touched}")
        _copy(db, table.name, touched)
    touched = "(nom_table, pk) IN (SELECT t, pk FROM temp._touchees)"
    db.execute(f"DELETE FROM main.sync_versions WHERE {touched}")
    _copy(db, "sync_versions", touched)
    if _columns(db, "main", "contenus_morceaux"):
        _copy(db, "contenus_morceaux", "sha256 NOT IN (SELECT sha256 FROM main.contenus)")
    _copy(db, "contenus", "sha256 NOT IN (SELECT sha256 FROM main.contenus)")


_COMPUTED = {(t.name, c.name) for t in TABLES for c in t.columns if c.policy is Policy.DERIVE}
"""Columns that every replica finds from other rows: nothing of a person's is in them."""


def _copy(db: Any, table: str, where: str = "true") -> None:
    """Copy rows of the replaced file; a column that the backup lacks must be empty there, or as by default."""
    known = _columns(db, "main", table)
    former = {present_name(table, c): c for c in known}
    pairs = []
    for column in _columns(db, "ancien", table):
        target = column if column in known else former.get(column)
        if target is not None:
            pairs.append((target, column))
        elif (table, column) not in _COMPUTED and _one(
            db,
            f'SELECT 1 FROM ancien.{table} WHERE {where} AND "{column}" IS NOT NULL '
            f'AND "{column}" IS NOT {_default(db, table, column)} LIMIT 1',
        ):
            raise TooOldError(f"elle n'a pas la colonne {table}.{column}")
    if not pairs:
        return
    targets, sources = (", ".join(f'"{name}"' for name in names) for names in zip(*pairs, strict=True))
    db.execute(f"INSERT INTO main.{table} ({targets}) SELECT {sources} FROM ancien.{table} WHERE {where}")
    if table in _NAMING:
        _speak_as_before(db, table)


def _default(db: Any, table: str, column: str) -> str:
    """What a new row of the replaced file gets there, as SQL: a constant, or NULL."""
    found = next(row[4] for row in db.execute(f"PRAGMA ancien.table_info({table})") if row[1] == column)
    return "NULL" if found is None else f"({found})"


def _speak_as_before(db: Any, table: str) -> None:
    """Columns that the backup has under their former name are called so in what waits."""
    for renamed in RENAMED:
        if renamed.old in _columns(db, "main", renamed.table):
            db.execute(
                f"UPDATE main.{table} SET colonne = ? WHERE nom_table = ? AND colonne = ?",
                (renamed.old, renamed.table, renamed.new),
            )


def _parents(db: Any) -> None:
    """Rows pulled since the backup on which carried rows depend come too; rows deleted since go too."""
    while orphans := db.execute("PRAGMA main.foreign_key_check").fetchall():
        progress = 0
        for table, rowid, parent, constraint in orphans:
            column = next(
                row[3] for row in db.execute(f"PRAGMA main.foreign_key_list({table})") if row[0] == constraint
            )
            if not _one(db, f"SELECT 1 FROM ancien.{table} WHERE rowid = ?", rowid):
                progress += int(db.execute(f"DELETE FROM main.{table} WHERE rowid = ?", (rowid,)).rowcount)
                continue
            wanted = _one(db, f"SELECT {column} FROM main.{table} WHERE rowid = ?", rowid)
            for key in ((parent, wanted), (table, rowid)):
                progress += int(db.execute("INSERT OR IGNORE INTO temp._touchees VALUES (?, ?)", key).rowcount)
        if not progress:
            tables = ", ".join(sorted({str(row[0]) for row in orphans}))
            raise _NotCarriedError(f"des fiches y perdraient celle dont elles dépendent ({tables})")
        _rows(db)


def _state(db: Any) -> None:
    """Settings, and counters that must never run backwards: an identifier is given once."""
    db.execute("DELETE FROM main.sync_meta WHERE cle LIKE 'centre:%'")
    db.execute(
        "INSERT OR REPLACE INTO main.sync_meta (cle, valeur) "
        f"SELECT cle, valeur FROM ancien.sync_meta WHERE cle NOT IN {_CURSOR}"
    )
    db.execute("UPDATE main._allocateur SET suivant = max(suivant, (SELECT suivant FROM ancien._allocateur))")
    db.execute(
        "INSERT INTO main._compteurs (nom, valeur) SELECT nom, valeur FROM ancien._compteurs WHERE true "
        "ON CONFLICT (nom) DO UPDATE SET valeur = max(valeur, excluded.valeur)"
    )
