"""What only the centre can answer about a password: a first login on a device, the first after a change, a change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import secrets
from erp_desktop.db.engine import normalise_url
from erp_desktop.domain.people import empreinte, given
from erp_desktop.errors import CentralUnreachableError, NotAllowedError, PasswordToChooseError
from erp_desktop.models.local import sync_meta
from erp_desktop.sync.exchange.link import Link

DELAI_S = 15.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whom the centre knew by a password.

    Attributes:
        donne: ``users.password_given_at``, which the device's own row may not know yet.
    """

    user_id: int
    donne: datetime | None


def au_centre(
    session: Session, cache: Path, secrets_file: Path | None, identifiant: str, mot_de_passe: str
) -> Accepted:  # fmt: skip
    """Prove a password to the centre over a line of its own.

    Args:
        session: the device's cache, which knows the centre's address.
        cache: its file, under whose name the device's secret is kept.

    Raises:
        CentralUnreachableError: nobody answers, or this cache is not enrolled.
        PasswordToChooseError: it is right, and somebody else gave it: :func:`changer_au_centre` comes first.
        NotAllowedError: wrong, locked, given too long ago, or not of this agency.
    """
    with _ligne(session, cache, secrets_file) as link:
        return _answer(link, "sync.connexion(%s, %s)", identifiant, _preuve(link, identifiant, mot_de_passe))


def changer_au_centre(
    session: Session, cache: Path, secrets_file: Path | None, identifiant: str, ancien: str, empreinte_nouvelle: str
) -> Accepted:
    """Give an account a new password at the centre, proving the present one, which somebody else may have given.

    Args:
        empreinte_nouvelle: the argon2id hash of the new password; the password itself stays here.

    Raises:
        CentralUnreachableError: nobody answers, or this cache is not enrolled.
        NotAllowedError: the present password is wrong or was given too long ago, the account is locked, or not of
            this agency.
    """
    with _ligne(session, cache, secrets_file) as link:
        return _answer(
            link, "sync.changer_secret(%s, %s, %s)", identifiant, _preuve(link, identifiant, ancien),
            empreinte_nouvelle,
        )  # fmt: skip


def _answer(link: Link, asked: str, *words: str) -> Accepted:
    # A centre of the release before answers its first two columns alone.
    user_id, verrou, *more = link.row(f"SELECT * FROM {asked}", words)
    donne, etat = more or (None, None)
    if etat == "a_choisir":
        raise PasswordToChooseError(given.TO_CHOOSE)
    if etat == "expire":
        raise NotAllowedError(given.EXPIRED)
    if user_id is None:
        raise NotAllowedError(_refus(verrou))
    return Accepted(int(user_id), donne)


@contextmanager
def _ligne(session: Session, cache: Path, secrets_file: Path | None) -> Iterator[Link]:
    """A line of its own to the centre, as this device."""
    adresse = session.scalar(sa.select(sync_meta.c.valeur).where(sync_meta.c.cle == "url"))
    mot_de_poste = secrets.load(cache, secrets_file).get("password") if adresse else None
    if adresse is None or mot_de_poste is None:
        raise CentralUnreachableError("Ce poste n'est pas inscrit au centre.")
    url = normalise_url(adresse).set(password=mot_de_poste)
    link = Link(url.render_as_string(hide_password=False), deadline_s=DELAI_S)
    try:
        yield link
    finally:
        link.close()


def _preuve(link: Link, identifiant: str, mot_de_passe: str) -> str:
    (sel,) = link.row("SELECT sync.connexion_sel(%s)", (identifiant,))
    return empreinte.calculer(sel, mot_de_passe)


def _refus(verrou: datetime | None) -> str:
    if verrou is None:
        return "Identifiant ou mot de passe incorrect."
    minutes = max(1, math.ceil((verrou - clock.now()).total_seconds() / 60))
    return f"Compte verrouillé après plusieurs essais : réessayez dans {minutes} min."
