"""A new version that waits for the window to close, and the way back to the one before."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from erp_desktop.ui.frame.question import QuestionPage
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import isolate, tr


class VersionNotice(Button):
    """In the status bar once a version is here: whether it is installed when the window closes."""

    wanted_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "quiet", icon="download-simple", on_click=self.choose, parent=parent)
        self._wanted = True
        self.hide()

    def tell(self, version: str, *, wanted: bool) -> None:
        """Show that ``version`` is ready."""
        self._wanted = wanted
        words = (
            tr("Version {version} : à la fermeture", version=isolate(version)) if wanted
            else tr("Version {version} prête", version=isolate(version))
        )  # fmt: skip
        self.setText(words)
        self.setAccessibleName(words)
        self.show()

    def choose(self) -> QMenu:
        """The one choice that there is, above the notice."""
        menu = QMenu(self)
        act = menu.addAction(tr("Installer à la fermeture"))
        act.setCheckable(True)
        act.setChecked(self._wanted)
        act.triggered.connect(self.wanted_changed)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().topLeft()) - QPoint(0, menu.sizeHint().height()))
        return menu


class BackPage(QuestionPage):
    """Covers the window: what going back to the version before does. Enter goes back to work, so does Esc.

    ``answered``: True to go back to that version.
    """

    def __init__(self, version: str) -> None:
        super().__init__(tr("Revenir à la version {version} ?", version=isolate(version)))
        words = tr(
            "Le programme se ferme ; la version d'avant reprend sa place, avec la base d'avant la mise à jour et "
            "tout ce qui a été fait depuis, puis elle s'ouvre. Les saisies en cours restent en brouillon. Si "
            "quelque chose n'y a pas de place, rien ne change et la raison est dite."
        )
        self.stay = Button(tr("Garder cette version"), "primary", on_click=lambda: self.answered.emit(False))
        self.back = Button(tr("Revenir à la version précédente"), on_click=lambda: self.answered.emit(True))
        self.ask(words, (self.back, self.stay), self.stay)
