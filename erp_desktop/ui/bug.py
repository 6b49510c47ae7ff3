"""What a bug shows: a sentence, a reference to the log, the details to copy. The work in progress is kept."""

from __future__ import annotations

import traceback
import uuid

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from erp_desktop import clock
from erp_desktop.ui.kit.dialogs import enter_presses
from erp_desktop.ui.kit.i18n import tr


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
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{reference}\n{details}"))
    enter_presses(box)
    box.show()
    return box
