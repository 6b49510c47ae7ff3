"""``--help`` of erp-admin and of every command below it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from erp_desktop import cli
from erp_desktop.cli.french import Commands

ENGLISH = re.compile(
    r"\b(usage|show|message|exit|commands?|args|default|required|env var|deprecated|error|bool|str|int|float|path"
    r"|range|list|file|name|the|and|of|to|with|for|from|this|is|not)\b", re.IGNORECASE,
)  # fmt: skip
KINDS = {"<texte>", "<chemin>", "<entier>", "<nombre>"}


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, (*path, name))


def test_the_help_of_every_command_is_french_to_the_last_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    root = Commands(help=cli.app.info.help or "", callback=cli._options)
    for name in cli.GROUPS:
        root.add_typer(importlib.import_module(f"erp_desktop.cli.{name}").app, name=name)
    command = get_command(root)
    walked = list(paths(command))
    assert len(walked) > 65
    for path in walked:
        command.main([*path, "--help"], "erp-admin", standalone_mode=False)
        told = capsys.readouterr().out
        assert f"Utilisation : {' '.join(('erp-admin', *path))} [OPTIONS]" in told
        assert re.search(r"--help +Afficher cette aide et quitter\.", told), told
        assert set(re.findall(r"<\w[^>|]*>", told)) <= KINDS, told
        # The names of commands, options, files and variables are what they are.
        told = re.sub(r"^│ \S+  |Utilisation : [\w -]+|--[\w-]+|\w+[._/]\w+|«[^»]*»", " ", told, flags=re.MULTILINE)
        assert ENGLISH.findall(told) == [], (path, told)
