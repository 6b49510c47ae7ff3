"""Counts and hashes by which a device compares its whole branch with the centre without fetching it.

A row's hash is the first 8 bytes of the MD5 of its fields in wire form, a NULL being one record separator and fields
being parted by unit separators; hashes of a bucket of rows are combined by XOR. ``sync.verify`` does the same to the
cache. MD5 tells accidents apart, and nobody here has anything to forge.
"""

from __future__ import annotations

from erp_desktop.registry import revisions as history
from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.registry.wire_form import write_expression

BUCKETS = 61


def bucket(key: str) -> str:
    """SQL, for both engines, of the bucket of the row whose identifier is ``key``."""
    return f"(({key}) >> 3) % {BUCKETS}"


def _of_table(table: SyncTable) -> str:
    fields = [f"coalesce(({write_expression(c.kind, f't.{c.name}')})::text, E'\\x1e')" for c in table.columns]
    parts, ends = [], [known for _, known in table.generations]
    for start, end, since in zip([0, *ends], ends, [None, *(r for r, _ in table.added)], strict=False):
        text = ", ".join(fields[start:end])
        # To a program from before these columns the row ends without them: a NULL argument is no field.
        parts.append(text if since is None else f"CASE WHEN k.{_knows(since)} THEN concat_ws(E'\\x1f', {text}) END")
    return (
        f"SELECT '{table.name}'::text, {bucket('t.id')}, count(*), "
        f"bit_xor(('x' || left(md5(concat_ws(E'\\x1f', {', '.join(parts)})), 16))::bit(64)::bigint) "
        f"FROM public.{table.name} t CROSS JOIN k GROUP BY 2"
    )


def _knows(revision: str) -> str:
    return f"connait_{revision}"


def _known() -> str:
    """One row: for each revision that added columns, whether the caller's program has it."""
    revisions = sorted({revision for t in TABLES for revision, _ in t.added})
    tests = [
        f"coalesce((SELECT d.revision FROM sync.devices d WHERE d.login = session_user) <> ALL "
        f"('{{{','.join(history.before(r))}}}'::text[]), true) AS {_knows(r)}"
        for r in revisions
    ]
    return ", ".join(tests or ["true AS toutes"])


def verify_functions() -> list[str]:
    """Statements that create ``sync.empreintes()``: table, bucket, rows, hash, for what the caller may see."""
    union = " UNION ALL ".join(f"(SELECT * FROM ({_of_table(t)}) x)" for t in TABLES)
    return [
        "CREATE OR REPLACE FUNCTION sync.empreintes() RETURNS TABLE (nom_table text, paquet bigint, lignes bigint, "
        f"empreinte bigint) LANGUAGE sql STABLE SECURITY DEFINER {PIN} "
        f"AS $f$ WITH k AS (SELECT {_known()}) SELECT * FROM ({union}) u "
        "WHERE (SELECT sync.exiger_poste()) $f$"
    ]
