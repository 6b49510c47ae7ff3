"""The top of a form at its narrowest: nothing of it is cut off."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.domain.enums import Priorite, Statut
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
