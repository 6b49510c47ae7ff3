"""Rows with a natural key that says all: the same key is the same row, whoever made it first.

A person who saves one setting on two desktops made one setting. The row that the centre has keeps its identifier; the
second device's row becomes an update of it, and everything in the batch that points at the second row points at the
first instead. What was only touched on one side stands; what both sides worked on is decided column by column by its
policy, as any other clash. The second identifier stays behind as a deletion that says what it became, for batches
that were frozen before the device was told.

One statement per table with a key, and none for a batch that neither inserts into such a table nor points at one.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
from erp_desktop.registry.tables import TABLES


def _keys() -> str:
    rows = [
        f"({rank}, '{t.name}', '{{{','.join(t.key)}}}'::text[], {str(t.made).lower()}, "
        f"'{{{','.join(t.kept)}}}'::text[])"
        for rank, t in enumerate(TABLES) if t.key
    ]  # fmt: skip
    return ", ".join(rows) or "(NULL::integer, NULL::text, NULL::text[], false, NULL::text[])"


def _references() -> str:
    keyed = {t.name for t in TABLES if t.key}
    rows = [f"('{r.target}', '{t.name}', '{r.column}')" for t in TABLES for r in t.references if r.target in keyed]
    return ", ".join(rows) or "(NULL::text, NULL::text, NULL::text)"


KEYS = sql("keys/keys", REFERENCES=_references(), KEYS=_keys())
