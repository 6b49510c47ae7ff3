"""erp-admin update: see, install and take back a new version on this desktop."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from erp_desktop import settings
from erp_desktop.cli.common import AsJson, bar, emit, guarded, progress_wanted
from erp_desktop.cli.french import Commands
from erp_desktop.services.releases import installing, updates

app = Commands(help="Les nouvelles versions du programme sur ce poste.")
Folder = Annotated[
    Path | None, typer.Option("--program", help="Dossier du programme ; par défaut celui qui exécute cette commande.")
]


@app.command()
@guarded
def check(as_json: AsJson = False) -> None:
    """Dire s'il y a une version plus récente pour ce poste."""
    offer = updates.look(settings.load())
    told = f"La version {offer.nouvelle} est prête." if offer.nouvelle else offer.attend or "Ce poste est à jour."
    emit(as_json, {"version": offer.version, "nouvelle": offer.nouvelle, "attend": offer.attend}, told)


@app.command()
@guarded
def install(program: Folder = None, as_json: AsJson = False) -> None:
    """Télécharger, vérifier puis installer la nouvelle version ; programme fermé."""
    chosen = settings.load()
    folder = program or installing.program_folder()
    offer = updates.look(chosen)
    with bar(progress_wanted(), "Téléchargement") as shown:
        file = updates.fetch(chosen, offer, shown)
    done = installing.install(chosen, offer, file, folder)
    emit(as_json, asdict(done), f"La version {done.version} est installée ; la base sera mise à niveau au démarrage.")


@app.command()
@guarded
def back(program: Folder = None, as_json: AsJson = False) -> None:
    """Revenir à la version d'avant, avec sa base et tout ce qui a été fait depuis ; programme fermé."""
    done = installing.back(settings.load(), program or installing.program_folder())
    told = f"La version {done.version} est de nouveau en place"
    if done.sauvegarde is not None:
        told += f", avec sa base et {done.reportees} fiche(s) en attente d'envoi"
    emit(as_json, asdict(done), f"{told}.")
