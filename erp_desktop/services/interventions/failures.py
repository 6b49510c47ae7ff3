"""Failure codes as work chooses them: a problem, a cause, a remedy that fit the machine."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import TypeCodePanne
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.errors import ValidationError
from erp_desktop.models import CodePanne, Equipement, Intervention
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.lists import portee, un_de

FIELDS = {"probleme_id": TypeCodePanne.PROBLEME, "cause_id": TypeCodePanne.CAUSE, "remede_id": TypeCodePanne.REMEDE}


def _named(code: CodePanne | None) -> str:
    return f"{code.code} · {code.libelle}" if code is not None else ""


def words(session: Session, ident: int | None) -> str:
    """What a chosen code is called; empty without one."""
    return _named(session.get(CodePanne, ident)) if ident is not None else ""


def words_of(session: Session, intervention_id: int) -> dict[int | None, str]:
    """What the codes that an intervention has are called, by their identifiers."""
    i = Intervention
    query = (
        sa.select(CodePanne).select_from(i)
        .join(CodePanne, CodePanne.id.in_([getattr(i, name) for name in FIELDS])).where(i.id == intervention_id)
    )  # fmt: skip
    return {code.id: _named(code) for code in session.scalars(query)}


def codes(
    session: Session, acteur: Acteur, kind: TypeCodePanne, typed: str, equipement_id: int | None = None,
    limite: int = 20,
) -> list[Choix]:  # fmt: skip
    """Codes of a kind that may be chosen for a machine: those of every type, and of its own; without one, all."""
    fits: list[sa.ColumnElement[bool]] = [CodePanne.type_equipement.is_(None)]
    machine = session.get(Equipement, equipement_id) if equipement_id is not None else None
    if machine is not None and machine.type_equipement:
        fits.append(sa.func.lower(CodePanne.type_equipement) == machine.type_equipement.lower())
    elif equipement_id is None:
        fits.append(sa.true())
    found = [un_de(session, word, CodePanne.code, CodePanne.libelle) for word in plier(typed).split()]
    query = (
        sa.select(CodePanne)
        .where(CodePanne.type == kind.value, CodePanne.is_active.is_(True), sa.or_(*fits), *found)
        .where(*portee(acteur, CodePanne.agence_id))
        .order_by(CodePanne.code)
        .limit(limite)
    )
    return [Choix(c.id, _named(c), c.type_equipement or "") for c in session.scalars(query)]


def check(session: Session, values: dict[str, object]) -> None:
    """Refuse a code that is none of its kind; one that was withdrawn since it was chosen stays.

    Args:
        values: the fields that change.

    Raises:
        ValidationError
    """
    for name, kind in FIELDS.items():
        ident = values.get(name)
        if isinstance(ident, int):
            code = session.get(CodePanne, ident)
            if code is None or code.type != kind:
                raise ValidationError({name: "Ce code de panne n'existe pas."})
