"""The panel in which a person changes their own password; not modal, Esc closes it."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.people import given
from erp_desktop.errors import ErpError, NotAllowedError, ValidationError
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms.part import scroller
from erp_desktop.ui.kit.controls import Button, ErrorLine, Field, Text, icon_button
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import GivesBack, Surface
from erp_desktop.ui.sign_in.password_field import MotDePasse

_WIDTH, _EDGE = 380, 6


class PasswordPanel(GivesBack, Surface):
    """Below the person's menu: the present password, the new one, and the new one again."""

    def __init__(self, window: QWidget, contexte: Contexte) -> None:
        super().__init__("surface.raised", "border.default", 8, parent=window)
        self._window, self._contexte = window, contexte
        self._busy = False
        self.setAccessibleName(tr("Changer mon mot de passe"))
        self.setFixedWidth(_WIDTH)
        self._body = QWidget()
        self._body.setObjectName("corps")
        column = QVBoxLayout(self._body)
        column.setContentsMargins(20, 14, 14, 18)
        column.setSpacing(10)
        self._area = scroller(self._body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(self._area)
        head = QHBoxLayout()
        head.addWidget(Text(tr("Changer mon mot de passe"), "title"))
        head.addStretch()
        head.addWidget(icon_button("x", tr("Fermer"), self.close_panel))
        column.addLayout(head)
        self.present, self.new, self.again = MotDePasse(), MotDePasse(), MotDePasse()
        self.fields = {
            "ancien": Field(tr("Mot de passe actuel"), self.present),
            "mot_de_passe": Field(tr("Nouveau mot de passe"), self.new),
            "encore": Field(tr("Le nouveau, encore une fois"), self.again),
        }
        for field in self.fields.values():
            column.addWidget(field)
        column.addWidget(Text(tr("{n} caractères au moins.", n=given.LENGTH), "caption", "text.tertiary", wrap=True))
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        foot = QHBoxLayout()
        foot.addStretch()
        self.cancel = Button(tr("Annuler"), on_click=self.close_panel)
        self.submit = Button(tr("Changer"), "primary", on_click=self.change)
        foot.addWidget(self.cancel)
        foot.addWidget(self.submit)
        column.addLayout(foot)
        self.present.returnPressed.connect(self.new.setFocus)
        self.new.returnPressed.connect(self.again.setFocus)
        self.again.returnPressed.connect(self.change)
        for before, after in pairwise((self.present, self.new, self.again, self.submit, self.cancel)):
            QWidget.setTabOrder(before, after)
        for field in self.fields.values():
            field.editor.textEdited.connect(lambda _text, field=field: self._mended(field))  # type: ignore[attr-defined]
        self.hide()
        window.installEventFilter(self)

    def open(self) -> None:
        """Show the panel, empty."""
        self._empty()
        self.show()
        self._place()
        self.raise_()
        self.present.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_panel(self) -> None:
        """Nothing typed stays behind."""
        self._empty()
        self.hide()

    def _empty(self) -> None:
        for line in (self.present, self.new, self.again):
            line.clear()
        self._say({})

    def _mended(self, field: Field) -> None:
        field.say("")
        self.trouble.say("")
        self._place()

    def _say(self, wrong: dict[str, str], trouble: str = "") -> None:
        for name, field in self.fields.items():
            field.say(wrong.get(name, ""))
        self.trouble.say(trouble)
        self._place()
        first = next((self.fields[name].editor for name in self.fields if name in wrong), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def change(self) -> None:
        """Ask for the change; the answer comes back on this thread."""
        from erp_desktop.ui.sign_in.page import changer_au_poste

        if self._busy:
            return
        old, new, again = self.present.text(), self.new.text(), self.again.text()
        wrong = {}
        if not old:
            wrong["ancien"] = tr("Indiquez votre mot de passe.")
        if not new:
            wrong["mot_de_passe"] = tr("Indiquez le nouveau mot de passe.")
        elif new != again:
            wrong["encore"] = tr("Les deux saisies ne sont pas les mêmes.")
        self._say(wrong)
        if wrong:
            return
        self._set_busy(True)
        acteur, settings = self._contexte.acteur, self._contexte.settings
        self._contexte.tasks.run(
            lambda session: changer_au_poste(session, acteur, old, new, settings=settings),
            lambda _none: self._changed(), self._refused, write=True, owner=self,
        )  # fmt: skip

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.submit.setEnabled(not busy)
        self.submit.setText(tr("Vérification…") if busy else tr("Changer"))

    def _changed(self) -> None:
        self._set_busy(False)
        self.close_panel()
        self._contexte.say(tr("Mot de passe changé."))

    def _refused(self, error: Exception) -> None:
        from erp_desktop.services.auth import REFUS

        self._set_busy(False)
        if isinstance(error, ValidationError):
            self._say(error.champs)
        elif isinstance(error, NotAllowedError):
            words = str(error)
            self._say({"ancien": tr("Ce n'est pas votre mot de passe actuel.") if words == REFUS else words})
        elif isinstance(error, ErpError):
            self._say({}, str(error))
        else:
            self._contexte.tasks.failed.emit(error)

    def _place(self) -> None:
        if self.isHidden():
            return
        layout, room = self._body.layout(), self._window.height() - 2 * _EDGE
        if layout is not None:
            layout.activate()
        high = self._body.heightForWidth(_WIDTH - 2) if self._body.hasHeightForWidth() else -1
        # Enlarged, on a small screen, it scrolls.
        high = min(room, max(high, self._body.sizeHint().height()) + 2)
        self.resize(_WIDTH, high)
        rtl = self._window.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 12 if rtl else self._window.width() - self.width() - 12
        self.move(x, min(56, self._window.height() - high - _EDGE))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)
