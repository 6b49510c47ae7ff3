"""How autogenerate writes a revision: types, defaults and natural keys as this history has them, ready to run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import ops
from sqlalchemy.sql import elements


class NaturalKeyOp(ops.MigrateOperation):
    """``h.cle_naturelle``: unique at the centre, a plain index in caches."""

    def __init__(self, name: str, table: str, column: str) -> None:
        self.name, self.table, self.column = name, table, column

    def reverse(self) -> ops.MigrateOperation:
        return ops.DropIndexOp(self.name, self.table)


@renderers.dispatch_for(NaturalKeyOp)
def _natural_key(_context: Any, op: NaturalKeyOp) -> str:
    return f'h.cle_naturelle("{op.name}", "{op.table}", "{op.column}")'


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """What Alembic would write of the program's own types, or in the words of one engine; False: as it does."""
    if kind == "type":
        return _type(item)
    argument = getattr(item, "arg", None)
    if kind == "server_default" and isinstance(argument, elements.True_ | elements.False_):
        return "sa.true()" if isinstance(argument, elements.True_) else "sa.false()"
    return False


def _type(item: Any) -> str | bool:
    # Only where a revision is written: a database is upgraded without the models.
    from erp_desktop.models.types import Instant, Jour, Montant

    if isinstance(item, Instant):
        return "h.instant()"
    if isinstance(item, Jour):
        return "sa.Date()"
    if isinstance(item, Montant):
        plain: Any = item.impl_instance
        return f"h.montant({plain.precision}, {plain.scale})"
    if isinstance(item, sa.BigInteger):
        return "h.entier_long()"
    return "h.json()" if isinstance(item, sa.JSON) else False


def process(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Leave out what is the models' alone, and write natural keys by their helper."""
    for script in directives:
        for side in (script.upgrade_ops, script.downgrade_ops):
            side.ops = list(_written(side.ops))


def _written(made: list[Any]) -> Iterator[Any]:
    new: set[str] = set()
    for one in made:
        if isinstance(one, ops.CreateTableOp):
            one.info.clear()
            one.kw.pop("info", None)
            new.add(one.table_name)
            yield one
            # Two indexes of one name, one for each engine: Alembic looks at whichever it meets.
            yield from (NaturalKeyOp(name, one.table_name, column) for name, column in _keys(one.table_name).items())
        elif isinstance(one, ops.ModifyTableOps):
            keys = _keys(one.table_name)
            added = [o.index_name for o in one.ops if isinstance(o, ops.CreateIndexOp) and o.index_name in keys]
            one.ops = [o for o in one.ops if getattr(o, "index_name", None) not in added]
            if one.ops:
                yield one
            if one.table_name not in new:
                yield from (NaturalKeyOp(name, one.table_name, keys[name]) for name in added)
        else:
            yield one


def _keys(table: str) -> dict[str, str]:
    """Name and column of each natural key that the models give to a table."""
    from erp_desktop.models import Base

    known = Base.metadata.tables.get(table)
    found = {} if known is None else {str(i.name): i.columns[0].name for i in known.indexes if "engine" in i.info}
    return dict(sorted(found.items()))
