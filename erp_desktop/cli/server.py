"""erp-admin server."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Le serveur central et ses agences.")


@app.callback()
def _group() -> None:
    """Le serveur central et ses agences."""
