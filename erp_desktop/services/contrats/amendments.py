"""Signed amendments of a contract: which term changes, from what to what, from which day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Saisie
from erp_desktop.errors import NotFoundError, TransitionError, UserError, ValidationError
from erp_desktop.models import Avenant, Contrat
from erp_desktop.services import calendrier
from erp_desktop.services.contrats import form
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire
from erp_desktop.services.shared.lists import est_sqlite
from erp_desktop.services.shared.typed import required

TERMS = ("montant_annuel", "date_fin", "temps_reponse_urgence", "temps_reponse_normal", "penalites_retard",
         "preavis_jours")  # fmt: skip
"""Columns of a contract that an amendment changes."""


class AvenantInput(Saisie):
    """An amendment as it is typed; without ``terme`` it is words only."""

    objet: str = required(Avenant.objet)
    date_effet: date
    date_signature: date | None = None
    terme: str | None = None
    valeur: Decimal | date | None = None


@dataclass(frozen=True, slots=True)
class AvenantInfo:
    """One amendment; ``du``: its day has come and the contract does not have its value yet."""

    id: int
    numero: int
    objet: str
    date_effet: date
    date_signature: date | None
    terme: str | None
    avant: str | None
    apres: str | None
    applique_le: datetime | None
    du: bool


def amendments(session: Session, acteur: Acteur, contrat_id: int) -> list[AvenantInfo]:
    """The amendments of a contract, the latest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    a, today = Avenant, clock.today()
    asked = sa.select(a).where(a.contrat_id == contrat_id).order_by(a.date_effet.desc(), a.id.desc())
    _, rows = abreast(
        session, lambda s: charger(s, acteur, Contrat, contrat_id, "ce contrat"), lambda s: s.scalars(asked).all()
    )
    return [
        AvenantInfo(x.id, x.numero, x.objet, x.date_effet, x.date_signature, x.terme, x.valeur_avant, x.valeur_apres,
                    x.applique_le, x.terme is not None and x.applique_le is None and x.date_effet <= today)
        for x in rows
    ]  # fmt: skip


def _said(value: Any) -> str | None:
    return None if value is None else str(value)


def add(session: Session, acteur: Acteur, contrat_id: int, typed: AvenantInput) -> int:
    """Amend a contract; a change whose day has come is written into it at once. Returns the amendment's id.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    contract = form.ouvrir(session, acteur, contrat_id)
    if contract.statut == StatutContrat.BROUILLON:
        raise TransitionError("Un contrat en brouillon se modifie directement, sans avenant.")
    if typed.date_effet < contract.date_debut:
        raise ValidationError({"date_effet": "L'avenant prend effet avant le début du contrat."})
    before = after = None
    if typed.terme is not None:
        if typed.terme not in TERMS:
            raise ValidationError({"terme": "Ce terme ne se change pas par un avenant."})
        present = {name: getattr(contract, name) for name in ContratInput.model_fields}
        try:
            changed = ContratInput.changements(present, {typed.terme: typed.valeur})
        except ValidationError as error:
            raise ValidationError({"valeur": next(iter(error.champs.values()))}) from error
        if typed.terme not in changed:
            raise ValidationError({"valeur": "Le contrat a déjà cette valeur."})
        before, after = present[typed.terme], changed[typed.terme]
    trace.annoncer(session, acteur)
    last = session.scalar(sa.select(sa.func.max(Avenant.numero)).where(Avenant.contrat_id == contrat_id))
    row = Avenant(
        contrat_id=contrat_id, agence_id=contract.agence_id, numero=(last or 0) + 1, objet=typed.objet,
        date_effet=typed.date_effet, date_signature=typed.date_signature, terme=typed.terme,
        valeur_avant=_said(before), valeur_apres=_said(after), created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(row)
    ecrire(session)
    if typed.terme is not None and typed.date_effet <= clock.today():
        _write(session, acteur, row)
    return row.id


def _value(term: str, told: str | None) -> object:
    if told is None:
        return None
    return date.fromisoformat(told) if term == "date_fin" else Decimal(told)


def _write(session: Session, acteur: Acteur, row: Avenant, *, falls_due: bool = False) -> None:
    assert row.terme is not None  # noqa: S101 - asked for by every caller
    # The day agreed, not the moment of writing: whoever writes it, and wherever, writes the same.
    day = clock.minuit(row.date_effet)
    change = {row.terme: _value(row.terme, row.valeur_apres)}
    form.update(session, acteur, row.contrat_id, change, day if falls_due else None)
    row.applique_le = day
    ecrire(session)


def _due(session: Session) -> sa.Select[Any]:
    """Changes whose day has come and that the contract does not have yet, in the order of their effect."""
    a = Avenant
    asked = (
        sa.select(a)
        .join(Contrat, Contrat.id == a.contrat_id)
        .where(a.terme.is_not(None), a.applique_le.is_(None), a.date_effet <= clock.today(),
               Contrat.statut != StatutContrat.RESILIE.value)
        .order_by(a.date_effet, a.contrat_id, a.numero, a.id)
    )  # fmt: skip
    # What every branch shares is the centre's to write.
    return asked.where(a.agence_id.is_not(None)) if est_sqlite(session) else asked


def any_due(session: Session) -> bool:
    """Whether :func:`take_effect` would write something."""
    return session.execute(_due(session).limit(1)).first() is not None


def take_effect(session: Session) -> list[int]:
    """Write into their contracts the changes whose day has come, whoever is at work. Returns those contracts.

    Each desktop does so for itself, cut off or not, and the centre does: all write the same values in the same
    order, dated from the day of effect, so that their exchange has nothing to settle. A change that the contract
    refuses by now stays as it is, and its tab offers it with the reason.
    """
    found: list[int] = []
    for row in list(session.scalars(_due(session))):
        author = replace(calendrier.ADMINISTRATION, user_id=row.created_by_id or 0)
        try:
            with session.begin_nested():
                _write(session, author, row, falls_due=True)
        except UserError:
            continue
        found.append(row.contrat_id)
    return found


def _open(session: Session, acteur: Acteur, id: int) -> Avenant:  # noqa: A002
    row = session.get(Avenant, id)
    if row is None:
        raise NotFoundError("Introuvable : cet avenant n'existe plus.")
    form.ouvrir(session, acteur, row.contrat_id)
    return row


def apply(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Write a change whose day has come into its contract.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    row = _open(session, acteur, id)
    if row.terme is None or row.applique_le is not None or row.date_effet > clock.today():
        raise TransitionError("Cet avenant n'a rien à appliquer aujourd'hui.")
    _write(session, acteur, row)


def take_back(session: Session, acteur: Acteur, id: int) -> AvenantInput:  # noqa: A002
    """Take an amendment away that was typed by mistake; the contract gets its former value back, if it still has it.

    Returns:
        what brings it back.
    """
    row = _open(session, acteur, id)
    value = _value(row.terme, row.valeur_apres) if row.terme else None
    again = AvenantInput(objet=row.objet, date_effet=row.date_effet, date_signature=row.date_signature,
                         terme=row.terme, valeur=value)  # fmt: skip
    contract = session.get_one(Contrat, row.contrat_id)
    if row.terme and row.applique_le is not None and getattr(contract, row.terme) == value:
        form.update(session, acteur, row.contrat_id, {row.terme: _value(row.terme, row.valeur_avant)})
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)
    return again
