"""Everything held on one person, a line for each value: what whoever asks for it is handed (law 09-08, art. 7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Base
from erp_desktop.models.declare import said
from erp_desktop.registry.tables import BY_NAME, TABLES
from erp_desktop.services.audit.names import labels, targets
from erp_desktop.services.audit.people import Person, named_in, pattern_of, person
from erp_desktop.services.shared import wording

HEAD = ("Où", "Fiche", "Champ", "Valeur", "Pourquoi")
_ABOUT = "la fiche de la personne"
_NAMES = "ce texte la nomme"
_HIDDEN = frozenset({"id", "agence_id", "updated_at"})


@dataclass(frozen=True, slots=True)
class Held:
    """One value.

    Attributes:
        table: what a row is called, in French; ``champ`` likewise.
        pourquoi: how it concerns the person.
    """

    table: str
    fiche: str
    champ: str
    valeur: Any
    pourquoi: str

    @property
    def cells(self) -> tuple[Any, ...]:
        return self.table, self.fiche, self.champ, self.valeur, self.pourquoi


def extract(
    session: Session, acteur: Acteur, table: str, pk: int, others: Sequence[str] = ()
) -> tuple[Person, Iterator[Held]]:
    """The person, and all that this database holds on them.

    Raises:
        NotAllowedError, NotFoundError
    """
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    who = person(session, table, pk)
    return who, _held(session, who, pattern_of(session, who, others))


def _held(session: Session, who: Person, pattern: str | None) -> Iterator[Held]:
    done: set[tuple[str, int]] = set()
    for table, pk in who.rows:
        done.add((table, pk))
        yield from _row(session, table, pk, None, _ABOUT)
    for table, pk in who.rows:
        for known in TABLES:
            for column in (*(r.column for r in known.references if r.target == table), *_authors(table, known.name)):
                t = Base.metadata.tables[known.name]
                label = wording.field(known.name, column)
                why = f"s'y rapporte ({label.label if label is not None else 'auteur'})"
                for (found,) in session.execute(sa.select(t.c.id).where(t.c[column] == pk).order_by(t.c.id)):
                    if (known.name, found) not in done:
                        done.add((known.name, found))
                        yield from _row(session, known.name, found, None, why)
    for one in named_in(session, pattern) if pattern else ():
        if one.table in BY_NAME and (one.table, one.pk) not in done:
            yield from _row(session, one.table, one.pk, one.columns, _NAMES)


def _authors(table: str, of: str) -> tuple[str, ...]:
    """Columns without a reference that name an account: who made a row, who did an act."""
    if table != "users":
        return ()
    return ("user_id",) if of == "historiques_interventions" else ("created_by_id",)


def _row(session: Session, table: str, pk: int, only: Sequence[str] | None, why: str) -> Iterator[Held]:
    t = Base.metadata.tables[table]
    row = session.execute(sa.select(t).where(t.c.id == pk)).mappings().first()
    if row is None:
        return
    name = labels(session, {(table, pk)}).get((table, pk), f"n° {pk}")
    shown = {c: v for c, v in row.items() if v is not None and (c in only if only else c not in _HIDDEN)}
    pointed = targets(session, {(table, c, v) for c, v in shown.items() if isinstance(v, int)})
    for column, value in shown.items():
        declared = said(t.c[column])
        if declared is not None and declared.stays:
            continue
        label = {"created_at": "Créée le", "created_by_id": "Créée par"}.get(column) or (
            declared.label if declared is not None else column
        )
        told: Any = pointed.get((table, column, value), value) if isinstance(value, int) else value
        if isinstance(value, bytes):
            told = f"image, {len(value)} octets"
        yield Held(wording.row(table)[0], name, label, told, why)
