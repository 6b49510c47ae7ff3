"""A report of one's own: figures chosen beside what they give, kept under a name, written to files, sent at times."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from erp_desktop.domain.rapports.definition import Definition
from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import CentralUnreachableError, ErpError, ValidationError
from erp_desktop.reports.catalogue.ask import Value
from erp_desktop.reports.managers import builder
from erp_desktop.reports.managers.builder import Answer
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import LANGUAGES
from erp_desktop.services import rapports
from erp_desktop.services.rapports import Saved
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Button, Elided, ErrorLine, LineEdit, Text
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import comma, language, said, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.lists.progress import ProgressStrip
from erp_desktop.ui.page import Page
from erp_desktop.ui.printing.preview import Paper, PreviewWindow
from erp_desktop.ui.rapports import wording
from erp_desktop.ui.rapports.answer import AnswerView, Named
from erp_desktop.ui.rapports.choosing import Choosing
from erp_desktop.ui.rapports.times import Times
from erp_desktop.ui.wording import value_labels

SHOWN = 200
"""Rows on the screen; files hold all."""


class ComposerPage(Page):
    """Choose, look, keep, write.

    Attributes:
        found: what is shown, None until the first answer.
    """

    progressed = Signal(int, int)
    """Rows written, of how many; told by the worker's thread."""

    def __init__(self, contexte: Contexte, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contexte = contexte
        self.found: Answer | None = None
        self.listed: list[tuple[str, list[Value]]] = []
        self.kept: list[Saved] = []
        self._asked = 0
        self._stopped = False
        self._filling = self._cut = False
        self._names: dict[Any, str] = {}
        self._lay_out()
        self.progressed.connect(self.strip.tell, Qt.ConnectionType.QueuedConnection)
        self.remove.setEnabled(False)
        self.chosen.choose(Definition(("encours", "sla_tenus", "mttr"), "agence"), {})
        contexte.bus.data_changed.connect(lambda *_: self.reload() if self._cut else None)
        self.reload()

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        body = QVBoxLayout()
        body.setContentsMargins(16, 12, 16, 12)
        body.setSpacing(10)
        body.addLayout(self._head())
        row = QHBoxLayout()
        row.setSpacing(12)
        beside = QScrollArea()
        beside.setWidgetResizable(True)
        beside.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        beside.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        beside.setFixedWidth(318)
        beside.setWidget(self._choices())
        row.addWidget(beside)
        self.answer = AnswerView()
        self.answer.opened.connect(lambda place: self._contexte.open_list(place.section, place.words))
        row.addWidget(self.answer, 1)
        body.addLayout(row, 1)
        outer.addLayout(body, 1)
        self.strip = ProgressStrip()
        outer.addWidget(self.strip)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Text(tr("Composer un rapport"), "page"))
        self.freshness = Elided("", "body", "text.tertiary")
        row.addWidget(self.freshness, 1)
        self.preview = Button(tr("Aperçu"), icon="printer", on_click=self.print_out)
        row.addWidget(self.preview)
        self.outputs = {}
        for kind, icon in (("pdf", "file-pdf"), ("xlsx", "file-xls"), ("csv", "file-csv")):
            button = Button(kind.upper(), icon=icon, name=tr("Exporter en {format}", format=kind.upper()),
                            on_click=functools.partial(self._ask_file, kind))  # fmt: skip
            self.outputs[kind] = button
            row.addWidget(button)
        return row

    def _choices(self) -> Card:
        card = Card()
        box = card.box
        self.saved = ChoiceEditor([("", tr("Nouveau rapport"))])
        self.saved.setAccessibleName(tr("Rapports enregistrés"))
        self.saved.changed.connect(self._open_saved)
        box.addWidget(self.saved)
        self.chosen = Choosing(self._contexte)
        self.chosen.changed.connect(self._changed)
        box.addWidget(self.chosen, 1)
        self.name = LineEdit(tr("Nom du rapport"))
        self.name.setAccessibleName(tr("Nom du rapport"))
        box.addWidget(self.name)
        self.shared = QCheckBox(tr("Partager avec l'agence"))
        box.addWidget(self.shared)
        acts = QHBoxLayout()
        self.keep = Button(tr("Enregistrer"), "primary", on_click=self.save)
        self.remove = Button(tr("Supprimer"), on_click=self._delete)
        acts.addWidget(self.keep)
        acts.addWidget(self.remove)
        acts.addStretch()
        box.addLayout(acts)
        self.refusal = ErrorLine()
        box.addWidget(self.refusal)
        self.times = Times(self._contexte)
        box.addWidget(self.times)
        return card

    # What is chosen

    @property
    def definition(self) -> Definition:
        """Raises: ValidationError"""
        return self.chosen.definition

    def _changed(self) -> None:
        self.reload()

    def _current(self) -> Saved | None:
        wanted = self.saved.value()
        return next((one for one in self.kept if str(one.id) == wanted), None)

    def _open_saved(self) -> None:
        one = None if self._filling else self._current()
        if one is not None:
            self.chosen.choose(one.definition, self._names)
            self.name.setText(one.name)
            self.shared.setChecked(one.shared)
            self.reload()
        self.remove.setEnabled(one is not None and one.mine)
        self.times.open(one if one is not None and one.mine else None)

    # Reading

    def reload(self) -> bool:
        self._asked += 1
        self._cut = False
        turn, acteur, title = self._asked, self._contexte.acteur, self.name.text().strip()
        try:
            wanted = self.definition
            wanted.check()
        except ValidationError as refusal:
            self.refusal.say(said(" ".join(refusal.champs.values())))
            return True
        self.refusal.say("")

        def read(session: Any) -> tuple[Answer, list[tuple[str, list[Value]]], list[Saved], Named]:
            page = builder.composed(session, acteur, wanted, title, SHOWN)
            return page.found, page.listed, page.kept, Named(page.agencies, page.named)

        self.freshness.setText(tr("calcul en cours…"))
        self._contexte.tasks.run(
            read, lambda read_: self._arrived(turn, *read_), lambda error: self._failed(turn, error), long=True,
            figures=True, owner=self,
        )  # fmt: skip
        return True

    def _failed(self, turn: int, error: Exception) -> None:
        if turn == self._asked:
            self._cut = isinstance(error, CentralUnreachableError)
            words = (
                said(str(error)) if isinstance(error, ErpError) else tr("Le détail est dans le journal de ce poste.")
            )
            self.freshness.setText(words)
            self.refusal.say(words)
            self.status_changed.emit(*self.status())

    def _arrived(
        self, turn: int, found: Answer, listed: list[tuple[str, list[Value]]], kept: list[Saved], named: Named
    ) -> None:
        if turn != self._asked:
            return
        self._names |= named.rows
        self.chosen.offer_agencies(named.agencies)
        self.found, self.listed = found, listed
        self._offer(kept)
        self.freshness.setText(
            tr("calculé {a} sur les données {de}", a=value_labels.freshness(found.calcule_a),
               de=wording.of(value_labels.freshness(found.donnees_du)))
        )  # fmt: skip
        self.answer.show_answer(found, listed)
        self.status_changed.emit(*self.status())

    def _offer(self, kept: list[Saved]) -> None:
        if kept == self.kept:
            return
        self.kept = kept
        now = self.saved.value()
        self._filling = True
        named = [(str(k.id), k.name if k.mine else f"{k.name} · {k.owner}") for k in kept]
        self.saved.combo.clear()
        for value, words in (("", tr("Nouveau rapport")), *named):
            self.saved.combo.addItem(words, value)
        self.saved.show_value(now)
        self._filling = False

    # Keeping

    def save(self) -> bool:
        acteur, name, shared = self._contexte.acteur, self.name.text(), self.shared.isChecked()
        try:
            wanted = self.definition
        except ValidationError as refusal:
            self._refused(refusal)
            return True

        def kept(ident: int) -> None:
            before = next((one for one in self.kept if one.id == ident), None)
            if before is None:
                self._contexte.say(tr("Rapport enregistré : {nom}", nom=visible(name).strip()))
            else:
                self._contexte.say(tr("Rapport remplacé : {nom}", nom=before.name), lambda: self._put_back(before))
            self._refresh(str(ident))

        self._contexte.tasks.run(
            lambda session: rapports.save(session, acteur, name, wanted, shared=shared), kept, self._refused,
            write=True, owner=self,
        )  # fmt: skip
        return True

    def _put_back(self, one: Saved) -> None:
        """Keep a report again as it was read."""
        acteur = self._contexte.acteur
        self._contexte.tasks.run(
            lambda session: rapports.save(session, acteur, one.name, one.definition, shared=one.shared),
            lambda ident: self._refresh(str(ident)), self._refused, write=True, owner=self,
        )  # fmt: skip

    def _delete(self) -> None:
        one, acteur = self._current(), self._contexte.acteur
        if one is None:
            return
        ident = one.id
        self._contexte.tasks.run(
            lambda session: rapports.delete(session, acteur, ident), lambda _none: self._refresh(""), self._refused,
            write=True, owner=self,
        )  # fmt: skip

    def _refresh(self, chosen: str) -> None:
        acteur = self._contexte.acteur

        def arrived(kept: list[Saved]) -> None:
            self._offer(kept)
            self._filling = True
            self.saved.show_value(chosen)
            self._filling = False
            self._open_saved()

        self._contexte.tasks.run(lambda session: rapports.saved(session, acteur), arrived, owner=self)

    def _refused(self, error: Exception) -> None:
        told = " ".join(error.champs.values()) if isinstance(error, ValidationError) else str(error)
        self.refusal.say(
            said(told) if isinstance(error, ErpError) else tr("Le détail est dans le journal de ce poste.")
        )

    # Files

    def _ask_file(self, kind: str) -> None:
        if self.found is not None:
            stem = self.name.text().strip() or "rapport"
            title = tr("Exporter en {format}", format=kind.upper())
            ask_target(self, title, f"{stem}.{kind}", self.export)

    def export(self, path: Path) -> None:
        """Write the whole report, beside the window; it can be stopped."""
        found = self.found
        if found is None:
            return
        self._stopped, code = False, language()
        self.strip.begin(self._stop)

        def told(done: int, of: int) -> bool:
            self.progressed.emit(done, of)
            return not self._stopped

        def over(_none: None) -> None:
            self.strip.end()
            self._contexte.say(tr("Rapport enregistré : {nom}", nom=path.name), None, "success")

        def failed(error: Exception) -> None:
            self.strip.end()
            self._contexte.say(said(str(error)) if isinstance(error, ErpError)
                               else tr("Le rapport n'a pas pu être écrit."), None, "danger")  # fmt: skip

        self._contexte.tasks.run(
            lambda session: builder.write(session, found, path, told, code), over, failed, long=True, owner=self
        )

    def _stop(self) -> None:
        self._stopped = True

    def print_out(self) -> bool:
        """Ctrl+P: the pages as they will be printed."""
        found = self.found
        if found is None:
            return True

        def show(data: dict[str, dict[str, Any]]) -> None:
            PreviewWindow(self._contexte, Paper(
                title=found.title, name="rapport", count=1, pdf=lambda code: engine.pdf("rapport", data[code]),
                pages=lambda code, _count, ppi: engine.pages("rapport", data[code], ppi), languages=LANGUAGES,
            ), self).show()  # fmt: skip

        self._contexte.tasks.run(
            lambda session: {code: builder.paper(session, found, code) for code, _ in LANGUAGES}, show, owner=self
        )
        return True

    def status(self) -> tuple[str, str]:
        found = self.found
        if found is None:
            return "", self.freshness.text()
        narrowed = [name for key, name in found.named.items() if key != "agence"]
        period = wording.period(found.scope.debut, found.scope.fin)
        return comma().join([tr(found.agency), *narrowed, period]), self.freshness.text()

    def keys(self) -> Sequence[tuple[str, str]]:
        return (
            (tr("Espace"), tr("choisir un chiffre")), (tr("Entrée"), tr("voir les lignes derrière un chiffre")),
            ("Ctrl S", tr("enregistrer le rapport")), ("Ctrl P", tr("aperçu avant impression")),
            ("F5", tr("recalculer")),
        )  # fmt: skip
