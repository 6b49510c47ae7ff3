"""erp-admin db: revisions, structure, backups, diagnosis of one database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from erp_desktop import settings
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded
from erp_desktop.cli.common import consent as ask_consent
from erp_desktop.cli.db import backups as db_backups
from erp_desktop.cli.db.backups import Accept, WithProgress, archives, existing, of_the_centre, teller
from erp_desktop.cli.french import Commands
from erp_desktop.domain.writing import revisions as words
from erp_desktop.errors import NotAllowedError, UserError
from erp_desktop.registry import revisions as history

if TYPE_CHECKING:
    from erp_desktop.centre.preflight import Constat

app = Commands(help="Révisions, contrôle et sauvegarde d'une base.")

To = Annotated[str, typer.Option("--to", help="Révision à atteindre.")]


def _current(target: Target) -> str | None:
    """The revision of a database; None when it is empty or absent."""
    from erp_desktop.upgrade.central import checklist
    from erp_desktop.upgrade.start import startup

    if target.cache is not None:
        if not target.cache.exists():
            return None
        return startup.read_revision(target.cache, target.key)
    with target.engine() as engine:
        return checklist.check_central(engine).revision


def _pending(current: str | None) -> list[str]:
    known = current is None or history.position(current) is not None
    return history.between(current, history.head()) if known else []


def _titles(revisions: list[str]) -> list[dict[str, str]]:
    language = settings.load().language
    return [{"revision": r, "description": words.told(history.title(r), language)} for r in revisions]


def _listed(revisions: list[str]) -> list[str]:
    return [f"  {row['revision']}  {row['description']}" for row in _titles(revisions)]


@app.command()
@guarded
def status(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Révision de la base et du programme, révisions en attente, écarts de structure, fenêtre de compatibilité."""
    from erp_desktop.upgrade import audit, structures
    from erp_desktop.upgrade.central import checklist

    target = Target(url, cache, secrets)
    answer: dict[str, Any] = {"min_client": history.minimum_client(), "differences": [], "journal": []}
    current = _current(target)
    newer = current is not None and history.position(current) is None
    if target.cache is not None:
        answer["etat"] = (
            "vide" if current is None else "recent" if newer else "egal" if current == history.head() else "ancien"
        )
    if target.cache is None or current is not None:
        with target.engine() as engine:
            if target.cache is None:
                answer |= asdict(checklist.check_central(engine))
                if answer["migrateur"] or answer["etat"] == "vide":
                    answer["constats"] = [asdict(c) for c in checklist.examine(engine, None)]
            with engine.connect().execution_options(write=False) as connection:
                compared = current is not None and not newer and answer.get("migrateur", True)
                if compared and not answer["differences"]:
                    answer["differences"] = structures.drift(connection, str(current))
                    connection.rollback()
                if answer.get("migrateur", True):
                    answer["journal"] = audit.journal(connection)
    # A base of another program is brought nowhere.
    foreign = target.cache is None and current is None and answer["etat"] != "vide"
    pending = [] if foreign else _pending(current)
    answer |= {"revision": current, "attendue": history.head(), "en_attente": pending, "a_venir": _titles(pending)}
    base = current or ("sans révision" if foreign else "vide")
    told = f"Base : {base} ; programme : {history.head()} ; {len(pending)} révision(s) en attente."
    lines = [" ".join([told, str(answer.get("message", ""))]).strip(), *_listed(pending)]
    lines.append(f"Fenêtre : le centre accepte les postes depuis la révision {answer['min_client'] or 'inconnue'}.")
    lines += [f"Écart : {line}" for line in answer["differences"]]
    lines += [f"À régler : {c['detail']} → {c['remede']}" for c in answer.get("constats", []) if c["etat"] != "ok"]
    lines += [f"Journal : {row['quand']} {row['de']} → {row['vers']}, {row['qui']}, {row['duree_s']} s, "
              f"version {row['app_version']}" for row in answer["journal"]]  # fmt: skip
    emit(as_json, answer, lines)


@app.command()
@guarded
def preview(
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    to: To = "head",
    progress: WithProgress = False,
    as_json: AsJson = False,
) -> None:
    """Montrer le SQL qu'une mise à niveau exécuterait ; une base locale est essayée en copie, rien ne change."""
    from erp_desktop.upgrade import migrate
    from erp_desktop.upgrade import preview as previews

    target = Target(url, cache, secrets)
    history.verify()
    current = _current(target)
    wanted, pending = _forward(to, current)
    tell = teller(progress)
    if not pending:
        sql = ""
    elif target.cache is None:
        sql = migrate.postgres_sql(current or "base", wanted)
    else:
        tell("Essai sur une copie")
        statements = (
            previews.on_copy(target.cache, target.key, wanted)
            if current is not None
            else previews.sqlite_statements("base", wanted)
        )
        sql = "".join(f"{line};\n\n" for line in statements)
    emit(as_json, {"de": current, "vers": wanted, "revisions": pending, "a_venir": _titles(pending), "sql": sql},
         sql.splitlines() or "Rien à faire.")  # fmt: skip


def _forward(to: str, current: str | None) -> tuple[str, list[str]]:
    """The revision asked for, and those on the way; refuses the way back.

    Raises:
        UserError: it is behind the present one.
    """
    wanted = history.resolve(to, current)
    if wanted == "base":
        raise UserError("« base » est le chemin du retour : erp-admin db downgrade base.")
    pending = history.between(current, wanted)
    if not pending and wanted != current:
        raise UserError("La base est déjà plus avancée : erp-admin db downgrade revient en arrière.")
    return wanted, pending


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
    progress: WithProgress = False,
    as_json: AsJson = False,
) -> None:
    """Mettre la base à niveau : sauvegarde vérifiée, révisions une à une, contrôle final."""
    target = Target(url, cache, secrets)
    of_the_centre(target, backups=backups, no_backup=no_backup)
    current = _current(target)
    wanted, pending = _forward(to, current)
    if dry_run:
        warnings = _warnings(target, current, wanted) if target.cache is None else {}
        stopped = any(c["etat"] == "erreur" for c in warnings.get("constats", []))
        told = [f"{len(pending)} révision(s) seraient appliquées.", *_listed(pending)]
        if stopped:
            told = [f"Rien ne serait appliqué des {len(pending)} révision(s) en attente : voir « À régler »."]
        elif not pending:
            told = ["Base déjà à jour : aucune révision à appliquer."]
        told += [f"Transaction ouverte : {line}" for line in warnings.get("bloquants", [])]
        told += [f"Poste qui ne pourrait plus échanger : {line}" for line in warnings.get("exclus", [])]
        told += [
            f"À régler : {c['detail']} → {c['remede']}" for c in warnings.get("constats", []) if c["etat"] != "ok"
        ]
        emit(as_json, {"de": current, "revisions": pending, "a_venir": _titles(pending), **warnings}, told)
        if stopped:
            raise typer.Exit(1)
        return
    tell = teller(progress)
    if target.cache is not None:
        answer = _upgrade_cache(target.cache, target.key, current, wanted, tell)
    else:
        answer = _upgrade_centre(target, wanted, yes, None if no_backup else backups or archives(), tell)
    lines = [f"Base à la révision {answer['vers']} (avant : {answer['de'] or 'vide'})."]
    if answer["de"] == answer["vers"]:
        done = "fonctions, déclencheurs et droits remis en place" if answer.get("refait") else "rien à faire"
        lines = [f"Base déjà à jour, à la révision {answer['vers']} : {done}."]
    emit(as_json, answer, [*lines, *(f"À regarder : {line}" for line in answer.get("constats", []))])


def _warnings(target: Target, current: str | None, wanted: str) -> dict[str, list[Any]]:
    """What an upgrade of the centre would have to wait for, whom it would shut out, what would stop it."""
    from erp_desktop.upgrade.central import checklist, report

    with target.engine() as engine:
        found = report.plan(engine, current, wanted)
        constats = [asdict(c) for c in checklist.examine(engine, current)]
    return {"bloquants": found.bloquants, "exclus": found.exclus, "constats": constats}


def _upgrade_cache(
    path: Path, key: str | None, current: str | None, wanted: str, tell: Callable[[str], None]
) -> dict[str, Any]:
    from erp_desktop.db.locks import CacheLock
    from erp_desktop.upgrade.start import by_copy

    if current == wanted:
        return {"de": current, "vers": wanted}
    lock = CacheLock(path)
    lock.exclusive(2.0)
    try:
        before, after = by_copy.upgrade_local(path, key, progress=lambda step: tell(step.texte), target=wanted)
    finally:
        lock.release()
    return {"de": before, "vers": after}


def _upgrade_centre(
    target: Target, wanted: str, yes: bool, folder: Path | None, tell: Callable[[str], None]
) -> dict[str, Any]:
    from erp_desktop.services import calendrier
    from erp_desktop.upgrade.central import checklist

    def consent(state: checklist.EtatSchema) -> bool:
        question = f"Mettre à niveau le centre de {state.revision or 'vide'} à {wanted} ?"
        return yes or ask_consent(question)

    with target.engine() as engine:
        done = checklist.upgrade_central(engine, consent, tell, backups=folder, target=wanted)
        if wanted == history.head() and done.revisions:
            calendrier.semer_centre(engine)
    copy = asdict(done.copie) if done.copie else None
    return {
        "de": done.avant, "vers": done.apres, "secondes": done.secondes, "copie": copy,
        "revisions": list(done.revisions), "constats": list(done.constats), "refait": done.refait,
    }  # fmt: skip


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
    progress: WithProgress = False,
    as_json: AsJson = False,
) -> None:
    """Revenir à une révision antérieure ; dit ce qui serait perdu et refuse sans accord."""
    from erp_desktop.db.locks import CacheLock
    from erp_desktop.upgrade import history as histories
    from erp_desktop.upgrade.central import checklist
    from erp_desktop.upgrade.start import by_copy

    target = Target(url, cache, secrets)
    of_the_centre(target, backups=backups, no_backup=no_backup)
    current = _current(target)
    if current is None:
        raise UserError("La base est vide.")
    wanted = history.resolve(revision, current)
    if wanted == current:
        emit(as_json, {"de": current, "vers": wanted, "perdu": {}}, "Rien à faire.")
        return
    if wanted != "base" and not history.between(wanted, current):
        raise UserError("La base n'en est pas encore là : erp-admin db upgrade y mène.")
    history.verify()
    lost = histories.losses(current, wanted)
    if not accept_data_loss and lost:
        told = " ".join(f"[{name}] {text}" for name, text in lost.items())
        raise UserError(f"Ce retour en arrière perdrait : {told} Ajouter --accept-data-loss pour l'accepter.")
    tell = teller(progress)
    tell("Sauvegarde, puis retour en arrière")
    if target.cache is not None:
        by_copy.downgrade_local(target.cache, target.key, wanted)
        if wanted == "base":
            # Nothing is left in it; a file without revision would be refused by every start.
            target.cache.unlink()
            lock = CacheLock(target.cache)
            lock.exclusive(2.0)
            # Taken away on purpose: the next start makes a new one.
            lock.note("")
            lock.release()
    else:
        folder = None if no_backup else backups or archives()
        with target.engine() as engine:
            checklist.downgrade_central(engine, wanted, backups=folder)
    emit(as_json, {"de": current, "vers": wanted, "perdu": lost}, f"Base revenue à la révision {wanted}.")


@app.command()
@guarded
def stamp(
    revision: Annotated[str, typer.Argument(help="Révision à inscrire.")] = "head",
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Inscrire une révision sans l'exécuter, seulement si la structure est exactement la sienne."""
    from erp_desktop.upgrade import stamp as stamps

    target = Target(url, cache, secrets)
    wanted = history.resolve(revision, None)
    if wanted == "base":
        raise UserError("« base » ne s'inscrit pas : erp-admin db downgrade base.")
    if target.cache is not None:
        existing(target.cache)
        before = stamps.cache(target.cache, target.key, wanted)
    else:
        with target.engine() as engine:
            before = stamps.centre(engine, wanted)
    emit(
        as_json, {"de": before, "vers": wanted}, f"Révision inscrite : {wanted} (avant : {', '.join(before) or '∅'})."
    )


@app.command()
@guarded
def check(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Comparer la structure de la base à celle de sa révision ; statut 1 à la moindre différence."""
    from erp_desktop.upgrade import fingerprint, structures
    from erp_desktop.upgrade.central import checklist

    target = Target(url, cache, secrets)
    current = _current(target) if target.cache is None or target.cache.is_file() else None
    with target.engine() as engine, engine.connect().execution_options(write=False) as connection:
        if current is not None and history.position(current) is None:
            raise UserError(f"La base vient d'une version plus récente du programme (révision {current}).")
        if target.cache is None and not checklist.check_central(engine).migrateur:
            raise NotAllowedError("Ce compte n'a pas le droit de comparer la structure : prenez le compte migrateur.")
        wrong = fingerprint.check(connection) if current is None else structures.drift(connection, current)
        if current == history.head():
            wrong = [*wrong, *fingerprint.functions(connection)]
    emit(as_json, {"revision": current, "differences": wrong},
         wrong or f"Aucune différence (révision {current}).")  # fmt: skip
    if wrong:
        raise typer.Exit(1)


app.command()(db_backups.backup)
app.command()(db_backups.restore)


@app.command()
@guarded
def doctor(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Examiner la base et dire quoi faire ; statut 1 s'il y a une erreur."""
    from erp_desktop.upgrade import doctor as doctors

    target = Target(url, cache, secrets)
    if target.cache is None:
        with target.engine() as engine:
            found = doctors.centre(engine)
    else:
        existing(target.cache)
        found = doctors.cache(target.cache, target.key)
    found += doctors.migrations()
    emit(as_json, [asdict(c) for c in found], [_shown(c) for c in found])
    if any(c.etat == "erreur" for c in found):
        raise typer.Exit(1)


def _shown(found: Constat) -> str:
    remedy = f" → {found.remede}" if found.remede else ""
    return f"{found.etat:<10} {found.controle:<12} {found.detail}{remedy}"
