"""Accounts: list, form, first password, reset, lock. The last active administrator and one's own account stay."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer_group

from erp_desktop import clock
from erp_desktop.domain.administration.saisie import CompteInput
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import given, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError, ValidationError
from erp_desktop.models import Agence, Technicien, User
from erp_desktop.models.users import SECRETS
from erp_desktop.registry.tables import TABLES
from erp_desktop.services import auth
from erp_desktop.services.administration.source import administrer, inscriptible
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire, refuser_doublon
from erp_desktop.services.shared.listing import Far, Listing, by_rank, closed, of_agency
from erp_desktop.services.shared.lists import ListQuery, est_sqlite

U = User
DERNIER = "Ce compte est le dernier administrateur actif."
AU_TRAVAIL = (
    "Ce technicien a du travail dans son agence : ouvrez-lui un autre compte dans la nouvelle, et désactivez "
    "celui-ci."
)
SOI = "Vous ne pouvez pas retirer vos propres droits : demandez-le à un autre administrateur."
_OF_A_PROFILE = [
    (table, reference) for table in TABLES if table.scoped
    for reference in table.references if reference.target == Technicien.__tablename__
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: int
    username: str
    full_name: str
    email: str
    role: str
    is_active: bool
    agence: str


@dataclass(frozen=True, slots=True)
class AccountCard:
    """One account; nothing secret.

    Attributes:
        verrouille: after too many wrong passwords.
        invite: it has a password; None where that is not told.
        donne_jusqu_a: when the password that was given to the person ends; None once they have chosen theirs.
    """

    id: int
    username: str
    full_name: str
    email: str
    phone: str | None
    role: str
    agence_id: int | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    agence: str
    verrouille: bool
    invite: bool | None
    last_login: datetime | None
    donne_jusqu_a: datetime | None


LISTING = Listing(
    U, AccountRow, sort="full_name", words={"role": closed(U.role), "agence": of_agency(U.agence_id)},
    free=(U.username, U.full_name, U.email), withdrawn=True, ranked={"role": by_rank(U.role)},
    far={"agence": Far(Agence.code, lambda request: request.outerjoin(Agence, Agence.id == U.agence_id))},
    shown={"agence": lambda code: code or ""},
)  # fmt: skip
indices = LISTING.hints


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order."""
    return LISTING.ids(session, acteur, query)


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[AccountRow]:
    """Rows of a visible window, in the order of ``ids``."""
    return LISTING.rows(session, acteur, ids)


def get(session: Session, acteur: Acteur, id: int) -> AccountCard:  # noqa: A002
    """All fields of the form; what a desktop is never told is absent."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    told = (U.id, U.username, U.full_name, U.email, U.phone, U.role, U.agence_id, U.is_active, U.created_at,
            U.updated_at)  # fmt: skip
    row = session.execute(sa.select(*told).where(U.id == id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("Introuvable : ce compte n'existe pas.")
    locked, invited, last, ends = False, None, None, None
    if inscriptible(session):
        hidden = sa.select(
            U.locked_until, U.hashed_password.is_not(None), U.last_login, U.password_given_at, U.password_changed_at
        ).where(U.id == id)
        until, invited, last, given_at, chosen_at = session.execute(hidden).one()
        locked = until is not None and until > clock.now()
        ends = given.ends(given_at, chosen_at)
    agence = session.get(Agence, row["agence_id"]) if row["agence_id"] is not None else None
    return AccountCard(
        **dict(row), agence=agence.code if agence else "", verrouille=locked, invite=invited, last_login=last,
        donne_jusqu_a=ends,
    )  # fmt: skip


def _open_agency(session: Session, ident: Any, field: str) -> Agence | None:
    """The agency in which an account may be at work; None is headquarters."""
    agence = session.get(Agence, ident) if ident is not None else None
    if ident is not None and agence is None:
        raise ValidationError({field: "Cette agence n'existe pas."})
    if agence is not None and not agence.is_active:
        raise ValidationError(
            {field: f"L'agence {agence.code} est fermée : rouvrez-la, ou changez l'agence du compte."}
        )
    return agence


def create(session: Session, acteur: Acteur, typed: CompteInput) -> int:
    """Open an account without a password: nobody enters before :func:`invite` gave one.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    administrer(session, acteur)
    agence = _open_agency(session, typed.agence_id, "agence_id")
    return auth.creer_utilisateur(
        session, acteur, username=typed.username, email=typed.email, full_name=typed.full_name,
        role=Role(typed.role), agence_code=agence.code if agence else None, phone=typed.phone,
    )  # fmt: skip


def first_administrator(session: Session, username: str, full_name: str, email: str) -> str | None:
    """Open the account that a new centre is administered with; gives its password, drawn by chance, once.

    Returns:
        None when an active administrator is there: nothing is opened.

    Raises:
        ValidationError, DuplicateError
    """
    if session.scalar(sa.select(U.id).where(U.role == Role.ADMIN.value, U.is_active.is_(True)).limit(1)) is not None:
        return None
    drawn = secrets.token_urlsafe(12)
    auth.creer_utilisateur(
        session, None, username=username, email=email, full_name=full_name, role=Role.ADMIN, mot_de_passe=drawn
    )
    return drawn


@dataclass(frozen=True, slots=True)
class CompteInfo:
    """An account as the command line lists it; nothing secret.

    Attributes:
        a_choisir: the password is still the one that somebody else gave.
    """

    id: int
    username: str
    email: str
    full_name: str
    role: str
    agence_code: str
    is_active: bool
    verrouille: bool
    a_choisir: bool
    last_login: datetime | None


def comptes(session: Session) -> list[CompteInfo]:
    """Every account, by username."""
    requete = sa.select(User, Agence.code).outerjoin(Agence, Agence.id == User.agence_id).order_by(User.username)
    requete = requete.options(undefer_group(SECRETS))
    maintenant = clock.now()
    return [
        CompteInfo(
            u.id, u.username, u.email, u.full_name, u.role, code or "", u.is_active,
            u.locked_until is not None and u.locked_until > maintenant,
            given.ends(u.password_given_at, u.password_changed_at) is not None, u.last_login,
        )
        for u, code in session.execute(requete)
    ]  # fmt: skip


def _load(session: Session, ident: int) -> User:
    row = session.get(U, ident, with_for_update=None if est_sqlite(session) else True)
    if row is None:
        raise NotFoundError("Introuvable : ce compte n'existe pas.")
    return row


def _keep_an_administrator(session: Session, acteur: Acteur, row: User, field: str) -> None:
    """Refuse to take an administrator's rights away when it is oneself or the last active one."""
    if row.role != Role.ADMIN or not row.is_active:
        return
    if row.id == acteur.user_id:
        raise ValidationError({field: SOI})
    others = sa.select(U.id).where(U.role == Role.ADMIN.value, U.is_active.is_(True), U.id != row.id)
    # Locked until the end: two administrators who demote each other at once would leave none.
    rest = session.scalars(others if est_sqlite(session) else others.with_for_update()).all()
    if not rest:
        raise ValidationError({field: DERNIER})


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form.

    Raises:
        NotAllowedError, NotFoundError, DuplicateError
        ValidationError: also the role of the last active administrator, or one's own.
    """
    administrer(session, acteur)
    row = _load(session, id)
    now = {name: getattr(row, name) for name in CompteInput.model_fields}
    new = CompteInput.changements(now, dict(changes))
    if not new:
        return
    if "role" in new:
        _keep_an_administrator(session, acteur, row, "role")
    if new.get("agence_id") is not None and (moved := _profile(session, id)) is not None:
        _leave_no_work(session, moved, new["agence_id"])
    if "agence_id" in new:
        _open_agency(session, new["agence_id"], "agence_id")
    refuser_doublon(session, U.username, new.get("username"), id, U.full_name,
                    "L'identifiant {valeur} est déjà celui de « {autre} ».")  # fmt: skip
    refuser_doublon(session, U.email, new.get("email"), id, U.full_name,
                    "L'adresse {valeur} est déjà celle de « {autre} ».")  # fmt: skip
    trace.annoncer(session, acteur)
    for name, value in new.items():
        setattr(row, name, value)
    ecrire(session)
    if "agence_id" in new and est_sqlite(session) and (moved := _profile(session, id)) is not None:
        _take_along(session, moved, new["agence_id"])
    if new.get("role") == Role.TECHNICIEN and _profile(session, id) is None:
        session.add(Technicien(user_id=id, agence_id=row.agence_id, created_by_id=acteur.user_id or None))
        ecrire(session)


def _profile(session: Session, id: int) -> Technicien | None:  # noqa: A002
    return session.scalar(sa.select(Technicien).where(Technicien.user_id == id))


def _leave_no_work(session: Session, profile: Technicien, agence_id: object) -> None:
    """Refuse to take a technicien to another agency while work of the present one names the profile."""
    for table, reference in _OF_A_PROFILE:
        rows = sa.table(table.name, sa.column(reference.column), sa.column("agence_id"))
        elsewhere = sa.select(sa.literal(1)).where(
            rows.c[reference.column] == profile.id, rows.c.agence_id.is_distinct_from(agence_id)
        )
        if reference not in table.follows and session.scalar(elsewhere.limit(1)) is not None:
            raise ValidationError({"agence_id": AU_TRAVAIL})


def _take_along(session: Session, profile: Technicien, agence_id: Any) -> None:
    """A profile goes where its account went; the centre's triggers do it there."""
    profile.agence_id = agence_id
    session.flush()
    for table, reference in _OF_A_PROFILE:
        if reference in table.follows:
            rows = sa.table(table.name, sa.column(reference.column), sa.column("agence_id"))
            session.execute(sa.update(rows).where(rows.c[reference.column] == profile.id).values(agence_id=agence_id))


def invite(session: Session, acteur: Acteur, id: int) -> str:  # noqa: A002
    """A new password, drawn by chance and given back once; it lifts a lock. The first one opens the account."""
    administrer(session, acteur)
    row = _load(session, id)
    if not row.is_active:
        raise ValidationError({"is_active": "Ce compte est désactivé : réactivez-le d'abord."})
    drawn = secrets.token_urlsafe(12)
    trace.annoncer(session, acteur)
    auth.reinitialiser(session, acteur, row.username, drawn)
    return drawn


def unlock(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Lift the lock that wrong passwords put on, and leave the password."""
    administrer(session, acteur)
    row = _load(session, id)
    trace.annoncer(session, acteur)
    row.failed_login_attempts, row.locked_until = 0, None
    ecrire(session)


def close(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """No login any more, everywhere that receives the change.

    Raises:
        ValidationError: the last active administrator, or oneself.
    """
    administrer(session, acteur)
    row = _load(session, id)
    if id == acteur.user_id:
        raise ValidationError({"is_active": SOI})
    _keep_an_administrator(session, acteur, row, "is_active")
    trace.annoncer(session, acteur)
    row.is_active = False
    ecrire(session)


def reopen(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Let a closed account in again, with the password that it had."""
    administrer(session, acteur)
    row = _load(session, id)
    _open_agency(session, row.agence_id, "is_active")
    trace.annoncer(session, acteur)
    row.is_active, row.failed_login_attempts, row.locked_until = True, 0, None
    ecrire(session)


def by_name(session: Session, username: str) -> int:
    """The identifier of a username, or of an address.

    Raises:
        NotFoundError
    """
    wanted = username.strip().lower()
    named = sa.or_(sa.func.lower(U.username) == wanted, sa.func.lower(U.email) == wanted)
    ident: Any = session.scalar(sa.select(U.id).where(named))
    if ident is None:
        raise NotFoundError(f"Aucun compte ne répond à « {username} ».")
    return int(ident)
