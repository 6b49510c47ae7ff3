"""What only the centre can answer about a password: a first login on a device, the first after a change, a change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import secrets
from erp_desktop.db.engine import normalise_url
from erp_desktop.domain.people import empreinte
from erp_desktop.errors import CentralUnreachableError, NotAllowedError
from erp_desktop.models.local import sync_meta
from erp_desktop.sync.exchange.link import Link

DELAI_S = 15.0


def au_centre(
    session: Session, cache: Path, secrets_file: Path | None, identifiant: str, mot_de_passe: str
) -> int:  # fmt: skip
    """Prove a password to the centre over a line of its own; returns ``users.id``.

    Args:
        session: the device's cache, which knows the centre's address.
        cache: its file, under whose name the device's secret is kept.

    Raises:
        CentralUnreachableError: nobody answers, or this cache is not enrolled.
        NotAllowedError: wrong, locked, or not of this agency.
    """
    with _ligne(session, cache, secrets_file) as link:
        user_id, verrou = link.row(
            "SELECT user_id, verrou FROM sync.connexion(%s, %s)",
            (identifiant, _preuve(link, identifiant, mot_de_passe)),
        )
    if user_id is not None:
        return int(user_id)
    raise NotAllowedError(_refus(verrou))


def changer_au_centre(
    session: Session, cache: Path, secrets_file: Path | None, identifiant: str, ancien: str, empreinte_nouvelle: str
) -> int:
    """Give an account a new password at the centre, proving the present one; returns ``users.id``.

    Args:
        empreinte_nouvelle: the argon2id hash of the new password; the password itself stays here.

    Raises:
        CentralUnreachableError: nobody answers, or this cache is not enrolled.
        NotAllowedError: the present password is wrong, the account locked, or not of this agency.
    """
    with _ligne(session, cache, secrets_file) as link:
        user_id, verrou = link.row(
            "SELECT user_id, verrou FROM sync.changer_secret(%s, %s, %s)",
            (identifiant, _preuve(link, identifiant, ancien), empreinte_nouvelle),
        )
    if user_id is not None:
        return int(user_id)
    raise NotAllowedError(_refus(verrou))


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
