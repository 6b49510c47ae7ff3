"""Counts and hashes by which a device compares its whole branch with the centre without fetching it.

A row's hash is the first 8 bytes of the MD5 of its fields in wire form, a NULL being one record separator and fields
being parted by unit separators; hashes of a bucket of rows are combined by XOR. ``sync.verify`` does the same to the
cache. MD5 tells accidents apart, and nobody here has anything to forge.
"""

from __future__ import annotations

from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import TABLES, SyncTable
from erp_desktop.registry.wire_form import write_expression

BUCKETS = 61


def bucket(key: str) -> str:
    """SQL, for both engines, of the bucket of the row whose identifier is ``key``."""
    return f"(({key}) >> 3) % {BUCKETS}"


def _of_table(table: SyncTable) -> str:
    fields = ", ".join(
        f"coalesce(({write_expression(c.kind, f't.{c.name}')})::text, E'\\x1e')" for c in table.columns
    )
    return (
        f"SELECT '{table.name}'::text, {bucket('t.id')}, count(*), "
        f"bit_xor(('x' || left(md5(concat_ws(E'\\x1f', {fields})), 16))::bit(64)::bigint) "
        f"FROM public.{table.name} t GROUP BY 2"
    )


def verify_functions() -> list[str]:
    """Statements that create ``sync.empreintes()``: table, bucket, rows, hash, for what the caller may see."""
    union = " UNION ALL ".join(f"(SELECT * FROM ({_of_table(t)}) x)" for t in TABLES)
    return [
        "CREATE OR REPLACE FUNCTION sync.empreintes() RETURNS TABLE (nom_table text, paquet bigint, lignes bigint, "
        f"empreinte bigint) LANGUAGE sql STABLE SECURITY DEFINER {PIN} AS $f$ SELECT * FROM ({union}) u "
        "WHERE (SELECT sync.exiger_poste()) $f$"
    ]
