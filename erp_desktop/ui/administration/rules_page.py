"""What a plan may break, rule by rule: everywhere, or otherwise in one agency."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.domain.enums import ReglePlanning, Role, VerdictPlanning
from erp_desktop.errors import CentralUnreachableError, ErpError
from erp_desktop.services.administration import maintenance, referentials
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import ErrorLine, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Card, Surface
from erp_desktop.ui.page import Page
from erp_desktop.ui.wording import value_labels as labels

_AS_EVERYWHERE = ""
Found = dict[ReglePlanning, tuple[VerdictPlanning, bool]]


class RulesPage(Page):
    """One line for each rule; a choice is kept at once and can be taken back."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self.contexte = contexte
        self._known: Found = {}
        body = Surface("surface.base")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(10)
        column.addWidget(Text(tr("Règles du planning"), "page"))
        told = tr("Refuser empêche, avertir demande un motif qui reste dans l'historique, ignorer ne regarde pas.")
        column.addWidget(Text(told, "body", "text.secondary", wrap=True))
        row = QHBoxLayout()
        row.addWidget(Text(tr("Pour"), "body", "text.secondary"))
        self.agency = ChoiceEditor([("", tr("Toutes les agences"))])
        self.agency.setAccessibleName(tr("Agence"))
        self.agency.combo.setAccessibleName(tr("Agence"))
        self.agency.setFixedWidth(260)
        self.agency.changed.connect(self.reload)
        row.addWidget(self.agency)
        row.addStretch()
        column.addLayout(row)
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.editors: dict[ReglePlanning, ChoiceEditor] = {}
        card = Card("surface.base")
        for rule in ReglePlanning:
            card.box.addLayout(self._line(rule))
        inside = QWidget()
        inside.setObjectName("corps")
        within = QVBoxLayout(inside)
        within.setContentsMargins(0, 0, 0, 0)
        within.addWidget(card)
        within.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        column.addWidget(area, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(body)
        self.begins_at = self.agency.combo
        self._cut = False
        contexte.tasks.line.connect(self._line_changed)
        self.reload()

    def _line(self, rule: ReglePlanning) -> QHBoxLayout:
        row = QHBoxLayout()
        words = labels.label(ReglePlanning, rule)
        label = Text(words, "body")
        editor = ChoiceEditor([(_AS_EVERYWHERE, tr("Comme partout")), *labels.options(VerdictPlanning)])
        editor.setAccessibleName(words)
        editor.combo.setAccessibleName(words)
        editor.setFixedWidth(220)
        editor.setEnabled(False)
        label.setBuddy(editor.combo)
        editor.changed.connect(partial(self._decide, rule))
        self.editors[rule] = editor
        row.addWidget(label, 1)
        row.addWidget(editor)
        return row

    def _line_changed(self, answers: bool) -> None:
        if answers and self._cut:
            self.reload()

    def _fill(self, found: Any) -> None:
        for one in found if self.agency.combo.count() == 1 else ():
            self.agency.combo.addItem(f"{one.libelle} · {one.detail}", str(one.id))

    def _chosen(self) -> int | None:
        value = self.agency.value()
        return int(value) if value else None

    def reload(self) -> bool:
        agency, contexte = self._chosen(), self.contexte
        if self.agency.combo.count() == 1:
            contexte.tasks.run(
                lambda session: referentials.agencies(session, contexte.acteur, "", 500), self._fill, self._unread,
                owner=self,
            )  # fmt: skip
        contexte.tasks.run(
            lambda session: maintenance.planning_rules(session, contexte.acteur, agency), self._show, self._unread,
            owner=self,
        )  # fmt: skip
        return True

    def _unread(self, error: Exception) -> None:
        self._cut = isinstance(error, CentralUnreachableError)
        if isinstance(error, ErpError):
            self.trouble.say(str(error))
        else:
            self.contexte.tasks.failed.emit(error)

    def _show(self, found: Found) -> None:
        self._cut = False
        self.trouble.say("")
        self._known = found
        everywhere = self._chosen() is None
        for rule, (verdict, own) in found.items():
            editor = self.editors[rule]
            usual = tr("D'usage : {verdict}") if everywhere else tr("Comme partout : {verdict}")
            editor.combo.setItemText(0, usual.format(verdict=labels.label(VerdictPlanning, verdict)))
            editor.show_value(verdict.value if own else _AS_EVERYWHERE)
            editor.setEnabled(self.contexte.acteur.role is Role.ADMIN)

    def _decide(self, rule: ReglePlanning) -> None:
        verdict, own = self._known[rule]
        self._keep(rule, self._chosen(), str(self.editors[rule].value()), verdict.value if own else _AS_EVERYWHERE)

    def _keep(self, rule: ReglePlanning, agency: int | None, value: str, before: str | None) -> None:
        contexte = self.contexte
        wanted = VerdictPlanning(value) if value else None
        undo = None if before is None else lambda: self._keep(rule, agency, before, None)

        def kept(_none: object) -> None:
            contexte.say(tr("Règle enregistrée"), undo)
            contexte.bus.publish("regles_planning", initiator=self)
            self.reload()

        def refused(error: Exception) -> None:
            # What was chosen is not kept: the line shows what is.
            self._show(self._known)
            contexte.tasks.failed.emit(error)
            self.reload()

        contexte.tasks.run(
            lambda session: maintenance.decide_rule(session, contexte.acteur, agency, rule, wanted), kept, refused,
            write=True, owner=self,
        )  # fmt: skip
