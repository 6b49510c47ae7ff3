"""What the board asks of the database: plans, their undo, who and when; each answer brings the board up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.errors import CentralUnreachableError, ErpError
from erp_desktop.services.planning import actions, checks, postpone, suggestion
from erp_desktop.services.planning.actions import Done, PlanRefusedError, Wish
from erp_desktop.services.planning.data import Card, Problem, Visit
from erp_desktop.services.planning.postpone import Later
from erp_desktop.services.planning.suggestion import Suggestion
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.lift import Lift
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

    def dropped(self, lift: Lift) -> None:
        """Plan what was let go; what it breaks asks for its reason."""
        wishes, first = lift.wishes(), lift.first
        person = lift.board.people.get(first.technicien_id)
        done = tr("{numero} : {place}, {nom}", numero=first.visit.numero, place=words.span(first.debut, first.fin),
                  nom=person.nom if person else "")  # fmt: skip
        if lift.problems:
            self.with_reason(wishes, done, lift.problems)
        else:
            self.plan(wishes, done)

    def turned_away(self, lift: Lift) -> None:
        """What was refused where it was let go may be free later."""
        problems = lift.problems
        self._look_later(lift.wishes(), problems, lambda found: self._reason.refuse(problems, *self._offer(found)))

    def with_reason(self, wishes: Sequence[Wish], words_: str, problems: Sequence[Problem]) -> None:
        """Plan once the person said why the warnings are passed over, or take the next free hours instead."""
        asked = self._reason.ask(problems, lambda motif: self.plan(wishes, words_, motif, problems))
        self._look_later(wishes, problems, lambda found: self._reason.offer(asked, *self._offer(found)))

    def _look_later(
        self, wishes: Sequence[Wish], problems: Sequence[Problem], then: Callable[[Later], object]
    ) -> None:
        """Look where one visit would be in nobody's way; of several together, nothing is offered."""
        if len(wishes) != 1 or not postpone.settles(problems):
            return
        acteur, [wish] = self._contexte.acteur, wishes
        self._contexte.tasks.run(
            lambda s: postpone.offer(s, acteur, wish, clock.now()),
            lambda found: found is not None and then(found), self.refused, owner=self._page,
        )  # fmt: skip

    def _offer(self, found: Later) -> tuple[str, str, Callable[[], object]]:
        """What the button says, what it would still warn of, what it does."""
        return words.later(found), words.problems(found.problems), partial(self.take_later, found)

    def take_later(self, found: Later) -> None:
        """Plan further on, through the same checks."""
        done = tr("Repoussée : {place}, {nom}", place=words.when(found), nom=found.nom)
        if found.problems:
            self.with_reason([found.wish], done, found.problems)
        else:
            self.plan([found.wish], done)

    def _postpone(self, card: Card) -> None:
        """Offer to put off what stands on the board, an hour at least."""
        acteur, wish = self._contexte.acteur, postpone.wish_of(card)
        stays = checks.stays(card)
        if stays is not None:
            self._tell(words.problem(stays))
            return

        def found(place: Later | None) -> None:
            if place is None:
                self._tell(tr("Plus de place libre pour cette personne dans les deux semaines."))
            else:
                self._reason.put_off(words.card_place(card), *self._offer(place))

        self._contexte.tasks.run(
            lambda s: postpone.offer(s, acteur, wish, clock.now(), at_least=postpone.STEP), found, self.refused,
            owner=self._page,
        )  # fmt: skip

    def plan(
        self, wishes: Sequence[Wish], words_: str, motif: str = "", problems: Sequence[Problem] = ()
    ) -> None:  # fmt: skip
        """Write plans; a warning that only the database knew of asks for its reason.

        Args:
            motif: why the warnings ``problems`` are passed over; what was typed stays when the line was cut.
        """
        acteur = self._contexte.acteur

        def refused(error: Exception) -> None:
            if isinstance(error, PlanRefusedError) and error.needs_reason:
                self.with_reason(wishes, words_, error.problems)
            elif motif and isinstance(error, CentralUnreachableError):
                then = partial(self.plan, wishes, words_, problems=problems)
                self._reason.ask(problems, then, motif, sentence(error))
            else:
                self.refused(error)

        self.planned.emit(wishes[0].intervention_id)
        self.act(lambda s: actions.plan(s, acteur, wishes, motif), words_, refused)

    def change(self, what: str, card: Card) -> None:
        """Take a card off the board, lock it where it is, or put it off."""
        acteur, ident = self._contexte.acteur, card.slot_id
        if what == "retirer":
            done = tr("{numero} est à planifier", numero=card.visit.numero)
            self.act(lambda s: [actions.unplan(s, acteur, card)], done)
        elif what == "verrouiller" and ident is not None:
            locked = not card.verrouille
            done = tr("Créneau verrouillé") if locked else tr("Créneau déverrouillé")
            self.act(lambda s: [actions.lock(s, acteur, ident, locked=locked)], done)
        elif what == "repousser":
            self._postpone(card)

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

    def _tell(self, words_: str) -> None:
        self._contexte.say(words_, None, "info")
        self.told.emit(words_)

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
