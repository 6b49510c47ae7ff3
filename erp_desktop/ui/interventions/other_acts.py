"""What an intervention begins besides its own life: a follow-up, a copy, a plan, a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QMenu

from erp_desktop.domain.enums import Role, Statut
from erp_desktop.domain.people import roles
from erp_desktop.errors import ErpError
from erp_desktop.services.interventions import models
from erp_desktop.ui.begun import begin_another, duplicate, fill_in
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.interventions.reception import ReceptionTab
from erp_desktop.ui.kit.controls import Button, Field
from erp_desktop.ui.kit.i18n import comma, isolate, said, tr
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import value_labels

_WORKED = (Statut.EN_COURS, Statut.EN_ATTENTE, Statut.CLOTUREE)

_WIDEST = 730


class OtherActs:
    """The entries of the menu behind the transitions, and the picker of a blank form.

    Attributes:
        models: the picker of a model; in sight on a blank form alone.
        offered: whether the menu has any of these.
        awaits_client: the work is closed, and the client has neither signed nor refused.
    """

    def __init__(self, panel: FormPanel) -> None:
        self._panel = panel
        self._row_id: int | None = None
        self._record: Any = None
        self.picker = PickerEditor(self._search, tr("Partir d'un modèle"))
        self.models = Field(tr("Modèle de départ"), self.picker, label_width=panel.label_width)
        self.models.setMaximumWidth(_WIDEST)
        self.models.hide()
        self.picker.changed.connect(self._picked)

    @property
    def _writes(self) -> bool:
        return roles.peut(self._panel.contexte.acteur.role, roles.Droit.INTERVENTION_ECRIRE)

    @property
    def offered(self) -> bool:
        return self._record is not None and self._panel.contexte.acteur.role != Role.CLIENT

    @property
    def awaits_client(self) -> bool:
        record = self._record
        return bool(
            self.offered and record.statut == Statut.CLOTUREE and not record.signature and not record.signature_refus
        )

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id, self._record = row_id, record
        self.picker.show_value(None)
        self.models.setVisible(record is None and self._writes)

    def _search(self, text: str, offer: Callable[[Any], object]) -> Task:
        contexte = self._panel.contexte

        def failed(error: Exception) -> None:
            contexte.tasks.failed.emit(error)
            offer(None)

        return contexte.tasks.run(
            lambda session: choices(models.choices(session, contexte.acteur, text)), offer, failed, owner=self._panel
        )

    def _picked(self) -> None:
        contexte, slot = self._panel.contexte, self._panel.draft_id
        if self.picker.unsettled or (chosen := self.picker.value()) is None:
            return

        def read(begun: Any) -> None:
            if self._panel.draft_id == slot and self._panel.row_id is None:
                fill_in(self._panel, begun, tr("Rempli d'après le modèle « {source} ».", source="{source}"))

        contexte.tasks.run(
            lambda session: models.begin_from(session, contexte.acteur, chosen), read, owner=self._panel
        )

    def sign_button(self) -> Button:
        return Button(tr("Faire signer"), "soft", icon="pencil-simple", on_click=self.sign)

    def sign(self) -> None:
        """Open what the client says of the work."""
        self._panel.show_part(next(part for part in self._panel.parts if isinstance(part, ReceptionTab)))

    def fill(self, menu: QMenu) -> None:
        """Add the entries to the menu of the acts."""
        if not self.offered or self._row_id is None:
            return
        if not menu.isEmpty():
            menu.addSeparator()
        if Statut(self._record.statut) in _WORKED:
            menu.addAction(tr("Satisfaction et signature")).triggered.connect(self.sign)
        if self._writes:
            menu.addAction(tr("Intervention de suite")).triggered.connect(self.follow_up)
            menu.addAction(tr("Copier (Ctrl+D)")).triggered.connect(lambda: duplicate(self._panel))
            menu.addAction(tr("En faire un modèle")).triggered.connect(self.make_model)
        repeat = menu.addAction(tr("Répéter par un plan de préventif"))
        repeat.triggered.connect(self.repeat)
        if not roles.peut(self._panel.contexte.acteur.role, roles.Droit.PREVENTIF_ECRIRE):
            repeat.setEnabled(False)
            repeat.setText(tr("Répéter par un plan de préventif (un responsable)"))

    def follow_up(self) -> None:
        if self._row_id is not None:
            begin_another(self._panel, models.follow_up, self._row_id, tr("Suite de {source}.", source="{source}"))

    def repeat(self) -> None:
        if self._row_id is not None:
            words = tr("Rempli d'après {source}.", source="{source}")
            begin_another(self._panel, models.as_plan, self._row_id, words, "preventif")

    def make_model(self) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def made(model_id: int) -> None:
            contexte.say(tr("Modèle créé"))
            contexte.bus.publish("modeles_intervention", model_id)
            contexte.open_record("modeles", model_id)

        def refused(error: Exception) -> None:
            if isinstance(error, ErpError):
                contexte.say(said(str(error)), kind="danger")
            else:
                contexte.tasks.failed.emit(error)

        contexte.tasks.run(
            lambda session: models.save_as_model(session, contexte.acteur, row_id), made, refused, write=True,
            owner=self._panel,
        )  # fmt: skip


def linked(record: Any) -> str:
    """``04-00487 clôturée, 04-00491 ouverte``: what follows an intervention up."""
    return comma().join(f"{isolate(s.numero)} ({value_labels.label(Statut, s.statut)})" for s in record.suites)
