"""Every figure of the catalogue against one counted row by row, the same on both engines."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.errors import ValidationError
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope, Value
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import Delai, Mttr, ParamsRapport
from tests.reports.catalogue.soak import hold
from tests.reports.rows import MAINTENANT, remplir


def test_each_figure_is_the_one_counted_by_hand(sqlite_engine: sa.Engine, pg_engine: sa.Engine) -> None:
    counted = hold([sqlite_engine, pg_engine], range(20), 0.5)
    assert min(counted.values()) >= 2, counted


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_companies(sqlite_engine: sa.Engine, pg_engine: sa.Engine) -> None:
    hold([sqlite_engine, pg_engine], range(1000))


def test_a_figure_refuses_what_it_cannot_tell_apart(sqlite_engine: sa.Engine) -> None:
    with Session(sqlite_engine) as session, pytest.raises(ValidationError, match="MTBF"):
        compute.compute(session, "mtbf", Scope(date(2026, 1, 1), date(2026, 1, 31), technicien_id=4))


def test_the_report_and_the_dashboard_say_one_figure_by_one_word(engine: sa.Engine) -> None:
    with transaction(engine) as session:
        jeu = remplir(session, 400)

    def mean(one: Delai | Mttr, figure: Value, minute: int) -> bool:
        assert one.minutes is not None
        told = (one.minutes, one.nombre, one.exclues)
        return told == (pytest.approx(figure.num / figure.den / minute), figure.n, figure.exclues)

    shared = (
        "encours", "creees", "cloturees", "sla_tenus", "prise_en_charge", "mttr", "remise_en_service", "cout",
    )  # fmt: skip
    with transaction(engine, write=False) as session:
        for agence in (None, jeu.agences[0]):
            for debut, fin in ((date(2026, 1, 1), date(2026, 9, 30)), (date(2026, 2, 3), date(2026, 8, 8))):
                r = calculer(session, ParamsRapport(debut, fin, agence), maintenant=MAINTENANT)
                scope = Scope(debut, fin, agence_id=agence)
                of = {name: compute.compute(session, name, scope, now=MAINTENANT)[0] for name in shared}
                assert [r.encours, r.creees, r.cloturees] == [of[name].num for name in shared[:3]]
                assert r.encours > 30
                assert (r.sla.tenus, r.sla.echus) == (of["sla_tenus"].num, of["sla_tenus"].den)
                assert mean(r.prise_en_charge, of["prise_en_charge"], 60)
                assert mean(r.mttr, of["mttr"], 1)
                assert mean(r.remise_en_service, of["remise_en_service"], 60)
                assert r.cout.total * 100 == of["cout"].num
