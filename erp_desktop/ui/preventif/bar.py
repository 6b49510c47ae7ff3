"""Under the head of a plan: what it counts on when that is not the calendar, and its life."""

from __future__ import annotations

from functools import partial
from typing import Any

from erp_desktop.domain.enums import StatutPlanning
from erp_desktop.domain.people import roles
from erp_desktop.services.preventif import occurrences
from erp_desktop.ui.forms.acts import ActBar
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Button, clear
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels as labels

_WORDS = {
    StatutPlanning.ACTIF: ("Reprendre", "play-circle"), StatutPlanning.SUSPENDU: ("Suspendre", "pause-circle"),
    StatutPlanning.TERMINE: ("Terminer", "prohibit"),
}  # fmt: skip


class PlanBar(ActBar):
    """Suspend, take up again, end; visits to come that nobody touched go and come back with it."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__(panel, motive=tr("Motif"), confirm=tr("Confirmer"), on_motive=lambda: None,
                         margins=(16, 8, 14, 4), spacing=8)  # fmt: skip

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        if row_id is None:
            self.hide()
            return
        clear(self.lines)
        self.buttons = {}
        may = roles.peut(self._panel.contexte.acteur.role, roles.Droit.PREVENTIF_ECRIRE)
        for vers in occurrences.suivants(record.statut):
            words, icon = _WORDS[vers]
            kind = "danger" if vers is StatutPlanning.TERMINE else "soft"
            button = Button(tr(words), kind, icon=icon, on_click=partial(self.press, vers))
            button.setEnabled(may)
            if not may:
                self.refuse(button, tr("Réservé aux responsables."))
            self.buttons[vers.value] = button
            self.lines.addWidget(button)
        over = tr("Ce plan est terminé : faites-en un autre.") if not self.buttons else ""
        self.explain(over or ("" if may else tr("Réservé aux responsables.")))
        self.show()

    def press(self, vers: StatutPlanning) -> None:
        """Take the plan further in its life."""
        self.act(
            partial(self.press, vers),
            lambda session, acteur, row_id: occurrences.changer_plan(session, acteur, row_id, vers),
            tr("Statut : {statut}", statut=labels.label(StatutPlanning, vers)), occurrences.revenir_plan,
        )  # fmt: skip
