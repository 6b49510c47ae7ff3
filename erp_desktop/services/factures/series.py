"""The series of legal numbers: how far each has come, the test that none is missing and none was changed, and where
they go on after the centre was put back from a backup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.services.administration.source import administrer
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


_LEGAL = re.compile(r"(FAC|AVO)-([0-9]{4})-([0-9]{6,})")


def reprendre(session: Session, acteur: Acteur, derniers: Sequence[str]) -> tuple[SerieLegale, ...]:
    """Let a centre that was put back from a backup validate again, behind the last numbers that were given.

    Args:
        derniers: the last number of each series that papers or desktops show; none when nothing was validated since
            the backup. Numbers between the backup's last and these stay missing, and are told as such.

    Raises:
        NotAllowedError
        ValidationError: no legal number, one of a year to come, or one that the centre is past already.
    """
    administrer(session, acteur)
    if est_sqlite(session):
        raise TransitionError("Les numéros légaux se reprennent au centre.")
    for number in derniers:
        found = _LEGAL.fullmatch(number.strip().upper())
        if found is None or int(found[2]) > clock.today().year:
            raise ValidationError({"dernier": f"« {number} » n'est pas un numéro légal, comme FAC-2026-000123."})
        code, year, rank = found[1], int(found[2]), int(found[3])
        row = session.execute(
            sa.text("SELECT annee, dernier FROM sync.series WHERE code = :c FOR UPDATE"), {"c": code}
        ).first()
        if row is not None and (year, rank) < (row.annee, row.dernier):
            raise ValidationError(
                {"dernier": f"Le centre est déjà allé plus loin que {number} : une série ne recule pas."}
            )
        session.execute(
            sa.text(
                "INSERT INTO sync.series (code, annee, dernier) VALUES (:c, :a, :d) "
                "ON CONFLICT (code) DO UPDATE SET annee = excluded.annee, dernier = excluded.dernier"
            ),
            {"c": code, "a": year, "d": rank},
        )
    session.execute(
        sa.text(
            "INSERT INTO sync.series (code, annee, dernier, empreinte) VALUES ('EPOQUE', 0, 0, sync.epoque()) "
            "ON CONFLICT (code) DO UPDATE SET empreinte = excluded.empreinte"
        )
    )
    return verifier(session, acteur)
