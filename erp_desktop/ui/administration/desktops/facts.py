"""What a device is and what it last told of itself: identity, exchanges, what waits there by table, its last days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.services.shared import wording
from erp_desktop.sync.watch import roster
from erp_desktop.sync.watch.roster import DeviceRow
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Text, plain
from erp_desktop.ui.kit.i18n import colon, comma, isolate, number, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels as labels

MOST_TABLES: Final = 6
_HIGH: Final = 23
MINUS: Final = "\N{MINUS SIGN}"


def silence(seconds: float | None, sign: str = "") -> str:
    """How long ago: ``12 s``, ``14 min``, ``3 h``, ``9 j``."""
    if seconds is None:
        return labels.NONE
    if seconds < 60:
        return f"{isolate(sign + number(int(seconds)))} {tr('s')}"
    if seconds < 3600:
        return f"{isolate(sign + number(int(seconds // 60)))} {tr('min')}"
    if seconds < 48 * 3600:
        return f"{isolate(sign + number(int(seconds // 3600)))} {tr('h')}"
    return tr("{n} j", n=isolate(sign + number(int(seconds // 86400))))


def skew(row: DeviceRow) -> str:
    """How far a clock is ahead of the centre's, ``+4 s``, or behind, marked beyond what is let be."""
    if row.horloge_s is None:
        return labels.NONE
    seconds = abs(round(row.horloge_s))
    told = silence(seconds, "" if not seconds else "+" if row.horloge_s > 0 else MINUS)
    return f"⚠ {told}" if roster.off(row) else told


def room(row: DeviceRow) -> str:
    """``412 Mo``: what the device's database takes there."""
    if row.cache is None:
        return labels.NONE
    return f"{isolate(number(max(1, round(row.cache / 1_048_576))))} {tr('Mo')}"


def _kept(row: DeviceRow) -> str:
    if row.cache is None or row.chiffre is None:
        return room(row)
    return comma().join([room(row), tr("chiffrée") if row.chiffre else tr("en clair")])


def schema(row: DeviceRow) -> str:
    """How many revisions a device is behind, marked where it is too old to exchange."""
    if not row.revision:
        return labels.NONE
    behind = isolate(MINUS + number(row.en_retard)) if row.en_retard else ""
    return f"⚠ {behind}".strip() if row.exclu else behind or tr("à jour")


def whole_schema(row: DeviceRow) -> str:
    """The same with the revision's name."""
    if not row.revision:
        return labels.NONE
    words = [isolate(row.revision)]
    if row.en_retard:
        words.append(tr("révisions de retard") + colon() + number(row.en_retard))
    return comma().join(words)


def _last(row: DeviceRow) -> str:
    took = silence(row.cycle_s) if row.cycle_s is not None and row.cycle_s >= 1 else ""
    return comma().join(filter(None, [labels.instant(row.vu_a, year=True), took]))


def _enrolled(row: DeviceRow) -> str:
    when = labels.instant(row.inscrit_a, year=True)
    return tr("{quand} par {qui}", quand=when, qui=isolate(row.inscrit_par)) if row.inscrit_par else when


FACTS: Final[tuple[tuple[str, Callable[[DeviceRow], str]], ...]] = (
    ("Version", lambda r: isolate(", ".join(filter(None, [r.version, r.systeme]))) or labels.NONE),
    ("Schéma", whole_schema),
    ("Identifiant", lambda r: isolate(r.login)),
    ("Dernier cycle", _last),
    ("Dernier envoi", lambda r: tr("lot {n}", n=number(r.dernier_lot)) if r.dernier_lot else labels.NONE),
    ("À recevoir", lambda r: labels.NONE if r.retard is None else number(r.retard)),
    ("Dernier usager", lambda r: isolate(r.usager) if r.usager else labels.NONE),
    ("Base locale", _kept),
    ("Horloge", skew),
    ("Inscrit", _enrolled),
)


class DayBars(QWidget):
    """What the centre received of a device on each of the last days; a day without anything keeps its place."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: tuple[int, ...] = ()
        self.setFixedHeight(84)

    def show_days(self, counts: tuple[int, ...]) -> None:
        self.counts = counts
        told = tr("Envois reçus des 14 derniers jours") + colon() + number(sum(counts))
        self.setAccessibleName(told)
        today = clock.local(clock.now()).date()
        days = [f"{labels.day(today - timedelta(days=len(counts) - 1 - n))}{colon()}{number(count)}"
                for n, count in enumerate(counts) if count]  # fmt: skip
        self.setToolTip(plain("\n".join([told, *days])))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl = QPainter(self), theme(), theme().rtl
        font, ink = look.font("caption"), look.color("text.tertiary")
        place = QRect(0, 18, self.width(), self.height() - 36)
        head = QRect(0, 0, self.width(), 16)
        paint.text(painter, head, tr("Envois reçus des 14 derniers jours"), rtl=rtl,
                   font=font, colour=look.color("text.secondary"))  # fmt: skip
        step, most = place.width() / max(1, len(self.counts)), max([*self.counts, 1])
        for n, count in enumerate(self.counts):
            # Time runs from left to right in every language.
            high = max(2, round(place.height() * count / most)) if count else 1
            bar = QRect(round(n * step), place.bottom() - high, max(3, round(step) - 4), high)
            paint.rounded(painter, bar, 1, look.color("accent.fill" if count else "border.default"))
        foot = QRect(0, place.bottom() + 2, self.width(), 16)
        first = clock.local(clock.now()).date() - timedelta(days=max(0, len(self.counts) - 1))
        paint.text(painter, foot, isolate(f"{first:%d/%m}"), rtl=False, font=font, colour=ink)
        paint.text(painter, foot, tr("aujourd'hui"), rtl=False, font=font, colour=ink, end=True)
        painter.end()


class TableBars(QWidget):
    """How many changes of each table wait on a device, the most first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, int]] = []

    def show_tables(self, tables: tuple[tuple[str, int], ...]) -> None:
        shown, rest = tables[:MOST_TABLES], tables[MOST_TABLES:]
        self.rows = [(tr(wording.row(table)[0] or table), count) for table, count in shown]
        if rest:
            self.rows.append((tr("Autres"), sum(count for _, count in rest)))
        self.setFixedHeight(_HIGH * len(self.rows))
        self.setAccessibleName(comma().join(f"{name}{colon()}{number(count)}" for name, count in self.rows))
        self.setVisible(bool(self.rows))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, outer = QPainter(self), theme(), theme().rtl, self.rect()
        named, figure = self.width() * 47 // 100, 56
        most = max([count for _, count in self.rows], default=1)
        for n, (name, count) in enumerate(self.rows):
            y = n * _HIGH
            paint.text(painter, paint.visual(rtl, outer, QRect(0, y, named - 8, _HIGH)), name, rtl=rtl,
                       font=look.font("body"), colour=look.color("text.secondary"))  # fmt: skip
            track = QRect(named, y + _HIGH // 2 - 3, max(20, self.width() - named - figure), 6)
            paint.rounded(painter, paint.visual(rtl, outer, track), 3, look.color("sla.track"))
            filled = QRect(track.x(), track.y(), max(6, round(track.width() * count / most)), 6)
            paint.rounded(painter, paint.visual(rtl, outer, filled), 3, look.color("accent.fill"))
            paint.text(painter, paint.visual(rtl, outer, QRect(self.width() - figure + 4, y, figure - 4, _HIGH)),
                       number(count), rtl=rtl, font=look.font("strong", tabular=True),
                       colour=look.color("text.primary"), end=not rtl)  # fmt: skip
        painter.end()


class DeviceFacts(RecordPart):
    """All that is known of a device, under its acts; nothing here is typed."""

    def __init__(self, _panel: FormPanel) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(Text(tr("Identité"), "section"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        self.values: dict[str, Text] = {}
        for n, (label, _shown) in enumerate(FACTS):
            grid.addWidget(Text(tr(label), "body", "text.secondary"), n, 0, Qt.AlignmentFlag.AlignTop)
            self.values[label] = Text("", "body", wrap=True)
            self.values[label].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(self.values[label], n, 1)
        column.addLayout(grid)
        column.addSpacing(6)
        head = QHBoxLayout()
        head.addWidget(Text(tr("Changements en attente"), "section"), 1)
        self.total = Text("", "section")
        head.addWidget(self.total)
        column.addLayout(head)
        self.tables = TableBars()
        column.addWidget(self.tables)
        self.announced = Text("", "caption", "text.secondary", wrap=True)
        column.addWidget(self.announced)
        column.addSpacing(6)
        self.days = DayBars()
        column.addWidget(self.days)

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002 - as inherited
        self.setVisible(record is not None)
        if record is None:
            return
        row: DeviceRow = record
        for label, shown in FACTS:
            self.values[label].setText(shown(row))
        self.values["Horloge"].set_colour("semantic.danger.text" if roster.off(row) else "text.primary")
        never = row.annonce_a is None and not row.en_attente
        self.total.setText(labels.NONE if never else number(row.en_attente))
        self.total.set_colour("semantic.danger.text" if roster.waits_long(row) else "text.primary")
        self.tables.show_tables(row.attente)
        self.announced.setText(announced(row))
        self.days.setVisible(row.etat != "attendu" and bool(row.par_jour))
        self.days.show_days(row.par_jour)


def announced(row: DeviceRow) -> str:
    """When a device said what waits there, and for how long the oldest does."""
    when = row.annonce_a or row.vu_a
    if when is None:
        return tr("Ce poste n'a encore rien annoncé.")
    words = tr("Nombre annoncé au dernier échange, {quand}.", quand=labels.happened(when))
    if row.attente_s is not None:
        words += " " + tr("Le plus ancien attend depuis {duree}.", duree=silence(row.attente_s))
    return words
