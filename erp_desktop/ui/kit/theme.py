"""Colours, fonts and sizes from ``resources/theme/tokens.json``; the only place that knows the palette."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from PySide6.QtCore import QDir, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from erp_desktop import paths

SYSTEM: Final = "systeme"
LIGHT: Final = "clair"
DARK: Final = "sombre"

_FOLDER = paths.RESOURCES / "theme"
_PLACEHOLDER = re.compile(r"\$\(([\w.]+)\)")
_RGBA = re.compile(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)")


class Theme(QObject):
    """The look in force; one per application, made by :func:`install`.

    Attributes:
        dark: whether the dark colours are in force.
    """

    changed = Signal()
    """Colours, language or density changed: repaint, measure again."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._tokens: dict[str, Any] = json.loads((_FOLDER / "tokens.json").read_text(encoding="utf-8"))
        self._style = (_FOLDER / "style.qss").read_text(encoding="utf-8")
        self._colours: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, bool], QFont] = {}
        self._mode = SYSTEM
        self.dark = False
        self._families = self._load_fonts()
        # Where the style sheet finds its pictures.
        QDir.setSearchPaths("theme", [str(_FOLDER)])
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    @staticmethod
    def _load_fonts() -> list[str]:
        for file in sorted((paths.RESOURCES / "fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(file))
        return ["Noto Sans", "Noto Sans Arabic"]

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def rtl(self) -> bool:
        return self._app.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def apply(self, mode: str = SYSTEM) -> None:
        """Rebuild palette, fonts and style sheet; ``mode`` is ``systeme``, ``clair`` or ``sombre``."""
        self._mode = mode
        wanted = {LIGHT: Qt.ColorScheme.Light, DARK: Qt.ColorScheme.Dark}.get(mode, Qt.ColorScheme.Unknown)
        hints = self._app.styleHints()
        hints.setColorScheme(wanted)
        self.dark = mode == DARK or (mode == SYSTEM and hints.colorScheme() == Qt.ColorScheme.Dark)
        self._rebuild()

    def _system_changed(self) -> None:
        dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        if self._mode == SYSTEM and dark != self.dark:
            self.dark = dark
            self._rebuild()

    def _rebuild(self) -> None:
        self._colours.clear()
        self._fonts.clear()
        self._app.setPalette(self._palette())
        self._app.setFont(self.font("body"))
        self._app.setStyleSheet(_PLACEHOLDER.sub(self._placeholder, self._style))
        self.changed.emit()

    def _placeholder(self, match: re.Match[str]) -> str:
        return self.color(match[1]).name(QColor.NameFormat.HexRgb)

    def color(self, path: str) -> QColor:
        """The colour at a dotted path under the scheme in force, e.g. ``accent.fill``.

        Raises:
            KeyError: no such token.
        """
        found = self._colours.get(path)
        if found is None:
            node: Any = self._tokens["color"]["dark" if self.dark else "light"]
            for part in path.split("."):
                node = node[part]
            rgba = _RGBA.match(node)
            if rgba:
                found = QColor(int(rgba[1]), int(rgba[2]), int(rgba[3]), round(float(rgba[4]) * 255))
            else:
                found = QColor(node)
            self._colours[path] = found
        return found

    def light(self, path: str) -> str:
        """The light scheme's colour at a path, as it is written: paper is never dark."""
        node: Any = self._tokens["color"]["light"]
        for part in path.split("."):
            node = node[part]
        return str(node)

    def mark(self, kind: str, value: str) -> dict[str, Any]:
        """The raw entry (``icon``, ``weight``, ``border``…) of a ``status`` or ``priority`` mark."""
        entry: dict[str, Any] = self._tokens["color"]["light"][kind][value]
        return entry

    def font(self, role: str, *, tabular: bool = False) -> QFont:
        """A font of the scale: caption, body, strong, section, title, page, kpi, or mono."""
        key = (role, tabular)
        found = self._fonts.get(key)
        if found is None:
            scale = self._tokens["font"]["scale"]["caption" if role == "mono" else role]
            found = QFont()
            found.setFamilies(self._tokens["font"]["mono"] if role == "mono" else self._families)
            found.setPixelSize(scale["px"] + (1 if self.rtl and scale["px"] <= 13 else 0))
            found.setWeight(QFont.Weight(scale["weight"]))
            found.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
            if tabular:
                found.setFeature(QFont.Tag("tnum"), 1)
            self._fonts[key] = found
        return found

    def px(self, path: str) -> int:
        """A size token at a dotted path, e.g. ``frame.topBar``, in logical pixels."""
        node: Any = self._tokens
        for part in path.split("."):
            node = node[part]
        return int(node)

    def minimum_window(self) -> QSize:
        width, height = self._tokens["frame"]["minimumWindow"]
        return QSize(width, height)

    def names(self, kind: str) -> list[str]:
        """Names of the marks of a kind, e.g. the seven statuses."""
        return list(self._tokens["color"]["light"][kind])

    def mirrored(self, icon: str) -> bool:
        return self.rtl and icon in self._tokens["icons"]["mirrorInRtl"]

    def _palette(self) -> QPalette:
        role, group = QPalette.ColorRole, QPalette.ColorGroup
        palette = QPalette()
        pairs = {
            role.Window: "surface.app", role.WindowText: "text.primary", role.Base: "surface.base",
            role.AlternateBase: "surface.sunken", role.Text: "text.primary", role.Button: "surface.raised",
            role.ButtonText: "text.primary", role.BrightText: "text.onAccent", role.ToolTipBase: "toast.bg",
            role.ToolTipText: "toast.text", role.PlaceholderText: "text.tertiary", role.Highlight: "surface.selected",
            role.HighlightedText: "text.primary", role.Link: "accent.text", role.LinkVisited: "accent.text",
            role.Light: "surface.raised", role.Midlight: "border.subtle", role.Mid: "border.default",
            role.Dark: "border.control", role.Shadow: "border.control", role.Accent: "accent.fill",
        }  # fmt: skip
        for key, path in pairs.items():
            palette.setColor(key, self.color(path))
        for key in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText, role.HighlightedText):
            palette.setColor(group.Disabled, key, self.color("text.disabled"))
        palette.setColor(group.Disabled, role.Base, self.color("surface.sunken"))
        palette.setColor(group.Inactive, role.Highlight, self.color("surface.selectedInactive"))
        return palette


def install(app: QApplication, mode: str = SYSTEM) -> Theme:
    """Create the application's theme (once) and apply ``mode``."""
    found = app.findChild(Theme)
    made = found if found is not None else Theme(app)
    made.apply(mode)
    return made


_known: list[Theme] = []


def theme() -> Theme:
    """The installed theme.

    Raises:
        RuntimeError: :func:`install` was not called.
    """
    if _known and _known[0].parent() is QGuiApplication.instance():
        return _known[0]
    app = QGuiApplication.instance()
    found = app.findChild(Theme) if app is not None else None
    if found is None:
        raise RuntimeError("theme not installed")
    _known[:] = [found]
    return found
