"""The transitions of an intervention as buttons; a disabled one says why beside it.

What begins another record is in the menu behind them.

A second click of a double click must not be another act: the row is deaf for the double-click interval after the
statut changed, and the place of the button that was pressed stays empty until another record is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QWidget

from erp_desktop.domain.enums import MotifAttente, Statut
from erp_desktop.domain.transitions import REOUVERTURE
from erp_desktop.services import interventions
from erp_desktop.services.interventions import TransitionOffre
from erp_desktop.ui.forms.acts import ActBar
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.interventions.lines import LinesTab
from erp_desktop.ui.interventions.other_acts import OtherActs
from erp_desktop.ui.kit.controls import Button, clear
from erp_desktop.ui.kit.i18n import colon, number, tr
from erp_desktop.ui.kit.ring.order import laid
from erp_desktop.ui.wording import value_labels

_ICONS = {
    "ouverte": "arrow-u-up-left", "affectee": "user-circle-check", "en_cours": "play-circle",
    "en_attente": "pause-circle", "cloturee": "check-circle", "archivee": "archive", "annulee": "prohibit",
}  # fmt: skip
_FIRST = ("cloturee", "en_cours", "affectee", "en_attente", "ouverte", "annulee", "archivee")
_MENU_ONLY = ("annulee", "archivee")
"""Acts without a way back are looked for, never met."""
_SHOWN = 2
_MARGINS = (16, 8, -12, -4)


class ActsBar(ActBar):
    """Two acts in sight, the others in a menu; the reason of the first refusal in words."""

    def __init__(self, panel: FormPanel) -> None:
        words = tr("Motif de la réouverture")
        super().__init__(panel, motive=words, confirm=tr("Rouvrir"), on_motive=self.confirm,
                         margins=(16, 8, 12, 4), spacing=6)  # fmt: skip
        self.row = QHBoxLayout()
        self.row.setSpacing(8)
        self.column.insertLayout(0, self.row)
        self._statut = ""
        self._pressed_to = 0
        self._deaf = QTimer(self)
        self._deaf.setSingleShot(True)
        self.offers: list[TransitionOffre] = []
        self._rest: list[TransitionOffre] = []
        self._changed = False
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._pausing = False
        self.kind = ChoiceEditor(value_labels.options(MotifAttente))
        self.kind.setAccessibleName(tr("Motif de l'attente"))
        self.kind.changed.connect(self.changed)
        asked = self.entry.layout()
        assert isinstance(asked, QHBoxLayout)  # noqa: S101 - as the base class builds it
        asked.insertWidget(0, self.kind)
        self.others = OtherActs(panel)
        self.column.addWidget(self.others.models)
        panel.fields.changed.connect(self._typed)
        panel.dirty_changed.connect(self._typed)

    def show_record(self, row_id: int | None, record: Any) -> None:
        statut = "" if record is None else str(record.statut)
        if row_id != self._row_id:
            self._pressed_to = 0
            self._deaf.stop()
        if row_id != self._row_id or statut != self._statut:
            self.ask_motive(False)
        self.others.show_record(row_id, record)
        self._row_id, self._changed = row_id, row_id == self._row_id and statut != self._statut
        self._statut = statut
        if row_id is None:
            self._empty_row()
            self.explain("")
            self.setVisible(self.others.models.isVisibleTo(self))
            return
        if self._changed:
            # Deaf from now, for the reading of the next acts takes a while; and again from when they are in sight.
            self._be_deaf()
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: interventions.transitions(session, acteur, row_id),
            lambda offers: self._show(row_id, offers),
            owner=self,
        )

    def _show(self, row_id: int, offers: list[TransitionOffre]) -> None:
        if row_id != self._row_id:
            return
        self.offers = sorted(offers, key=lambda offer: _FIRST.index(str(offer.vers)))
        in_sight = [offer for offer in self.offers if str(offer.vers) not in _MENU_ONLY][:_SHOWN]
        rest = [offer for offer in self.offers if offer not in in_sight]
        if self._changed:
            self._changed = False
            self._be_deaf()
        had_focus = any(button.hasFocus() for button in self.buttons.values())
        self._empty_row()
        if had_focus:
            # Enter pressed twice is a double click too.
            self.setFocus()
        if self._pressed_to:
            self.row.addSpacing(self._pressed_to)
            # What follows the gap has to fit beside it.
            kept = 0 if self.others.awaits_client else 1
            in_sight, rest = in_sight[:kept], [*in_sight[kept:], *rest]
        self._rest = rest
        for offer in in_sight:
            button = Button(self._words(offer), icon=_ICONS[str(offer.vers)],
                            on_click=self._goer(offer))  # fmt: skip
            self.buttons[str(offer.vers)] = button
            self.row.addWidget(button)
        if self.others.awaits_client:
            self.row.addWidget(self.others.sign_button())
        self.row.addStretch()
        if rest or self.others.offered:
            self.more = Button("", icon="dots-three", tip=tr("Autres actions"), on_click=self._menu)
            self.more.setFixedWidth(44)
            self.row.addWidget(self.more)
        self._order_by_tab()
        self._typed()
        self.setVisible(bool(self.offers) or self.others.offered)

    def _possible(self, offer: TransitionOffre) -> bool:
        """Whether the act may be tried: it saves what is typed first, and that may be what it lacked."""
        return offer.permis or (offer.saisie and self._panel.fields.dirty)

    def _typed(self, *_what: object) -> None:
        """Open to what is typed and not saved yet the acts that the record alone refuses."""
        in_sight = [offer for offer in self.offers if str(offer.vers) in self.buttons]
        for offer in in_sight:
            button, possible = self.buttons[str(offer.vers)], self._possible(offer)
            button.setEnabled(possible)
            self.refuse(button, "" if possible else tr(offer.raison))
        refused = next((offer for offer in in_sight if not offer.permis and offer.raison), None)
        if refused is None:
            words = ""
        elif self._possible(refused):
            words = tr("{acte} enregistre d'abord ce qui est saisi.", acte=self._words(refused))
        else:
            words = f"{self._words(refused)}{colon()}{tr(refused.raison)}"
        if self.entry.isHidden():
            self.explain(words)

    def _order_by_tab(self) -> None:
        """Tab goes through the buttons where they stand: what is made later would come after all else."""
        before: QWidget = self
        for button in laid(self.row):
            QWidget.setTabOrder(before, button)
            before = button

    def _words(self, offer: TransitionOffre) -> str:
        return value_labels.action(str(offer.vers), self._statut)

    def _menu(self) -> None:
        menu = QMenu(self)
        for offer in self._rest:
            words = self._words(offer)
            if not self._possible(offer) and offer.raison:
                words = f"{words} ({tr(offer.raison)})"
            action = menu.addAction(words)
            action.setEnabled(self._possible(offer))
            action.triggered.connect(self._goer(offer))
        self.others.fill(menu)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _be_deaf(self) -> None:
        self._deaf.start(QApplication.doubleClickInterval())

    def _empty_row(self) -> None:
        clear(self.row)
        self.buttons = {}

    def _goer(self, offer: TransitionOffre) -> Callable[[], None]:
        return lambda: self._pressed(str(offer.vers))

    def _pressed(self, target: str) -> None:
        """A button or an entry of the menu was pressed by the person."""
        if self._deaf.isActive():
            return
        if (Statut(self._statut), Statut(target)) == REOUVERTURE:
            self.ask_motive(True)
            return
        if target == Statut.EN_ATTENTE:
            self.ask_pause()
            return
        button = self.buttons.get(target)
        self._pressed_to = 0
        if button is not None:
            box = button.geometry()
            # Counted from the side on which reading starts.
            inside = self.contentsRect().adjusted(*_MARGINS)
            self._pressed_to = (
                inside.right() - box.left() if self.layoutDirection() == Qt.LayoutDirection.RightToLeft
                else box.right() - inside.left()
            ) + 1  # fmt: skip
        self.go(target)

    def ask_motive(self, on: bool, *, pausing: bool = False) -> None:
        self._pausing = on and pausing
        self.kind.setVisible(self._pausing)
        words = tr("Précision, si elle aide") if self._pausing else tr("Motif de la réouverture")
        self.motive.setPlaceholderText(words)
        self.motive.setAccessibleName(words)
        self.confirm_button.setText(tr("Mettre en attente") if self._pausing else tr("Rouvrir"))
        self.confirm_button.setAccessibleName(self.confirm_button.text())
        super().ask_motive(on)
        if self._pausing:
            self.kind.inner.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_pause(self) -> None:
        """Ask why the work waits; Enter is enough for the reason in sight."""
        self.kind.show_value(MotifAttente.PIECE.value)
        self.ask_motive(True, pausing=True)

    def confirm(self) -> None:
        """Enter in the entry, or its button."""
        if not self._pausing:
            self.reopen()
        elif not self._deaf.isActive():
            self.pause(MotifAttente(self.kind.value()), self.motive.text().strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._pausing and self.kind.inner.hasFocus():
            self.confirm()
            return
        super().keyPressEvent(event)

    def pause(self, reason: MotifAttente, remark: str = "") -> None:
        """Let the work wait from now on."""
        self.act(
            lambda: self.pause(reason, remark),
            lambda session, acteur, row_id: interventions.changer_statut(
                session, acteur, row_id, Statut.EN_ATTENTE, remark, reason),
            tr("En attente : {motif}", motif=value_labels.label(MotifAttente, reason)),
            interventions.revenir,
        )  # fmt: skip

    def reopen(self) -> None:
        """Open a closed intervention again, for the reason typed."""
        motive = self.typed_motive(tr("Donnez le motif de la réouverture."))
        if motive and not self._deaf.isActive():
            self.go(str(Statut.EN_COURS), motive)

    def escape(self) -> bool:
        """Close the entry of a motive; the toast brings its words back."""
        if self.entry.isHidden():
            return False
        kept, row_id = self.draft(), self._row_id
        if not kept.get("motif") and kept.get("attente") in (None, MotifAttente.PIECE):
            # Opened and not touched.
            kept = {}
        self.ask_motive(False)
        self.changed.emit()
        if kept:
            self._panel.contexte.say(
                tr("Saisie abandonnée"), lambda: self.restore(kept) if self._row_id == row_id else None, "info"
            )
        return True

    def draft(self) -> dict[str, Any]:
        if self._pausing:
            return {"motif": self.motive.text().strip(), "attente": self.kind.value()}
        motive = self.motive.text().strip()
        return {"motif": motive} if motive else {}

    def restore(self, kept: dict[str, Any]) -> None:
        if self._statut != (Statut.EN_COURS if "attente" in kept else Statut.CLOTUREE):
            kept = {}
        self.ask_motive(bool(kept), pausing="attente" in kept)
        if "attente" in kept:
            self.kind.show_value(kept["attente"])
        self.motive.setText(str(kept.get("motif", "")))

    def go(self, target: str, motive: str = "") -> None:
        """Change the status; what is typed is saved in the same transaction."""
        words = tr("Statut : {statut}", statut=value_labels.label(Statut, target))
        left = sum(part.planned for part in self._panel.parts if isinstance(part, LinesTab))
        if target == Statut.CLOTUREE and left:
            # The lines of what is closed are final: this is when the parts can still be taken.
            words += " · " + tr("Pièces prévues restées au dépôt : {n}", n=number(left))
        self.act(
            lambda: self.go(target, motive),
            lambda session, acteur, row_id: interventions.changer_statut(
                session, acteur, row_id, Statut(target), motive),
            words,
            interventions.revenir,
        )  # fmt: skip
