"""Icons from plain SVG files, tinted with the theme's colours at the screen's real pixel ratio."""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap, QTransform
from PySide6.QtSvg import QSvgRenderer

from erp_desktop import paths
from erp_desktop.ui.kit.theme import theme

_FOLDER = paths.RESOURCES / "icons"


@lru_cache(maxsize=256)
def filled(name: str) -> str:
    """``fill`` for an icon that is shipped so, else ``regular``: what is chosen is told by its ground as well."""
    return "fill" if (_FOLDER / "fill" / f"{name}.svg").is_file() else "regular"


@lru_cache(maxsize=256)
def _source(name: str, weight: str) -> bytes:
    return (_FOLDER / weight / f"{name}.svg").read_bytes()


@lru_cache(maxsize=1024)
def _render(name: str, weight: str, rgba: int, size: int, dpr: float, mirror: bool) -> QPixmap:
    colour = QColor.fromRgba(rgba)
    data = _source(name, weight).replace(b"currentColor", colour.name().encode())
    pixels = max(1, round(size * dpr))
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(colour.alphaF())
    QSvgRenderer(QByteArray(data)).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    if mirror:
        pixmap = pixmap.transformed(QTransform().scale(-1, 1))
    pixmap.setDevicePixelRatio(dpr)
    return pixmap


def pixmap(name: str, colour: QColor, size: int = 16, weight: str = "regular", dpr: float = 1.0) -> QPixmap:
    """A cached, tinted pixmap of ``size`` logical pixels; arrows are mirrored in right-to-left layouts."""
    return _render(name, weight, colour.rgba(), size, dpr, theme().mirrored(name))


def draw(painter: QPainter, rect: QRect, name: str, colour: QColor, size: int = 16, weight: str = "regular") -> None:
    """Paint an icon centred in ``rect``."""
    device = painter.device()
    dpr = device.devicePixelRatioF() if device is not None else 1.0
    image = pixmap(name, colour, size, weight, dpr)
    corner = QPointF(rect.x() + (rect.width() - size) / 2, rect.y() + (rect.height() - size) / 2)
    painter.drawPixmap(corner.toPoint(), image)


class _TintedEngine(QIconEngine):
    def __init__(self, name: str, colour: str, weight: str) -> None:
        super().__init__()
        self._name, self._colour, self._weight = name, colour, weight

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        path = "text.disabled" if mode == QIcon.Mode.Disabled else self._colour
        draw(painter, rect, self._name, theme().color(path), min(rect.width(), rect.height()), self._weight)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State, scale: float) -> QPixmap:
        path = "text.disabled" if mode == QIcon.Mode.Disabled else self._colour
        logical = round(min(size.width(), size.height()) / scale)
        return pixmap(self._name, theme().color(path), logical, self._weight, scale)

    def clone(self) -> QIconEngine:
        return _TintedEngine(self._name, self._colour, self._weight)


@cache
def icon(name: str, colour: str = "text.secondary", weight: str = "regular") -> QIcon:
    """A themed icon; ``colour`` is a token path resolved each time it is painted.

    One of each, kept: an engine written in Python that goes with the last widget showing it ends the process.
    """
    return QIcon(_TintedEngine(name, colour, weight))
