"""Pickers of the period and of the agency."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from erp_desktop import clock
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.periodes import PERIODES
from erp_desktop.errors import ErpError
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.ui.forms.date_editors import DateEditor
from erp_desktop.ui.forms.editors import Unreadable
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import colon, tr
from erp_desktop.ui.rapports import wording

_Entree = tuple[str, Callable[[], object], bool]


class Choix(QObject):
    """Two buttons with menus, and two date fields shown on demand; the page places them.

    Attributes:
        bornes: first and last day in force.
        agence_id: the agency in force, None for all.
    """

    change = Signal()

    def __init__(self, acteur: Acteur, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self._toutes_permises = acteur.role is Role.ADMIN or acteur.agence_id is None
        self._code = acteur.agence_code
        self.agence_id = acteur.agence_id
        self._agences: tuple[tuple[int, str], ...] = ()
        self._cle = "12m"
        self.bornes = next(p for p in PERIODES if p.cle == self._cle).bornes(clock.today())
        self.periode = Button("", "soft", icon="calendar", on_click=self.menu_periode)
        self.agence = Button("", "soft", icon="buildings", on_click=self.menu_agence)
        self.agence.setEnabled(self._toutes_permises)
        if not self._toutes_permises:
            self.agence.setToolTip(tr("Votre rôle donne accès à votre agence."))
        self.dates = self._champs()
        self._nommer()

    def _champs(self) -> QWidget:
        bloc = QWidget()
        rangee = QHBoxLayout(bloc)
        rangee.setContentsMargins(0, 0, 0, 0)
        rangee.setSpacing(8)
        self.debut, self.fin = DateEditor(Sens.PASSE), DateEditor(Sens.PASSE)
        for mot, nom, champ in (("Du", "Premier jour", self.debut), ("au", "Dernier jour", self.fin)):
            champ.setMinimumWidth(150)
            champ.setAccessibleName(tr(nom))
            champ.line.returnPressed.connect(self._appliquer)
            champ.changed.connect(functools.partial(champ.set_invalid, False))
            rangee.addWidget(Text(tr(mot), "body", "text.secondary"))
            rangee.addWidget(champ)
        rangee.addWidget(Button(tr("Appliquer"), "primary", on_click=self._appliquer))
        self.refus = Text("", "body", "semantic.danger.text")
        rangee.addWidget(self.refus)
        rangee.addStretch()
        bloc.hide()
        return bloc

    def offrir(self, agences: tuple[tuple[int, str], ...]) -> None:
        """The agencies of the database: identifier and name."""
        self._agences = agences
        self._nommer()

    def _nommer(self) -> None:
        nom = next((tr(p.nom) for p in PERIODES if p.cle == self._cle), "") or wording.period(*self.bornes)
        self.periode.setText(f"{tr('Période')}{colon()}{nom}  ▾")
        if self.agence_id is None:
            agence = tr("toutes")
        else:
            agence = next((nom for i, nom in self._agences if i == self.agence_id), self._code)
        self.agence.setText(f"{tr('Agence')}{colon()}{agence}{'  ▾' if self._toutes_permises else ''}")
        for bouton in (self.periode, self.agence):
            bouton.setAccessibleName(bouton.text().removesuffix("  ▾"))

    def _menu(self, sous: Button, entrees: list[_Entree]) -> QMenu:
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for nom, faire, coche in entrees:
            action = menu.addAction(nom)
            action.setCheckable(True)
            action.setChecked(coche)
            action.triggered.connect(functools.partial(_sans_etat, faire))
        menu.popup(sous.mapToGlobal(sous.rect().bottomLeft()))
        return menu

    def menu_periode(self) -> QMenu:
        entrees: list[_Entree] = [
            (tr(p.nom), functools.partial(self.choisir_periode, p.cle), p.cle == self._cle) for p in PERIODES
        ]
        entrees.append((tr("Choisir les dates…"), self.ouvrir_dates, self._cle == "dates"))
        return self._menu(self.periode, entrees)

    def menu_agence(self) -> QMenu:
        offertes = ((None, tr("Toutes les agences")), *self._agences)
        return self._menu(
            self.agence,
            [(nom, functools.partial(self.choisir_agence, i), i == self.agence_id) for i, nom in offertes],
        )

    def choisir_periode(self, cle: str) -> None:
        """Put one of ``PERIODES`` in force."""
        self._cle = cle
        self.bornes = next(p for p in PERIODES if p.cle == cle).bornes(clock.today())
        self.dates.hide()
        self._nommer()
        self.change.emit()

    def choisir_agence(self, agence_id: int | None) -> None:
        self.agence_id = agence_id
        self._nommer()
        self.change.emit()

    def choisir_dates(self, debut: date, fin: date) -> None:
        """Put the days from ``debut`` to ``fin`` in force; an inverted pair is refused beside the fields."""
        try:
            ParamsRapport(debut, fin)
        except ErpError as refus:
            self.refus.setText(str(refus))
            return
        self.refus.setText("")
        self._cle, self.bornes = "dates", (debut, fin)
        self._nommer()
        self.change.emit()

    def ouvrir_dates(self) -> None:
        for champ, jour in zip((self.debut, self.fin), self.bornes, strict=True):
            champ.show_value(jour)
            champ.set_invalid(False)
        self.refus.setText("")
        self.dates.show()
        self.debut.setFocus(Qt.FocusReason.OtherFocusReason)

    def _appliquer(self) -> None:
        lues: list[date] = []
        for champ in (self.debut, self.fin):
            try:
                lue = champ.value()
                if lue is None:
                    raise Unreadable(tr("Indiquez les deux dates de la période."))
            except Unreadable as refus:
                champ.set_invalid(True)
                self.refus.setText(str(refus))
                champ.setFocus(Qt.FocusReason.OtherFocusReason)
                return
            champ.set_invalid(False)
            champ.show_value(lue)
            lues.append(lue)
        self.choisir_dates(*lues)


def _sans_etat(faire: Callable[[], object], _coche: bool = False) -> None:
    faire()
