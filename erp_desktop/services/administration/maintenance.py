"""What administrators look at and set in motion: the schema and its upgrade, backups, journals, planning rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import secrets
from erp_desktop.domain.enums import ReglePlanning, VerdictPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.models import ReglePlanningAgence
from erp_desktop.registry import revisions as history
from erp_desktop.services.administration.source import administrer
from erp_desktop.services.planning import reading, settings
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.lists import ListQuery, est_sqlite
from erp_desktop.settings import Mode, Settings
from erp_desktop.upgrade import audit, backup
from erp_desktop.upgrade.central import archiving, checklist


@dataclass(frozen=True, slots=True)
class Schema:
    """How a database stands towards this program.

    Attributes:
        etat: as ``EtatSchema.etat``.
        revisions: titles of those that are due.
        constats: what an upgrade would meet, one French line each.
        exclus: names of devices that are too old to exchange.
        serveur: version of the server; empty for a local file.
    """

    etat: str
    message: str
    revision: str
    attendue: str
    min_client: str
    revisions: tuple[str, ...]
    constats: tuple[str, ...]
    exclus: tuple[str, ...]
    migrateur: bool
    serveur: str


def schema(session: Session, acteur: Acteur) -> Schema:
    """The state of the database at hand; reads only."""
    roles.exiger(acteur, roles.Droit.AUDITER if est_sqlite(session) else roles.Droit.ADMINISTRER)
    if est_sqlite(session):
        current = str(session.scalar(sa.text("SELECT version_num FROM alembic_version")))
        told = (
            "La base locale est à jour." if current == history.head() else "La base locale attend sa mise à niveau."
        )
        return Schema(
            "egal" if current == history.head() else "ancien", told, current, history.head(),
            history.minimum_client(), (), (), (), False, "",
        )  # fmt: skip
    engine = session.get_bind().engine
    found = checklist.check_central(engine)
    due = history.between(found.revision, history.head()) if found.etat == "ancien" else []
    notes = [f"{c.detail} → {c.remede}" for c in checklist.examine(engine, None) if c.etat != "ok"]
    return Schema(
        found.etat, found.message, found.revision or "", found.attendue, found.min_client or "",
        tuple(history.title(r) for r in due), (*found.differences, *notes), tuple(_shut_out(session)),
        found.migrateur, str(session.scalar(sa.text("SHOW server_version"))).split(" ")[0],
    )  # fmt: skip


def _shut_out(session: Session) -> Sequence[str]:
    """Active devices whose program is older than the centre serves."""
    if not session.scalar(sa.text("SELECT to_regclass('sync.devices') IS NOT NULL")):
        return []
    least = history.position(history.minimum_client()) or 0
    rows = session.execute(
        sa.text("SELECT nom, revision FROM sync.devices WHERE etat = 'actif' AND poste > 0 ORDER BY nom")
    )
    return [
        str(nom) for nom, revision in rows
        if revision is not None and (place := history.position(revision)) is not None and place < least
    ]  # fmt: skip


def upgrade(session: Session, acteur: Acteur, folder: Path, progress: Callable[[str], object]) -> tuple[str, ...]:
    """Bring the centre to this program's revision, its archive made first; what to look at afterwards.

    Raises:
        NotAllowedError, UpgradeError, UnavailableError
    """
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    engine = session.get_bind().engine
    # Our own reading would be the transaction that the upgrade waits for.
    session.rollback()
    return checklist.upgrade_central(engine, lambda _state: True, progress, backups=folder).constats


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup on this machine; ``taille`` in bytes, ``revision`` of a local one."""

    chemin: Path
    quand: datetime
    taille: int
    revision: str


def backups(options: Settings) -> list[Copy]:
    """Backups of the local file and archives of the centre that lie on this machine, the latest first."""
    found = []
    if options.mode is not Mode.CENTRE and options.cache.exists():
        found = [Copy(b.chemin, b.quand, b.taille, b.revision) for b in backup.backups(options.cache)]
    if options.archives.is_dir():
        for file in options.archives.glob("*.dump"):
            state = file.stat()
            found.append(Copy(file, datetime.fromtimestamp(state.st_mtime).astimezone(), state.st_size, ""))
    return sorted(found, key=lambda one: one.quand, reverse=True)


def back_up_here(options: Settings) -> Path:
    """A dated copy of the local file, read back.

    Raises:
        UserError, DiskFullError, DatabaseBusyError
    """
    key = secrets.cache_key(options.cache, options.secrets_file)
    return backup.create(options.cache, key, keep=options.backups_kept).chemin


def back_up_centre(session: Session, acteur: Acteur, folder: Path) -> Path:
    """An archive of the centre with its logins beside it, read back.

    Raises:
        NotAllowedError, UnavailableError
    """
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    engine = session.get_bind().engine
    session.rollback()
    folder.mkdir(parents=True, exist_ok=True)
    return archiving.dump(engine.url.render_as_string(hide_password=False), folder).chemin


# --- journals


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal, most recent first.

    Attributes:
        genre: ``migration``, ``echange`` or ``refus``.
        code: of a refusal, as the centre says it.
    """

    id: int
    quand: datetime
    genre: str
    qui: str
    quoi: str
    code: str


_EXCHANGES = """
SELECT l.recu_a, d.nom, l.numero, coalesce(jsonb_array_length(l.resultat->'conflits'), 0),
       coalesce(jsonb_array_length(l.resultat->'gares'), 0)
  FROM sync.lots l JOIN sync.devices d ON d.poste = l.poste ORDER BY l.recu_a DESC LIMIT 300
"""
_REFUSALS = """
SELECT g.quand, d.nom, g.code, g.raison FROM sync.gares g JOIN sync.devices d ON d.poste = g.poste
 ORDER BY g.quand DESC LIMIT 300
"""
_CYCLES = "SELECT quand, envoyes, recus, conflits, gares, erreur FROM sync_journal ORDER BY id DESC LIMIT 300"


def journal(session: Session, acteur: Acteur) -> list[Entry]:
    """Upgrades, exchanges and refusals that this database knows of."""
    roles.exiger(acteur, roles.Droit.AUDITER if est_sqlite(session) else roles.Droit.ADMINISTRER)
    lines: list[tuple[datetime, str, str, str, str]] = []
    for row in audit.journal(session.connection(), 200):
        when = row["quand"] if isinstance(row["quand"], datetime) else clock.from_text(str(row["quand"]))
        took = f"{row['duree_s']:.1f}".replace(".", ",")
        begun = f"de {row['de']} à {row['vers']}" if row["de"] else f"première révision {row['vers']}"
        what = f"{begun}, en {took} s, version {row['app_version']}"
        lines.append((when, "migration", str(row["qui"]), what, ""))
    if est_sqlite(session):
        for when, sent, received, conflicts, parked, error in session.execute(sa.text(_CYCLES)):
            what = f"envoyés : {sent}, reçus : {received}, conflits : {conflicts}, refusés : {parked}"
            lines.append((clock.from_text(when), "echange", "", str(error) if error else what, ""))
    elif session.scalar(sa.text("SELECT to_regclass('sync.lots') IS NOT NULL")):
        for when, name, number, conflicts, parked in session.execute(sa.text(_EXCHANGES)):
            lines.append((when, "echange", name, f"lot {number}, conflits : {conflicts}, refusés : {parked}", ""))
        for when, name, code, reason in session.execute(sa.text(_REFUSALS)):
            lines.append((when, "refus", name, reason, code))
    lines.sort(key=lambda line: line[0], reverse=True)
    return [Entry(place, *line) for place, line in enumerate(lines, start=1)]


_GENRES = {"migration": "mise à niveau", "echange": "échange", "refus": "refus"}


def journal_ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Places of the journal's lines that hold every typed word, and are of the kinds named by ``genre:``."""
    words = query.texte.split()
    kinds = {w.partition(":")[2] for w in words if w.startswith("genre:")}
    typed = [plier(w) for w in words if not w.startswith("genre:")]
    kept = [
        e for e in journal(session, acteur)
        if (not kinds or e.genre in kinds)
        and all(w in plier(f"{e.genre} {_GENRES[e.genre]} {e.qui} {e.quoi}") for w in typed)
    ]  # fmt: skip
    if query.tri in ("genre", "qui"):
        kept.sort(key=lambda e: getattr(e, query.tri))
    return [e.id for e in (reversed(kept) if query.descendant else kept)][: query.limite]


def journal_rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[Entry]:
    """Lines of a visible window, in the order of ``ids``."""
    found = {e.id: e for e in journal(session, acteur)}
    return [found[i] for i in ids if i in found]


def journal_entry(session: Session, acteur: Acteur, id: int) -> Entry:  # noqa: A002
    return journal_rows(session, acteur, [id])[0]


# --- what a plan may break


def planning_rules(
    session: Session, acteur: Acteur, agence_id: int | None
) -> dict[ReglePlanning, tuple[VerdictPlanning, bool]]:
    """Rule → what it does in the agency (None: everywhere), and whether that was decided for this very agency."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    r = ReglePlanningAgence
    own = set(session.scalars(sa.select(r.regle).where(r.agence_id.is_not_distinct_from(agence_id))))
    return {rule: (verdict, rule in own) for rule, verdict in reading.verdicts(session, agence_id).items()}


def decide_rule(
    session: Session, acteur: Acteur, agence_id: int | None, rule: ReglePlanning, verdict: VerdictPlanning | None
) -> None:
    """Say what a broken rule does; None goes back to what holds everywhere.

    Raises:
        NotAllowedError
    """
    administrer(session, acteur)
    trace.annoncer(session, acteur)
    settings.decide(session, agence_id, rule, verdict)
