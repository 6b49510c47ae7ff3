"""erp-admin device."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Les postes inscrits.")


@app.callback()
def _group() -> None:
    """Les postes inscrits."""
