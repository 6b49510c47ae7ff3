"""What a column and a table are, said once beside their mapping: label, merge policy, closed list, natural key.

The registry, the CHECKs of closed lists, forms, lists, the history, the import and the inbox read it from here; the
limit of a text is the length of its type. ``tests/models/test_declarations.py`` names a column that lacks something.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.models.types import big_int


class Policy(StrEnum):
    """What the centre does when both sides changed one field (see docs/sync.md)."""

    ASK = "ask"
    STATUT = "statut"
    CENTRE = "centre"
    MAX = "max"
    GROUPE = "groupe"
    DERIVE = "derive"
    CENTRE_SEUL = "centre_seul"


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that mean one thing: sent together, decided together, one conflict.

    Attributes:
        name: what a conflict of it is filed under.
        label: French; empty for a group named like one of its columns.
        asks: the loser decides; False is for what programs write.
        follows: a column of the ``statut`` policy: what was stamped with it stands and falls with it.
    """

    name: str
    columns: tuple[str, ...]
    label: str = ""
    asks: bool = True
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        label: French, the same in the form, the history and the inbox.
        policy: None: the loser of a typed text is asked, the centre's value of anything else stands.
        allowed: of ``centre_seul``: the values, as a regular expression, that a device may write and replace.
        values: the closed list that it takes its values from, CHECKed by the database.
        minutes: a whole number that is read as a duration.
        code: no words of a language: shown left to right everywhere.
        stays: never leaves the centre.
        checked: the closed list is a CHECK; False: a rule holds it (``registry.rules``), for a CHECK would rebuild a
            large table of each cache.
    """

    label: str
    policy: Policy | None = None
    allowed: str | None = None
    values: type[StrEnum] | None = None
    minutes: bool = False
    code: bool = False
    stays: bool = False
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Noun:
    """One synchronised table. A mapped class without a noun is not synchronised.

    Attributes:
        label: what one of its rows is called, in French.
        icon: of a row, by its name in the kit.
        name: the column by which a person knows a row; empty when there is none.
        known_by: the columns by which a file names one, the surest first; ``name`` alone when empty.
        groups: columns decided together.
        key: the natural key by which two rows are one row.
        made: rows with that key are made by the program: of two that nobody worked on, the centre's stands.
        kept: columns of which the centre's stand when two rows are one, whoever worked on them.
        root: the column through which a row takes its ``agence_id`` from a parent.
        follows: other references to rows that take this one along when they move to another agency. What only lends
            itself to the row (a technicien, a part, a depot, a contract) is not here.
        witness: a column that is told with every change of a row, changed or not: the centre sees under which state
            the change was made.
        device_writes: devices may change it; False is written by administrators at the centre only.
        append_only: devices only ever add rows.
        taken_back: and take one away again, while a rule lets them.
        since: the revision that made the table.
    """

    label: str
    icon: str
    name: str = ""
    known_by: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    key: tuple[str, ...] = ()
    made: bool = False
    kept: tuple[str, ...] = ()
    root: str | None = None
    follows: tuple[str, ...] = ()
    witness: str = ""
    device_writes: bool = True
    append_only: bool = False
    taken_back: bool = False
    since: str | None = None


def field(
    label: str, *arguments: Any, policy: Policy | None = None, allowed: str | None = None,
    values: type[StrEnum] | None = None, minutes: bool = False, code: bool = False, stays: bool = False,
    checked: bool = True, since: str | None = None, **options: Any,
) -> Mapped[Any]:  # fmt: skip
    """A mapped column with its :class:`Field`; the rest goes to ``mapped_column``.

    Args:
        since: the later revision that gave the column to a table which devices exchange already. Rows cross the line
            as plain lists of values: such columns stand behind all others, in the order of their revisions, and a
            program from before it is served rows that end before them (``SyncTable.added``).
    """
    info: dict[str, Any] = {"field": Field(label, policy, allowed, values, minutes, code, stays, checked)}
    if since is not None:
        info["since"] = since
        options["sort_order"] = 100
    return mapped_column(*arguments, info=info, **options)


def choice(
    label: str, values: type[StrEnum], default: str | None = None, *, length: int = 20, **options: Any
) -> Mapped[Any]:  # fmt: skip
    """A column of a closed list; options go to :func:`field`.

    Args:
        default: of a row that does not say.
        length: characters that the column has room for.
    """
    if default is not None:
        options |= {"server_default": default, "default": default}
    return field(label, sa.String(length), values=values, **options)


def link(label: str, cible: str, **options: Any) -> Mapped[Any]:
    """A BIGINT foreign key with its index; options go to :func:`field`."""
    return field(label, big_int(), sa.ForeignKey(cible), **{"index": True, **options})


def said(column: sa.Column[Any]) -> Field | None:
    """What is declared of a column; None of what every row has (identifier, instants, author)."""
    found: Field | None = column.info.get("field")
    return found


def noun(table: sa.Table) -> Noun | None:
    """What is declared of a table; None of one that is not synchronised."""
    found: Noun | None = table.info.get("noun")
    return found
