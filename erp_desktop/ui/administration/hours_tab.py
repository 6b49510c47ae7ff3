"""The weeks of hours of an agency: the one that decides first on top, and a small form that adds one."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import MotifHoraire, Role
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services.administration import calendar
from erp_desktop.services.administration.calendar import Week
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine, Field, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.wording import value_labels as labels


class HoursTab(RecordPart):
    """Each change moves the open deadlines that the former hours gave."""

    unsaved = "Horaires non enregistrés"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._shown: list[Week] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(10)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(8)
        column.addLayout(self.lines)
        self._form = self._make_form()
        column.addWidget(self._form)
        column.addStretch()

    def _make_form(self) -> QWidget:
        card = Card("surface.sunken")
        card.box.addWidget(Text(tr("Définir des horaires"), "strong"))
        self.week = TextEditor("1-5=08:30-12:30,14:00-18:30 6=08:30-12:30")
        self.week_field = Field(tr("Semaine (1 est lundi)"), self.week)
        self.motive = ChoiceEditor(labels.options(MotifHoraire))
        self.begin, self.end = DateEditor(Sens.FUTUR), DateEditor(Sens.FUTUR)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.week_field, 0, 0, 1, 2)
        motive = Field(tr("Motif"), self.motive)
        grid.addWidget(motive, 1, 0, 1, 2)
        self.begin_field, self.end_field = Field(tr("Du"), self.begin), Field(tr("Au"), self.end)
        grid.addWidget(self.begin_field, 2, 0)
        grid.addWidget(self.end_field, 2, 1)
        card.box.addLayout(grid)
        self.trouble = ErrorLine()
        card.box.addWidget(self.trouble)
        row = QHBoxLayout()
        row.addStretch()
        self.add_button = Button(tr("Enregistrer les horaires"), "soft", on_click=self.add)
        row.addWidget(self.add_button)
        card.box.addLayout(row)
        self.fields = {"semaine": self.week_field, "motif": motive, "du": self.begin_field, "au": self.end_field}
        self._usual = {"motif": self.motive.value()}
        for editor in (self.week, self.motive, self.begin, self.end):
            editor.changed.connect(self.changed)
        for editor in (self.week, self.begin, self.end):
            editor.line.returnPressed.connect(self.add)
        return card

    def draft(self) -> dict[str, Any]:
        return entry.typed(self.fields, self._usual)

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept, self._usual)
        self.trouble.say("")

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        self._row_id = row_id
        self._form.setVisible(row_id is not None and self._panel.contexte.acteur.role is Role.ADMIN)
        clear(self.lines)
        if row_id is None:
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: calendar.weeks(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int, found: list[Week]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        self._shown = found
        for one in found:
            self.lines.addWidget(self._line(one))
        self.counted.emit(len(found))

    def _line(self, one: Week) -> QWidget:
        card = Card("surface.base")
        head = QHBoxLayout()
        since = tr("du {jour}", jour=isolate(labels.day(one.du))) if one.du else ""
        until = tr("au {jour}", jour=isolate(labels.day(one.au))) if one.au else ""
        days = " ".join(filter(None, (since, until))) or tr("sans limite")
        title = f"{labels.label(MotifHoraire, one.motif)} · {days}"
        head.addWidget(Text(title, "strong", wrap=True), 1)
        if not one.propre:
            head.addWidget(Text(tr("toutes les agences"), "caption", "text.tertiary"))
        elif self._panel.contexte.acteur.role is Role.ADMIN:
            head.addWidget(icon_button("pencil-simple", tr("Reprendre ces horaires"), partial(self._take, one)))
            head.addWidget(icon_button("trash", tr("Effacer ces horaires"), partial(self._remove, one)))
        card.box.addLayout(head)
        names = [tr(name) for name in calendar.JOURS]
        for number, ranges in one.jours:
            row = QHBoxLayout()
            name = Text(names[number - 1], "body", "text.secondary")
            name.setFixedWidth(90)
            row.addWidget(name)
            row.addWidget(Text(isolate(ranges.replace(",", ", ").replace("-", " – ")), "mono"), 1)
            card.box.addLayout(row)
        return card

    def _take(self, one: Week) -> None:
        kept, row_id = self.draft(), self._row_id
        if kept:
            self._panel.contexte.say(
                tr("Saisie abandonnée"), lambda: self._bring_back(kept) if self._row_id == row_id else None, "info"
            )
        self.restore({})
        self.week.line.setText(one.texte)
        self.motive.show_value(one.motif)
        self.begin.show_value(one.du)
        self.end.show_value(one.au)
        self.week.inner.setFocus()
        self.changed.emit()

    def _bring_back(self, kept: dict[str, Any]) -> None:
        self.restore(kept)
        self.changed.emit()

    def add(self) -> None:
        """Keep the week that was typed; a refusal goes under it."""
        row_id, contexte = self._row_id, self._panel.contexte
        self.trouble.say("")
        values = entry.read(self.fields)
        if row_id is None or values is None:
            return
        begin, end, motive = values["du"], values["au"], MotifHoraire(str(values["motif"]))
        typed, kept = str(values["semaine"] or ""), self.draft()

        def done(_none: None) -> None:
            # Another agency may be shown meanwhile, or the next season typed.
            if self._row_id == row_id and self.draft() == kept:
                self._bring_back({})
            elif self._row_id != row_id:
                self._panel.forget_part(row_id, self)
            self._kept(row_id, tr("Horaires enregistrés"), undo)

        before = next((w for w in self._shown if w.propre and (w.motif, w.du, w.au) == (motive, begin, end)), None)

        def undo() -> None:
            acteur = contexte.acteur
            contexte.tasks.run(
                lambda session: calendar.remove_week(session, acteur, row_id, begin, end, motive) if before is None
                else calendar.set_week(session, acteur, row_id, before.texte, begin, end, motive),
                lambda _none: self._published(row_id), self._refused, write=True,
            )  # fmt: skip

        contexte.tasks.run(
            lambda session: calendar.set_week(session, contexte.acteur, row_id, typed, begin, end, motive),
            done, self._refused, write=True, owner=self,
        )  # fmt: skip

    def _remove(self, one: Week) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return
        motive = MotifHoraire(one.motif)

        def bring_back() -> None:
            acteur = contexte.acteur
            contexte.tasks.run(
                lambda session: calendar.set_week(session, acteur, row_id, one.texte, one.du, one.au, motive),
                lambda _none: self._published(row_id), self._refused, write=True,
            )  # fmt: skip

        contexte.tasks.run(
            lambda session: calendar.remove_week(session, contexte.acteur, row_id, one.du, one.au, motive),
            lambda _none: self._kept(row_id, tr("Horaires effacés"), bring_back), self._refused, write=True,
            owner=self,
        )  # fmt: skip

    def _kept(self, row_id: int, words: str, undo: Any = None) -> None:
        self._panel.contexte.say(words, undo)
        self._published(row_id)

    def _published(self, row_id: int) -> None:
        changed(self._panel, "agences", row_id)
        self._panel.contexte.bus.publish("horaires_agence", initiator=self)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, ErpError) and not isinstance(error, ValidationError):
            self.trouble.say(str(error))
        else:
            entry.refuse(self._panel.contexte, self.fields, error, "semaine")
