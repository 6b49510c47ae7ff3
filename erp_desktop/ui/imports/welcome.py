"""What an import asks for, before there is a file."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.i18n import tr


class Welcome(QWidget):
    """The four steps."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 24, 16, 16)
        column.setSpacing(6)
        for words in (
            tr("1. Choisissez un fichier CSV, Excel ou OpenDocument ; son en-tête est reconnu."),
            tr("2. Dites quel champ chaque colonne donne ; ce choix est retenu pour les fichiers de même en-tête."),
            tr("3. La vérification à blanc nomme chaque ligne refusée, avec sa raison ; corrigez-la sur place."),
            tr("4. Tout est écrit d'un bloc, ou rien."),
        ):
            column.addWidget(Text(words, "body", "text.secondary", wrap=True))
        column.addStretch()
