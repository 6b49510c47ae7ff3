"""Under the head of a closed day: confirm what the moon decides, on its date or on another, or take it away."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.administration.saisie import FerieInput
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import Role
from erp_desktop.errors import ErpError
from erp_desktop.services.administration import calendar
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import Unreadable
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine, Field
from erp_desktop.ui.kit.i18n import tr


class HolidayBar(RecordPart):
    """Confirming and removing move open deadlines; the history of each says why."""

    unsaved = "Date non confirmée"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 0)
        column.setSpacing(6)
        self._sure = QWidget()
        line = QHBoxLayout(self._sure)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self.day = DateEditor(Sens.FUTUR)
        self.day.changed.connect(self.changed)
        self.day.line.returnPressed.connect(self.confirm)
        self._saved = ""
        self.field = Field(tr("Date sûre"), self.day, label_width=96)
        line.addWidget(self.field, 1)
        self.confirm_button = Button(tr("Confirmer"), "soft", icon="check", on_click=self.confirm)
        line.addWidget(self.confirm_button)
        column.addWidget(self._sure)
        row = QHBoxLayout()
        self.remove_button = Button(tr("Supprimer"), "danger", icon="trash", on_click=self.remove)
        row.addWidget(self.remove_button)
        row.addStretch()
        column.addLayout(row)
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.hide()

    def draft(self) -> dict[str, Any]:
        typed = self.day.line.text().strip()
        return {"jour": typed} if typed != self._saved else {}

    def restore(self, kept: dict[str, Any]) -> None:
        self.day.show_typed(str(kept.get("jour", self._saved)))
        self.field.say("")

    def show_record(self, row_id: int | None, record: Any) -> None:
        kept = self.draft() if row_id == self._row_id else {}
        self._row_id = row_id
        self.trouble.say("")
        self.field.say("")
        self.setVisible(row_id is not None and self._panel.contexte.acteur.role is Role.ADMIN)
        self._sure.setVisible(record is not None and record.provisoire)
        self.day.show_value(record.jour if record is not None else None)
        self._saved = self.day.line.text().strip()
        if record is not None and record.provisoire:
            self.restore(kept)

    def confirm(self) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return
        try:
            day = self.day.value()
        except Unreadable as error:
            self.field.say(str(error))
            return
        contexte.tasks.run(
            lambda session: calendar.confirm(session, contexte.acteur, row_id, day),
            self._confirmed, self._refused, write=True, owner=self,
        )  # fmt: skip

    def _confirmed(self, _none: object) -> None:
        # What it stood on goes: the next button takes the day away.
        self._panel.setFocus()
        self._done(tr("Date confirmée"))

    def remove(self) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def bring_back(kept: FerieInput) -> None:
            contexte.tasks.run(
                lambda session: calendar.create(session, contexte.acteur, kept),
                lambda _id: self._published(), self._refused, write=True,
            )  # fmt: skip

        def removed(kept: FerieInput) -> None:
            self._panel.close_panel()
            self._done(tr("Jour férié supprimé"), lambda: bring_back(kept))

        contexte.tasks.run(
            lambda session: calendar.remove(session, contexte.acteur, row_id), removed, self._refused, write=True,
            owner=self,
        )  # fmt: skip

    def _done(self, words: str, undo: Any = None) -> None:
        self._panel.contexte.say(words, undo)
        self._published()

    def _published(self) -> None:
        changed(self._panel, "jours_feries")
        self._panel.contexte.bus.publish("interventions", initiator=self)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ErpError):
            self._panel.contexte.tasks.failed.emit(error)
            return
        self.trouble.say(str(error))
