"""The textual form in which values cross the line, as SQL on the PostgreSQL side.

Instants are ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, decimals keep their scale as text, booleans are 0 or 1, bytes are
hexadecimal, JSON is its text: exactly what a cache stores, whatever the server's DateStyle, TimeZone or locale.
"""

from __future__ import annotations

from erp_desktop.registry.tables import Kind


def read_expression(kind: Kind, value: str) -> str:
    """SQL that turns the text expression ``value`` into a typed value."""
    if kind is Kind.BYTES:
        return f"decode({value}, 'hex')"
    return f"({value})::{kind.value}"


def write_expression(kind: Kind, column: str) -> str:
    """SQL that turns a typed ``column`` into its wire form (text, or a number for integers and booleans)."""
    match kind:
        case Kind.INSTANT:
            return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        case Kind.DATE:
            return f"to_char({column}, 'YYYY-MM-DD')"
        case Kind.DECIMAL | Kind.JSON:
            return f"({column})::text"
        case Kind.BOOL:
            return f"({column})::integer"
        case Kind.BYTES:
            return f"encode({column}, 'hex')"
        case _:
            return column


def wire_type(kind: Kind) -> str:
    """PostgreSQL type of :func:`write_expression`'s result."""
    return {Kind.INT: "bigint", Kind.BOOL: "integer", Kind.FLOAT: "double precision"}.get(kind, "text")
