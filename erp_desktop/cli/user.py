"""erp-admin user."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Les comptes.")


@app.callback()
def _group() -> None:
    """Les comptes."""
