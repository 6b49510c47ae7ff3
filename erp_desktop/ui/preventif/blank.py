"""What an empty list of plans offers: to begin with a machine that a contract covers."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from erp_desktop.services.preventif import promised
from erp_desktop.services.preventif.promised import SansPlan
from erp_desktop.services.shared.choices import Choix
from erp_desktop.ui.forms.fields import WORDS
from erp_desktop.ui.forms.view import BEGUN
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.states import EmptyState
from erp_desktop.ui.kit.surfaces import Card


class FromContracts:
    """Reads what contracts cover without a plan, and shows it on an empty page."""

    def __init__(self, contexte: Any) -> None:
        self._contexte = contexte
        self.button: Button | None = None
        self.menu: QMenu | None = None
        self.words: Text | None = None

    def ask(self, state: EmptyState) -> None:
        acteur = self._contexte.acteur
        self.button = self.menu = self.words = None
        self._contexte.tasks.run(
            lambda session: promised.sans_plan(session, acteur), partial(self._show, state), owner=state
        )

    def _show(self, state: EmptyState, found: SansPlan) -> None:
        if not found.machines:
            return
        told = tr("Équipements sous contrat sans plan : {n}. Contrats en vigueur : {c}.",
                  n=number(found.equipements), c=number(found.contrats))  # fmt: skip
        card = Card("surface.sunken")
        self.words = Text(told, "body", "text.secondary", wrap=True)
        card.box.addWidget(self.words)
        card.setFixedWidth(560)
        state.extra.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        self.button = Button(tr("Proposer depuis les contrats"), icon="file-text", on_click=self._offer)
        self.menu = QMenu(self.button)
        for one in found.machines:
            self.menu.addAction(f"{isolate(one.libelle)} · {one.detail}", partial(self.begin, one))
        if found.equipements > len(found.machines):
            rest = self.menu.addAction(tr("et {n} autres", n=number(found.equipements - len(found.machines))))
            rest.setEnabled(False)
        state.add_button(self.button)

    def _offer(self) -> None:
        if self.menu is not None and self.button is not None:
            self.menu.popup(self.button.mapToGlobal(QPoint(0, self.button.height())))

    def begin(self, machine: Choix) -> None:
        """A new plan with this machine; nothing is saved."""
        self._contexte.begin("preventif", {
            "equipement_id": machine.id, "equipement_id" + WORDS: machine.libelle,
            BEGUN: tr("Équipement sous contrat : {source}.", source=isolate(machine.libelle)),
        })  # fmt: skip
