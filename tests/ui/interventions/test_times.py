"""Times and downtime through real widgets: noted by keyboard, kept as drafts, summed, and on the machine's form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.models import Tarif
from erp_desktop.ui.arrets.tab import DowntimeTab
from erp_desktop.ui.interventions.times import TimesTab
from erp_desktop.ui.kit.controls import Text
from tests.ui.company import Monde
from tests.ui.window import Bureau


def words(part: QWidget) -> str:
    return "\n".join(one.text() for one in part.findChildren(Text))


def test_times_of_two_techniciens_and_the_downtime_of_the_machine(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    with transaction(sqlite_engine) as session:
        session.add(Tarif(
            type_ligne="main_oeuvre", libelle="Main-d'œuvre", unite="h", prix_unitaire=Decimal("240"),
            taux_tva=Decimal(20), date_debut=date(2020, 1, 1), agence_id=monde.agence,
        ))  # fmt: skip
    page = bureau.liste()
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    panel = page.form
    times = next(p for p in panel.parts if isinstance(p, TimesTab))
    panel.tabs.set_current(2)

    def type_times(begin: str, end: str) -> None:
        for editor, text in ((times.begin, begin), (times.end, end)):
            editor.line.setFocus()
            editor.line.clear()
            qtbot.keyClicks(editor.line, text)

    # The technicien of the job is proposed; a half-typed time is this record's draft, not the next one's.
    assert times.who.value() == monde.techniciens[0]
    type_times("20/11/2025 8h", "20/11/2025 9h")
    page.view.select_id(monde.interventions[1])
    bureau.settle()
    assert (times.begin.line.text(), times.who.value()) == ("", monde.techniciens[1])
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    assert times.end.line.text().startswith("20/11/2025 9")
    type_times("20/11/2025 8h", "20/11/2025 9h30")
    times.quantity.line.setFocus()
    qtbot.keyClick(times.quantity.line, Qt.Key.Key_Return)
    bureau.settle()
    type_times("20/11/2025 9h", "20/11/2025 10h")
    times.add_button.click()
    bureau.settle()
    # The same person twice at once: said, asked, and noted when meant.
    assert "est déjà pris de 08:00 à 09:30" in times.fields["malgre"].error.label.text()
    assert times.begin.line.text()
    times.anyway.box.click()
    times.add_button.click()
    bureau.settle()
    assert not times.fields["malgre"].isVisibleTo(times)
    assert times.draft() == {}
    times.who.show_value(monde.techniciens[1], "Hind Berrada")
    type_times("20/11/2025 10h", "20/11/2025 9h")
    times.add_button.click()
    bureau.settle()
    assert times.fields["fin"].error.label.text() == "La fin vient après le début."
    type_times("20/11/2025 10h", "20/11/2025 11h")
    times.add_button.click()
    bureau.settle()
    assert "Hind Berrada" in words(times)
    assert times.total.text().startswith("Travail 3 h 30 · ")
    assert "840,00" in times.total.text()
    spent = panel.fields.editors["duree_reelle"]
    assert (spent.value(), spent.line.isReadOnly()) == (210, True)
    # Downtime of the machine, from the job; the machine's own form shows it and ends it.
    stops = next(p for p in panel.parts if isinstance(p, DowntimeTab))
    panel.tabs.set_current(3)
    stops.begin.line.setFocus()
    qtbot.keyClicks(stops.begin.line, "20/11/2025 7h")
    stops.add_button.click()
    bureau.settle()
    assert "depuis le" in words(stops)
    qtbot.keyClicks(stops.begin.line, "20/11/2025 9h")
    stops.add_button.click()
    bureau.settle()
    assert "à l’arrêt depuis le 20/11/2025 07:00" in stops.fields["debut"].error.label.text()
    machines = bureau.liste("equipements")
    machines.view.select_id(monde.machines[0])
    bureau.settle()
    shown = next(p for p in machines.form.parts if isinstance(p, DowntimeTab))
    assert "Panne" in words(shown)
    [end] = [b for b in shown.findChildren(QWidget) if b.accessibleName() == "Remise en marche maintenant"]
    qtbot.mouseClick(end, Qt.MouseButton.LeftButton)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert session.execute(sa.text("SELECT count(fin) FROM arrets")).scalar() == 1
    assert bureau.failures == []
