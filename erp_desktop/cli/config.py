"""erp-admin config: what is set on this machine, where each value comes from, what is wrong."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from erp_desktop.cli import terminal
from erp_desktop.cli.common import AsJson, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.settings import described, sources

app = Commands(help="Réglages de ce poste : valeurs, provenance, erreurs.")


def _shown(value: Any) -> str | int | float | bool | None:
    """A value as it is written in a file; a password never is."""
    if isinstance(value, SecretStr):
        return "***"
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    plain: str | int | float | bool | None = value
    return plain


@app.command("show")
@guarded
def show(as_json: AsJson = False) -> None:
    """Chaque réglage, sa valeur et d'où elle vient ; statut 1 s'il y en a de faux."""
    origins, troubles, unknown = sources.explain()
    answer = {
        "reglages": [{"nom": o.name, "valeur": _shown(o.value), "source": o.source} for o in origins],
        "erreurs": [{"source": t.source, "nom": t.name, "message": t.words} for t in troubles],
        "inconnus": [{"source": source, "nom": name} for source, name in unknown],
    }
    lines = [f"{o.name:20} {'' if o.value is None else _shown(o.value)!s:32} {o.source}" for o in origins]
    lines += [f"ERREUR {trouble}" for trouble in troubles]
    lines += [f"SANS EFFET {source} : « {name} » n'est pas connu de cette version." for source, name in unknown]
    emit(as_json, answer, lines)
    if troubles:
        raise typer.Exit(1)


@app.command("document")
@guarded
def document() -> None:
    """La page docs/reglages.md, écrite d'après la déclaration des réglages."""
    terminal.show(described.document().rstrip("\n").split("\n"))
