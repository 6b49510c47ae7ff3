"""What one noun tells the list page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.shared import wording
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.shared.places import Long, Walk, pages
from erp_desktop.services.shared.places.pages import First
from erp_desktop.settings import Mode
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.spec import FormSpec, ecrit_les_fiches
from erp_desktop.ui.kit.i18n import counted, number, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.query import Vocabulary
from erp_desktop.ui.wording import value_labels

R = TypeVar("R")
_SELECTED = (
    ("{n} sélectionné sur {total}", "{n} sélectionnés sur {total}"),
    ("{n} sélectionnée sur {total}", "{n} sélectionnées sur {total}"),
)


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
class Shortcut:
    """A word of the filter with its value, one click away; the chip counts what it would leave.

    Attributes:
        key, value: as typed, ``sla:depasse``; the key is that of a facet.
        label: its name on the chip.
        icon: before the name.
        tone: the semantic colour of a number; empty says it calmly.
    """

    key: str
    value: str
    label: str
    icon: str
    tone: str = "danger"


@dataclass(frozen=True)
class ListSpec(Generic[R]):
    """One list.

    Attributes:
        title: in the plural, e.g. ``Clients``.
        one, many: ``1 client`` and ``{n} clients``.
        feminine: how « sélectionné » agrees.
        empty: title of a page on which nothing answers the filter.
        blank: title of a page that is empty without any.
        serves: what the first record would be good for, said on such a page.
        new: words of the button that creates; empty when nobody creates here.
        form: of one row; its kind is the section's key, its table the one whose changes make rows stale.
        ids: ``ids(session, acteur, query)``.
        rows: ``rows(session, acteur, ids)``.
        first: the first identifiers as one statement of the centre, which then reads them and their rows in one round
            trip (``services.shared.places.pages``).
        page: the same of a list that does it in its own way: ``page(session, acteur, query, shown)``.
        block: the same of a block of ``places``: ``block(session, acteur, query, mark, first, shown)``.
        also: other tables whose changes make rows stale.
        may_create: whether this person may.
        shortcuts: words of the filter that are offered as one click, with their number.
        hints: French sentences about what a filter text says that is not understood.
        ticks: a box before each row shows which are chosen.
        places: of a list that may be long, how its places are reached; without, every identifier is read.
    """

    title: str
    icon: str
    placeholder: str
    columns: Sequence[Column[R]]
    row_id: Callable[[R], int]
    ids: Callable[[Any, Acteur, ListQuery], list[int]]
    rows: Callable[[Any, Acteur, list[int]], list[R]]
    one: str
    many: str
    empty: str
    new: str
    form: FormSpec
    sort: str = ""
    descending: bool = False
    feminine: bool = False
    facets: Sequence[Facet] = field(default_factory=tuple)
    shortcuts: Sequence[Shortcut] = ()
    also: Sequence[str] = ()
    may_create: Callable[[Acteur], bool] = ecrit_les_fiches
    hints: Callable[[str], list[str]] = lambda _text: []
    places: Long | None = None
    first: First | None = None
    page: Callable[[Any, Acteur, ListQuery, int], tuple[list[int], list[R]]] | None = None
    block: Callable[[Any, Acteur, ListQuery, Any, int, int], tuple[list[int], list[R]]] | None = None
    blank: str = "Rien ici pour l'instant"
    serves: str = ""
    ticks: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", [self._titled(column) for column in self.columns])

    def why_not(self, acteur: Acteur) -> str:
        """Why this person creates nothing in this list, in the language in force; empty when they may."""
        if not self.new:
            return tr("Rien ne se crée dans cette liste.")
        return "" if self.may_create(acteur) else tr("Votre rôle ne permet pas de créer ici.")

    def _titled(self, column: Column[R]) -> Column[R]:
        if column.title != LABEL:
            return column
        declared = wording.field(self.form.table, column.key)
        if declared is None:
            raise ValueError(f"{self.form.table}.{column.key}: no column declares it, so its title is said here")
        return replace(column, title=declared.label)

    @property
    def key(self) -> str:
        return self.form.kind

    @property
    def table(self) -> str:
        return self.form.table

    def counted(self, count: int) -> str:
        """``1 248 interventions``."""
        return counted(self.one, self.many, count)

    def selected(self, count: int, total: int) -> str:
        """``1 sélectionnée sur 1 248``."""
        words = _SELECTED[self.feminine][count > 1]
        return tr(words, n=number(count), total=number(total))

    @property
    def words(self) -> Vocabulary:
        """Typed word → values of its closed list and what they are called; each has its name in this language too."""
        return Vocabulary(
            {facet.key: facet.options() if facet.options is not None else [] for facet in self.facets},
            {tr(facet.label): facet.key for facet in self.facets},
        )


class Reader:
    """The list's source with the person's rights filled in."""

    def __init__(self, spec: ListSpec[Any], contexte: Contexte) -> None:
        self._spec, self._acteur = spec, contexte.acteur
        self._central = contexte.settings.mode is Mode.CENTRE

    def read_words(self, when: datetime) -> str:
        """Of when what is shown is, and whose: this desktop's copy or the centre itself."""
        told = value_labels.freshness(when)
        if self._central:
            return tr("Données du centre {quand}", quand=told)
        return tr("Données locales {quand}", quand=told)

    def ids(self, session: Any, text: str, sort: str, descending: bool, limit: int | None) -> list[int]:
        return self._spec.ids(session, self._acteur, ListQuery(text, sort, descending, limit))

    def page(
        self, session: Any, text: str, sort: str, descending: bool, limit: int, shown: int
    ) -> tuple[list[int], list[Any]]:
        query = ListQuery(text, sort, descending, limit)
        if self._spec.page is not None:
            return self._spec.page(session, self._acteur, query, shown)
        return pages.page(session, self._acteur, query, shown, self._spec.ids, self._spec.rows, self._spec.first)

    def count(self, session: Any, text: str, most: int) -> int:
        """How many rows the list would show of a filter; ``most`` when there are as many or more."""
        return len(self.ids(session, text, self._spec.sort, self._spec.descending, most))

    def walk(self, session: Any, text: str, sort: str, descending: bool) -> Walk:
        if self._spec.places is None:
            found = self.ids(session, text, sort, descending, None)
            return Walk(found, len(found))
        return self._spec.places.walk(session, self._acteur, ListQuery(text, sort, descending))

    def block(self, session: Any, text: str, sort: str, descending: bool, mark: Any) -> list[int]:
        return self._long.block(session, self._acteur, ListQuery(text, sort, descending), mark)

    def in_block(
        self, session: Any, text: str, sort: str, descending: bool, mark: Any, first: int, shown: int
    ) -> tuple[list[int], list[Any]]:
        query = ListQuery(text, sort, descending)
        if self._spec.block is not None:
            return self._spec.block(session, self._acteur, query, mark, first, shown)
        asked = self._long.block_at_once(session, self._acteur, query, mark) if self._spec.first is not None else None
        if asked is not None:
            return pages.both(session, self._acteur, asked, self._spec.rows, first, shown)
        found = self.block(session, text, sort, descending, mark)
        return found, self.rows(session, found[first : first + shown])

    def find(
        self, session: Any, text: str, sort: str, descending: bool, marks: Sequence[Any], row_id: int
    ) -> int | None:
        return self._long.find(session, self._acteur, ListQuery(text, sort, descending), marks, row_id)

    @property
    def _long(self) -> Long:
        if self._spec.places is None:
            raise ValueError(f"{self._spec.key}: its walk gives no marks")
        return self._spec.places

    def rows(self, session: Any, ids: list[int]) -> list[Any]:
        return self._spec.rows(session, self._acteur, ids)
