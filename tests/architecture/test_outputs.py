"""What leaves the program goes through few doors: one writer of tables, one printer, names nobody can foretell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "erp_desktop"
FILES = sorted(ROOT.rglob("*.py"))
_TABLES = "reports/tableur.py"
_PRINTER = "cli/terminal.py"
_CSV = {"writer", "DictWriter"}
_RUN_BY_SHEETS = {
    "write_formula",
    "write_array_formula",
    "write_dynamic_array_formula",
    "write_url",
    "write_rich_string",
}
_ECHOES = {"echo", "secho", "echo_via_pager", "prompt", "confirm"}
_REVIEWED = {
    ("cli/common.py", "Console"): "a progress bar with a title of ours",
    ("upgrade/history.py", "stdout"): "names of our own revisions",
    ("upgrade/preview.py", "stdout"): "SQL of our own revisions",
    ("demo/__main__.py", "print"): "sentences of the demonstration",
    ("demo/shots.py", "print"): "a count and a folder",
}


def _name(node: ast.AST) -> str:
    return getattr(node, "id", "") or getattr(node, "attr", "")


def _faults(source: str, place: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        fault = _fault(node, place)
        if fault and (place, fault) not in _REVIEWED:
            yield f"{place}:{getattr(node, 'lineno', 0)} {fault}"


def _fault(node: ast.AST, place: str) -> str:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
        return "xlsxwriter" if "xlsxwriter" in names and place != _TABLES else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "foreseeable name" if node.value.endswith((".tmp", ".part", ".temp")) else ""
    if isinstance(node, ast.Attribute) and _name(node.value) == "sys" and node.attr in {"stdout", "stderr"}:
        return "stdout" if place != _PRINTER and node.attr == "stdout" else ""
    if not isinstance(node, ast.Call):
        return ""
    called, owner = _name(node.func), _name(getattr(node.func, "value", ast.Pass()))
    if owner == "csv" and called in _CSV and place != _TABLES:
        return "csv"
    if called in _RUN_BY_SHEETS or (called == "write" and owner in {"feuille", "sheet", "worksheet"}):
        return "run by sheets"
    if place == _PRINTER:
        return ""
    if owner in {"typer", "click"} and called in _ECHOES:
        return "echo"
    if place.startswith("cli/") and called == "join" and ast.unparse(node.func) == "'\\n'.join":
        return "lines made one text"
    return called if called == "Console" or (isinstance(node.func, ast.Name) and called == "print") else ""


@pytest.mark.parametrize("folder", sorted({f.relative_to(ROOT).parts[0] for f in FILES}))
def test_nothing_goes_round_the_doors(folder: str) -> None:
    files = [f for f in FILES if f.relative_to(ROOT).parts[0] == folder]
    found = [x for f in files for x in _faults(f.read_text(encoding="utf-8"), f.relative_to(ROOT).as_posix())]
    assert found == []


def test_the_watch_sees_what_it_watches() -> None:
    bad = """
import xlsxwriter
csv.writer(out)
feuille.write_formula(0, 0, x)
sheet.write(0, 0, x)
typer.echo(x)
print(x)
sys.stdout.write(x)
path.with_name(path.name + ".tmp")
lines = "\\n".join(x)
feuille.write_string(0, 0, x)
"""
    assert {fault.split(" ")[0] for fault in _faults(bad, "cli/x.py")} == {f"cli/x.py:{n}" for n in range(2, 11)}
