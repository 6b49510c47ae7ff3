"""erp-admin db: revisions, structure, backups, diagnosis of one database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded, progress_wanted
from erp_desktop.db import history
from erp_desktop.errors import UpgradeError, UserError

app = typer.Typer(no_args_is_help=True, help="Révisions, contrôle et sauvegarde d'une base.")

To = Annotated[str, typer.Option("--to", help="Révision à atteindre.")]
Accept = Annotated[bool, typer.Option("--accept-data-loss", help="Accepter la perte annoncée.")]


def _current(target: Target) -> str | None:
    """The revision of a database; None when it is empty or absent."""
    from erp_desktop.db import central_schema, startup

    if target.cache is not None:
        if not target.cache.exists():
            return None
        return startup.read_revision(target.cache, target.key)
    with target.engine() as engine:
        return central_schema.check_central(engine).revision


def _pending(current: str | None) -> list[str]:
    known = current is None or history.position(current) is not None
    return history.between(current, history.head()) if known else []


def _told(text: str) -> None:
    if progress_wanted():
        typer.echo(text, err=True)


@app.command()
@guarded
def status(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Révision de la base, révision du programme, révisions en attente."""
    from erp_desktop.db import central_schema

    target = Target(url, cache, secrets)
    answer: dict[str, Any] = {}
    if target.cache is None:
        with target.engine() as engine:
            state = central_schema.check_central(engine)
        answer = asdict(state)
        current = state.revision
    else:
        current = _current(target)
        newer = current is not None and history.position(current) is None
        answer = {"etat": "vide" if current is None else "recent" if newer else
                  "egal" if current == history.head() else "ancien"}  # fmt: skip
    pending = _pending(current)
    answer |= {"revision": current, "attendue": history.head(), "en_attente": pending}
    told = f"Base : {current or 'vide'} ; programme : {history.head()} ; {len(pending)} révision(s) en attente."
    emit(as_json, answer, " ".join([told, str(answer.get("message", ""))]).strip())


@app.command()
@guarded
def preview(
    url: Url = None, cache: Cache = None, secrets: Secrets = None, to: To = "head", as_json: AsJson = False
) -> None:
    """Montrer le SQL qu'une mise à niveau exécuterait, sans rien changer."""
    from erp_desktop.db import migrate
    from erp_desktop.db import preview as previews

    target = Target(url, cache, secrets)
    current = _current(target)
    wanted = history.resolve(to, current)
    pending = history.between(current, wanted)
    if not pending:
        sql = ""
    elif target.cache is None:
        sql = migrate.postgres_sql(current or "base", wanted)
    else:
        sql = "".join(f"{line};\n\n" for line in previews.sqlite_statements(current or "base", wanted))
    emit(as_json, {"de": current, "vers": wanted, "revisions": pending, "sql": sql}, sql or "Rien à faire.")


@app.command()
@guarded
def upgrade(
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    to: To = "head",
    yes: Annotated[bool, typer.Option("--yes", help="Consentir sans question.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Dire ce qui serait fait, ne rien changer.")] = False,
    backups: Annotated[Path | None, typer.Option(help="Dossier de la sauvegarde du centre.")] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Une sauvegarde du centre existe déjà.")] = False,
    as_json: AsJson = False,
) -> None:
    """Mettre la base à niveau : sauvegarde vérifiée, révisions une à une, contrôle final."""
    target = Target(url, cache, secrets)
    if dry_run:
        current = _current(target)
        pending = history.between(current, history.resolve(to, current))
        emit(as_json, {"de": current, "revisions": pending}, f"{len(pending)} révision(s) seraient appliquées.")
        return
    answer = _upgrade_cache(target, to) if target.cache else _upgrade_centre(target, to, yes, backups, no_backup)
    emit(as_json, answer, f"Base à la révision {answer['vers']} (avant : {answer['de'] or 'vide'}).")


def _upgrade_cache(target: Target, to: str) -> dict[str, Any]:
    from erp_desktop.db import startup
    from erp_desktop.db.locks import CacheLock

    path = target.cache
    if path is None:
        raise UserError("Donner --cache.")
    current = _current(target)
    wanted = history.resolve(to, current)
    if current is not None and not history.between(current, wanted):
        if wanted != current:
            raise UserError("La base est déjà plus avancée : erp-admin db downgrade revient en arrière.")
        return {"de": current, "vers": wanted}
    lock = CacheLock(path)
    lock.exclusive(2.0)
    try:
        before, after = startup.upgrade_local(
            path, target.key, progress=lambda step: _told(step.texte), target=wanted
        )
    finally:
        lock.release()
    return {"de": before, "vers": after}


def _upgrade_centre(target: Target, to: str, yes: bool, backups: Path | None, no_backup: bool) -> dict[str, Any]:
    from erp_desktop.db import central_schema

    folder = None if no_backup else (backups or Path.cwd() / "sauvegardes-centre")

    def consent(state: central_schema.EtatSchema) -> bool:
        question = f"Mettre à niveau le centre de {state.revision or 'vide'} à {history.head()} ?"
        return yes or typer.confirm(question, err=True)

    with target.engine() as engine:
        current = central_schema.check_central(engine).revision
        done = central_schema.upgrade_central(
            engine, consent, _told, backups=folder, target=history.resolve(to, current)
        )
    copy = asdict(done.copie) if done.copie else None
    return {"de": done.avant, "vers": done.apres, "secondes": done.secondes, "copie": copy}


@app.command(context_settings={"ignore_unknown_options": True})
@guarded
def downgrade(
    revision: Annotated[str, typer.Argument(help="Révision, « base » ou « -1 ».")],
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    accept_data_loss: Accept = False,
    backups: Annotated[Path | None, typer.Option(help="Dossier de la sauvegarde du centre.")] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Une sauvegarde du centre existe déjà.")] = False,
    as_json: AsJson = False,
) -> None:
    """Revenir à une révision antérieure ; dit ce qui serait perdu et refuse sans accord."""
    from erp_desktop.db import central_schema, startup

    target = Target(url, cache, secrets)
    current = _current(target)
    if current is None:
        raise UserError("La base est vide.")
    wanted = history.resolve(revision, current)
    if wanted == current:
        emit(as_json, {"de": current, "vers": wanted, "perdu": {}}, "Rien à faire.")
        return
    lost = history.losses(current, wanted)
    if not accept_data_loss and lost:
        told = " ".join(f"[{name}] {text}" for name, text in lost.items())
        raise UserError(f"Ce retour en arrière perdrait : {told} Ajouter --accept-data-loss pour l'accepter.")
    if target.cache is not None:
        startup.downgrade_local(target.cache, target.key, wanted)
    else:
        folder = None if no_backup else (backups or Path.cwd() / "sauvegardes-centre")
        with target.engine() as engine:
            central_schema.downgrade_central(engine, wanted, backups=folder)
    emit(as_json, {"de": current, "vers": wanted, "perdu": lost}, f"Base revenue à la révision {wanted}.")


@app.command()
@guarded
def check(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Comparer la structure de la base aux modèles du programme ; statut 1 à la moindre différence."""
    from erp_desktop.db import fingerprint

    target = Target(url, cache, secrets)
    current = _current(target)
    with target.engine() as engine, engine.connect() as connection:
        wrong = fingerprint.check(connection)
    emit(as_json, {"revision": current, "differences": wrong},
         "\n".join(wrong) or f"Aucune différence (révision {current}).")  # fmt: skip
    if wrong:
        raise typer.Exit(1)


@app.command()
@guarded
def backup(
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    folder: Annotated[Path | None, typer.Option(help="Dossier de la sauvegarde du centre.")] = None,
    keep: Annotated[int, typer.Option(min=1, help="Sauvegardes locales à garder.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Faire une sauvegarde datée et la relire."""
    from erp_desktop.db import backup as backups
    from erp_desktop.db import central_schema

    target = Target(url, cache, secrets)
    if target.cache is None:
        with target.engine() as engine:
            address = engine.url.render_as_string(hide_password=False)
        made: Any = central_schema.dump(address, folder or Path.cwd() / "sauvegardes-centre")
    else:
        _existing(target.cache)
        made = backups.create(target.cache, target.key, keep=keep)
    emit(as_json, made, f"Sauvegarde vérifiée : {made.chemin} ({made.taille} octets).")


def _existing(path: Path) -> None:
    if not path.is_file():
        raise UserError(f"Le fichier {path} n'existe pas.")


@app.command()
@guarded
def restore(
    cache: Annotated[Path, typer.Option(help="Fichier de la base locale.")],
    source: Annotated[Path | None, typer.Argument(help="Sauvegarde ; sans elle, la plus récente.")] = None,
    secrets: Secrets = None,
    accept_data_loss: Accept = False,
    as_json: AsJson = False,
) -> None:
    """Remettre une sauvegarde locale en place ; le fichier remplacé est gardé."""
    from erp_desktop.db import backup as backups

    target = Target(None, cache, secrets)
    saved = backups.backups(cache)
    chosen = source or (saved[0].chemin if saved else None)
    if chosen is None:
        raise UserError("Aucune sauvegarde de cette base.")
    done = backups.restore(cache, chosen, target.key, accept_data_loss=accept_data_loss)
    emit(
        as_json,
        {"restaure": chosen, "revision": done.revision, "remplace": done.remplacee, "reportees": done.reportees},
        f"{chosen.name} est en place, {done.reportees} fiche(s) en attente d'envoi reprises ; "
        f"l'ancien fichier : {done.remplacee or 'aucun'}.",
    )


@app.command()
@guarded
def doctor(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Examiner la base et dire quoi faire ; statut 1 s'il y a une erreur."""
    from erp_desktop.db import doctor as doctors

    target = Target(url, cache, secrets)
    if target.cache is None:
        with target.engine() as engine:
            found = doctors.centre(engine)
    else:
        _existing(target.cache)
        found = doctors.cache(target.cache, target.key)
    try:
        history.verify()
        found.append(doctors.Constat("migrations", "ok", "fichiers conformes au manifeste"))
    except UpgradeError as error:
        found.append(doctors.Constat("migrations", "erreur", str(error)))
    emit(as_json, [asdict(c) for c in found], "\n".join(f"{c.etat:<10} {c.controle:<12} {c.detail}" for c in found))
    if any(c.etat == "erreur" for c in found):
        raise typer.Exit(1)
