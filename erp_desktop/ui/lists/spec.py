"""What one noun tells the list page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from erp_desktop.domain.acteur import Acteur
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.spec import FormSpec
from erp_desktop.ui.kit.table import Column

R = TypeVar("R")


@dataclass(frozen=True)
class Facet:
    """A typed word that the filter understands.

    Attributes:
        key: the word before the colon.
        label: its name on a chip.
        options: values and words to offer in a menu, made when the menu opens.
        search: or a reading that gives them, run in the background: ``search(session, acteur) -> [(value, word)]``.
        shown: False for words that have no chip of their own until typed.
    """

    key: str
    label: str
    options: Callable[[], list[tuple[str, str]]] | None = None
    search: Callable[[Any, Acteur], list[tuple[str, str]]] | None = None
    shown: bool = True


@dataclass(frozen=True)
class ListSpec(Generic[R]):
    """One list.

    Attributes:
        key: section key and name of the remembered widths.
        table: table whose changes make rows stale.
        title: in the plural, e.g. ``Clients``.
        counted: says ``1 248 interventions`` from a number.
        selected: says ``1 sélectionnée sur 1 248``.
        empty: title of the empty page.
        new: words of the button that creates; empty when nobody creates here.
        ids: ``ids(session, acteur, text, sort, descending)``.
        rows: ``rows(session, acteur, ids)``.
        may_create: whether this person may.
        hints: French sentences about what a filter text says that is not understood.
    """

    key: str
    table: str
    title: str
    icon: str
    placeholder: str
    columns: Sequence[Column[R]]
    row_id: Callable[[R], int]
    ids: Callable[[Any, Acteur, str, str, bool], list[int]]
    rows: Callable[[Any, Acteur, list[int]], list[R]]
    counted: Callable[[int], str]
    selected: Callable[[int, int], str]
    empty: str
    new: str
    form: FormSpec
    sort: str = ""
    descending: bool = False
    facets: Sequence[Facet] = field(default_factory=tuple)
    may_create: Callable[[Acteur], bool] = lambda _acteur: True
    hints: Callable[[str], list[str]] = lambda _text: []

    @property
    def words(self) -> list[str]:
        return [facet.key for facet in self.facets]


class Reader:
    """The list's source with the person's rights filled in."""

    def __init__(self, spec: ListSpec[Any], contexte: Contexte) -> None:
        self._spec, self._acteur = spec, contexte.acteur

    def ids(self, session: Any, text: str, sort: str, descending: bool) -> list[int]:
        return self._spec.ids(session, self._acteur, text, sort, descending)

    def rows(self, session: Any, ids: list[int]) -> list[Any]:
        return self._spec.rows(session, self._acteur, ids)
