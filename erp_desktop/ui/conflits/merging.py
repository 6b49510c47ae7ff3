"""Duplicates in the inbox: a notice over the list, and a small dialog that makes one record of two."""

from __future__ import annotations

from typing import Any

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from erp_desktop.errors import ErpError
from erp_desktop.sync.inbox import merging
from erp_desktop.sync.inbox.conflicts import Keep
from erp_desktop.sync.inbox.duplicates import ChampFusion, Doublon, doublons
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Text, clear
from erp_desktop.ui.kit.held import Held, changed
from erp_desktop.ui.kit.i18n import colon, comma, said, tr
from erp_desktop.ui.kit.surfaces import Banner, Surface
from erp_desktop.ui.wording import field_labels

_LONGEST = 42
_LABEL_WIDTH = 150


class BandeauDoublons(QWidget):
    """One notice per duplicate; empty and without height when there is none."""

    def __init__(self, contexte: Contexte, held: Held, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contexte, self._held = contexte, held
        self._shown = False
        self._found: list[Doublon] = []
        self.dialog: FusionDialog | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        contexte.bus.data_changed.connect(lambda _changes, initiator: self.reload(own=initiator is self))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def reload(self, *, own: bool = False) -> None:
        """Read the duplicates again; after one's ``own`` act what is read is shown wherever the pointer is."""
        if shiboken6.isValid(self):
            self._contexte.tasks.run(doublons, lambda found: self._take(found, own), owner=self)

    def _take(self, found: list[Doublon], own: bool) -> None:
        changes = changed({d.gare: d for d in self._found}, {d.gare: d for d in found})
        self._held.take("doublons", changes, lambda: self._show(found), at_once=own or not self._shown)
        self._shown = True

    def _show(self, found: list[Doublon]) -> None:
        if found == self._found:
            return
        self._found = found
        clear(self._column)
        for double in found:
            self._column.addWidget(self._notice(double))

    def _notice(self, double: Doublon) -> Banner:
        words = tr("{table} « {nom} » existe deux fois", table=field_labels.table(double.table), nom=double.libelle)
        if double.obstacle is not None:
            return Banner("danger", words, detail=tr(double.obstacle), square=True)
        return Banner("danger", words, square=True, action=tr("Fusionner…"), on_action=lambda: self.ask(double))

    def ask(self, double: Doublon) -> None:
        """Show both records; nothing is written before the person says so."""
        self.dialog = FusionDialog(double, self.window())
        self.dialog.accepted.connect(lambda: self._merge(double))
        self.dialog.open()

    def _merge(self, double: Doublon) -> None:
        if self.dialog is None:
            return
        choices = self.dialog.choices()
        contexte = self._contexte

        def done(number: int) -> None:
            words = tr(
                "{table} « {nom} » : une seule fiche", table=field_labels.table(double.table), nom=double.libelle
            )
            contexte.say(words, undo=lambda: self._undo(double, number))
            self._publish(double)

        contexte.tasks.run(
            lambda session: merging.fusionner(session, double.gare, double.mienne, choix=choices),
            done, self._refused, write=True,
        )  # fmt: skip

    def _undo(self, double: Doublon, number: int) -> None:
        # The page may be closed by now; what it did is still taken back and told.
        self._contexte.tasks.run(
            lambda session: merging.annuler(session, number),
            lambda _none: self._publish(double), self._refused, write=True,
        )  # fmt: skip

    def _publish(self, double: Doublon) -> None:
        tables = {double.table: frozenset((double.mienne, double.autre or 0))}
        changes = tables | {name: frozenset[int]() for name in double.enfants if name not in tables}
        self._contexte.bus.data_changed.emit(changes, self)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, ErpError):
            self._contexte.say(said(str(error)), kind="danger")
        else:
            self._contexte.tasks.failed.emit(error)
        self.reload(own=True)


class FusionDialog(QDialog):
    """Both records side by side; for each field that differs, whose value stays."""

    def __init__(self, double: Doublon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._double = double
        self.setWindowTitle(tr("Fusionner deux fiches"))
        self.setMinimumWidth(640)
        self.groups: dict[str, QButtonGroup] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        title = tr("{table} « {nom} »", table=field_labels.table(double.table), nom=double.libelle)
        column.addWidget(Text(title, "page"))
        keys = comma().join(field_labels.champ(double.table, c) for c in double.cle)
        words = tr("Deux postes ont saisi la même valeur ({champs}). Il ne restera qu'une fiche.", champs=keys)
        column.addWidget(Text(words, "body", "text.secondary", wrap=True))
        column.addWidget(self._fields(), 1)
        column.addWidget(Text(self._below(), "caption", "text.tertiary", wrap=True))
        column.addLayout(self._buttons())

    def _fields(self) -> QWidget:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setObjectName("corps")
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        grid.addWidget(Text(tr("La mienne"), "strong", "conflict.mine"), 0, 1)
        grid.addWidget(Text(tr("La leur"), "strong", "conflict.theirs"), 0, 2)
        for place, field in enumerate((c for c in self._double.champs if c.mien != c.leur), start=1):
            label = Text(field_labels.champ(self._double.table, field.champ), "body", "text.secondary", wrap=True)
            label.setFixedWidth(_LABEL_WIDTH)
            grid.addWidget(label, place, 0)
            self._field(grid, place, field)
        grid.setRowStretch(grid.rowCount(), 1)
        area.setWidget(inside)
        return area

    def _field(self, grid: QGridLayout, place: int, field: ChampFusion) -> None:
        values = [field_labels.valeur(self._double.table, field.champ, v, self._double.noms)
                  for v in (field.mien, field.leur)]  # fmt: skip
        if not field.libre:
            # The record that the centre knows keeps these.
            grid.addWidget(Text(_short(values[0]), "body", "text.tertiary"), place, 1)
            grid.addWidget(Text(_short(values[1]), "strong"), place, 2)
            return
        group = QButtonGroup(self)
        chosen = merging.propose(field, "theirs")
        for number, (keep, value) in enumerate(zip(("mine", "theirs"), values, strict=True)):
            side = tr("La mienne") if keep == "mine" else tr("La leur")
            name = f"{field_labels.champ(self._double.table, field.champ)}, {side}{colon()}{value}"
            button = Button(_short(value), "segment", tip=value, name=name)
            button.setCheckable(True)
            button.setChecked(keep == chosen)
            group.addButton(button, number)
            strip = Surface("surface.sunken", radius=6)
            row = QHBoxLayout(strip)
            row.setContentsMargins(2, 2, 2, 2)
            row.addWidget(button)
            grid.addWidget(strip, place, 1 + number)
        self.groups[field.champ] = group

    def _below(self) -> str:
        same = sum(1 for c in self._double.champs if c.mien == c.leur)
        parts = [tr("Champs identiques : {n}", n=same)]
        if self._double.enfants:
            below = comma().join(f"{field_labels.table(t)} × {n}" for t, n in self._double.enfants.items())
            parts.append(tr("Passent à la fiche qui reste : {liste}", liste=below))
        return " · ".join(parts)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Button(tr("Tout garder la mienne"), "ghost", on_click=lambda: self.keep_all("mine")))
        row.addWidget(Button(tr("Tout garder la leur"), "ghost", on_click=lambda: self.keep_all("theirs")))
        row.addStretch()
        row.addWidget(Button(tr("Annuler"), on_click=self.reject))
        self.merge_button = Button(tr("Fusionner"), "primary", icon="git-merge", on_click=self.accept)
        row.addWidget(self.merge_button)
        return row

    def keep_all(self, keep: Keep) -> None:
        """Choose one record's values for every field that leaves a choice."""
        for group in self.groups.values():
            group.button(0 if keep == "mine" else 1).setChecked(True)

    def choices(self) -> dict[str, Keep]:
        """Field → whose value stays."""
        return {name: "mine" if group.checkedId() == 0 else "theirs" for name, group in self.groups.items()}


def _short(words: Any) -> str:
    text = " ".join(str(words).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
