"""erp-admin db."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Révisions, contrôle et sauvegarde d'une base.")


@app.callback()
def _group() -> None:
    """Révisions, contrôle et sauvegarde d'une base."""
