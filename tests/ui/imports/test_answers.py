"""What a file does not say by itself, said in the window: it is refused, then written with what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, Editor, TextEditor
from erp_desktop.ui.imports.page import ImportPage
from tests.ui.company import Monde
from tests.ui.imports import opening
from tests.ui.imports.opening import PATIENCE, judged
from tests.ui.window import Bureau


def opened(bureau: Bureau, qtbot: QtBot, kind: str, path: Path, lines: list[str]) -> ImportPage:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return opening.opened(bureau, qtbot, path, kind)


def chosen(editor: ChoiceEditor, value: str) -> None:
    """Go down to a value with the keyboard."""
    assert editor.isVisible()
    editor.setFocus()
    QTest.keyClick(editor.combo, Qt.Key.Key_Home)
    for _turn in range(editor.combo.count()):
        if editor.value() == value:
            return
        QTest.keyClick(editor.combo, Qt.Key.Key_Down)
    assert editor.value() == value


def saved(page: ImportPage, qtbot: QtBot, engine: sa.Engine, query: str) -> list[Any]:
    """Write, and what the table then says."""

    def rows() -> list[Any]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    before = len(rows())
    assert page.write_button.isEnabled()
    assert page.save()
    qtbot.waitUntil(lambda: len(rows()) > before, timeout=PATIENCE)
    return rows()


def test_the_convention_of_figures_is_said_and_remembered(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    head = "Référence;Désignation;Prix de vente HT"
    page = opened(bureau, qtbot, "stock", tmp_path / "a.csv", [head, "R-1;Roulement;1,234", "R-2;Joint;12,500"])
    judged(page, qtbot, 2)
    assert [one.colonne for one in page.faults] == ["Prix de vente HT"] * 2
    assert page.faults[0].raison.endswith("dites la convention du fichier")
    reading = page.columns.reading
    assert [name for name, one in reading.editors.items() if one.isVisible()] == ["nombres"]
    chosen(reading.editors["nombres"], "point")
    judged(page, qtbot, 0)
    prices = "SELECT reference, CAST(prix_unitaire AS REAL) FROM pieces_detachees WHERE reference LIKE 'R-%'"
    assert saved(page, qtbot, sqlite_engine, prices) == [("R-1", 1234), ("R-2", 12500)]
    bureau.settle()
    again = opened(bureau, qtbot, "stock", tmp_path / "b.csv", [head, "R-3;Palier;2,345"])
    judged(again, qtbot, 0)
    assert "réglage retrouvé" in again.known.text()
    assert again.columns.reading.editors["nombres"].value() == "point"
    # Without the column of prices, there is no figure to ask about.
    chosen(again.columns.editors["Prix de vente HT"], "")
    bureau.settle()
    assert not again.columns.reading.isVisible()
    again.give_up()


def test_the_order_of_dates_and_the_unit_of_durations_are_said(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    head = "Équipement;Titre;Statut;Type;Date de création;Durée réelle"
    rows = [
        "EQ-000;Mois devant;Clôturée;Corrective;01/13/2026;1,5",
        "EQ-001;Mois devant;Clôturée;Corrective;02/03/2026;2",
    ]
    page = opened(bureau, qtbot, "interventions", tmp_path / "ot.csv", [head, *rows])
    judged(page, qtbot, 1)
    assert [one.colonne for one in page.faults] == ["Date de création", "Durée réelle"]
    reading = page.columns.reading
    chosen(reading.editors["dates"], "mja")
    judged(page, qtbot, 1)
    qtbot.waitUntil(lambda: [one.colonne for one in page.faults] == ["Durée réelle"], timeout=PATIENCE)
    chosen(reading.editors["durees"], "heures")
    judged(page, qtbot, 0)
    query = "SELECT date(date_creation, '+1 hour'), duree_reelle FROM interventions WHERE titre = 'Mois devant'"
    assert sorted(saved(page, qtbot, sqlite_engine, query)) == [("2026-01-13", 90), ("2026-02-03", 120)]


def typed(editor: Editor, words: str) -> None:
    """Write with the keyboard, over what is there."""
    assert isinstance(editor, TextEditor | DateEditor)
    assert editor.isVisible()
    editor.line.setFocus()
    QTest.keyClick(editor.line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor.line, words)


def test_what_no_column_says_is_said_for_every_line(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    head = "Équipement;Titre;Date de création;Coût externe;Devise;Priorité"
    rows = ["EQ-000;Repris;01/02/2026;100,50;AUD;", "EQ-001;Repris;01/03/2026;80;MAD;Haute"]
    page = opened(bureau, qtbot, "interventions", tmp_path / "ot.csv", [head, *rows])
    assert not page._judged
    assert "Type, Statut." in page.why.text()
    said = page.columns.everywhere
    assert said is not None
    assert not page.write_button.isEnabled()
    assert [name for name, one in said.editors.items() if one.isVisible()][:2] == ["type", "statut"]
    statut, genre, priority = said.editors["statut"], said.editors["type"], said.editors["priorite"]
    assert isinstance(statut, ChoiceEditor)
    assert isinstance(genre, ChoiceEditor)
    assert isinstance(priority, ChoiceEditor)
    chosen(statut, "cloturee")
    chosen(genre, "preventive")
    # Of a field with a column, only empty cells are asked about; of a full column nothing.
    assert said.editors["priorite"].accessibleName() == "Priorité, si la case est vide"
    assert not said.editors["titre"].isVisible()
    chosen(priority, "basse")
    assert list(said.rates) == ["AUD"]
    # Down the page with Tab: the last column, the rate, then the fields.
    page.columns.editors["Priorité"].combo.setFocus()
    QTest.keyClick(page.columns.editors["Priorité"].combo, Qt.Key.Key_Tab)
    assert said.rates["AUD"].line.hasFocus()
    QTest.keyClick(said.rates["AUD"].line, Qt.Key.Key_Tab)
    assert genre.combo.hasFocus()
    typed(said.rates["AUD"], "0")
    assert page.why.text().endswith("Un taux est plus grand que zéro.")
    typed(said.rates["AUD"], "6,525")
    typed(said.editors["duree_reelle"], "90")
    # Whatever the order of dates of the file, what is typed here is a day of March.
    chosen(page.columns.reading.editors["dates"], "mja")
    typed(said.editors["date_cloture"], "02/03/2026")
    judged(page, qtbot, 0)
    # What was said here is nothing to look at again.
    assert page.noted.figure.text() == "0"
    query = (
        "SELECT statut, type, priorite, CAST(cout_externe AS REAL), duree_reelle, date(date_cloture, '+1 hour') "
        "FROM interventions WHERE titre = 'Repris' ORDER BY date_creation"
    )
    assert saved(page, qtbot, sqlite_engine, query) == [
        ("cloturee", "preventive", "basse", 655.76, 90, "2026-03-02"),
        ("cloturee", "preventive", "haute", 80.0, 90, "2026-03-02"),
    ]  # fmt: skip
    bureau.settle()
    again = opened(bureau, qtbot, "interventions", tmp_path / "b.csv", [head, "EQ-001;Autre;01/05/2026;1;AUD;"])
    judged(again, qtbot, 0)
    before, after = page._choice(), again._choice()
    assert (after.constantes, after.taux) == (before.constantes, before.taux)
    assert after.defauts == {"priorite": "basse"}
    assert after.taux == {"AUD": "6,525"}
    again.give_up()


def test_a_figure_for_every_line_is_no_thousand_in_a_file_that_is_written_otherwise(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    head = "Référence;Désignation;Prix de vente HT"
    page = opened(bureau, qtbot, "stock", tmp_path / "a.csv", [head, "R-1;Roulement;1.234,50", "R-2;Joint;"])
    judged(page, qtbot, 0)
    said = page.columns.everywhere
    assert said is not None
    chosen(page.columns.reading.editors["nombres"], "virgule")
    # No two parts have one reference: it is not asked of every line.
    assert "reference" not in said.editors
    typed(said.editors["stock_minimum"], "1,234")
    typed(said.editors["prix_unitaire"], "7,5")
    typed(said.editors["famille"], "Vis = tout")
    active = said.editors["is_active"]
    assert isinstance(active, ChoiceEditor)
    chosen(active, "non")
    judged(page, qtbot, 0)
    query = (
        "SELECT reference, CAST(prix_unitaire AS REAL), CAST(stock_minimum AS REAL), famille, is_active "
        "FROM pieces_detachees WHERE reference LIKE 'R-%' ORDER BY reference"
    )
    assert saved(page, qtbot, sqlite_engine, query) == [
        ("R-1", 1234.5, 1.234, "Vis = tout", 0), ("R-2", 7.5, 1.234, "Vis = tout", 0),
    ]  # fmt: skip


def test_a_file_of_a_known_kind_begins_with_what_is_known_of_it(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    head = "BscStartDate;Asset;OriginalShorttext;PMType;Cost"
    rows = ["01/07/2004;EQ-000;BUCKET WON'T OPEN;PM01;1251,50", "13/07/2004;EQ-001;BUCKET TEETH;PM02;0"]
    page = opened(bureau, qtbot, "interventions", tmp_path / "excavators.csv", [head, *rows])
    judged(page, qtbot, 0)
    said = page.columns.everywhere
    assert said is not None
    assert said.constants() == {"statut": "cloturee", "devise": "AUD"}
    typed(said.rates["AUD"], "6,52")
    bureau.settle()
    judged(page, qtbot, 0)
    query = (
        "SELECT statut, type, CAST(cout_externe AS REAL) FROM interventions WHERE titre LIKE 'BUCKET%' "
        "ORDER BY date_creation"
    )
    assert saved(page, qtbot, sqlite_engine, query) == [
        ("cloturee", "corrective", 8159.78), ("cloturee", "preventive", 0.0),
    ]  # fmt: skip
