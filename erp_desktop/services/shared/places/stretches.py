"""An order on a cache met one stretch after the other, and the few values that a column of an index has."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.services.shared.lists import identifiants
from erp_desktop.services.shared.places import Stratum


class Stretches:
    """What answers along an order, for as long as somebody goes on.

    Args:
        request: selects what answers.
        key: its identifier.
        wanted: how many are a page.
        among: a set in which all that answers is: no other row is looked up.

    Attributes:
        found: those that answer, in order.
        passed: rows of the order that were looked at.
    """

    def __init__(
        self, session: Session, request: sa.Select[int], key: Any, strata: Iterator[Stratum], wanted: int,
        among: sa.Select[int] | None = None,
    ) -> None:  # fmt: skip
        self._session, self._request, self._key, self._strata = session, request, key, strata
        self._among = among
        self._stratum, self._within = next(strata, None), 0
        self.found: list[int] = []
        self.passed, self._wanted = 0, wanted

    def reach(self, most: int) -> bool:
        """Look at rows until ``most`` were; whether the page is there, or the end of the order."""
        while self._stratum is not None and len(self.found) < self._wanted and self.passed < most:
            asked = most - self.passed
            rows = self._stratum.of(sa.select(self._key), self._key).offset(self._within).limit(asked).subquery()
            # Another row of the same table: what a row is asked is asked of the rows of the order alone.
            good = self._request.with_only_columns(sa.literal(1)).where(self._key == rows.c.id)
            told = sa.select(rows.c.id).where(good.correlate(rows).exists()).limit(self._wanted - len(self.found))
            if self._among is not None:
                told = told.where(rows.c.id.in_(self._among))
            self.found += identifiants(self._session, told)
            if len(self.found) < self._wanted:
                size = self._session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0
                self.passed, self._within = self.passed + size, self._within + size
                if size < asked:
                    self._stratum, self._within = next(self._strata, None), 0
        return self._stratum is None or len(self.found) >= self._wanted


def referred(session: Session, column: Any, most: int) -> list[int] | None:
    """The values of a column that has an index, one seek for each; None where they are more than ``most``."""
    table, name = column.class_.__tablename__, column.key
    sql = (
        f"WITH RECURSIVE t (v) AS (SELECT min({name}) FROM {table} UNION ALL "
        f"SELECT (SELECT min({name}) FROM {table} WHERE {name} > t.v) FROM t WHERE t.v IS NOT NULL LIMIT {most + 2}) "
        "SELECT json_group_array(v) FROM t WHERE v IS NOT NULL"
    )
    found: list[int] = json.loads(session.scalars(sa.text(sql)).one())
    return None if len(found) > most else found


def held(session: Session, column: Any, values: Collection[int], most: int) -> dict[int, int]:
    """How many rows have each of some values of a column that has an index, counted no further than ``most``."""
    table, name = column.class_.__tablename__, column.key
    sql = (
        f"SELECT json_group_object(value, (SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {name} = value "
        f"LIMIT {most}))) FROM json_each(:v)"
    )
    found = json.loads(session.scalars(sa.text(sql), {"v": json.dumps(list(values))}).one())
    return {int(value): number for value, number in found.items()}
