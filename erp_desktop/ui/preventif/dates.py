"""The dates of a plan: those to come by its rule, and what each visit has become; one is skipped or moved here."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import AncrePlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.domain.preventif.saisie import DeplacementInput, SautInput
from erp_desktop.services.preventif import occurrences
from erp_desktop.services.preventif.occurrences import OccurrenceInfo
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import comma, isolate, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import value_labels as labels

_ICONS = {
    Etat.FAITE: ("check-circle", "sla.ok"), Etat.EN_COURS: ("play-circle", "accent.text"),
    Etat.AFFECTEE: ("user-circle-check", "accent.text"), Etat.GENEREE: ("circle-dashed", "accent.text"),
    Etat.EN_RETARD: ("warning", "semantic.danger.text"), Etat.MANQUEE: ("warning-circle", "semantic.danger.text"),
    Etat.SAUTEE: ("prohibit", "text.tertiary"),
}  # fmt: skip
_OPEN = (Etat.AFFECTEE, Etat.GENEREE, Etat.EN_RETARD, Etat.MANQUEE)


class DatesTab(RecordPart):
    """Follows the plan of its panel."""

    unsaved = "Motif non enregistré"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._at: OccurrenceInfo | None = None
        self._found: list[OccurrenceInfo] = []
        self._kept: dict[str, Any] = {}
        self._blank: dict[str, Any] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8)
        self.next = Text("", "body", "text.secondary", wrap=True)
        column.addWidget(self.next)
        self.card = self._entry()
        column.addWidget(self.card)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(4)
        column.addLayout(self.lines)
        column.addStretch()

    def _entry(self) -> QWidget:
        card = Card("surface.sunken")
        self.what = Text("", "strong", wrap=True)
        card.box.addWidget(self.what)
        self.day, self.motive = DateEditor(Sens.FUTUR), TextEditor(tr("Pourquoi"))
        self.fields = {"date_cible": Field(tr("Nouvelle date"), self.day), "motif": Field(tr("Motif"), self.motive)}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["date_cible"], 0, 0)
        grid.addWidget(self.fields["motif"], 0, 1)
        for field in self.fields.values():
            field.editor.changed.connect(self.changed)  # type: ignore[attr-defined]
        card.box.addLayout(grid)
        row = QHBoxLayout()
        row.addStretch()
        self.skip_button = Button(tr("Sauter cette date"), "danger", icon="prohibit", on_click=self.skip)
        self.move_button = Button(tr("Déplacer"), "soft", icon="calendar-dots", on_click=self.move_date)
        self.shift_button = Button(tr("Décaler la suite"), icon="arrow-right", on_click=self.shift,
                                   tip=tr("Toutes les visites à venir se déplacent d'autant de jours"))  # fmt: skip
        row.addWidget(self.shift_button)
        row.addWidget(self.skip_button)
        row.addWidget(self.move_button)
        card.box.addLayout(row)
        card.hide()
        return card

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            self._aim(None)
            self._found, self._kept = [], {}
        self._row_id = row_id
        self.next.setText(self._to_come(record))
        if row_id is None:
            clear(self.lines)
            self.counted.emit(0)
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: occurrences.lister(session, acteur, row_id, 60),
            lambda found: self._show(row_id, found), owner=self,
        )  # fmt: skip

    def _to_come(self, record: Any) -> str:
        if record is None:
            return tr("Les dates se calculent à l'enregistrement du plan.")
        if record.ancre == AncrePlanning.CLOTURE:
            return tr("La prochaine visite est créée à la clôture de la dernière.")
        if record.ancre == AncrePlanning.COMPTEUR:
            return tr("La prochaine visite est créée quand un relevé du compteur passe le seuil.")
        days = [isolate(labels.day(one.date_cible)) for one in record.suite]
        return tr("Prochaines dates : {jours}", jours=comma().join(days)) if days else tr("Aucune date à venir.")

    def _show(self, row_id: int, found: list[OccurrenceInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for one in found:
            self.lines.addWidget(self._line(one))
        if not found:
            self.lines.addWidget(Text(tr("Aucune visite créée pour le moment."), "body", "text.tertiary"))
        self.counted.emit(sum(Etat(one.etat) is Etat.EN_RETARD for one in found) or len(found))
        self._found = found
        self._resume()

    def _line(self, one: OccurrenceInfo) -> QWidget:
        holder, state = QWidget(), Etat(one.etat)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        icon, ink = _ICONS.get(state, ("circle-dashed", "text.tertiary"))
        row.addWidget(IconLabel(icon, ink, 16))
        words = QVBoxLayout()
        words.setSpacing(0)
        day = isolate(labels.day(one.date_cible))
        words.addWidget(Text(f"{day} · {labels.label(Etat, one.etat)}", "strong"))
        told = [isolate(one.numero)] if one.numero else []
        if one.date_cible != one.date_prevue:
            told.append(tr("prévue le {jour}", jour=isolate(labels.day(one.date_prevue))))
        if one.motif:
            told.append(one.motif)
        if told:
            words.addWidget(Text(" · ".join(told), "caption", "text.tertiary", wrap=True))
        row.addLayout(words, 1)
        if one.intervention_id is not None:
            row.addWidget(icon_button("arrow-square-out", tr("Ouvrir l'intervention"), partial(
                self._panel.contexte.open_record, "interventions", one.intervention_id)))  # fmt: skip
        if state in _OPEN and roles.peut(self._panel.contexte.acteur.role, roles.Droit.PREVENTIF_ECRIRE):
            row.addWidget(icon_button("pencil-simple", tr("Sauter ou déplacer"), partial(self._aim, one)))
        return holder

    def _aim(self, one: OccurrenceInfo | None, *, focus: bool = True) -> None:
        self._at = one
        for field in self.fields.values():
            field.say("")
        self.day.show_value(one.date_cible if one is not None else None)
        self.motive.show_value(None)
        self.card.setVisible(one is not None)
        if one is not None:
            self.what.setText(tr("Échéance du {jour}", jour=isolate(labels.day(one.date_prevue))))
            if focus:
                self.motive.inner.setFocus()
        self._blank = entry.typed(self.fields)

    def _resume(self) -> None:
        """Take up the date that the draft speaks of, once the dates are there."""
        at = next((one for one in self._found if one.id == self._kept.get("echeance")), None)
        if at is not None:
            kept, self._kept = self._kept, {}
            self._aim(at, focus=False)
            entry.put_back(self.fields, kept)

    def escape(self) -> bool:
        if self.card.isHidden():
            return False
        self._aim(None)
        self.changed.emit()
        return True

    def draft(self) -> dict[str, Any]:
        if self._at is None:
            return dict(self._kept)
        typed = entry.typed(self.fields)
        return {"echeance": self._at.id, **typed} if typed != self._blank else {}

    def restore(self, kept: dict[str, Any]) -> None:
        self._aim(None)
        self._kept = dict(kept)
        self._resume()

    def skip(self) -> None:
        """Nobody goes on that date, for the reason typed."""
        self._decide(lambda session, acteur, ident, values: occurrences.sauter(
            session, acteur, ident, SautInput(motif=values["motif"])), tr("Échéance sautée"))  # fmt: skip

    def move_date(self) -> None:
        """Somebody goes on another day; the rule's date stays."""
        self._decide(lambda session, acteur, ident, values: occurrences.replanifier(
            session, acteur, ident, DeplacementInput(**values)), tr("Échéance déplacée"))  # fmt: skip

    def shift(self) -> None:
        """Every visit to come moves by as many days as this one."""
        at, row_id = self._at, self._row_id
        if at is None or row_id is None:
            return

        def work(session: Any, acteur: Any, _ident: int, values: dict[str, Any]) -> int:
            asked = DeplacementInput(**values)
            days = (asked.date_cible - at.date_cible).days
            return occurrences.decaler_la_serie(session, acteur, row_id, days, asked.motif)

        self._decide(work, tr("Suite décalée"))

    def _decide(self, work: Any, words: str) -> None:
        values, at, row_id = entry.read(self.fields), self._at, self._row_id
        contexte = self._panel.contexte
        if values is None or at is None or row_id is None:
            return

        def done(_none: Any) -> None:
            if self._row_id == row_id:
                self._aim(None)
                self.changed.emit()
            else:
                self._panel.forget_part(row_id, self)
            contexte.say(words)
            contexte.bus.publish("plannings", row_id)
            contexte.bus.publish("interventions")

        contexte.tasks.run(
            lambda session: work(session, contexte.acteur, at.id, values), done,
            lambda error: entry.refuse(contexte, self.fields, error, "motif"), write=True, owner=self,
        )  # fmt: skip
