"""Where administration writes, and the drawer in which an administrator logs in to the centre."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import Role
from erp_desktop.errors import ErpError, NotAllowedError
from erp_desktop.settings import Mode
from erp_desktop.sync.device import administration
from erp_desktop.sync.device.administration import Seat
from erp_desktop.ui.background import Fond
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, ErrorLine, Field, LineEdit, Text, icon_button
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.sign_in.password_field import MotDePasse
from erp_desktop.ui.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Place:
    """What administration works on.

    Attributes:
        contexte: with the tasks of that database, and the person with the rights that hold there.
        writes: reference data and accounts can be written here.
        central: it is the centre's PostgreSQL.
        words: what it is called.
    """

    contexte: Contexte
    writes: bool
    central: bool
    words: str


def here(contexte: Contexte, *, writes: bool) -> Place:
    """The database that the window works on; where it may not write, the person has a manager's rights."""
    acteur = contexte.acteur if writes else replace(contexte.acteur, role=Role.RESPONSABLE)
    central = contexte.settings.mode is Mode.CENTRE
    words = tr("Centre") if central else tr("Ce poste")
    return Place(_without_tabs(contexte, acteur=acteur), writes, central, words)


def there(contexte: Contexte, seat: Seat, parent: QWidget) -> Place:
    """The centre, under the administrator's own login."""
    tasks = Tasks(seat.worker, parent)
    tasks.failed.connect(contexte.tasks.failed)
    words = tr("Centre {hote}, {serveur}", hote=isolate(seat.host), serveur=isolate(f"PostgreSQL {seat.version}"))
    return Place(_without_tabs(contexte, tasks=tasks), True, True, words)


def _without_tabs(contexte: Contexte, **changes: Any) -> Contexte:
    """Records of another database have no tab of their own in this window."""
    return replace(contexte, open_record=lambda _kind, _row_id: None, **changes)


class SeatPanel(Surface):
    """Login and password of the centre; they are kept nowhere."""

    seated = Signal(object)

    def __init__(self, contexte: Contexte, parent: QWidget) -> None:
        super().__init__("surface.sunken", "border.subtle", sides="b", parent=parent)
        self._contexte = contexte
        self._work = Fond(self)
        self._work.finished.connect(self._entered)
        self._work.failed.connect(self._refused)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(tr("S'identifier au centre"), "section"))
        head.addStretch()
        head.addWidget(icon_button("x", tr("Fermer"), self.hide))
        column.addLayout(head)
        told = tr("Avec un identifiant PostgreSQL d'administrateur du centre. Il n'est gardé nulle part.")
        column.addWidget(Text(told, "caption", "text.secondary", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(10)
        self.login, self.password = LineEdit("erp_admin"), MotDePasse()
        self.login_field = Field(tr("Identifiant du centre"), self.login)
        self.password_field = Field(tr("Mot de passe"), self.password)
        row.addWidget(self.login_field, 1)
        row.addWidget(self.password_field, 1)
        self.enter_button = Button(tr("S'identifier"), "primary", on_click=self.enter)
        row.addWidget(self.enter_button, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.login.returnPressed.connect(self.password.setFocus)
        self.password.returnPressed.connect(self.enter)
        self.hide()

    def open(self) -> None:
        self.trouble.say("")
        self.show()
        self.login.setFocus()

    def enter(self) -> None:
        """Ask the centre, off this thread."""
        login, password, options = self.login.text().strip(), self.password.text(), self._contexte.settings
        self.login_field.say("" if login else "Ce champ est obligatoire.")
        if not login or self._work.busy:
            return
        self.enter_button.setEnabled(False)
        self.trouble.say("")
        user = self._contexte.acteur.user_id

        def work(_progress: object) -> Seat:
            address = (
                options.central_url if options.mode is Mode.CENTRE and options.central_url
                else administration.known_address(options.cache, options.secrets_file)
            )  # fmt: skip
            return administration.seat(address, login, password, user)

        self._work.run(work)

    def _entered(self, seat: Seat) -> None:
        self.enter_button.setEnabled(True)
        self.password.clear()
        self.hide()
        self.seated.emit(seat)

    def _refused(self, error: Exception) -> None:
        self.enter_button.setEnabled(True)
        if isinstance(error, NotAllowedError):
            self.password.clear()
        if isinstance(error, ErpError):
            self.trouble.say(str(error))
        else:
            self._contexte.tasks.failed.emit(error)
