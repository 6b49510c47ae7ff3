"""What the centre knows of a device beyond its rows: how it comes, its greeting, its farewell, and how far deletions
are remembered.

A revoked login is left with one thing to do, its farewell (``sync.adieu``): a *retired* device hands over what it
still had to send, which waits in ``sync.quarantaine`` until an administrator takes it over; a *stolen* one is only
told to erase itself.
"""

from __future__ import annotations

from erp_desktop.centre.functions.envelope import LONGEST_SAID, MOST_FAREWELLS
from erp_desktop.centre.sql import sql
from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import TABLES

# PostgreSQL 14 has no max() and no min() of xid8.
FUNCTIONS = sql(
    "devices/functions", PIN=PIN, MOST_FAREWELLS=MOST_FAREWELLS, LONGEST_SAID=LONGEST_SAID,
    TABLES="{" + ",".join(t.name for t in TABLES) + "}",
)  # fmt: skip

ARRIVAL, GREETING, FAREWELL = "inscrire(text)", "signaler(text, text, integer, xid8, jsonb)", "adieu(jsonb)"
SELF = "annoncer(jsonb)"
BUNDLE_KEY = "confier_cle(text)"
"""For devices, under the owner's rights: each looks at nothing but the caller's own line."""
