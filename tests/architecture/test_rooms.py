"""The floor plan: no circle between modules, rooms of a readable size, and papers that lead to true places."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from erp_desktop.centre.sql import sql

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "erp_desktop"
MOST_LINES = 400
MOST_MODULES = 15
LONG = {"erp_desktop/ui/lists/page.py"}
"""Modules longer than the rest: no other may join them."""


def test_no_two_modules_need_each_other() -> None:
    graph = grimp.build_graph("erp_desktop", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 250
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_modules_have_a_readable_length() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {name for name, lines in lengths.items() if lines > MOST_LINES} <= LONG


def test_rooms_have_a_readable_number_of_modules() -> None:
    rooms = {path.parent for path in PACKAGE.rglob("*.py")}
    crowded = {
        room.relative_to(ROOT).as_posix(): count
        for room in rooms
        if (count := sum(path.name != "__init__.py" for path in room.glob("*.py"))) > MOST_MODULES
    }
    assert crowded == {}


@pytest.mark.parametrize("paper", ["ARCHITECTURE.md", "sync.md", "migrations.md", "regles.md", "definitions.md"])
def test_files_that_a_paper_names_are_there(paper: str) -> None:
    text = (ROOT / "docs" / paper).read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./]+/[\w./]+\.(?:py|sql|json|md|toml))`", text))
    missing = {name for name in named if not ((ROOT / name).exists() or (PACKAGE / name).exists())}
    assert missing == set()


def test_the_centres_sql_is_in_files_of_its_own() -> None:
    """What one table after the other is made for stays in Python: it comes from the registry."""
    folder = PACKAGE / "centre" / "sql"
    modules = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    used = set(re.findall(r'\bsql\(\s*"([a-z_/]+)"', "\n".join(modules)))
    there = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.sql")}
    assert len(there) > 35
    assert used == there
    assert [
        line for path in folder.rglob("*.sql") for line in path.read_text("utf-8").splitlines() if len(line) > 118
    ] == []
    bodies = [
        node.value
        for text in modules
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "$f$" in node.value
    ]
    assert [body for body in bodies if len(body) > 1_500] == []


def test_a_name_that_a_file_does_not_have_is_an_error() -> None:
    assert "SET search_path = pg_catalog" in sql("merge/push", PIN="SET search_path = pg_catalog")
    with pytest.raises(KeyError, match=r"merge/push\.sql has no :AUTRE"):
        sql("merge/push", PIN="", AUTRE="")
