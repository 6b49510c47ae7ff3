"""How long repairs took: work alone, opening time to its beginning, time to its end; for many at once."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import sla
from erp_desktop.models import Intervention
from erp_desktop.reports.sql import secondes
from erp_desktop.services.calendrier import Horloges

I = Intervention  # noqa: E741
_ORIGINE = datetime(1970, 1, 1, tzinfo=UTC)


PARTS = 3
"""Repair, response, restoration: each how many are known, how long they are together, how many are not."""


def correctives(
    session: Session, keys: Sequence[sa.ColumnElement[Any]], condition: sa.ColumnElement[bool],
    hours: Horloges | None = None,
) -> dict[tuple[Any, ...], list[int]]:  # fmt: skip
    """``PARTS`` times number, total and number left out, of the rows under ``condition``, by ``keys``.

    Repair is in minutes, the others in seconds. What is not known, or precedes the demand, is counted apart: no
    ``duree_reelle``, work that has no beginning.
    """
    fin = sa.func.coalesce(I.date_fin_travaux, I.date_cloture)
    requete = sa.select(
        I.agence_id, I.duree_reelle, secondes(I.date_creation), secondes(I.date_debut_travaux), secondes(fin), *keys
    ).where(condition)
    lignes = session.execute(requete).all()
    sommes: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 3 * PARTS)
    ouvert = _Ouvert(hours or Horloges(session), lignes) if lignes else None
    for agence, duree, demande, debut, remise, *cles in lignes:
        somme = sommes[tuple(cles)]
        prise = ouvert(agence, demande, debut) if ouvert and debut is not None and debut >= demande else None
        for rang_, delai in enumerate((duree, prise, remise - demande if remise >= demande else None)):
            if delai is None:
                somme[3 * rang_ + 2] += 1
            else:
                somme[3 * rang_] += 1
                somme[3 * rang_ + 1] += delai
    return sommes


class _Ouvert:
    """Opening seconds between two instants at an agency, over the days of these rows."""

    def __init__(self, horloges: Horloges, lignes: Sequence[Any]) -> None:
        self._horloges = horloges
        # A local day is at most one away from that of UTC.
        self._premier = _jour(min(x[2] for x in lignes)) - timedelta(days=1)
        self._dernier = _jour(max(x[3] or x[2] for x in lignes)) + timedelta(days=1)
        self._echelles: dict[int | None, Echelle] = {}

    def __call__(self, agence: int | None, debut: int, fin: int) -> int:
        echelle = self._echelles.get(agence)
        if echelle is None:
            echelle = self._echelles[agence] = Echelle(self._horloges.de(agence), self._premier, self._dernier)
        return echelle.ouvertes(fin) - echelle.ouvertes(debut)


class Echelle:
    """Opening seconds since a first day, by instant: the days are walked once, each question is one bisection."""

    def __init__(self, horaire: sla.Horaire, premier: date, dernier: date) -> None:
        self._bornes: list[int] = []
        self._cumuls: list[int] = []
        cumul = 0
        for n in range((dernier - premier).days + 1):
            for ouvre, ferme in horaire.ouvertures(premier + timedelta(days=n)):
                a, b = _secondes(ouvre), _secondes(ferme)
                self._bornes += (a, b)
                self._cumuls += (cumul, cumul + b - a)
                cumul += b - a

    def ouvertes(self, instant: int) -> int:
        """Opening seconds before an instant, itself in seconds since 1970."""
        n = bisect_right(self._bornes, instant)
        if n == 0:
            return 0
        # Odd: inside a range, whose opening is the last bound passed.
        return self._cumuls[n - 1] + (instant - self._bornes[n - 1] if n % 2 else 0)


def _secondes(instant: datetime) -> int:
    return (instant - _ORIGINE) // timedelta(seconds=1)


def _jour(secondes: int) -> date:
    return (_ORIGINE + timedelta(seconds=secondes)).date()
