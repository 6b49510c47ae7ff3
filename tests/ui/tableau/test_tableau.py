"""The manager's first screen in a real window: what it says, what the keys reach, what each number opens."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.writing import bidi
from erp_desktop.models import Intervention
from erp_desktop.reports.catalogue.ask import Value
from erp_desktop.reports.managers.dashboard import Tile
from erp_desktop.reports.managers.decisions import Decision
from erp_desktop.reports.presentation import FINE
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.printing.preview import PreviewWindow
from erp_desktop.ui.rapports import wording
from erp_desktop.ui.sections import first_section, sections
from erp_desktop.ui.tableau import words
from erp_desktop.ui.tableau.page import TableauPage
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def page(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> TableauPage:
    """Two corrective jobs closed this week, one of them late, beside the five that are open."""
    now = clock.now()
    closed = {"statut": "cloturee", "date_creation": now - timedelta(days=3), "duree_reelle": 90,
              "date_debut_travaux": now - timedelta(days=2), "date_fin_travaux": now - timedelta(days=1),
              "date_cloture": now - timedelta(days=1), "satisfaction_client": 4}  # fmt: skip
    with transaction(sqlite_engine) as session:
        # As rows of an exchange come, past what a form asks.
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        for place, limit in ((4, now - timedelta(hours=2)), (5, now - timedelta(days=2))):
            row = sa.update(Intervention).where(Intervention.id == monde.interventions[place])
            session.execute(row.values(**closed, date_limite=limit))
    found = bureau.workspace.open_section("tableau")
    assert isinstance(found, TableauPage)
    bureau.settle()
    return found


def _listed(bureau: Bureau) -> ListPage:
    bureau.settle()
    shown = bureau.workspace.page
    assert isinstance(shown, ListPage)
    return shown


def test_the_first_screen_of_managers_alone() -> None:
    assert [first_section(r) for r in (Role.ADMIN, Role.RESPONSABLE, Role.AGENT)] == [
        "tableau", "tableau", "interventions"]  # fmt: skip
    assert sections()[0].roles == {Role.ADMIN, Role.RESPONSABLE}


def test_what_it_says_and_what_each_number_opens(
    qtbot: QtBot, bureau: Bureau, page: TableauPage, qapp: QApplication, monde: Monde
) -> None:
    tiles = page.tiles
    assert page.compared.width() >= page.compared.sizeHint().width(), "the days compared with are not cut"
    assert tiles["encours"].accessibleName().startswith("Encours : 4")
    assert tiles["sla_tenus"].accessibleName().startswith("SLA tenus : 25,0 %")
    assert tiles["mttr"].accessibleName().startswith(f"MTTR : 1{FINE}h{FINE}30")
    assert "2 lignes, 0 exclue" in tiles["mttr"].accessibleName()
    assert "Durée réelle, le travail seul" in tiles["mttr"].toolTip()
    assert tiles["satisfaction"].trend[-1] == 4.0
    assert [d.decision.kind for d in page.decisions] == ["retard", "proche", "sans_technicien"]
    assert page.decisions[0].accessibleName().startswith("2 en retard, dépassé de 1 h 0")
    # The keyboard reaches every bar, says it, and opens its rows.
    page.ages.setFocus(Qt.FocusReason.TabFocusReason)
    assert page.ages.accessibleDescription().startswith("0–2 j : 4 ouvertes")
    qtbot.keyClick(page.ages, Qt.Key.Key_Down)
    assert page.ages.accessibleDescription().startswith("3–7 j : 0 ouverte")
    qtbot.keyClick(page.ages, Qt.Key.Key_Home)
    qtbot.keyClick(page.ages, Qt.Key.Key_Return)
    assert _listed(bureau).model.rowCount() == 4
    # So does the pointer, for tiles, bars and what waits.
    for act, rows in (
        (tiles["mttr"].click, 2), (tiles["sla_tenus"].click, 4),
        (page.decisions[2].click, 2),
        (lambda: qtbot.mouseClick(page.sla, Qt.MouseButton.LeftButton, pos=QPoint(20, 12)), 4),
    ):  # fmt: skip
        bureau.workspace.open_section("tableau")
        act()
        assert _listed(bureau).model.rowCount() == rows
    bureau.workspace.open_section("tableau")
    # Narrowed to a client and to a technicien: figures, bars and the rows they open follow; what cannot says why.
    page.toggle_filters()
    assert page.narrow.doubt.isHidden()
    client, person = page.narrow.editors["client"], page.narrow.editors["technicien"]
    client.choose(monde.clients[0], "Conserveries Atlas")
    bureau.settle()
    assert page.board is not None
    assert page.filters.text() == "Filtrer (1)"
    count = page.board.tiles[0].value.num
    assert 0 < count < 4
    assert "charge" in page.board.refused
    tiles["encours"].click()
    assert _listed(bureau).model.rowCount() == count
    bureau.workspace.open_section("tableau")
    client.show_value(None)
    # Two clients are meant as much: neither narrows, and it is said.
    qtbot.keyClicks(client.line, "te")
    client.settle()
    bureau.settle()
    assert page.narrow.active == 0
    assert "pas choisi" in page.narrow.doubt.text()
    page.narrow.clear()
    assert page.narrow.doubt.isHidden()
    person.choose(monde.techniciens[0], "K. Alaoui")
    bureau.settle()
    assert "aucun technicien" in tiles["mtbf"].accessibleName()
    tiles["mtbf"].click()
    assert bureau.workspace.page is page
    kept = page.memory()
    page.narrow.clear()
    page.recall(kept)
    assert page.narrow.ids["technicien_id"] == monde.techniciens[0]
    assert person.words() == "K. Alaoui"
    page.narrow.clear()
    bureau.settle()
    keys = dict(page.keys())
    assert list(keys) == ["Tab", "← →", "Entrée", "Ctrl P", "F5"]
    past = clock.today() - timedelta(days=366)
    page.choix.choisir_dates(past, past)
    bureau.settle()
    assert page.tiles["mttr"].accessibleName() == f"MTTR : –, cible ≤ 6{FINE}h{FINE}00, 0 ligne, 0 exclue"
    # Painted in the other look and the other direction as well.
    theme.install(qapp, theme.DARK)
    i18n.set_language(qapp, "ar")
    assert not page.grab().isNull()


def test_it_follows_the_data_and_says_what_it_cannot_count(
    bureau: Bureau, page: TableauPage, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    with transaction(sqlite_engine) as session:
        session.execute(sa.update(Intervention).values(statut="annulee"))
    page.toggle_filters()
    qtbot.keyClick(page.narrow, Qt.Key.Key_Escape)
    assert page.narrow.isHidden()
    assert bureau.workspace.page is page
    changes: Changes = {"interventions": frozenset(monde.interventions)}
    bureau.bus.data_changed.emit(changes, None)
    qtbot.waitUntil(lambda: page.board is not None and page.board.tiles[0].value.num == 0, timeout=30_000)
    bureau.settle()
    assert page.ages.rows == ()
    assert page.decisions == []
    with transaction(sqlite_engine) as session:
        session.execute(sa.text("ALTER TABLE objectifs RENAME TO objectifs_perdue"))
    page.reload()
    bureau.settle()
    assert page._error.count() == 1
    assert page.board is not None
    with transaction(sqlite_engine) as session:
        session.execute(sa.text("ALTER TABLE objectifs_perdue RENAME TO objectifs"))
    page.reload()
    bureau.settle()
    assert page._error.count() == 0


def test_it_is_kept_as_pdf_and_shown_before_it_is_printed(
    bureau: Bureau, page: TableauPage, tmp_path: Path, qapp: QApplication
) -> None:
    file = tmp_path / "tableau.pdf"
    page.export(file)
    assert not page.pdf.isEnabled(), "one file at a time"
    bureau.settle()
    assert page.pdf.isEnabled()
    read = pypdf.PdfReader(file)
    words = "\n".join(one.extract_text() for one in read.pages).replace(FINE, " ")
    assert "Tableau de bord" in words
    for said in ("25,0 %", "1 h 30", "2 en retard", "Casablanca"):
        assert said in words, said
    page.export(tmp_path / "absent" / "tableau.pdf")
    bureau.settle()
    told = " ".join(label.text() for label in bureau.window.toaster.toasts[-1].findChildren(QLabel))
    assert "ce dossier n’existe pas" in told
    page.print_out()
    (shown,) = page.findChildren(PreviewWindow)
    bureau.qtbot.waitUntil(lambda: len(shown.pages) > 0, timeout=20_000)
    shown.close()


def test_an_example_reads_in_the_direction_of_the_window(qapp: QApplication) -> None:
    due = datetime(2026, 8, 1, 12, tzinfo=UTC)
    one = Decision("factures", 6, "Conserveries Atlas", due, "factures")
    assert words.decision(one, due) == ("6 factures en retard", "due le 01/08/2026, Conserveries Atlas")
    i18n.set_language(qapp, "ar")
    told = words.decision(one, due)[1]
    assert bidi.nu(told) == "مستحقة في 01/08/2026، Conserveries Atlas"
    # Of what stands outside the isolated name, the first letter is Arabic.
    outside = re.sub("[\u2066\u2068][^\u2069]*\u2069", "", told)
    letter = next(letter for letter in outside if letter.isalpha())
    assert "\u0600" <= letter <= "\u06ff"


def test_a_target_is_followed_by_its_unit_in_arabic_too(qapp: QApplication) -> None:
    def told(figure: str, target: float) -> str:
        return words.target(Tile(figure, Value(1, 1), Value(1, 1), target))

    assert told("mtbf", 300 * 3600) == f"cible ≥ 300{FINE}h"
    i18n.set_language(qapp, "ar")
    assert told("mtbf", 300 * 3600) == f"الهدف \u2066≥ 300\u2069{FINE}س"
    assert told("sla_tenus", 92) == f"الهدف \u2066≥ 92{FINE}%\u2069"


def test_ages_on_an_axis_are_not_reversed_in_arabic(qapp: QApplication) -> None:
    assert wording.age(f"0–2{FINE}j") == f"0–2{FINE}j"
    i18n.set_language(qapp, "ar")
    assert wording.age(f"0–2{FINE}j").startswith("\u20660–2\u2069 ")
    assert wording.age(f">{FINE}30{FINE}j").startswith(f"\u2066>{FINE}30\u2069 ")


def _renamed(engine: sa.Engine, table: str, to: str) -> None:
    with transaction(engine) as session:
        session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_a_figure_that_cannot_be_computed_fails_alone_and_is_asked_again(
    qtbot: QtBot, bureau: Bureau, page: TableauPage, sqlite_engine: sa.Engine
) -> None:
    assert page.pdf.isEnabled()
    _renamed(sqlite_engine, "arrets", "arrets_loin")
    page.reload()
    bureau.settle()
    assert page.board is not None
    assert page.board.failed == {"mtbf", "families"}
    tile = page.tiles["mtbf"]
    assert tile.accessibleName() == "MTBF : calcul impossible"
    assert tile.place is None, "no rows are behind what was not counted"
    assert [name for name, one in page.tiles.items() if one.retry.isVisible()] == ["mtbf"]
    assert [name for name, one in page.retries.items() if one.isVisible()] == ["families"]
    assert page.families.accessibleDescription().startswith("Calcul impossible")
    assert page.families.marks() == []
    # The others stand.
    assert page.tiles["encours"].accessibleName().startswith("Encours : 4")
    assert page.tiles["sla_tenus"].accessibleName().startswith("SLA tenus : 25,0 %")
    assert page.ages.accessibleDescription().startswith("0–2 j : 4 ouvertes")
    assert len(page.decisions) == 3
    # Nor does a paper hide what is missing.
    assert not page.pdf.isEnabled()
    page.print_out()
    assert any("Des chiffres manquent" in x.text() for x in bureau.window.toaster.toasts[-1].findChildren(QLabel))
    _renamed(sqlite_engine, "arrets_loin", "arrets")
    assert tile.rect().contains(tile.retry.geometry())
    qtbot.mouseClick(tile.retry, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert not page.board.failed
    assert tile.accessibleName().startswith("MTBF : ")
    assert "impossible" not in tile.accessibleName()
    assert not tile.retry.isVisible()
    assert page.pdf.isEnabled()


def test_what_waits_for_a_decision_fails_alone(bureau: Bureau, page: TableauPage, sqlite_engine: sa.Engine) -> None:
    _renamed(sqlite_engine, "contrats", "contrats_loin")
    page.reload()
    bureau.settle()
    assert page.board is not None
    assert "decisions" in page.board.failed
    assert page.retries["decisions"].isVisible()
    assert page.decisions == []
    assert page.tiles["encours"].accessibleName().startswith("Encours : 4")
    _renamed(sqlite_engine, "contrats_loin", "contrats")
    page.retries["decisions"].click()
    bureau.settle()
    assert len(page.decisions) == 3
