"""erp-admin data."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Importer, exporter, engendrer des données.")


@app.callback()
def _group() -> None:
    """Importer, exporter, engendrer des données."""
