"""The amendments of a contract, and a small form that adds one."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from erp_desktop.domain import nombres
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.services.contrats import amendments
from erp_desktop.services.contrats.amendments import AvenantInfo, AvenantInput
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import ChoiceEditor, MoneyEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Button, Field, IconLabel, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import became, colon, isolate, number, tr
from erp_desktop.ui.wording import field_labels
from erp_desktop.ui.wording import value_labels as labels

_WORDS_ONLY = ""
_DATE = "date_fin"


class AmendmentsTab(entry.EntryPart):
    """What changed, from what to what, and from when."""

    unsaved = "Avenant non ajouté"
    blamed = "objet"

    def __init__(self, panel: FormPanel) -> None:
        self._writable = False
        super().__init__(panel, tr("Ajouter un avenant"), 8)

    def make_fields(self) -> list[QLayout | QWidget]:
        terms = [(name, field_labels.champ("contrats", name)) for name in amendments.TERMS]
        self.subject = TextEditor(tr("Ce qui est convenu, en une ligne"))
        self.term = ChoiceEditor([(_WORDS_ONLY, tr("Rien d'autre que les mots")), *terms])
        self.number, self.day = MoneyEditor("0", units=nombres.DEVISES), DateEditor(Sens.FUTUR)
        self.fields = {
            "objet": Field(tr("Objet"), self.subject), "terme": Field(tr("Ce qui change"), self.term),
            "valeur": Field(tr("Nouvelle valeur"), self.number), "jour": Field(tr("Nouvelle valeur"), self.day),
            "date_effet": Field(tr("Date d'effet"), DateEditor()),
            "date_signature": Field(tr("Signé le"), DateEditor(Sens.PASSE)),
        }  # fmt: skip
        for field in self.fields.values():
            editor: Any = field.editor
            editor.changed.connect(self.changed)
        self.term.changed.connect(self._term_changed)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.addWidget(self.fields["objet"], 0, 0, 1, 2)
        for place, name in enumerate(("terme", "valeur", "date_effet", "date_signature")):
            grid.addWidget(self.fields[name], 1 + place // 2, place % 2)
        grid.addWidget(self.fields["jour"], 1, 1)
        self._term_changed()
        return [grid]

    def _term_changed(self) -> None:
        term = self.term.value()
        self.fields["valeur"].setVisible(term not in (_WORDS_ONLY, _DATE))
        self.fields["jour"].setVisible(term == _DATE)

    def show_record(self, row_id: int | None, record: Any) -> None:
        acteur = self._panel.contexte.acteur
        self._row_id = row_id
        self._writable = record is not None and self._panel.spec.writes(self._panel.contexte.acteur, record)
        self.offered.emit(record is not None and record.statut != StatutContrat.BROUILLON)
        self.form.setVisible(self._writable)
        if row_id is None:
            self._show(None, [])
            return
        self._panel.contexte.tasks.run(
            lambda session: amendments.amendments(session, acteur, row_id),
            lambda found: self._show(row_id, found), owner=self,
        )  # fmt: skip

    def _show(self, row_id: int | None, found: list[AvenantInfo]) -> None:
        if row_id != self._row_id:
            return
        clear(self.lines)
        for one in found:
            self.lines.addWidget(self._line(one))
        if not found:
            self.lines.addWidget(Text(tr("Aucun avenant."), "body", "text.tertiary"))
        self.counted.emit(len(found))

    def _line(self, one: AvenantInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(IconLabel("note-pencil", "text.tertiary", 16))
        words = QVBoxLayout()
        words.setSpacing(0)
        title = tr("Avenant {n} : {objet}", n=number(one.numero), objet=one.objet)
        words.addWidget(Text(title, "strong", wrap=True))
        told = [tr("depuis le {jour}", jour=isolate(labels.day(one.date_effet)))]
        if one.terme is not None:
            change = became(*(field_labels.valeur("contrats", one.terme, value) for value in (one.avant, one.apres)))
            told.insert(0, f"{field_labels.champ('contrats', one.terme)}{colon()}{change}")
            if one.applique_le is None:
                told.append(tr("pas encore dans le contrat"))
        words.addWidget(Text(" · ".join(told), "caption", "text.secondary", wrap=True))
        row.addLayout(words, 1)
        if one.du and self._writable:
            row.addWidget(Button(tr("Appliquer"), "soft", on_click=partial(self._apply, one)))
        if self._writable:
            row.addWidget(icon_button("trash", tr("Retirer l'avenant"), partial(self._remove, one)))
        return holder

    def draft(self) -> dict[str, Any]:
        return entry.typed(self.fields, {"terme": _WORDS_ONLY})

    def restore(self, kept: dict[str, Any]) -> None:
        entry.put_back(self.fields, kept, {"terme": _WORDS_ONLY})
        self._term_changed()

    def begin_next(self) -> None:
        self.subject.inner.setFocus()

    def add(self) -> None:
        values = entry.read(self.fields)
        if values is None:
            return
        day, values["terme"] = values.pop("jour"), values["terme"] or None
        values["valeur"] = day if values["terme"] == _DATE else values["valeur"] if values["terme"] else None
        told = {name: value for name, value in values.items() if value is not None}
        self.submit(
            lambda session, acteur, row_id: amendments.add(session, acteur, row_id, AvenantInput(**told)),
            tr("Avenant ajouté"),
        )

    def _apply(self, one: AvenantInfo) -> None:
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is not None:
            contexte.tasks.run(
                lambda session: amendments.apply(session, contexte.acteur, one.id),
                lambda _none: self.told(row_id, tr("Avenant appliqué")), self.refused, write=True, owner=self,
            )  # fmt: skip

    def _remove(self, one: AvenantInfo) -> None:
        kept: list[AvenantInput] = []
        self.take_away(
            lambda session, acteur, _row_id: kept.append(amendments.take_back(session, acteur, one.id)),
            tr("Avenant retiré"),
            lambda session, acteur, row_id: amendments.add(session, acteur, row_id, kept[0]),
        )
