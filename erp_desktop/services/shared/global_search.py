"""One question to every noun: a few answers of each, for the search of the top bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError
from erp_desktop.services import interventions
from erp_desktop.services.shared import choices
from erp_desktop.services.shared.lists import ListQuery

_CHACUN = 5


@dataclass(frozen=True, slots=True)
class Reponse:
    """One record found; ``table`` is also its kind."""

    table: str
    id: int
    libelle: str
    detail: str


def _interventions(session: Session, acteur: Acteur, texte: str) -> list[Reponse]:
    trouves = interventions.ids(session, acteur, ListQuery(texte, limite=_CHACUN))
    return [
        Reponse("interventions", r.id, r.titre, " · ".join(filter(None, [r.numero, r.client, r.equipement])))
        for r in interventions.rows(session, acteur, trouves)
    ]


def _choix(table: str, lire: Callable[..., list[choices.Choix]]) -> Callable[[Session, Acteur, str], list[Reponse]]:
    def chercher(session: Session, acteur: Acteur, texte: str) -> list[Reponse]:
        return [Reponse(table, c.id, c.libelle, c.detail) for c in lire(session, acteur, texte, _CHACUN)]

    return chercher


_OU = (
    _interventions, _choix("clients", choices.clients), _choix("equipements", choices.equipements),
    _choix("techniciens", choices.techniciens),
)  # fmt: skip


def chercher(session: Session, acteur: Acteur, texte: str) -> list[Reponse]:
    """What answers free words, in every noun that the person may read."""
    if not texte.strip():
        return []
    trouves: list[Reponse] = []
    for lire in _OU:
        try:
            trouves += lire(session, acteur, texte)
        except NotAllowedError:
            continue
    return trouves
