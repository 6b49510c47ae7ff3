"""The panel of keys that F1 shows over the window; not modal, Esc closes it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.ui.kit.controls import KeyCap, Text, icon_button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Surface

KEYS = (
    ("Ctrl K", "Recherche"),
    ("Ctrl N", "Nouvelle fiche de la liste ouverte"),
    ("Ctrl S", "Enregistrer la fiche"),
    ("Ctrl F", "Filtrer la liste"),
    ("Ctrl P", "Imprimer la fiche, ou les lignes choisies"),
    ("F5", "Relire la liste"),
    ("↑ ↓", "Parcourir la liste"),
    ("Entrée", "Ouvrir la fiche de la ligne"),
    ("Échap", "Fermer la fiche ou revenir à la liste"),
    ("Ctrl 1…9", "Aller à une section"),
    ("Ctrl B", "Réduire la navigation"),
    ("Ctrl W", "Fermer l'onglet"),
    ("Ctrl Z", "Défaire le dernier enregistrement"),
    ("=", "Dans une date : maintenant"),
    ("↑ ↓", "Dans une date : un jour après, avant"),
    ("Ctrl ↑ ↓", "Dans une date : une semaine après, avant"),
    ("Pg ↑ ↓", "Dans une date : un mois après, avant"),
    ("Alt ↓", "Dans une date : le calendrier"),
    ("F1", "Cette aide"),
)


class KeysPanel(Surface):
    """A drawer at the trailing side of the window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__("surface.raised", "border.default", 8, parent=window)
        self._window = window
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Touches"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 14, 18)
        head = QHBoxLayout()
        head.addWidget(Text(tr("Touches"), "title"))
        head.addStretch()
        head.addWidget(icon_button("x", tr("Fermer"), self.hide))
        column.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(9)
        for line, (keys, words) in enumerate(KEYS):
            grid.addWidget(KeyCap(tr(keys)), line, 0)
            grid.addWidget(Text(tr(words), "body", "text.secondary"), line, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        self.hide()
        window.installEventFilter(self)

    def toggle(self) -> None:
        self.setVisible(self.isHidden())
        if self.isVisible():
            self._place()
            self.raise_()
            self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self) -> None:
        self.adjustSize()
        rtl = self._window.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 12 if rtl else self._window.width() - self.width() - 12
        self.move(x, self._window.height() - self.height() - 42)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F1):
            self.hide()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
