"""Every figure of the catalogue against one counted row by row, the same on both engines."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.errors import ValidationError
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope
from tests.reports.catalogue.soak import hold


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
