"""Old and new values beside each other: the direction in which they are read."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.domain.writing import bidi
from erp_desktop.ui.conflits.diff import DiffLabel, Fragment, mots
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import field_labels


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
    assert i18n.became("—", "Client prévenu.") == "\u200f\u2068—\u2069 ← \u2068Client prévenu.\u2069"
    assert bidi.nu(i18n.became("a", "b")) == "a ← b"
    i18n.set_language(qapp, "fr")
    theme().apply(theme().mode)
    assert i18n.became("—", "Joint") == "— → Joint"
    label.set_parts(mots("", "تسرب الزيت."))
    assert 'dir="rtl" align="left"' in label.text()


def test_a_figure_is_one_word() -> None:
    """« 2 200,00 » was read where 2 became 200, and Arabic turned the halves of a quantity round."""
    day = "\u206801/12/2026 à 08:00\u2069"
    found = mots(f"Prix : 2,00 MAD · Le {day} au +212522000001", f"Prix : 200,00 MAD · Le {day} au +212661000002")
    assert [(part.texte, part.genre) for part in found] == [
        ("Prix : ", "egal"), ("2,00", "retire"), ("200,00", "ajoute"), (f" MAD · Le {day} au ", "egal"),
        ("+212522000001", "retire"), ("+212661000002", "ajoute"),
    ]  # fmt: skip


def test_figures_in_conflict_are_written_as_elsewhere() -> None:
    """« 100.000 » was read as a hundred thousand, and a revision of 3,5 % as an amount."""
    told = [
        bidi.nu(field_labels.valeur(table, name, value))
        for table, name, value in (
            ("pieces_detachees", "stock_minimum", "100.000"), ("pieces_detachees", "stock_minimum", "1234.500"),
            ("pieces_detachees", "taux_tva", "20.00"), ("pieces_detachees", "prix_unitaire", "2.00"),
            ("contrats", "revision_pct", "3.50"), ("objectifs", "cible", "95.00"),
        )
    ]  # fmt: skip
    assert told == ["100", f"1{bidi.FINE}234,5", "20", "2,00 MAD", "3,5", "95"]
