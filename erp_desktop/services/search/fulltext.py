"""Interventions by the words of all that is written in them: at once, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import numeros
from erp_desktop.domain.recherche import MOTS_MAX, chiffres, parties, plier
from erp_desktop.models import Client, Equipement, HistoriqueIntervention, Intervention, LigneIntervention
from erp_desktop.models.expressions.words import mots
from erp_desktop.models.interventions import WORDS
from erp_desktop.services.search import words
from erp_desktop.services.shared.lists import contient, est_sqlite, un_de

_NEWEST: Final = 300
"""Rows in which a frequent word is found at the centre before any index is asked."""
_READ: Final = 120
"""The same on a cache, where each is read and told apart by itself; a word that is rarer has few rows."""
_HITS: Final = (500, 8_000)
"""Answers of the index that are looked up, then how many when those are out of a person's reach."""
_NUMBERED: Final = 5000
_ENOUGH: Final = 4
"""Figures from which a number is looked for."""
_PHONE: Final = 9
I = Intervention  # noqa: E741
_CHILDREN: Final[Sequence[tuple[Any, Any]]] = (
    (LigneIntervention, LigneIntervention.designation), (HistoriqueIntervention, HistoriqueIntervention.remarque),
)  # fmt: skip
"""What else is written in an intervention: the mapped class, its column."""
_SAID = mots(*(getattr(I, name) for name in WORDS))


def find(
    session: Session, request: sa.Select[Any], text: str, limit: int, plainly: sa.ColumnElement[bool],
    *, numbers_only: bool,
) -> Sequence[Any]:  # fmt: skip
    """The newest rows of ``request`` that answer.

    Args:
        plainly: the same by looking at each row: for those that no index knows yet.
    """
    newest = request.order_by(I.date_creation.desc(), I.id.desc())
    tokens = [] if numbers_only else list(dict.fromkeys(parties(text)[:MOTS_MAX]))
    pattern, digits = numeros.motif(text), "" if numbers_only else chiffres(text).lstrip("0")
    digits = digits if len(digits) >= _ENOUGH else ""
    if not est_sqlite(session):
        return _central(session, newest, tokens, digits, pattern, limit)
    if not words.ready(session):
        return session.execute(newest.where(plainly).limit(limit)).all()
    pending = words.pending(session)
    asked = [words.question(session, some) for some in (tokens, [digits] if digits else []) if some]
    ways: list[sa.ColumnElement[bool]] = []
    if pending:
        here = plainly if numbers_only else sa.or_(*_in_row(session, text, tokens, pattern))
        fresh = newest.with_only_columns(I.id).where(I.id.in_(pending), here).limit(limit)
        ways.append(I.id.in_(list(session.scalars(fresh))))
    if pattern is not None:
        # The last part of a number is a word of its row; few rows share it.
        numbered = words.matching(session, words.asked([pattern.rpartition("-")[2]]), _NUMBERED)
        ways.append(sa.and_(I.id.in_(numbered), I.numero.like(pattern)))

    def among(rows: Sequence[int]) -> Sequence[Any]:
        known = I.id.in_(set(rows).difference(pending))
        return session.execute(newest.where(sa.or_(known, *ways)).limit(limit)).all()

    if any(one.wide for one in asked):
        looked = _looked_through(session, newest, asked, pending, limit)
        if looked is not None:
            return among(looked)
    query = " OR ".join(f"({one.whole})" for one in asked)
    for most in _HITS if query else ():
        hits = words.matching(session, query, most)
        found = among(hits)
        if len(found) == limit or len(hits) < most:
            return found
    if not query:
        return among([])
    # More than the newest of them are out of this person's reach.
    every = sa.text("interventions.id IN (SELECT rowid FROM mots.index_mots WHERE index_mots MATCH :q)")
    return session.execute(newest.where(sa.or_(every.bindparams(q=query), *ways)).limit(limit)).all()


def _looked_through(
    session: Session, newest: sa.Select[Any], asked: Sequence[words.Question], pending: Sequence[int], limit: int
) -> list[int] | None:
    """The newest rows that answer where a word begins too many others to ask for them all; None: ask all the same.

    Such a word is frequent, and found in the newest rows; or the other words are rare, and their rows are few.
    """
    if all(one.narrow for one in asked):
        few = [words.matching(session, one.narrow, _READ) for one in asked]
        if max(map(len, few)) < _READ:
            rows = sorted({row for some in few for row in some}, reverse=True)
            return words.holding(session, rows, asked, len(rows))
    last = set(pending)
    rows = [row for row in session.scalars(newest.with_only_columns(I.id).limit(_READ)) if row not in last]
    found = words.holding(session, rows, asked, limit)
    if len(found) == limit:
        return found
    return _led(session, asked, limit) if all(one.led for one in asked) else None


def _led(session: Session, asked: Sequence[words.Question], limit: int) -> list[int] | None:
    """Of the rows of each longest beginning the newest that hold the rest; None where more would have to be read.

    Asked for together, the index would gather the rows of every beginning, of « j » all that there are.
    """
    some = [words.matching(session, one.led, _READ) for one in asked]
    # What is older than the oldest of a list that goes on may have been left out of it.
    more = [rows for rows in some if len(rows) >= _READ]
    oldest = max((rows[-1] for rows in more if rows), default=0)
    rows = sorted({row for mine in some for row in mine if row >= oldest}, reverse=True)
    found = words.holding(session, rows, asked, limit)
    return found if len(found) == limit or not more else None


def _in_row(
    session: Session, text: str, tokens: Sequence[str], pattern: str | None
) -> Iterator[sa.ColumnElement[bool]]:  # fmt: skip
    """What the index, and whoever looks at titles and names, would say of a row that no index has read yet.

    The client and the machine are those that the row is shown with: none of the others is looked at.
    """
    names = (I.numero, Client.nom_entreprise, Equipement.nom, Equipement.code_interne)

    def said(word: str) -> sa.ColumnElement[bool]:
        near = (
            sa.exists().where(child.intervention_id == I.id, contient(session, column, word))
            for child, column in _CHILDREN
        )
        return sa.or_(un_de(session, word, *names, *(getattr(I, name) for name in WORDS)), *near)

    if tokens:
        yield sa.and_(*map(said, tokens))
    if typed := plier(text).split()[:MOTS_MAX]:
        yield sa.and_(*(un_de(session, word, I.titre, *names) for word in typed))
    yield sa.false() if pattern is None else I.numero.like(pattern)


def _central(
    session: Session, newest: sa.Select[Any], tokens: Sequence[str], digits: str, pattern: str | None, limit: int
) -> Sequence[Any]:
    """A frequent word is found in the newest rows; of a rare one the indexes know the few that have it."""
    asked = [(f"{token}:*", token) for token in tokens]
    number = _number(digits) if digits else ""
    ways = [I.numero.like(pattern)] if pattern is not None else []
    few = newest.with_only_columns(I.id).limit(_NEWEST).subquery()
    here = [sa.and_(*(_here(session, query, word) for query, word in asked))] if asked else []
    here += [_SAID.op("@@")(_query(number))] if number else []
    if not (here or ways):
        return []
    if here:
        close = newest.where(I.id.in_(sa.select(few.c.id)), sa.or_(*here, *ways)).limit(limit)
        if len(found := session.execute(close).all()) == limit:
            return found
    sets: list[Any] = [sa.intersect(*(_everywhere(session, query, word) for query, word in asked))] if asked else []
    sets += [sa.select(I.id).where(_SAID.op("@@")(_query(number)))] if number else []
    return session.execute(newest.where(sa.or_(*(I.id.in_(one) for one in sets), *ways)).limit(limit)).all()


def _query(text: str) -> Any:
    return sa.func.to_tsquery(sa.text("'simple'"), text)


def _number(digits: str) -> str:
    """Every spelling of a number that is one word, and a telephone's in pairs."""
    ways = [f"{before}{digits}:*" for before in ("", "0", "212", "00212")]
    if len(digits) == _PHONE:
        whole = "0" + digits
        ways.append("(" + " <-> ".join(whole[n : n + 2] for n in range(0, len(whole), 2)) + ")")
    return " | ".join(ways)


def _children(query: str) -> list[sa.Select[int]]:
    return [
        sa.select(child.intervention_id).where(mots(column).op("@@")(_query(query))) for child, column in _CHILDREN
    ]


def _named(session: Session, word: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    clients = sa.select(Client.id).where(contient(session, Client.nom_entreprise, word))
    machines = sa.select(Equipement.id).where(un_de(session, word, Equipement.nom, Equipement.code_interne))
    return I.client_id.in_(clients), I.equipement_id.in_(machines)


def _here(session: Session, query: str, word: str) -> sa.ColumnElement[bool]:
    near = (
        sa.exists().where(child.intervention_id == I.id, mots(column).op("@@")(_query(query)))
        for child, column in _CHILDREN
    )
    return sa.or_(
        _SAID.op("@@")(_query(query)), *_named(session, word), contient(session, I.numero, word), *near
    )  # fmt: skip


def _everywhere(session: Session, query: str, word: str) -> Any:
    client, machine = _named(session, word)
    return sa.union(
        sa.select(I.id).where(_SAID.op("@@")(_query(query))), sa.select(I.id).where(client),
        sa.select(I.id).where(machine), *_children(query),
    ).subquery().select()  # fmt: skip
