"""Widgets under test wear the real theme; a database worker of one thread stands behind them."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from erp_desktop.ui.kit import i18n, theme


@pytest.fixture(autouse=True)
def _look(qapp: QApplication) -> Iterator[None]:
    """French, light, left to right at the start of every test; nothing deleted later survives it."""
    i18n.set_language(qapp, "fr")
    theme.install(qapp, theme.LIGHT)
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    i18n.set_language(qapp, "fr")
