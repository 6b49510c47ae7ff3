"""The box of Ctrl+K, by keyboard and by mouse: every section, numbers, commands, what was opened last, links."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.recherche import plier
from erp_desktop.services.search import answers
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.kinds import KINDS
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.palette.commands import NEW, commands
from erp_desktop.ui.palette.panel import Palette
from erp_desktop.ui.palette.rows import HEADINGS, Row, matches, named
from tests.ui.company import Monde
from tests.ui.window import Bureau

_CONTROL = Qt.KeyboardModifier.ControlModifier


def opened(bureau: Bureau, qtbot: QtBot) -> Palette:
    qtbot.keyClick(bureau.workspace, Qt.Key.Key_K, _CONTROL)
    box = bureau.workspace.palette_box
    qtbot.waitUntil(box.edit.hasFocus)
    return box


def typed(bureau: Bureau, qtbot: QtBot, words: str) -> list[Row]:
    """What is shown once all was answered."""
    box = bureau.workspace.palette_box
    box.edit.clear()
    for letter in words:
        # What Qt's own tests press has Latin letters alone.
        QApplication.sendEvent(box.edit, QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, letter))
    qtbot.waitUntil(lambda: box._answered == words.strip())
    bureau.settle()
    return box.answers.rows


@pytest.mark.parametrize(
    ("words", "wanted", "found"),
    [
        ("Fuite d'huile", ["huile"], [(8, 5)]), ("Éléphant élé", ["ele"], [(0, 3)]), ("cœur", ["oeu"], [(1, 2)]),
        ("abc", ["abc", "b"], [(0, 3)]), ("abc", ["x", ""], []),
    ],
)  # fmt: skip
def test_the_matching_letters_are_found_where_they_stand(
    words: str, wanted: list[str], found: list[tuple[int, int]]
) -> None:
    assert matches(words, wanted) == found


def test_ctrl_k_answers_by_section_and_opens_what_is_marked(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    bureau.liste()
    before = bureau.window.say("Enregistré")
    box = opened(bureau, qtbot)
    rows = typed(bureau, qtbot, "broyeur")
    meanwhile = bureau.window.say("Document joint")
    assert [toast.isVisible() for toast in (before, meanwhile)] == [False, False], "no message lies over the box"
    assert [row.record for row in rows if row.record and row.record[0] == "equipements"] == [
        ("equipements", monde.machines[1])
    ]
    assert {row.record[1] for row in rows if row.record and row.record[0] == "interventions"} == {
        monde.interventions[1], monde.interventions[4],
    }  # fmt: skip
    assert box.record == rows[0].record
    qtbot.keyClick(box.edit, Qt.Key.Key_Up)
    assert box.record == rows[-1].record
    while box.record != ("equipements", monde.machines[1]):
        qtbot.keyClick(box.edit, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "EQ-001" in _glance(box))
    assert "Minoterie Chaouia" in rows[-1].detail
    qtbot.keyClick(box.edit, Qt.Key.Key_Return)
    assert not box.isVisible()
    assert before.isVisible()
    assert meanwhile.isVisible()
    assert bureau.workspace.tabs.current == f"equipements/{monde.machines[1]}"
    bureau.settle()
    # Opened last comes first the next time, nothing typed.
    box = opened(bureau, qtbot)
    qtbot.waitUntil(lambda: box.answers.rows != [])
    assert box.record == ("equipements", monde.machines[1])


def test_what_is_told_of_a_record_is_whole_in_a_low_window(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    """On 1366 by 768 at 150 % its lines were pressed into one another."""
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(910, 472)
    bureau.liste()
    box = opened(bureau, qtbot)
    typed(bureau, qtbot, "broyeur")
    while box.record != ("equipements", monde.machines[1]):
        qtbot.keyClick(box.edit, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "EQ-001" in _glance(box))
    (area,) = box.glance.findChildren(QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)

    def whole() -> bool:
        lines = [label for label in box.glance.findChildren(type(box.count)) if label.isVisible()]
        return len(lines) > 8 and all(one.height() >= one.fontMetrics().height() for one in lines)

    # The lines of what has just come are laid out a turn later.
    qtbot.waitUntil(whole)


def _glance(box: Palette) -> str:
    return " ".join(label.text() for label in box.glance.findChildren(type(box.count)))


def test_enter_before_the_answer_opens_the_first_and_nothing_found_stays(bureau: Bureau, qtbot: QtBot) -> None:
    bureau.liste("clients")
    box = opened(bureau, qtbot)
    qtbot.keyClicks(box.edit, "silo")
    qtbot.keyClick(box.edit, Qt.Key.Key_Return)
    tabs = bureau.workspace.tabs
    qtbot.waitUntil(lambda: tabs.current.startswith("interventions/"))
    page = tabs.page(tabs.current)
    assert isinstance(page, RecordPage)
    qtbot.waitUntil(lambda: page.panel.record is not None)
    assert "silo" in page.panel.record.titre
    box = opened(bureau, qtbot)
    qtbot.keyClicks(box.edit, "minotterie")
    qtbot.keyClick(box.edit, Qt.Key.Key_Return)
    bureau.settle()
    qtbot.waitUntil(lambda: box.answers.rows != [])
    assert box.edit.text() == "minotterie"
    assert box.count.text() == "aucun résultat"
    # The nearest spelling is one key away.
    assert box.answers.rows[0].words == "Minoterie"
    qtbot.keyClick(box.edit, Qt.Key.Key_Return)
    assert box.edit.text() == "Minoterie"
    qtbot.waitUntil(lambda: box._answered == "Minoterie")
    assert box.record is not None
    assert box.record[0] == "clients"


def test_tab_narrows_signs_choose_and_esc_gives_the_keyboard_back(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    page = bureau.liste()
    page.view.setFocus()
    box = opened(bureau, qtbot)
    typed(bureau, qtbot, "chaouia")
    before = {row.record[0] for row in box.answers.rows if row.record}
    assert before == {"clients", "interventions", "equipements"}
    for table in ("clients", "interventions", "equipements", ""):
        qtbot.keyClick(box.edit, Qt.Key.Key_Tab)
        bureau.settle()
        shown = {row.record[0] for row in box.answers.rows if row.record}
        assert shown == ({table} if table else before)
    assert {row.record for row in typed(bureau, qtbot, "@hind")} == {("techniciens", monde.techniciens[1])}
    assert {row.record for row in typed(bureau, qtbot, "#4-3")} == {("interventions", monde.interventions[2])}
    commands = typed(bureau, qtbot, ">plan")
    assert [row.words for row in commands] == ["Aller à Planning"]
    qtbot.keyClick(box.edit, Qt.Key.Key_Escape)
    assert not box.isVisible()
    assert page.view.hasFocus()
    opened(bureau, qtbot)
    typed(bureau, qtbot, "> planning")
    qtbot.keyClick(box.edit, Qt.Key.Key_Return)
    assert bureau.workspace.tabs.current == "planning"


def test_links_are_copied_pasted_and_pins_stay(bureau: Bureau, monde: Monde, qtbot: QtBot) -> None:
    bureau.liste()
    box = opened(bureau, qtbot)
    typed(bureau, qtbot, "verin")
    qtbot.keyClick(box.edit, Qt.Key.Key_L, _CONTROL)
    copied = QGuiApplication.clipboard().text()
    assert copied.splitlines()[-1] == f"erp-mif:interventions/{monde.interventions[2]}"
    assert "Fuite d'huile" in copied
    qtbot.keyClick(box.edit, Qt.Key.Key_D, _CONTROL)
    assert box.recents.pinned == [("interventions", monde.interventions[2])]
    qtbot.keyClick(box.edit, Qt.Key.Key_Escape)
    box = opened(bureau, qtbot)
    qtbot.waitUntil(lambda: box.answers.rows != [])
    assert box.record == ("interventions", monde.interventions[2])
    box.edit.clear()
    box.edit.setFocus()
    box.edit.paste()
    qtbot.waitUntil(lambda: [row.record for row in box.answers.rows] == [box.recents.pinned[0]])
    box.edit.setText("erp-mif:clients/1")
    box.ask()
    qtbot.waitUntil(lambda: "aucune fiche" in box.count.text())
    assert box.answers.rows == []


def test_a_letter_typed_in_the_bar_and_a_click_open_the_box_and_one_beside_it_closes(
    bureau: Bureau, qtbot: QtBot
) -> None:
    bureau.liste()
    bar, box = bureau.workspace.top.search, bureau.workspace.palette_box
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(bar, Qt.Key.Key_S)
    assert box.isVisible()
    assert box.edit.text() == "s"
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().bottomLeft())
    assert not box.isVisible()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton)
    assert box.isVisible()
    assert box.edit.text() == ""
    bureau.settle()
    qtbot.keyClicks(box.edit, "atlas")
    qtbot.waitUntil(lambda: box._answered == "atlas")
    view = box.answers
    row = next(i for i in range(view.model().rowCount()) if view.model().index(i, 0).data() == "Conserveries Atlas")
    spot = view.visualRect(view.model().index(row, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert bureau.workspace.tabs.current.startswith("clients/")
    # A key of the window still does its work: the box gives way.
    opened(bureau, qtbot)
    qtbot.keyClick(bureau.workspace, Qt.Key.Key_3, _CONTROL)
    assert bureau.workspace.tabs.current == "planning"
    assert not box.isVisible()


def test_commands_follow_the_role(bureau: Bureau, sqlite_engine: sa.Engine, monde: Monde, qtbot: QtBot) -> None:
    bureau.liste()
    opened(bureau, qtbot)
    assert [row.words for row in typed(bureau, qtbot, ">objectifs")] == ["Aller à Objectifs"]
    assert "Nouvelle intervention" in [row.words for row in typed(bureau, qtbot, ">nouvelle")]
    # A section's whole name comes before every record of that word, a part of it after them.
    held = ("interventions", monde.interventions[2])
    with transaction(sqlite_engine) as session:
        session.execute(sa.text("UPDATE interventions SET titre = 'Revoir les stocks' WHERE id = :i"), {"i": held[1]})
    rows = typed(bureau, qtbot, "stock")
    assert (rows[0].words, rows[0].record) == ("Aller à Stock", None)
    assert held in [row.record for row in rows]
    assert typed(bureau, qtbot, "stoc")[0].record == held
    # Looks and languages, by what they are called here or there: whoever lands in another language finds back.
    asked: list[str] = []
    bureau.workspace.language_asked.connect(asked.append)
    bureau.workspace.theme_asked.connect(asked.append)
    for words, value in (
        ("passer en arabe", "ar"), ("langue anglais", "en"), ("language english", "en"),
        ("theme sombre", "sombre"), ("theme clair", "clair"), ("theme systeme", "systeme"),
    ):  # fmt: skip
        [row] = typed(bureau, qtbot, f">{words}")
        assert row.act is not None
        row.act()
        assert asked[-1] == value
    assert len(typed(bureau, qtbot, ">langue")) == 2
    object.__setattr__(bureau.workspace.contexte.acteur, "role", Role.TECHNICIEN)
    assert typed(bureau, qtbot, ">nouvelle inter") == []
    assert bureau.workspace.palette_box.count.text() == "aucun résultat"
    assert typed(bureau, qtbot, ">objectifs") != []
    assert bureau.workspace.palette_box.count.text() == ""


@pytest.mark.parametrize("language", list(i18n.LANGUAGES))
def test_a_command_is_found_by_its_name_in_any_language_and_shown_in_that_of_the_window(
    qapp: QApplication, bureau: Bureau, qtbot: QtBot, language: str
) -> None:
    i18n.set_language(qapp, language)
    space = bureau.workspace
    bureau.liste()
    opened(bureau, qtbot)
    # As it is typed: in capitals, without accents, with Arabic vowels, with another last letter, a part of it.
    for asked, section in (
        ("FACTURES", "Factures"), ("invoices", "Factures"), ("الفواتير", "Factures"), ("فواتير", "Factures"),
        ("equipements", "Équipements"), ("المُعدّات", "Équipements"), ("preventif", "Préventif"),
        ("dashboard", "Tableau de bord"), ("لوحة القياده", "Tableau de bord"),
    ):  # fmt: skip
        shown = [row.words for row in typed(bureau, qtbot, f"> {asked}")]
        assert tr("Aller à {section}", section=tr(section)) in shown, (asked, shown)
    # A section's whole name in any language comes before every record, and Enter goes there.
    assert typed(bureau, qtbot, "الفواتير")[0].words == tr("Aller à {section}", section=tr("Factures"))
    assert typed(bureau, qtbot, "stock")[0].words == tr("Aller à {section}", section=tr("Stock"))
    assert all(row.record is None for row in typed(bureau, qtbot, "factures"))
    assert space.palette_box.count.text() == "", "a command is a result"
    # Enter need not wait for the answer, which holds no record.
    space.palette_box.edit.clear()
    qtbot.keyClicks(space.palette_box.edit, "factures")
    qtbot.keyClick(space.palette_box.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: space.tabs.current == "factures")
    every = commands(space)
    for one in every:
        assert len(one.names) == len(i18n.LANGUAGES)
        assert len(set(one.names)) > 1, f"{one.names[0]} is in no catalogue"
        for name in one.names:
            assert one in named(every, name.upper()), name
    assert named(every, "zzz") == []


def test_after_any_choice_the_keyboard_is_in_the_page_that_it_opened(
    bureau: Bureau, monde: Monde, qtbot: QtBot
) -> None:
    """Every section, every new record and every kind of record found, by keys alone; the mouse rests."""
    space = bureau.workspace
    bureau.liste()
    words = {one.words: one for one in commands(space)}
    new = {tr(name): kind for kind, name in NEW if kind in space.sections}
    goes = {tr("Aller à {section}", section=tr(one.title)): one.key for one in space.sections.values()}
    assert len(new) == len(NEW)
    assert set(new) | set(goes) <= set(words)
    for asked, key in {**goes, **new}.items():
        qtbot.keyClick(_held(), Qt.Key.Key_K, _CONTROL)
        plain = f"> {plier(asked)}"
        qtbot.keyClicks(_held(), plain)
        answers = [name for name in words if all(one in plier(name) for one in plier(asked).split())]
        if answers[0] != asked:
            qtbot.waitUntil(lambda plain=plain: space.palette_box._answered == plain)
        for _ in range(answers.index(asked)):
            qtbot.keyClick(_held(), Qt.Key.Key_Down)
        qtbot.keyClick(_held(), Qt.Key.Key_Return)
        bureau.settle()
        assert not space.palette_box.isVisible(), asked
        page = space.page
        assert page is not None
        assert page.isAncestorOf(_held()), f"{asked}: the keyboard is in {_held()}"
        assert space.tabs.current.partition("/")[0] == key
        panel = page.record_panel()
        if asked in new:
            assert panel is not None
            assert _held() is next(iter(panel.fields.editors.values())).inner, asked
            qtbot.keyClick(_held(), Qt.Key.Key_W, _CONTROL)
            assert space.page is not None
            assert space.page.isAncestorOf(_held()), "closed, the keyboard is in the page that comes in sight"
    found = {"broyeur": ("equipements", monde.machines[1]), "atlas": ("clients", monde.clients[0])}
    for typed_words, record in found.items():
        qtbot.keyClick(_held(), Qt.Key.Key_K, _CONTROL)
        typed(bureau, qtbot, typed_words)
        while space.palette_box.record != record:
            qtbot.keyClick(_held(), Qt.Key.Key_Down)
        qtbot.keyClick(_held(), Qt.Key.Key_Return)
        bureau.settle()
        page = space.page
        assert isinstance(page, RecordPage)
        assert _held() is next(iter(page.panel.fields.editors.values())).inner
    # A box opened from the field at the top and given up leaves nothing there.
    qtbot.mouseClick(space.top.search, Qt.MouseButton.LeftButton)
    qtbot.keyClick(_held(), Qt.Key.Key_Escape)
    assert space.page is not None
    assert space.page.isAncestorOf(_held())


def _held() -> QWidget:
    held = QApplication.focusWidget()
    assert held is not None, "the keyboard is nowhere"
    return held


def test_every_kind_of_record_is_looked_for() -> None:
    """But targets, which have a page of their own."""
    assert set(answers.TABLES) == set(KINDS) - {"objectifs"}
    assert set(HEADINGS) == set(answers.TABLES)


def test_what_the_mouse_opens_in_the_corners_is_a_command_too(bureau: Bureau, qtbot: QtBot) -> None:
    space, pressed = bureau.workspace, list[str]()
    bureau.liste()
    space.status.sync.setEnabled(True)
    space.status.sync.clicked.disconnect()
    space.status.sync.clicked.connect(lambda: pressed.append("sync"))
    space.top.bell.clicked.connect(lambda: pressed.append("bell"))
    assert "Synchronisation" not in [one.words for one in commands(space)], "nothing is exchanged here"
    space.drawer = QWidget(space)
    words = {one.words: one for one in commands(space)}
    words["Synchronisation"].act()
    words["Notifications"].act()
    assert pressed == ["sync", "bell"]


def test_what_a_key_of_the_window_does_is_not_done_behind_the_box(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste()
    box = opened(bureau, qtbot)
    qtbot.keyClick(box.edit, Qt.Key.Key_N, _CONTROL)
    bureau.settle()
    assert not box.isVisible()
    held = QApplication.focusWidget()
    assert held is not None
    assert page.form.isAncestorOf(held)
    box = opened(bureau, qtbot)
    qtbot.keyClick(box.edit, Qt.Key.Key_F1)
    assert (box.isVisible(), bureau.workspace.keys.isVisible()) == (False, True)
