"""The structure of the central database: what every client checks, what a migrator upgrades."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import erp_desktop
from erp_desktop.centre import isolation, lock, machinery, mark, preflight
from erp_desktop.centre.functions import watch
from erp_desktop.errors import DatabaseRefusedError, NotAllowedError, UpgradeError
from erp_desktop.registry import revisions as history
from erp_desktop.upgrade import audit
from erp_desktop.upgrade.central import archiving, attempts, looking, report


@dataclass(frozen=True, slots=True)
class EtatSchema:
    """How the centre's structure stands towards this program.

    Attributes:
        etat: ``vide``, ``egal``, ``ancien`` (centre older), ``recent`` (centre newer) or ``incoherent``.
        revision: the centre's revision; None when empty.
        min_client: oldest revision of a client that may write.
        migrateur: the connected role may change the structure.
        differences: why ``incoherent``, one French line each.
        ecriture: this client may read from and write to the centre.
        message: one French sentence.
        revisions: titles of the revisions that are due.
        avertissements: what an upgrade would meet, one French line each.
        en_cours: somebody upgrades it now.
    """

    etat: str
    revision: str | None
    attendue: str
    min_client: str | None
    migrateur: bool
    differences: tuple[str, ...]
    ecriture: bool
    message: str
    revisions: tuple[str, ...] = ()
    avertissements: tuple[str, ...] = ()
    en_cours: bool = False


def check_central(engine: sa.Engine) -> EtatSchema:
    """Compare the centre with this program, changing nothing.

    Raises:
        sqlalchemy.exc.OperationalError: the server does not answer.
    """
    seen = looking.look(engine)
    if seen.planted:
        return _etat("incoherent", None, None, True, seen.planted, isolation.others_left(list(seen.planted)))
    stamps, window, migrator = seen.stamps, seen.window, seen.migrator
    revision = stamps[0] if stamps else (window[0] if window else None)
    wrong = _wrong_stamps(stamps, window)
    least = window[1] if window else None
    if not wrong and window is None:
        with isolation.pinned(engine) as connection:
            wrong = _strangers(connection, stamps)
    if revision is None and not wrong:
        return _etat("vide", None, least, migrator, (), "La base centrale est vide.")
    rank = history.position(revision) if revision else None
    if not wrong and rank == len(history.revisions()) - 1:
        wrong = _structure(engine, seen)
    if wrong:
        told = "La base centrale n'a pas la structure annoncée : rien n'y sera écrit, prévenez l'informatique."
        return _etat("incoherent", revision, least, migrator, tuple(wrong), told)
    if rank is None:
        return _newer(str(revision), least, migrator)
    if revision == history.head():
        return _etat("egal", revision, least, migrator, (), "La base centrale est à jour.")
    older = _etat("ancien", revision, least, migrator, (), _WAITING[seen.running, seen.shut])
    return replace(older, en_cours=seen.running)


_WAITING = {
    (False, False): "La base centrale attend sa mise à niveau.",
    (False, True): "La mise à niveau de la base centrale s'est arrêtée en chemin : personne n'y est servi avant "
    "qu'elle soit terminée.",
    (True, False): "La base centrale est en cours de mise à niveau.",
    (True, True): "La base centrale est en cours de mise à niveau.",
}
"""What an older centre says, by whether somebody upgrades it now and whether it serves nobody."""


def _etat(
    etat: str, revision: str | None, least: str | None, migrator: bool, wrong: tuple[str, ...], told: str
) -> EtatSchema:
    return EtatSchema(etat, revision, history.head(), least, migrator, wrong, etat == "egal", told)


def _newer(revision: str, least: str | None, migrator: bool) -> EtatSchema:
    """A centre ahead of this program: usable while our revision is one that the centre still accepts."""
    accepted = history.understands(history.head(), revision, least)
    told = (
        "La base centrale est plus récente que ce programme, qui reste compatible."
        if accepted
        else "Mise à jour du programme nécessaire : le travail continue hors ligne, rien n'est perdu."
    )
    return EtatSchema("recent", revision, history.head(), least, migrator, (), accepted, told)


def _wrong_stamps(stamps: list[str] | None, window: Any) -> list[str]:
    if stamps is not None and len(stamps) > 1:
        return [f"alembic_version : {len(stamps)} révisions ({', '.join(sorted(stamps))})"]
    if stamps == [] and window is not None:
        return ["alembic_version : aucune révision"]
    return []


def _strangers(connection: sa.Connection, stamps: list[str] | None) -> list[str]:
    """Why a database without a compatibility window is not the empty one, or the early centre, that it looks like."""
    if stamps:
        unknown = (
            history.position(stamps[0]) is None
            and not connection.exec_driver_sql("SELECT to_regnamespace('sync') IS NOT NULL").scalar()
        )
        return [f"révision {stamps[0]} : celle d'un autre programme"] if unknown else []
    there, mine = connection.exec_driver_sql(
        "SELECT to_regclass('public.alembic_version') IS NOT NULL, to_regnamespace('sync') IS NOT NULL"
    ).one()
    if stamps is None and there:
        return ["alembic_version : ce compte n'a pas le droit de la lire"]
    return (
        [f"contenu : {c.detail}" for c in [preflight.content(connection)] if c.etat == "erreur"] if not mine else []
    )


def _structure(engine: sa.Engine, seen: looking.Seen) -> list[str]:
    """What differs, told by a full comparison; none is made of what is as it was when one found nothing."""
    from erp_desktop.upgrade import fingerprint

    window = seen.window
    if seen.compared:
        return []
    if not seen.migrator and (window is None or window[0] != history.head() or window[3] != erp_desktop.__version__):
        return []
    with isolation.pinned(engine) as connection:
        if seen.migrator:
            return fingerprint.check(connection)
        same = window is not None and fingerprint.digest(fingerprint.read(connection)) == window[2]
    return [] if same else ["structure différente de celle de la dernière mise à niveau"]


def require_whole(connection: sa.Connection) -> None:
    """Let nobody add an agency or a device to a centre that an upgrade left half-way, or never reached.

    Raises:
        DatabaseRefusedError: the last revision that this program knows is not there; the sentence says what to do.
    """
    stamps = attempts.stamps(connection)
    if stamps is None and connection.exec_driver_sql("SELECT to_regclass('public.alembic_version')").scalar():
        return  # Somebody without this right may do nothing of the kind either.
    rank = history.position(stamps[0]) if stamps else -1
    if rank is not None and rank < len(history.revisions()) - 1:
        at = f"il en est à la révision {stamps[0]} sur {history.head()}" if stamps else "il est vide"
        remedy = "erp-admin db upgrade" if stamps else "erp-admin server init"
        raise DatabaseRefusedError(f"Ce centre n'est pas entier : {at}. Terminez-le d'abord par « {remedy} ».")


@dataclass(frozen=True, slots=True)
class Bilan:
    """What an upgrade of the centre did.

    Attributes:
        secondes: of the migrations alone.
        revisions: applied, in order.
        constats: what to look at: fewer rows or values than before, one French line each.
        refait: no revision was due, but functions, triggers or rights were put back.
    """

    avant: str | None
    apres: str
    copie: archiving.Copie | None
    secondes: float
    revisions: tuple[str, ...] = ()
    constats: tuple[str, ...] = ()
    refait: bool = False


def _machinery_stands(engine: sa.Engine) -> bool:
    with isolation.pinned(engine) as connection:
        return mark.stands(connection, machinery.statements())


def _note_compared(engine: sa.Engine) -> None:
    """Have those who open the centre compare it no more, where the one who last changed it could not note that."""
    if not looking.look(engine).compared:
        with engine.connect() as connection:
            audit.record_window(connection, history.head())


def _tighten(engine: sa.Engine) -> None:
    """Put back what devices may hold of the server; takes no lock on any table."""
    with engine.begin() as connection:
        for statement in (isolation.TAKEN_AWAY, watch.LIMITS):
            connection.exec_driver_sql(statement.replace("%", "%%"))


def upgrade_central(
    engine: sa.Engine,
    consent: Callable[[EtatSchema], bool],
    progress: Callable[[str], object] | None = None,
    *,
    backups: Path | None = None,
    target: str | None = None,
) -> Bilan:
    """Bring the centre to this program's revision, one transaction per revision.

    Args:
        engine: connected as a migrator, directly to the server (no pooler).
        consent: asked once, with what was found, before anything is written.
        progress: told each step in French.
        backups: folder for the archive made first; None when the caller already has one.
        target: another revision to stop at.

    Raises:
        NotAllowedError: not a migrator, or consent refused.
        UpgradeError: stopped at the last committed revision, which the message names.
        UnavailableError: the backup could not be made; nothing was changed.
    """
    from erp_desktop.upgrade import fingerprint

    tell = progress or (lambda _texte: None)
    history.verify()
    wanted = target or history.head()
    found = check_central(engine)
    if not found.migrateur:
        raise NotAllowedError("Ce compte n'a pas le droit de modifier la structure de la base centrale.")
    repairable = (
        found.etat == "incoherent"
        and found.revision == wanted
        and fingerprint.only_machinery(found.differences or ("",))
    )
    if found.etat in {"recent", "incoherent"} and not repairable:
        raise UpgradeError(" ".join([found.message, *found.differences[:5]]))
    if found.revision == wanted:
        if found.etat == "egal" and _machinery_stands(engine):
            _tighten(engine)
            _note_compared(engine)
            tell("Le centre est déjà à jour")
            return Bilan(found.revision, wanted, None, 0.0)
        # No revision is due, but functions and triggers are brought to this program's.
        attempts.with_retries(engine, found.revision, wanted, tell)
        _tighten(engine)
        return Bilan(found.revision, wanted, None, 0.0, refait=True)
    _ready(engine, found)
    if not consent(found):
        raise NotAllowedError("La mise à niveau du centre n'a pas été acceptée : rien n'a été modifié.")
    due = tuple(history.between(found.revision, wanted))
    copy = None
    if backups is not None and found.revision is not None:
        tell("Sauvegarde du centre")
        copy = archiving.dump(engine.url.render_as_string(hide_password=False), backups)
    before = _survey(engine)
    started = time.monotonic()
    attempts.with_retries(engine, found.revision, wanted, tell)
    seconds = time.monotonic() - started
    tell("Vérification de la structure et des valeurs")
    if wanted == history.head():
        with isolation.pinned(engine) as connection:
            wrong = fingerprint.check(connection)
        if wrong:
            raise UpgradeError(f"Après la mise à niveau, la structure diffère : {' ; '.join(wrong[:5])}")
    after = _survey(engine)
    fewer = tuple(report.missing(before, after)) if before and after else ()
    return Bilan(found.revision, wanted, copy, round(seconds, 3), due, fewer)


def examine(engine: sa.Engine, revision: str | None) -> list[preflight.Constat]:
    """The preflight of an upgrade from ``revision``, with the structure that it would begin on.

    The structure is compared only under the lock of upgrades: a reflection of tables that another migrator is
    changing reads half of each. Where that lock is taken, the other one has compared it.
    """
    from erp_desktop.upgrade import structures

    with isolation.pinned(engine) as connection:
        found = preflight.examine(connection)
        if revision is not None and revision != history.head() and history.position(revision) is not None:
            if lock.take_now(connection) and attempts.stamps(connection) == [revision]:
                found.append(preflight.structure(structures.drift(connection, revision)))
            connection.rollback()
    return found


def _ready(engine: sa.Engine, found: EtatSchema) -> None:
    wrong = preflight.troubles(examine(engine, found.revision))
    if wrong:
        raise UpgradeError(f"Rien n'a été modifié ; à régler d'abord : {' ; '.join(wrong)}.")


def _survey(engine: sa.Engine) -> report.Releve | None:
    """None while another migrator changes the tables that are counted."""
    try:
        with isolation.pinned(engine) as connection:
            return report.survey(connection)
    except sa.exc.ProgrammingError:
        return None


def downgrade_central(engine: sa.Engine, target: str, *, backups: Path | None = None) -> None:
    """Take the centre back to an older revision; what the revisions lose is lost.

    Raises:
        NotAllowedError: not a migrator.
        UpgradeError: stopped at the last committed revision.
    """
    from erp_desktop.upgrade import migrate

    history.verify()
    found = check_central(engine)
    if not found.migrateur:
        raise NotAllowedError("Ce compte n'a pas le droit de modifier la structure de la base centrale.")
    if backups is not None:
        archiving.dump(engine.url.render_as_string(hide_password=False), backups)
    try:
        with engine.connect() as connection:
            migrate.downgrade(connection, target)
    except (sa.exc.DBAPIError, RuntimeError) as error:
        raise attempts.stopped(engine, str(getattr(error, "orig", None) or error).splitlines()[0]) from error
