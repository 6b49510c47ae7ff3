"""The words of interventions on a cache: an index in a file of its own beside it, with the cache's key.

The file may be lost or be of another day at any time: it says which state of the cache it knows, and is made anew
when that is not this one. What was written since is noted by triggers (``registry.searched``) and read again behind
the window, for a moment at a time; until then a search looks at those rows themselves.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.engine import private
from erp_desktop.domain.recherche import mots
from erp_desktop.models import Client, Equipement, HistoriqueIntervention, Intervention, LigneIntervention
from erp_desktop.models.interventions import WORDS
from erp_desktop.models.local import recherche_attente as waiting
from erp_desktop.registry import searched
from erp_desktop.services.search import pieces
from erp_desktop.services.shared.lists import est_sqlite

_TABLE, _STATE = "interventions", "#"
_CHUNK = 200
_MOMENT_S = 0.04
_PENDING = 2000
"""Rows not read yet that a search still looks at by themselves."""
_SPELLINGS = 128
"""Words that begin alike and are asked for one by one, at most."""
_LOOKED_AT = 40
"""Rows that are read at once to look for words in them; twice as many the next time."""
_SCHEMA = (
    # Where the rebuilding is, for which mark, and the state of the cache that is known.
    "CREATE TABLE mots.etat (un INTEGER PRIMARY KEY, marque INTEGER, jusqu_a INTEGER, jeton INTEGER NOT NULL)",
    "INSERT INTO mots.etat VALUES (1, NULL, NULL, -1)",
)
_INDEX = (
    "DROP TABLE IF EXISTS mots.index_mots",
    # Which rows hold a word, and nothing else: neither the texts nor the places in them.
    "CREATE VIRTUAL TABLE mots.index_mots USING fts5(texte, content='', contentless_delete=1, detail=none, "
    "tokenize='unicode61 remove_diacritics 0')",
)

_TERMS = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.termes USING fts5vocab(mots, index_mots, instance)"
# No word holds a control character: the next one stands behind every row of this one.
_BEGINNING_SO = """
    WITH RECURSIVE t (term, n) AS (
        SELECT (SELECT term FROM temp.termes WHERE term >= ?1 LIMIT 1), 1
        UNION ALL SELECT (SELECT v.term FROM temp.termes v WHERE v.term >= t.term || char(1) LIMIT 1), n + 1
        FROM t WHERE t.term IS NOT NULL AND t.term < ?2 AND n < ?3
    ) SELECT term FROM t WHERE term < ?2
"""


def attached(session: Session, *, make: bool = False) -> bool:
    """Whether the index is at hand; at the centre, and of a cache in memory, there is none.

    Args:
        make: make the file when it is not there.
    """
    if not est_sqlite(session):
        return False
    connection = session.connection()
    files = {row[1]: row[2] for row in connection.exec_driver_sql("PRAGMA database_list")}
    if "mots" not in files:
        if not files["main"]:
            return False
        path = Path(files["main"] + searched.SUFFIX)
        if not make and not path.exists():
            return False
        private(path)
        # Without a key of its own it takes the cache's.
        connection.exec_driver_sql("ATTACH DATABASE ? AS mots", (str(path),))
    return make or _made(connection)


def _made(connection: sa.Connection) -> bool:
    names = f"'etat', 'index_mots', '{pieces.TABLE}', '{pieces.KNOWN}'"
    there = connection.exec_driver_sql(f"SELECT count(*) FROM mots.sqlite_schema WHERE name IN ({names})")
    return there.scalar() == 4


def catch_up(session: Session) -> bool:
    """Read what waits, for a moment; whether more does. Writes."""
    if not attached(session, make=True):
        return False
    connection = session.connection()
    if not connection.exec_driver_sql("SELECT 1 FROM mots.sqlite_schema WHERE name = 'etat'").first():
        for statement in _SCHEMA:
            connection.exec_driver_sql(statement)
    token = _token(session)
    # A file that an older program made has not all of it.
    if _known(session) != token or not _made(connection):
        connection.exec_driver_sql(searched.EVERYTHING)
        connection.exec_driver_sql("UPDATE mots.etat SET marque = NULL, jusqu_a = NULL")
    elif not waits(session):
        return False
    until = time.monotonic() + _MOMENT_S
    while (more := _some(session)) and time.monotonic() < until:
        pass
    # Both files say that they know each other; a crash between their commits makes the index anew.
    session.execute(sa.delete(waiting).where(waiting.c.nom_table == _STATE))
    session.execute(sa.insert(waiting).values(nom_table=_STATE, pk=token + 1))
    connection.exec_driver_sql("UPDATE mots.etat SET jeton = ?", (token + 1,))
    return more


def waits(session: Session) -> bool:
    """Whether there is anything to read; of a cache without an index, everything is."""
    if not est_sqlite(session):
        return False
    if session.execute(sa.select(waiting.c.pk).where(waiting.c.nom_table == _TABLE).limit(1)).first():
        return True
    return bool(session.connection().exec_driver_sql("PRAGMA database_list").all()[0][2]) and not (
        attached(session) and _known(session) == _token(session)
    )


def ready(session: Session) -> bool:
    """Whether the index knows this cache, but for rows that :func:`pending` tells."""
    if not attached(session) or _known(session) != _token(session):
        return False
    every = sa.select(waiting.c.pk).where(waiting.c.nom_table == _TABLE, waiting.c.pk <= 0).limit(1)
    return session.execute(every).first() is None and len(pending(session)) <= _PENDING


def pending(session: Session) -> list[int]:
    """Rows that changed since they were read."""
    request = sa.select(waiting.c.pk).where(waiting.c.nom_table == _TABLE, waiting.c.pk > 0)
    return list(session.scalars(request.limit(_PENDING + 1)))


@dataclass(frozen=True, slots=True)
class Question:
    """Words that a row has to hold, each the beginning of one of its own.

    Attributes:
        words: all of them.
        wide: those that begin more words of the index than are asked for one by one.
        narrow: the others as a question of the index; empty without any.
    """

    words: tuple[str, ...]
    wide: tuple[str, ...]
    narrow: str

    @property
    def led(self) -> str:
        """All but the shorter of several wide ones, as a question of the index; empty where that is all of them."""
        if not self.wide or len(self.words) < 2:
            return ""
        return " AND ".join(filter(None, [self.narrow, asked([max(self.wide, key=len)])]))

    @property
    def whole(self) -> str:
        """All of them as a question of the index."""
        return " AND ".join(filter(None, [self.narrow, asked(self.wide)]))


def question(session: Session, words: Iterable[str]) -> Question:
    """What is asked of the index for some words.

    A beginning makes the index gather every row of every word that begins so before it tells the first one; of whole
    words it reads no further than the answers that are wanted, and jumps from one rare one to the next.
    """
    every = tuple(words)
    spelled = {word: _spellings(session, word) for word in every}
    some = " AND ".join("(" + " OR ".join(f'"{one}"' for one in told) + ")" for told in spelled.values() if told)
    return Question(every, tuple(word for word, told in spelled.items() if told is None), some)


def _spellings(session: Session, word: str) -> list[str] | None:
    """The words of the index that begin so, one seek for each; None when there are too many. Never empty."""
    connection = session.connection()
    connection.exec_driver_sql(_TERMS)
    told = connection.exec_driver_sql(_BEGINNING_SO, (word, word + chr(sys.maxunicode), _SPELLINGS + 2))
    found = [term for (term,) in told]
    # What the index has not got, it may still split in another way than we do.
    return None if len(found) > _SPELLINGS else found or [word]


def holding(session: Session, rows: Sequence[int], questions: Sequence[Question], limit: int) -> list[int]:
    """Those of some rows that hold every word of one of the questions, in their order, ``limit`` at most."""
    found: list[int] = []
    first, size = 0, _LOOKED_AT
    while first < len(rows) and len(found) < limit:
        some = rows[first : first + size]
        said = {row: mots(text) for row, text in _texts(session, some).items()}
        found += [row for row in some if row in said and any(_holds(said[row], one.words) for one in questions)]
        first, size = first + size, 2 * size
    return found[:limit]


def _holds(said: Sequence[str], words: Iterable[str]) -> bool:
    return all(any(one.startswith(word) for one in said) for word in words)


def matching(session: Session, query: str, limit: int | None) -> list[int]:
    """Interventions whose words match, newest first; see :func:`asked` and :class:`Question`."""
    sql = "SELECT rowid FROM mots.index_mots WHERE index_mots MATCH :q ORDER BY rowid DESC LIMIT :n"
    return list(session.scalars(sa.text(sql), {"q": query, "n": -1 if limit is None else limit}))


def asked(words: Iterable[str]) -> str:
    """A question of the index: every word begins one of the text."""
    return " AND ".join(f'"{word}"*' for word in words)


def _token(session: Session) -> int:
    found = session.scalar(sa.select(sa.func.max(waiting.c.pk)).where(waiting.c.nom_table == _STATE))
    return 0 if found is None else int(found)


def _known(session: Session) -> int:
    return int(session.connection().exec_driver_sql("SELECT jeton FROM mots.etat").scalar_one())


def _some(session: Session) -> bool:
    """A few rows; whether there may be more."""
    connection = session.connection()
    oldest = session.scalar(sa.select(sa.func.min(waiting.c.pk)).where(waiting.c.nom_table == _TABLE))
    if oldest is None:
        return False
    if oldest > 0:
        rows = list(session.scalars(sa.select(waiting.c.pk).where(waiting.c.nom_table == _TABLE).limit(_CHUNK)))
        _put(session, rows)
        session.execute(sa.delete(waiting).where(waiting.c.nom_table == _TABLE, waiting.c.pk.in_(rows)))
        return True
    mark, reached = connection.exec_driver_sql("SELECT marque, jusqu_a FROM mots.etat").one()
    if mark != oldest:
        for statement in (*_INDEX, *pieces.INDEX):
            connection.exec_driver_sql(statement)
        reached = -1
    rows = list(
        session.scalars(
            sa.select(Intervention.id).where(Intervention.id > reached).order_by(Intervention.id).limit(_CHUNK)
        )
    )
    _put(session, rows)
    if len(rows) < _CHUNK:
        done = sa.and_(waiting.c.nom_table == _TABLE, waiting.c.pk.between(oldest, 0))
        session.execute(sa.delete(waiting).where(done))
        connection.exec_driver_sql("UPDATE mots.etat SET marque = NULL, jusqu_a = NULL")
    else:
        connection.exec_driver_sql("UPDATE mots.etat SET marque = ?, jusqu_a = ?", (oldest, rows[-1]))
    return True


def _put(session: Session, rows: Sequence[int]) -> None:
    """What these rows say now; those that are gone say nothing any more."""
    if not rows:
        return
    texts = _texts(session, rows)
    raw: Any = session.connection().connection.dbapi_connection
    raw.executemany("DELETE FROM mots.index_mots WHERE rowid = ?", [(row,) for row in rows])
    said = [(row, " ".join(mots(text))) for row, text in texts.items()]
    raw.executemany("INSERT INTO mots.index_mots (rowid, texte) VALUES (?, ?)", said)
    pieces.put(session, rows)


def _texts(session: Session, rows: Sequence[int]) -> dict[int, str]:
    i = Intervention
    request = (
        sa.select(
            i.id, i.numero, Client.nom_entreprise, Equipement.nom, Equipement.code_interne, Equipement.numero_serie,
            *(getattr(i, name) for name in WORDS),
        )
        .outerjoin(Client, Client.id == i.client_id)
        .outerjoin(Equipement, Equipement.id == i.equipement_id)
        .where(i.id.in_(rows))
    )  # fmt: skip
    found = {row[0]: [part for part in row[1:] if part] for row in session.execute(request)}
    for child, column in (
        (LigneIntervention, LigneIntervention.designation), (HistoriqueIntervention, HistoriqueIntervention.remarque)
    ):  # fmt: skip
        said = sa.select(child.intervention_id, column).where(child.intervention_id.in_(rows), column.is_not(None))
        for owner, text in session.execute(said):
            if owner in found:
                found[owner].append(text)
    # A bar keeps the figures of one field from running into the next one's.
    return {row: " | ".join(parts) for row, parts in found.items()}
