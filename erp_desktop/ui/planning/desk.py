"""What the board asks of the database: plans, their undo, who and when; each answer brings the board up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.services.planning import actions, suggestion
from erp_desktop.services.planning.actions import Done, PlanRefusedError, Wish
from erp_desktop.services.planning.data import Card, Problem, Visit
from erp_desktop.services.planning.suggestion import Suggestion
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.panels import ReasonPanel, WhoAndWhenPanel


class Desk(QObject):
    """Acts for one page."""

    done = Signal()
    """Something was written, or refused: read again."""
    planned = Signal(object)
    """The intervention that is about to be planned."""
    told = Signal(str)
    """A refusal, in words."""

    def __init__(self, contexte: Contexte, page: QWidget, reason: ReasonPanel, who: WhoAndWhenPanel) -> None:
        super().__init__(page)
        self._contexte, self._page = contexte, page
        self._reason, self._who = reason, who
        self._cards: dict[int, Card] = {}
        who.chosen.connect(self._chosen)

    def with_reason(self, wishes: Sequence[Wish], words_: str, problems: Sequence[Problem]) -> None:
        """Plan once the person said why the warnings are passed over."""
        self._reason.ask(problems, lambda motif: self.plan(wishes, words_, motif))

    def plan(self, wishes: Sequence[Wish], words_: str, motif: str = "") -> None:
        """Write plans; a warning that only the database knew of asks for its reason."""
        acteur = self._contexte.acteur

        def refused(error: Exception) -> None:
            if isinstance(error, PlanRefusedError) and error.needs_reason:
                self.with_reason(wishes, words_, error.problems)
            else:
                self.refused(error)

        self.planned.emit(wishes[0].intervention_id)
        self.act(lambda s: actions.plan(s, acteur, wishes, motif), words_, refused)

    def change(self, what: str, card: Card) -> None:
        """Take a card off the board, or lock it where it is."""
        acteur, ident = self._contexte.acteur, card.slot_id
        if what == "retirer":
            done = tr("{numero} est à planifier", numero=card.visit.numero)
            self.act(lambda s: [actions.unplan(s, acteur, card)], done)
        elif what == "verrouiller" and ident is not None:
            locked = not card.verrouille
            done = tr("Créneau verrouillé") if locked else tr("Créneau déverrouillé")
            self.act(lambda s: [actions.lock(s, acteur, ident, locked=locked)], done)

    def act(
        self, act: Callable[[Any], list[Done]], words_: str, on_error: Callable[[Exception], object] | None = None
    ) -> None:  # fmt: skip
        """Write, say it, and offer the way back."""

        def finished(dones: list[Done]) -> None:
            self._contexte.say(words_, lambda: self.undo(dones), "success")
            self._publish(dones)

        self._contexte.tasks.run(act, finished, on_error or self.refused, write=True, owner=self._page)

    def undo(self, dones: list[Done]) -> None:
        acteur = self._contexte.acteur
        self._contexte.tasks.run(
            lambda s: actions.undo(s, acteur, dones), lambda _none: self._publish(dones), self.refused, write=True,
            owner=self._page,
        )  # fmt: skip

    def _publish(self, dones: list[Done]) -> None:
        bus = self._contexte.bus
        bus.publish("interventions", *{d.intervention_id for d in dones}, initiator=self._page)
        bus.publish("creneaux", *{d.slot_id for d in dones}, initiator=self._page)
        self.done.emit()

    def refused(self, error: Exception) -> None:
        words_ = words.problems(error.problems) if isinstance(error, PlanRefusedError) else sentence(error)
        self._contexte.say(words_, None, "danger")
        self.told.emit(words_)
        self.done.emit()

    # Who and when

    def suggest(self, visit: Visit, card: Card | None = None) -> None:
        """Offer the best places for a visit; ``card`` is where it is now."""
        acteur = self._contexte.acteur
        if card is not None:
            self._cards[visit.intervention_id] = card
        self._contexte.tasks.run(
            lambda s: suggestion.who_and_when(s, acteur, visit.intervention_id, clock.now()),
            lambda found: self._who.show_suggestions(visit, found), self.refused, owner=self._page,
        )  # fmt: skip

    def _chosen(self, visit: Visit, one: Suggestion) -> None:
        card = self._cards.pop(visit.intervention_id, None)
        slot = card.slot_id if card is not None else None
        wish = Wish(visit.intervention_id, one.technicien_id, one.debut, one.fin, slot, card)
        done = tr("{numero} : {place}, {nom}", numero=visit.numero, place=words.when(one), nom=one.nom)
        if one.problems:
            self.with_reason([wish], done, one.problems)
        else:
            self.plan([wish], done)


def sentence(error: Exception) -> str:
    """What a person reads of an error."""
    return said(str(error)) if isinstance(error, ErpError) else tr("Le détail est dans le journal de ce poste.")
