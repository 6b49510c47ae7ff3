"""erp-admin db backup and restore, and what the other commands of the group share with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from erp_desktop import settings
from erp_desktop.cli import terminal
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded, progress_wanted
from erp_desktop.errors import UserError

WithProgress = Annotated[bool, typer.Option("--progress", help="Dire chaque étape sur la sortie d'erreur.")]
Accept = Annotated[bool, typer.Option("--accept-data-loss", help="Accepter la perte annoncée.")]


def teller(wanted: bool) -> Callable[[str], None]:
    """Steps, one line each on stderr, when asked for or when a person watches."""
    told = wanted or progress_wanted()
    return lambda text: terminal.show(text, err=True) if told else None


def of_the_centre(target: Target, **given: object) -> None:
    """Refuse options that say nothing of a local database, and two that contradict each other."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if target.cache is not None and named:
        raise typer.BadParameter(f"{named[0]} ne vaut que pour un centre (--url)")
    if len(named) > 1:
        raise typer.BadParameter(f"donner {' ou '.join(named)}, pas les deux")


def archives() -> Path:
    return settings.load().archives


@guarded
def backup(
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    folder: Annotated[Path | None, typer.Option(help="Dossier de la sauvegarde du centre.")] = None,
    keep: Annotated[int, typer.Option(min=1, help="Sauvegardes locales à garder.")] = 3,
    progress: WithProgress = False,
    as_json: AsJson = False,
) -> None:
    """Faire une sauvegarde datée et la relire."""
    from erp_desktop.upgrade import backup as backups
    from erp_desktop.upgrade.central import archiving, checklist

    target = Target(url, cache, secrets)
    of_the_centre(target, folder=folder)
    teller(progress)("Copie et relecture")
    if target.cache is None:
        with target.engine() as engine:
            checklist.check_central(engine)
            address = engine.url.render_as_string(hide_password=False)
        made: Any = archiving.dump(address, folder or archives())
    else:
        existing(target.cache)
        made = backups.create(target.cache, target.key, keep=keep)
    emit(as_json, made, f"Sauvegarde vérifiée : {made.chemin} ({made.taille} octets).")


def existing(path: Path) -> None:
    if not path.is_file():
        raise UserError(f"Le fichier {path} n'existe pas.")


@guarded
def restore(
    cache: Annotated[Path, typer.Option(help="Fichier de la base locale.")],
    source: Annotated[Path | None, typer.Argument(help="Sauvegarde ; sans elle, la plus récente.")] = None,
    secrets: Secrets = None,
    accept_data_loss: Accept = False,
    progress: WithProgress = False,
    as_json: AsJson = False,
) -> None:
    """Remettre une sauvegarde locale en place, ce qui attendait l'envoi repris ; le fichier remplacé est gardé."""
    from erp_desktop.upgrade import backup as backups
    from erp_desktop.upgrade.start import restore as restoring

    target = Target(None, cache, secrets)
    saved = backups.backups(cache)
    chosen = source or (saved[0].chemin if saved else None)
    if chosen is None:
        raise UserError("Aucune sauvegarde de cette base.")
    teller(progress)("Relecture de la sauvegarde, puis échange")
    done = restoring.restore(cache, chosen, target.key, accept_data_loss=accept_data_loss)
    emit(
        as_json,
        {"restaure": chosen, "revision": done.revision, "remplace": done.remplacee, "reportees": done.reportees},
        f"{chosen.name} est en place, {done.reportees} fiche(s) en attente d'envoi reprises ; "
        f"l'ancien fichier : {done.remplacee or 'aucun'}.",
    )
