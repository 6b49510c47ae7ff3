"""Targets of figures: who sets them, which one holds on a day, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.figures import BY_KEY
from erp_desktop.errors import NotAllowedError, NotFoundError, ValidationError
from erp_desktop.models import Objectif
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.managers import builder, dashboard
from erp_desktop.services import objectifs
from erp_desktop.services.objectifs import ObjectifInput
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde


def _set(monde: Monde, acteur: Acteur, chiffre: str, value: str, day: date, agence: int | None = None) -> int:
    with transaction(monde.engine) as session:
        typed = ObjectifInput(chiffre=chiffre, cible=Decimal(value), date_debut=day, agence_id=agence)
        return objectifs.create(session, acteur, typed)


def test_the_latest_target_of_the_agency_holds_and_tiles_show_it(monde: Monde) -> None:
    today = clock.today()
    chef, boss = monde.responsable, replace(monde.responsable, role=Role.ADMIN, agence_id=None)
    assert chef.agence_id is not None
    old, new, later = today - timedelta(days=400), today - timedelta(days=2), today + timedelta(days=1)
    _set(monde, boss, "sla_tenus", "90", old)
    ours = _set(monde, chef, "sla_tenus", "97.5", new)
    _set(monde, chef, "sla_tenus", "99", later)
    _set(monde, boss, "mttr", "4.5", old)
    with transaction(monde.engine) as session:
        known = {f.cle: f.cible for f in BY_KEY.values() if f.cible is not None}
        assert objectifs.of_day(session, None, today) == {**known, "sla_tenus": 90.0, "mttr": 270.0}
        assert objectifs.of_day(session, chef.agence_id, today)["sla_tenus"] == 97.5
        assert objectifs.of_day(session, chef.agence_id, new - timedelta(days=1))["sla_tenus"] == 90.0
        assert objectifs.of_day(session, chef.agence_id, later)["sla_tenus"] == 99.0
        assert objectifs.of_day(session, chef.agence_id, old - timedelta(days=1)) == known
        board = dashboard.read(session, chef, Scope(today - timedelta(days=29), today))
        tiles = {t.figure: t.target for t in board.tiles}
        assert (tiles["sla_tenus"], tiles["mttr"], tiles["encours"]) == (97.5, 270.0, None)
        asked = builder.Definition(("mttr",), "agence", "30j")
        assert builder.goal(builder.answer(session, chef, asked)) == 4.5
        # A list of its own, narrowed by figure; the form reads it back.
        found = objectifs.LISTING.ids(session, chef, ListQuery("chiffre:sla_tenus"))
        assert [r.cible for r in objectifs.LISTING.rows(session, chef, found)] == [90, Decimal("97.5"), 99]
        card = objectifs.get(session, chef, ours)
        assert (card.cible, card.date_debut) == (Decimal("97.5"), new)
        objectifs.update(session, chef, ours, {"cible": Decimal(96)})
        assert objectifs.of_day(session, chef.agence_id, today)["sla_tenus"] == 96.0


def test_who_may_not_and_what_cannot_be_a_target(monde: Monde) -> None:
    today, chef = clock.today(), monde.responsable
    boss = replace(chef, role=Role.ADMIN, agence_id=None)
    with pytest.raises(NotAllowedError, match="fixer les objectifs"):
        _set(monde, replace(chef, role=Role.AGENT), "mttr", "4", today)
    with pytest.raises(NotAllowedError, match="votre agence"):
        _set(monde, chef, "mttr", "4", today, 999)
    everybody = _set(monde, boss, "mttr", "4", today)
    with transaction(monde.engine) as session, pytest.raises(NotAllowedError, match="administrateur"):
        objectifs.update(session, chef, everybody, {"cible": Decimal(5)})
    for chiffre, value, said in (
        ("gone", "4", "catalogue"), ("mttr", "-1", "sous zéro"), ("satisfaction", "6", "ne dépasse pas 5"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=said):
            _set(monde, chef, chiffre, value, today)
    with pytest.raises(ValidationError, match="commence ce jour"):
        _set(monde, boss, "mttr", "5", today)
    with transaction(monde.engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Objectif)) == 1
        with pytest.raises(NotFoundError, match="cet objectif"):
            objectifs.get(session, chef, 1)
