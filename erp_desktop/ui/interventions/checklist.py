"""The checklist of an intervention: one line a point, answered in place; what failed proposes what follows."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import TypePoint
from erp_desktop.domain.preventif.checklist import NON, OUI, SANS_OBJET
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services.checklists import answers
from erp_desktop.services.checklists.answers import Feuille, PointRepondu
from erp_desktop.ui.checklists.points import expected
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine, IconLabel, LineEdit, Text, clear
from erp_desktop.ui.kit.i18n import colon, comma, isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.wording import value_labels as labels

_ANSWERS = ((OUI, "Oui"), (NON, "Non"), (SANS_OBJET, "Sans objet"))


def shown(answer: PointRepondu) -> str:
    """An answer in words."""
    if answer.valeur is None:
        return ""
    word = dict(_ANSWERS).get(answer.valeur) if answer.point.type_point == TypePoint.OUI_NON else None
    if answer.point.type_point == TypePoint.MESURE:
        unit = f" {answer.point.unite}" if answer.point.unite else ""
        return isolate(f"{answer.valeur.replace('.', ',')}{unit}")
    return tr(word) if word else answer.valeur


class ChecklistTab(RecordPart):
    """Follows the intervention of its panel.

    Attributes:
        entries: point → the line in which its answer is typed; a point of yes or no has buttons.
        errors: point → what is wrong with what was typed.
    """

    unsaved = "Réponse non enregistrée"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self.entries: dict[int, LineEdit] = {}
        self.buttons: dict[tuple[int, str], Button] = {}
        self.errors: dict[int, ErrorLine] = {}
        self._kept: dict[str, Any] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8)
        self.top = QVBoxLayout()
        self.lines = QVBoxLayout()
        self.lines.setSpacing(10)
        column.addLayout(self.top)
        column.addLayout(self.lines)
        column.addStretch()

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        if row_id != self._row_id:
            self._kept = {}
        self._row_id = row_id
        if row_id is None:
            self._show(None, None)
            return
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: answers.feuille(session, acteur, row_id), lambda found: self._show(row_id, found),
            owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, sheet: Feuille | None) -> None:
        if row_id != self._row_id:
            return
        kept = self.draft() or self._kept
        clear(self.top)
        clear(self.lines)
        self.entries, self.buttons, self.errors = {}, {}, {}
        self.offered.emit(sheet is not None)
        if sheet is None:
            self.counted.emit(0)
            return
        version = tr("version {n}", n=number(sheet.version))
        self.top.addWidget(Text(f"{sheet.nom} · {version}", "strong", wrap=True))
        if sheet.en_defaut:
            self._propose(sheet)
        for answer in sheet.points:
            self.lines.addWidget(self._line(answer, writable=sheet.modifiable))
        self.restore(kept)
        self.counted.emit(len(sheet.manquants))

    def _propose(self, sheet: Feuille) -> None:
        words = tr("En défaut : {points}.", points=comma().join(sheet.en_defaut))
        known = sheet.suite_id
        if known is not None:
            self.top.addWidget(Banner("warning", words, action=tr("Ouvrir la suite"), on_action=partial(
                self._panel.contexte.open_record, "interventions", known)))  # fmt: skip
        else:
            self.top.addWidget(Banner("warning", words, action=tr("Créer la suite"), on_action=self.follow_up))

    def _line(self, answer: PointRepondu, *, writable: bool) -> QWidget:
        point, holder = answer.point, QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        head = QHBoxLayout()
        head.setSpacing(8)
        icon, ink = ("circle-dashed", "text.tertiary")
        if answer.conforme is False:
            icon, ink = "warning-circle", "semantic.danger.text"
        elif answer.valeur is not None:
            icon, ink = "check-circle", "sla.ok"
        head.addWidget(IconLabel(icon, ink, 16))
        head.addWidget(Text(point.libelle, "strong", wrap=True), 1)
        if answer.valeur is not None:
            tone = "semantic.danger.text" if answer.conforme is False else "text.primary"
            head.addWidget(Text(shown(answer), "strong", tone, wrap=point.type_point == TypePoint.TEXTE))
        column.addLayout(head)
        told = [expected(point)]
        if answer.repondu_a is not None:
            told.append(" ".join(filter(None, [answer.auteur, labels.instant(answer.repondu_a)])))
        if answer.remarque:
            told.append(answer.remarque)
        column.addWidget(Text(" · ".join(told), "caption", "text.tertiary", wrap=True))
        if writable:
            column.addLayout(self._answering(point.id, point.libelle, TypePoint(point.type_point)))
        self.errors[point.id] = ErrorLine()
        self.errors[point.id].hide()
        column.addWidget(self.errors[point.id])
        return holder

    def _answering(self, ident: int, name: str, kind: TypePoint) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        if kind is TypePoint.OUI_NON:
            for value, words in _ANSWERS:
                button = Button(tr(words), "default", name=f"{name}{colon()}{tr(words)}",
                                on_click=partial(self.answer, ident, value))  # fmt: skip
                self.buttons[ident, value] = button
                row.addWidget(button)
        elif kind is TypePoint.PHOTO:
            button = Button(tr("Prendre la dernière photo jointe"), "default", icon="file-text",
                            on_click=partial(self.take_photo, ident))  # fmt: skip
            self.buttons[ident, "photo"] = button
            row.addWidget(button)
        else:
            line = LineEdit(tr("Réponse"))
            line.setAccessibleName(name)
            line.textEdited.connect(lambda _text: self.changed.emit())
            line.returnPressed.connect(partial(self._typed, ident))
            self.entries[ident] = line
            row.addWidget(line, 1)
            row.addWidget(Button(tr("Répondre"), "soft", on_click=partial(self._typed, ident)))
        row.addStretch()
        return row

    def draft(self) -> dict[str, Any]:
        return {str(i): line.text().strip() for i, line in self.entries.items() if line.text().strip()}

    def restore(self, kept: dict[str, Any]) -> None:
        self._kept = dict(kept)
        for ident, line in self.entries.items():
            line.setText(str(kept.get(str(ident), "")))

    def _typed(self, ident: int) -> None:
        self.answer(ident, self.entries[ident].text())

    def answer(self, ident: int, value: str) -> None:
        """Answer a point; a refusal is said under it, and what was typed stays."""
        row_id, acteur = self._row_id, self._panel.contexte.acteur
        if row_id is not None:
            self._send(ident, lambda session: answers.repondre(session, acteur, row_id, ident, value))

    def take_photo(self, ident: int) -> None:
        """Answer with the picture that was attached last."""
        row_id, acteur = self._row_id, self._panel.contexte.acteur
        if row_id is None:
            return

        def work(session: Any) -> None:
            pictures = answers.photos(session, acteur, row_id)
            if not pictures:
                raise ValidationError({"valeur": "Joignez d'abord une photo à l'intervention."})
            answers.repondre(session, acteur, row_id, ident, "", document_id=pictures[0][0])

        self._send(ident, work)

    def _send(self, ident: int, work: Any) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def done(_none: None) -> None:
            if ident in self.entries:
                self.entries[ident].clear()
            self._kept.pop(str(ident), None)
            self.changed.emit()
            contexte.bus.publish("interventions", row_id)

        def refused(error: Exception) -> None:
            if isinstance(error, ErpError) and ident in self.errors:
                words = " ".join(error.champs.values()) if isinstance(error, ValidationError) else str(error)
                self.errors[ident].say(said(words))
            else:
                contexte.tasks.failed.emit(error)

        contexte.tasks.run(work, done, refused, write=True, owner=self)

    def follow_up(self) -> None:
        """Open the intervention that the failed points call for."""
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def made(ident: int) -> None:
            contexte.say(tr("Suite créée"))
            contexte.bus.publish("interventions")
            contexte.open_record("interventions", ident)

        contexte.tasks.run(
            lambda session: answers.suite(session, contexte.acteur, row_id), made,
            lambda error: contexte.say(said(str(error)), kind="danger"), write=True, owner=self,
        )  # fmt: skip
