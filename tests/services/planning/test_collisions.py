"""What collides is the same on the board and in the inbox: leaves, weekly ones too, and nothing that is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from erp_desktop import clock
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.services import interventions
from erp_desktop.services.planning import absences, actions, reading
from erp_desktop.services.planning.actions import Wish
from erp_desktop.services.planning.collisions import collisions
from erp_desktop.services.planning.data import Card
from erp_desktop.ui.planning import words
from tests.services.branch import Monde

MONDAY = date(2027, 3, 1)


def at(hour: int, day: int = 0) -> datetime:
    return datetime.combine(MONDAY + timedelta(days=day), time(hour), clock.CASABLANCA).astimezone(UTC)


def _planned(monde: Monde, title: str, begin: datetime, end: datetime) -> int:
    typed = InterventionInput(titre=title, equipement_id=monde.equipement)
    ident: int = monde.faire(interventions.create, monde.agent, typed)
    monde.faire(actions.plan, monde.agent, [Wish(ident, monde.karim, begin, end)], "Essai")
    return ident


def test_a_visit_in_a_leave_is_told_of_wherever_it_is_looked_at(monde: Monde) -> None:
    m = monde
    friday, next_friday = (_planned(m, "Vendredi", at(15, day), at(16, day)) for day in (4, 11))
    ill, free = (_planned(m, "Visite", at(9, day), at(10, day)) for day in (1, 2))
    each_week = {"recurrence": "hebdomadaire", "recurrence_fin": date(2027, 3, 6), "statut": "acceptee"}
    for typed in (
        {"type": "conge", "debut": at(14, -3), "fin": at(18, -3), **each_week},
        {"type": "maladie", "debut": at(0, 1), "fin": at(0, 2), "statut": "acceptee"},
        {"type": "conge", "debut": at(0, 2), "fin": at(0, 3)},  # asked for, not accepted
    ):
        m.faire(absences.create, m.responsable, absences.AbsenceInput(technicien_id=m.karim, **typed))

    def told() -> list[tuple[int, str]]:
        return [(c.intervention_id, c.autre) for c in m.faire(collisions, m.agent, at(0))]

    def marked() -> dict[int, str]:
        board = m.faire(reading.board, m.agent, MONDAY, 14)
        shown: dict[int, Card] = {c.visit.intervention_id: c for c in board.cards if c.key in board.crossing}
        return {ident: words.tip(board, c).splitlines()[-1] for ident, c in shown.items()}

    assert told() == [(ill, "maladie"), (friday, "conge")]
    said = "Pendant une absence de ce technicien"
    assert marked() == {ill: said, friday: said}
    assert next_friday not in marked(), "the leave of every week has ended by then"
    # Two at once; closed, one of them is no matter any more.
    other = _planned(m, "Aussi", at(9, 2), at(11, 2))
    assert told()[1] == (other, m.faire(interventions.get, m.agent, free).numero)
    assert marked()[free] == marked()[other] == "Chevauche un autre créneau de ce technicien"
    m.executer("UPDATE interventions SET statut = 'cloturee', diagnostic = 'Vu' WHERE id = :i", i=other)
    assert [one for one, _ in told()] == [ill, friday]
    assert marked().keys() == {ill, friday}
