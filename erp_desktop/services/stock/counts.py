"""The list of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import recherche
from erp_desktop.domain.enums import EtatInventaire
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.suivi import REPRISE
from erp_desktop.models import Depot, Inventaire, LigneInventaire, User
from erp_desktop.services.shared.common import charger
from erp_desktop.services.shared.lists import (
    ListQuery,
    cle_texte,
    contient,
    dans_l_ordre,
    identifiants,
    ordonner,
    paquets,
    portee,
    un_de,
)

LISTES: dict[str, list[str]] = {"etat": list(EtatInventaire)}
MOTS = ("depot",)
I = Inventaire  # noqa: E741 - as its table is called everywhere here


@dataclass(frozen=True, slots=True)
class CountRow:
    """One count; ``comptees`` is how many parts were counted."""

    id: int
    numero: str
    depot_id: int
    depot: str
    etat: str
    ouvert_a: datetime
    fige_a: datetime | None
    comptees: int
    par: str
    remarque: str | None


def _filter(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return _filter(texte).indices


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, newest first unless a column is chosen."""
    return identifiants(session, first(session, acteur, query))


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    """See :data:`pages.First`."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    found = _filter(query.texte)
    request = sa.select(I.id).join(Depot, Depot.id == I.depot_id).where(*portee(acteur, I.agence_id))
    if "etat" in found.mots:
        request = request.where(I.etat.in_(found.mots["etat"]))
    if "depot" in found.mots:
        request = request.where(sa.or_(*(contient(session, Depot.nom, v) for v in found.mots["depot"])))
    request = request.where(*(un_de(session, word, I.numero, Depot.nom) for word in found.libre))
    keys: dict[str, Any] = {"numero": I.numero, "etat": I.etat, "depot": cle_texte(session, Depot.nom)}
    ordered = ordonner(
        request, [keys.get(query.tri, I.ouvert_a)], I.id, descendant=query.descendant if query.tri else True
    )
    return ordered.limit(query.limite)


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[CountRow]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    line, same = LigneInventaire, sa.orm.aliased(LigneInventaire)
    left = (
        sa.select(sa.func.sum(sa.case((same.motif == REPRISE, -1), else_=1)))
        .where(same.inventaire_id == line.inventaire_id, same.piece_id == line.piece_id)
        .correlate(line)
        .scalar_subquery()
    )
    counted = (
        sa.select(sa.func.count(sa.distinct(line.piece_id)))
        .where(line.inventaire_id == I.id, left > 0)
        .correlate(I)
        .scalar_subquery()
    )
    found: dict[int, CountRow] = {}
    for block in paquets(ids):
        query = (
            sa.select(I.id, I.numero, I.depot_id, Depot.nom, I.etat, I.ouvert_a, I.fige_a, counted,
                      sa.func.coalesce(User.full_name, ""), I.remarque)
            .join(Depot, Depot.id == I.depot_id)
            .outerjoin(User, User.id == I.created_by_id)
            .where(I.id.in_(block), *portee(acteur, I.agence_id))
        )  # fmt: skip
        for row in session.execute(query):
            found[row.id] = CountRow(*row)
    return dans_l_ordre(ids, found)


def get(session: Session, acteur: Acteur, id: int) -> CountRow:  # noqa: A002
    """One count."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Inventaire, id, "cet inventaire")
    return rows(session, acteur, [id])[0]
