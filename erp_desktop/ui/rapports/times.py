"""When a saved report is sent, where to, and how that went last."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.rapports.definition import FORMATS, Destination, Rhythm
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services import rapports
from erp_desktop.services.rapports import Saved, Schedule
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Button, Elided, ErrorLine, LineEdit, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import colon, said, tr
from erp_desktop.ui.wording import value_labels

_TIME = re.compile(r"(\d{1,2})[:hH](\d{2})?")


class Times(QWidget):
    """Shown for a saved report of one's own."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self._contexte = contexte
        self._report: Saved | None = None
        self.schedules: list[Schedule] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(6)
        column.addWidget(Text(tr("Envois planifiés"), "section"))
        self._list = QVBoxLayout()
        column.addLayout(self._list)
        first = QHBoxLayout()
        days = [("", tr("Chaque jour")), *((str(n), tr("Le {jour}", jour=name)) for n, name in enumerate(
            (tr("lundi"), tr("mardi"), tr("mercredi"), tr("jeudi"), tr("vendredi"), tr("samedi"), tr("dimanche")),
            start=1)), ("mois", tr("Le 1er du mois"))]  # fmt: skip
        self.rhythm = ChoiceEditor(days)
        self.rhythm.setAccessibleName(tr("Périodicité"))
        self.hour = LineEdit("08:00")
        self.hour.setAccessibleName(tr("Heure"))
        self.hour.setText("08:00")
        self.hour.setFixedWidth(64)
        self.format = ChoiceEditor([(f, f.upper()) for f in FORMATS])
        self.format.setAccessibleName(tr("Format"))
        for widget in (self.rhythm, self.hour, self.format):
            first.addWidget(widget)
        column.addLayout(first)
        second = QHBoxLayout()
        self.where = LineEdit(tr("Dossier, ou adresses de courriel"))
        self.where.setAccessibleName(tr("Destination"))
        second.addWidget(self.where, 1)
        self.add = Button(tr("Planifier"), on_click=self.plan)
        second.addWidget(self.add)
        column.addLayout(second)
        self.refusal = ErrorLine()
        column.addWidget(self.refusal)
        self.hide()

    def open(self, report: Saved | None) -> None:
        """Show the times of a report, or nothing."""
        self._report = report
        self.refusal.say("")
        self.setVisible(report is not None)
        if report is not None:
            self._read(report.id)

    def _read(self, ident: int) -> None:
        acteur = self._contexte.acteur
        self._contexte.tasks.run(
            lambda session: rapports.schedules(session, acteur, ident), self._show, self._failed, owner=self
        )

    def _show(self, found: list[Schedule]) -> None:
        self.schedules = found
        clear(self._list)
        for one in found:
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            words = Elided(f"{self._when(one.rhythm)} · {one.format.upper()} · {self._place(one.destination)}")
            row.addWidget(words, 1)
            row.addWidget(icon_button("trash", tr("Retirer cet envoi"), lambda ident=one.id: self._drop(ident)))  # type: ignore[misc]
            self._list.addWidget(holder)
            if one.result:
                failed = one.result.startswith("Échec")
                colour = "semantic.danger.text" if failed else "text.tertiary"
                seen = f"{value_labels.freshness(one.last_run)}{colon()}" if one.last_run is not None else ""
                self._list.addWidget(Text(f"{seen}{said(one.result)}", "caption", colour, wrap=True))

    def _when(self, rhythm: Rhythm) -> str:
        value = "mois" if rhythm.monthday else str(rhythm.weekday or "")
        place = self.rhythm.combo.findData(value)
        return f"{self.rhythm.combo.itemText(place)} {rhythm.hour:02}:{rhythm.minute:02}"

    @staticmethod
    def _place(where: Destination) -> str:
        return where.folder or ", ".join(where.addresses)

    def plan(self) -> None:
        """Send the report from the next time on."""
        report, acteur, form = self._report, self._contexte.acteur, str(self.format.value())
        match = _TIME.fullmatch(self.hour.text().strip())
        if report is None:
            return
        if match is None or int(match[1]) > 23 or int(match[2] or 0) > 59:
            self.refusal.say(tr("Donnez une heure, comme 08:00."))
            return
        chosen = str(self.rhythm.value() or "")
        rhythm = Rhythm(int(match[1]), int(match[2] or 0), int(chosen) if chosen.isdigit() else None,
                        1 if chosen == "mois" else None)  # fmt: skip
        text = self.where.text().strip()
        where = Destination(addresses=tuple(text.split(","))) if "@" in text else Destination(folder=text)
        ident = report.id

        def planned(_ident: int) -> None:
            self.refusal.say("")
            self.where.clear()
            self._read(ident)

        self._contexte.tasks.run(
            lambda session: rapports.plan(session, acteur, ident, rhythm, form, where), planned, self._failed,
            write=True, owner=self,
        )  # fmt: skip

    def _drop(self, ident: int) -> None:
        acteur, report = self._contexte.acteur, self._report
        if report is not None:
            self._contexte.tasks.run(
                lambda session: rapports.unplan(session, acteur, ident), lambda _none: self._read(report.id),
                self._failed, write=True, owner=self,
            )  # fmt: skip

    def _failed(self, error: Exception) -> None:
        told: Any = " ".join(error.champs.values()) if isinstance(error, ValidationError) else str(error)
        self.refusal.say(
            said(told) if isinstance(error, ErpError) else tr("Le détail est dans le journal de ce poste.")
        )
