"""A page of the developer's guide, played: its changes made in a copy of what git has, its commands typed there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from erp_desktop import paths

# Types lines in one process of the copy: a process each would cost its imports each time.
_TYPED = """
import json, os, runpy, shlex, sys
typed, *more = sys.argv[1:]
for line in json.loads(typed):
    words = shlex.split(os.path.expandvars(line))
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        os.environ[name] = value
    program, *rest = words
    sys.argv = words
    try:
        if program == "alembic":
            from alembic.config import main
            main(rest, prog="alembic")
        elif words[:2] == ["python", "-m"]:
            sys.argv = words[2:]
            runpy.run_module(words[2], run_name="__main__")
        elif program == "erp-admin":
            from erp_desktop import cli
            cli.main()
        else:
            raise SystemExit(f"unknown: {line}")
    except SystemExit as left:
        if left.code:
            raise
"""


class Page:
    """One page.

    Attributes:
        cost: lines and files that it says are written by hand.
        commands: what is typed, in order.
    """

    def __init__(self, name: str) -> None:
        text = (paths.ROOT / "docs" / name).read_text(encoding="utf-8")
        self.blocks: list[tuple[str, str, str]] = re.findall(
            r"^```(diff|bash|python|json)(?: (\S+))?\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL
        )
        said = re.search(r"\*\*(\d+) lines written by hand in (\d+) files\*\*", text)
        assert said is not None
        self.cost = int(said[1]), int(said[2])
        self.commands = [line for kind, _, block in self.blocks if kind == "bash" for line in block.splitlines()]

    def write(self, tree: Path) -> tuple[int, int]:
        """Make the changes of the page; lines and files written. A block without a place is read, not made."""
        written: dict[str, int] = {}
        for kind, name, block in self.blocks:
            if kind == "diff":
                file, count = changed(tree, block)
            elif name:
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(f"{block}\n", encoding="utf-8")
                file, count = name, len(block.splitlines())
            else:
                continue
            written[file] = written.get(file, 0) + count
        return sum(written.values()), len(written)


def changed(folder: Path, block: str) -> tuple[str, int]:
    """Make one change of the page; the file, and how many lines it writes."""
    name, _, hunks = block.removeprefix("+++ ").partition("\n")
    file = folder / name
    text = file.read_text(encoding="utf-8")
    for hunk in hunks.split("\n@@\n"):
        lines = hunk.split("\n")
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, (name, before)
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    return name, sum(line.startswith("+") for line in hunks.split("\n"))


class Copy:
    """A copy of what git has, in which a page is played; ``dev.sqlite`` is what its first command builds."""

    def __init__(self, tree: Path, template: Path, centre: str) -> None:
        self.tree = tree
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=paths.ROOT, capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            if not name.startswith(("tests/migrations/golden/", "docs/")):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(paths.ROOT / name, tree / name)
        shutil.copy(template, tree / "dev.sqlite")
        self._machine = {
            **os.environ, "PYTHONPATH": str(tree), "CENTRE": centre, "QT_QPA_PLATFORM": "offscreen",
        }  # fmt: skip

    def type(self, lines: list[str], then: str = "", *words: str) -> str:
        """Type commands in one process, then run a script with ``words`` in it; what they print."""
        command = [sys.executable, "-c", _TYPED + then, json.dumps(lines), *words]
        done = subprocess.run(
            command, cwd=self.tree, env=self._machine, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
