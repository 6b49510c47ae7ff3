"""The status bar: synchronisation, selection, freshness on one side; place, time, keys on the other."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from erp_desktop import clock
from erp_desktop.ui.frame.narrow import NarrowBar
from erp_desktop.ui.frame.version import VersionNotice
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, EnterPresses, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels

_Part = tuple[str, str, str, str]


class SyncChip(KeyboardRing, EnterPresses, QAbstractButton):
    """*en ligne · 12 en attente · 2 conflits*; opens the sync panel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[_Part] = []
        self._tone = "neutral"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_state(online=None)

    def show_state(
        self, *, online: bool | None, since: datetime | None = None, waiting: int = 0, conflicts: int = 0,
        refused: int = 0,
    ) -> None:  # fmt: skip
        """Say where the exchange stands; ``online`` is None when this desktop has no centre."""
        if online is None:
            self._tone = "neutral"
            parts: list[_Part] = [("hard-drives", "regular", "text.secondary", tr("poste autonome"))]
        elif online:
            self._tone = "success"
            parts = [("cloud-check", "fill", "semantic.success.text", tr("en ligne"))]
        else:
            self._tone = "warning"
            words = tr("hors ligne depuis {heure}", heure=self._since(since)) if since else tr("hors ligne")
            parts = [("cloud-slash", "fill", "semantic.warning.text", words)]
        if waiting:
            parts.append(("hourglass-medium", "regular", "text.primary", tr("{n} en attente", n=waiting)))
        if refused:
            words = tr("1 refusé") if refused == 1 else tr("{n} refusés", n=refused)
            parts.append(("warning-circle", "regular", "semantic.danger.text", words))
        if conflicts:
            words = tr("1 conflit") if conflicts == 1 else tr("{n} conflits", n=conflicts)
            parts.append(("git-merge", "fill", "semantic.danger.text", words))
        self._parts = parts
        words = " · ".join(part[3] for part in parts)
        self.setText(words)
        self.setAccessibleName(tr("Synchronisation : {etat}", etat=words))
        self.updateGeometry()
        self.update()

    @staticmethod
    def _since(value: datetime) -> str:
        here = clock.local(value)
        same_day = here.date() == clock.local(clock.now()).date()
        return here.strftime("%H:%M") if same_day else here.strftime("%d/%m %H:%M")

    def sizeHint(self) -> QSize:
        words = sum(self._wide(part) + 25 for part in self._parts) + 12 * (len(self._parts) - 1)
        return QSize(words + (28 if self.isEnabled() else 10), 24)

    @staticmethod
    def _wide(part: _Part) -> int:
        return paint.metrics("strong" if "danger" in part[2] else "body").horizontalAdvance(part[3]) + 2

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        box = self.rect()
        if self._tone == "neutral":
            paint.rounded(painter, box, 12, look.color("surface.sunken"), look.color("border.default"))
        else:
            tone = f"semantic.{self._tone}"
            paint.rounded(painter, box, 12, look.color(f"{tone}.soft"), look.color(f"{tone}.solid"))
        x = 10
        for number, (icon, weight, colour, words) in enumerate(self._parts):
            ink = look.color(colour)
            if number:
                paint.text(painter, paint.visual(rtl, box, QRect(x, 0, 8, box.height())), "·", rtl=rtl,
                           font=look.font("body"), colour=look.color("text.tertiary"))  # fmt: skip
                x += 12
            icons.draw(painter, paint.visual(rtl, box, QRect(x, 0, 14, box.height())), icon, ink, 14, weight)
            x += 19
            font = look.font("strong" if "danger" in colour else "body")
            wide = self._wide((icon, weight, colour, words))
            place = paint.visual(rtl, box, QRect(x, 0, wide, box.height()))
            paint.text(painter, place, words, rtl=rtl, font=font, colour=ink)
            x += wide + 6
        if self.isEnabled():
            place = paint.visual(rtl, box, QRect(box.width() - 22, 0, 14, box.height()))
            icons.draw(painter, place, "caret-up", look.color("text.secondary"), 11)
        if self._ring:
            paint.focus_ring(painter, box, 10)
        painter.end()


class StatusBar(NarrowBar):
    """Always visible, one line."""

    keys_asked = Signal()

    def __init__(self, place: str, parent: QWidget | None = None) -> None:
        super().__init__("surface.nav", "border.default", sides="t", parent=parent)
        self.setFixedHeight(theme().px("frame.statusBar"))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 1, 12, 0)
        row.setSpacing(10)
        self.sync = SyncChip()
        row.addWidget(self.sync)
        self.selection = Text("", "caption", "text.tertiary")
        self.freshness = Text("", "caption", "text.tertiary")
        self.time = Text("", "caption", "text.tertiary")
        rules = [self._rule() for _ in range(3)]
        self._between = rules[0]
        row.addWidget(self.selection)
        row.addWidget(rules[0])
        row.addWidget(self.freshness)
        row.addStretch()
        self.version = VersionNotice()
        row.addWidget(self.version)
        self.place = Text(place, "caption", "text.tertiary")
        row.addWidget(self.place)
        row.addWidget(rules[1])
        row.addWidget(self.time)
        row.addWidget(rules[2])
        row.addWidget(KeyCap("F1"))
        keys = Button(tr("Touches"), "quiet", on_click=self.keys_asked.emit)
        row.addWidget(keys)
        self.spare(self.place, rules[1])
        self.spare(self.time, rules[2])
        self.spare(self.freshness, rules[0])
        self.spare(self.selection)
        self._tick = QTimer(self)
        self._tick.setSingleShot(True)
        self._tick.timeout.connect(self._show_time)
        self._show_time()

    def tell(self, selection: str, freshness: str) -> None:
        """What the page in sight says of itself; nothing parts one from nothing."""
        self.selection.setText(selection)
        self.freshness.setText(freshness)
        self._between.setFixedWidth(int(bool(selection and freshness)))

    @staticmethod
    def _rule() -> QWidget:
        rule = Surface("border.subtle")
        rule.setFixedSize(1, 18)
        return rule

    def _show_time(self) -> None:
        now = clock.now()
        self.time.setText(value_labels.long_clock(now))
        self._tick.start(value_labels.until_next_minute(now))
