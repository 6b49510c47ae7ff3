"""Reference data by declaration: one list, one form, written by administrators alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.domain.saisie import Saisie
from erp_desktop.errors import NotFoundError, UserError, ValidationError
from erp_desktop.models import Agence
from erp_desktop.services.administration.source import administrer
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.shared.listing import Listing

R = TypeVar("R")
F = TypeVar("F")
Verify = Callable[[Session, dict[str, Any], int | None], None]
"""Called with all values as they would be and the row's identifier (None: a new one); raises what it refuses."""


def toutes(code: str | None) -> str:
    """Code of an agency; empty for all of them."""
    return code or ""


@dataclass(frozen=True)
class Reference(Generic[R, F]):
    """One table.

    Attributes:
        listing: its list.
        card: frozen dataclass of the form.
        typed: its input model.
        noun: with its article, for refusals.
        others: fields of the card that are no columns.
        verify: what the input model cannot see.
    """

    listing: Listing[R]
    card: type[F]
    typed: type[Saisie]
    noun: str
    others: Callable[[Session, Any], dict[str, Any]] = lambda _session, _row: {}
    verify: Verify = lambda _session, _values, _but: None

    def ids(self, session: Session, acteur: Acteur, query: Any) -> list[int]:
        return self.listing.ids(session, acteur, query)

    def first(self, session: Session, acteur: Acteur, query: Any) -> sa.Select[int] | None:
        return self.listing.first(session, acteur, query)

    def rows(self, session: Session, acteur: Acteur, ids: Sequence[int]) -> list[R]:
        return self.listing.rows(session, acteur, ids)

    def _load(self, session: Session, ident: int) -> Any:
        row = session.get(self.listing.model, ident)
        if row is None:
            raise NotFoundError(f"Introuvable : {self.noun} n'existe pas, ou appartient à une autre agence.")
        return row

    def get(self, session: Session, acteur: Acteur, id: int) -> F:  # noqa: A002
        """All fields of the form."""
        roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
        row = self._load(session, id)
        return edits.lire(self.card, row, **self.others(session, row))

    def create(self, session: Session, acteur: Acteur, typed: Saisie) -> int:
        """Add a row; returns its id.

        Raises:
            NotAllowedError, ValidationError, DuplicateError
        """
        administrer(session, acteur)
        values = typed.model_dump()
        self._verify(session, values, None)
        return edits.creer(session, acteur, self.listing.model(**values))

    def update(self, session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
        """Change fields of the form.

        Raises:
            NotAllowedError, NotFoundError, ValidationError, DuplicateError
        """
        administrer(session, acteur)
        row = self._load(session, id)

        def verify(now: dict[str, Any], new: dict[str, Any]) -> None:
            self._verify(session, {**now, **new}, id)

        edits.modifier(session, acteur, row, self.typed, changes, verify)

    def _verify(self, session: Session, values: dict[str, Any], but: int | None) -> None:
        agence = values.get("agence_id")
        if agence is not None and session.get(Agence, agence) is None:
            raise ValidationError({"agence_id": "Cette agence n'existe pas."})
        with session.no_autoflush:
            self.verify(session, values, but)

    def remove(self, session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
        """Delete a row that nothing refers to.

        Raises:
            NotAllowedError, NotFoundError, UserError
        """
        administrer(session, acteur)
        row = self._load(session, id)
        used = _uses(session, row)
        if used == 1:
            raise UserError("Une fiche s'en sert encore : rien n'est supprimé.")
        if used:
            raise UserError(f"{used} fiches s'en servent encore : rien n'est supprimé.")
        trace.annoncer(session, acteur)
        session.delete(row)
        ecrire(session)


def _uses(session: Session, row: Any) -> int:
    """How many rows of all tables refer to one."""
    target = row.__table__
    return sum(
        session.scalar(sa.select(sa.func.count()).select_from(table).where(column == row.id)) or 0
        for table in target.metadata.tables.values()
        for column in table.columns
        if column.references(target.c.id)
    )


def sans_chevauchement(model: Any, named: Sequence[str], what: str) -> Verify:
    """Refuse two rows of one name that hold on one day.

    Args:
        named: columns that make a name; texts are compared without accents and capitals.
        what: begins the refusal, e.g. « Ce taux vaut déjà ».
    """

    def key(values: Any) -> tuple[Any, ...]:
        found = (values[n] if isinstance(values, dict) else getattr(values, n) for n in named)
        return tuple(plier(v) if isinstance(v, str) else v for v in found)

    def verify(session: Session, values: dict[str, Any], but: int | None) -> None:
        begin, end = values["date_debut"], values["date_fin"] or date.max
        rows = session.scalars(sa.select(model).where(model.id.is_distinct_from(but))).all()
        for row in rows:
            if key(row) == key(values) and row.date_debut <= end and begin <= (row.date_fin or date.max):
                until = f"au {row.date_fin:%d/%m/%Y}" if row.date_fin else "sans fin"
                raise ValidationError(
                    {"date_debut": f"{what} du {row.date_debut:%d/%m/%Y} {until} : terminez-le d'abord."}
                )

    return verify
