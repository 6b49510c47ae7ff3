"""What is still to be billed, closed work and parts of contracts that are due: ticked, and made into drafts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.services import factures
from erp_desktop.services.factures import AFacturer
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.factures import marks
from erp_desktop.ui.kit.controls import Button, Text, clear, icon_button
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.page import Page
from erp_desktop.ui.wording import value_labels as labels

_AT_ONCE = 60
_FOLDED = 3
"""Late parts of one contract from which they are one line until asked for, so that they hide nothing else."""


class BillablePage(Page):
    """One line for each thing, with the reason why the client pays it and what is left of it.

    Attributes:
        boxes: what can be ticked, with its box.
    """

    def __init__(self, contexte: Contexte) -> None:
        super().__init__()
        self.contexte = contexte
        self.boxes: list[tuple[AFacturer, QCheckBox]] = []
        self._firsts: list[QWidget] = []
        self._sums: list[Text] = []
        self._most = _AT_ONCE
        self._unfolded: set[int] = set()
        body = Surface("surface.base")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(Text(tr("À facturer"), "page"))
        self.figure = Text("", "body", "text.secondary")
        head.addWidget(self.figure)
        head.addStretch()
        self.all = Button(tr("Tout cocher"), "default", on_click=self.tick_all)
        head.addWidget(self.all)
        column.addLayout(head)
        told = tr("Interventions clôturées hors contrat ou hors quota, et échéances de contrat venues à terme.")
        column.addWidget(Text(told, "body", "text.secondary", wrap=True))
        inside = QWidget()
        inside.setObjectName("corps")
        self.rows = QVBoxLayout(inside)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(6)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        column.addWidget(area, 1)
        foot = QHBoxLayout()
        self.total = Text("", "strong")
        foot.addWidget(self.total)
        foot.addStretch()
        self.make = Button(tr("Créer les brouillons"), "soft", icon="receipt", on_click=self.make_drafts)
        self.make.setShortcut("Ctrl+Return")
        foot.addWidget(self.make)
        column.addLayout(foot)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(body)
        contexte.bus.data_changed.connect(self._stale)
        QTimer.singleShot(0, self, lambda: self.title_changed.emit(tr("À facturer")))
        self.reload()

    def keys(self) -> tuple[tuple[str, str], ...]:
        return (("Espace", "Cocher la ligne, ou la décocher"), ("Ctrl Entrée", "Créer les brouillons"))

    def untouched(self) -> bool:
        """There is one of it: asked for again, it is the same with what is ticked."""
        return True

    def reload(self) -> bool:
        acteur = self.contexte.acteur
        self.contexte.tasks.run(lambda session: factures.a_facturer(session, acteur), self._show, owner=self)
        return True

    def _stale(self, changes: Any, _initiator: object) -> None:
        if self.isVisible() and {"factures", "lignes_facture", "interventions", "contrats"} & set(changes):
            self.reload()

    def _show(self, found: list[AFacturer]) -> None:
        kept = {self._key(one) for one, box in self.boxes if box.isChecked()}
        clear(self.rows)
        self.boxes, self._firsts, self._sums = [], [], []
        client = None
        ordered = self._folded(sorted(found, key=lambda a: (a.client.casefold(), a.genre, a.jour, a.id)))
        for one, *others in ordered[: self._most]:
            if one.client_id != client:
                self.rows.addWidget(Text(one.client, "section"))
                client = one.client_id
            line = self._late([one, *others]) if others else self._line(one, ticked=self._key(one) in kept)
            self.rows.addWidget(line)
        self._align()
        if not found:
            self.rows.addWidget(Text(tr("Rien n'attend d'être facturé."), "body", "text.tertiary"))
        if (rest := len(ordered) - self._most) > 0:
            more = Button(tr("Montrer la suite ({n})", n=number(rest)), "default", on_click=self.show_more)
            self.rows.addWidget(more, 0, Qt.AlignmentFlag.AlignLeading)
        self.rows.addStretch()
        self.all.setVisible(bool(found))
        self.figure.setText(tr("{n} à facturer", n=number(len(found))))
        self._count()

    def show_more(self) -> None:
        """The next lines; a window's turn builds so many and no more."""
        self._most += _AT_ONCE
        self.reload()

    def _folded(self, found: list[AFacturer]) -> list[list[AFacturer]]:
        """The lines: one thing each, or all that is late of a contract where the first of it stands."""
        late: dict[int, list[AFacturer]] = {}
        for one in found:
            if one.retard and one.id not in self._unfolded:
                late.setdefault(one.id, []).append(one)
        made = []
        for one in found:
            group = late.get(one.id, []) if one.retard else []
            if len(group) < _FOLDED:
                made.append([one])
            elif one is group[0]:
                made.append(group)
        return made

    def _late(self, parts: list[AFacturer]) -> QWidget:
        """Several late parts of one contract, which are ticked once they are shown."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        first, contract = Text(isolate(parts[0].reference), "body"), parts[0].id
        self._firsts.append(first)
        row.addWidget(first)
        told = tr("{n} échéances en retard, depuis le {jour}", n=number(len(parts)),
                  jour=isolate(labels.day(parts[0].jour)))  # fmt: skip
        row.addWidget(Text(told, "body", "semantic.warning.text", wrap=True), 2)

        def unfold() -> None:
            self._unfolded.add(contract)
            self.reload()

        show = Button(tr("Montrer"), "link", on_click=unfold)
        show.setAccessibleName(f"{tr('Montrer')}, {parts[0].reference}, {told}")
        row.addWidget(show, 2, Qt.AlignmentFlag.AlignLeading)
        amount = Text(marks.mad(sum((one.reste for one in parts), Decimal(0))), "strong")
        amount.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self._sums.append(amount)
        row.addWidget(amount)
        row.addWidget(icon_button("arrow-square-out", tr("Ouvrir"),
                                  lambda: self.contexte.open_record("contrats", contract)))  # fmt: skip
        return holder

    @staticmethod
    def _key(one: AFacturer) -> tuple[Any, ...]:
        return one.genre, one.id, one.du

    def _line(self, one: AFacturer, *, ticked: bool) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        box = QCheckBox(isolate(one.reference))
        box.setAccessibleName(f"{one.reference}, {one.client}, {marks.mad(one.reste)}")
        box.setChecked(ticked)
        box.toggled.connect(lambda _on: self._count())
        self.boxes.append((one, box))
        self._firsts.append(box)
        row.addWidget(box)
        row.addWidget(Text(marks.told(one), "body", wrap=True), 2)
        why = f"{isolate(labels.day(one.jour))} · {tr(one.raison)}"
        if one.brouillon:
            why += " · " + tr("en partie dans {numero}", numero=isolate(one.brouillon))
        if one.retard:
            why += " · " + tr("en retard de {n} jours", n=number(one.retard))
        row.addWidget(Text(why, "caption", "semantic.warning.text" if one.retard else "text.secondary", wrap=True), 2)
        amount = Text(marks.mad(one.reste), "strong")
        amount.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self._sums.append(amount)
        row.addWidget(amount)
        kind = "interventions" if one.genre == "intervention" else "contrats"
        row.addWidget(icon_button("arrow-square-out", tr("Ouvrir"),
                                  lambda: self.contexte.open_record(kind, one.id)))  # fmt: skip
        return holder

    def _align(self) -> None:
        """One under the other: what each line begins and ends with takes the room of the widest."""
        for column in (self._firsts, self._sums):
            widest = max((cell.sizeHint().width() for cell in column), default=0)
            for cell in column:
                cell.setFixedWidth(widest)

    def tick_all(self) -> None:
        on = not all(box.isChecked() for _, box in self.boxes)
        for _, box in self.boxes:
            box.setChecked(on)

    def _count(self) -> None:
        chosen = [one for one, box in self.boxes if box.isChecked()]
        total = sum((one.reste for one in chosen), Decimal(0))
        words = tr("{n} cochées, {montant} HT", n=number(len(chosen)), montant=marks.mad(total))
        self.total.setText(words if chosen else tr("Cochez ce qui se facture."))
        self.make.setEnabled(bool(chosen))

    def make_drafts(self) -> None:
        """One draft for each client's work, one for each part of a contract."""
        chosen, contexte = [one for one, box in self.boxes if box.isChecked()], self.contexte
        if not chosen:
            return
        self.make.setEnabled(False)

        def made(found: list[int]) -> None:
            told = tr("1 brouillon créé") if len(found) == 1 else tr("{n} brouillons créés", n=number(len(found)))
            contexte.say(told)
            contexte.bus.publish("factures", *found)
            self.reload()
            if len(found) == 1:
                contexte.open_record("factures", found[0])

        def refused(error: Exception) -> None:
            contexte.say(said(str(error)), kind="danger")
            self._count()

        contexte.tasks.run(
            lambda session: factures.brouillon_de(session, contexte.acteur, chosen), made, refused, write=True,
            owner=self,
        )  # fmt: skip
