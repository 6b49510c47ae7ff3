"""Tables that spreadsheets open and lines that terminals show: what people typed is seen, never obeyed."""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from erp_desktop.cli import terminal
from erp_desktop.domain import tableur
from erp_desktop.errors import UserError
from erp_desktop.reports import rows
from erp_desktop.reports.sortie import keep
from erp_desktop.reports.tableur import CsvFile, workbook
from erp_desktop.services.support import bundle

_HOSTILE = st.text(st.sampled_from("=+-@\t\r\n＝'12 ,.ax\u202f"), max_size=8)


@given(_HOSTILE)
def test_a_guarded_text_is_no_formula_and_comes_back(texte: str) -> None:
    garde = tableur.proteger(texte)
    assert tableur.rendre(garde) == texte
    assert garde[:1] not in {"=", "+", "@", "\t", "\r", "\n", "＝"}
    assert garde[:1] != "-" or set(garde[1:]) <= set("12 ,.\u202f")


def test_a_csv_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    cible = tmp_path / "x.csv"
    row = ["=1+1", "-5", "+212522401876", "@x", Decimal("-1.50"), None, True, 2.5, {"a": "é"}, "a;b\n",
           datetime(2026, 1, 2, tzinfo=UTC), "\udc80"]  # fmt: skip
    with CsvFile(cible) as out:
        out.row(row)
        assert not cible.exists()
        assert len(list(tmp_path.iterdir())) == 1
    assert cible.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
    with cible.open(encoding="utf-8-sig", newline="") as read:
        assert list(csv.reader(read, delimiter=";")) == [[
            "'=1+1", "-5", "'+212522401876", "'@x", "-1,50", "", "True", "2,5", '{"a": "é"}', "a;b\n",
            "2026-01-02T00:00:00.000000Z", "?",
        ]]  # fmt: skip
    with pytest.raises(ZeroDivisionError), CsvFile(cible) as out:
        out.row(["perdu", 1 // 0])
    assert "perdu" not in cible.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
    with pytest.raises(UserError, match="ce dossier n’existe pas"):
        CsvFile(tmp_path / "absent" / "x.csv")


@contextmanager
def no_more_than(octets: int) -> Iterator[None]:
    """Files that the system lets grow no further, as a full disk does: the writing itself is refused."""
    import resource

    _before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def _table(path: Path) -> None:
    rows.write(path, "Liste", ["a", "b"], ([os.urandom(20).hex(), n] for n in range(2000)))


WRITTEN: dict[str, Callable[[Path], object]] = {
    "liste.csv": _table, "liste.xlsx": _table, "bons.pdf": lambda path: keep(path, os.urandom(20_000)),
    "diagnostic.zip": lambda path: bundle.save({"journal": os.urandom(20_000)}, path),
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("octets", [0, 8192])
def test_an_older_file_outlives_a_full_disk_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, octets: int
) -> None:
    folder, passing = tmp_path / "sorties", tmp_path / "passage"
    for one in (folder, passing):
        one.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    target = folder / name
    target.write_text("celui d'avant")
    with no_more_than(octets), pytest.raises(UserError, match=f"{name} : ce disque ne prend pas"):
        WRITTEN[name](target)
    assert target.read_text() == "celui d'avant"
    assert [one.name for one in folder.iterdir()] == [name]
    assert list(passing.iterdir()) == []
    WRITTEN[name](target)
    assert target.stat().st_size > 10_000
    assert [one.name for one in folder.iterdir()] == [name]


def test_what_a_killed_program_left_goes_with_the_next_file_a_day_later(tmp_path: Path) -> None:
    forsaken, under_way = tmp_path / ".erp-mif-abc.csv", tmp_path / ".erp-mif-def.csv"
    for one in (forsaken, under_way):
        one.write_text("à moitié")
    os.utime(forsaken, (time.time() - 90_000,) * 2)
    rows.write(tmp_path / "liste.csv", "Liste", ["a"], [[1]])
    assert sorted(one.name for one in tmp_path.iterdir()) == [".erp-mif-def.csv", "liste.csv"]


def test_a_workbook_holds_texts_not_formulas(tmp_path: Path) -> None:
    with workbook(tmp_path / "x.xlsx") as livre:
        livre.add_worksheet().write_row(0, 0, ["=1+1", "http://exemple.ma", "0012", 3])
    (rangee,) = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_index(0).to_python()
    assert rangee == ["=1+1", "http://exemple.ma", "0012", 3.0]


def test_a_terminal_obeys_nothing_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show("Client \x1b[2J\nerp-admin : tout va bien\u202e\x9b1m\x07 Fès مكناس")
    terminal.show(["a\nb", "c"], err=True)
    terminal.show_json({"nom": "a\x1b\u202e\x85é"})
    out, err = capsys.readouterr()
    assert out == (
        "Client \\x1b[2J\\nerp-admin : tout va bien\\u202e\\x9b1m\\x07 Fès مكناس\n"
        '{"nom": "a\\u001b\\u202e\\u0085é"}\n'
    )
    assert err == "a\\nb\nc\n"
