"""erp-admin, the scriptable twin of everything that IT does; runs without Qt."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Annotated

import typer

import erp_desktop
from erp_desktop import paths
from erp_desktop.cli import terminal
from erp_desktop.cli.french import Commands

app = Commands(
    name="erp-admin",
    help="Administration de l'ERP MIF : bases, postes, synchronisation, données, rapports.",
)  # fmt: skip

GROUPS = (
    "server", "device", "sync", "db", "data", "user", "report", "calendrier", "planning", "preventif", "referentiel",
    "facture", "papier", "audit", "config", "doctor", "support", "release", "update",
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        terminal.show(f"ERP MIF {erp_desktop.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Version.")] = False,
) -> None:
    """Administration de l'ERP MIF."""


def main() -> None:
    """Console entry point."""
    paths.keep_to_the_owner()
    terminal.print_what_cannot_be_encoded()
    # Of what is imported nothing is rubbish: looking for it is a tenth of the way to the command.
    gc.disable()
    # One group is loaded, that of the command: each costs its imports, and scripts call this program over and over.
    alone = sys.argv[1:2]
    for name in () if alone == ["--version"] else [g for g in GROUPS if alone == [g]] or GROUPS:
        module = importlib.import_module(f"erp_desktop.cli.{name}")
        app.add_typer(module.app, name=name)
    gc.freeze()
    gc.enable()
    app()
