"""What becomes of each synchronised column when two sides changed it, from what its table and itself declare.

A text that a person types asks the loser by itself; of every other column the centre's value stands, unless its
declaration names a policy. ``tests/registry/test_policies.py`` walks all of them.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from erp_desktop.models.declare import Group, Noun, Policy, said

__all__ = ["PROTOCOL", "Group", "Policy", "groups", "policy"]

PROTOCOL = 2
"""What a batch says it speaks: 2 sends groups whole and reads their conflicts as one. Earlier ones say nothing."""


def groups(noun: Noun, table: sa.Table) -> tuple[Group, ...]:
    """The groups of a table with the columns that it has."""
    # A program of before a renaming has the column under another name: outside its group, as it was then.
    present = (replace(g, columns=tuple(c for c in g.columns if c in table.columns)) for g in noun.groups)
    return tuple(g for g in present if len(g.columns) > 1 or (g.columns and g.follows))


def policy(noun: Noun, column: sa.Column[object], *, grouped: bool, text: bool) -> Policy:
    """The policy of one column.

    Args:
        grouped: it is decided with others.
        text: its kind is text.
    """
    field = said(column)
    if column.name == "updated_at":
        return Policy.MAX
    if not noun.device_writes:
        return Policy.CENTRE_SEUL
    if grouped:
        return Policy.GROUPE
    if field is not None and field.policy is not None:
        return field.policy
    typed = text and field is not None and field.values is None
    return Policy.ASK if typed else Policy.CENTRE
