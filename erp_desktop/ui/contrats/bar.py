"""Under the head of a contract: what calls for a look, and what a responsable does with it."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QVBoxLayout

from erp_desktop import clock
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import contrats
from erp_desktop.services.contrats import ActeOffert, Retour
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.forms.acts import ActBar
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Button, clear
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.wording import value_labels as labels

_RENEW = "renouveler"
_WORDS = {
    _RENEW: ("Renouveler", "arrows-clockwise"), "en_cours": ("Mettre en cours", "play-circle"),
    "suspendu": ("Suspendre…", "pause-circle"), "resilie": ("Résilier…", "prohibit"),
}  # fmt: skip


class ContractBar(ActBar):
    """Alerts, then the acts; a line for the reason opens under those that need one."""

    unsaved = "Motif non enregistré"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__(panel, motive=tr("Motif"), confirm=tr("Confirmer"), on_motive=self.confirm,
                         margins=(16, 8, 14, 4), spacing=8)  # fmt: skip
        self._asking = ""
        self.alerts = QVBoxLayout()
        self.alerts.setSpacing(6)
        self.column.insertLayout(0, self.alerts)

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id or record is None:
            self._ask("")
        self._row_id = row_id
        if row_id is None:
            self.hide()
            return
        self._alert(record)
        limit = record.seuil_alerte_pct or cycle.SEUIL_ALERTE
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: contrats.barre(session, acteur, row_id),
            lambda answer: self._show(row_id, limit, *answer), owner=self,
        )  # fmt: skip

    def _alert(self, record: Any) -> None:
        clear(self.alerts)
        if record.etat == StatutContrat.EXPIRE:
            words = tr("Expiré depuis le {jour}.", jour=isolate(labels.day(record.date_fin)))
            self.alerts.addWidget(Banner("warning", words))
        elif record.rappel is not None:
            detail = ""
            if record.preavis_avant is not None:
                day = isolate(labels.day(record.preavis_avant))
                over = record.preavis_avant < clock.today()
                detail = tr("Préavis passé depuis le {jour}.", jour=day) if over else tr(
                    "Préavis avant le {jour}.", jour=day)  # fmt: skip
            words = tr("À renouveler dans {n} jours.", n=number(record.jours))
            near = cycle.presse(record.jours)
            kind = marks.TONES[near] if near is not None else "info"
            self.alerts.addWidget(Banner(kind, words, icon="calendar-dots", detail=detail))
        if record.etat in (StatutContrat.SUSPENDU, StatutContrat.RESILIE) and record.motif:
            since = record.date_resiliation
            detail = tr("Depuis le {jour}.", jour=isolate(labels.day(since))) if since else ""
            self.alerts.addWidget(Banner("info", record.motif, detail=detail))

    def _show(self, row_id: int, limit: int, found: list[ActeOffert], part: int | None) -> None:
        if row_id != self._row_id:
            return
        if part is not None and part >= limit:
            words = tr("Quota dépassé : {n} %.", n=number(part)) if part > 100 else tr(
                "Quota consommé à {n} %.", n=number(part))  # fmt: skip
            self.alerts.addWidget(Banner("danger" if part > 100 else "warning", words))
        clear(self.lines)
        self.buttons = {}
        for offer in found:
            name = str(offer.vers) if offer.vers is not None else _RENEW
            words, icon = _WORDS[name]
            kind = "danger" if offer.vers is StatutContrat.RESILIE else "soft" if not self.buttons else "default"
            button = Button(tr(words), kind, icon=icon, on_click=partial(self.press, name))
            button.setEnabled(offer.permis)
            if offer.raison:
                self.refuse(button, tr(offer.raison))
            self.buttons[name] = button
            self.lines.addWidget(button)
        refused = next((o for o in found if o.raison), None)
        self.explain(tr(refused.raison) if refused is not None else "")
        self.show()

    def _ask(self, name: str) -> None:
        self._asking = name
        self.ask_motive(bool(name))

    def press(self, name: str) -> None:
        """A button: at once, or after a reason."""
        if name in cycle.AVEC_MOTIF:
            self._ask(name)
        else:
            self._go(name)

    def confirm(self) -> None:
        """Do what the reason was asked for."""
        motive = self.typed_motive(tr("Donnez le motif."))
        if motive:
            self._go(self._asking, motive)
            self._ask("")

    def escape(self) -> bool:
        if self.entry.isHidden():
            return False
        self._ask("")
        self.changed.emit()
        return True

    def draft(self) -> dict[str, Any]:
        motive = self.motive.text().strip()
        return {"motif": motive, "acte": self._asking} if motive else {}

    def restore(self, kept: dict[str, Any]) -> None:
        self._ask(str(kept.get("acte", "")))
        self.motive.setText(str(kept.get("motif", "")))

    def _go(self, name: str, motive: str = "") -> None:
        def do(session: Any, acteur: Acteur, row_id: int) -> Retour:
            if name == _RENEW:
                return contrats.renouveler(session, acteur, row_id)
            return contrats.changer_statut(session, acteur, row_id, StatutContrat(name), motive)

        words = (
            tr("Contrat renouvelé") if name == _RENEW
            else tr("Statut : {statut}", statut=labels.label(StatutContrat, name))
        )  # fmt: skip
        # An end is final: its reason was typed, there is no way back.
        back = None if name == StatutContrat.RESILIE else contrats.revenir
        self.act(lambda: self._go(name, motive), do, words, back)
