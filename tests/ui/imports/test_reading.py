"""Which sheet, in which encoding, of which country, and what was imported before: said in the window, remembered."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import xlsxwriter
from pytestqt.qtbot import QtBot

from erp_desktop.services.importation import wizard
from erp_desktop.services.importation.values import Ecriture
from erp_desktop.services.sheets import texts
from erp_desktop.ui.imports import reading
from erp_desktop.ui.imports.page import ImportPage
from tests.ui.company import Monde
from tests.ui.imports.opening import PATIENCE, judged, opened
from tests.ui.imports.test_answers import chosen, saved
from tests.ui.window import Bureau


def asked(page: ImportPage) -> list[str]:
    return [name for name, one in page.columns.reading.editors.items() if one.isVisible()]


def anew(page: ImportPage, qtbot: QtBot, name: str, value: str) -> None:
    """Choose a sheet or an encoding, and wait for the file that is then read."""
    before = page.file
    chosen(page.columns.reading.editors[name], value)
    qtbot.waitUntil(lambda: page.file is not before and not page._source.busy and page._judged, timeout=PATIENCE)


def book(path: Path, year: int) -> Path:
    with xlsxwriter.Workbook(path) as made:
        for name, town, rows in (
            ("Casablanca", "Ville", [("Atlas Nord", "Rabat"), ("Atlas Sud", "Agadir")]),
            ("Tanger", "Localité", [(f"Détroit {year}", "Tanger")]),
        ):
            sheet = made.add_worksheet(name)
            for place, row in enumerate([("Raison sociale", town, "Obs"), *((*one, "RAS") for one in rows)]):
                sheet.write_row(place, 0, row)
    return path


def test_the_sheet_of_a_workbook_is_chosen_and_remembered(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    page = opened(bureau, qtbot, book(tmp_path / "a.xlsx", 2025))
    judged(page, qtbot, 0)
    assert asked(page) == ["feuille"]
    sheets = page.columns.reading.editors["feuille"].combo
    assert [sheets.itemText(n) for n in range(sheets.count())] == ["Automatique (Casablanca)", "Casablanca", "Tanger"]
    assert page.good.figure.text() == "2"
    said = page.columns.everywhere
    assert said is not None
    chosen(page.columns.editors["Obs"], "notes")
    kind = said.editors["niveau_service"]
    assert isinstance(kind, reading.ChoiceEditor)
    chosen(kind, "premium")
    anew(page, qtbot, "feuille", "Tanger")
    assert page.good.figure.text() == "1"
    # What was said still fits; « Localité » had no answer yet, and none of its name.
    assert page.columns.given() == {"Raison sociale": "nom_entreprise", "Localité": "", "Obs": "notes"}
    chosen(page.columns.editors["Localité"], "ville")
    judged(page, qtbot, 0)
    query = "SELECT nom_entreprise, ville, notes, niveau_service FROM clients WHERE nom_entreprise LIKE 'Détroit%'"
    assert saved(page, qtbot, sqlite_engine, query) == [("Détroit 2025", "Tanger", "RAS", "premium")]
    bureau.settle()
    again = opened(bureau, qtbot, book(tmp_path / "b.xlsx", 2026))
    qtbot.waitUntil(lambda: again._judged and again.good.figure.text() == "1", timeout=PATIENCE)
    assert "réglage retrouvé" in again.known.text()
    assert again.columns.reading.editors["feuille"].value() == "Tanger"
    assert again.columns.given()["Localité"] == "ville"
    # Without that sheet the file is read as any other.
    with xlsxwriter.Workbook(tmp_path / "c.xlsx") as made:
        made.add_worksheet("Autre").write_row(0, 0, ("Raison sociale", "Ville", "Obs"))
        made.get_worksheet_by_name("Autre").write_row(1, 0, ("Atlas Est", "Oujda", ""))
    again.open_file(tmp_path / "c.xlsx")
    qtbot.waitUntil(lambda: again.file is not None and again.file.nom == "c.xlsx" and again._judged, timeout=PATIENCE)
    assert asked(again) == []
    again.give_up()


_LINES = ["Raison sociale;Localité;Obs", "Société Générale;Fès;déjà là", "Établissements Noël;Salé;à voir"]


def test_another_encoding_reads_the_file_anew_with_the_answers_given(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    """A text of DOS, which nothing tells from one of Windows; one letter of it means nothing in Windows."""
    path = tmp_path / "dos.csv"
    path.write_bytes("\n".join(_LINES).encode("cp850"))
    page = opened(bureau, qtbot, path)
    qtbot.waitUntil(lambda: page._judged, timeout=PATIENCE)
    assert asked(page) == ["encodage"]
    garbled = [c.name for c in page.file.colonnes] if page.file else []
    assert garbled == ["Raison sociale", "Localit\u201a", "Obs"]
    # What cannot be read at all is refused by line: no sign stands in the base for a letter.
    assert [(one.ligne, one.raison) for one in page.faults] == [
        (3, "caractères illisibles : dites l'encodage du fichier")
    ]
    chosen(page.columns.editors["Localit\u201a"], "ville")
    chosen(page.columns.editors["Obs"], "notes")
    # One that cannot read it is refused in words, and what was there stays.
    chosen(page.columns.reading.editors["encodage"], "utf-8")
    qtbot.waitUntil(lambda: not page._source.busy and page.banners.count() == 1, timeout=PATIENCE)
    assert page.columns.reading.editors["encodage"].value() == ""
    anew(page, qtbot, "encodage", "cp850")
    judged(page, qtbot, 0)
    assert page.columns.given() == {"Raison sociale": "nom_entreprise", "Localité": "ville", "Obs": "notes"}
    query = "SELECT nom_entreprise, ville, notes FROM clients WHERE ville IN ('Fès', 'Salé') ORDER BY id"
    assert saved(page, qtbot, sqlite_engine, query) == [
        ("Société Générale", "Fès", "déjà là"), ("Établissements Noël", "Salé", "à voir")
    ]  # fmt: skip
    bureau.settle()
    path.write_bytes("\n".join([_LINES[0], "Hôtel Rif;Fès;"]).encode("cp850"))
    again = opened(bureau, qtbot, path)
    qtbot.waitUntil(lambda: again._judged and again.file is not None and again.file.lu.encoding == "cp850",
                    timeout=PATIENCE)  # fmt: skip
    assert "réglage retrouvé" in again.known.text()
    assert again.columns.given()["Localité"] == "ville"
    again.give_up()
    assert set(reading.encodings()) == set(texts.ENCODAGES)


def test_windows_1256_taken_for_1252_is_read_as_arabic(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    path = tmp_path / "arabe.csv"
    path.write_bytes("Raison sociale;Ville\nمطاحن الشمال;فاس\n".encode("cp1256"))
    page = opened(bureau, qtbot, path)
    judged(page, qtbot, 0)
    combo = page.columns.reading.editors["encodage"].combo
    assert combo.itemText(0) == "Automatique (Windows-1252 (Europe))"
    anew(page, qtbot, "encodage", "cp1256")
    query = "SELECT nom_entreprise, ville FROM clients WHERE ville = 'فاس'"
    assert saved(page, qtbot, sqlite_engine, query) == [("مطاحن الشمال", "فاس")]


def test_the_country_of_bare_telephones_is_said(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    path = tmp_path / "fr.csv"
    head = "Raison sociale;Téléphone"
    path.write_text(f"{head}\nLyon Presse;01 42 68 53 00\n", encoding="utf-8-sig")
    page = opened(bureau, qtbot, path)
    judged(page, qtbot, 1)
    assert asked(page) == ["pays"]
    combo = page.columns.reading.editors["pays"].combo
    assert combo.itemText(0) == "Maroc +212"
    assert combo.itemText(combo.findData("FR")) == "France +33"
    chosen(page.columns.reading.editors["pays"], "FR")
    judged(page, qtbot, 0)
    query = "SELECT telephone FROM clients WHERE nom_entreprise LIKE 'Lyon%'"
    assert saved(page, qtbot, sqlite_engine, query) == [("+33142685300",)]
    bureau.settle()
    path.write_text(f"{head}\nLyon Moulage;04 78 42 10 00\n", encoding="utf-8-sig")
    again = opened(bureau, qtbot, path)
    judged(again, qtbot, 0)
    assert again.columns.reading.editors["pays"].value() == "FR"
    again.give_up()


def test_what_was_imported_before_is_refused_left_or_brought_up_to_date(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    head = "Numéro d'origine;Équipement;Titre;Statut;Type;Date de création;Diagnostic"
    path = tmp_path / "ot.csv"

    def lines(first: str, *more: str) -> None:
        rows = [f"T-1;EQ-000;Repris;Clôturée;Corrective;01/02/2026;{first}",
                "T-2;EQ-001;Repris;Clôturée;Corrective;02/02/2026;usure"]  # fmt: skip
        path.write_text("\n".join([head, *rows, *more]), encoding="utf-8-sig")

    query = "SELECT titre, diagnostic FROM interventions WHERE titre LIKE 'Repris%' ORDER BY date_creation"
    lines("fuite")
    page = opened(bureau, qtbot, path, "interventions")
    judged(page, qtbot, 0)
    assert asked(page) == ["dates", "existants"]
    assert saved(page, qtbot, sqlite_engine, query) == [("Repris", "fuite"), ("Repris", "usure")]
    bureau.settle()
    lines("joint percé", "T-3;EQ-001;Repris;Clôturée;Corrective;03/02/2026;")
    again = opened(bureau, qtbot, path, "interventions")
    judged(again, qtbot, 2)
    assert {one.raison for one in again.faults} == {"n° T-1 : déjà importé", "n° T-2 : déjà importé"}
    before = again.columns.reading.editors["existants"]
    chosen(before, "ignorer")
    judged(again, qtbot, 0)
    assert (again.good.figure.text(), again.write_button.text()) == ("1", "Écrire 1 ligne")
    assert again.notes.text().startswith("déjà importées, laissées comme elles sont (2)")
    chosen(before, "maj")
    qtbot.waitUntil(lambda: again._judged and again.write_button.text() == "Écrire 2 lignes", timeout=PATIENCE)
    assert (again.good.figure.text(), again.bad.figure.text()) == ("1", "0")
    assert "déjà importées, à mettre à jour (1)" in again.notes.text()
    assert saved(again, qtbot, sqlite_engine, query) == [
        ("Repris", "joint percé"), ("Repris", "usure"), ("Repris", None)
    ]  # fmt: skip
    bureau.settle()
    third = opened(bureau, qtbot, path, "interventions")
    qtbot.waitUntil(lambda: third._judged, timeout=PATIENCE)
    assert third.columns.reading.editors["existants"].value() == "maj"
    assert not third.write_button.isEnabled()
    assert third.why.text() == "Toutes les lignes sont déjà là : il n’y a rien à écrire."
    third.give_up()


def test_what_was_decided_is_kept_by_name_and_by_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Raison sociale;T\xe9l\xe9phone;Localit\xe9\nX;;\n".encode("cp850"))
    seen = wizard.ouvrir("clients", path)
    names = [c.name for c in seen.colonnes]
    choice = wizard.Choix({names[0]: "", names[1]: "", names[2]: "ville"}, corrections={2: {names[0]: "Y"}})
    said = Ecriture(encodage="cp850")
    read = wizard.ouvrir("clients", path, said, seen.vue)
    assert wizard.autrement(seen, said)
    assert not wizard.autrement(read, said)
    kept = wizard.garder("clients", seen, read, choice)
    # A column of the same name keeps « nothing »; one whose name is readable now is proposed a field.
    assert kept.champs == {"Raison sociale": "", "Téléphone": "telephone", "Localité": "ville"}
    assert kept.corrections == {2: {"Raison sociale": "Y"}}
