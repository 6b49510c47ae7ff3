"""The series of legal numbers: how far each has come, and the test that none is missing and none was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import TransitionError
from erp_desktop.services.shared.lists import est_sqlite

CODES = ("FAC", "AVO")


@dataclass(frozen=True, slots=True)
class SerieLegale:
    """One series; ``defauts`` holds (number, ``manque`` or ``empreinte``), empty when it is whole."""

    code: str
    annee: int
    dernier: int
    derniere_date: date | None
    defauts: tuple[tuple[str, str], ...]


def verifier(session: Session, acteur: Acteur) -> tuple[SerieLegale, ...]:
    """Every number read in its order, every document hashed anew; at the centre, which alone knows all of them.

    Raises:
        NotAllowedError
        TransitionError: on a desktop.
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    if est_sqlite(session):
        raise TransitionError("La série se vérifie au centre : ce poste ne connaît que son agence.")
    known = {r[0]: r[1:] for r in session.execute(sa.text("SELECT * FROM sync.etat_series()"))}
    found = []
    for code in CODES:
        wrong = session.execute(sa.text("SELECT numero, defaut FROM sync.verifier_serie(:code)"), {"code": code})
        year, last, day = known.get(code, (0, 0, None))
        found.append(SerieLegale(code, year, last, day, tuple((r[0], r[1]) for r in wrong)))
    return tuple(found)
