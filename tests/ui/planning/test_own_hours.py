"""A technicien's own hours: typed in the form, hatched on the board, judged before a card is let go."""

from __future__ import annotations

import sqlalchemy as sa
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.domain.people import horaires
from erp_desktop.domain.writing import bidi
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import words
from tests.ui.company import Monde
from tests.ui.planning.week import Semaine, at
from tests.ui.window import Bureau


def _inks(s: Semaine, place: QPoint) -> set[str]:
    """What is painted within a few pixels."""
    picture = s.view.viewport().grab().toImage()
    around = [place + QPoint(x, y) for x in range(-4, 5) for y in range(1, 7)]
    return {QColor(picture.pixel(p)).name() for p in around}


def test_hours_are_typed_shaded_and_judged(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot, qapp: QApplication
) -> None:
    s = Semaine(bureau, monde, sqlite_engine)
    morning, evening = s.spot(s.karim, at(9, day=1)), s.spot(s.karim, at(17, day=1))
    base = QColor(theme().color("surface.base")).name()
    assert _inks(s, morning) == _inks(s, evening) == {base}

    page = bureau.liste("techniciens")
    page.view.select_id(s.karim)
    bureau.settle()
    fields = page.form.fields
    line, told = fields.editors["horaires_travail"].inner, fields.understood["horaires_travail"].line
    notice = fields.rows["horaires_travail"].notice
    assert not told.isVisible()
    qtbot.keyClicks(line, "le matin")
    assert notice.isVisible()
    assert notice.label.text().startswith("Le planning ne lit pas ces horaires et suit ceux de l’agence.")
    page.form.save()
    bureau.settle()
    assert fields.rows["horaires_travail"].error.label.text() == i18n.said(horaires.ILLISIBLE)
    line.clear()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "8h-12h, 14h-16h; mer repos")
    assert told.text() == (
        "Compris : Lun – Mar 08:00 – 12:00, 14:00 – 16:00 · Mer repos · Jeu – Dim 08:00 – 12:00, 14:00 – 16:00, dans "
        "ceux de l’agence"
    )
    assert (told.isVisible(), notice.isVisible()) == (True, False)
    page.form.save()
    bureau.settle()

    bureau.workspace.open_section("planning")
    bureau.settle()
    assert _inks(s, s.spot(s.karim, at(9, day=1))) == {base}
    assert base not in _inks(s, s.spot(s.karim, at(17, day=1))), "hatched"
    assert _inks(s, s.spot(s.hind, at(17, day=1))) == {base}, "hers are the agency's"
    s.drag(s.fiches[0], s.spot(s.karim, at(17, day=1)), drop=False)
    assert "En dehors des heures de Karim" in s.view.accessibleDescription(), "the verdict comes before the drop"
    i18n.set_language(qapp, "ar")
    assert bidi.nu(words.own_hours("sam 8h-12h")[0]) == (
        "مفهوم: الاثنين – الجمعة راحة · السبت 08:00 – 12:00 · الأحد راحة، ضمن أوقات الوكالة"
    )


def test_nothing_is_said_to_be_unsaved_of_a_technicien_who_is_looked_at(bureau: Bureau, monde: Monde) -> None:
    page = bureau.liste("techniciens")
    for who in monde.techniciens:
        page.view.select_id(who)
        bureau.settle()
    assert [toast.accessibleName() for toast in bureau.window.toaster.toasts] == []
