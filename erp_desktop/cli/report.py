"""erp-admin report."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Rapports.")


@app.callback()
def _group() -> None:
    """Rapports."""
