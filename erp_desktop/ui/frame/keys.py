"""The panel of keys that F1 shows over the window; not modal, Esc closes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.ui.kit.controls import Text, clear, icon_button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.surfaces import GivesBack, Surface
from erp_desktop.ui.kit.theme import theme

KEYS = (
    ("Ctrl K", "Recherche"),
    ("Ctrl N", "Nouvelle fiche de la liste ouverte"),
    ("Ctrl D", "Copier l'intervention ouverte"),
    ("Alt Pg ↑ ↓", "Fiche précédente, suivante de la liste"),
    ("Ctrl S", "Enregistrer la fiche"),
    ("Ctrl F", "Filtrer la liste"),
    ("Ctrl P", "Imprimer la fiche, ou les lignes choisies"),
    ("F5", "Relire la liste"),
    ("↑ ↓", "Parcourir la liste"),
    ("Origine Fin", "Première, dernière ligne ; avec Maj, jusque-là"),
    ("Entrée", "Ouvrir la fiche de la ligne"),
    ("Maj ↑ ↓", "Choisir plusieurs lignes"),
    ("Ctrl Espace", "Choisir ou lâcher la ligne"),
    ("Ctrl A", "Choisir toutes les lignes"),
    ("Maj F10", "Ce qu'on peut faire de la ligne (ou clic droit)"),
    ("Échap", "Fermer la fiche ou revenir à la liste"),
    ("Ctrl 1…9", "Aller à une section"),
    ("Ctrl B", "Réduire la navigation"),
    ("Ctrl Tab", "Onglet suivant ; avec Maj, le précédent"),
    ("Ctrl W", "Fermer l'onglet"),
    ("F8", "Notifications"),
    ("Ctrl Z", "Défaire le dernier enregistrement"),
    ("Ctrl V", "Dans les documents : joindre ce qui est copié"),
    ("=", "Dans une date : maintenant"),
    ("↑ ↓", "Dans une date : un jour après, avant"),
    ("Ctrl ↑ ↓", "Dans une date : une semaine après, avant"),
    ("Pg ↑ ↓", "Dans une date : un mois après, avant"),
    ("Alt ↓", "Dans une date : le calendrier"),
    ("F1", "Cette aide"),
)

_BELOW, _AROUND, _HEAD = 42, 50, 70
"""What stays free under the panel, and in all: the status bar, and a little above; what its title takes of it."""


def _table(rows: Sequence[tuple[str, str]]) -> QWidget:
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(4)
    for line, (keys, words) in enumerate(rows):
        grid.addWidget(KeyCap(tr(keys)), line, 0)
        grid.addWidget(Text(tr(words), "body", "text.secondary"), line, 1)
    grid.setColumnStretch(1, 1)
    return table


class KeysPanel(GivesBack, Surface):
    """A drawer at the trailing side of the window: the keys of the page in sight, when it has its own, and of all.

    Args:
        own: the keys of the page in sight.
    """

    def __init__(self, window: QWidget, own: Callable[[], Sequence[tuple[str, str]]] = tuple) -> None:
        super().__init__("surface.raised", "border.default", 8, parent=window)
        self._window = window
        self._own = own
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Touches"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 14, 18)
        head = QHBoxLayout()
        head.addWidget(Text(tr("Touches"), "title"))
        head.addStretch()
        head.addWidget(icon_button("x", tr("Fermer"), self.hide))
        column.addLayout(head)
        self._body = QWidget()
        self._body.setObjectName("corps")
        self._tables = QHBoxLayout(self._body)
        self._tables.setContentsMargins(0, 0, 0, 0)
        self._tables.setSpacing(24)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self._body)
        column.addWidget(self._area)
        self._fill(())
        self.hide()
        window.installEventFilter(self)

    def _fill(self, own: Sequence[tuple[str, str]], beside: int = 1) -> None:
        clear(self._tables)
        each = -(-len(KEYS) // beside)
        for table in filter(None, (own, *(KEYS[start : start + each] for start in range(0, len(KEYS), each)))):
            self._tables.addWidget(_table(table), 0, Qt.AlignmentFlag.AlignTop)

    def toggle(self) -> None:
        if self.isHidden():
            own = self._own()
            self._fill(own)
            if self._body.sizeHint().height() > self._window.height() - _AROUND - _HEAD:
                # A low window, or a script that needs more room: the keys stand in two columns.
                self._fill(own, beside=2)
        self.setVisible(self.isHidden())
        if self.isVisible():
            self._place()
            self.raise_()
            self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self) -> None:
        wanted, bar = self._body.sizeHint(), self._area.verticalScrollBar().sizeHint().width()
        high = min(wanted.height(), self._window.height() - _AROUND - _HEAD)
        wide = wanted.width() + (bar if high < wanted.height() else 0)
        # At 200 % there is not room for all of them: they scroll, by the arrows as by the wheel.
        self._area.setFixedSize(min(wide, self._window.width() - 60), high)
        self.adjustSize()
        rtl = self._window.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 12 if rtl else self._window.width() - self.width() - 12
        self.move(x, self._window.height() - self.height() - _BELOW)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F1):
            self.hide()
            return
        down, beside = self._area.verticalScrollBar(), self._area.horizontalScrollBar()
        steps = {
            Qt.Key.Key_Down: (down, 22), Qt.Key.Key_Up: (down, -22), Qt.Key.Key_PageDown: (down, 160),
            Qt.Key.Key_PageUp: (down, -160), Qt.Key.Key_Right: (beside, 60), Qt.Key.Key_Left: (beside, -60),
        }  # fmt: skip
        if (step := steps.get(Qt.Key(event.key()))) is not None:
            bar, by = step
            bar.setValue(bar.value() + (-by if bar is beside and theme().rtl else by))
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
