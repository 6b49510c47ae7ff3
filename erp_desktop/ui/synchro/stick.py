"""Carry the exchange by hand while the line is down: two buttons of the drawer, and what they did in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.errors import ErpError, raison
from erp_desktop.settings import Settings
from erp_desktop.ui.background import Fond
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import isolate, number, said, tr

if TYPE_CHECKING:
    from erp_desktop.sync.bundle.outgoing import Exported
    from erp_desktop.sync.bundle.returning import Taken


class ByHand(QWidget):
    """The two buttons; one act at a time, behind the window.

    Args:
        settings: which cache, and its secrets.
    """

    arrived = Signal(object)
    """Tables that an answer changed here."""
    failed = Signal(object)
    """What nobody foresaw."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(10)
        self.export_button = Button(tr("Exporter vers une clé…"), icon="export", on_click=self._choose_folder)
        self.import_button = Button(tr("Importer d'une clé…"), icon="download-simple", on_click=self._choose_file)
        row.addWidget(self.export_button)
        row.addWidget(self.import_button)
        row.addStretch()
        column.addLayout(row)
        self.told = Text("", "body", "text.secondary", wrap=True)
        self.told.hide()
        column.addWidget(self.told)
        self.work = Fond(self)
        self.work.finished.connect(self._done)
        self.work.failed.connect(self._refused)
        self._words: Callable[[object], str] = str

    def _choose_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, tr("La clé, ou un dossier dessus")):
            self.export_to(Path(folder))

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("La réponse du siège"), "", f"{tr('Réponses')} (*.paquet)")
        if name:
            self.import_from(Path(name))

    def export_to(self, folder: Path) -> None:
        """Write a bundle in a folder."""
        settings = self._settings

        def work() -> Exported:
            from erp_desktop.sync.bundle.desk import export_here

            return export_here(settings, folder)

        self._start(work, tr("Écriture sur la clé…"), _exported)

    def import_from(self, file: Path) -> None:
        """Take the centre's answer."""
        settings = self._settings

        def work() -> Taken:
            from erp_desktop.services.reception import suiveur
            from erp_desktop.sync.bundle.desk import take_here

            return take_here(settings, file, suiveur)

        self._start(work, tr("Lecture de la clé…"), _taken)

    def _start(self, work: Callable[[], object], meanwhile: str, words: Callable[..., str]) -> None:
        if self.work.busy:
            return
        self._words = words
        self._enable(False)
        self._say(meanwhile)
        self.work.run(lambda _progress: work())

    def _enable(self, on: bool) -> None:
        self.export_button.setEnabled(on)
        self.import_button.setEnabled(on)

    def _say(self, words: str) -> None:
        self.told.setText(words)
        self.told.show()

    def _done(self, outcome: object) -> None:
        self._enable(True)
        self._say(self._words(outcome))
        self.arrived.emit(getattr(outcome, "tables", frozenset()))

    def _refused(self, error: Exception) -> None:
        self._enable(True)
        if isinstance(error, ErpError):
            self._say(said(str(error)))
        elif isinstance(error, OSError):
            self._say(tr("La clé ne répond pas, ou elle est pleine ou protégée : {raison}.",
                         raison=said(raison(error))))  # fmt: skip
        else:
            self._say("")
            self.failed.emit(error)


def _exported(done: Exported) -> str:
    text = tr(
        "Paquet {n} écrit : {lignes} changement(s), {documents} document(s). Portez {fichier} au siège.",
        n=number(done.numero), lignes=number(done.lignes), documents=number(done.documents),
        fichier=isolate(done.fichier.name),
    )  # fmt: skip
    if done.reste:
        text += " " + tr("{n} changements plus récents partiront avec le suivant.", n=number(done.reste))
    return text


def _taken(done: Taken) -> str:
    if done.deja:
        return tr("Rien de nouveau : cette réponse a déjà servi, ou un échange plus récent a eu lieu.")
    text = tr(
        "Réponse {n} reprise : {envoyes} changement(s) pris par le siège, {recus} reçu(s), {documents} document(s), "
        "{conflits} conflit(s), {gares} refusé(s).",
        n=number(done.numero), envoyes=number(done.envoyes), recus=number(done.recus),
        documents=number(done.documents), conflits=number(done.conflits), gares=number(done.gares),
    )  # fmt: skip
    if done.efface:
        text += " " + tr("Une personne a été effacée au siège : exportez de nouveau ce qui attend.")
    return text
