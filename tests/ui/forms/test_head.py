"""The top of a form at its narrowest: nothing of it is cut off."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QStyleOptionComboBox
from pytestqt.qtbot import QtBot

from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.ui.forms.editors import Combo
from erp_desktop.ui.forms.head import HeadView
from erp_desktop.ui.forms.spec import Head
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.wording import value_labels

_PANEL = 364
"""What a form has beside a list on the smallest screen."""


@pytest.mark.parametrize("language", list(i18n.LANGUAGES))
@pytest.mark.parametrize(("state", "left"), [("ok", "26 h"), ("late", "+47 h"), ("paused", None)])
def test_what_is_left_is_whole_beside_the_longest_status(
    qtbot: QtBot, qapp: QApplication, language: str, state: str, left: str | None
) -> None:
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    words = i18n.tr("en pause") if left is None else i18n.tr("début {reste}", reste=left)
    view = HeadView(None, lambda: None)
    qtbot.addWidget(view)
    view.show_head(
        Head(code="INT", title="Fuite", status=("en_attente", value_labels.label(Statut, "en_attente")),
             priority=("programmee", value_labels.label(Priorite, "programmee")), sla=(state, 0.5, words)),
        existing=True,
    )  # fmt: skip
    view.setFixedWidth(_PANEL)
    view.show()
    qapp.processEvents()
    assert view._sla.accessibleName() == words
    for part in (view.pill, view._priority, view._sla):
        inside = part.visibleRegion().boundingRect()
        assert inside.size() == part.size(), part.accessibleName()
        assert part.width() >= part.minimumWidth()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_words_of_a_narrow_list_end_before_its_caret(qtbot: QtBot, qapp: QApplication, language: str) -> None:
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    combo = Combo()
    qtbot.addWidget(combo)
    combo.addItems(["", "Magasin central de Casablanca"])
    combo.resize(110, 30)
    combo.show()

    def caret() -> QImage:
        return combo.grab(QRect(combo.width() - 27 if language == "fr" else 2, 4, 24, 22)).toImage()

    alone = caret()
    combo.setCurrentIndex(1)
    assert caret() == alone
    combo.resize(300, 30)
    option = QStyleOptionComboBox()
    combo.initStyleOption(option)
    assert option.currentText == "Magasin central de Casablanca"
