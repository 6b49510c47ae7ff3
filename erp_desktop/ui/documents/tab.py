"""The tab of attached files: attach, drop, paste, take from the scanner, open, ask for what is elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt, QTemporaryDir, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QImageReader,
    QKeySequence,
    QPixmap,
    QShortcut,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.documents import MIMES
from erp_desktop.domain.enums import EtatDocument, MomentPhoto, Role, TypeDocument
from erp_desktop.errors import ErpError
from erp_desktop.reports.sortie import keep
from erp_desktop.services import documents
from erp_desktop.services.documents import DocumentInfo
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.documents.scanned import ScannedFiles
from erp_desktop.ui.forms.editors import ChoiceEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, Elided, IconLabel, Text, clear
from erp_desktop.ui.kit.dialogs import ask_files
from erp_desktop.ui.kit.i18n import isolate, said, tr
from erp_desktop.ui.wording import value_labels

_ICONS = {
    EtatDocument.POSTE: ("desktop", "text.tertiary"),
    EtatDocument.ATTENTE: ("cloud-arrow-up", "semantic.warning.text"),
    EtatDocument.CENTRE: ("cloud-check", "semantic.success.text"),
    EtatDocument.DISTANT: ("download-simple", "text.secondary"),
    EtatDocument.DEMANDE: ("hourglass-medium", "semantic.info.text"),
}
_HERE = {EtatDocument.POSTE, EtatDocument.ATTENTE, EtatDocument.CENTRE}


_THUMBNAILS = 24
"""Pictures of a record that are shown small; the others by their names."""
_BOX = QSize(64, 48)


def small(content: bytes) -> QImage:
    """A picture that fits the row of its document; null for what Qt cannot read."""
    store = QByteArray(content)
    buffer = QBuffer(store)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    full = reader.size()
    if full.isValid():
        reader.setScaledSize(full.scaled(_BOX * 2, Qt.AspectRatioMode.KeepAspectRatio))
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    image = reader.read()
    return image if image.isNull() else image.scaled(_BOX, keep, smooth)


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
        self._writes = False
        self._found: list[DocumentInfo] = []
        # What is opened leaves the encrypted cache: in a folder of this person's alone, gone with the window.
        self._opened = QTemporaryDir()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(8)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(8)
        column.addLayout(self.rows)
        self.scanned = ScannedFiles(panel.contexte, self.attach)
        column.addWidget(self.scanned)
        row = QHBoxLayout()
        self.moment = ChoiceEditor([("", tr("Photos : sans précision")), *value_labels.options(MomentPhoto)])
        self.moment.setAccessibleName(tr("Moment des photos à joindre"))
        row.addWidget(self.moment)
        row.addStretch()
        self.attach_button = Button(tr("Joindre…"), "soft", icon="upload-simple", on_click=self._choose)
        row.addWidget(self.attach_button)
        column.addLayout(row)
        column.addStretch()
        panel.contexte.bus.data_changed.connect(self._data_changed)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)
        self._small: dict[int, QImage] = {}

    def take_focus(self) -> None:
        self.attach_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            # Said of the photos of one record, never of those of the next.
            self.moment.show_value("")
        self._row_id = row_id
        role = self._panel.contexte.acteur.role
        may = role != Role.CLIENT and (role != Role.TECHNICIEN or self._table == "interventions")
        self.attach_button.setVisible(may and record is not None)
        self.moment.setVisible(may and record is not None and self._table == "interventions")
        self.scanned.follow(may and record is not None)
        self._writes = may
        self.setAcceptDrops(may and record is not None)
        if row_id is None:
            self._show(None, [], {})
        else:
            self._read()

    def _data_changed(self, changes: Changes, _initiator: object) -> None:
        if "documents" in changes and self._row_id is not None:
            self._read()

    def _read(self) -> None:
        row_id, acteur, table = self._row_id, self._panel.contexte.acteur, self._table
        if row_id is not None:
            known = set(self._small)

            def read(session: Any) -> tuple[list[DocumentInfo], dict[int, QImage]]:
                found = documents.liste(session, acteur, table, row_id)
                wanted = [d.id for d in found if d.photo and d.etat in _HERE and d.id not in known]
                pictures = documents.photos(session, acteur, wanted[:_THUMBNAILS])
                # Made small here, in the thread of the database: a photo of a telephone takes a tenth of a second.
                return found, {one: small(content) for one, content in pictures.items()}

            self._panel.contexte.tasks.run(read, lambda told: self._show(row_id, *told), owner=self)

    def _show(self, row_id: int | None, found: list[DocumentInfo], pictures: dict[int, QImage]) -> None:
        if row_id != self._row_id or (found == self._found and not pictures and self.rows.count()):
            return
        self._small = {one: image for one, image in (self._small | pictures).items() if one in {d.id for d in found}}
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
        if (image := self._small.get(document.id)) is not None and not image.isNull():
            picture = QLabel()
            picture.setTextFormat(Qt.TextFormat.PlainText)
            picture.setPixmap(QPixmap.fromImage(image))
            picture.setAccessibleName(document.nom_fichier)
            row.addWidget(picture)
        row.addWidget(IconLabel(icon, colour, 16))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Elided(document.nom_fichier, "strong"))
        state = value_labels.label(EtatDocument, document.etat)
        kind = value_labels.label(TypeDocument, document.type_document)
        words.addWidget(Text(f"{state} · {kind} · {size(document.taille)}", "caption", "text.secondary", wrap=True))
        who = f"{value_labels.instant(document.created_at, year=True)} · {document.auteur or tr('auteur inconnu')}"
        words.addWidget(Text(who, "caption", "text.tertiary"))
        if document.photo and self._writes and self._table == "interventions":
            words.addWidget(self._moment_of(document))
        row.addLayout(words, 1)
        if document.etat in _HERE:
            row.addWidget(Button(tr("Ouvrir"), "link", name=tr("Ouvrir {nom}", nom=document.nom_fichier),
                                 on_click=lambda: self.open(document)))  # fmt: skip
        elif document.etat is EtatDocument.DISTANT:
            row.addWidget(Button(tr("Télécharger"), "link", name=tr("Télécharger {nom}", nom=document.nom_fichier),
                                 on_click=lambda: self.ask(document)))  # fmt: skip
        return holder

    def _moment_of(self, document: DocumentInfo) -> ChoiceEditor:
        """Before or after the work, changed at once."""
        choice = ChoiceEditor([("", value_labels.NONE), *value_labels.options(MomentPhoto)])
        choice.setAccessibleName(tr("Moment de {nom}", nom=document.nom_fichier))
        choice.show_value(document.moment or "")
        choice.changed.connect(lambda: self._set_moment(document, choice.value() or None))
        return choice

    def _set_moment(self, document: DocumentInfo, moment: str | None) -> None:
        contexte, before = self._panel.contexte, document.moment

        def put(value: str | None, then: Any) -> None:
            contexte.tasks.run(
                lambda session: documents.dater(
                    session, contexte.acteur, document.id, MomentPhoto(value) if value else None),
                then, self._refused, write=True, owner=self,
            )  # fmt: skip

        def told(undo: Any) -> None:
            words = value_labels.label(MomentPhoto, moment) if moment and undo else tr("Sans précision")
            contexte.say(words if undo else tr("Enregistrement défait"), undo)
            contexte.bus.publish("documents", document.id)

        put(moment, lambda _none: told(lambda: put(before, lambda _none: told(None))))

    # Acts

    def paste(self) -> None:
        """Attach the files, or the picture, that were copied elsewhere."""
        copied = QGuiApplication.clipboard().mimeData()
        if self._row_id is None or not self._writes:
            return
        paths = [Path(url.toLocalFile()) for url in copied.urls() if url.isLocalFile()]
        image = QGuiApplication.clipboard().image()
        if not paths and not image.isNull():
            name = tr("Image collée {quand}", quand=clock.local(clock.now()).strftime("%Y-%m-%d %H%M%S"))
            path = Path(self._opened.path()) / f"{name}.png"
            image.save(str(path))
            paths = [path]
        if paths:
            self.attach(paths)
        else:
            self._panel.contexte.say(tr("Rien à coller ici : copiez d'abord un fichier ou une image."), kind="info")

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
        moment = MomentPhoto(self.moment.value()) if self.moment.value() else None

        def done(made: list[int]) -> None:
            self.attach_button.setEnabled(True)
            self.scanned.refresh()
            contexte.say(tr("Document joint") if len(made) == 1 else tr("{n} documents joints", n=len(made)))
            contexte.bus.publish("documents", *made, initiator=self._panel)
            contexte.bus.publish(table, row_id, initiator=self._panel)

        contexte.tasks.run(
            lambda session: documents.joindre_fichiers(session, acteur, table, row_id, paths, moment),
            done, self._refused, write=True, owner=self,
        )  # fmt: skip

    def open(self, document: DocumentInfo) -> None:
        """Write a copy aside and show it with the program that the desktop has for its kind."""
        acteur, folder = self._panel.contexte.acteur, Path(self._opened.path()) / str(document.id)

        def work(session: Any) -> Path:
            name, content = documents.lire(session, acteur, document.id)
            path = folder / name
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
            keep(path, content)
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
            self._panel.contexte.say(said(str(error)), kind="danger")
        else:
            self._panel.contexte.tasks.failed.emit(error)
