"""« Lisser »: the visits that may leave an overloaded week, shown before they move, given back by Ctrl+Z."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from erp_desktop.services.preventif import list as plans
from erp_desktop.services.preventif import occurrences, smoothing
from erp_desktop.services.preventif.occurrences import Deplacement
from erp_desktop.services.preventif.smoothing import Lissage
from erp_desktop.ui.kit.i18n import colon, isolate, number, said, tr
from erp_desktop.ui.lists.query import canonical
from erp_desktop.ui.preventif.preview import ChangesPanel
from erp_desktop.ui.wording import value_labels

if TYPE_CHECKING:
    from erp_desktop.ui.preventif.page import PlansPage


def _hours(minutes: int) -> str:
    return number(round(minutes / 60))


def week_number(monday: date) -> str:
    return number(monday.isocalendar().week)


class Smoothing(QObject):
    """Asks for the proposal of a week, shows it and carries it out."""

    def __init__(self, page: PlansPage) -> None:
        super().__init__(page)
        self._page = page
        columns = [tr("Date"), tr("Nouvelle date"), tr("Équipement"), tr("Visite")]
        self.panel = ChangesPanel(page, tr("Visites à déplacer"), columns, tr("Déplacer"), self._apply)
        self._proposed: Lissage | None = None

    def ask(self, monday: date) -> None:
        """Read what could leave this week; nothing is written before it is confirmed."""
        page, contexte = self._page, self._page.contexte
        acteur, text = contexte.acteur, canonical(page.filter.text(), page.spec.words)

        def read(session: Any) -> Lissage:
            return smoothing.proposer(session, acteur, plans.conditions(session, acteur, text), monday)

        contexte.tasks.run(read, self._show, lambda error: contexte.say(said(str(error)), kind="danger"), owner=self)

    def _show(self, found: Lissage) -> None:
        self._proposed = found
        week = week_number(found.monday)
        if not found.visites:
            words = tr("Semaine {n} : aucune visite créée ne peut partir sans quitter sa tolérance.", n=week)
            self._page.contexte.say(words, kind="info")
            return
        note = tr("De {avant} h à {apres} h, pour {capacite} h ouvrées.", avant=_hours(found.avant),
                  apres=_hours(found.apres), capacite=_hours(found.capacite))  # fmt: skip
        notes = [note]
        if found.apres > found.capacite:
            notes.append(tr("Le reste ne peut partir sans quitter sa tolérance."))
        title = tr("Semaine {n}", n=week) + colon() + tr("{n} visites à déplacer", n=number(len(found.visites)))
        self.panel.show_rows(
            title, notes,
            [(isolate(value_labels.day(v.du)), isolate(value_labels.day(v.au)), isolate(v.equipement),
              isolate(v.titre)) for v in found.visites],
        )  # fmt: skip

    def _apply(self) -> None:
        found = self._proposed
        if found is None:
            return
        motive = smoothing.motif(found.monday)
        moves = [Deplacement(v.occurrence_id, v.du, v.au, motive) for v in found.visites]

        def done(back: list[Deplacement]) -> None:
            words = tr("{n} visites déplacées", n=number(len(back)))
            self._page.contexte.say(words, lambda: self._move(back, "lissage défait", undone))
            self._told()

        def undone(_back: list[Deplacement]) -> None:
            self._page.contexte.say(tr("Lissage défait"), kind="info")
            self._told()

        self._move(moves, motive, done)

    def _move(self, moves: list[Deplacement], cause: str, then: Any) -> None:
        contexte = self._page.contexte
        contexte.tasks.run(
            lambda session: occurrences.deplacer(session, contexte.acteur, moves, cause), then,
            lambda error: contexte.say(said(str(error)), kind="danger"), write=True,
        )  # fmt: skip

    def _told(self) -> None:
        self._page.contexte.bus.publish("plannings")
        self._page.contexte.bus.publish("interventions")
