"""Small steps that every service takes: loading inside the scope, refusing duplicates, writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, object_session

from erp_desktop.db.abreast import abreast
from erp_desktop.db.fewer_trips import Gathering, gathered
from erp_desktop.db.session import ruled_out
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import (
    DuplicateError,
    NotAllowedError,
    NotFoundError,
    OvertakenError,
    UserError,
    ValidationError,
)
from erp_desktop.models import Agence, Technicien, User
from erp_desktop.models.base import LigneAgence
from erp_desktop.services.shared.lists import meme_nom

M = TypeVar("M", bound=LigneAgence)
_VUS, _ECRITS = "vus", "ecrits"
"""Of ``Session.info``: see :func:`vus` and :func:`ecrits`."""
DEPASSE = "Quelqu'un a changé cette fiche depuis : rien n'est écrasé. Relisez-la avant de recommencer."
PARTAGEE = "Cette fiche est partagée par toutes les agences : seul un administrateur la modifie."


def visible(acteur: Acteur, ligne: LigneAgence) -> bool:
    return roles.voit_tout(acteur) or ligne.agence_id is None or ligne.agence_id == acteur.agence_id


def ecrit_partage(acteur: Acteur, ligne: Any) -> bool:
    """Whether a row's being everybody's lets this person change it."""
    return getattr(ligne, "agence_id", 0) is not None or roles.peut(acteur.role, roles.Droit.ADMINISTRER)


def charger(session: Session, acteur: Acteur, modele: type[M], ident: int, nom: str, *, ecrire: bool = False) -> M:
    """One row inside the person's scope.

    Args:
        nom: the noun with its article, for the refusal.
        ecrire: locks the row (at the centre), and refuses shared rows to all but administrators.

    Raises:
        NotFoundError: no such row, or another agency's.
        NotAllowedError: a shared row, by somebody who is no administrator.
    """
    ligne = session.get(modele, ident, with_for_update=ecrire or None)
    if ligne is None or not visible(acteur, ligne):
        raise NotFoundError(f"Introuvable : {nom} n'existe pas, ou appartient à une autre agence.")
    if ecrire and not ecrit_partage(acteur, ligne):
        raise NotAllowedError(PARTAGEE)
    return ligne


def lies(session: Session, *cherches: tuple[type[Any], int | None]) -> list[Any]:
    """Rows that others point at, None where nothing is pointed at: at the centre all of them in one round trip."""

    def de(modele: type[Any], ident: int | None) -> Callable[[Session], Any]:
        return lambda side: None if ident is None else side.get(modele, ident)

    return abreast(session, *(de(modele, ident) for modele, ident in cherches))


def lie(
    session: Session, acteur: Acteur, modele: type[M], ident: int | None, champ: str, phrase: str, agence: int | None
) -> M | None:
    """The row that a field points to: shared or of the same agency, else a refusal under that field."""
    if ident is None:
        return None
    ligne = session.get(modele, ident)
    if ligne is None or not visible(acteur, ligne) or (ligne.agence_id is not None and ligne.agence_id != agence):
        raise ValidationError({champ: phrase})
    return ligne


def en_activite() -> sa.ColumnElement[bool]:
    """Whether a technicien still works here: neither withdrawn, nor with a closed account."""
    ouverts = sa.select(User.id).where(User.is_active.is_(True))
    return sa.and_(Technicien.is_active.is_(True), Technicien.user_id.in_(ouverts))


def agence_de(session: Session, acteur: Acteur, choisie: int | None, *, partage: bool) -> int | None:
    """The agency of a new row: the person's, or the one chosen at headquarters.

    Args:
        partage: administrators may leave it out, for a row that every agency reads.
    """
    if not roles.voit_tout(acteur):
        if choisie is not None and choisie != acteur.agence_id:
            raise NotAllowedError("Vous ne pouvez créer que dans votre agence.")
        return acteur.agence_id
    agence = choisie if choisie is not None else acteur.agence_id
    if agence is None and not (partage and roles.peut(acteur.role, roles.Droit.ADMINISTRER)):
        raise ValidationError({"agence_id": "Choisissez l'agence."})
    if agence is not None and session.get(Agence, agence) is None:
        raise ValidationError({"agence_id": "Cette agence n'existe pas."})
    return agence


def refuser_doublon(
    session: Session, colonne: Any, valeur: Any, sauf: int | None, nom: Any, phrase: str, *parmi: Any
) -> None:  # fmt: skip
    """Refuse a natural key that another row has, naming that row.

    Capitals and accents tell nothing apart, but a row that kept its value from before that rule stays editable.

    Args:
        sauf: the row itself, as it is stored yet.
        nom: column that names the other row.
        phrase: French, with ``{valeur}`` and ``{autre}``.
        parmi: conditions: the rows among which it is the only one.
    """
    if valeur in (None, ""):
        return
    table = colonne.class_
    requete = sa.select(nom).where(meme_nom(session, colonne, valeur), *parmi)
    with session.no_autoflush:
        if sauf is not None:
            requete = requete.where(table.id != sauf)
            ligne = session.get(table, sauf)
            if ligne is not None and getattr(ligne, colonne.key) == valeur:
                return
        autre = session.scalars(requete.limit(1)).first()
    if autre is not None:
        raise DuplicateError(phrase.format(valeur=valeur, autre=autre), colonne.key)


def vus(session: Session, valeurs: Mapping[str, Any]) -> None:
    """What a person saw in the fields that this transaction is to change."""
    session.info[_VUS] = valeurs


def ecrits(session: Session) -> dict[str, Any]:
    """What :func:`appliquer` wrote in this transaction: as it is kept, not as it was typed."""
    return dict(session.info.get(_ECRITS, {}))


def appliquer(ligne: Any, changes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the columns that change; (old values, new values).

    Raises:
        OvertakenError: one of them is neither what the person saw (:func:`vus`) nor what it is to be.
    """
    avant = {k: getattr(ligne, k) for k in changes}
    session = object_session(ligne)
    seen = session.info.get(_VUS, {}) if session is not None else {}
    if any(k in seen and seen[k] != avant[k] != v for k, v in changes.items()):
        raise OvertakenError(DEPASSE)
    if session is not None:
        session.info[_ECRITS] = {**ecrits(session), **changes}
    for champ, valeur in changes.items():
        setattr(ligne, champ, valeur)
    return avant, dict(changes)


def ecrire(session: Session) -> None:
    """Send pending rows now, so that a refusal belongs to this act.

    Raises:
        DuplicateError: a key that the person could not see is taken (another agency's row).
        UserError: any other rule of the database.
    """
    try:
        session.flush()
    except DBAPIError as error:
        _refuser(error)
        raise


@contextmanager
def d_un_trait(session: Session) -> Iterator[Gathering]:
    """What the block writes, row after row, is one trip at the centre, with a value asked behind it.

    Raises:
        DuplicateError, UserError: as :func:`ecrire`, at the end of the block at the latest.
    """
    try:
        with gathered(session) as trait:
            yield trait
    except DBAPIError as error:
        _refuser(error)
        raise


def _refuser(error: DBAPIError) -> None:
    if dite := ruled_out(error):
        raise dite from error
    if not isinstance(error, IntegrityError):
        return
    texte = str(error.orig)
    if "UNIQUE" in texte or "unique" in texte or "uq_" in texte:
        raise DuplicateError(
            "Une autre fiche porte déjà cet identifiant (ICE, code, numéro ou courriel) : vérifiez-le."
        ) from error
    raise UserError(f"La base a refusé l'enregistrement : {texte.splitlines()[0]}") from error
