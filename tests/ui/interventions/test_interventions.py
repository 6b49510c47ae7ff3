"""The interventions screen on a real cache: list, filter, form, transitions, drafts, other people's changes.

Long on purpose: one screen, tested as one clerk's day on one set of data.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.models import Intervention
from erp_desktop.services.interventions.list import InterventionLigne
from erp_desktop.services.shared.clocks import PriseEnCharge
from erp_desktop.ui.interventions.acts import ActsBar
from erp_desktop.ui.interventions.lines import LinesTab
from erp_desktop.ui.interventions.sla import deadline, next_sla, sla_told, sla_words
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.surfaces import Banner, CountChip
from erp_desktop.ui.lists.page import ListPage
from tests.ui.company import TITRES, Monde
from tests.ui.interventions.reading import column, open_form
from tests.ui.window import Bureau


def titles(page: ListPage) -> list[str]:
    found = []
    for place in range(page.model.rowCount()):
        row = page.model.row_at(place)
        assert row is not None
        found.append(row.titre)
    return found


def test_list_shows_every_row_with_its_words(bureau: Bureau, monde: Monde) -> None:
    page = bureau.liste()
    assert sorted(titles(page)) == sorted(t[0] for t in TITRES)
    assert page.count.text() == "6 interventions"
    place = page.model.place_of(monde.interventions[0])
    shown = [page.model.index(place, n).data() for n in range(page.model.columnCount())]
    assert shown[1:6] == [f"04-{1:05d}", "En cours", TITRES[0][0], "Conserveries Atlas", "Sertisseuse SR-03"]
    spoken = page.model.index(place, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Urgente, 04-00001, En cours")


def test_header_click_sorts_in_sql_both_ways(bureau: Bureau) -> None:
    page = bureau.liste()
    page.view.painted_header.sectionClicked.emit(3)
    bureau.settle()
    up = titles(page)
    page.view.painted_header.sectionClicked.emit(3)
    bureau.settle()
    assert titles(page) == up[::-1]
    assert page.model.question[1:] == ("titre", True)


def test_filter_box_chips_and_empty_state(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.focus_filter()
    qtbot.keyClicks(page.filter.edit, "statut:ouverte")
    bureau.settle()
    assert page.model.rowCount() == 2
    assert "Statut : Ouverte" in [chip.text() for chip in page.chips.chips()]
    page.filter.set_text("statut:ouverte silo introuvable")
    bureau.settle()
    assert page.model.rowCount() == 0
    offers = [b.text() for b in page.stack.currentWidget().findChildren(QPushButton)]
    assert "Effacer les filtres" in offers
    assert "2 résultats sans lui" in offers
    page.filter.set_text("")
    bureau.settle()
    assert page.model.rowCount() == 6
    assert page.stack.currentWidget() is page.view


def test_what_is_late_is_one_click_away_and_counted(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    with transaction(sqlite_engine, write=True) as session:
        # Two of the running ones are late; so is a closed one, which nobody waits for.
        running = sa.select(Intervention.id).where(Intervention.statut.in_(("ouverte", "affectee", "en_cours")))
        active = sorted(session.scalars(running))
        closed = session.scalars(sa.select(Intervention.id).where(Intervention.statut == "cloturee")).first()
        session.execute(sa.update(Intervention).values(date_limite=clock.now() + timedelta(days=9)))
        late = sa.update(Intervention).values(date_limite=clock.now() - timedelta(hours=2))
        session.execute(late.where(Intervention.id.in_([*active[:2], closed])))
    page = bureau.liste()

    def chip() -> CountChip:
        found = [one for one in page.chips.chips() if isinstance(one, CountChip)]
        assert len(found) == 1
        return found[0]

    assert (chip().text(), chip().accessibleName()) == ("SLA dépassé 2", "SLA dépassé 2")
    page.filter.set_text("statut:cloturee")
    bureau.settle()
    assert chip().text() == "SLA dépassé", "nothing that is closed is late"
    page.filter.set_text("")
    bureau.settle()
    qtbot.mouseClick(chip(), Qt.MouseButton.LeftButton)
    bureau.settle()
    assert page.filter.text() == "sla:depasse"
    assert sorted(page.model.ids) == active[:2]
    assert not [one for one in page.chips.chips() if isinstance(one, CountChip)], "the filter says it already"
    word = next(one for one in page.chips.chips() if one.text() == "SLA : Dépassé")
    word.removed.emit()
    bureau.settle()
    assert page.filter.text() == ""
    with transaction(sqlite_engine, write=True) as session:
        session.execute(sa.update(Intervention).values(date_limite=clock.now() + timedelta(days=9)))
    page.reload()
    # It is counted again with the list, once nothing more comes.
    qtbot.waitUntil(lambda: chip().text() == "SLA dépassé")


def test_enter_opens_the_form_and_escape_closes_it(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.view.setFocus()
    page.view.setCurrentIndex(page.model.index(0, 0))
    qtbot.keyClick(page.view, Qt.Key.Key_Return)
    bureau.settle()
    assert page.form.isVisible()
    assert page.form.head.title.text() == titles(page)[0]
    bureau.workspace._escape()
    assert not page.form.isVisible()


def test_a_click_on_the_chosen_row_opens_its_form_again(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = bureau.liste()
    open_form(bureau, page, monde.interventions[2])
    page.form.close_panel()
    assert page.form.isHidden()
    place = page.view.visualRect(page.view.currentIndex()).center()
    qtbot.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    bureau.settle()
    assert not page.form.isHidden()
    assert page.form.row_id == monde.interventions[2]


def test_an_edit_is_saved_and_undone(bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine) -> None:
    page, row_id = bureau.liste(), monde.interventions[2]
    open_form(bureau, page, row_id)
    line = page.form.fields.editors["titre"].inner
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "Fuite au verin")
    assert page.form.save_button.isEnabled()
    qtbot.mouseClick(page.form.save_button, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert column(sqlite_engine, row_id, "titre") == "Fuite au verin"
    assert not page.form.dirty
    assert "Fuite au verin" in titles(page)
    toast = bureau.window.toaster.toasts[-1]
    toast.undo()
    bureau.settle()
    assert column(sqlite_engine, row_id, "titre") == TITRES[2][0]
    assert page.form.head.title.text() == TITRES[2][0]


def test_a_refusal_stands_under_its_field(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    page, row_id = bureau.liste(), monde.interventions[2]
    open_form(bureau, page, row_id)
    editor = page.form.fields.editors["titre"]
    editor.show_value("")
    editor.changed.emit()
    page.form.save()
    bureau.settle()
    row = page.form.fields.rows["titre"]
    assert row.error.isVisible()
    assert row.error.label.text()
    assert page.form.dirty
    assert column(sqlite_engine, row_id, "titre") == TITRES[2][0]


def test_an_unreadable_date_never_leaves_the_form(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = bureau.liste()
    open_form(bureau, page, monde.interventions[2])
    editor = page.form.fields.editors["date_planifiee"]
    editor.inner.setText("31/02")  # type: ignore[attr-defined]
    editor.changed.emit()
    page.form.save()
    bureau.settle()
    assert "Date et heure attendues" in page.form.fields.rows["date_planifiee"].error.label.text()
    qtbot.keyClick(editor.inner, "=")
    assert editor.value() is not None


def test_transitions_say_why_and_change_the_status(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    page, row_id = bureau.liste(), monde.interventions[0]
    open_form(bureau, page, row_id)
    bar = page.form.bar
    assert isinstance(bar, ActsBar)
    assert not bar.buttons["cloturee"].isEnabled()
    assert "diagnostic" in bar.reason.text()
    # What is typed and not saved opens the act; what still lacks is said, and nothing typed is lost.
    notes, diagnostic = (page.form.fields.editors[name] for name in ("notes_internes", "diagnostic"))
    notes.show_value("Client prévenu")
    notes.changed.emit()
    assert bar.reason.text() == "Clôturer enregistre d’abord ce qui est saisi."
    bar.buttons["cloturee"].click()
    bureau.settle()
    (refusal,) = (one for one in page.form.findChildren(Banner) if one.isVisible())
    assert "diagnostic ou les travaux" in refusal.label.text()
    assert (column(sqlite_engine, row_id, "statut"), notes.value()) == ("en_cours", "Client prévenu")
    diagnostic.show_value("Galet cassé")
    diagnostic.changed.emit()
    bar.buttons["cloturee"].click()
    bureau.settle()
    assert column(sqlite_engine, row_id, "statut") == "cloturee"
    assert column(sqlite_engine, row_id, "diagnostic") == "Galet cassé"
    assert column(sqlite_engine, row_id, "notes_internes") == "Client prévenu"
    assert page.form.head.pill.accessibleName() == "Clôturée"
    assert page.form.fields.editors["titre"].inner.isReadOnly()  # type: ignore[attr-defined]
    assert not page.form.fields.editors["notes_internes"].inner.isReadOnly()  # type: ignore[attr-defined]


def test_lines_are_added_with_totals_and_removed(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    page, row_id = bureau.liste(), monde.interventions[0]
    open_form(bureau, page, row_id)
    tab = page.form.parts[0]
    assert isinstance(tab, LinesTab)
    tab.add()
    bureau.settle()
    assert not tab.fields["designation"].error.isHidden() or not tab.fields["quantite"].error.isHidden()
    tab.designation.show_value("Galet")
    tab.quantity.line.setText("2,5")
    tab.price.line.setText("100,10")
    tab.add()
    bureau.settle()
    assert tab.total.text() == "Total HT : 250,25 MAD"
    assert page.form.tabs.tabText(1) == "Lignes 1"
    with transaction(sqlite_engine, write=False) as session:
        assert session.execute(sa.text("SELECT count(*) FROM lignes_intervention")).scalar_one() == 1


def test_history_lists_what_was_done(bureau: Bureau, monde: Monde) -> None:
    page, row_id = bureau.liste(), monde.interventions[2]
    open_form(bureau, page, row_id)
    tabs = page.form.tabs
    (place,) = (i for i in range(tabs.count()) if tabs.tabText(i).startswith("Historique"))
    before = tabs.tabText(place)
    editor = page.form.fields.editors["priorite"]
    editor.show_value("urgente")
    editor.changed.emit()
    page.form.save()
    bureau.settle()
    assert tabs.tabText(place) != before


def test_someone_elses_change_shows_a_banner_and_keeps_the_typing(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    page, row_id = bureau.liste(), monde.interventions[2]
    open_form(bureau, page, row_id)
    editor = page.form.fields.editors["titre"]
    editor.show_value("Ma version")
    editor.changed.emit()
    with transaction(sqlite_engine) as session:
        session.execute(sa.text("UPDATE interventions SET titre = 'Leur version', description = 'Accès par la cour' "
                                "WHERE id = :i"), {"i": row_id})  # fmt: skip
    bureau.bus.publish("interventions", row_id)
    bureau.settle()
    assert editor.value() == "Ma version"
    assert page.form.fields.editors["description"].value() == "Accès par la cour"
    said = [banner.label.text() for banner in page.form.findChildren(Banner) if not banner.isHidden()]
    assert any("Titre" in words and "Description" in words for words in said)


def test_a_clean_form_follows_changes_silently(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    page, row_id = bureau.liste(), monde.interventions[3]
    open_form(bureau, page, row_id)
    with transaction(sqlite_engine) as session:
        session.execute(sa.text("UPDATE interventions SET titre = 'Leur version' WHERE id = :i"), {"i": row_id})
    bureau.bus.publish("interventions", row_id)
    bureau.settle()
    assert page.form.head.title.text() == "Leur version"
    assert not page.form.dirty


def test_arabic_paints_the_whole_screen_mirrored(
    qapp: QApplication, qtbot: QtBot, worker: DbWorker, monde: Monde, tmp_path: Path
) -> None:
    i18n.set_language(qapp, "ar")
    theme.install(qapp, theme.DARK)
    assert monde.agent is not None
    bureau = Bureau(qtbot, worker, monde.agent, tmp_path)
    page = bureau.liste()
    open_form(bureau, page, monde.interventions[0])
    image = bureau.window.grab().toImage()
    assert bureau.workspace.nav.geometry().x() > bureau.workspace.tabs.geometry().x()
    assert page.form.geometry().x() < page.view.mapTo(page, page.view.rect().topLeft()).x()
    accent = theme.theme().color("accent.fill")
    right = sum(image.pixelColor(image.width() - 2, y) == accent for y in range(60, 140))
    assert right > 5, "the mark of the current section stands at the right edge"
    assert page.model.index(page.model.place_of(monde.interventions[0]), 2).data() == "قيد الإنجاز"


def test_a_failed_reading_says_so_and_can_be_tried_again(bureau: Bureau, sqlite_engine: sa.Engine) -> None:
    page = bureau.liste()
    with sqlite_engine.connect().execution_options(write=True) as connection:
        connection.execute(sa.text("ALTER TABLE equipements RENAME TO equipements_absents"))
        connection.commit()
    page.reload()
    bureau.settle()
    assert page.stack.currentWidget() is not page.view
    assert page.status()[0] == "Liste indisponible" or page.model.rowCount()
    with sqlite_engine.connect().execution_options(write=True) as connection:
        connection.execute(sa.text("ALTER TABLE equipements_absents RENAME TO equipements"))
        connection.commit()
    page.reload()
    bureau.settle()
    assert page.stack.currentWidget() is page.view


def test_the_filtered_list_is_exported_for_excel(bureau: Bureau, qtbot: QtBot, tmp_path: Path) -> None:
    page = bureau.liste()
    page.filter.set_text("client:chaouia")
    bureau.settle()
    target = tmp_path / "liste.csv"
    made = page.export(target)
    assert made is not None
    bureau.settle()
    raw = target.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = raw.decode("utf-8-sig").splitlines()
    assert lines[0].split(";")[:3] == ["N°", "Statut", "Intervention"]
    assert len(lines) == 1 + page.model.rowCount()
    assert all(line.startswith("INT-CAS-") for line in lines[1:])
    assert [file.name for file in tmp_path.glob("*csv*")] == ["liste.csv"]


def test_a_cancelled_export_leaves_no_file(bureau: Bureau, tmp_path: Path) -> None:
    page = bureau.liste()
    made = page.export(tmp_path / "liste.csv")
    assert made is not None
    made.cancel()
    bureau.settle()
    assert not list(tmp_path.glob("*csv*"))


def test_the_column_says_the_deadline_that_the_list_sorts_and_filters_by() -> None:
    now = clock.now()
    row = InterventionLigne(
        1, "INT-CAS-04-2026-00001", "affectee", "haute", "Fuite", "Atlas", "", None, "CAS", now, None,
        now + timedelta(hours=10), 600, "ok", False, False,
        PriseEnCharge(now + timedelta(minutes=20), "soon", 20, True),
    )  # fmt: skip
    assert deadline(row)[2] == sla_words("ok", 600)
    assert next_sla(row)[2] == "début dans 0 h 20", "named, where the list beside says the other"
    assert sla_told(row) == f"Prise en charge : 0 h 20 · Résolution : {sla_words('ok', 600)}"
    late = replace(row, prise=PriseEnCharge(now - timedelta(hours=30), "late", -1380, True))
    assert next_sla(late)[2] == "début +23 h"
    assert sla_words("late", 0) == "+0 h 00", "over while everybody was closed: not the last minute"
    begun = replace(row, prise=PriseEnCharge(now, "tenu"))
    assert next_sla(begun)[2] == f"reste {sla_words('ok', 600)}"
