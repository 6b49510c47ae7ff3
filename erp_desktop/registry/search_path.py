"""How every function of schema ``sync`` is kept from running somebody else's code under its owner's rights.

A name, an operator or a cast without a schema is looked up along ``search_path``; where another login may create in a
schema of that path, a closer match there wins over ``pg_catalog`` (``||(text, bigint)`` over the polymorphic one). So
the path holds ``pg_catalog`` alone, where nobody creates, and ``pg_temp`` last, where only relations and types are
looked for; every other name is written with its schema.

A function with a SET clause is never merged into the query that calls it. The few that a merge calls once a row have
a body that is parsed when it is created instead (``BEGIN ATOMIC``): nothing is looked up when they run. They name no
table, because the server would keep a revision from changing one that such a body names.
"""

from __future__ import annotations

PATH = "pg_catalog, pg_temp"
PIN = f"SET search_path = {PATH}"
DEFINER = f"SECURITY DEFINER {PIN}"
