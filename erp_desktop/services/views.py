"""Saved views of lists: filter, order and columns under a name, one's own or shown to the whole agency.

A view is changed by the person who made it, and by nobody else. What a view says is read with care: a column that is
gone, or anything that another version wrote, does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import NotAllowedError, NotFoundError
from erp_desktop.models import Preference, User, VueEnregistree
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.shared.lists import meme_nom

LONGEST_NAME = 80
_DEFAULT = "vue:{}"
_WIDEST = 4_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view; ``width`` 0 leaves it to the list."""

    key: str
    width: int = 0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Definition:
    """What a view keeps."""

    text: str = ""
    sort: str = ""
    descending: bool = False
    columns: tuple[Column, ...] = ()

    def written(self, *, shared: bool) -> dict[str, Any]:
        return {
            "filtre": self.text, "tri": self.sort, "descendant": self.descending, "partagee": shared,
            "colonnes": _told(self.columns),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """A view that a person may open.

    Attributes:
        owner: name of who made it, for one that is not the person's own.
    """

    id: int
    name: str
    definition: Definition
    shared: bool
    mine: bool
    owner: str
    default: bool


def _told(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [{"cle": c.key, "largeur": c.width, "visible": c.shown} for c in columns]


def _columns(stored: object) -> tuple[Column, ...]:
    made = []
    for one in stored if isinstance(stored, list) else []:
        if isinstance(one, Mapping) and isinstance(one.get("cle"), str):
            width: object = one.get("largeur")
            known = width if isinstance(width, int) and not isinstance(width, bool) and 0 < width <= _WIDEST else 0
            made.append(Column(one["cle"], known, one.get("visible") is not False))
    return tuple(made)


def write_columns(columns: Sequence[Column]) -> str:
    """Columns as a text, for what one desktop remembers."""
    return json.dumps(_told(columns))


def read_columns(text: str) -> tuple[Column, ...]:
    """What :func:`write_columns` gave; nothing of a text that is none."""
    try:
        return _columns(json.loads(text))
    except ValueError:
        return ()


def read(stored: object) -> Definition:
    """A stored definition; what is none of it is left out."""
    found = stored if isinstance(stored, Mapping) else {}
    text, sort = found.get("filtre"), found.get("tri")
    return Definition(
        text if isinstance(text, str) else "", sort if isinstance(sort, str) else "",
        found.get("descendant") is True, _columns(found.get("colonnes")),
    )  # fmt: skip


def _shared(stored: object) -> bool:
    return isinstance(stored, Mapping) and stored.get("partagee") is True


def views(session: Session, acteur: Acteur, liste: str) -> list[View]:
    """The person's own views of a list by name, then those that colleagues of the agency share."""
    v = VueEnregistree
    query = sa.select(v, User.full_name).outerjoin(User, User.id == v.user_id).where(v.liste == liste)
    query = query.where(sa.or_(v.user_id == acteur.user_id, v.agence_id == acteur.agence_id))
    default, known = abreast(
        session, lambda side: _default(side, acteur, liste), lambda side: list(side.execute(query))
    )
    wanted = default.valeur if default is not None else None
    found = []
    for row, owner in known:
        mine, shared = row.user_id == acteur.user_id, _shared(row.definition)
        if mine or shared:
            name = "" if mine else owner or ""
            found.append(View(row.id, row.nom, read(row.definition), shared, mine, name, row.id == wanted))
    return sorted(found, key=lambda one: (not one.mine, one.name.casefold(), one.id))


def _own(session: Session, acteur: Acteur, ident: int) -> VueEnregistree:
    row = session.get(VueEnregistree, ident)
    if row is None or (row.user_id != acteur.user_id and row.agence_id != acteur.agence_id):
        raise NotFoundError("Introuvable : cette vue n'existe plus.")
    if row.user_id != acteur.user_id:
        raise NotAllowedError("Cette vue est celle d'un collègue : enregistrez la vôtre sous un autre nom.")
    return row


def save(
    session: Session, acteur: Acteur, liste: str, name: str, definition: Definition, *, shared: bool
) -> int:  # fmt: skip
    """Keep a view under a name; one's own of that name, however typed, is replaced. Returns its id.

    Raises:
        ValidationError: no name, or one too long.
    """
    name = mots.lire(" ".join(name.split()), "nom", LONGEST_NAME, exige="Donnez un nom à cette vue.")
    v = VueEnregistree
    trace.annoncer(session, acteur)
    own = sa.select(v).where(v.user_id == acteur.user_id, v.liste == liste, meme_nom(session, v.nom, name))
    row = session.scalar(own.order_by((v.nom == name).desc(), v.id).limit(1))
    if row is None:
        row = VueEnregistree(
            agence_id=acteur.agence_id, user_id=acteur.user_id, liste=liste, nom=name,
            definition=definition.written(shared=shared), created_by_id=acteur.user_id,
        )  # fmt: skip
        session.add(row)
    else:
        row.definition = definition.written(shared=shared)
    ecrire(session)
    return row.id


def share(session: Session, acteur: Acteur, ident: int, shared: bool) -> None:
    """Show one's own view to the agency, or to oneself alone.

    Raises:
        NotAllowedError, NotFoundError
    """
    row = _own(session, acteur, ident)
    trace.annoncer(session, acteur)
    row.definition = read(row.definition).written(shared=shared)
    ecrire(session)


def delete(session: Session, acteur: Acteur, ident: int) -> None:
    """Take one's own view away.

    Raises:
        NotAllowedError, NotFoundError
    """
    row = _own(session, acteur, ident)
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)


def _default(session: Session, acteur: Acteur, liste: str) -> Preference | None:
    p = Preference
    return session.scalar(sa.select(p).where(p.user_id == acteur.user_id, p.cle == _DEFAULT.format(liste)))


def choose_default(session: Session, acteur: Acteur, liste: str, ident: int | None) -> None:
    """The view with which the person's list opens; None for the list as it is made."""
    kept = _default(session, acteur, liste)
    trace.annoncer(session, acteur)
    if kept is None:
        session.add(
            Preference(
                agence_id=acteur.agence_id, user_id=acteur.user_id, cle=_DEFAULT.format(liste), valeur=ident,
                created_by_id=acteur.user_id,
            )
        )  # fmt: skip
    else:
        kept.valeur = ident
    ecrire(session)
