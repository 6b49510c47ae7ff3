"""The tab of attached files: attach, open, ask for what is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTemporaryDir, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.documents import MIMES
from erp_desktop.domain.enums import EtatDocument, Role, TypeDocument
from erp_desktop.errors import ErpError
from erp_desktop.services import documents
from erp_desktop.services.documents import DocumentInfo
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Elided, IconLabel, Text, clear
from erp_desktop.ui.kit.dialogs import ask_files
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.wording import value_labels

_ICONS = {
    EtatDocument.POSTE: ("desktop", "text.tertiary"),
    EtatDocument.ATTENTE: ("cloud-arrow-up", "semantic.warning.text"),
    EtatDocument.CENTRE: ("cloud-check", "semantic.success.text"),
    EtatDocument.DISTANT: ("download-simple", "text.secondary"),
    EtatDocument.DEMANDE: ("hourglass-medium", "semantic.info.text"),
}
_HERE = {EtatDocument.POSTE, EtatDocument.ATTENTE, EtatDocument.CENTRE}


def size(count: int) -> str:
    """``1,4 Mo`` or ``85 Ko``."""
    if count >= 1_048_576:
        return isolate(f"{count / 1_048_576:.1f}".replace(".", ",")) + f" {tr('Mo')}"
    return isolate(str(max(1, round(count / 1024)))) + f" {tr('Ko')}"


class DocumentsTab(RecordPart):
    """Files of the record shown; files dropped on it are attached."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel, self._table = panel, panel.spec.table
        self._row_id: int | None = None
        self._found: list[DocumentInfo] = []
        # What is opened leaves the encrypted cache: in a folder of this person's alone, gone with the window.
        self._opened = QTemporaryDir()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(8)
        column.addLayout(self.rows)
        row = QHBoxLayout()
        row.addStretch()
        self.attach_button = Button(tr("Joindre…"), "soft", icon="upload-simple", on_click=self._choose)
        row.addWidget(self.attach_button)
        column.addLayout(row)
        column.addStretch()
        panel.contexte.bus.data_changed.connect(self._data_changed)

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id = row_id
        role = self._panel.contexte.acteur.role
        may = role != Role.CLIENT and (role != Role.TECHNICIEN or self._table == "interventions")
        self.attach_button.setVisible(may and record is not None)
        self.setAcceptDrops(may and record is not None)
        if row_id is None:
            self._show(None, [])
        else:
            self._read()

    def _data_changed(self, changes: Changes, _initiator: object) -> None:
        if "documents" in changes and self._row_id is not None:
            self._read()

    def _read(self) -> None:
        row_id, acteur, table = self._row_id, self._panel.contexte.acteur, self._table
        if row_id is not None:
            self._panel.contexte.tasks.run(
                lambda session: documents.liste(session, acteur, table, row_id),
                lambda found: self._show(row_id, found),
                self._refused,
                owner=self,
            )

    def _show(self, row_id: int | None, found: list[DocumentInfo]) -> None:
        if row_id != self._row_id or (found == self._found and self.rows.count()):
            return
        self._found = found
        clear(self.rows)
        for document in found:
            self.rows.addWidget(self._entry(document))
        if not found:
            self.rows.addWidget(Text(tr("Aucun document joint."), "body", "text.tertiary"))
        self.counted.emit(len(found))

    def _entry(self, document: DocumentInfo) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        icon, colour = _ICONS[document.etat]
        row.addWidget(IconLabel(icon, colour, 16))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Elided(document.nom_fichier, "strong"))
        state = value_labels.label(EtatDocument, document.etat)
        kind = value_labels.label(TypeDocument, document.type_document)
        words.addWidget(Text(f"{state} · {kind} · {size(document.taille)}", "caption", "text.secondary", wrap=True))
        who = f"{value_labels.instant(document.created_at, year=True)} · {document.auteur or tr('auteur inconnu')}"
        words.addWidget(Text(who, "caption", "text.tertiary"))
        row.addLayout(words, 1)
        if document.etat in _HERE:
            row.addWidget(Button(tr("Ouvrir"), "link", name=tr("Ouvrir {nom}", nom=document.nom_fichier),
                                 on_click=lambda: self.open(document)))  # fmt: skip
        elif document.etat is EtatDocument.DISTANT:
            row.addWidget(Button(tr("Télécharger"), "link", name=tr("Télécharger {nom}", nom=document.nom_fichier),
                                 on_click=lambda: self.ask(document)))  # fmt: skip
        return holder

    # Acts

    def _choose(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in MIMES)
        title, words = tr("Joindre des documents"), tr("Photos, PDF et documents")
        ask_files(self, title, [f"{words} ({kinds})"], self.attach, many=True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.attach([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def attach(self, paths: Sequence[Path]) -> None:
        """Attach files, all or none; they are read by the database thread."""
        row_id, acteur, table, contexte = self._row_id, self._panel.contexte.acteur, self._table, self._panel.contexte
        if row_id is None or not paths:
            return
        self.attach_button.setEnabled(False)

        def done(made: list[int]) -> None:
            self.attach_button.setEnabled(True)
            contexte.say(tr("Document joint") if len(made) == 1 else tr("{n} documents joints", n=len(made)))
            contexte.bus.publish("documents", *made, initiator=self._panel)
            contexte.bus.publish(table, row_id, initiator=self._panel)

        contexte.tasks.run(
            lambda session: documents.joindre_fichiers(session, acteur, table, row_id, paths),
            done, self._refused, write=True, owner=self,
        )  # fmt: skip

    def open(self, document: DocumentInfo) -> None:
        """Write a copy aside and show it with the program that the desktop has for its kind."""
        acteur, folder = self._panel.contexte.acteur, Path(self._opened.path()) / str(document.id)

        def work(session: Any) -> Path:
            name, content = documents.lire(session, acteur, document.id)
            folder.mkdir(exist_ok=True)
            path = folder / name
            path.write_bytes(content)
            return path

        def show(path: Path) -> None:
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
                words = tr("Aucun programme de ce poste n'ouvre ce document : {chemin}", chemin=str(path))
                self._panel.contexte.say(words, kind="danger")

        self._panel.contexte.tasks.run(work, show, self._refused, write=True, owner=self)

    def ask(self, document: DocumentInfo) -> None:
        """Ask for a document that is elsewhere; it comes with the next exchange."""
        contexte = self._panel.contexte
        acteur, quota = contexte.acteur, contexte.settings.documents_quota

        def done(_none: None) -> None:
            contexte.say(tr("{nom} : arrive au prochain échange", nom=document.nom_fichier), kind="info")
            contexte.bus.publish("documents", document.id, initiator=self._panel)

        contexte.tasks.run(
            lambda session: documents.demander(session, acteur, document.id, quota=quota),
            done, self._refused, write=True, owner=self,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        self.attach_button.setEnabled(True)
        if isinstance(error, ErpError):
            self._panel.contexte.say(str(error), kind="danger")
        else:
            self._panel.contexte.tasks.failed.emit(error)
