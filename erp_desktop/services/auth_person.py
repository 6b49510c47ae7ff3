"""A person's own login at the centre reads no stored password: the centre's functions compare proofs instead."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people import empreinte, given
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import PasswordToChooseError
from erp_desktop.models import User
from erp_desktop.services import auth
from erp_desktop.services.shared.lists import est_sqlite


def behind_functions(session: Session) -> bool:
    """Whether stored passwords are out of reach of this database login (``erp_central``)."""
    if est_sqlite(session):
        return False
    readable = "SELECT has_column_privilege('public.users', 'hashed_password', 'SELECT')"
    return not session.scalar(sa.text(readable))


def login(session: Session, identifiant: str, mot_de_passe: str) -> Acteur:
    """As ``auth.login``; the database login is of one person, and only that one enters.

    Raises:
        LoginRefuseError: wrong, locked, disabled, given too long ago, or somebody else's database login.
        PasswordToChooseError: it is right, and somebody else gave it.
    """
    return _person(session, _asked(session, "sync.connexion(:identifiant, :preuve)", identifiant, mot_de_passe))


def _person(session: Session, user_id: int) -> Acteur:
    colonnes = (User.id, User.full_name, User.role, User.agence_id)
    compte: Any = session.execute(sa.select(*colonnes).where(User.id == user_id)).one()
    return auth.acteur_de(session, compte)


def change(session: Session, acteur: Acteur, ancien: str, nouveau: str) -> None:
    """As ``auth.changer_mot_de_passe``.

    Raises:
        LoginRefuseError: the present password is wrong, or the account locked.
        ValidationError: the new one is too short, or the present one.
    """
    _changed(session, auth.identifiant_de(session, acteur), ancien, nouveau)


def choose(session: Session, identifiant: str, donne: str, nouveau: str) -> Acteur:
    """As ``auth.choisir``; what this login is refused before, it may do from then on."""
    return _person(session, _changed(session, identifiant, donne, nouveau))


def _changed(session: Session, identifiant: str, ancien: str, nouveau: str) -> int:
    secret = auth.nouveau_secret(ancien, nouveau)
    return _asked(session, "sync.changer_secret(:identifiant, :preuve, :secret)", identifiant, ancien, secret=secret)


def _asked(session: Session, question: str, identifiant: str, mot_de_passe: str, **words: str) -> int:
    identifiant = visible(identifiant)
    sel = session.scalar(sa.text("SELECT sync.connexion_sel(:identifiant)"), {"identifiant": identifiant})
    preuve = empreinte.calculer(str(sel), mot_de_passe)
    asked = sa.text(f"SELECT * FROM {question}")
    found = session.execute(asked, {"identifiant": identifiant, "preuve": preuve, **words}).one()
    # A centre of the release before tells no ``etat``.
    etat = getattr(found, "etat", None)
    if etat == "a_choisir":
        raise PasswordToChooseError(given.TO_CHOOSE)
    if etat == "expire":
        raise auth.LoginRefuseError(given.EXPIRED)
    if found.user_id is not None:
        return int(found.user_id)
    # The counted attempt stays, whatever the caller does with the refusal.
    session.commit()
    if found.verrou is None:
        raise auth.LoginRefuseError(auth.REFUS)
    minutes = max(1, math.ceil((found.verrou - clock.now()).total_seconds() / 60))
    raise auth.LoginRefuseError(f"Compte verrouillé après plusieurs essais : réessayez dans {minutes} min.")
