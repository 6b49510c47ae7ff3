"""Pieces of words on a cache: which interventions may hold some letters one after the other, wherever in a word.

The filter box of a list looks inside words of titles, numbers, clients and machines. Beside the index of words stands
one of every three letters that follow each other in these; it tells few rows, of which the statement then says which
do. Letters are folded as :func:`~erp_desktop.services.shared.lists.contient` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models import Client, Equipement, Intervention
from erp_desktop.services.shared.lists import VARIANTES, identifiants, listed

TABLE = "index_lettres"
KNOWN = "lettres"
_SIDE = 3
_SHORT = 64
"""Threes that a shorter piece is in; where they are more it is asked for by none."""
INDEX = (
    f"DROP TABLE IF EXISTS mots.{TABLE}",
    f"DROP TABLE IF EXISTS mots.{KNOWN}",
    f"CREATE TABLE mots.{KNOWN} (trois TEXT PRIMARY KEY) WITHOUT ROWID",
    f"CREATE VIRTUAL TABLE mots.{TABLE} USING fts5(texte, content='', contentless_delete=1, detail=none, "
    "tokenize='trigram case_sensitive 1')",
)
_FOLDED = str.maketrans({variant: letter for letter, them in VARIANTES.items() for variant in them + them.upper()})
_MOST = 4
"""Threes of one piece that are asked for: each is a list to go through, and a few tell nearly as much as all."""
_APART_BY = 251
"""Of identifiers that come one after the other the sample is one of so many."""
_APART = "\n"
"""Between two texts; no piece goes over it."""


def folded(text: str) -> str:
    """Every letter as the one that is typed for it."""
    return text.lower().translate(_FOLDED)


def put(session: Session, rows: Sequence[int]) -> None:
    """What these rows say now; those that are gone say nothing any more."""
    i = Intervention
    request = (
        sa.select(i.id, i.titre, i.numero, Client.nom_entreprise, Equipement.nom, Equipement.code_interne)
        .outerjoin(Client, Client.id == i.client_id)
        .outerjoin(Equipement, Equipement.id == i.equipement_id)
        .where(i.id.in_(rows))
    )  # fmt: skip
    said = [(row[0], folded(_APART.join(filter(None, row[1:])))) for row in session.execute(request)]
    raw: Any = session.connection().connection.dbapi_connection
    raw.executemany(f"DELETE FROM mots.{TABLE} WHERE rowid = ?", [(row,) for row in rows])
    raw.executemany(f"INSERT INTO mots.{TABLE} (rowid, texte) VALUES (?, ?)", said)
    known = {three for _row, text in said for three in _threes(text)}
    raw.executemany(f"INSERT OR IGNORE INTO mots.{KNOWN} (trois) VALUES (?)", [(three,) for three in known])


def asked(session: Session, every: Iterable[Sequence[str]]) -> str:
    """A question of the index; empty where it cannot tell.

    Args:
        every: the values of each word, folded, one of which is to be there.
    """
    parts = [[_letters(session, one) for one in values] for values in every]
    return " AND ".join("(" + " OR ".join(f"({one})" for one in values) + ")" for values in parts if all(values))


def _threes(text: str) -> Iterable[str]:
    return dict.fromkeys(text[n : n + _SIDE] for n in range(len(text) - _SIDE + 1))


def _letters(session: Session, piece: str) -> str:
    text = folded(piece)
    if len(text) >= _SIDE:
        return " AND ".join(map(_quoted, islice(_threes(text), _MOST)))
    within = sa.text(f"SELECT trois FROM mots.{KNOWN} WHERE instr(trois, :piece) LIMIT {_SHORT + 1}")
    found = list(session.scalars(within, {"piece": text}))
    # No row has a piece that is in no three of any.
    return "" if len(found) > _SHORT else " OR ".join(map(_quoted, found or [_APART * _SIDE]))


def _quoted(three: str) -> str:
    return '"' + three.replace('"', '""') + '"'


def rows(question: str, besides: Sequence[int] = ()) -> Any:
    """Interventions that may answer, and some others."""
    one = sa.table(TABLE, sa.column("rowid", sa.BigInteger()), schema="mots")
    said = sa.literal_column(TABLE).op("MATCH")(question)
    found = sa.select(one.c.rowid.label("id")).where(said)
    return sa.union_all(found, listed(besides)) if besides else found


def count(session: Session, question: str, most: int) -> int:
    """How many may answer; no further than ``most``."""
    some = rows(question).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def sampled(session: Session, question: str) -> tuple[int, list[int]]:
    """How many may answer, and one in some hundreds of them, which are anywhere."""
    one = rows(question).subquery()
    some = sa.func.json_group_array(one.c.id).filter(one.c.id % _APART_BY == 0)
    count, idents = session.execute(sa.select(sa.func.count(), some).select_from(one)).one()
    return count, json.loads(idents)


def matching(session: Session, question: str, most: int) -> list[int]:
    """Interventions that may answer, ``most`` at most."""
    return identifiants(session, rows(question).limit(most))
