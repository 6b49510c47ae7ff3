"""Which interventions a search has to read again on a cache: triggers that note them, muted or not.

The words themselves are in a file beside the cache (``services.search.words``), which is caught up behind the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from erp_desktop.models.interventions import WORDS

CHILDREN = {"lignes_intervention": "designation", "historiques_interventions": "remarque"}
"""Tables of an intervention → their column in which a word is looked for."""
NAMES = {
    "clients": ("client_id", ("nom_entreprise",)),
    "equipements": ("equipement_id", ("nom", "code_interne", "numero_serie")),
}  # fmt: skip
"""Tables that an intervention refers to → its column, and theirs."""
COLUMNS = ("numero", "client_id", "equipement_id", *WORDS)
"""Those of an intervention."""
EVERYTHING = (
    "INSERT INTO _recherche_attente (nom_table, pk) SELECT 'interventions', "
    "min(0, coalesce((SELECT min(pk) FROM _recherche_attente WHERE nom_table = 'interventions'), 1) - 1)"
)
"""Every intervention has to be read again: a number that was not given yet, from 0 down."""


_SEEN = "recherche"
"""Of a connection's info: what :func:`watch` noted."""
_INSERTED, _DELETED, _UPDATED, _ALTERED = 18, 9, 23, 26
"""SQLite's own numbers of what a statement is about to do; a table that is dropped is emptied first."""
SUFFIX = ".mots"
"""Added to the name of a cache's file: where its words are."""


def captured(present: dict[str, set[str]]) -> frozenset[str]:
    """Columns of an intervention whose capture notes it here too, by :data:`NOTE`: a bulk update runs one trigger."""
    if "_recherche_attente" not in present or not set(COLUMNS) <= present.get("interventions", set()):
        return frozenset()
    return frozenset(COLUMNS)


NOTE = "INSERT INTO _recherche_attente (nom_table, pk) VALUES ('interventions', NEW.id) ON CONFLICT DO NOTHING;"
"""One row, if it is not noted yet; unlike OR IGNORE it holds whatever the statement says that fires it."""


def cache_triggers(present: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Trigger name → CREATE statement for a cache; received rows fire them too."""
    if not captured(present):
        return
    yield _noting("interventions", "ins", "AFTER INSERT", "true", "NEW.id")
    yield _noting("interventions", "del", "AFTER DELETE", "true", "OLD.id")
    for table, column in CHILDREN.items():
        if table in present:
            owner = ("intervention_id", column)
            yield _noting(table, "ins", "AFTER INSERT", f"NEW.{column} IS NOT NULL", "NEW.intervention_id")
            both = _note("OLD.intervention_id") + _note("NEW.intervention_id")
            yield _trigger(table, "upd", _update(owner), _changed(owner), both)
            yield _noting(table, "del", "AFTER DELETE", f"OLD.{column} IS NOT NULL", "OLD.intervention_id")
    for table, (link, columns) in NAMES.items():
        if set(columns) <= present.get(table, set()):
            every = _noted("id", f"FROM interventions WHERE {link} = NEW.id AND")
            yield _trigger(table, "upd", _update(columns), _changed(columns), every)


@dataclass(slots=True)
class _Seen:
    """Triggers as they were, and whether anything was written that they would have noted."""

    triggers: dict[str, str]
    written: bool = False


def watch(connection: sa.Connection, triggers: Mapping[str, str]) -> None:
    """From here on, without the triggers, heed what is written to what a search reads; until :func:`unwritten`.

    Args:
        triggers: those of the cache before they were taken away, name → text.
    """
    seen = connection.info[_SEEN] = _Seen({name: sql for name, sql in triggers.items() if keeps(sql)})
    columns: dict[str, set[str]] = {"interventions": set(COLUMNS)}
    columns |= {table: {"intervention_id", column} for table, column in CHILDREN.items()}
    columns |= {table: set(names) for table, (_link, names) in NAMES.items()}

    def heed(action: int, first: str | None, second: str | None, *_where: object) -> int:
        table = second if action == _ALTERED else first
        if table in columns and action in (_INSERTED, _DELETED, _UPDATED, _ALTERED):
            seen.written |= action != _UPDATED or second in columns[table]
        return 0

    _line(connection).set_authorizer(heed)


def unwritten(connection: sa.Connection, put_back: Mapping[str, str]) -> bool:
    """Whether the triggers were only away for a moment in which nothing of theirs was written."""
    seen: _Seen | None = connection.info.pop(_SEEN, None)
    if seen is None:
        return False
    _line(connection).set_authorizer(None)
    mine = {name: sql for name, sql in put_back.items() if keeps(sql)}
    return not seen.written and (
        all(seen.triggers.get(name) == sql for name, sql in mine.items()) or moved(seen.triggers, mine)
    )


def formerly() -> tuple[str, str]:
    """Name and text of the trigger that noted every column of an intervention."""
    return _noting("interventions", "upd", _update(COLUMNS), _changed(COLUMNS), "NEW.id")


def moved(before: Mapping[str, str], put_back: Mapping[str, str]) -> bool:
    """Whether what is put back of these notes what one trigger for all columns noted until now."""
    name, sql = formerly()
    other = {one for one, text in put_back.items() if keeps(text) and before.get(one) != text}
    return before.get(name) == sql and other <= _CAPTURES


def _line(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def keeps(trigger: str) -> bool:
    """Whether a trigger of a cache, by its text, is one of these or notes for them."""
    return "_recherche_attente" in trigger


_CAPTURES = {f"erp_interventions_upd_{column}" for column in COLUMNS}


def _noting(table: str, name: str, event: str, when: str, pk: str) -> tuple[str, str]:
    """A trigger that notes one row, if it is not noted yet.

    It is asked before: an upsert, as rows are received, undoes an OR IGNORE in a trigger, and a statement that reads
    the table it writes to makes a copy of its rows first, a quarter of a bulk update.
    """
    body = f"INSERT INTO _recherche_attente (nom_table, pk) VALUES ('interventions', {pk}); "
    return _trigger(table, name, event, f"({when}) AND {_unknown(pk)}", body)


def _note(pk: str) -> str:
    return _noted(pk, "WHERE")


def _noted(pk: str, source: str) -> str:
    return f"INSERT INTO _recherche_attente (nom_table, pk) SELECT 'interventions', {pk} {source} {_unknown(pk)}; "


def _unknown(pk: str) -> str:
    known = f"SELECT 1 FROM _recherche_attente WHERE nom_table = 'interventions' AND pk = {_outer(pk)}"
    return f"NOT EXISTS ({known})"


def _outer(pk: str) -> str:
    return pk if "." in pk else f"interventions.{pk}"


def _update(columns: tuple[str, ...]) -> str:
    return f"AFTER UPDATE OF {', '.join(columns)}"


def _changed(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{c} IS NOT OLD.{c}" for c in columns)


def _trigger(table: str, name: str, event: str, when: str, body: str) -> tuple[str, str]:
    called = f"erp_{table}_mots_{name}"
    return called, f"CREATE TRIGGER {called} {event} ON {table} WHEN {when} BEGIN {body}END"
