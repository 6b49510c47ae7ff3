"""What a batch claims of itself, held against what it contains before anything is done with it.

A stolen login sends what it likes. Whatever follows costs as much as the payload is long: every number that it states
(units, ranks, widths) is checked here in one pass, and a payload that is not formed as
:mod:`erp_desktop.centre.functions.merge` says is refused as a whole. Only units that are there are ever looked for
(``sync.unites``), however many are claimed.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
from erp_desktop.domain.documents import MORCEAU
from erp_desktop.registry.search_path import PIN

LARGEST_BATCH = 64 << 20
"""Bytes of a batch as PostgreSQL holds it: a hundred times what a full one of 5,000 units takes."""
LARGEST_TOLD = LARGEST_BATCH // 8
"""Characters that a device puts into one batch of several units: a small number takes seven times its text there."""
MOST_UNITS = 1_000_000
LONGEST_PAGE = 50_000
"""Rows of a page, at most: what a comparison asks for."""
MOST_BLOCKS, DEEPEST = 2_000, 10
"""Each block of updates is a statement that the server has to plan; a value lies six brackets deep."""
MOST_ASKED, MOST_FAREWELLS = 1_000, 20
"""Contents in one question; farewells of one device that nobody has looked at yet."""
LONGEST_SAID = 8 << 10
"""Bytes of what a device tells of itself, four times as many as one that has changed every table."""
LONGEST_PIECES = 64 * MORCEAU * 4 // 3 + 4
"""Characters of pieces in one call, in base64."""

ENVELOPE = sql(
    "envelope/envelope",
    PIN=PIN,
    LARGEST_BATCH=LARGEST_BATCH,
    DEEPEST=DEEPEST,
    MOST_UNITS=MOST_UNITS,
    MOST_BLOCKS=MOST_BLOCKS,
)
