"""What one device's login may hold of the centre, and what ends it when it holds more.

Settings of a role are defaults that its sessions may change, except the number of connections: so ``sync.veiller``
looks at what device sessions really do and ends those that hold the others up. An open transaction that has written
keeps every agency's pull behind it (the cursor never passes it) and the rows that it took; a listener inside a
transaction keeps every notification. Whoever greets the centre, and whoever pulls while something is being written,
has it look: no clock of the operating system is needed.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
from erp_desktop.registry.search_path import DEFINER

CONNECTIONS, CONNECTIONS_REVOKED = 8, 2
"""At once, of one login: a window, its documents, a command or two; to learn that it is revoked."""
LOCK_WAIT = "2min"
"""For rows that another transaction has; longer than a full batch takes to merge."""

_ENDED = """
     (a.state LIKE 'idle in transaction%' AND a.backend_xid IS NOT NULL
       AND a.state_change < clock_timestamp() - v_silence)
  OR (a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - interval '5 minutes')
  OR (a.backend_xid IS NOT NULL AND a.xact_start < clock_timestamp() - v_duree)
  OR a.xact_start < clock_timestamp() - interval '12 hours'
  OR (d.etat = 'vole' AND a.backend_start < clock_timestamp() - interval '1 minute')
  OR (d.etat = 'retire' AND a.backend_start < clock_timestamp() - interval '1 hour')
  OR (pg_notification_queue_usage() > 0.05 AND a.xact_start < clock_timestamp() - interval '5 seconds')"""

FUNCTIONS = sql(
    "watch/functions",
    DEFINER=DEFINER,
    ENDED=_ENDED,
    CONNECTIONS=CONNECTIONS,
    CONNECTIONS_REVOKED=CONNECTIONS_REVOKED,
    LOCK_WAIT=LOCK_WAIT,
)

# Logins that were made before there were limits. One that this migrator may not change keeps what it has.
LIMITS = sql("watch/limits")

OFFENDERS = sql("watch/offenders")
"""Transactions that have written and hold the cursor, oldest first."""

MAY_END = """
SELECT rolsuper OR (pg_has_role(current_user, 'pg_signal_backend', 'USAGE')
                    AND pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'))
  FROM pg_roles WHERE oid = (
    SELECT proowner FROM pg_proc WHERE proname = 'veiller' AND pronamespace = 'sync'::regnamespace)
"""
