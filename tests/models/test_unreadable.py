"""Values that this program cannot hold mark their own row; a list with one of them is still read, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.models import Contrat, Intervention
from erp_desktop.models.base import Base
from erp_desktop.registry.tables import TABLES
from erp_desktop.ui.wording import value_labels

FAR, NOW = "29999-01-01T00:00:00.000000Z", "2026-11-20T08:00:00.000000Z"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """The two tables alone, without the rules that keep such values out: an older database may hold them."""
    if request.param == "sqlite":
        made = create_sqlite_engine(tmp_path / "vieille.sqlite")
    else:
        made = create_pg_engine(request.getfixturevalue("pg_empty_url"))
    with made.begin() as connection:
        for table in (Contrat.__table__, Intervention.__table__):
            bare = sa.Table(table.name, sa.MetaData(), *(sa.Column(c.name, c.type) for c in table.columns))
            bare.create(connection)
    yield made
    made.dispose()


def put(engine: sa.Engine, table: str, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(':' + v for v in values)})"),
            values,
        )


def test_a_list_with_one_unreadable_instant_is_read_and_the_row_is_marked(engine: sa.Engine) -> None:
    put(engine, "interventions", id=1, titre="Bonne", date_creation=NOW, date_planifiee=NOW)
    put(engine, "interventions", id=2, titre="Mauvaise", date_creation=NOW, date_planifiee=FAR)
    with Session(engine) as session:
        rows = dict(iter(session.execute(sa.select(Intervention.titre, Intervention.date_planifiee))))
    assert rows["Bonne"] == clock.from_text(NOW)
    assert isinstance(rows["Mauvaise"], clock.UnreadableInstant)
    assert "29999-01-01" in value_labels.instant(rows["Mauvaise"])
    assert value_labels.instant(rows["Mauvaise"]).startswith("illisible")
    assert clock.local(rows["Mauvaise"]).strftime("%d/%m") == "illisible"


def test_a_date_beyond_the_calendar_and_a_number_that_is_none_are_marked_too(engine: sa.Engine) -> None:
    for pk, (day, amount) in enumerate([("2026-01-01", "10.50"), ("29999-01-01", "10.50"), ("2026-01-01", "NaN")], 1):
        put(engine, "contrats", id=pk, numero_contrat=f"C-{pk}", date_debut=day, montant_annuel=amount)
    with Session(engine) as session:
        rows = session.execute(
            sa.select(Contrat.date_debut, Contrat.montant_annuel).order_by(Contrat.id)
        ).all()  # fmt: skip
    assert value_labels.day(rows[0][0]) == "01/01/2026"
    assert value_labels.day(rows[1][0]).startswith("illisible")
    assert rows[0][1] == Decimal("10.50")
    assert rows[2][1] is not None
    assert rows[2][1].is_nan()


def test_every_date_and_instant_of_the_exchanged_tables_is_read_by_these_types() -> None:
    plain = [
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in Base.metadata.tables[table.name].columns
        if type(column.type) in {sa.Date, sa.DateTime}
    ]
    assert plain == []
