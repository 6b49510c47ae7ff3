"""The merge at the centre: one call takes a whole batch, set-based, rows locked in (table, pk) order.

A batch is first tried whole in a subtransaction; when the database refuses it, its units are bisected until each
refused one stands alone and is parked with its reason, and the rest lands. Deadlocks, serialization failures and
shortages are not refusals: they abort the call and the device sends the same bytes again.

Payload (positional arrays; objects would double the bytes)::

    {"v": protocol, "n": units, "i": {table: {"c": [column…], "r": [[unit, user, value…]…]}},
     "m": {table: [{"c": [column…], "r": [[unit, user, pk, ver, base1, mine1, base2, mine2…]…]}…]},
     "d": {table: [[unit, user, pk, ver]…]}, "r": [[conflict, choice]…]}
"""

from __future__ import annotations

from erp_desktop.centre.functions import factures as central_invoices
from erp_desktop.centre.functions import stock as central_stock
from erp_desktop.centre.functions.envelope import ENVELOPE
from erp_desktop.centre.functions.key_swaps import SWAP
from erp_desktop.centre.functions.keys import KEYS
from erp_desktop.centre.functions.tables import UNTOLD, registry_functions
from erp_desktop.centre.sql import sql
from erp_desktop.registry.search_path import PIN

_NOTE_STATE = """INSERT INTO sync.row_state AS e
    (nom_table, pk, scope, ver, xid, seq, origine, auteur, quand, etat, contenu)
  SELECT {source}
  ON CONFLICT (nom_table, pk, scope) DO UPDATE SET ver = e.ver + 1, xid = excluded.xid, seq = excluded.seq,
    origine = excluded.origine, auteur = excluded.auteur, quand = excluded.quand, etat = excluded.etat,
    contenu = excluded.contenu"""

_INSERT_STATE = _NOTE_STATE.format(
    source="""$1, (r->>$5)::bigint, $4, 1, pg_current_xact_id(), nextval('sync.seq_etat'), $6, (r->>1)::bigint,
      now(), 'live', NULL FROM jsonb_array_elements($2->'r') r
     WHERE (r->>0)::int BETWEEN lower($3) AND upper($3) - 1"""
)

_INSERT = sql("merge/insert", INSERT_STATE=_INSERT_STATE)

_REVIVE = sql("merge/revive")

_UPDATE = sql("merge/update", UNTOLD=UNTOLD)

_DELETE = sql("merge/delete", UNTOLD=UNTOLD)

_AMENDMENTS = sql("merge/amendments", PIN=PIN)

_APPLY = sql("merge/apply")

_PUSH = sql("merge/push", PIN=PIN)


def merge_functions() -> list[str]:
    """Statements that create the merge, callees first."""
    return [
        *registry_functions(),
        ENVELOPE,
        _INSERT,
        _REVIVE,
        _UPDATE,
        _DELETE,
        SWAP,
        KEYS,
        central_stock.FUNCTIONS,
        central_invoices.FUNCTIONS,
        _AMENDMENTS,
        _APPLY,
        _PUSH,
    ]
