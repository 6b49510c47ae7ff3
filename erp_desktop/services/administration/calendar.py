"""Holidays as a list and a form, and the weeks of hours of an agency, written by ``services.calendrier``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.administration.saisie import FerieInput
from erp_desktop.domain.enums import DureeFerie, MotifHoraire
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import DuplicateError, NotFoundError, ValidationError
from erp_desktop.models import Agence, HoraireAgence, JourFerie
from erp_desktop.services import calendrier
from erp_desktop.services.administration.reference import toutes
from erp_desktop.services.administration.source import administrer
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.listing import Far, Listing, Word, of_agency
from erp_desktop.services.shared.lists import meme_nom

J = JourFerie
JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


@dataclass(frozen=True, slots=True)
class HolidayRow:
    id: int
    jour: date
    libelle: str
    duree: str
    provisoire: bool
    agence: str


@dataclass(frozen=True, slots=True)
class HolidayCard:
    """``ouvert``: what a half day leaves open; empty of a whole day."""

    id: int
    agence_id: int | None
    jour: date
    libelle: str
    provisoire: bool
    created_at: datetime
    updated_at: datetime
    agence: str
    ouvert: str


def _of_year(_session: Session, values: Any) -> sa.ColumnElement[bool]:
    years = [int(v) for v in values if len(v) == 4 and v.isdecimal() and 1900 <= int(v) < 2200]
    return sa.or_(sa.false(), *(J.jour.between(date(y, 1, 1), date(y, 12, 31)) for y in years))


def _state(_session: Session, values: Any) -> sa.ColumnElement[bool]:
    return J.provisoire.in_([v == "provisoire" for v in values])


_OPENS = sa.exists().where(
    HoraireAgence.motif == MotifHoraire.EXCEPTION.value, HoraireAgence.valable_du == J.jour,
    HoraireAgence.valable_au == J.jour, HoraireAgence.agence_id.is_not_distinct_from(J.agence_id),
)  # fmt: skip
LISTING = Listing(
    J, HolidayRow, sort="jour", free=(J.libelle,), withdrawn=True,
    words={
        "annee": Word(_of_year), "etat": Word(_state, ("provisoire", "confirme")), "agence": of_agency(J.agence_id),
    },
    far={
        "agence": Far(Agence.code, lambda request: request.outerjoin(Agence, Agence.id == J.agence_id)),
        "duree": Far(sa.case((_OPENS, DureeFerie.DEMI.value), else_=DureeFerie.JOUR.value)),
    },
    shown={"agence": toutes},
)  # fmt: skip
ids, rows, hints = LISTING.ids, LISTING.rows, LISTING.hints


def _load(session: Session, ident: int) -> JourFerie:
    row = session.get(J, ident)
    if row is None:
        raise NotFoundError("Introuvable : ce jour férié n'existe pas.")
    return row


def reste_ouvert(session: Session, ligne: JourFerie) -> str:
    """The ranges that a half day leaves open, as :func:`create` reads them; empty of a whole day.

    Read from the hours of that date: a device is not told ``duree``.
    """
    h = HoraireAgence
    plages = session.execute(
        sa.select(h.debut, h.fin).where(
            h.motif == MotifHoraire.EXCEPTION.value, h.valable_du == ligne.jour, h.valable_au == ligne.jour,
            h.agence_id.is_not_distinct_from(ligne.agence_id),
        ).order_by(h.debut)
    )  # fmt: skip
    return ",".join(f"{debut}-{fin}" for debut, fin in plages)


def get(session: Session, acteur: Acteur, id: int) -> HolidayCard:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row = _load(session, id)
    agence = session.get(Agence, row.agence_id) if row.agence_id is not None else None
    return edits.lire(HolidayCard, row, agence=agence.code if agence else "", ouvert=reste_ouvert(session, row))


def create(session: Session, acteur: Acteur, typed: FerieInput) -> int:
    """Add a closed day; open deadlines follow.

    Raises:
        NotAllowedError, ValidationError, DuplicateError, UserError
    """
    administrer(session, acteur)
    if typed.agence_id is not None and session.get(Agence, typed.agence_id) is None:
        raise ValidationError({"agence_id": "Cette agence n'existe pas."})
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"{typed.libelle}, le {typed.jour:%d/%m/%Y}", acteur):
        made = calendrier.ajouter_ferie(
            session, typed.jour, typed.libelle, agence_id=typed.agence_id, provisoire=typed.provisoire,
            ouvert=typed.ouvert, auteur_id=acteur.user_id or None,
        )  # fmt: skip
    return made.id


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change the date, the name or whether it is sure; open deadlines follow.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    administrer(session, acteur)
    row = _load(session, id)
    now = {"jour": row.jour, "libelle": row.libelle, "agence_id": row.agence_id, "provisoire": row.provisoire,
           "ouvert": None}  # fmt: skip
    new = FerieInput.changements(now, dict(changes))
    if not new:
        return
    if "ouvert" in new or (row.duree == DureeFerie.DEMI and {"jour", "agence_id"} & new.keys()):
        raise ValidationError(
            {"jour": "Un demi-jour ne se déplace pas : le retirer puis l'ajouter à sa nouvelle date."}
        )  # fmt: skip
    if {"jour", "libelle"} & new.keys():
        same = sa.select(J.id).where(
            J.jour == new.get("jour", row.jour), meme_nom(session, J.libelle, new.get("libelle", row.libelle)),
            J.agence_id.is_not_distinct_from(new.get("agence_id", row.agence_id)), J.id != id,
        )  # fmt: skip
        if session.scalar(same.limit(1)) is not None:
            raise DuplicateError(f"« {new.get('libelle', row.libelle)} » est déjà férié ce jour-là.", "jour")
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"{row.libelle}, le {new.get('jour', row.jour):%d/%m/%Y}", acteur):
        for name, value in new.items():
            setattr(row, name, value)
        if new.get("provisoire") is False:
            row.confirme_le = clock.today()


def confirm(session: Session, acteur: Acteur, id: int, day: date | None = None) -> None:  # noqa: A002
    """A provisional day is sure, on its date or on another.

    Raises:
        NotAllowedError, NotFoundError, UserError
    """
    administrer(session, acteur)
    row = _load(session, id)
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"{row.libelle}, le {day or row.jour:%d/%m/%Y}", acteur):
        calendrier.confirmer_ferie(session, row, day)


def remove(session: Session, acteur: Acteur, id: int) -> FerieInput:  # noqa: A002
    """Take a closed day away; what brings it back."""
    administrer(session, acteur)
    row = _load(session, id)
    kept = FerieInput(
        jour=row.jour, libelle=row.libelle, agence_id=row.agence_id, provisoire=row.provisoire,
        ouvert=reste_ouvert(session, row),
    )  # fmt: skip
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"{row.libelle} n'est plus férié le {row.jour:%d/%m/%Y}", acteur):
        calendrier.retirer_ferie(session, row)
    return kept


def complete(session: Session, acteur: Acteur, year: int) -> int:
    """Fill a year that holds no holiday; those of the moon are provisional. Returns how many."""
    administrer(session, acteur)
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"jours fériés de {year}", acteur):
        return calendrier.completer(session, year)


# --- hours


@dataclass(frozen=True, slots=True)
class Week:
    """Hours of one agency from one day to another.

    Attributes:
        jours: weekday, 1 is Monday, and its open ranges as text.
        propre: of this agency, rather than of all of them.
        texte: as :func:`set_week` reads it.
    """

    motif: str
    du: date | None
    au: date | None
    jours: tuple[tuple[int, str], ...]
    propre: bool
    texte: str


def _range(begin: int, end: int) -> str:
    return f"{sla.ecrire_heure(begin)}-{sla.ecrire_heure(end)}"


def weeks(session: Session, acteur: Acteur, agence_id: int) -> list[Week]:
    """The weeks that an agency's clock reads, the one that decides first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    found = []
    for period in calendrier.horaires(session, agence_id):
        days = tuple(
            (n, ",".join(_range(a, b) for a, b in ranges))
            for n, ranges in enumerate(period.semaine, start=1)
            if ranges
        )
        text = " ".join(f"{n}={ranges}" for n, ranges in days)
        found.append(Week(period.motif.value, period.du, period.au, days, period.propre, text))
    return found


def set_week(
    session: Session,
    acteur: Acteur,
    agence_id: int,
    typed: str,
    du: date | None,
    au: date | None,
    motif: MotifHoraire,
) -> None:
    """Put a week in the place of the one of the same motif and dates; open deadlines follow.

    Args:
        typed: ``1-5=08:30-12:30,14:00-18:30 6=08:30-12:30``; 1 is Monday.

    Raises:
        NotAllowedError, UserError
    """
    administrer(session, acteur)
    agence = session.get_one(Agence, agence_id)
    week = calendrier.lire_semaine(typed)
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"horaires de {agence.code}", acteur):
        calendrier.definir_horaires(session, agence, week, du=du, au=au, motif=motif)


def remove_week(
    session: Session, acteur: Acteur, agence_id: int, du: date | None, au: date | None, motif: MotifHoraire
) -> None:
    """Take a week of the agency away; the next in rank holds again."""
    administrer(session, acteur)
    agence = session.get_one(Agence, agence_id)
    trace.annoncer(session, acteur)
    with calendrier.changement(session, f"horaires de {agence.code}", acteur):
        calendrier.retirer_horaires(session, agence_id, du, au, motif)
