"""A sheet to sign on, with the mouse, a finger or a stylus."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.theme import theme

Stroke = list[tuple[float, float]]
"""Points of one movement of the hand, in parts of the sheet's width and height."""
_WIDTH, _HEIGHT = 840, 280
_INK, _PAPER = "#101828", "#ffffff"
_THIN = 0.004
"""Parts of the sheet that the hand moves before a point is noted."""


class SignaturePad(QWidget):
    """What is drawn is white paper and dark ink in every theme, and never mirrored: it goes on a printed page."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.strokes: list[Stroke] = []
        self._kept: QImage | None = None
        self._writable = True
        self.setFixedHeight(120)
        self.setMinimumWidth(240)
        self.setMaximumWidth(420)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(tr("Signature"))

    def sizeHint(self) -> QSize:
        return QSize(360, 120)

    def show_signature(self, png: bytes | None) -> None:
        """Show a signature that is on file; a blank sheet for None."""
        image = QImage.fromData(png) if png else QImage()
        self._kept = None if image.isNull() else image
        self.strokes = []
        self.update()

    def show_strokes(self, strokes: list[Stroke]) -> None:
        self.strokes = [[(float(x), float(y)) for x, y in stroke] for stroke in strokes]
        self.update()

    def clear(self) -> None:
        self._kept, self.strokes = None, []
        self.update()

    def set_writable(self, writable: bool) -> None:
        self._writable = writable
        self.setCursor(Qt.CursorShape.CrossCursor if writable else Qt.CursorShape.ArrowCursor)

    def png(self) -> bytes | None:
        """What was drawn, 840 × 280; None when nothing was."""
        if not self.strokes:
            return None
        image = QImage(_WIDTH, _HEIGHT, QImage.Format.Format_Grayscale8)
        image.fill(QColor(_PAPER))
        painter = QPainter(image)
        self._draw(painter, QSize(_WIDTH, _HEIGHT), 5.0)
        painter.end()
        store = QByteArray()
        buffer = QBuffer(store)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]
        return bytes(store.data())

    def _draw(self, painter: QPainter, size: QSize, width: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(_INK), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap,
                            Qt.PenJoinStyle.RoundJoin))  # fmt: skip
        for stroke in self.strokes:
            points = [QPointF(x * size.width(), y * size.height()) for x, y in stroke]
            if len(points) == 1:
                painter.drawPoint(points[0])
            else:
                painter.drawPolyline(QPolygonF(points))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme()
        box = self.rect().adjusted(0, 0, -1, -1)
        painter.setPen(look.color("border.default"))
        painter.setBrush(QColor(_PAPER))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(QPen(QColor("#98a2b3"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(20, self.height() - 26, self.width() - 20, self.height() - 26)
        if self._kept is not None:
            fitted = self._kept.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            aside = (box.width() - fitted.width()) // 2 + 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(box.adjusted(aside, 2, -aside, -2), self._kept)
        self._draw(painter, self.size(), 2.2)
        painter.end()

    def _point(self, event: QMouseEvent) -> tuple[float, float]:
        at = event.position()
        x, y = at.x() / max(1, self.width()), at.y() / max(1, self.height())
        return round(min(max(x, 0.0), 1.0), 4), round(min(max(y, 0.0), 1.0), 4)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._writable and event.button() == Qt.MouseButton.LeftButton:
            self._kept = None
            self.strokes.append([self._point(event)])
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._writable and self.strokes and event.buttons() & Qt.MouseButton.LeftButton:
            here, last = self._point(event), self.strokes[-1][-1]
            if abs(here[0] - last[0]) + abs(here[1] - last[1]) > _THIN:
                self.strokes[-1].append(here)
                self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._writable and event.button() == Qt.MouseButton.LeftButton and self.strokes:
            self.changed.emit()
