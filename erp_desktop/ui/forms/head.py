"""The top of a form: number, title, status, priority, deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.writing import bidi
from erp_desktop.ui.forms.spec import Head
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Elided, Text, icon_button, plain
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Pill, Priority
from erp_desktop.ui.kit.theme import theme

_INSET: Final = 8
"""From the edge of the head to its words: those of the form below begin there."""


class _Sla(QWidget):
    """What is left, whole in words; its bar takes what room there is."""

    _BAR: Final = 70
    _LEAST: Final = 20

    def __init__(self) -> None:
        super().__init__()
        self._state: tuple[str, float, str] = ("none", 0.0, "")
        self._beside = 0
        self.setFixedHeight(20)

    def set_state(self, state: tuple[str, float, str]) -> None:
        self._state = state
        words = paint.metrics("strong").horizontalAdvance(state[2])
        barred = state[0] in ("ok", "soon", "late")
        self._beside = words + (14 if barred else 26)
        self.setMinimumWidth(self._beside + (self._LEAST if barred else 0))
        self.setMaximumWidth(self._beside + (self._BAR if barred else 0))
        self.setAccessibleName(state[2])
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return self.maximumSize()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        state, share, words = self._state
        paint.sla(painter, self.rect(), state, share, words, rtl=theme().rtl, bar=self.width() - self._beside)
        painter.end()


class HeadView(QWidget):
    """Shows a :class:`Head`; the buttons that are given callables appear."""

    def __init__(
        self, on_tab: Callable[[], object] | None, on_close: Callable[[], object] | None,
        on_around: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        column = QVBoxLayout(self)
        # Margins of a layout keep their sides in Arabic; spaces inside a line do not.
        column.setContentsMargins(8, 12, 8, 0)
        column.setSpacing(5)
        self._line, self._closable = QWidget(), on_close is not None
        line = QHBoxLayout(self._line)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addSpacing(_INSET)
        self.code = Text("", "caption", "text.tertiary")
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line.addWidget(self.code)
        self._copy = icon_button("copy", tr("Copier le numéro"), self._copy_code)
        line.addWidget(self._copy)
        line.addStretch()
        self.around = icon_button("tree-structure", tr("Voir aussi"), on_around)
        line.addWidget(self.around)
        self._tab = icon_button("arrow-square-out", tr("Ouvrir dans un onglet"), on_tab)
        self._has_tab = on_tab is not None
        line.addWidget(self._tab)
        self._tab.setVisible(self._has_tab)
        if on_close is not None:
            line.addWidget(icon_button("x", tr("Fermer la fiche"), on_close))
        column.addWidget(self._line)
        self.title = Elided("", "title")
        self.title.setMinimumHeight(26)
        named = QHBoxLayout()
        named.setSpacing(0)
        named.addSpacing(_INSET)
        named.addWidget(self.title)
        column.addLayout(named)
        self._marks = QWidget()
        marks = QHBoxLayout(self._marks)
        marks.setContentsMargins(_INSET, 0, _INSET, 0)
        marks.setSpacing(12)
        self.pill = Pill("ouverte", "")
        self._priority = Priority("normale", "")
        self._sla = _Sla()
        self._plain = Text("", "body", "text.secondary")
        for widget in (self.pill, self._priority, self._plain):
            marks.addWidget(widget)
        marks.addStretch()
        marks.addWidget(self._sla)
        column.addWidget(self._marks)

    def _copy_code(self) -> None:
        QGuiApplication.clipboard().setText(bidi.nu(self.code.text()))

    def show_head(self, head: Head, *, existing: bool, around: bool = False) -> None:
        self.code.setText(isolate(head.code))
        self.title.setText(head.title)
        self.title.update()
        self._copy.setVisible(bool(head.code))
        self.around.setVisible(around)
        self._line.setVisible(bool(head.code) or self._closable or around)
        self._tab.setVisible(existing and self._has_tab)
        self.pill.setVisible(head.status is not None)
        if head.status is not None:
            self.pill.set_status(*head.status)
        self._priority.setVisible(head.priority is not None)
        if head.priority is not None:
            self._priority.set_priority(*head.priority)
        self._sla.setVisible(head.sla is not None)
        if head.sla is not None:
            self._sla.set_state(head.sla)
            self._sla.setToolTip(plain(head.sla_told))
        self._plain.setText(head.plain)
        self._plain.setVisible(bool(head.plain))
        self._marks.setVisible(bool(head.status or head.priority or head.sla or head.plain))
