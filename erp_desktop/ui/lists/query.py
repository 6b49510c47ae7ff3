"""The text of the filter box: typed words (``statut:ouverte``, ``client:"Atlas Conserves"``) and free text."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_WORD = re.compile(r'(?:(?P<key>[a-zé_]+):)?(?P<value>"[^"]*"?|\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A typed word with its place in the text; ``key`` is empty for free text."""

    key: str
    value: str
    start: int
    end: int


def words(text: str, keys: Collection[str]) -> list[Word]:
    """The words of a filter in their order; ``x:y`` with an unknown ``x`` is free text."""
    found = []
    for match in _WORD.finditer(text):
        key = (match["key"] or "").lower()
        value = match["value"] if key in keys else match[0]
        found.append(Word(key if key in keys else "", value.strip('"'), match.start(), match.end()))
    return found


def quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value


def without(text: str, word: Word) -> str:
    """The filter with one word taken out."""
    return " ".join((text[: word.start] + text[word.end :]).split())


def without_free_text(text: str, keys: Collection[str]) -> str:
    return " ".join(text[word.start : word.end] for word in words(text, keys) if word.key)


def with_word(text: str, key: str, value: str, keys: Collection[str]) -> str:
    """The filter with ``key:value`` in place of any other value of that key."""
    kept = [text[word.start : word.end] for word in words(text, keys) if word.key != key]
    return " ".join([*kept, f"{key}:{quoted(value)}"])
