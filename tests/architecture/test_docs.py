"""Tests and files that the documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from erp_desktop import paths

TESTS = {
    name
    for file in (paths.ROOT / "tests").rglob("test_*.py")
    for name in [
        file.stem,
        *re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE),
    ]
}
DOCUMENTS = sorted((paths.ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_what_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_[\w…]+)`", text))
    absent = {n for n in named if not any(re.fullmatch(n.replace("…", r"\w*"), test) for test in TESTS)}
    assert not absent
    files = set(re.findall(r"`((?:tests|docs|migrations|erp_desktop)/[\w./-]+)`", text))
    assert not {f for f in files if not (paths.ROOT / f).exists()}
