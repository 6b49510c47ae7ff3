"""The pages that say how a column and a noun are added fit the tree; other tests play them whole."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from erp_desktop import paths
from tests.migrations.pages import Page


@pytest.mark.parametrize(
    ("name", "lines", "files"), [("guide_developpeur.md", 30, 6), ("guide_nouvelle_table.md", 250, 10)]
)
def test_a_page_fits_the_tree_and_costs_what_it_says(tmp_path: Path, name: str, lines: int, files: int) -> None:
    page = Page(name)
    for file in {block.split("\n")[0].removeprefix("+++ ") for kind, _, block in page.blocks if kind == "diff"}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text((paths.ROOT / file).read_text(encoding="utf-8"), encoding="utf-8")
    assert page.write(tmp_path) == page.cost
    assert page.cost[0] < lines
    assert page.cost[1] <= files
    for made in tmp_path.rglob("*.py"):
        ast.parse(made.read_text(encoding="utf-8"))
    words = {made.name[3:]: set[str]() for made in tmp_path.rglob("??-*.json")}
    for made in tmp_path.rglob("??-*.json"):
        words[made.name[3:]] ^= set(json.loads(made.read_text(encoding="utf-8")))
    # One language's texts are the other's.
    assert not any(left for made, left in words.items() if made != "refus.json")
