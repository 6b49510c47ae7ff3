"""Dated rates of the law: what holds on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.factures.enums import CodeTaux
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ValidationError
from erp_desktop.models import TauxLegal, TauxTva

_NAMES = {
    CodeTaux.TIMBRE: "droit de timbre", CodeTaux.TAUX_DIRECTEUR: "taux directeur de Bank Al-Maghrib",
    CodeTaux.MARGE_RETARD: "marge des intérêts de retard", CodeTaux.AMENDE_MOIS: "majoration mensuelle de l'amende",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TauxInfo:
    """One rate of a day, in percent; ``seuil`` in MAD."""

    id: int
    code: str
    libelle: str
    taux: Decimal
    seuil: Decimal | None


def _of_the_day(day: date) -> list[sa.ColumnElement[bool]]:
    t = TauxLegal
    return [t.date_debut <= day, sa.or_(t.date_fin.is_(None), t.date_fin >= day)]


def found(session: Session, code: CodeTaux, day: date) -> TauxLegal | None:
    """The rate of a day, the latest that began."""
    t = TauxLegal
    asked = sa.select(t).where(t.code == code.value, *_of_the_day(day)).order_by(t.date_debut.desc(), t.id).limit(1)
    return session.scalars(asked).first()


def required(session: Session, code: CodeTaux, day: date, field: str) -> Decimal:
    """The rate of a day.

    Raises:
        ValidationError: under ``field``: none holds.
    """
    row = found(session, code, day)
    if row is None:
        raise ValidationError({field: f"Aucun taux « {_NAMES[code]} » n'est en vigueur le {day:%d/%m/%Y}."})
    return row.taux


def retenues(session: Session, acteur: Acteur, jour: date) -> list[TauxInfo]:
    """What a client may keep back on a day, to choose from: of the VAT first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    t = TauxLegal
    codes = (CodeTaux.RAS_TVA.value, CodeTaux.RAS_IS.value)
    asked = sa.select(t).where(t.code.in_(codes), *_of_the_day(jour)).order_by(t.code.desc(), t.libelle, t.id)
    return [TauxInfo(r.id, r.code, r.libelle, r.taux, r.seuil) for r in session.scalars(asked)]


def tva_on(session: Session, day: date) -> list[Decimal]:
    """Rates of VAT of a day, the highest first."""
    t = TauxTva
    asked = sa.select(t.taux).where(t.date_debut <= day, sa.or_(t.date_fin.is_(None), t.date_fin >= day)).distinct()
    return sorted(session.scalars(asked), reverse=True)


def tva(session: Session, acteur: Acteur, jour: date) -> list[Decimal]:
    """Rates of VAT of a day to choose from, the highest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    return tva_on(session, jour)
