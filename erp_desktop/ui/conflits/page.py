"""The inbox page: records on one side, the fields of one record on the other, every choice with its undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.sync.inbox import conflicts
from erp_desktop.sync.inbox.captions import Boite, boite
from erp_desktop.sync.inbox.conflicts import Conflit, Keep
from erp_desktop.ui.audit.part import show_history
from erp_desktop.ui.conflits.cards import LABEL_WIDTH, LigneChamp, columns
from erp_desktop.ui.conflits.collisions import CollisionsNotice
from erp_desktop.ui.conflits.merging import BandeauDoublons
from erp_desktop.ui.conflits.records import Cle, Dossier, Liste, grouper, places, standing
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kinds import kind_of
from erp_desktop.ui.kit.controls import Button, IconLabel, Text
from erp_desktop.ui.kit.held import Held, changed
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.states import EmptyState
from erp_desktop.ui.kit.surfaces import Pill, Priority, Surface
from erp_desktop.ui.page import Page
from erp_desktop.ui.wording import field_labels, value_labels

_EARLIER = 200
"""Of those settled before today so many are shown."""


class ConflitsPage(Page):
    """The conflict inbox."""

    open_record = Signal(str, object)
    """The record's form is asked for: kind and identifier."""

    def __init__(self, contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contexte = contexte
        self._boite = Boite((), {}, {}, {})
        self._current: Cle | None = None
        self._row: LigneChamp | None = None
        self.rows: list[LigneChamp] = []
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        self.list = Liste()
        self.list.chosen.connect(self.show_record)
        self.list.history_asked.connect(self.reload)
        self._stack = QStackedWidget()
        # The choices of the record shown are aimed at as well; half a text is not taken from under who writes it.
        self.held = Held(self.list, self._stack, busy=lambda: any(row.editor is not None for row in self.rows))
        self.list.foot.addWidget(self.held)
        self.doublons = BandeauDoublons(contexte, self.held)
        self.list.add_notice(self.doublons)
        self.collisions = CollisionsNotice(contexte, self.held)
        self.list.add_notice(self.collisions)
        across.addWidget(self.list)
        across.addWidget(self._stack, 1)
        self._detail = Surface("surface.base")
        self._column = QVBoxLayout(self._detail)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._stack.addWidget(self._detail)
        empty = Surface("surface.base")
        inside = QVBoxLayout(empty)
        words = tr("Quand deux postes changent le même champ pendant une coupure, la version perdue est gardée ici.")
        inside.addWidget(EmptyState(tr("Aucune fiche en conflit"), words, icon="check-circle"))
        self._stack.addWidget(empty)
        self._stack.setCurrentIndex(1)
        self._keys()
        self.open_record.connect(contexte.open_record)
        contexte.bus.data_changed.connect(self._changed)
        self.reload()

    def _keys(self) -> None:
        table: tuple[tuple[str, Callable[[], object]], ...] = (
            ("M", lambda: self._key_keep("mine")), ("L", lambda: self._key_keep("theirs")), ("E", self._key_edit),
        )  # fmt: skip
        for key, act in table:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def _changed(self, _changes: object, initiator: object) -> None:
        if initiator is not self:
            self.refresh()

    def refresh(self) -> None:
        """Read the inbox again; what came in waits while somebody aims at a record or one of its choices."""
        self._read(self._take)
        self.doublons.reload()
        self.collisions.reload()

    def _read(self, show: Callable[[Boite], None]) -> None:
        earlier = _EARLIER if self.list.earlier else 0
        self._contexte.tasks.run(lambda session: boite(session, earlier), show, owner=self)

    def _take(self, found: Boite) -> None:
        old, new = places(self._boite), places(found)
        self.held.take("conflits", changed(old, new), lambda: self._show(found), at_once=not old)

    def reload(self) -> bool:
        """Read the inbox again and show it; an open editor keeps its text."""
        self.held.apply()
        self._read(self._show)
        self.doublons.reload(own=True)
        self.collisions.reload()
        return True

    def status(self) -> tuple[str, str]:
        todo, *_rest = grouper(self._boite)
        if not todo:
            return tr("Aucune fiche en conflit"), ""
        place = next((n for n, d in enumerate(todo, start=1) if d.cle == self._current), 0)
        words = tr("Conflit {n} sur {total}", n=place, total=len(todo)) if place else ""
        return words, ""

    def keys(self) -> tuple[tuple[str, str], ...]:
        return (
            ("M", "Garder la mienne"), ("L", "Garder la leur"), ("E", "Modifier…"),
            ("Ctrl Entrée", "Garder cette valeur"), ("↑ ↓", "Conflit précédent, suivant"),
        )  # fmt: skip

    def escape(self) -> bool:
        return any(row.close_editor() for row in self.rows)

    def _show(self, found: Boite) -> None:
        self.held.drop("conflits")
        same = found == self._boite
        self._boite = found
        everything = [dossier for group in grouper(found) for dossier in group]
        if self._current not in {d.cle for d in everything}:
            self._current = everything[0].cle if everything else None
            same = False
        if same and self.rows:
            return
        self.list.fill(found, self._current)
        self._stack.setCurrentIndex(0 if everything else 1)
        self._build()

    def show_record(self, key: Cle) -> None:
        """Show the fields of one record."""
        self._current = key
        self.list.mark(key)
        self._build()

    def _dossier(self) -> Dossier | None:
        return next((d for group in grouper(self._boite) for d in group if d.cle == self._current), None)

    def _build(self) -> None:
        drafts = {
            row.conflit.id: row.editor.text.toPlainText()
            for row in self.rows
            if row.editor is not None and row.editor.text is not None
        }
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.rows, self._row = [], None
        dossier = self._dossier()
        if dossier is None:
            return
        self._column.addWidget(self._head(dossier))
        self._column.addWidget(self._fields(dossier), 1)
        self._column.addWidget(self._foot(dossier))
        for row in self.rows:
            if row.conflit.id in drafts and row.open:
                row.edit()
                if row.editor is not None and row.editor.text is not None:
                    row.editor.text.setPlainText(drafts[row.conflit.id])
        self._row = next((row for row in self.rows if row.open), None)
        self.status_changed.emit(*self.status())

    def _head(self, dossier: Dossier) -> QWidget:
        first = dossier.conflits[0]
        head = Surface("surface.base", "border.subtle", sides="b")
        column = QVBoxLayout(head)
        column.setContentsMargins(20, 12, 20, 10)
        column.setSpacing(3)
        top = QHBoxLayout()
        top.addWidget(Text(isolate(first.libelle), "body", "text.tertiary"))
        top.addStretch()
        table, pk = dossier.cle
        kind = kind_of(table)
        if kind is not None:
            self.open_button = Button(
                tr("Ouvrir la fiche"), icon="arrow-square-out", on_click=lambda: self.open_record.emit(kind, pk)
            )
            top.addWidget(self.open_button)
            self.history_button = Button(
                tr("Historique"), icon="clock-counter-clockwise",
                on_click=lambda: show_history(self._contexte.open_record(kind, pk)),
            )  # fmt: skip
            top.addWidget(self.history_button)
        column.addLayout(top)
        line = QHBoxLayout()
        line.setSpacing(12)
        title = first.detail.partition(" · ")[0] if dossier.cle[0] == "interventions" else dossier.titre
        line.addWidget(Text(title or dossier.titre, "page"))
        states = self._boite.statuts.get(dossier.cle[1]) if dossier.cle[0] == "interventions" else None
        if states is not None:
            line.addWidget(Pill(states[0], value_labels.label(Statut, states[0])))
            line.addWidget(Priority(states[1], value_labels.label(Priorite, states[1])))
        line.addStretch()
        column.addLayout(line)
        column.addWidget(Text(standing(dossier), "body", "text.secondary", wrap=True))
        return head

    def _fields(self, dossier: Dossier) -> QWidget:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setObjectName("corps")
        column = QVBoxLayout(inside)
        column.setContentsMargins(20, 8, 20, 12)
        column.setSpacing(0)
        asked = [c for c in dossier.conflits if c.a_decider or c.resolu is not None]
        if asked:
            column.addWidget(columns(asked[0]))
        for conflit in asked:
            row = LigneChamp(conflit, self._boite.noms)
            row.keep.connect(self.decide)
            row.write.connect(lambda c, value: self.decide(c, None, value))
            row.focused.connect(self._set_row)
            row.open_asked.connect(lambda c: self.open_record.emit(kind_of(c.table) or c.table, c.pk))
            self.rows.append(row)
            column.addWidget(row)
        for conflit in dossier.conflits:
            if conflit not in asked:
                column.addWidget(self._ruled(conflit))
        # With a factor, or cards would grow into half of the empty room.
        column.addStretch(1)
        area.setWidget(inside)
        return area

    def _ruled(self, conflit: Conflit) -> QWidget:
        """A field that the centre's rule decided without asking; what lost can still be taken."""
        holder = QWidget()
        across = QHBoxLayout(holder)
        across.setContentsMargins(0, 6, 0, 6)
        across.setSpacing(10)
        name = QWidget()
        name.setFixedWidth(LABEL_WIDTH)
        names = QVBoxLayout(name)
        names.setContentsMargins(0, 0, 0, 0)
        names.setSpacing(1)
        names.addWidget(Text(field_labels.champ(conflit.table, conflit.champ), "strong", wrap=True))
        names.addWidget(Text(tr("tranché"), "caption", "text.tertiary"))
        across.addWidget(name)
        strip = Surface("surface.sunken", radius=6)
        row = QHBoxLayout(strip)
        row.setContentsMargins(14, 9, 14, 9)
        row.setSpacing(10)
        row.addWidget(IconLabel("git-merge", "text.tertiary", 15))
        mine, theirs = field_labels.versions(
            conflit.table, conflit.champ, (conflit.mien, conflit.leur), self._boite.noms
        )
        given = conflit.impose
        other: Keep = "theirs" if conflit.tient == "mine" else "mine"
        told = (
            "« {mien} » était déjà pris sur un autre poste : le siège a donné « {leur} »." if given
            else "Votre « {mien} » s'applique. Le siège avait « {leur} »." if other == "theirs"
            else "La règle du siège s'applique : « {leur} ». Votre « {mien} » reste ici."
        )  # fmt: skip
        row.addWidget(Text(tr(told, leur=theirs, mien=mine), "body", "text.secondary", wrap=True), 1)
        if not given:
            words = tr("Garder la mienne") if other == "mine" else tr("Garder la leur")
            row.addWidget(Button(words, "link", on_click=lambda: self.decide(conflit, other)))
        across.addWidget(strip, 1)
        return holder

    def _foot(self, dossier: Dossier) -> QWidget:
        foot = Surface("surface.sunken", "border.default", sides="t")
        row = QHBoxLayout(foot)
        row.setContentsMargins(20, 9, 20, 9)
        row.setSpacing(8)
        left = [r for r in self.rows if r.open]
        for done in [True] * (len(self.rows) - len(left)) + [False] * len(left):
            mark = Surface("semantic.success.solid" if done else "sla.track", radius=2)
            mark.setFixedSize(38, 4)
            row.addWidget(mark)
        decided = len(self.rows) - len(left)
        told = "{n} champ sur {total} décidé" if decided < 2 else "{n} champs sur {total} décidés"
        words = tr(told, n=decided, total=len(self.rows))
        if len(left) == 1:
            words += " · " + tr(
                "reste « {champ} »", champ=field_labels.champ(left[0].conflit.table, left[0].conflit.champ)
            )
        row.addSpacing(4)
        row.addWidget(Text(words, "body"))
        row.addStretch()
        if left:
            row.addWidget(Button(tr("Tout garder la mienne"), "ghost", on_click=lambda: self.decide_all("mine")))
            row.addWidget(Button(tr("Tout garder la leur"), "ghost", on_click=lambda: self.decide_all("theirs")))
        following = self._next_open(dossier)
        if following is not None:
            row.addWidget(Button(tr("Conflit suivant"), "primary" if not left else "default",
                                 on_click=lambda: self.show_record(following)))  # fmt: skip
        if left:
            row.addWidget(KeyCap("M"))
            row.addWidget(KeyCap("L"))
            row.addWidget(KeyCap("E"))
        return foot

    def _next_open(self, dossier: Dossier) -> Cle | None:
        todo, *_rest = grouper(self._boite)
        return next((d.cle for d in todo if d.cle != dossier.cle), None)

    def _set_row(self, row: LigneChamp) -> None:
        self._row = row

    def _key_keep(self, keep: Keep) -> None:
        if self._row is not None and self._row.open:
            self.decide(self._row.conflit, keep)

    def _key_edit(self) -> None:
        if self._row is not None:
            self._row.edit()

    def decide(self, conflit: Conflit, keep: Keep | None, value: Any = None) -> None:
        """Settle one field; the toast takes it back."""
        self._settle([conflit], keep, value)

    def decide_all(self, keep: Keep) -> None:
        """Settle every field of the record that is left, in one transaction."""
        self._settle([row.conflit for row in self.rows if row.open], keep)

    def _settle(self, chosen: list[Conflit], keep: Keep | None, value: Any = None) -> None:
        if not chosen:
            return
        for row in self.rows:
            if row.conflit in chosen:
                row.close_editor()
        identifiers = [c.id for c in chosen]

        def work(session: Any) -> None:
            for identifier in identifiers:
                conflicts.resolve(session, identifier, keep, value)

        self._contexte.tasks.run(
            work, lambda _none: self._settled(chosen, keep, value), self._refused, write=True, owner=self
        )

    def _settled(self, chosen: list[Conflit], keep: Keep | None, value: Any) -> None:
        first = chosen[0]
        if len(chosen) > 1:
            words = tr("{n} champs : votre version est gardée", n=len(chosen))
            if keep == "theirs":
                words = tr("{n} champs : la version du siège est gardée", n=len(chosen))
        else:
            shown = {"mine": first.mien, "theirs": first.leur}.get(keep or "", value)
            said = field_labels.valeur(first.table, first.champ, shown, self._boite.noms)
            said = said if len(said) <= 40 else said[:39] + "…"
            words = {
                "mine": tr("{champ} : votre version est gardée ({valeur})"),
                "theirs": tr("{champ} : la version du siège est gardée ({valeur})"),
            }.get(keep or "", tr("{champ} : votre texte est gardé ({valeur})"))
            words = words.format(champ=field_labels.champ(first.table, first.champ), valeur=said)
        self._contexte.say(words, undo=lambda: self._undo(chosen))
        self._publish(chosen)

    def _undo(self, chosen: list[Conflit]) -> None:
        identifiers = [c.id for c in chosen]

        def work(session: Any) -> None:
            for identifier in reversed(identifiers):
                conflicts.undo(session, identifier)

        # The page may be closed by now; what it did is still taken back and told.
        self._contexte.tasks.run(work, lambda _none: self._publish(chosen), write=True)

    def _publish(self, chosen: list[Conflit]) -> None:
        for table, pk in {(c.table, c.pk) for c in chosen}:
            self._contexte.bus.publish(table, pk, initiator=self)
        if shiboken6.isValid(self):
            self.reload()

    def _refused(self, error: Exception) -> None:
        self._contexte.tasks.failed.emit(error)
        self.reload()
