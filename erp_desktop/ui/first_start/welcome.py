"""What the first start and the login share: the indigo panel with its stars, the language switch, the foot line."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QApplication, QButtonGroup, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

import erp_desktop
from erp_desktop.ui.frame.topbar import Logo
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.controls import Button, IconLabel, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Banner, Surface
from erp_desktop.ui.kit.theme import theme

_PITCH, _HALF, _POINT = 84, 22, 31
"""Distance between stars, half side of their square, half diagonal of their diamond, in pixels."""


class Volet(QWidget):
    """The panel at the leading side: logo above, two sentences below, eight-pointed stars between."""

    def __init__(self, title: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        column = QVBoxLayout(self)
        column.setContentsMargins(48, 48, 40, 58)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Logo(44, inverse=True))
        head.addWidget(self._ink("ERP MIF", 20, strong=True, alpha=1.0))
        head.addStretch()
        column.addLayout(head)
        column.addStretch()
        self.title = self._ink(title, 26, strong=True, alpha=1.0)
        column.addWidget(self.title)
        column.addSpacing(8)
        self.words = self._ink(words, 14, strong=False, alpha=0.82)
        column.addWidget(self.words)

    @staticmethod
    def _ink(words: str, pixels: int, *, strong: bool, alpha: float) -> QLabel:
        label = QLabel(words)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        font = QFont(theme().font("page" if strong else "body"))
        font.setPixelSize(pixels)
        label.setFont(font)
        colour = QColor(theme().color("text.onAccent"))
        colour.setAlphaF(alpha)
        palette = label.palette()
        palette.setColor(QPalette.ColorRole.WindowText, colour)
        label.setPalette(palette)
        return label

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        top = theme().color("accent.pressed" if theme().dark else "accent.fill")
        ground = QLinearGradient(0, 0, self.width() * 0.35, self.height())
        ground.setColorAt(0, top)
        ground.setColorAt(0.42, top.darker(118))
        ground.setColorAt(1, top.darker(260))
        painter.fillRect(self.rect(), ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for y in range(_PITCH // 2, self.height() + _PITCH, _PITCH):
            ink = QColor(theme().color("text.onAccent"))
            ink.setAlphaF(max(0.03, 0.13 * (1 - y / max(1, self.height()))))
            painter.setPen(QPen(ink, 1))
            for x in range(_PITCH // 2, self.width() + _PITCH, _PITCH):
                self._star(painter, x if not theme().rtl else self.width() - x, y)
        painter.end()

    @staticmethod
    def _star(painter: QPainter, x: int, y: int) -> None:
        painter.drawRect(QRect(x - _HALF, y - _HALF, 2 * _HALF, 2 * _HALF))
        corners = ((0, -_POINT), (_POINT, 0), (0, _POINT), (-_POINT, 0))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners]))
        painter.drawLine(x + _POINT, y, x + _PITCH - _POINT, y)
        painter.drawLine(x, y + _POINT, x, y + _PITCH - _POINT)


class Langues(QWidget):
    """Français, العربية, English, as one switch."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(IconLabel("translate", "text.tertiary", 16))
        tray = Surface("surface.app", radius=theme().px("radius.sm"))
        inside = QHBoxLayout(tray)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.setSpacing(2)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, Button] = {}
        for code, name in i18n.LANGUAGES.items():
            button = Button(name, "segment", name=name)
            button.setCheckable(True)
            button.setChecked(code == i18n.language())
            button.clicked.connect(lambda _checked=False, code=code: self.asked.emit(code))
            self._group.addButton(button)
            self.buttons[code] = button
            inside.addWidget(button)
        row.addWidget(tray)


class Accueil(QWidget):
    """A screen before work: panel, body, language switch, foot. Subclasses build :meth:`body`.

    Attributes:
        column: where :meth:`body` puts its widgets; rebuilt when language or look changes.
    """

    language_changed = Signal(str)
    share = 0.29
    """Part of the width that the panel takes."""

    def __init__(self, foot: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._foot = foot
        self._outer = QHBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.setSpacing(0)
        self._root: QWidget | None = None

    def panel_words(self) -> tuple[str, str]:
        """Title and sentence of the panel."""
        raise NotImplementedError

    def help_words(self) -> str:
        """What the help link says."""
        raise NotImplementedError

    def body(self, column: QVBoxLayout) -> None:
        """Fill the middle of the screen."""
        raise NotImplementedError

    def rebuild(self) -> None:
        """Make every widget again in the language in force."""
        old = self._root
        root = self._root = Surface("surface.base")
        across = QHBoxLayout(root)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        self.panel = Volet(*self.panel_words())
        across.addWidget(self.panel, round(self.share * 1000))
        across.addWidget(self._right(), round((1 - self.share) * 1000))
        if old is not None:
            self._outer.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._outer.addWidget(root)

    def _right(self) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(40, 24, 42, 22)
        column.setSpacing(0)
        self.languages = Langues()
        self.languages.asked.connect(self.set_language)
        column.addWidget(self.languages, 0, Qt.AlignmentFlag.AlignRight)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        middle = QWidget()
        middle.setObjectName("corps")
        inside = QVBoxLayout(middle)
        inside.setContentsMargins(0, 12, 0, 12)
        inside.setSpacing(0)
        inside.addStretch(2)
        self.body(inside)
        inside.addStretch(3)
        area.setWidget(middle)
        column.addWidget(area, 1)
        self.help = Banner("info", self.help_words())
        self.help.hide()
        column.addWidget(self.help)
        column.addSpacing(6)
        foot = QHBoxLayout()
        words = " · ".join(part for part in (tr("Version {v}", v=erp_desktop.__version__), self.foot()) if part)
        foot.addWidget(Text(words, "caption", "text.tertiary"))
        foot.addStretch()
        foot.addWidget(Button(tr("Aide"), "link", on_click=self._toggle_help))
        column.addLayout(foot)
        return right

    def foot(self) -> str:
        return tr(self._foot) if self._foot else ""

    def _toggle_help(self) -> None:
        self.help.setVisible(self.help.isHidden())

    def set_language(self, code: str) -> None:
        """Switch the language of the whole program and build this screen again."""
        app = QApplication.instance()
        if code == i18n.language() or not isinstance(app, QApplication):
            return
        i18n.set_language(app, code)
        theme().apply(theme().mode)
        self.rebuild()
        self.language_changed.emit(code)
