"""The jobs of a period, what they leave of its quota and who pays for each; a responsable overrules with a reason."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.contrats.saisie import ImputationInput
from erp_desktop.domain.enums import Imputation
from erp_desktop.domain.people import roles
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services import contrats
from erp_desktop.services.contrats import Periode, TravailInfo, periods
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, LineEdit, Text, clear
from erp_desktop.ui.kit.i18n import colon, isolate, number, said, tr
from erp_desktop.ui.wording import value_labels as labels

_SHOWN = 60
"""Jobs of a period that are listed; what is billed comes first, then the latest."""


class JobsView(QWidget):
    """Billed work first. Overruling opens a line for the reason under the job."""

    changed = Signal()
    """The person typed a reason."""
    decided = Signal(object)
    """Something was decided of a job of this contract."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._asking: int | None = None
        self._typed = ""
        self.motive: LineEdit | None = None
        self._found: list[TravailInfo] = []
        self._total = 0
        self.buttons: dict[int, Button] = {}
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)

    def show_jobs(self, row_id: int | None, found: list[TravailInfo]) -> None:
        if row_id is None:
            self._asking, self._typed = None, ""
        self._row_id = row_id
        billed = [t for t in found if t.imputation == Imputation.A_FACTURER]
        rest = [t for t in reversed(found) if t.imputation != Imputation.A_FACTURER]
        self._found, self._total = [*billed, *rest][:_SHOWN], len(found)
        self._draw()

    def draft(self) -> dict[str, Any]:
        """The reason typed, with its job."""
        return {"intervention": self._asking, "motif": self._typed} if self._typed.strip() else {}

    def restore(self, kept: dict[str, Any]) -> None:
        """Show what :meth:`draft` gave."""
        if kept != self.draft():
            self._asking, self._typed = kept.get("intervention"), str(kept.get("motif", ""))
            self._draw()

    def _draw(self) -> None:
        at = self.motive.cursorPosition() if self.motive is not None and self.motive.hasFocus() else None
        clear(self.column)
        self.buttons, self.motive = {}, None
        if self._found:
            self.column.addWidget(Text(tr("Interventions de la période"), "section"))
        for one in self._found:
            self.column.addWidget(self._line(one))
        if self._total > len(self._found):
            words = tr("Les {n} premières sur {total} : la section Interventions les montre toutes.",
                       n=number(len(self._found)), total=number(self._total))  # fmt: skip
            self.column.addWidget(Text(words, "caption", "text.tertiary", wrap=True))
        if at is not None:
            self._type_on(at)

    def _type_on(self, at: int) -> None:
        """Whoever was typing the reason goes on in the line that took its place."""
        if self.motive is not None:
            self.motive.setFocus()
            self.motive.setCursorPosition(at)

    def _line(self, one: TravailInfo) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(10)
        opened = partial(self._panel.contexte.open_record, "interventions", one.id)
        title = Button(one.titre, "link", on_click=opened, name=tr("Ouvrir {numero}", numero=one.numero))
        # On a line of its own: a long one would push what stands beside it out of the panel.
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignLeading)
        detail = f"{isolate(one.numero)} · {labels.instant(one.quand, year=True)} · {marks.hours(one.minutes)}"
        if one.motif:
            detail += f" · {one.motif}"
        row.addWidget(Text(detail, "caption", "text.tertiary", wrap=True), 1)
        billed = one.imputation == Imputation.A_FACTURER
        state = Text(labels.label(Imputation, one.imputation), "strong" if billed else "body",
                     "semantic.danger.text" if billed else "text.secondary")  # fmt: skip
        row.addWidget(state, 0, Qt.AlignmentFlag.AlignTop)
        if roles.peut(self._panel.contexte.acteur.role, roles.Droit.VALIDER):
            act = tr("Rendre au quota") if one.decidee else tr("Au contrat…") if billed else tr("À facturer…")
            button = Button(act, "link", on_click=partial(self._press, one))
            button.setAccessibleName(f"{act} {one.numero}")
            self.buttons[one.id] = button
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        if self._asking == one.id:
            self.motive = LineEdit(tr("Motif de la décision"))
            self.motive.setAccessibleName(tr("Motif de la décision"))
            self.motive.setText(self._typed)
            self.motive.textEdited.connect(self._edited)
            self.motive.returnPressed.connect(partial(self.confirm, one))
            asked = QHBoxLayout()
            asked.addWidget(self.motive, 1)
            asked.addWidget(Button(tr("Confirmer"), "soft", on_click=partial(self.confirm, one)))
            column.addLayout(asked)
        return holder

    def _press(self, one: TravailInfo) -> None:
        if one.decidee:
            self._decide(one, ImputationInput(), tr("Le quota décide à nouveau"))
            return
        kept, row_id = self.draft(), self._row_id
        self._asking, self._typed = None if self._asking == one.id else one.id, ""
        self._draw()
        if self.motive is not None:
            self.motive.setFocus()
        self.changed.emit()
        if kept:
            self._panel.contexte.say(
                tr("Saisie abandonnée"), lambda: self.restore(kept) if self._row_id == row_id else None, "info"
            )

    def _edited(self, words: str) -> None:
        self._typed = words
        self.changed.emit()

    def confirm(self, one: TravailInfo) -> None:
        """Overrule the quota for the reason typed."""
        if self.motive is None:
            return
        other = Imputation.CONTRAT if one.imputation == Imputation.A_FACTURER else Imputation.A_FACTURER
        try:
            given = ImputationInput(imputation=other, imputation_motif=self.motive.text())
        except ValidationError as error:
            self.motive.set_invalid(True)
            self._panel.contexte.say(said(next(iter(error.champs.values()))), kind="danger")
            self.motive.setFocus()
            return
        self._decide(one, given, tr("Imputation : {mot}", mot=labels.label(Imputation, other)))

    def _decide(self, one: TravailInfo, given: ImputationInput, words: str) -> None:
        acteur, contexte, row_id = self._panel.contexte.acteur, self._panel.contexte, self._row_id
        before = ImputationInput(imputation=one.imputation, imputation_motif=one.motif) if one.decidee else (
            ImputationInput())  # fmt: skip

        def run(what: ImputationInput, done: Any) -> None:
            contexte.tasks.run(
                lambda session: contrats.imputer(session, acteur, one.id, what), done, refused, write=True
            )

        def refused(error: Exception) -> None:
            if isinstance(error, ErpError):
                contexte.say(said(str(error)), kind="danger")
            else:
                contexte.tasks.failed.emit(error)

        def tell(_none: None) -> None:
            contexte.bus.publish("interventions", one.id)
            if row_id is not None:
                contexte.bus.publish("contrats", row_id)

        def decided(none: None) -> None:
            if row_id == self._row_id:
                self._asking, self._typed = None, ""
            self.decided.emit(row_id)
            contexte.say(words, lambda: run(before, tell))
            tell(none)

        run(given, decided)


class JobsTab(RecordPart):
    """The jobs of the period that runs, with what they leave of its quota."""

    unsaved = "Motif non enregistré"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(10)
        self.told = Text("", "body", "text.secondary", wrap=True)
        self.jobs = JobsView(panel)
        self.jobs.changed.connect(self.changed)
        self.jobs.decided.connect(self._decided)
        column.addWidget(self.told)
        column.addWidget(self.jobs)
        column.addStretch()

    def draft(self) -> dict[str, Any]:
        return self.jobs.draft()

    def restore(self, kept: dict[str, Any]) -> None:
        self.jobs.restore(kept)

    def _decided(self, row_id: int | None) -> None:
        if row_id == self._row_id:
            self.changed.emit()
        elif row_id is not None:
            self._panel.forget_part(row_id, self)

    def show_record(self, row_id: int | None, _record: Any) -> None:
        if row_id != self._row_id:
            self.jobs.show_jobs(None, [])
        self._row_id = row_id
        if row_id is None:
            self._show(None, None, [])
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: periods.presente(session, acteur, row_id), lambda answer: self._show(row_id, *answer),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, period: Periode | None, found: list[TravailInfo]) -> None:
        if row_id != self._row_id:
            return
        self.told.setText(self._summary(period))
        self.jobs.show_jobs(row_id, found)
        self.counted.emit(len(found))

    @staticmethod
    def _summary(period: Periode | None) -> str:
        if period is None:
            return tr("Aucune période : les interventions de ce contrat ne sont pas comptées.")
        days = tr("du {du} au {au}", du=isolate(labels.day(period.du)), au=isolate(labels.day(period.au)))
        told = [f"{tr('Période {n}', n=period.numero)} · {days}"]
        if period.interventions_incluses is not None:
            figures = marks.used(number(period.interventions), period.interventions_incluses)
            told.append(f"{tr('Interventions incluses')}{colon()}{figures}")
        if period.heures_incluses is not None:
            figures = marks.used(marks.hours(period.minutes), period.heures_incluses)
            told.append(f"{tr('Heures incluses')}{colon()}{figures}")
        return " · ".join(told)
