"""What a bug shows: a sentence, a reference to the log, the details to copy. The work in progress is kept."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.ui.background import Fond
from erp_desktop.ui.kit.dialogs import enter_presses
from erp_desktop.ui.kit.i18n import colon, isolate, said, tr

Say = Callable[..., object]


def show_bug(window: QWidget, error: BaseException) -> QMessageBox:
    """Open the one dialog for unexpected errors; it does not block the window."""
    reference = f"E-{uuid.uuid4().hex[:4].upper()}-{clock.local(clock.now()).strftime('%H%M')}"
    details = "".join(traceback.format_exception(error))
    box = QMessageBox(window)
    box.setObjectName("anomalie")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setModal(False)
    box.setWindowTitle("ERP MIF")
    box.setText(tr("Une erreur inattendue s'est produite. Votre saisie est gardée."))
    box.setInformativeText(tr("Référence pour l'assistance : {reference}", reference=reference))
    copy = box.addButton(tr("Copier le détail"), QMessageBox.ButtonRole.ActionRole)
    box.addButton(tr("Fermer"), QMessageBox.ButtonRole.RejectRole)
    keep = box.addButton(tr("Dossier de diagnostic…"), QMessageBox.ButtonRole.ActionRole)
    keep.clicked.connect(lambda: offer_bundle(window))
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{reference}\n{details}"))
    enter_presses(box)
    box.show()
    return box


def offer_bundle(window: QWidget, more: Mapping[str, str] | None = None, say: Say | None = None) -> None:
    """Gather what support would be sent, behind the window, and show it.

    Args:
        more: what else goes into it, by name: what the screen says.
        say: tells where it was saved.
    """
    from erp_desktop import settings
    from erp_desktop.services.support import bundle

    work = Fond(window)
    work.finished.connect(lambda found: show_bundle(window, found, say))
    work.failed.connect(lambda error: _told(window, error))
    work.run(lambda _progress: bundle.contents(settings.load(), more or {}))


def show_bundle(window: QWidget, found: Mapping[str, bytes], say: Say | None = None) -> QMessageBox:
    """Show what is inside, file by file; nothing is written before a place was chosen."""
    box = QMessageBox(window)
    box.setObjectName("diagnostic")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setModal(False)
    box.setWindowTitle("ERP MIF")
    box.setText(tr("Ce dossier ne contient ni secret ni donnée de personne. L'enregistrer ?"))
    box.setInformativeText("\n".join(isolate(f"{n}{colon()}{max(1, len(c) // 1024)} Ko") for n, c in found.items()))
    box.setDetailedText("\n\n".join(f"{n}\n{c.decode()[:20_000]}" for n, c in found.items()))
    save = box.addButton(tr("Enregistrer"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(tr("Fermer"), QMessageBox.ButtonRole.RejectRole)
    save.clicked.connect(lambda: _save(window, found, say))
    box.show()
    return box


def _save(window: QWidget, found: Mapping[str, bytes], say: Say | None) -> None:
    from erp_desktop.services.support import bundle

    name, _kind = QFileDialog.getSaveFileName(window, tr("Enregistrer"), "diagnostic.zip", "*.zip")
    if name:
        try:
            bundle.save(found, Path(name))
        except ErpError as error:
            _told(window, error)
        else:
            if say is not None:
                say(tr("{nom} est enregistré : joignez-le à votre message à l'informatique.", nom=Path(name).name))


def _told(window: QWidget, error: Exception) -> None:
    box = QMessageBox(QMessageBox.Icon.Warning, "ERP MIF", said(str(error)), QMessageBox.StandardButton.Ok, window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setModal(False)
    box.show()
