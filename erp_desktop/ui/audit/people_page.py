"""One person's data: what is held, handed out as a file, and erased after the plan was read and the name typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout

from erp_desktop.domain.recherche import serrer
from erp_desktop.errors import ValidationError
from erp_desktop.reports import rows
from erp_desktop.services.audit import erasure, extract, people
from erp_desktop.services.audit.erasure import Line, Plan
from erp_desktop.ui.administration.upkeep import UpkeepPage
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.part import look_at
from erp_desktop.ui.forms.picker import PickerEditor
from erp_desktop.ui.forms.spec import Choices
from erp_desktop.ui.kit.controls import Button, Field, LineEdit, Text, clear
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import colon, comma, isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Banner, Card
from erp_desktop.ui.tasks import Task
from erp_desktop.ui.wording import field_labels

FILES = ("Excel (*.xlsx)", "CSV (*.csv)")


def _words(line: Line) -> str:
    if not line.table:
        return said(line.quoi)
    fields = comma().join(field_labels.champ(line.table, name) for name in line.champs)
    return f"{field_labels.table(line.table)}{colon()}{fields}"


class PeoplePage(UpkeepPage):
    """A person is chosen; an extract may be made anywhere, an erasure where the centre is written.

    Args:
        writes: the database at hand is the centre's, or a stand-alone file.
    """

    def __init__(self, contexte: Contexte, *, writes: bool) -> None:
        super().__init__(contexte, tr("Données personnelles"))
        self._writes = writes
        self._who: tuple[str, int] | None = None
        self._plan: Plan | None = None
        self._asked = 0
        self.extract_button = self._act(tr("Extrait…"), "default", "export", self.ask_file)
        self.plan_button = self._act(tr("Plan d'effacement"), "primary", "shield-check", self.show_plan)
        self.person = PickerEditor(self._search, tr("Nom, courriel, téléphone ou raison sociale"))
        self.others = LineEdit(tr("Mme Alaoui ; K. Alaoui"))
        self.reference = LineEdit("DEM-2026-07")
        self.form = Card("surface.base")
        row = QHBoxLayout()
        row.setSpacing(10)
        self.fields = {
            "personne": Field(tr("Personne"), self.person), "aussi": Field(tr("Aussi nommée"), self.others),
            "reference": Field(tr("Référence de la demande"), self.reference),
        }  # fmt: skip
        for name, stretch in (("personne", 2), ("aussi", 2), ("reference", 1)):
            row.addWidget(self.fields[name], stretch, Qt.AlignmentFlag.AlignTop)
        self.form.box.addLayout(row)
        self.confirm = LineEdit("")
        self.erase_button = Button(tr("Effacer définitivement"), "danger", icon="trash", on_click=self.erase)
        self.person.changed.connect(self._chosen)
        # A plan says what these names would take away, not what others do.
        self.others.textChanged.connect(self._chosen)
        self.body_column().insertWidget(1, self.form)
        self._chosen()

    def _search(self, text: str, offer: Callable[[Choices | None], object]) -> Task:
        acteur = self.contexte.acteur
        return self.contexte.tasks.run(
            lambda session: choices(people.search(session, acteur, text)),
            offer,
            lambda _error: offer(None),
            owner=self,
        )

    def _others(self) -> Sequence[str]:
        return [part.strip() for part in self.others.text().split(";") if part.strip()]

    def _chosen(self) -> None:
        chosen = None if self.person.unsettled else self.person.value()
        self._who = None if chosen is None else ("users" if chosen & 1 else "clients", chosen >> 1)
        self._plan = None
        self._asked += 1
        for field in self.fields.values():
            field.say("")
        for button in (self.extract_button, self.plan_button):
            button.setEnabled(self._who is not None)
        clear(self.found)
        if self._who is None:
            self.found.addWidget(Text(tr(
                "Choisissez le contact d'un client, un client particulier, un technicien ou un compte. L'extrait dit "
                "tout ce qui est détenu sur la personne ; le plan dit ce qu'un effacement ôterait et garderait."
            ), "body", "text.secondary", wrap=True))  # fmt: skip
        self.found.addStretch()

    # The extract

    def ask_file(self) -> None:
        ask_target(self, tr("Extrait des données"), "extrait.xlsx", self.write, FILES)

    def write(self, path: Path) -> None:
        """Write all that is held on the person."""
        if self._who is None:
            return
        (table, pk), acteur, others = self._who, self.contexte.acteur, self._others()
        titles = [tr(title) for title in extract.HEAD]

        def work(session: Any) -> int:
            _, held = extract.extract(session, acteur, table, pk, others)
            return rows.write(path, tr("Données détenues"), titles, (one.cells for one in held))

        def done(count: int) -> None:
            self.contexte.say(tr("{n} lignes écrites dans {fichier}", n=number(count), fichier=path.name))

        self.contexte.tasks.run(work, done, self._refused, owner=self)

    # The plan

    def show_plan(self) -> None:
        """Ask for the plan; nothing is changed."""
        if self._who is None:
            return
        if not self._writes:
            clear(self.found)
            told = tr("L'effacement se fait au centre, d'où il atteint chaque poste : identifiez-vous au centre.")
            self.found.addWidget(Banner("info", told))
            self.found.addStretch()
            return
        (table, pk), acteur, others, asked = self._who, self.contexte.acteur, self._others(), self._asked
        self.contexte.tasks.run(
            lambda session: erasure.plan(session, acteur, table, pk, others),
            lambda plan: self._planned(plan) if asked == self._asked else None, self._refused, owner=self,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        champs = error.champs if isinstance(error, ValidationError) else {}
        for name, words in champs.items():
            self.fields[name].say(words)
        if champs:
            look_at(self.fields[next(iter(champs))].editor)
        else:
            super()._refused(error)

    def _planned(self, plan: Plan) -> None:
        self._plan = plan
        clear(self.found)
        if plan.deja:
            self.found.addWidget(Banner("success", tr("Cette personne est déjà effacée.")))
        for obstacle in plan.obstacles:
            self.found.addWidget(Banner("warning", obstacle))
        self._lines(tr("Effacé, ici et sur chaque poste"), plan.efface)
        self._lines(tr("Gardé"), plan.garde)
        for note in plan.remarques:
            self.found.addWidget(Text(said(note), "body", "text.secondary", wrap=True))
        if not plan.obstacles and not plan.deja:
            self._ask_name(plan)
        self.found.addStretch()

    def _ask_name(self, plan: Plan) -> None:
        card = Card("surface.base")
        card.box.addWidget(Banner("danger", tr("Rien ne ramène ce qui est effacé.")))
        self.confirm, self.erase_button = LineEdit(""), Button(
            tr("Effacer définitivement"), "danger", icon="trash", on_click=self.erase
        )  # fmt: skip
        row = QHBoxLayout()
        row.setSpacing(10)
        name = plan.personne or tr("EFFACER")
        row.addWidget(Field(tr("Pour confirmer, écrivez : {nom}", nom=isolate(name)), self.confirm), 1)
        row.addWidget(self.erase_button)
        card.box.addLayout(row)
        self.erase_button.setEnabled(False)
        self.confirm.textChanged.connect(
            lambda text: self.erase_button.setEnabled(serrer(text) == serrer(name))
        )  # fmt: skip
        self.found.addWidget(card)

    def _lines(self, title: str, lines: Sequence[Line]) -> None:
        if not lines:
            return
        card = Card("surface.base")
        card.box.addWidget(Text(title, "strong"))
        for line in lines:
            row = QHBoxLayout()
            count = Text(number(line.nombre), "mono")
            count.setFixedWidth(64)
            row.addWidget(count)
            row.addWidget(Text(_words(line), "body", "text.secondary", wrap=True), 1)
            card.box.addLayout(row)
        self.found.addWidget(card)

    # The act

    def erase(self) -> None:
        """Erase, once the name was typed."""
        if self._who is None or self._plan is None or not self.erase_button.isEnabled():
            return
        (table, pk), acteur, others = self._who, self.contexte.acteur, self._others()
        reference = self.reference.text().strip()
        self.erase_button.setEnabled(False)
        self.fields["reference"].say("")

        def refused(error: Exception) -> None:
            self.erase_button.setEnabled(True)
            self._refused(error)

        self.contexte.tasks.run(
            lambda session: erasure.erase(session, acteur, table, pk, reference=reference, others=others), self._done,
            refused, owner=self,
        )  # fmt: skip

    def _done(self, _plan: Plan) -> None:
        self.contexte.say(tr("Données effacées : chaque poste suit à son prochain échange."))
        self.person.show_value(None)
        self.others.clear()
        self.reference.clear()
        self._chosen()
