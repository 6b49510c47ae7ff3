"""The one door through which the command line prints: what comes from the data cannot move the cursor, fake a line
or turn the reading direction."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, marks of direction, halves of characters."""

Text = str | Sequence[str]


def harmless(text: str) -> str:
    """One line: each control character is shown as its escape (``\\n``, ``\\x1b``)."""
    return _CONTROLS.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def show(text: Text, *, err: bool = False) -> None:
    """Print a line, or lines; none of them can become two."""
    for line in [text] if isinstance(text, str) else text:
        typer.echo(harmless(line), err=err)


def show_json(answer: Any, default: Callable[[Any], Any] | None = None) -> None:
    """Print one line of JSON; what a terminal would obey is escaped as JSON escapes it.

    So is every letter where the output is in a code page, as a pipe is on Windows: who reads JSON reads UTF-8.
    """
    utf8 = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
    text = json.dumps(answer, default=default, ensure_ascii=not utf8)
    typer.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def prompt(question: str, **options: Any) -> str:
    """Ask on stderr."""
    return str(typer.prompt(harmless(question), show_default=False, err=True, **options))


def print_what_cannot_be_encoded() -> None:
    """A redirected output in a small code page shows an escape where it lacks a letter, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
