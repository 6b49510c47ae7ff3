"""Pieces of words on a cache: which interventions may hold some letters one after the other, wherever in a word.

The filter box of a list looks inside words of titles, numbers, clients and machines. Beside the index of words stands
one of every three letters that follow each other in these; it tells few rows, of which the statement then says which
do. Letters are folded as :func:`~erp_desktop.services.shared.lists.contient` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models import Client, Equipement, Intervention
from erp_desktop.services.shared.lists import VARIANTES, identifiants

TABLE = "index_lettres"
SHORTEST = 3
"""Letters of a piece that is asked for."""
INDEX = (
    f"DROP TABLE IF EXISTS mots.{TABLE}",
    f"CREATE VIRTUAL TABLE mots.{TABLE} USING fts5(texte, content='', contentless_delete=1, detail=none, "
    "tokenize='trigram case_sensitive 1')",
)
_FOLDED = str.maketrans({variant: letter for letter, them in VARIANTES.items() for variant in them + them.upper()})
_MOST = 24
"""Threes of one piece that are asked for: an index takes no question of any length."""
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


def asked(every: Iterable[str], either: Mapping[str, Sequence[str]] | None = None) -> str:
    """A question of the index: all of ``every``, and of each of ``either`` one of its values; empty without any.

    Args:
        every: folded pieces.
        either: the values of some words, any of which will do; a word with one that is too short asks for nothing.
    """
    parts = [_letters(one) for one in every if len(one) >= SHORTEST]
    long = (values for values in (either or {}).values() if min(map(len, values)) >= SHORTEST)
    parts += ["(" + " OR ".join(f"({_letters(one)})" for one in values) + ")" for values in long]
    return " AND ".join(parts)


def _letters(piece: str) -> str:
    text = folded(piece)
    threes = dict.fromkeys(text[n : n + SHORTEST] for n in range(len(text) - SHORTEST + 1))
    return " AND ".join('"' + three.replace('"', '""') + '"' for three in islice(threes, _MOST))


def rows(question: str) -> sa.Select[int]:
    """Interventions that may answer."""
    one = sa.table(TABLE, sa.column("rowid", sa.BigInteger()), schema="mots")
    said = sa.literal_column(TABLE).op("MATCH")(question)
    return sa.select(one.c.rowid.label("id")).where(said)


def count(session: Session, question: str, most: int) -> int:
    """How many may answer; no further than ``most``."""
    some = rows(question).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def matching(session: Session, question: str, most: int) -> list[int]:
    """Interventions that may answer, ``most`` at most."""
    return identifiants(session, rows(question).limit(most))
