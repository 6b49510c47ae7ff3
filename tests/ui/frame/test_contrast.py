"""Every text is told apart from the ground it is written on, in light and dark, as the screens paint it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QColor, QFontInfo, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop import paths
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.ui.kit import theme
from tests.ui.company import Monde
from tests.ui.kit.test_colours import contrast
from tests.ui.test_small_screen import SCREEN, shown
from tests.ui.window import Bureau

TEXT, LARGE, OFF = 4.5, 3.0, 3.0
"""WCAG 2.2, 1.4.3: of text, of large text; of what is disabled, which the rule leaves free."""
_SURFACES = ("app", "nav", "base", "raised", "sunken", "hover", "selected", "selectedInactive")
_GROUNDS = [f"surface.{one}" for one in _SURFACES]
_NEAR = 120
"""So much of red, green and blue together may the darkest of a small letter differ from its ink."""
_TONES = ("info", "success", "warning", "danger")


def _least(size: float, bold: bool) -> float:
    return LARGE if size >= 24 or (bold and size >= 18.66) else TEXT


@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK])
def test_each_ink_of_text_is_read_on_each_ground(qapp: QApplication, mode: str) -> None:
    look = theme.install(qapp, mode)
    inks = [f"text.{one}" for one in ("primary", "secondary", "tertiary")] + ["accent.text"]
    inks += [f"semantic.{one}.text" for one in _TONES]
    soft = [f"semantic.{one}.soft" for one in _TONES] + ["accent.soft"]
    pairs = [(ink, ground, TEXT) for ink in inks for ground in (*_GROUNDS, *soft)]
    pairs += [(f"priority.{one}.color", ground, TEXT) for one in look.names("priority") for ground in _GROUNDS]
    pairs += [(f"status.{one}.text", f"status.{one}.soft", TEXT) for one in look.names("status")]
    pairs += [("text.disabled", ground, OFF) for ground in (*_GROUNDS, "border.subtle")]
    pairs += [("text.onAccent", f"accent.{one}", TEXT) for one in ("fill", "hover", "pressed")]
    pairs += [("text.onAccent", "semantic.danger.solid", TEXT)]
    pairs += [(f"toast.{one}", "toast.bg", TEXT) for one in ("text", "action")]
    pairs += [("text.primary", f"conflict.{one}", TEXT) for one in ("added", "removed")]
    pale = {(ink, ground): round(found, 2) for ink, ground, least in pairs
            if (found := contrast(look.color(ink), look.color(ground))) < least}  # fmt: skip
    assert pale == {}


def _rules() -> dict[str, dict[str, str]]:
    """Selector of a button → what the style sheet says of it."""
    sheet = (paths.RESOURCES / "theme" / "style.qss").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        said = dict(re.findall(r"([\w-]+)\s*:\s*([^;]+);", body))
        for selector in map(str.strip, selectors.split(",")):
            found.setdefault(selector, {}).update(said)
    return found


@pytest.mark.parametrize("mode", [theme.LIGHT, theme.DARK])
def test_each_kind_of_button_is_read_in_each_of_its_states(qapp: QApplication, mode: str) -> None:
    look, rules = theme.install(qapp, mode), _rules()
    kinds = sorted({kind for one in rules if (kind := "".join(re.findall(r'^QPushButton\[kind="(\w+)"\]', one)))})
    assert len(kinds) > 6
    pale, tried = dict[str, float](), 0
    for kind in kinds:
        own = f'QPushButton[kind="{kind}"]'
        for state in ("", ":hover", ":pressed", ":checked", ":disabled"):
            said: dict[str, str] = {}
            for one in ("QPushButton", f"QPushButton{state}", own, f"{own}{state}"):
                said |= rules.get(one, {})
            ink, ground = said["color"], said["background"]
            path = re.compile(r"\$\(([\w.]+)\)")
            grounds = _GROUNDS[:5] if ground == "transparent" else path.findall(ground)
            assert grounds
            for under in grounds:
                tried += 1
                found = contrast(look.color(path.findall(ink)[0]), look.color(under))
                if found < (OFF if state == ":disabled" else TEXT):
                    pale[f"{kind}{state} on {under}"] = round(found, 2)
    assert pale == {}
    assert tried > 60


class Written:
    """What a picture of a window is written in: words, their place, ink and least contrast."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.words: list[tuple[str, QRect, QColor, float]] = []
        plain = QPainter.drawText

        def note(painter: QPainter, *given: object) -> object:
            place, words = given[0], str(given[-1])
            if isinstance(place, QRect | QRectF) and words.strip():
                here = painter.deviceTransform().mapRect(QRectF(place)).toAlignedRect()
                drawn = painter.fontMetrics().boundingRect(words).width()
                font = QFontInfo(painter.font())
                if drawn:
                    self.words.append((words, here, painter.pen().color(), _least(font.pixelSize(), font.bold())))
            return plain(painter, *given)  # type: ignore[call-overload]

        monkeypatch.setattr(QPainter, "drawText", note)


def _fields(window: QWidget) -> Iterator[tuple[str, QRect, QColor, float]]:
    """The same of what Qt writes itself."""
    role = QPalette.ColorRole
    for one in window.findChildren(QWidget):
        if not one.isVisible() or one.visibleRegion().isEmpty():
            continue
        words, ink = "", role.WindowText
        if isinstance(one, QLabel):
            words = one.text()
        elif isinstance(one, QPushButton):
            words, ink = one.text(), role.ButtonText
        elif isinstance(one, QLineEdit | QPlainTextEdit):
            typed = one.text() if isinstance(one, QLineEdit) else one.toPlainText()
            words, ink = (typed, role.Text) if typed else (one.placeholderText(), role.PlaceholderText)
        elif isinstance(one, QComboBox):
            words, ink = one.currentText(), role.Text
        if not words.strip():
            continue
        seen = one.visibleRegion().boundingRect()
        here = QRect(one.mapTo(window, seen.topLeft()), seen.size()).adjusted(2, 2, -2, -2)
        font = QFontInfo(one.font())
        least = _least(font.pixelSize(), font.bold()) if one.isEnabled() else OFF
        yield words, here, one.palette().color(ink), least


def _near(one: QColor, other: QColor) -> bool:
    parts = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return sum(abs(a - b) for a, b in parts) < _NEAR


def _ground(image: QImage, here: QRect, ink: QColor) -> QColor | None:
    """The colour that most of a place has; None where the words are not in the picture: covered, or scrolled away."""
    inner = here.adjusted(2, 3, -2, -3) if here.height() > 14 else here
    box = inner.intersected(image.rect())
    if box.width() < 3 or box.height() < 3:
        return None
    step = 1 if box.width() < 60 else 3
    down, across = range(box.top(), box.bottom() + 1), range(box.left(), box.right() + 1, step)
    found = Counter(image.pixel(x, y) for y in down for x in across)
    ground = QColor(found.most_common(1)[0][0])
    shown = _over(ink, ground)
    return ground if any(_near(QColor(one), shown) for one in found) else None


def _over(ink: QColor, ground: QColor) -> QColor:
    """What an ink that lets through shows on a ground."""
    part = ink.alphaF()
    mixed = [round(a * part + b * (1 - part)) for a, b in (
        (ink.red(), ground.red()), (ink.green(), ground.green()), (ink.blue(), ground.blue()),
    )]  # fmt: skip
    return QColor(*mixed)


@pytest.mark.soak
@pytest.mark.parametrize("mode", [theme.DARK, theme.LIGHT])
def test_what_the_screens_write_is_read_on_what_they_paint_under_it(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    theme.install(qapp, mode)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    bureau.window.resize(SCREEN)
    written, pale, tried = Written(monkeypatch), dict[tuple[str, str, str], str](), 0

    def look(where: str, within: QWidget | None = None) -> None:
        nonlocal tried
        seen = bureau.window.rect()
        if within is not None:
            seen = QRect(within.mapTo(bureau.window, QPoint()), within.size())
        written.words.clear()
        image = bureau.window.grab().toImage()
        for words, here, ink, least in [*written.words, *_fields(bureau.window)]:
            ground = _ground(image, here, ink)
            if ground is None or not seen.contains(here.center()):
                continue
            tried += 1
            found = contrast(_over(ink, ground), ground)
            if 1.05 < found < least:
                pale.setdefault((words[:40], ink.name(), ground.name()), f"{where}: {found:.2f} of {least}")

    for where in shown(bureau):
        look(where)
    bureau.workspace.keys.toggle()
    bureau.settle()
    look("F1", bureau.workspace.keys)
    bureau.workspace.keys.hide()
    bureau.workspace.palette_box.open("a")
    bureau.settle()
    look("Ctrl+K", bureau.workspace.palette_box.box)
    assert pale == {}
    assert tried > 3000
