"""Old and new values beside each other: the direction in which they are read."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.domain.writing import bidi
from erp_desktop.ui.conflits.diff import DiffLabel, Fragment, mots
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.theme import theme


def test_a_text_is_read_by_its_letters_and_a_pair_by_the_window(qapp: QApplication, qtbot: QtBot) -> None:
    i18n.set_language(qapp, "ar")
    theme().apply(theme().mode)
    label = DiffLabel([Fragment("Fuite côté tige.", "retire"), Fragment("", "saut"), Fragment("Joint.", "ajoute")])
    qtbot.addWidget(label)
    lines = re.findall(r'<div dir="(\w+)" align="(\w+)"', label.text())
    assert lines == [("ltr", "right"), ("ltr", "right")]
    assert "\u2068Fuite côté tige.\u2069" in label.text()
    label.set_parts([Fragment("Fuite", "retire"), Fragment(" ← ", "egal"), Fragment("Joint", "ajoute")])
    assert 'dir="rtl" align="right"' in label.text()
    assert i18n.became("—", "Client prévenu.") == "\u2068—\u2069 ← \u2068Client prévenu.\u2069"
    assert bidi.nu(i18n.became("a", "b")) == "a ← b"
    i18n.set_language(qapp, "fr")
    theme().apply(theme().mode)
    assert i18n.became("—", "Joint") == "— → Joint"
    label.set_parts(mots("", "تسرب الزيت."))
    assert 'dir="rtl" align="left"' in label.text()
