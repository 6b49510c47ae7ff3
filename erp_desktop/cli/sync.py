"""erp-admin sync."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="La synchronisation d'un poste.")


@app.callback()
def _group() -> None:
    """La synchronisation d'un poste."""
