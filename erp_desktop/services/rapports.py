"""Reports of one's own: kept under a name, shared with the agency as views are, sent at times of the day.

A report and its times are changed by the person who made them, and by nobody else. A due time is claimed by one
statement in the database that all machines share: of two that run at once, one finds nothing to do.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain.enums import TypeNotification
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports import definition as definitions
from erp_desktop.domain.rapports.definition import FORMATS, Definition, Destination, Rhythm
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import NotAllowedError, NotFoundError, ValidationError
from erp_desktop.models import Notification, Rapport, RapportPlanifie, User
from erp_desktop.services.auth import acteur_de
from erp_desktop.services.notifications.events import ESPACE
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.shared.lists import est_sqlite, meme_nom

KIND = "catalogue"
"""``type_rapport`` of these; other kinds are another version's and are left alone."""
LONGEST_NAME = 120
R, P = Rapport, RapportPlanifie


@dataclass(frozen=True, slots=True)
class Saved:
    """A report that a person may open; ``owner`` names who made one that is not the person's own."""

    id: int
    name: str
    definition: Definition
    shared: bool
    mine: bool
    owner: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a report is sent, where to, and how it went last."""

    id: int
    rapport_id: int
    rhythm: Rhythm
    format: str
    destination: Destination
    active: bool
    last_run: datetime | None
    result: str


def _shared(stored: object) -> bool:
    return isinstance(stored, Mapping) and stored.get("partage") is True


def saved(session: Session, acteur: Acteur) -> list[Saved]:
    """The person's own reports by name, then those that colleagues of the agency share."""
    query = sa.select(R, User.full_name).outerjoin(User, User.id == R.created_by_id).where(R.type_rapport == KIND)
    query = query.where(sa.or_(R.created_by_id == acteur.user_id, R.agence_id == acteur.agence_id))
    found = []
    for row, owner in session.execute(query):
        mine, shared = row.created_by_id == acteur.user_id, _shared(row.parametres)
        if mine or shared:
            kept = definitions.read(row.parametres)
            found.append(Saved(row.id, row.nom, kept, shared, mine, "" if mine else owner or ""))
    return sorted(found, key=lambda one: (not one.mine, one.name.casefold(), one.id))


def _own(session: Session, acteur: Acteur, ident: int) -> Rapport:
    row = session.get(R, ident)
    if row is None or row.type_rapport != KIND:
        raise NotFoundError("Introuvable : ce rapport n'existe plus.")
    if row.created_by_id != acteur.user_id:
        raise NotAllowedError("Ce rapport est celui d'un collègue : enregistrez le vôtre sous un autre nom.")
    return row


def save(session: Session, acteur: Acteur, name: str, definition: Definition, *, shared: bool) -> int:
    """Keep a report under a name; one's own of that name is replaced. Returns its id.

    Raises:
        ValidationError: no name, one too long, or a definition that asks for nothing.
    """
    name = mots.lire(" ".join(name.split()), "nom", LONGEST_NAME, exige="Donnez un nom à ce rapport.")
    definition.check()
    stored = {**definition.written(), "partage": shared}
    trace.annoncer(session, acteur)
    mine = (R.created_by_id == acteur.user_id, R.type_rapport == KIND, meme_nom(session, R.nom, name))
    row = session.scalar(sa.select(R).where(*mine).order_by((R.nom == name).desc(), R.id).limit(1))
    if row is None:
        row = Rapport(nom=name, type_rapport=KIND, parametres=stored, agence_id=acteur.agence_id,
                      created_by_id=acteur.user_id)  # fmt: skip
        session.add(row)
    else:
        row.parametres = stored
    ecrire(session)
    return row.id


def delete(session: Session, acteur: Acteur, ident: int) -> None:
    """Take one's own report away, with its times.

    Raises:
        NotAllowedError, NotFoundError
    """
    row = _own(session, acteur, ident)
    trace.annoncer(session, acteur)
    for planned in session.scalars(sa.select(P).where(P.rapport_id == ident)):
        session.delete(planned)
    session.flush()
    session.delete(row)
    ecrire(session)


def schedules(session: Session, acteur: Acteur, rapport_id: int) -> list[Schedule]:
    """When one's own report is sent."""
    _own(session, acteur, rapport_id)
    rows = session.scalars(sa.select(P).where(P.rapport_id == rapport_id).order_by(P.id))
    return [
        Schedule(p.id, p.rapport_id, definitions.rhythm(p.cron), p.format,
                 definitions.destination(p.destination or ""), p.is_active, p.derniere_execution,
                 p.dernier_resultat or "")
        for p in rows
    ]  # fmt: skip


def plan(
    session: Session, acteur: Acteur, rapport_id: int, rhythm: Rhythm, form: str, destination: Destination
) -> int:
    """Send one's own report from the next due time on; returns the id.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    row = _own(session, acteur, rapport_id)
    if form not in FORMATS:
        raise ValidationError({"format": f"Le format « {form} » n'existe pas ; choisir pdf, xlsx ou csv."})
    where = _readable(definitions.destination(destination.written())).written()
    definitions.rhythm(rhythm.written())
    if len(where) > 255:
        raise ValidationError({"destination": "255 caractères au plus."})
    trace.annoncer(session, acteur)
    # What was due before it was planned is not.
    made = RapportPlanifie(
        rapport_id=rapport_id, cron=rhythm.written(), format=form, destination=where, agence_id=row.agence_id,
        derniere_execution=rhythm.last(clock.now()), created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(made)
    ecrire(session)
    return made.id


def _readable(where: Destination) -> Destination:
    """Raises: ValidationError: a folder that another program, begun elsewhere, would look for somewhere else."""
    if not where.folder:
        return where
    folder = mots.lire(where.folder, "destination", 255, exige="Indiquez un dossier ou des adresses de courriel.")
    if not (PurePosixPath(folder).is_absolute() or PureWindowsPath(folder).is_absolute()):
        raise ValidationError(
            {"destination": f"« {folder} » n'est pas un dossier complet : écrivez-le depuis le disque ou le serveur."}
        )
    return Destination(folder=folder)


def unplan(session: Session, acteur: Acteur, ident: int) -> None:
    """Send it no more.

    Raises:
        NotAllowedError, NotFoundError
    """
    row = session.get(P, ident)
    if row is None:
        raise NotFoundError("Introuvable : cet envoi n'existe plus.")
    _own(session, acteur, row.rapport_id)
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)


# Running


@dataclass(frozen=True, slots=True)
class Run:
    """A due time that this machine has claimed."""

    schedule_id: int
    due: datetime
    name: str
    definition: Definition
    format: str
    destination: Destination
    owner: Acteur


def due(session: Session, now: datetime) -> list[tuple[int, datetime]]:
    """What is due and not claimed: schedule and its due time. One that cannot be read is left alone."""
    found = []
    query = sa.select(P.id, P.cron, P.derniere_execution).join(R, R.id == P.rapport_id)
    query = query.where(P.is_active.is_(True), R.type_rapport == KIND).order_by(P.id)
    for ident, cron, last in session.execute(query):
        try:
            when = definitions.rhythm(cron).last(now)
        except ValidationError:
            continue
        if last is None or last < when:
            found.append((ident, when))
    return found


def claim(session: Session, ident: int, when: datetime) -> Run | None:
    """Take a due time, or None when another machine has it; commit before doing anything.

    Whoever dies after that sent nothing, and the next due time comes: a report is never sent twice.
    """
    first = sa.or_(P.derniere_execution.is_(None), P.derniere_execution < when)
    taken = sa.update(P).where(P.id == ident, P.is_active.is_(True), first)
    done = session.execute(taken.values(derniere_execution=when, dernier_resultat="en cours"))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return None
    row, report, owner = session.execute(
        sa.select(P, R, User).join(R, R.id == P.rapport_id).outerjoin(User, User.id == R.created_by_id)
        .where(P.id == ident)
    ).one()  # fmt: skip
    if owner is None or not owner.is_active:
        row.dernier_resultat = "Échec : le compte de l'auteur n'est plus actif."
        return None
    return Run(ident, when, report.nom, definitions.read(report.parametres), row.format,
               definitions.destination(row.destination or ""), acteur_de(session, owner))  # fmt: skip


def finish(session: Session, run: Run, failure: str = "", said: str = "") -> None:
    """Note how it went, and tell the owner of a failure once."""
    row = session.get(P, run.schedule_id)
    if row is not None:
        row.dernier_resultat = f"Échec : {failure}" if failure else said or "Envoyé."
    if failure:
        _tell(session, run, failure)


def _tell(session: Session, run: Run, failure: str) -> None:
    owner = run.owner
    if owner.agence_id is None and not est_sqlite(session):
        # A row without an agency would be every branch's to read; the report says it as well.
        return
    key = str(uuid.uuid5(ESPACE, f"rapport_echec|{run.schedule_id}|{clock.to_text(run.due)}|{owner.user_id}"))
    (ident,) = ids.allocate(session.connection(), 1)
    now = clock.now()
    values: dict[str, Any] = {
        "id": ident, "agence_id": owner.agence_id, "user_id": owner.user_id,
        "type": TypeNotification.INFORMATION.value, "contenu": f"{run.name} : {failure}"[:1000],
        "objet_table": "rapports_planifies", "objet_id": run.schedule_id, "cle": key, "lu": False,
        "created_at": now, "updated_at": now, "created_by_id": owner.user_id,
    }  # fmt: skip
    add: Any = (sqlite if est_sqlite(session) else postgresql).insert(Notification)
    session.execute(add.on_conflict_do_nothing(index_elements=["cle"]), values)
