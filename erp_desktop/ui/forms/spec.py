"""What one noun tells the form panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NoReturn

from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import Undone
from erp_desktop.services.shared import wording
from erp_desktop.services.shared.common import PARTAGEE, ecrit_partage, ecrits, vus
from erp_desktop.services.shared.duplicates import Proche
from erp_desktop.ui.kinds import kind_of
from erp_desktop.ui.wording import value_labels

Values = Mapping[str, Any]
Choices = Sequence[tuple[int, str, str]]
"""``(id, words, detail)`` of a type-ahead picker."""


def ecrit_les_fiches(acteur: Acteur, _record: Any = None) -> bool:
    """Whether a person may write clients and équipements, and create interventions."""
    return acteur.role in (Role.ADMIN, Role.RESPONSABLE, Role.AGENT)


def lecture(_acteur: Acteur, _record: Any) -> str:
    """Why a client or an équipement is only read."""
    return "Votre rôle consulte les fiches : un agent, un responsable ou un administrateur les modifie."


def responsable(_acteur: Acteur, _record: Any) -> str:
    """Why a technicien, a plan or a checklist is only read."""
    return "Votre rôle consulte les fiches : un responsable ou un administrateur les modifie."


def administrateur(_acteur: Acteur, _record: Any) -> str:
    """Why an account or reference data are only read."""
    return "Les comptes et les référentiels se changent au centre, par un administrateur."


def sans_motif(_acteur: Acteur, _record: Any) -> str:
    """Of what nobody changes by its nature."""
    return ""


REPLACE, ADD = "replace", "add"


@dataclass(frozen=True)
class Proposal:
    """What to fill a field in with; without ``value``, only said. ``why`` gives the translated sentence."""

    value: int | None
    words: str
    why: Callable[[], str]


@dataclass(frozen=True)
class FieldSpec:
    """One field of a form. What a column declares (``models.declare``) is not said again here.

    Attributes:
        name: the domain's field name, also the key of its refusals.
        label: French; of a column, the one that it declares.
        kind: text, area, choice, picker, date, instant, whole, decimal, flag or info; of a column, by its type.
        options: for ``choice``: values and words; of a column, those of its closed list.
        search: for ``picker``: ``search(session, acteur, text, values)``.
        shown: words for the present value, read from the record (pickers and ``info``).
        lines: height of an ``area``.
        writable: read-only when it says no: ``writable(acteur, record or None)``.
        on_create: False hides the field on a blank form.
        initial: value on a blank form; of a closed list or a text, the column's default.
        near: ``near(session, acteur, name, text, row id or None)``: records that may already be this one.
        reads: of a text that the program reads: what it understood, told under it.
        sens: for ``date`` and ``instant``: which year is meant when none is typed.
        proposes: ``proposes(session, acteur, value)``: what to fill the field ``proposes_for`` in with once a value
            is chosen here.
        clears: fields emptied when this one changes, e.g. the équipement when the client changes.
        leads: of a picker: the kind of record that it points to; of a column, by its link.
        bulk: whether it may be changed in many records at once: ``REPLACE``, or ``ADD`` below what a text says.
    """

    name: str
    label: str = ""
    kind: str = ""
    options: Callable[[], list[tuple[str, str]]] | None = None
    search: Callable[[Any, Acteur, str, Values], Choices] | None = None
    shown: Callable[[Any], str] | None = None
    placeholder: str = ""
    lines: int = 3
    writable: Callable[[Acteur, Any], bool] = lambda _acteur, _record: True
    on_create: bool = True
    initial: Any = None
    near: Callable[[Any, Acteur, str, str, int | None], Sequence[Proche]] | None = None
    reads: Callable[[str], tuple[str, bool]] | None = None
    sens: Sens = Sens.PROCHE
    clears: Sequence[str] = ()
    proposes: Callable[[Any, Acteur, Any], Proposal | None] | None = None
    proposes_for: str = ""
    leads: str = ""
    bulk: str = ""


def _declared(table: str, one: FieldSpec) -> FieldSpec:
    """The field with what its column declares.

    Raises:
        ValueError: a field of no column that says no label.
    """
    column = wording.field(table, one.name)
    if column is None:
        if not one.label:
            raise ValueError(f"{table}.{one.name}: no column declares it, so its label is said here")
        return replace(one, kind=one.kind or "text")
    kind, values, initial = one.kind or column.kind, column.values, one.initial
    label = one.label or (f"{column.label} (min)" if column.minutes else column.label)
    options = one.options
    if kind == "choice" and options is None and values is not None:
        options = partial(value_labels.options, values)
    if initial is None and kind == column.kind:
        initial = column.initial
    leads = one.leads or kind_of(column.leads) or ""
    return replace(one, label=label, kind=kind, options=options, initial=initial, leads=leads)


@dataclass(frozen=True)
class Group:
    """Fields under a heading."""

    title: str
    fields: Sequence[FieldSpec]


@dataclass(frozen=True)
class Head:
    """What the top of the panel shows.

    Attributes:
        code: number or reference, with a copy button.
        tab: title of the record's own tab.
        status: ``(status, word)`` of the pill.
        priority: ``(priority, word)``.
        sla: ``(state, share, words)``.
        sla_told: all of it, as a tooltip.
        plain: small words when there is no status.
    """

    code: str
    title: str
    tab: str = ""
    status: tuple[str, str] | None = None
    priority: tuple[str, str] | None = None
    sla: tuple[str, float, str] | None = None
    sla_told: str = ""
    plain: str = ""


@dataclass(frozen=True)
class FormSpec:
    """One form.

    Attributes:
        kind: key of drafts and record tabs.
        load: ``load(session, acteur, id)`` gives the record, a frozen dataclass.
        create: ``create(session, acteur, values)`` gives the new id.
        update: ``update(session, acteur, id, changes)``.
        head: top of the panel for a record.
        saved: toast after saving an existing record.
        created: toast after creating one.
        may_write: whether this person may edit the record (None: a blank one), were it not everybody's.
        why_not: who may, or what ended it, when this person may not: said where the record is saved.
        bar: builds the row of acts under the head: a ``RecordPart``.
        below: builds what stands under the fields, and scrolls with them: a ``RecordPart``.
        tabs: titles and builders of more tabs, each a ``RecordPart``.
        printing: ``printing(contexte, ids, parent)`` shows the papers of some records before they are printed.
        copies: ``copies(session, acteur, id)``: what a copy of a record begins with (a ``Beginning``).
        follows: other tables whose changes an open record is read again for: it shows something of theirs.
        warns: ``warns(session, acteur, id)``: sentences about a record as it was just written, which refuse nothing.
    """

    kind: str
    table: str
    icon: str
    new_title: str
    groups: Sequence[Group]
    load: Callable[[Any, Acteur, int], Any]
    create: Callable[[Any, Acteur, dict[str, Any]], int]
    update: Callable[[Any, Acteur, int, dict[str, Any]], None]
    head: Callable[[Any], Head]
    saved: str
    created: str
    may_write: Callable[[Acteur, Any], bool] = ecrit_les_fiches
    why_not: Callable[[Acteur, Any], str] = lecture
    bar: Callable[[Any], Any] | None = None
    below: Callable[[Any], Any] | None = None
    tabs: Sequence[tuple[str, Callable[[Any], Any]]] = field(default_factory=tuple)
    printing: Callable[[Any, Sequence[int], Any], None] | None = None
    copies: Callable[[Any, Acteur, int], Any] | None = None
    follows: frozenset[str] = frozenset()
    warns: Callable[[Any, Acteur, int], Sequence[str]] = lambda _session, _acteur, _id: ()

    def __post_init__(self) -> None:
        made = [replace(g, fields=[_declared(self.table, one) for one in g.fields]) for g in self.groups]
        object.__setattr__(self, "groups", made)

    def change(
        self, session: Any, acteur: Acteur, row_id: int, changes: dict[str, Any], seen: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Change fields that read ``seen`` when they were shown; what they read now.

        Raises:
            OvertakenError: somebody changed them since.
        """
        vus(session, seen)
        self.update(session, acteur, row_id, changes)
        return {**changes, **ecrits(session)}

    def rehearse(
        self, session: Any, acteur: Acteur, row_id: int | None, values: dict[str, Any],
        look: Callable[[], object] = lambda: None,
    ) -> NoReturn:  # fmt: skip
        """Have values judged as if they were saved, look at what they would give, and undo the transaction.

        Raises:
            Undone: nothing was refused; holds what ``look`` gave.
        """
        if row_id is None:
            self.create(session, acteur, values)
        elif values:
            self.update(session, acteur, row_id, values)
        raise Undone(look())

    def writes(self, acteur: Acteur, record: Any) -> bool:
        """Whether this person may change a record (None: a blank one), as the services decide."""
        return self.may_write(acteur, record) and (record is None or ecrit_partage(acteur, record))

    def held(self, acteur: Acteur, record: Any) -> str:
        """Why a record is only read, in a sentence; empty when it is written, or is nothing to be changed."""
        if self.writes(acteur, record):
            return ""
        return self.why_not(acteur, record) if not self.may_write(acteur, record) else PARTAGEE

    @property
    def fields(self) -> list[FieldSpec]:
        return [one for group in self.groups for one in group.fields]
