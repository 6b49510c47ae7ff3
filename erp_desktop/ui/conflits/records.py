"""Conflicts grouped by record, and the list of them at the leading side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.sync.inbox.captions import Boite
from erp_desktop.sync.inbox.conflicts import Conflit
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, Text, icon_button
from erp_desktop.ui.kit.i18n import colon, comma, number, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Banner, Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import field_labels

Cle = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Dossier:
    """Every conflict of one record; ``ouverts`` are still to be decided."""

    cle: Cle
    conflits: tuple[Conflit, ...]

    @property
    def ouverts(self) -> tuple[Conflit, ...]:
        return tuple(c for c in self.conflits if c.a_decider and c.resolu is None)

    @property
    def titre(self) -> str:
        table, _ = self.cle
        name = self.conflits[0].libelle
        return name if table == "interventions" else f"{field_labels.table(table)} {name}"

    @property
    def quand(self) -> datetime:
        return max(c.quand for c in self.conflits)


def standing(dossier: Dossier) -> str:
    """Whose version a record has now: the centre's, but for what a closing took along."""
    if all(c.impose for c in dossier.conflits):
        return tr("Rien à choisir : le siège a renuméroté ce qui avait été ajouté des deux côtés pendant la coupure.")
    mine = [c for c in dossier.ouverts if c.tient == "mine"]
    if not mine:
        return tr(
            "Changée ici et au siège pendant la coupure. La version du siège s'applique déjà ; "
            "choisissez champ par champ, chaque version reste dans l'historique."
        )
    if len(mine) == len(dossier.ouverts):
        return tr(
            "Changée ici et au siège pendant la coupure. Votre version s'applique déjà ; "
            "choisissez champ par champ, chaque version reste dans l'historique."
        )
    return tr(
        "Changée ici et au siège pendant la coupure. La version du siège s'applique déjà, la vôtre pour {champs} ; "
        "choisissez champ par champ, chaque version reste dans l'historique.",
        champs=comma().join(f"« {field_labels.champ(c.table, c.champ)} »" for c in mine),
    )


Groupes = tuple[list[Dossier], list[Dossier], list[Dossier], list[Dossier]]


def grouper(boite: Boite) -> Groupes:
    """Records to settle, settled today, where the centre's rule decided alone, and settled before today."""
    by_key: dict[Cle, list[Conflit]] = {}
    for conflit in boite.conflits:
        by_key.setdefault((conflit.table, conflit.pk), []).append(conflit)
    found = [Dossier(key, tuple(sorted(group, key=lambda c: c.id))) for key, group in by_key.items()]
    found.sort(key=lambda d: d.quand, reverse=True)
    todo = [d for d in found if d.ouverts]
    settled = [d for d in found if not d.ouverts and any(c.resolu is not None for c in d.conflits)]
    done = [d for d in settled if _dernier(d, boite)[1].date() == clock.today()]
    rule = [d for d in found if d not in todo and d not in settled]
    past = [d for d in settled if d not in done]
    return todo, done, rule, sorted(past, key=lambda d: _dernier(d, boite)[1], reverse=True)


def _dernier(dossier: Dossier, boite: Boite) -> tuple[Conflit, datetime]:
    """What of a record was settled last, and when, here."""
    last = max((c for c in dossier.conflits if c.id in boite.regles), key=lambda c: boite.regles[c.id])
    return last, clock.local(boite.regles[last.id])


def places(boite: Boite) -> dict[Cle, tuple[int, Dossier]]:
    """Each record with its group and what is known of it, in the order shown."""
    return {one.cle: (group, one) for group, records in enumerate(grouper(boite)) for one in records}


class Entree(KeyboardRing, QAbstractButton):
    """A record in the list."""

    moved = Signal(int)

    def __init__(self, dossier: Dossier, boite: Boite, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dossier, self._kind = dossier, kind
        self._lines = self._words(boite)
        self.setCheckable(True)
        self.setText(dossier.titre)
        self.setAccessibleName(", ".join([dossier.titre, *self._lines]))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(22 + 19 + 17 * len(self._lines))
        theme().changed.connect(self.update)

    def _words(self, boite: Boite) -> list[str]:
        group = self.dossier
        if self._kind == "todo":
            count = len(group.ouverts)
            fields = tr("1 champ") if count == 1 else tr("{n} champs", n=count)
            received = tr("{champs} · reçu {quand}", champs=fields, quand=recu(group.quand))
            return [line for line in (group.conflits[0].detail, received) if line]
        if self._kind in ("done", "past"):
            last, when = _dernier(group, boite)
            chosen = {"mine": tr("la mienne"), "theirs": tr("la leur")}.get(last.resolu or "", tr("votre texte"))
            told = when.strftime("%H:%M") if self._kind == "done" else recu(when)
            return [f"{field_labels.champ(last.table, last.champ)}{colon()}{chosen} · {told}"]
        count = len(group.conflits)
        fields = tr("1 champ") if count == 1 else tr("{n} champs", n=count)
        return [tr("Tranché par la règle du siège, {champs}", champs=fields)]

    def sizeHint(self) -> QSize:
        return QSize(280, self.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.moved.emit(1 if event.key() == Qt.Key.Key_Down else -1)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        if self.isChecked():
            painter.fillRect(box, look.color("surface.selected"))
            painter.fillRect(paint.visual(rtl, box, QRect(0, 0, 3, box.height())), look.color("accent.fill"))
        elif self.underMouse():
            painter.fillRect(box, look.color("surface.hover"))
        painter.setPen(look.color("border.subtle"))
        if not self.isChecked():
            painter.drawLine(16, box.height() - 1, box.width() - 1, box.height() - 1)
        name, colour = {
            "todo": ("git-merge", "semantic.danger.text"), "done": ("check-circle", "semantic.success.text"),
            "rule": ("info", "text.tertiary"), "past": ("clock-counter-clockwise", "text.tertiary"),
        }[self._kind]  # fmt: skip
        weight = "fill" if self._kind == "todo" else "regular"
        icons.draw(painter, paint.visual(rtl, box, QRect(16, 8, 18, 20)), name, look.color(colour), 17, weight)
        y, room = 9, box.width() - 44 - 14
        lines = [(self.text(), "strong", "text.primary" if self._kind == "todo" else "text.secondary")]
        lines += [(line, "caption", "text.secondary" if self._kind == "todo" else "text.tertiary")
                  for line in self._lines]  # fmt: skip
        for words, role, ink in lines:
            height = 20 if role == "strong" else 17
            place = paint.visual(rtl, box, QRect(44, y, room, height))
            paint.text(painter, place, words, rtl=rtl, font=look.font(role), colour=look.color(ink))
            y += height
        if self._ring:
            paint.focus_ring(painter, box.adjusted(2, 2, -2, -2), 2)
        painter.end()


def recu(instant: datetime) -> str:
    """``aujourd'hui à 14:02`` or ``le 16/11 à 14:02``."""
    here = clock.local(instant)
    hour = here.strftime("%H:%M")
    if here.date() == clock.today():
        return tr("aujourd'hui à {heure}", heure=hour)
    return tr("le {jour} à {heure}", jour=here.strftime("%d/%m"), heure=hour)


class Liste(Surface):
    """The records, by what is left to do."""

    chosen = Signal(object)
    history_asked = Signal()
    """What was settled before today is to be shown, or no more: :attr:`earlier`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.base", "border.subtle", sides="e", parent=parent)
        self.setFixedWidth(312)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 1, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 2, 14, 8)
        head.addWidget(Text(tr("Conflits"), "page"))
        head.addStretch()
        head.addWidget(icon_button("info", tr("Ce que sont les conflits"), self._toggle_help))
        column.addLayout(head)
        words = tr(
            "Rien n'est bloqué : la règle du siège a déjà tranché, et ce qui a perdu est gardé ici. "
            "Choisir est une modification ordinaire, qui se défait."
        )
        self.help = Banner("info", words, square=True)
        self.help.hide()
        column.addWidget(self.help)
        self._notices = QVBoxLayout()
        column.addLayout(self._notices)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setObjectName("corps")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        area.setWidget(inside)
        column.addWidget(area, 1)
        # Below the records: none moves when it appears.
        self.foot = QVBoxLayout()
        self.foot.setContentsMargins(12, 0, 12, 0)
        column.addLayout(self.foot)
        self.entries: list[Entree] = []
        self.earlier = False
        """Whether those settled before today are asked for."""
        self.history: Button | None = None

    def add_notice(self, notice: QWidget) -> None:
        """Put a notice over the records."""
        self._notices.addWidget(notice)

    def _toggle_help(self) -> None:
        self.help.setVisible(self.help.isHidden())

    def fill(self, boite: Boite, current: Cle | None) -> None:
        """Show the records again, keeping ``current`` chosen."""
        had = self.history is not None and self.history.hasFocus()
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.entries = []
        todo, done, rule, past = grouper(boite)
        self._group(tr("À régler"), todo, boite, "todo")
        self._group(tr("Réglés aujourd'hui"), done, boite, "done")
        self._group(tr("Pour information"), rule, boite, "rule")
        self._group(tr("Réglés auparavant"), past, boite, "past")
        self._offer_history(boite, had)
        self._column.addStretch()
        self.mark(current)

    def _offer_history(self, boite: Boite, had: bool) -> None:
        """A button to what was settled before today, and back; it keeps the keyboard when it had it."""
        self.history = None
        if not boite.avant:
            return
        words = f"{tr('Réglés auparavant')} · {number(boite.avant)}"
        self.history = Button(tr("Masquer l'historique") if self.earlier else words, "link",
                              icon="clock-counter-clockwise", on_click=self._toggle_history)  # fmt: skip
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(16, 10, 16, 10)
        row.addWidget(self.history)
        row.addStretch()
        self._column.addWidget(line)
        if had:
            self.history.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_history(self) -> None:
        self.earlier = not self.earlier
        self.history_asked.emit()

    def _group(self, title: str, dossiers: Sequence[Dossier], boite: Boite, kind: str) -> None:
        if not dossiers:
            return
        heading = Text(f"{title} · {len(dossiers)}", "strong", "text.tertiary")
        heading.setContentsMargins(16, 10, 16, 6)
        self._column.addWidget(heading)
        for dossier in dossiers:
            entry = Entree(dossier, boite, kind)
            entry.clicked.connect(lambda _checked=False, entry=entry: self.chosen.emit(entry.dossier.cle))
            entry.moved.connect(lambda step, entry=entry: self._step(entry, step))
            self.entries.append(entry)
            self._column.addWidget(entry)

    def _step(self, entry: Entree, step: int) -> None:
        place = self.entries.index(entry) + step
        if 0 <= place < len(self.entries):
            self.entries[place].setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.entries[place].click()

    def mark(self, current: Cle | None) -> None:
        for entry in self.entries:
            entry.setChecked(entry.dossier.cle == current)
