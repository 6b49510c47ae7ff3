"""erp-admin doctor: the whole machine examined, each trouble with what to do."""

from __future__ import annotations

from dataclasses import asdict

import typer

from erp_desktop import settings
from erp_desktop.cli.common import AsJson, Cache, Secrets, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.services.support import machine

app = Commands(help="Examiner ce poste : base, ligne, horloge, disque, imprimante, polices.")


@app.callback(invoke_without_command=True)
@guarded
def examine(cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Examiner ce poste et dire quoi faire ; statut 1 s'il y a une erreur."""
    chosen = settings.load()
    found = machine.examine(cache or chosen.cache, secrets or chosen.secrets_file)
    emit(
        as_json, [asdict(one) for one in found],
        [f"{o.etat:<10} {o.controle:<12} {o.detail}{f' → {o.remede}' if o.remede else ''}" for o in found],
    )  # fmt: skip
    if any(one.etat == "erreur" for one in found):
        raise typer.Exit(1)
