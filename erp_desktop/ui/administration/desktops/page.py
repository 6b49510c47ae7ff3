"""The devices of the centre as a page: read again by itself, with the making of an enrolment code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.sync.device.provisioning import Provision
from erp_desktop.sync.watch import roster
from erp_desktop.sync.watch.roster import Fleet
from erp_desktop.ui.administration.desktops.code_card import CodeCard
from erp_desktop.ui.administration.desktops.records import DEVICES
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.kit.controls import Button, ErrorLine, Field, LineEdit, Text
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import apart, comma, isolate, number, tr
from erp_desktop.ui.kit.surfaces import Card
from erp_desktop.ui.lists.page import ListPage

AGAIN_MS = 20_000
"""What devices report, and what other administrators do, comes with no message of its own."""
_VALID = {"60": "1 heure", "1440": "24 heures", "10080": "7 jours"}
"""Minutes that a code is worth."""
NAME = "poste.erp-mif"
_NAMED = 4


class DevicesPage(ListPage):
    """The list of the centre's devices."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__(DEVICES, contexte)
        self.fleet: Fleet | None = None
        self.pulse = QTimer(self)
        self.pulse.setInterval(AGAIN_MS)
        self.pulse.timeout.connect(self.read_again)
        self.pulse.start()

    def more_acts(self) -> Sequence[QWidget]:
        return [Button(tr("Code d'inscription…"), "primary", icon="key", on_click=self.offer)]

    def above(self) -> QWidget:
        self.offered = Enrolment(self.contexte)
        self.offered.made.connect(self._made)
        self.code = CodeCard(self.contexte)
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.offered)
        column.addWidget(self.code)
        return both

    def below(self) -> QWidget:
        self.window_words = Text("", "caption", "text.secondary", wrap=True)
        self.window_words.setContentsMargins(16, 8, 16, 8)
        self.window_words.hide()
        return self.window_words

    def _loaded(self, number: int) -> None:
        super()._loaded(number)
        self._say_fleet()
        contexte = self.contexte
        contexte.tasks.run(
            lambda session: roster.fleet(session, contexte.acteur), self._count_fleet, lambda _error: None, owner=self
        )

    def _count_fleet(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._say_fleet()

    def _say_fleet(self) -> None:
        """How many are there and how many want a look, beside the number of all of them; who is too old, below."""
        fleet = self.fleet
        if fleet is None:
            return
        if not self.filter.text() and self.model.rowCount():
            parts = [self.spec.counted(self.model.rowCount()), tr("{n} en ligne", n=number(fleet.en_ligne))]
            if fleet.a_surveiller:
                parts.append(tr("{n} à surveiller", n=number(fleet.a_surveiller)))
            self.count.setText(" · ".join(parts))
        words = tr("Fenêtre de compatibilité : depuis la révision {revision}.", revision=isolate(fleet.depuis))
        if fleet.exclus:
            shown = [apart(name) for name in fleet.exclus[:_NAMED]]
            more = ["…"] if len(fleet.exclus) > _NAMED else []
            words += " " + tr("À mettre à jour avant d'échanger : {postes}.", postes=comma().join(shown + more))
        self.window_words.setText(words)
        self.window_words.show()

    def _made(self, made: Provision) -> None:
        self.code.show_code(made)
        self.model.refresh(hold=False)

    def offer(self) -> None:
        """Open the making of a code, for the agency of the device in sight."""
        record = self.form.record
        self.code.forget()
        self.offered.open(record.agence if record is not None else "")

    def read_again(self) -> None:
        """What changed elsewhere; nothing moves below who aims at a row."""
        if self.isVisible() and not self.model.busy:
            self.model.refresh(hold=self.held.aimed)
            self._read_record()

    def reload(self) -> bool:
        self._read_record()
        return super().reload()

    def _read_record(self) -> None:
        """What the device in sight told since."""
        if self.beside.open and self.form.row_id is not None:
            self.form.reload(self.form.row_id)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.read_again()

    def escape(self) -> bool:
        return self.offered.close_card() or self.code.forget() or super().escape()

    def leave(self) -> None:
        self.code.forget()
        super().leave()


class Enrolment(Card):
    """For which agency, under which name, how long; then where the file goes."""

    made = Signal(object)

    def __init__(self, contexte: Contexte) -> None:
        super().__init__("surface.sunken")
        self._contexte = contexte
        words = tr(
            "Le fichier inscrit un poste, une fois, sans rien taper dessus : il vaut un mot de passe jusqu'à ce "
            "qu'il ait servi. Posez-le sur le poste, ou ouvrez-le là."
        )
        self.box.addWidget(Text(words, "body", "text.secondary", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(12)
        self.agency, self.name = LineEdit(tr("Par exemple CAS")), LineEdit(tr("Celui de la machine"))
        self.valid = ChoiceEditor([(minutes, tr(words)) for minutes, words in _VALID.items()])
        self.valid.show_value("1440")
        for label, editor in ((tr("Code de l'agence"), self.agency), (tr("Nom du poste"), self.name),
                              (tr("Valable"), self.valid)):  # fmt: skip
            row.addWidget(Field(label, editor), 1)
        self.box.addLayout(row)
        self.trouble = ErrorLine()
        self.box.addWidget(self.trouble)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(Button(tr("Abandonner"), on_click=self.close_card))
        self.make_button = Button(tr("Enregistrer le fichier…"), "primary", icon="download-simple", on_click=self.ask)
        foot.addWidget(self.make_button)
        self.box.addLayout(foot)
        for line in (self.agency, self.name):
            line.returnPressed.connect(self.ask)
        self.hide()

    def open(self, agency: str) -> None:
        self.agency.setText(agency)
        self.name.clear()
        self.trouble.say("")
        self.show()
        (self.name if agency else self.agency).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_card(self) -> bool:
        """False when it was closed."""
        if self.isHidden():
            return False
        self.hide()
        return True

    def ask(self) -> None:
        """Where the file goes."""
        if not self.agency.text().strip():
            self.trouble.say("Donnez le code de l'agence.")
            self.agency.setFocus()
            return
        ask_target(self, tr("Le fichier d'inscription"), NAME, self.make, ["ERP MIF (*.erp-mif)"])

    def make(self, file: Path) -> None:
        """Make the code at the centre and write its file."""
        contexte = self._contexte
        agency, name = self.agency.text().strip().upper(), self.name.text().strip()
        valid = timedelta(minutes=int(self.valid.value() or 1440))
        self.make_button.setEnabled(False)

        def done(made: Provision) -> None:
            self.make_button.setEnabled(True)
            self.hide()
            self.made.emit(made)
            contexte.say(tr(
                "{fichier} inscrit un poste de {agence} une fois, jusqu'au {quand}.", fichier=isolate(file.name),
                agence=isolate(made.agence), quand=isolate(clock.local(made.expire).strftime("%d/%m/%Y %H:%M")),
            ))  # fmt: skip

        def refused(error: Exception) -> None:
            self.make_button.setEnabled(True)
            if isinstance(error, ErpError):
                self.trouble.say(str(error))
            else:
                contexte.tasks.failed.emit(error)

        contexte.tasks.run(
            lambda session: roster.invite(session, contexte.acteur, agency, name, valid, file), done, refused,
            owner=self,
        )  # fmt: skip
