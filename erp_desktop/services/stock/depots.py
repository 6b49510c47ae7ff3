"""Places that hold stock: list, form, creation, closing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import StatutDepot
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.stock import DepotInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import Depot, Technicien
from erp_desktop.registry import technicien_names
from erp_desktop.services.shared import edits
from erp_desktop.services.shared.common import agence_de, charger, lie, refuser_doublon
from erp_desktop.services.shared.listing import Listing, closed
from erp_desktop.services.shared.lists import (
    ListQuery,
    dans_l_ordre,
    paquets,
    portee,
)
from erp_desktop.services.stock import counting, quantities

D = Depot


@dataclass(frozen=True, slots=True)
class DepotRow:
    """One row of the list; ``comptage`` is the number of the count under way."""

    id: int
    nom: str
    type_depot: str
    statut: str
    technicien: str
    references: int
    comptage: str


@dataclass(frozen=True, slots=True)
class DepotCard:
    id: int
    agence_id: int | None
    nom: str
    type_depot: str
    statut: str
    technicien_id: int | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    technicien: str
    references: int
    comptage: str


LISTING = Listing(
    D, DepotRow, sort="nom", words={"type": closed(D.type_depot), "statut": closed(D.statut)}, free=(D.nom,)
)
indices = LISTING.hints


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by name when no column that is stored is chosen."""
    stored = query if query.tri in D.__table__.c else replace(query, tri="")
    return LISTING.ids(session, acteur, stored)


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    """See :data:`pages.First`."""
    stored = query if query.tri in D.__table__.c else replace(query, tri="")
    return LISTING.first(session, acteur, stored)


def _places(session: Session, asked: Any) -> list[Any]:
    return list(session.execute(asked))


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[DepotRow]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    found: dict[int, DepotRow] = {}
    for block in paquets(ids):
        asked = sa.select(D.id, D.nom, D.type_depot, D.statut, D.technicien_id).where(
            D.id.in_(block), *portee(acteur, D.agence_id)
        )
        counts, held, places, every = abreast(
            session, partial(counting.open_counts, depots=block), partial(quantities.references, depots=block),
            partial(_places, asked=asked), technicien_names.tous,
        )  # fmt: skip
        names = technicien_names.dire(every, [p.technicien_id for p in places])
        for p in places:
            found[p.id] = DepotRow(
                p.id, p.nom, p.type_depot, p.statut, names.get(p.technicien_id, ""), held[p.id], counts.get(p.id, "")
            )
    return dans_l_ordre(ids, found)


def get(session: Session, acteur: Acteur, id: int) -> DepotCard:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    place = charger(session, acteur, Depot, id, "ce dépôt")
    return edits.lire(
        DepotCard,
        place,
        technicien=technicien_names.nom(session, place.technicien_id) or "",
        references=quantities.references(session, [id])[id],
        comptage=counting.open_counts(session, [id]).get(id, ""),
    )


def _check(session: Session, acteur: Acteur, values: dict[str, Any], agence: int | None, but: int | None) -> None:
    lie(session, acteur, Technicien, values.get("technicien_id"), "technicien_id",
        "Ce technicien n'est pas de cette agence.", agence)  # fmt: skip
    refuser_doublon(session, D.nom, values["nom"], but, D.nom, "L'agence a déjà un dépôt « {autre} ».",
                    D.agence_id == agence)  # fmt: skip


def create(session: Session, acteur: Acteur, typed: DepotInput) -> int:
    """Add a place to the person's agency; returns its id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    agence = agence_de(session, acteur, None, partage=False)
    values = typed.model_dump()
    _check(session, acteur, values, agence, None)
    return edits.creer(session, acteur, Depot(**values, agence_id=agence))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form; a place that still holds something, or is being counted, does not close.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    place = charger(session, acteur, Depot, id, "ce dépôt", ecrire=True)

    def verify(now: dict[str, Any], new: dict[str, Any]) -> None:
        _check(session, acteur, {**now, **new}, place.agence_id, id)
        if new.get("statut") != StatutDepot.CLOS:
            return
        counted = counting.open_counts(session, [id]).get(id)
        if counted:
            raise ValidationError({"statut": f"Ce dépôt est en cours de comptage : terminez {counted}."})
        held = quantities.references(session, [id])[id]
        if held:
            what = "1 référence" if held == 1 else f"{held} références"
            raise ValidationError({"statut": f"Ce dépôt contient encore {what} : transférez-les d'abord."})

    edits.modifier(session, acteur, place, DepotInput, changes, verify)
