"""The order of plans by their next day is that of the days shown, whatever they come from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import StatutPlanning
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.models import Planning
from erp_desktop.services.preventif import form, generation, next_days
from erp_desktop.services.preventif import list as plans
from erp_desktop.services.shared.lists import ListQuery
from tests.services.conftest import Monde


def plan(monde: Monde, title: str, first: date, frequence: str = "annuel", **more: Any) -> int:
    values = {"modele_titre": title, "frequence": frequence, "date_debut": first, "equipement_id": monde.equipement}
    return monde.faire(form.create, monde.responsable, PlanInput(**(values | more)))


def test_plans_go_by_the_day_that_is_shown(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC))
    late = plan(monde, "Mensuel", date(2026, 11, 20), "mensuel", horizon_jours=40)
    # Beyond the horizon of ninety days: nothing is made of it yet.
    far = plan(monde, "Lointain", date(2027, 6, 1))
    farther = plan(monde, "Plus loin", date(2027, 9, 1))
    near = plan(monde, "Bientôt", date(2026, 12, 1))
    between = plan(monde, "Entre deux", date(2027, 2, 1), horizon_jours=7)
    stopped = plan(monde, "Suspendu", date(2027, 1, 1))
    with transaction(monde.engine) as session:
        session.get_one(Planning, stopped).statut = StatutPlanning.SUSPENDU
        generation.generer(session, monde.responsable, jusqu_au=date(2026, 12, 24))

    def listed(*, down: bool = False, limit: int | None = None, text: str = "") -> list[tuple[int, date | None]]:
        with transaction(monde.engine, write=False) as session:
            query = ListQuery(text, "prochaine", down, limit)
            rows = plans.rows(session, monde.responsable, plans.ids(session, monde.responsable, query))
            return [(r.id, r.prochaine) for r in rows]

    order = [
        (late, date(2026, 11, 20)), (near, date(2026, 12, 1)), (between, date(2027, 2, 1)), (far, date(2027, 6, 1)),
        (farther, date(2027, 9, 1)),
    ]  # fmt: skip
    assert listed() == [*order, (stopped, None)]
    assert listed(limit=2) == order[:2]
    # What has no day stands at the end, both ways.
    assert listed(down=True) == [*order[::-1], (stopped, None)]
    assert listed(text="loin") == [(far, date(2027, 6, 1)), (farther, date(2027, 9, 1))]
    with transaction(monde.engine, write=False) as session:
        walk = plans.PLACES.walk(session, monde.responsable, ListQuery("", "prochaine"))
        assert (walk.ids, walk.marks) == ([one for one, _day in listed()], ())
    # Of more plans than that, those whose visit waits come first.
    monkeypatch.setattr(next_days, "FEW", 3)
    many = [one for one, _day in listed()]
    assert many[:2] == [late, near]
    assert sorted(many[2:]) == sorted([between, far, farther, stopped])
