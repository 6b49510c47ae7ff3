"""What a bulk edit will do, record by record: ready, to look at, refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain import numeros
from erp_desktop.services.shared.bulk import Trial
from erp_desktop.ui.bulk.values import differences
from erp_desktop.ui.conflits.diff import DiffLabel, Fragment
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.forms.spec import FormSpec, Head
from erp_desktop.ui.kit.controls import Elided, IconLabel, Text, clear, plain
from erp_desktop.ui.kit.i18n import became, colon, comma, isolate, number, said, tr, unparted
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme

SHOWN = 60
"""Records shown one by one; the rest is counted. Those refused come first, so that none hides."""


class _Count(Surface):
    """``5 changeront`` on a tint."""

    def __init__(self, tone: str, icon: str) -> None:
        super().__init__(f"semantic.{tone}.soft", radius=10)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 10, 1)
        row.setSpacing(5)
        row.addWidget(IconLabel(icon, f"semantic.{tone}.text", 13, "fill" if icon != "prohibit" else "bold"))
        self.words = Text("", "caption", f"semantic.{tone}.text")
        row.addWidget(self.words)
        self.hide()

    def say(self, words: str) -> None:
        self.words.setText(words)
        self.setVisible(bool(words))


class Preview(QWidget):
    """The head with its counts and the records below it; one that is unticked is left as it is.

    Attributes:
        left_out: the records that were unticked.
        moved: record → as it was shown before it was found changed.
        boxes: record → its box, of those shown that would be written.
    """

    chosen = Signal()
    """Another number of records would be written."""

    def __init__(self, spec: FormSpec) -> None:
        super().__init__()
        self._spec = spec
        self.trials: list[Trial] = []
        self.left_out: set[int] = set()
        self.moved: dict[int, Any] = {}
        self.boxes: dict[int, QCheckBox] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 14, 0)
        head.setSpacing(8)
        head.addWidget(Text(tr("Aperçu"), "section"))
        self.ready = _Count("success", "check-circle")
        self.warned = _Count("warning", "warning")
        self.refused = _Count("danger", "prohibit")
        self.left = _Count("info", "info")
        self.progress = Text("", "caption", "text.tertiary")
        head.addWidget(self.progress)
        head.addStretch()
        column.addLayout(head)
        # A line of their own: beside the title they are cut in the panel of a small screen.
        counts = QHBoxLayout()
        counts.setContentsMargins(16, 0, 14, 0)
        counts.setSpacing(8)
        for one in (self.ready, self.warned, self.refused, self.left):
            counts.addWidget(one)
        counts.addStretch()
        column.addLayout(counts)
        body = QWidget()
        body.setObjectName("corps")
        self._rows = QVBoxLayout(body)
        self._rows.setContentsMargins(16, 4, 14, 12)
        self._rows.setSpacing(6)
        column.addWidget(scroller(body), 1)

    def writable(self) -> list[Trial]:
        """The records that would be written."""
        return [t for t in self.trials if not t.refused and t.before != t.after and t.id not in self.left_out]

    def begin(self) -> None:
        """Other records: none of them is left out yet, none has moved."""
        self.left_out.clear()
        self.moved.clear()

    def _take(self, ident: int, wanted: bool) -> None:
        if wanted:
            self.left_out.discard(ident)
        else:
            self.left_out.add(ident)
        self._say_counts()
        self.chosen.emit()

    def empty(self, words: str) -> None:
        """Nothing to show, and why."""
        self.trials, self.boxes = [], {}
        for one in (self.ready, self.warned, self.refused, self.left):
            one.say("")
        self.progress.setText("")
        clear(self._rows)
        self._rows.addWidget(Text(words, "body", "text.tertiary", wrap=True))
        self._rows.addStretch()

    def reading(self, done: int, total: int) -> None:
        self.progress.setText(tr("{n} sur {total}…", n=number(done), total=number(total)) if done < total else "")

    def show_trials(self, trials: Sequence[Trial], ticked: set[str]) -> None:
        self.trials, self.boxes = list(trials), {}
        changed = [t for t in trials if not t.refused and t.before != t.after]
        warned = [t for t in changed if t.warnings or t.id in self.moved]
        refused = [t for t in trials if t.refused]
        same = len(trials) - len(changed) - len(refused)
        self._say_counts()
        clear(self._rows)
        ordered = [*refused, *warned, *(t for t in changed if t not in warned)]
        for one in ordered[:SHOWN]:
            self._rows.addWidget(self._refusal(one) if one.refused else self._change(one, ticked))
        rest = len(ordered) - SHOWN
        if rest > 0:
            self._note(tr("… et {n} autres, comptés ci-dessus.", n=number(rest)))
        if same:
            self._note(tr("{n} : rien à changer.", n=number(same)))
        self._rows.addStretch()

    def _say_counts(self) -> None:
        refused = sum(bool(t.refused) for t in self.trials)
        written = self.writable()
        warned = sum(bool(t.warnings) or t.id in self.moved for t in written)
        left = sum(t.id in self.left_out for t in self.trials if not t.refused and t.before != t.after)
        self.ready.say(tr("{n} à changer", n=number(len(written))) if written else "")
        self.warned.say(tr("{n} à vérifier", n=number(warned)) if warned else "")
        self.refused.say(tr("{n} en refus", n=number(refused)) if refused else "")
        self.left.say(tr("{n} à part", n=number(left)) if left else "")

    def _note(self, words: str) -> None:
        self._rows.addWidget(Text(words, "caption", "text.tertiary", wrap=True))

    def _title(self, one: Trial, tone: str, icon: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        head = self._spec.head(one.before) if one.before is not None else None
        if not one.refused:
            row.addWidget(self._box(one, head))
        if head is not None and head.code:
            ink = f"semantic.{tone}.text" if one.refused else "text.secondary"
            # As in the list beside it; whole, it would cut the title.
            code = Text(isolate(numeros.court(head.code)), "caption", ink)
            code.setToolTip(plain(head.code))
            row.addWidget(code)
        row.addWidget(Elided(head.title if head is not None else "", "strong"), 1)
        row.addWidget(IconLabel(icon, f"semantic.{tone}.text", 16, "bold" if icon == "prohibit" else "fill"))
        return row

    def _box(self, one: Trial, head: Head | None) -> QCheckBox:
        box = self.boxes[one.id] = QCheckBox()
        what = (
            f"{head.code}, {head.title}" if head is not None and head.code else head.title if head is not None else ""
        )
        box.setAccessibleName(tr("Modifier {quoi}", quoi=what))
        box.setToolTip(plain(tr("Décochée, cette fiche reste comme elle est.")))
        box.setChecked(one.id not in self.left_out)
        box.toggled.connect(lambda on: self._take(one.id, on))
        return box

    def _moved(self, one: Trial, ticked: set[str]) -> str:
        """What somebody else changed of it since it was shown; empty when nothing."""
        if one.id not in self.moved:
            return ""
        found = differences(self._spec, self.moved[one.id], one.before, ticked)
        told = comma().join(f"{label}{colon()}{became(old, new)}" for label, old, new in found)
        return tr("A changé depuis l'aperçu ({quoi}).", quoi=told)

    def _refusal(self, one: Trial) -> QWidget:
        box = Surface("semantic.danger.soft", radius=6)
        column = QVBoxLayout(box)
        column.setContentsMargins(10, 6, 8, 6)
        column.setSpacing(2)
        column.addLayout(self._title(one, "danger", "prohibit"))
        column.addWidget(Text(unparted(said(one.refused)), "caption", "semantic.danger.text", wrap=True))
        return box

    def _change(self, one: Trial, ticked: set[str]) -> QWidget:
        box = Surface("surface.base", "border.subtle", sides="b")
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 2, 8, 6)
        column.setSpacing(2)
        moved = self._moved(one, ticked)
        tone, icon = ("warning", "warning") if one.warnings or moved else ("success", "check-circle")
        column.addLayout(self._title(one, tone, icon))
        arrow = " ← " if theme().rtl else " → "
        for label, old, new in differences(self._spec, one.before, one.after, ticked):
            line = QHBoxLayout()
            line.setSpacing(8)
            name = Text(label, "caption", "text.secondary", wrap=True)
            name.setFixedWidth(96)
            line.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
            parts = [Fragment(old, "retire"), Fragment(arrow, "egal"), Fragment(new, "ajoute")]
            line.addWidget(DiffLabel(parts), 1)
            column.addLayout(line)
        if moved:
            column.addWidget(Text(moved, "caption", "semantic.warning.text", wrap=True))
        for words in one.warnings:
            column.addWidget(Text(unparted(said(words)), "caption", "semantic.warning.text", wrap=True))
        return box
