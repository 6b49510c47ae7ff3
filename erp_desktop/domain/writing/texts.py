"""The sentences of one language, read from ``resources/translations``; French is the source and needs none."""

from __future__ import annotations

import json
import re
from functools import cache

from erp_desktop import paths
from erp_desktop.domain.writing.accord import accorder

_QUOTED = re.compile("« ([^«»]+) »")
_QUOTES = {"ar": "”{}“", "en": "“{}”"}


class Texts:
    """One language; a text that it lacks stays in French.

    ``{language}-refus.json`` holds the sentences of the domain, of the services and of the exchange: they come with
    their values inside, and are recognised by what surrounds these.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.known: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for file in sorted((paths.RESOURCES / "translations").glob(f"{language}*.json"), reverse=True):
            read = json.loads(file.read_text(encoding="utf-8"))
            self.known.update(read)
            if file.stem.endswith("-refus"):
                self._patterns += [(_pattern(source), said) for source, said in read.items() if "{" in source]
        # The one with most words of its own says most exactly what was meant.
        self._patterns.sort(key=lambda pair: -len(pair[0].pattern))

    def of(self, source: str) -> str | None:
        """A text in this language; None when it is not known."""
        return self.known.get(source) or self.sentence(source)

    def sentence(self, words: str) -> str | None:
        """A refusal in this language, its values kept; None when it is not known."""
        plain = words.replace("’", "'").replace("\u00a0", " ")
        if plain in self.known:
            return self.known[plain]
        for pattern, said in self._patterns:
            if match := pattern.fullmatch(plain):
                values = {name: self._value(value) for name, value in match.groupdict().items()}
                return accorder(said, values, self.language).format(**values)
        return None

    def _value(self, words: str) -> str:
        """What stands inside a sentence: a name, a sentence of its own with or without its full stop, or as it is."""
        if (found := self.sentence(words)) is not None:
            return found
        if (quoted := _QUOTED.fullmatch(words)) and (known := self.known.get(quoted[1])):
            return _QUOTES.get(self.language, "« {} »").format(known)
        ended = self.sentence(f"{words}.") if words.count(" ") > 1 else None
        return ended.removesuffix(".") if ended is not None else words


@cache
def texts(language: str) -> Texts:
    """The same for everybody: nothing of it changes."""
    return Texts(language)


@cache
def singulars() -> dict[str, str]:
    """French texts that count several things → what they say of one."""
    read: dict[str, str] = json.loads((paths.RESOURCES / "translations" / "fr-singulier.json").read_text("utf-8"))
    return read


def _pattern(source: str) -> re.Pattern[str]:
    """What a sentence of the catalogue looks like with its values filled in."""
    parts = re.split(r"\{(\w+)\}", source)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )
