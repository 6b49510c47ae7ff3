"""The text of a template with what it shares with others, and what is wrong with it in words of its own lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACE = re.compile(r"┌─ [^\n]*?:(\d+):(\d+)\n")
_FRENCH = (
    (r"unknown variable: (\S+)", "le nom « {0} » n'existe pas"),
    (r"dictionary does not contain key \"(.+?)\"", "la donnée « {0} » n'existe pas"),
    (r"unclosed delimiter", "une parenthèse, un crochet ou une accolade n'est pas fermé"),
    (r"unexpected closing .*", "une parenthèse, un crochet ou une accolade est fermé sans être ouvert"),
    (r"unclosed string", "un texte entre guillemets n'est pas fermé"),
    (r"(?:file not found|failed to load file|access denied|path would escape).*", "lire un fichier est refusé"),
    (r"expected (.+)", "il manque {0}"),
    (r"unexpected argument: (\S+)", "l'argument « {0} » n'existe pas"),
    (r"missing argument: (\S+)", "l'argument « {0} » manque"),
    (r"(?:condition is always true|loop seems to be infinite)", "une boucle ne finit pas"),
    (r"maximum (?:function call|layout|show rule) depth exceeded", "une fonction s'appelle sans fin"),
    (r"array index out of bounds.*", "une liste est plus courte que ce que le modèle y cherche"),
    (r"unknown font family: (.+)", "la police « {0} » n'est pas livrée"),
)
"""The engine's words that a template's author meets, and ours."""


@dataclass(frozen=True, slots=True)
class Source:
    """Files put one after the other: a template can import nothing, so what it shares stands before it.

    Attributes:
        parts: name and text of each file, the template itself last.
    """

    parts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.parts)

    @property
    def name(self) -> str:
        return self.parts[-1][0]

    def place(self, line: int) -> tuple[str, int]:
        """File and line of a line of :attr:`text`, both from 1."""
        for name, text in self.parts[:-1]:
            length = text.count("\n") + 1
            if line <= length:
                return name, line
            line -= length
        return self.name, line

    def told(self, message: str, diagnostic: str) -> str:
        """One French sentence: which file, which line, what."""
        found = _PLACE.search(diagnostic)
        where = self.name
        if found is not None:
            name, line = self.place(int(found[1]))
            where = f"{name}, ligne {line}, colonne {int(found[2]) + 1}"
        return f"Le modèle {where} est faux : {_french(message)}."

    def refused(self, word: str, at: int) -> str:
        """The sentence for a word that no paper needs, at a place of :attr:`text`."""
        name, line = self.place(self.text.count("\n", 0, at) + 1)
        return f"Le modèle {name}, ligne {line}, emploie « {word} », qui est refusé."


def _french(message: str) -> str:
    first = message.splitlines()[0].strip().rstrip(".") if message.strip() else "le moteur le refuse"
    for pattern, sentence in _FRENCH:
        if found := re.match(pattern, first):
            return sentence.format(*found.groups())
    return f"« {first} »"
