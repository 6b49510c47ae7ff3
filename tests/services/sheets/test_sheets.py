"""Files as people have them, after the shapes of public ones: SAP lists, open data, books of spreadsheets."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from erp_desktop.errors import UserError
from erp_desktop.services.importation.dates import Ordre, instant, jour
from erp_desktop.services.importation.durations import minutes
from erp_desktop.services.importation.values import Ecriture, Unite, plier
from erp_desktop.services.sheets.model import Cell, Table, text
from erp_desktop.services.sheets.reading import read

KNOWN = {"ordre", "date", "machine", "libelle", "cout", "ice", "nom"}


def known(words: Sequence[str]) -> int:
    return sum(plier(word) in KNOWN for word in words)


def lire(folder: Path, content: bytes | str, name: str = "f.csv", **options: Any) -> Table:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(file, known, **options)


def rows(table: Table) -> list[tuple[int, list[str]]]:
    return [(line, [text(cell) for cell in row.values()]) for line, row in table.rows]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("ordre;libellé;coût\r\n7;Révision pompe;12,5\r\n".encode("cp1252"), "fichier lu en Windows-1252"),
        ("ordre;libellé;coût\n7;Révision pompe;12,5\n".encode("utf-16"), None),
        ("ordre\tlibellé\tcoût\n7\tRévision pompe\t12,5\n".encode("utf-16-le"), "fichier lu en UTF-16"),
        ('\ufeffordre,libellé,coût\n7,Révision pompe,"12,5"\n'.encode(), None),
        (b"sep=|\r\n" + "ordre|libellé|coût\r\n7|Révision pompe|12,5".encode(), None),
        ("ordre;libellé;coût\r7;Révision pompe;12,5\r".encode(), None),
    ],
    ids=["windows-1252", "utf-16", "utf-16 tabs, no mark", "utf-8 commas", "sep=", "old mac"],
)  # fmt: skip
def test_an_encoding_and_a_separator_are_recognised(content: bytes, note: str | None, tmp_path: Path) -> None:
    table = lire(tmp_path, content)
    assert table.columns == ["ordre", "libellé", "coût"]
    assert [cells for _, cells in rows(table)] == [["7", "Révision pompe", "12,5"]]
    assert table.notes == ({note: 1} if note else {})


def test_a_list_of_sap_with_titles_and_absent_values(tmp_path: Path) -> None:
    table = lire(tmp_path, (
        "Liste des ordres IW39\t\t\t\n\nDivision 1000\t\t\t\nOrdre\tDate\tLibellé\tCoût\t\n"
        "4000123\t00.00.0000\t#N/A\t1.234,50-\t\n\n4000124\t01.07.2004\t-\t\t\n"
    ))  # fmt: skip
    assert table.header == 4
    assert rows(table) == [(5, ["4000123", "", "", "1.234,50-"]), (7, ["4000124", "01.07.2004", "", ""])]
    assert table.notes == {
        "ligne avant l'en-tête, laissée de côté": 2, "cellule « - » ou « #N/A » comprise comme vide": 3,
    }  # fmt: skip


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    long = "x" * 140_000
    table = lire(tmp_path, f'ordre;libellé\n1;"deux\nlignes"\n\n2;ok;\n3;a;b\n4\n5;"{long}"\n6;fin\n')
    assert [(line, len(cells[1])) for line, cells in rows(table)] == [(2, 11), (5, 2), (8, 140_000), (9, 3)]
    assert table.faults == [
        (6, "ligne décalée : 3 cellules, 2 colonnes"), (7, "ligne décalée : 1 cellules, 2 colonnes"),
    ]  # fmt: skip
    table = lire(tmp_path, 'ordre;libellé\n1;ok\n2;"ouvert\n3;ok\n4;ok\n')
    assert (len(table.rows), table.faults) == (
        1, [(3, "guillemet ouvert et jamais fermé : la suite du fichier ne peut pas être lue")],
    )  # fmt: skip
    table = lire(tmp_path, 'ordre;libellé\n1;"a" b\n2;tuyau 5"\n')
    assert table.faults == [(2, "guillemet mal placé : la suite du fichier ne peut pas être lue")]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("<html><table><tr><td>ordre</td></tr></table>", "ordres.xls", "est une page web"),
        (b"PK\x03\x04rien", "x.xlsx", "n'est pas un classeur lisible"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "x.xls", "n'est pas un classeur lisible"),
        ("ordre;libellé\n1;Révisé\n2;Révisé\n3;Révisé\n".encode() + b"4;R\xe9vis\xe9\n", "x.csv",
         "mélange UTF-8 et un autre encodage, ligne 5"),
        (b"ordre;libell\xe9\n1;\x81\n", "x.csv", "n'est pas un texte cp1252 : ligne 2, octet 0x81"),
        ("", "x.csv", "n'a pas d'en-tête"), ("autre\n1\n", "x.csv", "n'a pas d'en-tête"),
        ("ordre;ordre\n1;2\n", "x.csv", "2 colonnes « ordre »"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_said_in_one_sentence(
    content: bytes | str, name: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words) as refused:
        lire(tmp_path, content, name)
    assert "\n" not in str(refused.value)
    for place in (tmp_path, tmp_path / "parti.csv"):
        with pytest.raises(UserError, match=f"{place.name} ne se lit pas : c"):
            read(place, known)


def test_a_cell_in_the_last_corner_is_told_instead_of_filling_the_memory(tmp_path: Path) -> None:
    """The process ended, and the window with it, over twenty billion cells in between."""
    file = tmp_path / "parc.xlsx"
    for row, column, far in ((1_048_575, 16_383, "XFD1048576"), (900_000, 700, "ZY900001"), (1, 16_383, "")):
        with xlsxwriter.Workbook(file) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ("\u200fordre", "d\x07ate"))
            sheet.write(row, column, "x")
        if far:
            with pytest.raises(UserError, match=f"loin des autres, vers {far} : effacez-la"):
                read(file, known)
        else:
            assert read(file, known).columns == ["ordre", "date"]


def test_a_column_without_a_name_is_kept_apart(tmp_path: Path) -> None:
    table = lire(tmp_path, "ordre;;nom;\n1;a;x;\n2;;y;\n")
    assert (table.columns, table.unnamed) == (["ordre", "colonne 2", "nom"], {"colonne 2"})
    table = lire(tmp_path, "ordre;;nom\n1;;x\n")
    assert (table.columns, rows(table)) == (["ordre", "nom"], [(2, ["1", "x"])])


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        ('"ordre,date,libelle"\n"1,2026-01-05,""Pompe, noyée"""\n"2,2026-01-06,Four"', 3),
        ('ordre,date,libelle\n"1,2026-01-05,""Pompe, noyée"""\n"2,2026-01-06,Four"\n', 2),
        ("ordre;date;libelle\n1;2026-01-05;Pompe, noyée;\n2;2026-01-06;Four;\n", 0),
    ],
)
def test_lines_whole_between_quotes_and_separators_at_the_end(content: str, cut: int, tmp_path: Path) -> None:
    table = lire(tmp_path, content)
    assert table.columns == ["ordre", "date", "libelle"]
    assert rows(table) == [(2, ["1", "2026-01-05", "Pompe, noyée"]), (3, ["2", "2026-01-06", "Four"])]
    assert sum(table.notes.values()) == cut


def test_one_column_that_is_known(tmp_path: Path) -> None:
    assert rows(lire(tmp_path, 'Parc 2026\nnom\nFour 1\n"Pompe, noyée"\n')) == [
        (3, ["Four 1"]),
        (4, ["Pompe, noyée"]),
    ]


def test_holes_of_other_programs_and_formulas_that_failed(tmp_path: Path) -> None:
    table = lire(tmp_path, "ordre;date;cout\n1;NaT;nan\n#REF!;None;#div/0!\n3;#VALEUR!;#12\n4;(vide);Nana\n")
    assert rows(table) == [(2, ["1", "", ""]), (4, ["3", "", "#12"]), (5, ["4", "", "Nana"])]
    assert table.notes == {
        "cellule « - » ou « #N/A » comprise comme vide": 4, "cellule en erreur (#REF!) lue comme vide": 1,
        "cellule en erreur (#div/0!) lue comme vide": 1, "cellule en erreur (#VALEUR!) lue comme vide": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ecrit", "unite", "lu"),
    [
        ("90", None, "90"), ("90", Unite.HEURES, "5400"), ("1.5", Unite.HEURES, "90"), ("4,0", Unite.HEURES, "240"),
        ("4.0", Unite.MINUTES, "4"), ("1h45", Unite.HEURES, "105"), ("01:30", None, "90"), ("01:30:30", None, "90.5"),
        ("2 h", None, "120"), ("1,5 heures", None, "90"), ("45 min.", Unite.HEURES, "45"), ("3 hrs", None, "180"),
        (Decimal("4"), None, "4"), (Decimal("4.7"), Unite.HEURES, "282.0"), (time(1, 30), None, "90"),
        (timedelta(hours=30), None, "1800"), ("4.0", None, None), ("4,", None, None), (Decimal("4.7"), None, None),
        ("deux heures", None, None), (True, None, None),
    ],
)  # fmt: skip
def test_durations_of_files(ecrit: Cell, unite: Unite | None, lu: str | None) -> None:
    if lu is not None:
        assert minutes(ecrit, Ecriture(durees=unite)) == Decimal(lu)
        return
    with pytest.raises(ValueError, match=r"--durees|n'est pas un nombre|durée attendue"):
        minutes(ecrit, Ecriture(durees=unite))


def test_a_book_with_a_notice_first(tmp_path: Path) -> None:
    path = tmp_path / "ordres.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        notice = book.add_worksheet("Notice")
        notice.write_column(0, 0, ["Remplir la feuille Données", "Une ligne par ordre"])
        notice.write_formula(5, 0, "=1/0", None, "#DIV/0!")
        book.add_worksheet("Ancien").hide()
        data = book.add_worksheet("Données")
        data.write(0, 0, "Parc 2026")
        data.write_row(3, 1, ["Ordre", "Date", "Coût", "ICE"])
        data.write_row(4, 1, [7, 38169, 0.1 + 0.2, "001525713000035"])
        data.write_datetime(5, 2, datetime(2004, 7, 1, 14, 30), book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))  # noqa: DTZ001
        data.write_formula(5, 1, "=1/0", None, "#DIV/0!")
        data.write_formula(5, 3, "=NA()", None, "#N/A")
    table = read(path, known)
    assert table.header == 4
    first, second = (row for _, row in table.rows)
    assert list(first.values()) == [Decimal(7), Decimal(38169), Decimal("0.3"), "001525713000035"]
    assert (text(first["Ordre"]), second["Ordre"], second["Coût"]) == ("7", "", "")
    notes: Counter[str] = Counter()
    assert jour(first["Date"], Ordre.JMA, notes) == jour(second["Date"], Ordre.JMA, notes) == date(2004, 7, 1)
    assert dict(notes) == {
        "date donnée en nombre de jours, comme un tableur la garde": 1,
        "heure laissée de côté, cette colonne est une date": 1,
    }
    assert table.notes == {
        "cellule en erreur (#DIV/0!) lue comme vide": 1, "ligne avant l'en-tête, laissée de côté": 1,
        "feuille « Données » lue, les autres laissées de côté": 1,
        "cellule « - » ou « #N/A » comprise comme vide": 1,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path)) as book:
        for year in ("2023", "2024"):
            book.add_worksheet(year).write_column(0, 0, ["ordre", year])
            book.get_worksheet_by_name(year).write(0, 1, "nom")
    with pytest.raises(UserError, match="plusieurs feuilles à importer : « 2023 », « 2024 »"):
        read(path, known)
    assert rows(read(path, known, sheet="2024"))[0][1][0] == "2024"


def test_an_open_document_sheet(tmp_path: Path) -> None:
    path = tmp_path / "clients.ods"
    names = {"office": "office:1.0", "table": "table:1.0", "text": "text:1.0"}
    spaces = " ".join(f'xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{v}"' for k, v in names.items())
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{words}</text:p></table:table-cell>'
        for words in ("Nom", "Cout", "Date")
    )
    values = (
        '<table:table-cell office:value-type="string"><text:p>Fès &amp; fils</text:p></table:table-cell>'
        '<table:table-cell office:value-type="float" office:value="12.5"><text:p>12,5</text:p></table:table-cell>'
    )
    # A failed formula: LibreOffice keeps an empty text, OpenOffice zero. The first one only says so.
    failed = (
        '<table:table-cell table:formula="of:=1" office:value-type="string"><text:p>#12</text:p></table:table-cell>'
        '<table:table-cell table:formula="of:=#REF!" office:value-type="float" office:value="0">'
        "<text:p>Err:502</text:p></table:table-cell>"
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="">'
        "<text:p>#DIV/0!</text:p></table:table-cell>"
    )
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
        packed.writestr("content.xml", (
            f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
            f'<table:table table:name="F1"><table:table-row>{cells}</table:table-row>'
            f"<table:table-row>{values}</table:table-row><table:table-row>{failed}</table:table-row></table:table>"
            "</office:spreadsheet></office:body></office:document-content>"
        ))  # fmt: skip
    table = read(path, known)
    assert [[*row.values()] for _, row in table.rows] == [["Fès & fils", Decimal("12.5"), ""], ["#12", "", ""]]
    assert table.notes == {
        "cellule en erreur (Err:502) lue comme vide": 1, "cellule en erreur (#DIV/0!) lue comme vide": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("2004-07-01", (2004, 7, 1)), ("01/07/2004", (2004, 7, 1)), ("1.7.2004", (2004, 7, 1)),
        ("01-07-04", (2004, 7, 1)), ("2004/07/01", (2004, 7, 1)), ("20040701", (2004, 7, 1)),
        ("1 juil. 2004", (2004, 7, 1)), ("1er mars 1999", (1999, 3, 1)), ("38169", (2004, 7, 1)),
        ("01.07.2004 14:30", (2004, 7, 1, 14, 30)), ("01/07/2004 14h30", (2004, 7, 1, 14, 30)),
        ("2004-07-01 14:30:05.000", (2004, 7, 1, 14, 30, 5)), ("1/7/2004 2:30 PM", (2004, 7, 1, 14, 30)),
        ("38169,5", (2004, 7, 1, 12)), ("01/07/99", (1999, 7, 1)),
        ("30-Jun-2025 14:33", (2025, 6, 30, 14, 33)),
    ],
)  # fmt: skip
def test_dates_of_files(ecrit: str, lu: tuple[int, ...]) -> None:
    moment = instant(ecrit, Ordre.JMA, Counter())
    assert moment.replace(tzinfo=None) == datetime(*lu)  # type: ignore[arg-type]  # noqa: DTZ001
    assert moment.tzinfo is not None


def test_dates_that_are_none_are_refused() -> None:
    notes: Counter[str] = Counter()
    for ecrit in (
        "2004-07-01pourri",
        "2004-13-01",
        "30/02/2004",
        "demain",
        "3817",
        "1/2",
        "01/07-2004",
        "7:30",
        "1e5",
    ):
        with pytest.raises(ValueError, match="date illisible"):
            jour(ecrit, Ordre.JMA, notes)
    with pytest.raises(ValueError, match=r"mois avant le jour : --dates mja"):
        jour("07/28/2004", Ordre.JMA, notes)
    assert jour("07/28/2004", Ordre.MJA, notes) == date(2004, 7, 28)
    with pytest.raises(ValueError, match="année invraisemblable"):
        jour("01/01/0204", Ordre.JMA, notes)
    assert instant("2004-07-01T10:00:00Z", Ordre.JMA, notes) == datetime(2004, 7, 1, 10, tzinfo=UTC)
