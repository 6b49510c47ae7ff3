"""A person whose data is asked for or erased: found, told by all that names them, and what is held where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db import mentions as texts
from erp_desktop.domain.people import mentions, roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import NotFoundError, ValidationError
from erp_desktop.models import Client, Effacement, Technicien, User
from erp_desktop.models.centre import conflits, modifications
from erp_desktop.models.local import sync_conflits, sync_outbox
from erp_desktop.registry import personal
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.lists import est_sqlite, un_de

_LEAST, _LONGEST = 3, 120
"""Letters of a name given by hand: it is taken out of every text, and fewer stand in texts about anybody."""
_MODELS: dict[str, Any] = {"users": User, "techniciens": Technicien, "clients": Client}


@dataclass(frozen=True, slots=True)
class Person:
    """A client's contact, or the client who is a person; an account with its technicien.

    Attributes:
        table: ``clients`` or ``users``.
        nom: what the person is called; empty once erased, and of a client without a contact.
        individual: a client who is a person.
        rows: (table, key) of every row that is about this person.
        deja: already erased.
    """

    table: str
    id: int
    nom: str
    fiche: str
    individual: bool
    rows: tuple[tuple[str, int], ...]
    deja: bool


def search(session: Session, acteur: Acteur, typed: str, limite: int = 20) -> list[Choix]:
    """People by name, address, telephone or company; ``Choix.id`` is odd for an account (:func:`by_choice`).

    Raises:
        NotAllowedError
    """
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    words = plier(typed).split()
    found: list[Choix] = []
    for word_sets, model, name, detail, odd in (
        ((User.full_name, User.username, User.email, User.phone), User, User.full_name, User.username, 1),
        ((Client.contact, Client.nom_entreprise, Client.email, Client.telephone), Client, Client.contact,
         Client.nom_entreprise, 0),
    ):  # fmt: skip
        query = sa.select(model.id, name, detail).where(*(un_de(session, w, *word_sets) for w in words))
        for pk, called, more in session.execute(query.order_by(name).limit(limite)):
            found.append(Choix(pk * 2 + odd, called or more, more if called else ""))
    return found[:limite]


def by_choice(session: Session, choice: int) -> Person:
    return person(session, "users" if choice & 1 else "clients", choice >> 1)


def person(session: Session, table: str, pk: int) -> Person:
    """One person by the row that is about them; a technicien's is the account's.

    Raises:
        NotFoundError
    """
    if table == "techniciens":
        technicien = session.get(Technicien, pk)
        table, pk = "users", technicien.user_id if technicien is not None else 0
    model = _MODELS.get(table)
    row = session.get(model, pk) if model is not None else None
    if row is None:
        raise NotFoundError("Introuvable : cette personne n'est pas dans la base.")
    gone = session.scalar(sa.select(Effacement.id).where(Effacement.nom_table == table, Effacement.fiche_id == pk))
    if isinstance(row, Client):
        individual = row.type_client == personal.INDIVIDUAL
        name = row.nom_entreprise if individual else row.contact or ""
        return Person(table, pk, name, row.nom_entreprise, individual, ((table, pk),), gone is not None)
    own = session.scalars(sa.select(Technicien.id).where(Technicien.user_id == pk))
    rows = ((table, pk), *(("techniciens", t) for t in own))
    return Person(table, pk, row.full_name, row.username, False, rows, gone is not None)


def pattern_of(session: Session, who: Person, others: Sequence[str] = ()) -> str | None:
    """All that names a person, now or in values that are kept of before; ``others`` are given by hand.

    Raises:
        ValidationError: under ``aussi``, one that would be found in texts about anybody.
    """
    given = [mots.lire(text, "aussi", _LONGEST) for text in others]
    for text in given:
        if sum(map(str.isalnum, text)) < _LEAST:
            raise ValidationError(
                {"aussi": f"« {text} » ne nomme personne : donnez au moins {_LEAST} lettres, tout en serait effacé."}
            )
    found = [p for text in given for p in (*mentions.telephone(text), *mentions.words(text))]
    for table, pk in who.rows:
        told = personal.columns(table, individual=who.individual)
        row = session.get_one(_MODELS[table], pk)
        now = [(column, getattr(row, column)) for column in told]
        before: list[tuple[str | None, Any]] = list(_before(session, table, pk, tuple(told)))
        if table == "clients" and not who.individual:
            before = list(personal.former(told, who.nom, before))
        if not who.deja:
            found += personal.patterns(told, [*now, *before])
    return mentions.together(found)


def _before(session: Session, table: str, pk: int, columns: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Former values of personal columns that the journal, conflicts or the outbox still hold."""
    if est_sqlite(session):
        o = sync_outbox.c
        for column, value in session.execute(
            sa.select(o.colonne, o.ancien).where(o.nom_table == table, o.pk == pk, o.colonne.in_(columns))
        ):
            yield column, value.decode() if isinstance(value, bytes) else value
        k = sync_conflits.c
    else:
        m = modifications.c
        for before, after in session.execute(sa.select(m.avant, m.apres).where(m.nom_table == table, m.pk == pk)):
            for values in (before, after):
                yield from ((c, v) for c, v in (values or {}).items() if c in columns)
        k = conflits.c
    for column, *values in session.execute(
        sa.select(k.colonne, k.base, k.mien, k.leur).where(k.nom_table == table, k.pk == pk)
    ):
        yield from ((column, json.loads(v) if isinstance(v, str) and v[:1] in ('"', "{") else v) for v in values)


def named_in(session: Session, pattern: str, *, erase: bool = False) -> list[texts.Found]:
    """Every row whose texts name the person; accounting documents are kept as they are."""
    kept = {k.table: k.rows for k in personal.KEPT}
    connection = session.connection()
    if est_sqlite(session):
        return texts.erase_sqlite(texts.sqlite_ask(connection), pattern, kept, count_only=not erase)
    return texts.erase_postgres(connection, pattern, kept, count_only=not erase)
