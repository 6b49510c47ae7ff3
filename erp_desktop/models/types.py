"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from erp_desktop import clock


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: timestamptz on PostgreSQL, ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` TEXT on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return clock.to_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, clock.UnreadableInstant):
            return value
        text = value if isinstance(value, str) else value.isoformat()
        try:
            return clock.from_text(text)
        except (ValueError, OverflowError):
            return clock.UnreadableInstant.of(text)


class Jour(TypeDecorator[date]):
    """A business date: DATE on both engines, in ISO form on SQLite. One that cannot be read is marked as such."""

    impl = sa.Date
    cache_ok = True

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def process(value: Any) -> Any:
            try:
                return read(value)
            except (ValueError, TypeError, OverflowError):
                return clock.UnreadableDay.of(str(value))

        return process


class Montant(TypeDecorator[Decimal]):
    """An exact decimal: NUMERIC(p, s) on PostgreSQL, fixed-point TEXT on SQLite (whose NUMERIC becomes a float)."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int = 12, scale: int = 2) -> None:
        super().__init__(precision, scale)
        self.scale = scale
        self._step = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(self.impl_instance)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        exact = Decimal(str(value)).quantize(self._step, rounding=ROUND_HALF_UP)
        return format(exact, "f") if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        if value is None:
            return None
        exact = Decimal(str(value))
        # NaN and the infinities have no step; they show as they are.
        return exact.quantize(self._step) if exact.is_finite() else exact


def json_type() -> TypeEngine[Any]:
    """JSON as text on SQLite, jsonb on PostgreSQL."""
    return sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def big_int() -> TypeEngine[int]:
    """BIGINT; INTEGER on SQLite, where only that spelling aliases the rowid."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
