"""Plans that collide, in the inbox: a notice each, gone once a slot has moved."""

from __future__ import annotations

from functools import partial

import shiboken6
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.domain.enums import TypeAbsence
from erp_desktop.services.planning.collisions import Collision, collisions
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import clear
from erp_desktop.ui.kit.held import Held, changed
from erp_desktop.ui.kit.i18n import code, isolate, tr
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.planning import words
from erp_desktop.ui.wording import value_labels

_SHOWN = 5
_TABLES = {"creneaux", "interventions", "absences"}


class CollisionsNotice(QWidget):
    """The nearest collisions of the planning; empty and without height when there is none.

    Attributes:
        found: all of them.
    """

    def __init__(self, contexte: Contexte, held: Held, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contexte, self._held = contexte, held
        self._shown = False
        self.found: list[Collision] = []
        self.banners: list[Banner] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        contexte.bus.data_changed.connect(self._changed)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def _changed(self, changes: object, _initiator: object) -> None:
        if isinstance(changes, dict) and _TABLES & set(changes):
            self.reload()

    def reload(self) -> None:
        """Look again for what collides."""
        if shiboken6.isValid(self):
            acteur = self._contexte.acteur
            self._contexte.tasks.run(lambda session: collisions(session, acteur), self._take, owner=self)

    def _take(self, found: list[Collision]) -> None:
        changes = changed(dict(enumerate(self.found)), dict(enumerate(found)))
        self._held.take("collisions", changes, lambda: self._show(found), at_once=not self._shown)
        self._shown = True

    def _show(self, found: list[Collision]) -> None:
        if found == self.found:
            return
        self.found = found
        clear(self._column)
        self.banners = [self._notice(one) for one in found[:_SHOWN]]
        if len(found) > _SHOWN:
            self.banners.append(Banner("warning", tr("Collisions du planning : {n}", n=len(found)), square=True))
        for banner in self.banners:
            self._column.addWidget(banner)

    def _notice(self, one: Collision) -> Banner:
        other = one.autre if one.autre_intervention_id else value_labels.label(TypeAbsence, one.autre).lower()
        said = tr(
            "{technicien} : {numero} et {autre} le {jour}, {heures}", technicien=one.technicien,
            numero=code(one.numero), autre=code(other),
            jour=isolate(clock.local(one.debut).strftime("%d/%m")), heures=words.span(one.debut, one.fin),
        )  # fmt: skip
        detail = tr("planifié par {nom}", nom=one.auteur) if one.auteur else ""
        act = partial(self._contexte.open_record, "interventions", one.intervention_id)
        return Banner("warning", said, square=True, detail=detail, action=tr("Ouvrir la fiche"), on_action=act)
