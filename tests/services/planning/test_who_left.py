"""Who left is planned for no more: their account closed, or their record withdrawn."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from erp_desktop import clock
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import TransitionError
from erp_desktop.models import Technicien
from erp_desktop.services import interventions
from erp_desktop.services.administration import accounts
from erp_desktop.services.planning import actions, availability, reading, suggestion
from erp_desktop.services.planning.actions import PlanRefusedError, Wish
from erp_desktop.services.preventif import year
from tests.services.branch import Monde

MONDAY = date(2027, 3, 1)


def at(hour: int, day: int = 0) -> datetime:
    return datetime(2027, 3, 1 + day, hour, tzinfo=clock.CASABLANCA).astimezone(UTC)


@pytest.fixture(params=["compte", "fiche"])
def left(request: pytest.FixtureRequest, monde: Monde, monkeypatch: pytest.MonkeyPatch) -> Monde:
    """Karim had a visit on the Monday of one week, and left."""
    monkeypatch.setattr(clock, "now", lambda: at(7))
    monde.faire(actions.plan, monde.agent, [Wish(visit(monde), monde.karim, at(9), at(10))])
    if request.param == "compte":
        (who,) = monde.lire(Technicien.__table__.select().where(Technicien.id == monde.karim))
        monde.faire(accounts.close, monde.admin, who.user_id)
    else:
        monde.executer("UPDATE techniciens SET is_active = FALSE WHERE id = :id", id=monde.karim)
    return monde


def visit(monde: Monde) -> int:
    saisie = InterventionInput(titre="Fuite", equipement_id=monde.equipement, duree_estimee=60)
    return monde.faire(interventions.create, monde.agent, saisie)


def test_they_have_a_row_in_the_weeks_of_their_visits_alone(left: Monde) -> None:
    seen = {}
    for week in (0, 7):
        board = left.faire(reading.board, left.agent, date(2027, 3, 1 + week), 7, left.cas)
        seen[week] = {p.id: p.parti for p in board.techniciens}
    assert seen == {0: {left.karim: True, left.hind: False}, 7: {left.hind: False}}


def test_nothing_is_planned_nor_offered_for_them_and_their_hours_are_no_capacity(left: Monde) -> None:
    other = visit(left)
    with pytest.raises(PlanRefusedError, match="Karim Alaoui n'est plus en activité : choisissez un autre"):
        left.faire(actions.plan, left.agent, [Wish(other, left.karim, at(14), at(15))])
    found = left.faire(suggestion.who_and_when, left.agent, other, at(8), 60)
    assert {s.technicien_id for s in found} == {left.hind}
    # As for work that left: nobody is asked for, whoever is free.
    left.faire(interventions.changer_statut, left.responsable, other, Statut.ANNULEE, "Doublon")
    with pytest.raises(TransitionError, match="est close : elle ne se planifie plus"):
        left.faire(suggestion.who_and_when, left.agent, other, at(8), 60)
    board = left.faire(reading.board, left.agent, MONDAY, 7, left.cas)
    assert availability.load(board, left.karim, MONDAY) == (60, 0)
    people = left.faire(year._people, left.agent)
    assert [(agence, count) for agence, _hours, count in people] == [(left.cas, 1)]
