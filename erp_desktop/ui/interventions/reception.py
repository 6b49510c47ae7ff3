"""What the client says of the work when it is done: how content, who signed and when, or why nobody did."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.domain.enums import Role, Statut
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services import interventions
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import ChoiceEditor, TextEditor
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.interventions.pad import SignaturePad
from erp_desktop.ui.kit.controls import Button, Field, Text
from erp_desktop.ui.kit.i18n import isolate, said, tr
from erp_desktop.ui.wording import value_labels

_NOT_YET = (Statut.OUVERTE, Statut.AFFECTEE)


class ReceptionTab(RecordPart):
    """Satisfaction, opinion and signature, saved together."""

    unsaved = "Réception non enregistrée"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        self._record: Any = None
        self._saving = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(6)
        marks = [("", value_labels.NONE), *((str(n), f"{n} / 5") for n in range(1, 6))]
        self.satisfaction = ChoiceEditor([(v, isolate(words)) for v, words in marks])
        self.opinion = TextEditor(tr("En une phrase"))
        self.who = TextEditor(tr("Nom et fonction"))
        self.refusal = TextEditor(tr("Seulement si le client refuse de signer"))
        self.fields = {
            "satisfaction_client": Field(tr("Satisfaction"), self.satisfaction, label_width=panel.label_width),
            "satisfaction_commentaire": Field(tr("Avis du client"), self.opinion, label_width=panel.label_width),
            "signataire": Field(tr("Signataire"), self.who, label_width=panel.label_width),
            "signature_refus": Field(tr("Motif du refus"), self.refusal, label_width=panel.label_width),
        }
        self.pad = SignaturePad()
        self.state = Text("", "caption", "text.secondary", wrap=True)
        for name in ("satisfaction_client", "satisfaction_commentaire"):
            column.addWidget(self.fields[name])
        column.addWidget(Text(tr("Signature du client"), "section"))
        column.addWidget(self.state)
        column.addWidget(self.fields["signataire"])
        column.addWidget(self.pad)
        column.addWidget(self.fields["signature_refus"])
        row = QHBoxLayout()
        self.clear_button = Button(tr("Effacer"), icon="x", on_click=self._clear)
        self.save_button = Button(tr("Enregistrer la réception"), "soft", icon="check", on_click=self.save_typed)
        for button in (self.clear_button, self.save_button):
            button.hands_to = self.satisfaction.inner
        row.addWidget(self.clear_button)
        row.addStretch()
        row.addWidget(self.save_button)
        column.addLayout(row)
        column.addStretch()
        for field in self.fields.values():
            field.editor.changed.connect(self._edited)  # type: ignore[attr-defined]
        for editor in (self.opinion, self.who, self.refusal):
            editor.line.returnPressed.connect(self.save_typed)
        self.pad.changed.connect(self._edited)

    def _edited(self) -> None:
        self._enable()
        self.changed.emit()

    def show_record(self, row_id: int | None, record: Any) -> None:
        mine = self._changes() if row_id == self._row_id and record is not None else {}
        self._row_id, self._record = row_id, record
        may = record is not None and self._panel.contexte.acteur.role != Role.CLIENT
        self.offered.emit(record is not None and Statut(record.statut) not in _NOT_YET)
        for field in self.fields.values():
            field.editor.set_read_only(not may)  # type: ignore[attr-defined]
        self.pad.set_writable(may)
        self.clear_button.setVisible(may)
        self.save_button.setVisible(may)
        if not mine:
            self._show_stored()
        self._say()
        self._enable()

    def _stored(self, name: str) -> Any:
        value = getattr(self._record, name, None)
        return str(value) if name == "satisfaction_client" and value is not None else value

    def _show_stored(self) -> None:
        for name, field in self.fields.items():
            field.say("")
            field.editor.show_value(self._stored(name) or ("" if name == "satisfaction_client" else None))  # type: ignore[attr-defined]
        self.pad.show_signature(getattr(self._record, "signature", None))

    def _say(self) -> None:
        record = self._record
        when = isolate(value_labels.instant(getattr(record, "signe_le", None), year=True)) if record else ""
        if record is not None and record.signature:
            words = tr("Signé par {nom}, {quand}.", nom=isolate(record.signataire or tr("nom inconnu")), quand=when)
        elif record is not None and record.signature_refus:
            words = tr("Signature refusée, {quand}.", quand=when)
        else:
            words = tr("Faites signer dans le cadre, à la souris ou au stylet.")
        self.state.setText(words)

    def _changes(self) -> dict[str, Any]:
        """Fields that differ from the record, with the picture of a new signature."""
        if self._record is None:
            return {}
        changes: dict[str, Any] = {}
        for name, field in self.fields.items():
            value = field.editor.value() or None  # type: ignore[attr-defined]
            if value != (self._stored(name) or None):
                changes[name] = value
        if self.pad.strokes:
            changes["signature"] = self.pad.png()
        return changes

    def draft(self) -> dict[str, Any]:
        changes = self._changes()
        if "signature" in changes:
            changes["signature"] = [[list(point) for point in stroke] for stroke in self.pad.strokes]
        return changes

    def restore(self, kept: dict[str, Any]) -> None:
        self._show_stored()
        for name, field in self.fields.items():
            if name in kept:
                field.editor.show_value(kept[name] or ("" if name == "satisfaction_client" else None))  # type: ignore[attr-defined]
        if kept.get("signature"):
            self.pad.show_strokes(kept["signature"])
        self._enable()

    def _enable(self) -> None:
        self.save_button.setEnabled(bool(self._changes()) and not self._saving)
        self.clear_button.setEnabled(bool(self.pad.strokes or getattr(self._record, "signature", None)))

    def take_focus(self) -> None:
        """Put the cursor where the reception begins."""
        self.satisfaction.inner.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _clear(self) -> None:
        """A blank sheet; a signature on file is taken away at once, and its toast brings it back."""
        if not self.pad.strokes and getattr(self._record, "signature", None):
            self._write({"signature": None}, tr("Signature retirée"))
            return
        self.pad.show_signature(getattr(self._record, "signature", None))
        self._edited()

    def save_typed(self) -> bool:
        changes = self._changes()
        if not changes or self._saving or self._row_id is None:
            return False
        if "signature" in changes and not self.who.value():
            self.fields["signataire"].say(tr("Donnez le nom de la personne qui signe."))
            self.who.inner.setFocus()
            return True
        if changes.get("signature_refus") and self._record.signature and "signature" not in changes:
            changes["signature"] = None
        self._write(changes, tr("Réception enregistrée"))
        return True

    def _write(self, changes: dict[str, Any], words: str) -> None:
        row_id, contexte, panel = self._row_id, self._panel.contexte, self._panel
        if row_id is None:
            return
        before = {name: getattr(self._record, name) for name in changes}
        acteur = contexte.acteur
        self._saving = True
        self._enable()

        def undo() -> None:
            contexte.tasks.run(
                lambda session: interventions.update(session, acteur, row_id, before),
                lambda _none: contexte.bus.publish("interventions", row_id),
                lambda error: contexte.say(said(str(error)), kind="danger"), write=True,
            )  # fmt: skip

        def done(_none: None) -> None:
            self._saving = False
            if self._row_id == row_id:
                self._record = None
                self.pad.strokes = []
                self.changed.emit()
            else:
                panel.forget_part(row_id, self)
            contexte.say(words, undo)
            contexte.bus.publish("interventions", row_id)

        contexte.tasks.run(
            lambda session: interventions.update(session, acteur, row_id, changes), done, self._refused, write=True,
            owner=self,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        self._saving = False
        self._enable()
        if isinstance(error, ValidationError | ErpError):
            entry.refuse(self._panel.contexte, self.fields, error, "signataire")
        else:
            self._panel.contexte.tasks.failed.emit(error)
