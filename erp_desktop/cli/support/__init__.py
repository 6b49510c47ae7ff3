"""erp-admin support: the file that IT asks for, told before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erp_desktop import settings
from erp_desktop.cli.common import AsJson, Cache, Secrets, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.services.support import bundle

app = Commands(help="Dossier de diagnostic, sans données de personne ni secret.")


@app.callback(invoke_without_command=True)
@guarded
def support(
    out: Annotated[Path | None, typer.Option(help="Archive à écrire ; sans elle, dire ce qui y serait.")] = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Réunir versions, réglages, état de la base, échanges, examen et journaux dans une archive."""
    chosen = settings.load()
    if cache is not None:
        chosen = chosen.model_copy(update={"data_dir": cache.absolute().parent, "cache_name": cache.name})
    if secrets is not None:
        chosen = chosen.model_copy(update={"secrets_file": secrets})
    found = bundle.contents(chosen)
    if out is not None:
        bundle.save(found, out)
    sizes = {name: len(content) for name, content in found.items()}
    told = [f"{size:>9}  {name}" for name, size in sizes.items()]
    told.append(f"Écrit : {out}" if out else "Rien n'est écrit : --out FICHIER l'écrit.")
    emit(as_json, {"fichier": out, "contenu": sizes}, told)
