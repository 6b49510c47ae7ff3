"""The kit: theme, icons, languages, controls, background tasks and lazy tables."""

from __future__ import annotations

import ast
import gc
import sys
import threading
from typing import Any

import pytest
from PySide6 import __version__ as pyside_version
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from erp_desktop import paths
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.ui.factures.marks import PILLS as MARKS
from erp_desktop.ui.forms.editors import Combo
from erp_desktop.ui.kit import controls, i18n, icons, paint, surfaces, theme, toast
from erp_desktop.ui.kit.table import FIRST, WINDOW, LazyTableModel
from erp_desktop.ui.kit.table_view import ListView
from erp_desktop.ui.tasks import Tasks
from tests.ui.kit.lines import COLUMNS, Line, Numbers, OneThread


def test_painting_loses_no_reference_to_none(qtbot: QtBot) -> None:
    assert pyside_version == "6.11.3"
    image = QImage(QSize(20, 20), QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    changed = []
    # Three times: what another thread lets go of meanwhile counts as well, and is no habit.
    for _ in range(3):
        gc.collect()
        before = sys.getrefcount(None)
        for _ in range(200):
            painter.save()
            painter.setPen(QColor("black"))
            painter.drawLine(0, 0, 9, 9)
            painter.restore()
        changed.append(abs(sys.getrefcount(None) - before))
    painter.end()
    assert min(changed) < 50, changed


def test_theme_switches_palette_and_forced_mode_wins(qapp: QApplication) -> None:
    look = theme.theme()
    light = look.color("surface.base")
    theme.install(qapp, theme.DARK)
    assert look.dark
    assert look.color("surface.base") != light
    assert qapp.palette().base().color() == look.color("surface.base")
    assert "$(" not in qapp.styleSheet()


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK])
@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
def test_what_can_be_ticked_is_seen_on_either_ground(qtbot: QtBot, look: str, kind: type[QAbstractButton]) -> None:
    theme.theme().apply(look)
    window = surfaces.Surface("surface.base")
    qtbot.addWidget(window)
    button = kind(window)
    window.resize(40, 30)
    button.resize(30, 30)
    window.show()

    def light(colour: QColor) -> float:
        parts = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    image = window.grab().toImage()
    seen = [light(image.pixelColor(x, y)) for x in range(20) for y in range(30)]
    ground = light(theme.theme().color("surface.base"))
    far = max(seen, key=lambda one: abs(one - ground))
    assert (max(far, ground) + 0.05) / (min(far, ground) + 0.05) >= 3
    # Who comes by Tab sees where they are, two pixels wide.
    window.activateWindow()
    window.resize(90, 30)
    button.resize(80, 30)
    button.setText("Oui")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(button.hasFocus)
    ring, reached = theme.theme().color("focus").name(), window.grab().toImage()
    assert max(sum(reached.pixelColor(x, y).name() == ring for x in range(90)) for y in range(30)) >= 10
    button.setText("")
    # Ticked, it is filled, with its tick in the fill.
    button.setChecked(True)
    ticked = window.grab().toImage()
    colours = {ticked.pixelColor(x, y).name() for x in range(20) for y in range(30)}
    assert theme.theme().color("accent.fill").name() in colours
    assert kind is QRadioButton or "#ffffff" in {
        ticked.pixelColor(x, y).name() for x in range(4, 12) for y in range(8, 22)
    }


def test_a_label_made_before_the_look_changed_is_seen_in_the_new_one(qapp: QApplication, qtbot: QtBot) -> None:
    theme.theme().apply(theme.DARK)
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    window.show()
    i18n.set_language(qapp, "ar")
    label = controls.Text("ERP MIF")
    column.addWidget(label)
    theme.theme().apply(theme.LIGHT)
    qtbot.waitUntil(label.isVisible)
    assert label.palette().color(QPalette.ColorRole.WindowText) == theme.theme().color("text.primary")


def test_every_mark_has_its_icon_file() -> None:
    look = theme.theme()
    for kind in ("status", "priority"):
        for name in look.names(kind):
            entry = look.mark(kind, name)
            drawn = icons.pixmap(entry["icon"], QColor("red"), 16, entry["weight"])
            assert not drawn.isNull()
    own = [mark.partition("/")[2] for mark in MARKS.values() if "/" in mark]
    assert own
    assert not any(icons.pixmap(name, QColor("red"), 14, "fill").isNull() for name in own)


def test_every_icon_that_a_banner_or_a_button_names_is_shipped() -> None:
    missing = []
    for file in (paths.ROOT / "erp_desktop" / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            kind = getattr(getattr(node, "func", None), "id", "")
            if kind not in ("Banner", "Button") or not isinstance(node, ast.Call):
                continue
            said = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
            weight = "fill" if kind == "Banner" else said.get("weight", "regular")
            icon = paths.RESOURCES / "icons" / str(weight) / f"{said.get('icon')}.svg"
            if said.get("icon") and not icon.is_file():
                missing.append(f"{file.name}:{node.lineno} {weight}/{icon.name}")
    assert missing == []


def test_icon_takes_the_colour_asked_at_the_real_ratio() -> None:
    drawn = icons.pixmap("plus", QColor(200, 10, 10), 16, "regular", 2.0)
    image = drawn.toImage()
    assert image.width() == 32
    assert image.pixelColor(16, 16).red() > 150
    assert image.pixelColor(1, 1).alpha() == 0


def test_an_icon_outlives_the_widgets_that_show_it(qapp: QApplication) -> None:
    """Made for each and gone with it, one of some hundreds ended the window with a segmentation fault."""
    assert icons.icon("plus") is icons.icon("plus")
    assert icons.icon("plus", "accent.text") is not icons.icon("plus")


def test_arrows_mirror_in_arabic_and_clocks_do_not(qapp: QApplication) -> None:
    ink = QColor("black")
    right, clock = icons.pixmap("arrow-right", ink).toImage(), icons.pixmap("clock", ink).toImage()
    i18n.set_language(qapp, "ar")
    assert icons.pixmap("arrow-right", ink).toImage() == right.flipped(Qt.Orientation.Horizontal)
    assert icons.pixmap("clock", ink).toImage() == clock


def test_language_switch_translates_and_falls_back_to_french(qapp: QApplication) -> None:
    assert i18n.tr("Enregistrer") == "Enregistrer"
    i18n.set_language(qapp, "ar")
    assert i18n.tr("Enregistrer") == "حفظ"
    assert i18n.tr("Un texte jamais traduit") == "Un texte jamais traduit"
    i18n.set_language(qapp, "en")
    assert i18n.tr("Enregistrer") == "Save"
    assert i18n.number(1248) == "1\u202f248"


def test_field_shows_the_domain_sentence_and_clears_it(qtbot: QtBot) -> None:
    field = controls.Field("ICE", controls.LineEdit())
    qtbot.addWidget(field)
    field.say("15 chiffres attendus.")
    assert not field.error.isHidden()
    assert field.editor.property("invalid") is True
    field.say("")
    # What cannot be typed in asks for nothing.
    for editor in (controls.LineEdit("Tapez"), controls.TextArea("Tapez")):
        hints = []
        for read_only in (True, True, False, False):
            editor.set_read_only(read_only)
            hints.append(editor.placeholderText())
        assert hints == ["—", "—", "Tapez", "Tapez"]
    # A closed list shows the longest of its words beside its caret.
    combo = Combo()
    combo.addItem("Français")
    qtbot.addWidget(combo)
    assert combo.sizeHint().width() >= combo.fontMetrics().horizontalAdvance("Français") + 12 + 28
    assert field.error.isHidden()
    assert field.editor.property("invalid") is False


def test_chip_cross_removes_and_body_clicks(qtbot: QtBot) -> None:
    chip = surfaces.Chip("Statut :", "Ouverte")
    qtbot.addWidget(chip)
    chip.resize(chip.sizeHint())
    chip.show()
    with qtbot.waitSignal(chip.removed), qtbot.assertNotEmitted(chip.clicked):
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=chip._cross().center())
    with qtbot.waitSignal(chip.clicked):
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=chip.rect().topLeft() + chip.rect().center() / 4)


def test_toasts_stack_to_three_and_ctrl_z_undoes_the_last(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 600)
    window.show()
    said, toaster = list[str](), toast.Toaster(window)
    for name in "abcd":
        toaster.say(name, lambda name=name: said.append(name))
    assert len(toaster.toasts) == 3
    toaster._undo_last()
    assert said == ["d"]
    assert len(toaster.toasts) == 2
    for _reading in range(2):
        toaster.say("coupée", None, "danger")
    assert [one.accessibleName() for one in toaster.toasts].count("coupée") == 1
    # A button that goes away hands the keyboard on: never to a message.
    gone, other = QPushButton("a", window), QPushButton("b", window)
    for button in (other, gone):
        button.show()
    gone.setFocus()
    qtbot.waitUntil(gone.hasFocus)
    toaster.say("fait", lambda: None)
    gone.setEnabled(False)
    assert other.hasFocus()


def test_task_runs_elsewhere_and_answers_here(qtbot: QtBot, tasks: Tasks) -> None:
    got: list[Any] = []
    tasks.run(lambda session: session, lambda value: got.append((value, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(got))
    assert got[0][0].startswith("base")
    assert got[0][1] is threading.main_thread()


def test_task_error_goes_to_its_handler_else_to_failed(qtbot: QtBot, tasks: Tasks) -> None:
    def refuse(_session: Any) -> None:
        raise NotFoundError("Fiche introuvable.")

    got: list[Exception] = []
    tasks.run(refuse, on_error=got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert isinstance(got[0], UserError)
    with qtbot.waitSignal(tasks.failed):
        tasks.run(refuse)


def test_answer_for_a_dead_widget_or_cancelled_task_is_dropped(qtbot: QtBot, tasks: Tasks) -> None:
    got: list[Any] = []
    gate, owner = threading.Event(), QObject()
    tasks.run(lambda _s: gate.wait(60), got.append, owner=owner)
    cancelled = tasks.run(lambda _s: 1, got.append)
    cancelled.cancel()
    owner.deleteLater()
    QApplication.sendPostedEvents(owner, 0)
    gate.set()
    qtbot.waitUntil(lambda: tasks.pending == 0)
    assert got == []


def test_list_reads_only_what_is_visible(qtbot: QtBot, tasks: Tasks) -> None:
    source = Numbers(50_000)
    model = LazyTableModel[Line](tasks, source, COLUMNS, lambda row: row.id)
    view = ListView(model)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    with qtbot.waitSignal(model.loaded):
        model.ask()
    qtbot.waitUntil(lambda: model.row_at(0) is not None)
    assert model.rowCount() == 50_000
    view.scrollToBottom()
    qtbot.waitUntil(lambda: model.row_at(49_999) is not None)
    assert sum(map(len, source.asked)) <= 6 * WINDOW


class Gated(Numbers):
    """Gives its first page at once and the rest when told."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.gate = threading.Event()

    def ids(self, _session: Any, text: str, _sort: str, descending: bool, limit: int | None) -> list[int]:
        if limit is None:
            assert self.gate.wait(60)
        return super().ids(_session, text, _sort, descending, limit)


def test_first_page_is_there_before_the_rest_and_keeps_its_choice(qtbot: QtBot, tasks: Tasks) -> None:
    source = Gated(50_000)
    model = LazyTableModel[Line](tasks, source, COLUMNS, lambda row: row.id)
    view = ListView(model)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    with qtbot.waitSignal(model.first_shown):
        model.ask()
    assert model.rowCount() == FIRST
    assert model.row_at(3) == Line(4, "ligne 4")
    assert model.busy
    view.select_place(3)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    with qtbot.waitSignal(model.loaded) as loaded:
        source.gate.set()
    assert loaded.args == [50_000]
    assert model.rowCount() == 50_000
    assert model.id_at(49_999) == 50_000
    assert view.current_id() == 4
    assert resets == []
    qtbot.waitUntil(lambda: tasks.pending == 0)


def test_reading_again_moves_nothing_until_the_whole_answer_is_there(qtbot: QtBot, tasks: Tasks) -> None:
    source = Gated(50_000)
    source.gate.set()
    model = LazyTableModel[Line](tasks, source, COLUMNS, lambda row: row.id)
    with qtbot.waitSignal(model.loaded):
        model.ask()
    source.gate.clear()
    source.count = 50_001
    model.refresh()
    qtbot.wait(100)
    assert model.rowCount() == 50_000
    with qtbot.waitSignal(model.loaded):
        source.gate.set()
    assert model.rowCount() == 50_001


def test_out_of_date_answer_is_dropped(qtbot: QtBot, tasks: Tasks, worker: OneThread) -> None:
    gate = threading.Event()
    worker.pool.submit(gate.wait, 60)
    model = LazyTableModel[Line](tasks, Numbers(100), COLUMNS, lambda row: row.id)
    model.ask("1")
    model.ask("99")
    gate.set()
    qtbot.waitUntil(lambda: tasks.pending == 0)
    assert model.rowCount() == 1
    assert model.id_at(0) == 99
    # A change that arrives meanwhile does not put the new question behind a reading of the whole list.
    walks: list[object] = []
    model._source.walk = lambda *asked: walks.append(asked)  # type: ignore[assignment,func-returns-value]
    held = threading.Event()
    worker.pool.submit(held.wait, 60)
    model.ask("98")
    model.refresh()
    held.set()
    qtbot.waitUntil(lambda: tasks.pending == 0)
    assert (model.id_at(0), walks) == (98, [])


def test_known_rows_stay_while_fresher_ones_are_read(qtbot: QtBot, tasks: Tasks) -> None:
    model = LazyTableModel[Line](tasks, Numbers(10), COLUMNS, lambda row: row.id)
    model.ask()
    qtbot.waitUntil(lambda: model.rowCount() == 10 and model.row_at(3) is not None)
    model.mark_stale(frozenset({4}))
    assert model.row_at(3) == Line(4, "ligne 4")
    qtbot.waitUntil(lambda: tasks.pending == 0)


@pytest.mark.parametrize(
    ("rtl", "status", "tone"),
    [(False, "en_cours", "status.en_cours"), (True, "en_cours", "status.en_cours"),
     (False, MARKS[EtatFacture.EN_RETARD], "semantic.danger"), (True, MARKS[EtatFacture.REJETEE], "semantic.danger"),
     (False, MARKS[EtatFacture.ANNULEE], "status.annulee")],
)  # fmt: skip
def test_pill_is_painted_on_the_reading_side(rtl: bool, status: str, tone: str) -> None:
    image = QImage(QSize(300, 34), QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    width = paint.pill(painter, image.rect(), status, "En cours", rtl=rtl)
    painter.end()
    soft = theme.theme().color(f"{tone}.soft")
    inside = image.width() - width + 10 if rtl else width - 10
    assert image.pixelColor(inside, 10) == soft
    assert image.pixelColor(width + 10 if not rtl else 10, 10) == QColor("white")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Salma Bennis", "SB"), ("Nadia El Alaoui", "NA"), ("salma", "S"), ("سلمى بنيس", "س"), ("", "")],
)
def test_the_initials_of_a_person_are_the_same_wherever_they_are_drawn(name: str, letters: str) -> None:
    assert paint.initials(name) == letters
