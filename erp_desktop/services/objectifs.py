"""Targets of figures: list, form, and which one holds on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.figures import BY_KEY, FIGURES, Unit
from erp_desktop.domain.saisie import Montant, Saisie
from erp_desktop.errors import ValidationError
from erp_desktop.models import Agence, Objectif
from erp_desktop.services.shared import edits
from erp_desktop.services.shared.common import agence_de, charger
from erp_desktop.services.shared.listing import Far, Listing, Word, of_agency

O = Objectif  # noqa: E741
TYPED_IN = {
    Unit.PERCENT: "%", Unit.MINUTES: "h", Unit.TOTAL_MINUTES: "h", Unit.SECONDS: "h", Unit.TOTAL_SECONDS: "h",
    Unit.MONEY: "MAD", Unit.NOTE: "/ 5", Unit.COUNT: "",
}  # fmt: skip
"""The unit in which a target is typed and stored."""
_HOURS = {Unit.MINUTES: 60, Unit.TOTAL_MINUTES: 60, Unit.SECONDS: 3600, Unit.TOTAL_SECONDS: 3600}
_MOST = {Unit.PERCENT: 1000, Unit.NOTE: 5}


class ObjectifInput(Saisie):
    chiffre: str
    cible: Montant
    date_debut: date
    agence_id: int | None = None


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One row of the list."""

    id: int
    chiffre: str
    cible: Decimal
    date_debut: date
    agence: str | None


@dataclass(frozen=True, slots=True)
class TargetCard:
    """Every field of the form."""

    id: int
    agence_id: int | None
    chiffre: str
    cible: Decimal
    date_debut: date
    created_at: datetime
    updated_at: datetime
    agence: str


LISTING = Listing(
    O, TargetRow, sort="chiffre",
    words={
        "chiffre": Word(lambda _s, values: O.chiffre.in_(values), tuple(BY_KEY)), "agence": of_agency(O.agence_id),
    },
    free=(O.chiffre,), withdrawn=True,
    far={"agence": Far(Agence.code, lambda asked: asked.outerjoin(Agence, Agence.id == O.agence_id))},
)  # fmt: skip


def get(session: Session, acteur: Acteur, id: int) -> TargetCard:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row = charger(session, acteur, O, id, "cet objectif")
    agence = session.get(Agence, row.agence_id) if row.agence_id is not None else None
    return edits.lire(TargetCard, row, agence=agence.code if agence else "")


def _check(session: Session, values: dict[str, Any], agence: int | None, but: int | None) -> None:
    figure = BY_KEY.get(values["chiffre"])
    if figure is None:
        raise ValidationError({"chiffre": "Choisissez un chiffre du catalogue."})
    most = _MOST.get(figure.unite)
    if values["cible"] < 0 and figure.unite is not Unit.MONEY:
        raise ValidationError({"cible": "Un objectif ne descend pas sous zéro."})
    if most is not None and values["cible"] > most:
        raise ValidationError({"cible": f"Cet objectif ne dépasse pas {most}."})
    same = sa.select(O.id).where(O.chiffre == values["chiffre"], O.date_debut == values["date_debut"],
                                 O.agence_id.is_not_distinct_from(agence), O.id.is_distinct_from(but))  # fmt: skip
    with session.no_autoflush:
        if session.scalar(same.limit(1)) is not None:
            raise ValidationError({"date_debut": "Ce chiffre a déjà un objectif qui commence ce jour : changez-le."})


def create(session: Session, acteur: Acteur, typed: ObjectifInput) -> int:
    """Set a target of an agency; an administrator's without one is everybody's. Returns its id.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.OBJECTIFS)
    agence, values = agence_de(session, acteur, typed.agence_id, partage=True), typed.model_dump()
    _check(session, values, agence, None)
    return edits.creer(session, acteur, O(**{**values, "agence_id": agence}))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.OBJECTIFS)
    row = charger(session, acteur, O, id, "cet objectif", ecrire=True)
    edits.modifier(
        session, acteur, row, ObjectifInput, changes,
        lambda now, new: _check(session, {**now, **new}, row.agence_id, id),
    )  # fmt: skip


def of_day(session: Session, agence_id: int | None, day: date) -> dict[str, float]:
    """Targets that hold on a day, by figure and in its unit: the agency's own, else everybody's, the latest begun;
    else what the catalogue says."""
    own = O.agence_id.is_(None) if agence_id is None else sa.or_(O.agence_id.is_(None), O.agence_id == agence_id)
    query = sa.select(O.chiffre, O.cible).where(O.date_debut <= day, own)
    # The last one that is read stands.
    query = query.order_by(O.agence_id.is_not(None), O.date_debut, O.id)
    known = {f.cle: f.cible for f in FIGURES if f.cible is not None}
    return known | {
        name: float(value) * _HOURS.get(BY_KEY[name].unite, 1)
        for name, value in session.execute(query) if name in BY_KEY
    }  # fmt: skip
