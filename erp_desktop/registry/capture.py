"""Triggers of a SQLite cache: capture into the outbox, statut audit, owner's agency, identifiers of plain inserts.

They use built-ins of SQLite 3.38 only, so any console that opens the file is captured too. They are generated from
the registry for the columns that are present, and put back after every migration, because batch rebuilds drop them.
An insert records its key, an update the old value of each changed column (new values are read from the live row
when a batch is built, so coalescing is free), a delete the old row.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.triggers import replace
from erp_desktop.registry import bounds, monthly, planned, rules, searched, worked
from erp_desktop.registry.invoices import settled, totals
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import TABLES, SyncTable

PREFIX = "erp_"
_LOUD = "(SELECT muet FROM _sync_session) = 0"
_NOW = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'"
_MS = "CAST((julianday('now') - julianday('2025-01-01')) * 86400000 AS INTEGER)"


def _note(table: str, pk: str, op: str, column: str = "NULL", old: str = "NULL", when: str = "true") -> str:
    """SQL that notes a change, unless capture is muted.

    It runs once for every column that a bulk update changes: hence one read of the session's row, and an instant to
    the second, which costs a quarter of an exact one.
    """
    return (
        "INSERT INTO sync_outbox (groupe, user_id, nom_table, pk, op, colonne, ancien, quand) "
        f"SELECT groupe, user_id, '{table}', {pk}, '{op}', {column}, {old}, datetime('now') "
        f"FROM _sync_session WHERE muet = 0 AND {when};"
    )


def triggers(present: dict[str, set[str]]) -> dict[str, str]:
    """Trigger name → CREATE statement, for tables and columns that exist."""
    made, noted = dict(_changes()), searched.captured(present)
    for table in TABLES:
        if table.name in present:
            own = noted if table.name == "interventions" else frozenset()
            made.update(_of_table(table, frozenset(present[table.name]), own))
    if {"statut", "agence_id"} <= present.get("interventions", set()) and "historiques_interventions" in present:
        made.update(_statut_audit())
    made.update(totals.cache_triggers(present))
    made.update(settled.cache_triggers(present))
    made.update(planned.cache_triggers(present))
    made.update(worked.cache_triggers(present))
    made.update(monthly.cache_triggers(present))
    made.update(searched.cache_triggers(present))
    made.update(rules.sqlite(present))
    return made


def _owner(table: SyncTable, columns: AbstractSet[str]) -> str | None:
    """SQL for the agency of a row inserted without one: its root's, else this cache's. None: the table needs none."""
    if not table.device_writes or "agence_id" not in columns:
        return None
    if table.root and table.root.column in columns:
        return f"(SELECT agence_id FROM {table.root.target} WHERE id = NEW.{table.root.column})"
    return "(SELECT CAST(valeur AS INTEGER) FROM sync_meta WHERE cle = 'agence_id')"


@functools.lru_cache(maxsize=512)
def _of_table(table: SyncTable, columns: frozenset[str], noted: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Kept: from one revision to the next most tables stay as they are, and every start asks once more."""
    return tuple(_captured(table, columns, noted))


def _captured(table: SyncTable, columns: frozenset[str], noted: frozenset[str]) -> Iterator[tuple[str, str]]:
    """``noted``: columns that a search looks in, which their trigger notes as well."""
    name = table.name
    owner = _owner(table, columns)
    minted = _minted(name)
    if owner:
        yield (
            f"{PREFIX}{name}_agence",
            f"CREATE TRIGGER {PREFIX}{name}_agence AFTER INSERT ON {name} "
            f"WHEN NEW.agence_id IS NULL AND {_LOUD} AND NOT ({minted}) BEGIN "
            f"UPDATE {name} SET agence_id = {owner} WHERE id = NEW.id; END",
        )
    yield (
        f"{PREFIX}{name}_ins",
        f"CREATE TRIGGER {PREFIX}{name}_ins AFTER INSERT ON {name} BEGIN "
        # The trigger that re-identifies may have run before: then this key is gone. It lets the application's be.
        f"{_note(name, 'NEW.id', 'I', when=f'(groupe IS NOT NULL OR {_there(name)})')} END",
    )
    limits = bounds.sqlite_wrong(table, columns)
    yield f"{PREFIX}{name}_bornes", _limits(name, limits)
    yield f"{PREFIX}{name}_reid", _re_identify(name, owner, minted)
    yield f"{PREFIX}{name}_remplace", _replace(table, columns)
    yield f"{PREFIX}{name}_del", _delete(table, columns)
    yield (
        f"{PREFIX}{name}_upd_id",
        f"CREATE TRIGGER {PREFIX}{name}_upd_id BEFORE UPDATE OF id ON {name} WHEN NEW.id IS NOT OLD.id AND {_LOUD} "
        f"BEGIN SELECT RAISE(ABORT, 'id ne change jamais'); END",
    )
    views = {bound.column: _view(bound) for bound, _ in limits}
    for column in table.columns:
        if column.name != "id" and column.name in columns and column.policy is not Policy.DERIVE:
            c = column.name
            note = searched.NOTE if c in noted else ""
            yield (
                f"{PREFIX}{name}_upd_{c}",
                f"CREATE TRIGGER {PREFIX}{name}_upd_{c} AFTER UPDATE OF {c} ON {name} WHEN NEW.{c} IS NOT OLD.{c} "
                f"BEGIN INSERT INTO {views.get(c, _CHANGE)} VALUES ('{name}', NEW.id, '{c}', OLD.{c}, NEW.{c}); "
                f"{note}{' ' if note else ''}END",
            )


_CHANGE = f"{PREFIX}change"


def _view(bound: bounds.Bound) -> str:
    """The view that a change of a column with this limit is noted through.

    What a thousand triggers have in common is said once, in those of the views: every connection begins by reading
    the text of all of them.
    """
    return f"{_CHANGE}_{bound.name}"


def _views() -> dict[str, str]:
    """Name → CREATE statement of what changes are noted through."""
    columns = "'' AS nom_table, 0 AS pk, '' AS colonne, NULL AS ancien, NULL AS nouveau"
    return {name: f"CREATE VIEW {name} AS SELECT {columns}" for name in _refusals()}


@functools.cache
def _refusals() -> dict[str, str]:
    """View → the statement that refuses a new value there."""
    every = [bound for table in TABLES for bound in bounds.of(table)]
    wrong = {_view(b): _refusal(b.sentence, f"{b.sqlite.format(v='NEW.nouveau')} AND {_LOUD}") for b in every}
    return {_CHANGE: "", **dict(sorted(wrong.items()))}


def _changes() -> Iterator[tuple[str, str]]:
    for view, refused in _refusals().items():
        yield (
            f"{view}_note",
            f"CREATE TRIGGER {view}_note INSTEAD OF INSERT ON {view} BEGIN {refused}"
            "INSERT INTO sync_outbox (groupe, user_id, nom_table, pk, op, colonne, ancien, quand) "
            "SELECT groupe, user_id, NEW.nom_table, NEW.pk, 'U', NEW.colonne, NEW.ancien, datetime('now') "
            "FROM _sync_session WHERE muet = 0; END",
        )


def _limits(name: str, limits: list[tuple[bounds.Bound, str]]) -> str:
    """What the centre would refuse later is refused here at once; what comes from the centre is taken."""
    tests: dict[str, list[str]] = {}
    for bound, test in limits:
        tests.setdefault(bound.sentence, []).append(test)
    refusals = "".join(_refusal(sentence, " OR ".join(wrong)) for sentence, wrong in tests.items())
    return f"CREATE TRIGGER {PREFIX}{name}_bornes AFTER INSERT ON {name} WHEN {_LOUD} BEGIN {refusals} END"


def _refusal(sentence: str, wrong: str) -> str:
    told = sentence.replace("'", "''")
    return f"SELECT RAISE(ABORT, '{told}') WHERE {wrong};"


def _text(column: str) -> str:
    return f"'{column}'"


def _minted(name: str) -> str:
    """Whether SQLite made the identifier of a new row up: max + 1, or 1, which may be another poste's or a row's
    that has left since. The application, which names its group, takes every identifier from its allocator.
    """
    return (
        "(SELECT groupe IS NULL AND muet = 0 FROM _sync_session) AND "
        f"(NEW.id = 1 OR EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id - 1)) AND "
        f"NOT EXISTS (SELECT 1 FROM {name} WHERE id > NEW.id)"
    )


def _re_identify(name: str, owner: str | None, minted: str) -> str:
    agence = f", agence_id = coalesce(agence_id, {owner})" if owner else ""
    new_id = "(SELECT (((suivant - 1) >> 3) << 22) | (poste << 3) | ((suivant - 1) & 7) FROM _allocateur)"
    return (
        f"CREATE TRIGGER {PREFIX}{name}_reid AFTER INSERT ON {name} WHEN {minted} BEGIN "
        f"UPDATE _allocateur SET suivant = max(suivant, ({_MS}) << 3) + 1; "
        f"UPDATE _sync_session SET muet = 1; "
        f"UPDATE {name} SET id = {new_id}{agence} WHERE id = NEW.id; "
        f"UPDATE _sync_session SET muet = 0; "
        # The other trigger may have noted the key that is gone.
        f"DELETE FROM sync_outbox WHERE id = (SELECT max(id) FROM sync_outbox) AND nom_table = '{name}' "
        "AND op = 'I' AND pk = NEW.id; "
        f"{_note(name, new_id, 'I')} END"
    )


def _replace(table: SyncTable, columns: AbstractSet[str]) -> str:
    """``INSERT OR REPLACE`` takes the old row away without a delete trigger: note its values before, as an update.

    One statement for all columns: SQLite clears the registers of the whole body for every row inserted, even when
    there is nothing to replace. JSON holds no blob, so those have a statement of their own.
    """
    name = table.name
    present = [c for c in table.columns if c.name != "id" and c.name in columns and c.policy is not Policy.DERIVE]
    others = [c.name for c in present if c.kind.value != "bytea"]
    notes = ""
    for c in present:
        if c.name not in others:
            old = f"(SELECT {c.name} FROM {name} WHERE id = NEW.id)"
            notes += _note(name, "NEW.id", "U", _text(c.name), old, f"{old} IS NOT NEW.{c.name}")
    olds = f"(SELECT {_object(others, name)} FROM {name} WHERE id = NEW.id)"
    changes = (
        f"SELECT o.key, o.value FROM json_each({olds}) AS o JOIN json_each({_object(others, 'NEW')}) AS n "
        "ON n.key = o.key WHERE o.value IS NOT n.value"
    )
    return (
        f"CREATE TRIGGER {PREFIX}{name}_remplace BEFORE INSERT ON {name} WHEN {_there(name)} AND {_LOUD} BEGIN "
        "INSERT INTO sync_outbox (groupe, user_id, nom_table, pk, op, colonne, ancien, quand) "
        f"SELECT groupe, user_id, '{name}', NEW.id, 'U', c.key, c.value, datetime('now') "
        f"FROM _sync_session JOIN ({changes}) AS c; {notes} END"
    )


def _there(name: str) -> str:
    return f"EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id)"


def _object(columns: Iterable[str], row: str) -> str:
    pairs = ", ".join(f"'{c}', {row}.{c}" for c in columns)
    return f"json_object({pairs})"


def _delete(table: SyncTable, columns: AbstractSet[str]) -> str:
    # JSON of the old row lets the inbox show what was deleted; blobs are left out.
    kept = [c.name for c in table.columns if c.name in columns and c.kind.value != "bytea"]
    return (
        f"CREATE TRIGGER {PREFIX}{table.name}_del AFTER DELETE ON {table.name} BEGIN "
        f"{_note(table.name, 'OLD.id', 'D', old=_object(kept, 'OLD'))} END"
    )


def _statut_audit() -> Iterator[tuple[str, str]]:
    new_id = "(SELECT (((suivant - 1) >> 3) << 22) | (poste << 3) | ((suivant - 1) & 7) FROM _allocateur)"
    yield (
        f"{PREFIX}interventions_statut_audit",
        f"CREATE TRIGGER {PREFIX}interventions_statut_audit AFTER UPDATE OF statut ON interventions "
        f"WHEN NEW.statut IS NOT OLD.statut AND {_LOUD} BEGIN "
        f"UPDATE _allocateur SET suivant = max(suivant, ({_MS}) << 3) + 1; "
        "INSERT INTO historiques_interventions (id, agence_id, intervention_id, user_id, action, statut, "
        "ancienne_valeur, nouvelle_valeur, remarque, horodatage, poste, created_at, updated_at, created_by_id) "
        f"SELECT {new_id}, NEW.agence_id, NEW.id, (SELECT user_id FROM _sync_session), 'statut', NEW.statut, "
        "json_object('statut', OLD.statut), json_object('statut', NEW.statut), "
        f"(SELECT remarque FROM _sync_session), {_NOW}, (SELECT poste FROM _allocateur), {_NOW}, {_NOW}, "
        "(SELECT user_id FROM _sync_session); END",
    )


def install(connection: sa.Connection) -> None:
    """Bring the cache's triggers to what the registry says for the structure present; idempotent."""
    present = {
        row[0]: {c[1] for c in connection.exec_driver_sql(f"PRAGMA table_info({row[0]})")}
        for row in connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        if row[0].isidentifier()
    }
    wanted: dict[str, str] = {}
    views: dict[str, str] = {}
    if {"_sync_session", "_allocateur", "sync_outbox"} <= present.keys():
        connection.exec_driver_sql("INSERT OR IGNORE INTO _sync_session (un, muet) VALUES (1, 0)")
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO _allocateur (un, poste, suivant) VALUES (1, 0, ?)", (clock.now_ms() << 3,)
        )
        wanted, views = triggers(present), _views()
    made = _existing(connection, "view")
    for name in made.keys() - {n for n, sql in views.items() if made.get(n) == sql}:
        connection.exec_driver_sql(f"DROP VIEW {name}")
    for name, sql in views.items():
        if made.get(name) != sql:
            connection.exec_driver_sql(sql)
    existing = _existing(connection, "trigger")
    put_back = {name: sql for name, sql in wanted.items() if existing.get(name) != sql}
    gone = existing.keys() - {name for name, sql in wanted.items() if existing.get(name) == sql}
    if gone or put_back:
        replace(connection.connection.dbapi_connection, gone, put_back)
    if any(monthly.keeps(name) for name in put_back):
        # What was written without them is not known.
        connection.exec_driver_sql("DELETE FROM _rapports_mois")
    if any(settled.keeps(name) for name in put_back):
        connection.exec_driver_sql(settled.EVERYTHING)
    known = searched.unwritten(connection, put_back)
    known = known or searched.moved(existing, put_back)
    if any(searched.keeps(sql) for sql in put_back.values()) and not known:
        connection.exec_driver_sql(searched.EVERYTHING)


def _existing(connection: sa.Connection, kind: str) -> dict[str, str]:
    """Name → text of what a cache has that was made here."""
    rows = connection.exec_driver_sql(
        f"SELECT name, sql FROM sqlite_schema WHERE type = '{kind}' AND name LIKE '{PREFIX}%'"
    )
    return {row[0]: row[1] for row in rows}


def remove(connection: sa.Connection) -> None:
    """Take every trigger away but those that tie the two names of a column together, which are the history's own."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name NOT LIKE 'lier!_%' ESCAPE '!'"
    names = connection.exec_driver_sql(query).scalars().all()
    before = _existing(connection, "trigger")
    if names:
        replace(connection.connection.dbapi_connection, names, {})
    searched.watch(connection, before)
