"""Accounts and logins: argon2id, locked for a while after repeated failures, working offline on a device.

At the centre (and in a stand-alone file) a password is checked against ``users.hashed_password``. That column never
reaches a device: after a login at the centre a device keeps its own verifier in ``_verificateurs`` and serves offline
logins from it for a limited number of days. A failed attempt is counted even though the caller's transaction ends
with an exception: it is committed first.

A password that somebody else gave lets nobody in: it is proved once, to choose one's own (``domain.people.given``).
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import argon2
import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer_group

from erp_desktop import clock
from erp_desktop.domain.administration.saisie import CompteInput
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import empreinte, given, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import NotAllowedError, NotFoundError, PasswordToChooseError, ValidationError
from erp_desktop.models import Agence, Technicien, User
from erp_desktop.models.local import sync_meta, sync_session, verificateurs
from erp_desktop.models.users import SECRETS
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared.common import ecrire, refuser_doublon
from erp_desktop.services.shared.lists import est_sqlite

ESSAIS = 5
VERROU = timedelta(minutes=15)
JOURS_HORS_LIGNE = 30
RECUL_ADMIS = timedelta(hours=2)
"""How far a clock may be set back without a look at the centre: more than any change of hour, less than a day."""
REFUS = "Identifiant ou mot de passe incorrect."


class LoginRefuseError(NotAllowedError):
    """The login was refused; ``str()`` says what to do, and never whether the account exists."""

    code = "connexion_refusee"


class PremiereConnexionError(LoginRefuseError):
    """This device knows no verifier for the account, or too old a one: the centre must be asked once."""

    code = "connexion_en_ligne_requise"


def hacher(mot_de_passe: str) -> str:
    """The argon2id hash to store.

    Raises:
        ValidationError: too short.
    """
    if len(mot_de_passe) < given.LENGTH:
        raise ValidationError({"mot_de_passe": f"Le mot de passe compte au moins {given.LENGTH} caractères."})
    return empreinte.hasher.hash(mot_de_passe)


@cache
def _leurre() -> str:
    return empreinte.hasher.hash("aucun compte ne porte ce mot de passe")


def _correspond(garde: str | None, mot_de_passe: str) -> bool:
    """Compare; an unknown account costs as long as a known one."""
    try:
        return empreinte.hasher.verify(garde or _leurre(), mot_de_passe) and garde is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def acteur_de(session: Session, compte: User) -> Acteur:
    """The person as services know them, on this database."""
    agence = session.get(Agence, compte.agence_id) if compte.agence_id else None
    return Acteur(
        compte.id, compte.full_name, Role(compte.role), compte.agence_id, agence.code if agence else "",
        poste_local(session),
    )  # fmt: skip


def _compte(session: Session, identifiant: str) -> User | None:
    cherche = visible(identifiant).strip().lower()
    requete = (
        sa.select(User)
        .where(sa.or_(sa.func.lower(User.username) == cherche, sa.func.lower(User.email) == cherche))
        .options(undefer_group(SECRETS))
    )
    if not est_sqlite(session):
        requete = requete.with_for_update()
    comptes = list(session.scalars(requete.limit(2)))
    return comptes[0] if len(comptes) == 1 else None


def login(
    session: Session, identifiant: str, mot_de_passe: str, *, jours_hors_ligne: int = JOURS_HORS_LIGNE
) -> Acteur:  # fmt: skip
    """Check a username (or e-mail) and password on the database at hand.

    Args:
        session: a write transaction; a refused attempt commits it.
        jours_hors_ligne: how long after the last login at the centre this device still answers by itself.

    Raises:
        LoginRefuseError: wrong, locked or disabled, or given too long ago.
        PasswordToChooseError: it is right, and somebody else gave it: see :func:`choisir`.
        PremiereConnexionError: only the centre can answer.
    """
    compte = _compte(session, identifiant)
    if compte is None or not compte.is_active or compte.role == Role.CLIENT:
        _correspond(None, mot_de_passe)
        raise LoginRefuseError(REFUS)
    if est_sqlite(session) and compte.hashed_password is None:
        _verifier_local(session, compte, mot_de_passe, jours_hors_ligne)
    else:
        _prouver(session, compte, mot_de_passe)
        if given.ends(compte.password_given_at, compte.password_changed_at) is not None:
            raise PasswordToChooseError(given.TO_CHOOSE)
        session.execute(_etat(compte).values(last_login=clock.now()))
    if est_sqlite(session):
        _retenir(session, "dernier_usager", str(compte.id))
    return acteur_de(session, compte)


def _refuser_verrou(jusqu_a: datetime | None) -> None:
    if jusqu_a is not None and jusqu_a > clock.now():
        minutes = math.ceil((jusqu_a - clock.now()).total_seconds() / 60)
        raise LoginRefuseError(
            f"Compte verrouillé après {ESSAIS} essais : réessayez dans {minutes} min, "
            "ou demandez à un administrateur de réinitialiser le mot de passe."
        )


def _garder(session: Session) -> None:
    """Commit the counted failure before the refusal undoes the transaction; the capture group ends with it."""
    if est_sqlite(session):
        session.execute(sa.update(sync_session).values(groupe=None, user_id=None, remarque=None))
    session.commit()


def _etat(compte: User) -> sa.Update:
    """``updated_at`` stays: a login is no change that branches should receive."""
    return sa.update(User).where(User.id == compte.id).values(updated_at=User.updated_at)


def _prouver(session: Session, compte: User, mot_de_passe: str) -> None:
    _refuser_verrou(compte.locked_until)
    if not _correspond(compte.hashed_password, mot_de_passe):
        essais = compte.failed_login_attempts + 1
        verrou = clock.now() + VERROU if essais >= ESSAIS else None
        session.execute(_etat(compte).values(failed_login_attempts=0 if verrou else essais, locked_until=verrou))
        _garder(session)
        _refuser_verrou(verrou)
        raise LoginRefuseError(REFUS)
    fin = given.ends(compte.password_given_at, compte.password_changed_at)
    if fin is not None and clock.now() >= fin:
        raise LoginRefuseError(given.EXPIRED)
    session.execute(_etat(compte).values(failed_login_attempts=0, locked_until=None))
    if compte.hashed_password and empreinte.hasher.check_needs_rehash(compte.hashed_password):
        session.execute(_etat(compte).values(hashed_password=empreinte.hasher.hash(mot_de_passe)))


def _verifier_local(session: Session, compte: User, mot_de_passe: str, jours: int) -> None:
    v = verificateurs.c
    garde = session.execute(sa.select(verificateurs).where(v.user_id == compte.id)).first()
    if garde is None:
        raise PremiereConnexionError("Première connexion sur ce poste : elle demande la ligne avec le centre.")
    # What the centre told then may be ahead of this device's own row, never behind it.
    if (_donne(compte.password_given_at) or "") > (garde.donne_a or ""):
        raise PremiereConnexionError(
            "Un nouveau mot de passe a été donné pour ce compte : la prochaine connexion demande la ligne avec le "
            "centre."
        )
    _refuser_verrou(clock.from_text(garde.verrou_jusqu_a) if garde.verrou_jusqu_a else None)
    if not _correspond(garde.empreinte, mot_de_passe):
        essais = garde.echecs + 1
        verrou = clock.now() + VERROU if essais >= ESSAIS else None
        session.execute(
            sa.update(verificateurs)
            .where(v.user_id == compte.id)
            .values(echecs=0 if verrou else essais, verrou_jusqu_a=clock.to_text(verrou) if verrou else None)
        )
        _garder(session)
        _refuser_verrou(verrou)
        raise LoginRefuseError(REFUS)
    _refuser_recul(session, clock.from_text(garde.en_ligne_a))
    if clock.now() - clock.from_text(garde.en_ligne_a) > timedelta(days=jours):
        raise PremiereConnexionError(
            f"La dernière connexion en ligne date de plus de {jours} jours : reconnectez ce poste au centre une fois."
        )
    session.execute(
        sa.update(verificateurs).where(v.user_id == compte.id).values(echecs=0, verrou_jusqu_a=None)
    )  # fmt: skip


def _refuser_recul(session: Session, en_ligne_a: datetime) -> None:
    """Days without the centre are counted on this device's clock: one that was set back counts them no more.

    The latest instant that the device has seen is kept with its settings, and only grows.
    """
    cles = ("horloge_vue", "dernier_cycle")
    vus = session.scalars(sa.select(sync_meta.c.valeur).where(sync_meta.c.cle.in_(cles))).all()
    plus_tard = max([en_ligne_a, *(clock.from_text(v) for v in vus if v)])
    if clock.now() < plus_tard - RECUL_ADMIS:
        raise PremiereConnexionError(
            "L'horloge de ce poste a reculé depuis sa dernière utilisation : remettez-la à l'heure, ou reconnectez "
            "ce poste au centre une fois."
        )
    _retenir(session, cles[0], clock.to_text(max(clock.now(), plus_tard)))


def _retenir(session: Session, cle: str, valeur: str) -> None:
    """A setting of this device, beside its rows."""
    ecrite = session.execute(sa.update(sync_meta).where(sync_meta.c.cle == cle).values(valeur=valeur))
    if not ecrite.rowcount:  # type: ignore[attr-defined]
        session.execute(sa.insert(sync_meta).values(cle=cle, valeur=valeur))


def _donne(instant: datetime | None) -> str | None:
    return clock.to_text(instant) if instant is not None else None


def deposer_verificateur(
    session: Session, user_id: int, mot_de_passe: str, donne: datetime | None = None
) -> None:  # fmt: skip
    """Keep on this device what offline logins are checked against, once the centre has accepted the password.

    Args:
        donne: ``users.password_given_at`` as the centre told it, which this device's own row may not know yet.
    """
    session.execute(sa.delete(verificateurs).where(verificateurs.c.user_id == user_id))
    # The centre has just answered: what a wrong clock has seen before counts no more.
    session.execute(sa.delete(sync_meta).where(sync_meta.c.cle == "horloge_vue"))
    session.execute(
        sa.insert(verificateurs).values(
            user_id=user_id,
            empreinte=empreinte.hasher.hash(mot_de_passe),
            en_ligne_a=clock.to_text(clock.now()),
            echecs=0,
            donne_a=_donne(donne),
        )
    )


def oublier_verificateur(session: Session, user_id: int) -> None:
    """Take the offline login of an account off this device."""
    session.execute(sa.delete(verificateurs).where(verificateurs.c.user_id == user_id))


def _a_gerer(session: Session, identifiant: str) -> User:
    compte = _compte(session, identifiant)
    if compte is None:
        raise NotFoundError(f"Aucun compte ne répond à « {identifiant} ».")
    return compte


def _centre(session: Session) -> None:
    if est_sqlite(session) and poste_local(session) != 0:
        raise NotAllowedError("Les comptes se gèrent au centre, jamais sur le poste d'une agence.")


def creer_utilisateur(
    session: Session,
    acteur: Acteur | None,
    *,
    username: str,
    email: str,
    full_name: str,
    role: Role,
    mot_de_passe: str | None = None,
    agence_code: str | None = None,
    phone: str | None = None,
) -> int:
    """Open an account, and for the role technicien its profile; returns ``users.id``.

    Args:
        acteur: the administrator; None when the command line acts with the database's own rights.
        mot_de_passe: given to the person, who replaces it; None leaves the account without login until then.
        agence_code: None is headquarters.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    if acteur is not None:
        roles.exiger(acteur, roles.Droit.ADMINISTRER)
    _centre(session)
    champs: dict[str, str] = {}
    try:
        typed = CompteInput(username=username, email=email, full_name=full_name, phone=phone, role=role)
    except ValidationError as error:
        champs |= error.champs
    agence_id = None
    if agence_code:
        agence = session.scalar(sa.select(Agence).where(Agence.code == agence_code.strip().upper()))
        if agence is None:
            champs["agence_code"] = f"Agence inconnue : {agence_code}."
        elif not agence.is_active:
            champs["agence_code"] = f"L'agence {agence.code} est fermée : rouvrez-la, ou changez l'agence du compte."
        agence_id = agence.id if agence is not None else None
    if champs:
        raise ValidationError(champs)
    refuser_doublon(session, User.username, typed.username, None, User.full_name,
                    "L'identifiant {valeur} est déjà celui de « {autre} ».")  # fmt: skip
    refuser_doublon(session, User.email, typed.email, None, User.full_name,
                    "L'adresse {valeur} est déjà celle de « {autre} ».")  # fmt: skip
    compte = User(
        username=typed.username, email=typed.email, full_name=typed.full_name, role=Role(role).value,
        agence_id=agence_id, phone=typed.phone,
        hashed_password=hacher(mot_de_passe) if mot_de_passe else None, is_verified=True,
        password_given_at=_instant(session) if mot_de_passe else None,
        created_by_id=acteur.user_id if acteur else None,
    )  # fmt: skip
    session.add(compte)
    ecrire(session)
    if role is Role.TECHNICIEN:
        session.add(Technicien(user_id=compte.id, agence_id=agence_id, created_by_id=compte.created_by_id))
        ecrire(session)
    return compte.id


def _instant(session: Session) -> Any:
    """Now, by the clock that days are counted on: at the centre the server's, not the administrator's machine's."""
    return clock.now() if est_sqlite(session) else sa.func.clock_timestamp()


def reinitialiser(session: Session, acteur: Acteur | None, identifiant: str, mot_de_passe: str) -> int:
    """Give a new password, which the person replaces, and lift the lock; gives the id.

    Offline logins with the old one end on each device with the exchange that brings the change.
    """
    if acteur is not None:
        roles.exiger(acteur, roles.Droit.ADMINISTRER)
    _centre(session)
    compte = _a_gerer(session, identifiant)
    compte.hashed_password = hacher(mot_de_passe)
    compte.password_given_at, compte.password_changed_at = _instant(session), None
    compte.failed_login_attempts, compte.locked_until = 0, None
    ecrire(session)
    return compte.id


def est_connu(session: Session, identifiant: str) -> bool:
    """Whether the database at hand has the account of a username or address."""
    return _compte(session, identifiant) is not None


def identifiant_de(session: Session, acteur: Acteur) -> str:
    """``users.username`` of the person at work."""
    return session.scalars(sa.select(User.username).where(User.id == acteur.user_id)).one()


def nouveau_secret(ancien: str, nouveau: str) -> str:
    """The hash of the password that a person chooses in place of the present one.

    Raises:
        ValidationError: too short, or the present one again.
    """
    if nouveau == ancien:
        raise ValidationError({"mot_de_passe": "Le nouveau mot de passe est le même que l'ancien."})
    return hacher(nouveau)


def changer_mot_de_passe(session: Session, acteur: Acteur, ancien: str, nouveau: str) -> None:
    """A person's own change, where the accounts are: the centre or a stand-alone file.

    Args:
        session: a write transaction; a wrong present password commits the counted attempt.

    Raises:
        LoginRefuseError: the present password is wrong, or the account locked.
        NotAllowedError: on a branch's device, which asks the centre (``sync.connexion``).
        ValidationError: the new one is too short, or the present one.
    """
    _remplacer(session, identifiant_de(session, acteur), ancien, nouveau)


def choisir(session: Session, identifiant: str, donne: str, nouveau: str) -> Acteur:
    """Choose a password in place of the one that somebody else gave, and enter; as :func:`changer_mot_de_passe`."""
    return acteur_de(session, _remplacer(session, identifiant, donne, nouveau))


def _remplacer(session: Session, identifiant: str, ancien: str, nouveau: str) -> User:
    _centre(session)
    secret = nouveau_secret(ancien, nouveau)
    compte = _compte(session, identifiant)
    if compte is None or not compte.is_active or compte.role == Role.CLIENT:
        raise LoginRefuseError(REFUS)
    _prouver(session, compte, ancien)
    now = clock.now()
    session.execute(_etat(compte).values(hashed_password=secret, password_changed_at=now, last_login=now))
    return compte
