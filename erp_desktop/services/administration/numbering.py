"""Series of numbers, read from what carries them: how far each has come, and which numbers are missing.

Nobody sets a counter: a number is drawn when its record is made, by the desktop or by the centre, and never given
twice. A gap in what is printed must be explained, so it is found here rather than by an inspector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Contrat, Facture, Intervention, Inventaire
from erp_desktop.services.shared.lists import portee

_NUMBERED: tuple[tuple[str, Any, Any], ...] = (
    ("interventions", Intervention, Intervention.numero), ("contrats", Contrat, Contrat.numero_contrat),
    ("factures", Facture, Facture.numero), ("inventaires", Inventaire, Inventaire.numero),
)  # fmt: skip
_MOST = 50
"""Gaps that are listed of one series."""


@dataclass(frozen=True, slots=True)
class Serie:
    """Numbers that share everything but their last figures.

    Attributes:
        table: what carries them.
        manquants: between the first and the last that are here.
    """

    table: str
    prefixe: str
    premier: int
    dernier: int
    nombre: int
    depuis: datetime | None

    @property
    def manquants(self) -> int:
        return self.dernier - self.premier + 1 - self.nombre


def series(session: Session, acteur: Acteur) -> list[Serie]:
    """Every series in the person's scope, by what carries it, the latest first."""
    roles.exiger(acteur, roles.Droit.ADMINISTRER if roles.voit_tout(acteur) else roles.Droit.VALIDER)
    found: list[Serie] = []
    for table, model, column in _NUMBERED:
        prefix = sa.func.rtrim(column, "0123456789", type_=sa.String())
        number = sa.cast(sa.func.substr(column, sa.func.length(prefix) + 1), sa.BigInteger())
        # A number without figures at its end belongs to no series: it was taken over from elsewhere.
        figures = sa.func.length(column) - sa.func.length(prefix)
        latest = sa.func.max(model.created_at, type_=model.created_at.type)
        query = (
            sa.select(prefix, sa.func.min(number), sa.func.max(number), sa.func.count(sa.distinct(number)), latest)
            .where(figures.between(1, 9), prefix != "", *portee(acteur, model.agence_id))
            .group_by(prefix)
        )
        lines = session.execute(query).all()
        own = [Serie(table, p, first, last, count, since) for p, first, last, count, since in lines]
        found += sorted(own, key=lambda s: (s.prefixe.rsplit("-", 2)[-2:], s.prefixe), reverse=True)
    return found


def gaps(session: Session, acteur: Acteur, table: str, prefixe: str) -> Sequence[tuple[int, int]]:
    """Runs of numbers that are missing between the first and the last of a series; at most fifty."""
    roles.exiger(acteur, roles.Droit.ADMINISTRER if roles.voit_tout(acteur) else roles.Droit.VALIDER)
    _table, model, column = next(t for t in _NUMBERED if t[0] == table)
    query = sa.select(column).where(column.startswith(prefixe, autoescape=True), *portee(acteur, model.agence_id))
    numbers = sorted(
        {int(rest) for n in session.scalars(query) if (rest := str(n)[len(prefixe):]).isascii() and rest.isdecimal()}
    )  # fmt: skip
    runs = [(a + 1, b - 1) for a, b in pairwise(numbers) if b > a + 1]
    return runs[:_MOST]
