"""Tests and files that the documents name are there."""

from __future__ import annotations

import html
import importlib
import importlib.util
import re
from pathlib import Path

import pypdf
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


def test_the_documents_become_pages_and_papers_that_lose_nothing_to_type(tmp_path: Path) -> None:
    """``python3 dev.py docs``: the IT guide whole, and every other document read."""
    found = importlib.util.spec_from_file_location("documents", paths.ROOT / "packaging" / "docs.py")
    assert found is not None
    assert found.loader is not None
    docs = importlib.util.module_from_spec(found)
    found.loader.exec_module(docs)
    guide = paths.ROOT / "docs" / "guide_it.md"
    web, paper = docs.write(guide, tmp_path)
    blocks = re.findall(r"^```\w*\n(.*?)\n```$", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 20
    page = html.unescape(web.read_text(encoding="utf-8"))
    assert [block for block in blocks if block not in page] == []
    printed = re.sub(r"\s+", "", "".join(p.extract_text() for p in pypdf.PdfReader(paper).pages))
    commands = [line for block in blocks for line in block.splitlines() if line.startswith("erp-admin ")]
    assert [line for line in commands if re.sub(r"\s+", "", line)[:60] not in printed] == []
    # Long names in narrow columns, and columns of figures.
    for name in ("securite", "benchmarks"):
        _, paper = docs.write(paths.ROOT / "docs" / f"{name}.md", tmp_path)
        assert _crossed(paper) == []
    for document in DOCUMENTS:
        tokens = docs.read(document.read_text(encoding="utf-8"))
        page = docs.as_html(tokens)
        assert docs.title(tokens) in html.unescape(page)
        linked = [document.parent / link for link in re.findall(r'(?:href|src)="([^"#:]+)"', page)]
        assert [link for link in linked if not link.exists() and link.with_suffix(".md") not in DOCUMENTS] == []
        assert "#heading(level: 1)" in docs.as_typst(tokens)


def _crossed(paper: Path) -> list[str]:
    """Characters of a PDF that a line of a table goes through, or that the page's margin does."""
    import pypdfium2

    found = []
    for number, page in enumerate(pypdfium2.PdfDocument(paper), 1):
        drawn = (thing.get_bounds() for thing in page.get_objects() if thing.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH)
        upright = [(left, low, high) for left, low, right, high in drawn if right - left < 2 < high - low]
        upright.append((page.get_width() - 50, 0.0, page.get_height()))
        text = page.get_textpage()
        for n in range(text.count_chars()):
            left, low, right, high = text.get_charbox(n)
            if any(left < at < right and bottom < low and high < top for at, bottom, top in upright):
                found.append(f"{text.get_text_range(max(0, n - 20), 21)!r} ({number})")
        assert len(upright) > 1 or number > 1, "no table is seen"
    return found


def test_the_guide_asks_for_the_libraries_that_the_package_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no Debian package reads the list in the guide: it is the package's own."""
    monkeypatch.syspath_prepend(str(paths.ROOT / "packaging" / "linux"))
    package = importlib.import_module("deb")
    guide = (paths.ROOT / "docs" / "guide_it.md").read_text(encoding="utf-8")
    paragraph = guide[guide.index("Sous Linux sans bureau complet") :].split("\n\n")[0]
    listed = " ".join(re.findall(r"`([^`]+)`", paragraph)).split()
    assert listed == package.needed()
