"""What people typed is shown as characters: no label, tooltip or box of the window reads it as rich text.

A client called ``<img src=file:///…>`` must be seen as these characters, and no file or share opened for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "erp_desktop"
FILES = [*sorted((ROOT / "ui").rglob("*.py")), *sorted((ROOT / "app").rglob("*.py"))]
_TIPS = {"setToolTip", "setTabToolTip", "setStatusTip", "setWhatsThis", "showText"}
_RICH = {"setHtml", "insertHtml", "appendHtml", "setMarkdown", "setAcceptRichText"}
_LABELS = {"QLabel", "QMessageBox", "QErrorMessage", "QInputDialog", "QProgressDialog", "QTextBrowser", "QToolTip"}
_KIT = {"Text", "Elided", "Button", "LineEdit", "TextArea", "_DateLine"}
"""Classes whose own ``setToolTip`` takes plain text."""
_REVIEWED = {
    ("ui/conflits/diff.py", "RichText"): "colours the words of a difference; every fragment is escaped",
}


def _name(node: ast.AST) -> str:
    return getattr(node, "id", "") or getattr(node, "attr", "")


def _fixed(node: ast.expr) -> bool:
    """A constant, its translation without values, or words made plain."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.IfExp):
        return _fixed(node.body) and _fixed(node.orelse)
    if isinstance(node, ast.Call):
        if _name(node.func) == "plain":
            return True
        return _name(node.func) == "tr" and not node.keywords and all(_fixed(a) for a in node.args)
    return False


def _faults(source: str, place: str) -> Iterator[str]:
    tree = ast.parse(source)
    plain_file = "setTextFormat(Qt.TextFormat.PlainText)" in source
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}

    def in_kit_class(node: ast.AST) -> bool:
        while node in parents:
            node = parents[node]
            if isinstance(node, ast.ClassDef):
                return node.name in _KIT or bool({_name(b) for b in node.bases} & _KIT)
        return False

    for node in ast.walk(tree):
        where = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute) and node.attr == "RichText" and (place, "RichText") not in _REVIEWED:
            yield f"{where} rich text"
        if not isinstance(node, ast.Call):
            continue
        called = _name(node.func)
        if called in _TIPS and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            mine = _name(owner) == "self" and in_kit_class(node)
            of_kit = _name(owner) in {"button", "line"} or (isinstance(owner, ast.Call) and in_kit_class(node))
            if not (_fixed(node.args[-1]) or mine or of_kit):
                yield f"{where} {called} of words that are not plain()"
        elif called in _RICH and not (called == "setAcceptRichText" and ast.unparse(node.args[0]) == "False"):
            yield f"{where} {called}"
        elif called in _LABELS and isinstance(node.func, ast.Name) and not plain_file:
            yield f"{where} {called} without plain text"
        elif called == "QTextEdit" and "setAcceptRichText(False)" not in source:
            yield f"{where} QTextEdit that takes rich text"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_widget_reads_data_as_rich_text(file: Path) -> None:
    assert list(_faults(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())) == []


def test_the_watch_sees_what_it_watches() -> None:
    bad = """
def f(client, widget):
    QLabel(client.nom)
    widget.setToolTip(client.nom)
    widget.setToolTip(tr("Client {nom}", nom=client.nom))
    widget.setHtml(client.nom)
    label.setTextFormat(Qt.TextFormat.RichText)
    widget.setToolTip(plain(client.nom))
"""
    assert [fault.split(" ")[0] for fault in _faults(bad, "x.py")] == [
        "x.py:3",
        "x.py:4",
        "x.py:5",
        "x.py:6",
        "x.py:7",
    ]
