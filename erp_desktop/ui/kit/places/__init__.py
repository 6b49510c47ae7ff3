"""Which row stands where in a long list: its blocks, of which those looked at are known."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

R = TypeVar("R")

KEPT = 32
"""Blocks of identifiers in memory, those used last."""


class Mark(Protocol):
    """Where a block begins; what else it holds is its source's own."""

    @property
    def place(self) -> int: ...


class Walk(Protocol):
    """What a source knows of a list: without ``marks``, ``ids`` is all of it, else these are the first blocks."""

    @property
    def ids(self) -> Sequence[int]: ...

    @property
    def count(self) -> int: ...

    @property
    def marks(self) -> Sequence[Mark]: ...


class Source(Protocol[R]):
    """Where a list reads; everything runs on the database worker."""

    def ids(self, session: Any, text: str, sort: str, descending: bool, limit: int | None) -> Sequence[int]: ...

    def page(
        self, session: Any, text: str, sort: str, descending: bool, limit: int, shown: int
    ) -> tuple[Sequence[int], list[R]]:
        """Identifiers of the beginning, and the rows of the first ones."""
        ...

    def walk(self, session: Any, text: str, sort: str, descending: bool) -> Walk:
        """The list whole, or how many rows it has and where its blocks begin, when it is long."""
        ...

    def block(self, session: Any, text: str, sort: str, descending: bool, mark: Mark) -> Sequence[int]:
        """The identifiers of one block."""
        ...

    def in_block(
        self, session: Any, text: str, sort: str, descending: bool, mark: Mark, first: int, shown: int
    ) -> tuple[Sequence[int], list[R]]:
        """The identifiers of one block, and the rows from one of its places on."""
        ...

    def find(
        self, session: Any, text: str, sort: str, descending: bool, marks: Sequence[Mark], row_id: int
    ) -> int | None:
        """The number of the block that holds a row; None when the list does not hold it."""
        ...

    def rows(self, session: Any, ids: list[int]) -> list[R]: ...


class Places:
    """The identifiers of a list by their places, as far as they are known.

    Args:
        ids: all of them, or those of the first blocks.
        count: rows of the list; as many as ``ids`` unless given.
        marks: where the blocks begin; none when ``ids`` is all.
    """

    def __init__(self, ids: Sequence[int] = (), count: int | None = None, marks: Sequence[Mark] = ()) -> None:
        # Packed: a list of integers takes five times as much.
        known = ids if isinstance(ids, array) else array("q", ids)
        self.count = len(known) if count is None else count
        self.marks = marks
        self._starts = array("q", (mark.place for mark in marks)) if marks else array("q", [0])
        self._blocks: OrderedDict[int, array[int]] = OrderedDict()
        for block, start in enumerate(self._starts):
            if start < len(known) or block == 0:
                self._blocks[block] = known[start : self._end(block)] if marks else known

    def __len__(self) -> int:
        return self.count

    @property
    def whole(self) -> bool:
        """Whether every identifier is known."""
        return not self.marks

    def _end(self, block: int) -> int:
        return self._starts[block + 1] if block + 1 < len(self._starts) else self.count

    def block_of(self, place: int) -> int:
        """The number of the block in which a place is."""
        return bisect_right(self._starts, place) - 1

    def has(self, block: int) -> bool:
        """Whether the identifiers of a block are known."""
        return block in self._blocks

    def put(self, block: int, ids: Sequence[int]) -> None:
        """Identifiers of a block arrived; those that nobody looked at for long are forgotten."""
        self._blocks[block] = array("q", ids)
        self._blocks.move_to_end(block)
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)

    def at(self, place: int) -> int | None:
        """The identifier at a place; None while it is not known, or when the row is gone."""
        if not 0 <= place < self.count:
            return None
        block = self.block_of(place)
        ids = self._blocks.get(block)
        if ids is None:
            return None
        if self.marks:
            self._blocks.move_to_end(block)
        within = place - self._starts[block]
        return ids[within] if within < len(ids) else None

    def of(self, row_id: int) -> int:
        """The place of an identifier among those known, -1 when it is none of them."""
        for block, ids in self._blocks.items():
            if row_id in ids:
                return int(self._starts[block] + ids.index(row_id))
        return -1

    def span(self, block: int) -> tuple[int, int]:
        """The places of a block: the first, and the one after the last."""
        return self._starts[block], self._end(block)

    def used(self, most: int) -> list[tuple[int, int]]:
        """The spans of the blocks used last, in the order of the list."""
        return sorted(self.span(block) for block in list(self._blocks)[-most:])

    def blocks_in(self, first: int, end: int) -> range:
        """The blocks that hold the places from ``first`` to the one before ``end``."""
        end = min(end, self.count)
        return range(self.block_of(first), self.block_of(end - 1) + 1) if first < end else range(0)

    def within(self, spans: Sequence[tuple[int, int]]) -> array[int]:
        """The identifiers known in these spans, in order."""
        found: array[int] = array("q")
        for first, end in spans:
            for block in self.blocks_in(first, end):
                start = self._starts[block]
                found += self._blocks.get(block, array("q"))[max(0, first - start) : max(0, end - start)]
        return found

    def with_blocks(self, blocks: Mapping[int, Sequence[int]], first: int, end: int) -> list[int]:
        """The identifiers from one place to another, with those of blocks that were just read."""
        found: list[int] = []
        for block in self.blocks_in(first, end):
            start, ids = self._starts[block], blocks[block] if block in blocks else self._blocks.get(block, ())
            found += ids[max(0, first - start) : max(0, end - start)]
        return found

    def read(
        self, session: Any, source: Source[R], question: tuple[str, str, bool], known: list[int],
        missing: Sequence[int], first: int, end: int,
    ) -> tuple[dict[int, Sequence[int]], list[R]]:  # fmt: skip
        """The rows from one place to another, whose identifiers are known or in blocks that have to be read."""
        if not missing:
            return {}, source.rows(session, known)
        if len(missing) == 1 and len(self.blocks_in(first, end)) == 1:
            (block,) = missing
            place = first - self._starts[block]
            ids, rows = source.in_block(session, *question, self.marks[block], place, end - first)
            return {block: ids}, rows
        blocks = {block: source.block(session, *question, self.marks[block]) for block in missing}
        return blocks, source.rows(session, self.with_blocks(blocks, first, end))

    def same(self, other: Places, spans: Sequence[tuple[int, int]]) -> bool:
        """Whether another has as many rows, and the same ones in these spans."""
        if self.whole and other.whole:
            spans = [(0, self.count)]
        return self.count == other.count and self.within(spans) == other.within(spans)

    def known(self) -> Iterator[int]:
        """Every identifier that is known, in order."""
        for block in sorted(self._blocks):
            yield from self._blocks[block]


def _moves(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int, int]:
    """Rows that come, that go and that change place from one order to another: the fewest that explain it."""
    start, end_old, end_new = 0, len(old), len(new)
    while start < min(end_old, end_new) and old[start] == new[start]:
        start += 1
    while min(end_old, end_new) > start and old[end_old - 1] == new[end_new - 1]:
        end_old, end_new = end_old - 1, end_new - 1
    places = {row_id: place for place, row_id in enumerate(old[start:end_old])}
    kept = [places[row_id] for row_id in new[start:end_new] if row_id in places]
    # What need not move is the longest run of rows whose order is the same in both.
    tails: list[int] = []
    for place in kept:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return end_new - start - len(kept), end_old - start - len(kept), len(kept) - len(tails)


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """How many rows come, go or change place from one order to another."""
    return sum(_moves(old, new))


def changes(old: Places, new: Places, spans: Sequence[tuple[int, int]]) -> int:
    """How many rows came, went or moved; of a long list as far as the blocks looked at tell."""
    if old.whole and new.whole:
        return differences(old.within([(0, old.count)]), new.within([(0, new.count)]))
    come, gone, moved = _moves(old.within(spans), new.within(spans))
    # What comes into a block pushes another row out of it, which is no change of its own.
    return max(max(come, gone) + moved, abs(old.count - new.count))
