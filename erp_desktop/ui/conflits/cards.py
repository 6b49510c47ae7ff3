"""One field in conflict: base, mine and theirs as cards, the editor below when asked for."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.sync.inbox.captions import Noms
from erp_desktop.sync.inbox.conflicts import Conflit
from erp_desktop.ui.conflits.diff import DiffLabel, Fragment, mots
from erp_desktop.ui.conflits.records import recu
from erp_desktop.ui.forms.editors import Combo
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button, Elided, IconLabel, Text, TextArea
from erp_desktop.ui.kit.i18n import colon, comma, tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import field_labels, value_labels

LABEL_WIDTH = 104
STRETCH = (9, 12, 12)


def champ_liste(conflit: Conflit) -> type[StrEnum] | None:
    """The closed list of a field that may be chosen again here."""
    if conflit.champ is None or conflit.policy == "groupe":
        return None
    return field_labels.liste(conflit.table, conflit.champ)


class Version(Surface):
    """A card: one side's value, and the button that keeps it."""

    kept = Signal()

    def __init__(self, side: str, parts: list[Fragment], *, chosen: bool, offer: bool, name: str) -> None:
        ground = f"conflict.{side}Soft" if chosen and side != "base" else "surface.raised"
        border = f"conflict.{side}" if chosen and side != "base" else "border.subtle"
        super().__init__(ground, border, theme().px("radius.md"))
        self.setMinimumHeight(78)
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 8, 11, 9)
        column.setSpacing(6)
        self.value = DiffLabel(parts)
        column.addWidget(self.value, 1)
        self.setAccessibleName(f"{name}{colon()}{self.value.accessibleName()}")
        row = QHBoxLayout()
        row.setSpacing(8)
        self.button: Button | None = None
        if side == "base":
            return
        if chosen:
            row.addWidget(IconLabel("check-circle", f"conflict.{side}", 15, "fill"))
            row.addWidget(Text(tr("Version gardée"), "strong", f"conflict.{side}"))
        elif offer:
            words = tr("Garder la mienne") if side == "mine" else tr("Garder la leur")
            self.button = Button(words, on_click=self.kept.emit, name=f"{words}, {name}")
            self.button.setStyleSheet("QPushButton { min-height: 20px; padding: 0 10px; }")
            row.addWidget(self.button)
            row.addWidget(KeyCap("M" if side == "mine" else "L"))
        row.addStretch()
        column.addLayout(row)


class Editeur(Surface):
    """The place where a third value is written; Ctrl+Entrée keeps it."""

    decided = Signal(object)

    def __init__(self, conflit: Conflit) -> None:
        super().__init__("surface.sunken", "border.default", theme().px("radius.md"))
        self._conflit = conflit
        label = field_labels.champ(conflit.table, conflit.champ)
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 9, 11, 9)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(IconLabel("pencil-simple", "accent.text", 14))
        words = tr("Votre texte pour « {champ} »", champ=label)
        closed = champ_liste(conflit)
        head.addWidget(Text(words if closed is None else tr("Votre choix pour « {champ} »", champ=label), "strong"))
        head.addStretch()
        column.addLayout(head)
        self.text: TextArea | None = None
        self.choice: Combo | None = None
        if closed is None:
            for title, value in ((tr("Partir de la mienne"), conflit.mien), (tr("Partir de la leur"), conflit.leur)):
                head.addWidget(Button(title, on_click=lambda value=value: self._start_from(value)))  # type: ignore[misc]
            self.text = TextArea(lines=2 if conflit.champ in {"titre", "nom", "ville"} else 3)
            self.text.setPlainText(str(conflit.leur or ""))
            self.text.setAccessibleName(words)
            self.begins_at: QWidget = self.text
            column.addWidget(self.text)
        else:
            self.choice = Combo()
            for value, word in value_labels.options(closed):
                self.choice.addItem(word, value)
            self.choice.setCurrentIndex(max(0, self.choice.findData(conflit.leur)))
            self.choice.setAccessibleName(words)
            self.begins_at = self.choice
            column.addWidget(self.choice)
        foot = QHBoxLayout()
        foot.addWidget(
            Text(tr("Ctrl+Entrée garde cette valeur · Échap revient au choix"), "caption", "text.tertiary")
        )
        foot.addStretch()
        self.keep = Button(tr("Garder ce texte") if closed is None else tr("Garder ce choix"), "soft",
                           on_click=self._decide)  # fmt: skip
        foot.addWidget(self.keep)
        column.addLayout(foot)
        # Esc is the window's; the page closes its editors when asked.
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._decide)

    def _start_from(self, value: Any) -> None:
        if self.text is not None:
            self.text.setPlainText(str(value or ""))
            self.text.setFocus()

    def _decide(self) -> None:
        if self.text is not None:
            self.decided.emit(self.text.toPlainText().strip() or None)
        elif self.choice is not None:
            self.decided.emit(self.choice.currentData())


class LigneChamp(KeyboardRing, QWidget):
    """A field's row; has the keyboard as one stop, M, L and E act on it."""

    keep = Signal(object, str)
    """The conflict and ``mine`` or ``theirs``."""
    write = Signal(object, object)
    """The conflict and the value written."""
    focused = Signal(object)
    open_asked = Signal(object)
    """The value is edited in its form, not here."""

    def __init__(self, conflit: Conflit, noms: Noms, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.conflit = conflit
        self.editor: Editeur | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        label = field_labels.champ(conflit.table, conflit.champ)
        state = tr("à décider") if self.open else tr("décidé")
        stands = tr("la mienne s'applique") if conflit.tient == "mine" else ""
        self.setAccessibleName(comma().join(filter(None, (label, state, stands))))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        for column, stretch in enumerate(STRETCH, start=1):
            self._grid.setColumnStretch(column, stretch)
        self._grid.addWidget(self._heading(label, state, stands), 0, 0, Qt.AlignmentFlag.AlignTop)
        base, mine, theirs = field_labels.versions(
            conflit.table, conflit.champ, (conflit.base, conflit.mien, conflit.leur), noms
        )
        old = "" if conflit.base in (None, "") else base
        self.base = Version("base", [Fragment(base, "egal")], chosen=False, offer=False, name=label)
        self.mine = Version("mine", mots(old, mine), chosen=conflit.resolu == "mine", offer=self.open, name=label)
        self.theirs = Version(
            "theirs", mots(old, theirs), chosen=conflit.resolu == "theirs", offer=self.open, name=label
        )
        self.mine.kept.connect(lambda: self.keep.emit(self.conflit, "mine"))
        self.theirs.kept.connect(lambda: self.keep.emit(self.conflit, "theirs"))
        for column, card in enumerate((self.base, self.mine, self.theirs), start=1):
            self._grid.addWidget(card, 0, column)

    @property
    def open(self) -> bool:
        return self.conflit.resolu is None

    @property
    def editable(self) -> bool:
        if self.conflit.policy == "groupe":
            return False
        return champ_liste(self.conflit) is not None or (
            self.conflit.champ is not None and field_labels.rewritable(self.conflit.table, self.conflit.champ)
        )

    def _heading(self, label: str, state: str, stands: str) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(LABEL_WIDTH)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(2)
        column.addWidget(Text(label, "strong", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(5)
        colour = "semantic.warning.text" if self.open else "semantic.success.text"
        row.addWidget(IconLabel("circle-dashed" if self.open else "check-circle", colour, 13,
                                "bold" if self.open else "fill"))  # fmt: skip
        row.addWidget(Text(state, "body", colour))
        row.addStretch()
        column.addLayout(row)
        if stands:
            column.addWidget(Text(stands, "caption", "conflict.mine", wrap=True))
        if self.conflit.resolu == "value":
            column.addWidget(Text(tr("votre texte"), "caption", "text.tertiary"))
        if self.open and self.conflit.champ is not None:
            line = QHBoxLayout()
            line.setSpacing(6)
            words = tr("Modifier…")
            line.addWidget(Button(words, "link", on_click=self.edit, name=f"{words} {label}"))
            line.addWidget(KeyCap("E"))
            line.addStretch()
            column.addLayout(line)
        return holder

    def edit(self) -> None:
        """Open the editor under the cards; fields with a picker of their own open their form."""
        if not self.open or self.conflit.champ is None:
            return
        if not self.editable:
            self.open_asked.emit(self.conflit)
            return
        if self.editor is None:
            self.editor = Editeur(self.conflit)
            self.editor.decided.connect(lambda value: self.write.emit(self.conflit, value))
            self._grid.addWidget(self.editor, 1, 1, 1, 3)
        self.editor.show()
        self.editor.begins_at.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_editor(self) -> bool:
        if self.editor is None:
            return False
        self.editor.hide()
        self.editor.deleteLater()
        self.editor = None
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.focused.emit(self)
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._ring:
            painter = QPainter(self)
            paint.focus_ring(painter, self.rect(), 6)
            painter.end()


def columns(conflit: Conflit) -> QWidget:
    """Whose version each column is."""
    holder = QWidget()
    across = QHBoxLayout(holder)
    across.setContentsMargins(0, 0, 0, 4)
    across.setSpacing(10)
    gap = QWidget()
    gap.setFixedWidth(LABEL_WIDTH)
    across.addWidget(gap)
    sides = (
        ("base", tr("Base commune"), tr("avant la coupure")),
        ("mine", tr("La mienne"), conflit.auteur_mien or tr("ce poste")),
        ("theirs", tr("La leur"),
         " · ".join((conflit.auteur_leur or tr("siège"), tr("reçu {quand}", quand=recu(conflit.quand))))),
    )  # fmt: skip
    for stretch, (side, title, words) in zip(STRETCH, sides, strict=True):
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(9)
        bar = Surface(f"conflict.{side}", radius=1)
        bar.setFixedWidth(3)
        row.addWidget(bar)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(Text(title, "strong", f"conflict.{side}"))
        lines.addWidget(Elided(words, "caption", "text.tertiary"))
        row.addLayout(lines, 1)
        across.addWidget(box, stretch)
    return holder
