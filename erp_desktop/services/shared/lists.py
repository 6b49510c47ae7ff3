"""What every list shares: the query, search and sort that mean the same on both engines, the agency's scope."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any, overload

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Base
from erp_desktop.models.expressions.sorting import TRIABLES, TRIES, cle_tri, sort_key
from erp_desktop.models.local import sync_conflits, sync_meta, sync_outbox
from erp_desktop.settings import Mode

VARIANTES = {
    "a": "àâäáãå", "c": "ç", "e": "éèêë", "i": "îïíì", "n": "ñ", "o": "ôöóòõ", "u": "ùûüú", "y": "ÿý",
    "ا": "أإآٱ", "ي": "ىئ", "ه": "ة", "و": "ؤ",
}  # fmt: skip
"""Letter → those that are found by it."""
_MOT_MAX = 500
PAQUET = 500
Colonne = InstrumentedAttribute[Any] | sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list shows: the filter box's text, the column sorted by, its direction, how many at most."""

    texte: str = ""
    tri: str = ""
    descendant: bool = False
    limite: int | None = None


class hors_index(FunctionElement[Any]):  # noqa: N801
    """``hors_index(colonne)``: the column itself, whose index SQLite then leaves alone.

    A condition that most rows meet costs one jump into the table per row by an index, and one pass without.
    """

    inherit_cache = True

    def __init__(self, colonne: Any) -> None:
        super().__init__(colonne)
        # What it is compared with is written as the column's values are.
        self.type = colonne.type


@compiles(hors_index, "sqlite")
def _h_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return "+" + ", ".join(compiler.process(c, **kw) for c in element.clauses)


@compiles(hors_index, "postgresql")
def _h_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(c, **kw) for c in element.clauses)


def est_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _classe(lettre: str) -> str | None:
    variantes = lettre + VARIANTES.get(lettre, "")
    toutes = "".join(dict.fromkeys(variantes + variantes.upper()))
    return f"[{toutes}]" if lettre.isalpha() and len(toutes) > 1 else None


def motif_glob(mot: str) -> str:
    """GLOB pattern for « contains, whatever the accents and capitals »; ``mot`` is folded (``recherche.plier``)."""
    return "*" + "".join(_classe(c) or (f"[{c}]" if c in "*?[" else c) for c in mot) + "*"


def motif_regex(mot: str) -> str:
    """The same as :func:`motif_glob` for PostgreSQL's ``~``."""
    return "".join(_classe(c) or (c if c.isalnum() or c == " " or not c.isascii() else f"\\{c}") for c in mot)


def contient(session: Session, colonne: Colonne, mot: str) -> sa.ColumnElement[bool]:
    """Contains, whatever the accents and capitals; character classes need no extension and no function.

    A word longer than anybody types is nowhere: SQLite refuses patterns of 50,000 bytes.
    """
    if len(mot) > _MOT_MAX:
        return sa.false()
    if est_sqlite(session):
        return colonne.op("GLOB", is_comparison=True)(motif_glob(mot))
    return colonne.op("~", is_comparison=True)(motif_regex(mot))


def un_de(session: Session, mot: str, *colonnes: Colonne) -> sa.ColumnElement[bool]:
    return sa.or_(*(contient(session, c, mot) for c in colonnes))


def cle_texte(_session: Session, colonne: Colonne) -> sa.ColumnElement[str]:
    """Sort key that puts É beside E and ignores capitals, in the same order on both engines."""
    return cle_tri(colonne)


_CAPITALES = str.maketrans(ascii_lowercase, ascii_uppercase)
_PLIEE = str.maketrans(TRIABLES + ascii_uppercase, TRIES.lower() + ascii_lowercase)


def cle_de(texte: str) -> str:
    """What :func:`cle_texte` makes of a text; a table of names is read and folded here in a fraction of the time."""
    return texte.translate(_PLIEE)


def meme_nom(session: Session, colonne: Colonne, nom: str) -> sa.ColumnElement[bool]:
    """Whether a row has that name: one for everybody, however its capitals and accents are typed.

    Along the index that the column is sorted by; a code has none but its own, and is compared by its capitals.
    """
    if isinstance(sort_key(colonne), cle_tri):
        return cle_tri(colonne) == cle_de(nom)
    if nom.upper() == nom.lower():
        return colonne == nom
    return sa.func.upper(colonne if est_sqlite(session) else sa.collate(colonne, "C")) == nom.translate(_CAPITALES)


def identifiants(session: Session, requete: sa.Select[int]) -> list[int]:
    """The one column that a query selects, in its order.

    SQLite hands it over as one value: taken row by row, the interpreter changes hands at each of them and the window
    waits for its turn.
    """
    if not est_sqlite(session):
        return list(session.scalars(requete))
    trouves = requete.subquery()
    return json.loads(session.scalars(sa.select(sa.func.json_group_array(trouves.c.id))).one())  # type: ignore[no-any-return]


def rang(session: Session, identifiant: Colonne, nom: Colonne) -> sa.CTE:
    """``id`` and ``rang`` by name of what many rows refer to or repeat; equal names share their rank.

    Names are made comparable once, not once for each row: the titles of 100,000 interventions are a few hundred.
    """
    noms = sa.select(identifiant.label("id"), nom.label("nom")).distinct().subquery()
    place = sa.func.dense_rank().over(order_by=cle_texte(session, noms.c.nom)).label("rang")
    return sa.select(noms.c.id, place).cte("noms")


def ordonner(
    requete: sa.Select[Any], cles: Sequence[Colonne], identifiant: Colonne, *, descendant: bool
) -> sa.Select[Any]:
    """Order by the keys, absent values last in both directions, ties by identifier."""
    ordre = [(c.desc() if descendant else c.asc()).nulls_last() for c in cles]
    return requete.order_by(*ordre, identifiant.desc() if descendant else identifiant.asc())


def portee(acteur: Acteur, agence: Colonne, *, partagees: bool = True) -> list[sa.ColumnElement[bool]]:
    """Conditions that keep a person inside the agency; shared rows (NULL) stay visible when ``partagees``."""
    if roles.voit_tout(acteur):
        return []
    mienne = agence == acteur.agence_id
    return [sa.or_(mienne, agence.is_(None)) if partagees else mienne]


def mesurer(session: Session, *modeles: type[Base]) -> None:
    """Refresh the centre's planner figures after a bulk load, before its daemon gets round to it."""
    if not est_sqlite(session):
        session.flush()
        for modele in modeles:
            session.execute(sa.text(f"ANALYZE {modele.__tablename__}"))


def parmi(session: Session, colonne: Colonne, ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """One of some identifiers, however many: on a cache they are one value, not as many parameters."""
    if not est_sqlite(session):
        return colonne.in_(ids)
    return colonne.in_(listed(ids))


def listed(ids: Sequence[int]) -> sa.Select[int]:
    """Some identifiers as a table of a cache."""
    read = sa.func.json_each(json.dumps(list(ids))).table_valued(sa.column("value", sa.BigInteger()))
    return sa.select(read.c.value)


class Found(Sequence[int]):
    """Identifiers that the centre finds in the round trip in which it reads their rows: until then a table of them.

    Attributes:
        asked: that table.
        known: them in order, once the answer is there.
    """

    def __init__(self, asked: sa.Select[int]) -> None:
        self.asked = asked
        self.known: list[int] | None = None

    def __len__(self) -> int:
        return len(self._there())

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        return self._there()[place]

    def _there(self) -> list[int]:
        if self.known is None:
            raise RuntimeError("identifiers that are not known before their rows are")
        return self.known


def paquets(ids: Sequence[int] | sa.Select[int], taille: int = PAQUET) -> Iterator[Any]:
    """Identifiers by as many as one statement takes, for its ``IN``; a table of them is one part."""
    if isinstance(ids, Found | sa.Select):
        yield ids.asked if isinstance(ids, Found) else ids
        return
    for debut in range(0, len(ids), taille):
        yield list(ids[debut : debut + taille])


def dans_l_ordre(ids: Iterable[int], lignes: dict[int, Any]) -> list[Any]:
    """Rows in the order asked for; one that vanished meanwhile is left out."""
    return [lignes[i] for i in ids if i in lignes]


def marques(session: Session, table: str, ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """Which rows wait to be sent, and which have an open conflict; both empty at the centre, and on a stand-alone
    desktop, which has nobody to send to."""
    if not est_sqlite(session):
        return set(), set()
    mode = session.scalar(sa.select(sync_meta.c.valeur).where(sync_meta.c.cle == "mode"))
    if mode != Mode.AGENCE:
        return set(), set()
    attente: set[int] = set()
    conflit: set[int] = set()
    for paquet in paquets(ids):
        attente.update(
            session.scalars(
                sa.select(sync_outbox.c.pk).where(sync_outbox.c.nom_table == table, sync_outbox.c.pk.in_(paquet))
            )
        )
        conflit.update(
            session.scalars(
                sa.select(sync_conflits.c.pk).where(
                    sync_conflits.c.nom_table == table, sync_conflits.c.pk.in_(paquet),
                    sync_conflits.c.resolu.is_(None), sync_conflits.c.a_decider == 1,
                )
            )
        )  # fmt: skip
    return attente, conflit
