"""The floor plan: no circle between modules, rooms of a readable size, and papers that lead to true places."""

from __future__ import annotations

import ast
import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from erp_desktop.centre.sql import sql

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "erp_desktop"
MOST_LINES = 400
FEWEST_LINES = 20
MOST_MODULES = 15
SHORT = {
    "erp_desktop/centre/functions/devices.py": "one module for each folder of the centre's SQL",
    "erp_desktop/centre/functions/login.py": "one module for each folder of the centre's SQL",
    "erp_desktop/cli/__main__.py": "python -m erp_desktop.cli",
    "erp_desktop/ui/administration/acts.py": "forms of several records end their acts alike",
    "erp_desktop/registry/search_path.py": "read by every function of the centre, and by its check",
    "erp_desktop/reports/graduations.py": "figures without Qt, for charts and for the PDF",
    "erp_desktop/upgrade/install.py": "what env.py asks for by name, on either engine",
    "tests/sync/device/past.py": "what the files of one room share",
    "tests/upgrade/central/old_centre.py": "names that the fixtures of the room and its tests share",
}
"""Modules shorter than the rest, and why they are none's part."""


def modules() -> dict[str, list[str]]:
    """Path → lines, of everything but revisions, which are never edited."""
    paths = [
        path for room in ("erp_desktop", "migrations", "tests", "packaging") for path in (ROOT / room).rglob("*.py")
    ]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").splitlines()
        for path in paths
        if path.parent.name not in {"versions", "programmes"}
    }


def test_no_two_modules_need_each_other() -> None:
    graph = grimp.build_graph("erp_desktop", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 250
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_modules_have_a_readable_length() -> None:
    """A longer one says why, in the text at its top."""
    long = {name: lines for name, lines in modules().items() if len(lines) > MOST_LINES}
    assert [name for name, lines in long.items() if "Long on purpose: " not in "\n".join(lines[:16])] == []


def test_modules_are_worth_a_file() -> None:
    short = {
        name for name, lines in modules().items() if len(lines) < FEWEST_LINES and not name.endswith("__init__.py")
    }
    assert short - set(SHORT) == set()


def test_rooms_have_a_readable_number_of_modules() -> None:
    rooms = Counter(name.rpartition("/")[0] for name in modules() if not name.endswith("__init__.py"))
    assert {room: count for room, count in rooms.items() if count > MOST_MODULES} == {}


def test_tests_live_in_the_room_of_what_they_test() -> None:
    beside = {"architecture", "benchmarks", "demo", "migrations", "packaging", "data"}
    """What is tested there is no room of the package."""
    stories = {
        "sync/branches", "sync/histories", "centre/attack", "benchmarks/peer_app", "migrations/golden", "ui/central",
    }  # fmt: skip
    """Rooms of whole stories, which go through several rooms of the package."""
    rooms = {path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("*.py")} - {"."}
    lost = {
        room
        for room in rooms - stories - beside
        if not ((PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file())
    }
    assert lost == set()


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
