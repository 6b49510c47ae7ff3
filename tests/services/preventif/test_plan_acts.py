"""Suspending, taking up again and ending a plan, and the way back from each."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop.domain.enums import StatutPlanning
from erp_desktop.errors import NotAllowedError, TransitionError
from erp_desktop.models import Planning
from erp_desktop.services.preventif import occurrences
from tests.services.conftest import Monde
from tests.services.preventif.test_plans import MONDAY, due, plan, run, today


def test_an_act_on_a_plan_is_taken_back_with_its_visits_while_nothing_followed(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    today(monkeypatch, MONDAY)
    ident = plan(monde)
    run(monde)

    def facts() -> tuple[Any, ...]:
        (found,) = monde.lire(sa.select(Planning.statut, Planning.rythme_depuis).where(Planning.id == ident))
        return (*found, [d for d in due(monde, ident) if d[2] == "generee"])

    before = facts()
    assert len(before[2]) > 5
    for vers in (StatutPlanning.SUSPENDU, StatutPlanning.TERMINE):
        back = monde.faire(occurrences.changer_plan, monde.responsable, ident, vers)
        assert facts()[2] == before[2][:1], "what is to come is withdrawn"
        with pytest.raises(NotAllowedError):
            monde.faire(occurrences.revenir_plan, monde.agent, back)
        monde.faire(occurrences.revenir_plan, monde.responsable, back)
        assert facts() == before
    with pytest.raises(TransitionError, match="a changé depuis"):
        monde.faire(occurrences.revenir_plan, monde.responsable, back)
    back = monde.faire(occurrences.changer_plan, monde.responsable, ident, StatutPlanning.SUSPENDU)
    monde.faire(occurrences.changer_plan, monde.responsable, ident, StatutPlanning.ACTIF)
    monde.faire(occurrences.changer_plan, monde.responsable, ident, StatutPlanning.SUSPENDU)
    with pytest.raises(TransitionError, match="a changé depuis"):
        monde.faire(occurrences.revenir_plan, monde.responsable, back)
