"""The transitions of an intervention as buttons; a disabled one says why beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout

from erp_desktop.domain.enums import Statut
from erp_desktop.services import interventions
from erp_desktop.services.interventions import TransitionOffre
from erp_desktop.ui import labels
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, IconLabel, Text, clear
from erp_desktop.ui.kit.i18n import tr

_ICONS = {
    "ouverte": "arrow-u-up-left", "affectee": "user-circle-check", "en_cours": "play-circle",
    "en_attente": "pause-circle", "cloturee": "check-circle", "archivee": "archive", "annulee": "prohibit",
}  # fmt: skip
_FIRST = ("cloturee", "en_cours", "affectee", "en_attente", "archivee", "ouverte", "annulee")
_SHOWN = 2


class ActsBar(RecordPart):
    """Two acts in sight, the others in a menu; the reason of the first refusal in words."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._statut = ""
        self.offers: list[TransitionOffre] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 12, 4)
        column.setSpacing(6)
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        column.addLayout(self._row)
        line = QHBoxLayout()
        line.setSpacing(5)
        self._icon = IconLabel("info", "text.tertiary", 13)
        self.reason = Text("", "caption", "text.tertiary", wrap=True)
        line.addWidget(self._icon)
        line.addWidget(self.reason, 1)
        column.addLayout(line)
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        if row_id is None:
            self.hide()
            return
        self._statut = str(record.statut)
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
        clear(self._row)
        self.buttons: dict[str, Button] = {}
        for offer in self.offers[:_SHOWN]:
            button = Button(self._words(offer), icon=_ICONS[str(offer.vers)],
                            on_click=self._goer(offer))  # fmt: skip
            button.setEnabled(offer.permis)
            if not offer.permis:
                button.setToolTip(tr(offer.raison))
                button.setAccessibleDescription(tr(offer.raison))
            self.buttons[str(offer.vers)] = button
            self._row.addWidget(button)
        self._row.addStretch()
        if len(self.offers) > _SHOWN:
            self.more = Button("", icon="dots-three", tip=tr("Autres actions"), on_click=self._menu)
            self.more.setFixedWidth(44)
            self._row.addWidget(self.more)
        refused = next((offer for offer in self.offers[:_SHOWN] if not offer.permis and offer.raison), None)
        words = f"{self._words(refused)} : {tr(refused.raison)}" if refused is not None else ""
        self.reason.setText(words)
        self._icon.setVisible(bool(words))
        self.reason.setVisible(bool(words))
        self.setVisible(bool(self.offers))

    def _words(self, offer: TransitionOffre) -> str:
        return labels.action(str(offer.vers), self._statut)

    def _menu(self) -> None:
        menu = QMenu(self)
        for offer in self.offers[_SHOWN:]:
            words = self._words(offer)
            if not offer.permis and offer.raison:
                words = f"{words} ({tr(offer.raison)})"
            action = menu.addAction(words)
            action.setEnabled(offer.permis)
            action.triggered.connect(self._goer(offer))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _goer(self, offer: TransitionOffre) -> Callable[[], None]:
        return lambda: self.go(str(offer.vers))

    def go(self, target: str) -> None:
        """Change the status; what is typed is saved in the same transaction."""
        row_id, panel = self._row_id, self._panel
        values = panel.fields.values()
        if row_id is None or values is None:
            return
        acteur, changes = panel.contexte.acteur, panel.fields.changes()

        def work(session: Any) -> None:
            if changes:
                interventions.update(session, acteur, row_id, changes)
            interventions.changer_statut(session, acteur, row_id, Statut(target))

        panel.run_act(work, tr("Statut : {statut}", statut=labels.label(Statut, target)))
