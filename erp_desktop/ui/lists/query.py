"""The text of the filter box: typed words (``statut:ouverte``, ``client:"Atlas Conserves"``) and free text.

``keys`` are the known words; a mapping also gives the values of each with the words in which they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from erp_desktop.domain import recherche

Options = Sequence[tuple[str, str]]
Keys = Collection[str] | Mapping[str, Options]


@dataclass(frozen=True, slots=True)
class Word:
    """A typed word with its place in the text; ``key`` is empty for free text."""

    key: str
    value: str
    start: int
    end: int


class Vocabulary(dict[str, Options]):
    """The known words with their values.

    Attributes:
        names: what each word is called in the language of the window, as it is typed, → the word.
    """

    def __init__(self, options: Mapping[str, Options], names: Mapping[str, str]) -> None:
        super().__init__(options)
        self.names = {typed_name(name): key for name, key in names.items() if typed_name(name) not in options}


def typed_name(name: str) -> str:
    """``Créée depuis`` as a word before a colon: ``creee_depuis``."""
    return recherche.serrer(name).replace(" ", "_")


def _options(keys: Keys) -> dict[str, Options]:
    return dict(keys) if isinstance(keys, Mapping) else {}


def words(text: str, keys: Keys) -> list[Word]:
    """The words of a filter in their order; ``x:y`` with an unknown ``x`` is free text."""
    shown = {key: [said for option in options for said in option] for key, options in _options(keys).items()}
    names = keys.names if isinstance(keys, Vocabulary) else {}
    shown |= {name: shown[key] for name, key in names.items() if key in shown}
    return [
        Word(names.get(one.cle, one.cle), one.valeur, one.debut, one.fin)
        for one in recherche.decouper(text, {*keys, *names}, shown)
    ]


def value_of(options: Options, said: str) -> str:
    """The value that a word stands for: itself, or the one shown by this word or its beginning."""
    folded = recherche.serrer(said)
    whole = [value for value, shown in options if folded in (recherche.serrer(value), recherche.serrer(shown))]
    begun = [value for value, shown in options if folded and recherche.serrer(shown).startswith(folded)]
    return (whole or (begun if len(begun) == 1 else []) or [said])[0]


def canonical(text: str, keys: Keys) -> str:
    """The filter as the services read it, with values in place of the words in which they are shown."""
    options = _options(keys)
    said = []
    for word in words(text, keys):
        if not word.key:
            said.append(text[word.start : word.end])
        else:
            parts = [value_of(options.get(word.key, ()), part.strip()) for part in word.value.split(",")]
            said.append(f"{word.key}:{quoted(','.join(parts))}")
    return " ".join(said)


def quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value


def without(text: str, word: Word) -> str:
    """The filter with one word taken out."""
    return " ".join((text[: word.start] + text[word.end :]).split())


def without_free_text(text: str, keys: Keys) -> str:
    return " ".join(text[word.start : word.end] for word in words(text, keys) if word.key)


def with_word(text: str, key: str, value: str, keys: Keys) -> str:
    """The filter with ``key:value`` in place of any other value of that key."""
    kept = [text[word.start : word.end] for word in words(text, keys) if word.key != key]
    return " ".join([*kept, f"{key}:{quoted(value)}"])
