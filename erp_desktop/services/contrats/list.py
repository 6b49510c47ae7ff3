"""The list of contracts: search, sort, visible rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import recherche
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import StatutContrat, TypeContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client, Contrat
from erp_desktop.services.search import exact
from erp_desktop.services.shared import quotas
from erp_desktop.services.shared.lists import (
    ListQuery,
    contient,
    dans_l_ordre,
    paquets,
    portee,
    un_de,
)
from erp_desktop.services.shared.places import Long, pages
from erp_desktop.services.shared.places.sorts import Part, Sort, along, in_parts, sorted_ids

LISTES: dict[str, list[str]] = {
    "statut": list(StatutContrat), "type": list(TypeContrat), "renouveler": [str(r) for r in cycle.RAPPELS],
    "quota": ["depasse"],
}  # fmt: skip
MOTS = ("client", "contrat", "agence")
DATES = ("debut_avant",)


@dataclass(frozen=True, slots=True)
class ContratLigne:
    """One row of the list; ``etat``, ``jours`` and ``rappel`` as in the form, ``alerte`` percent of the quota."""

    id: int
    numero_contrat: str
    client: str
    type_contrat: str
    etat: str
    date_fin: date | None
    jours: int | None
    rappel: int | None
    part: int | None
    alerte: int


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES, DATES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def _etats(jour: date) -> Sort:
    """By state, within each by the end: what ran out is told from its last day."""
    s, fin = StatutContrat, Contrat.date_fin
    passe, court = fin < jour, fin >= jour
    parts = {
        s.EXPIRE: [Part(Contrat.statut == s.EXPIRE.value)]
        + [Part(Contrat.statut == vivant.value, passe, empty=False) for vivant in (s.EN_COURS, s.SUSPENDU)],
        **{vivant: [Part(Contrat.statut == vivant.value, court)] for vivant in (s.EN_COURS, s.SUSPENDU)},
    }  # fmt: skip
    ordre = [part for etat in s for part in parts.get(etat, [Part(Contrat.statut == etat.value)])]
    return in_parts(fin, ordre, (Contrat, "idx_contrats_etat_liste"))


def _vit() -> sa.ColumnElement[bool]:
    return Contrat.statut.in_((StatutContrat.EN_COURS.value, StatutContrat.SUSPENDU.value))


def _dans_l_etat(etat: str, jour: date) -> sa.ColumnElement[bool]:
    """What :func:`cycle.effectif` says, in SQL."""
    passe = sa.and_(Contrat.date_fin.is_not(None), Contrat.date_fin < jour)
    if etat == StatutContrat.EXPIRE:
        return sa.or_(Contrat.statut == etat, sa.and_(_vit(), passe))
    if etat in (StatutContrat.EN_COURS, StatutContrat.SUSPENDU):
        return sa.and_(Contrat.statut == etat, sa.not_(passe))
    return Contrat.statut == etat


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope."""
    filtre, jour = lire_filtre(texte), clock.today()
    toutes = portee(acteur, Contrat.agence_id)
    for mot, valeurs in filtre.mots.items():
        if mot == "statut":
            toutes.append(sa.or_(*(_dans_l_etat(v, jour) for v in valeurs)))
        elif mot == "type":
            toutes.append(Contrat.type_contrat.in_(valeurs))
        elif mot == "renouveler":
            plus_loin = max((int(v) for v in valeurs), default=-1)
            toutes.append(sa.and_(_vit(), Contrat.date_fin.between(jour, jour + timedelta(days=plus_loin))))
        elif mot == "quota":
            vivants = sa.select(Contrat.id).where(_vit(), *portee(acteur, Contrat.agence_id))
            toutes.append(Contrat.id.in_(quotas.au_dela(session, acteur, vivants, jour) if valeurs else []))
        elif mot == "client":
            toutes.append(exact.client(session, Contrat.client_id, valeurs))
        elif mot == "contrat":
            toutes.append(exact.contract(session, Contrat.id, valeurs))
        else:
            toutes.append(exact.agency(Contrat.agence_id, valeurs))
    toutes += [Contrat.date_debut <= debut for debut in filtre.dates.values()]
    toutes += [
        sa.or_(
            un_de(session, mot, Contrat.numero_contrat, Contrat.objet),
            Contrat.client_id.in_(sa.select(Client.id).where(contient(session, Client.nom_entreprise, mot))),
        )
        for mot in filtre.libre
    ]
    return toutes


def _request(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    return sa.select(Contrat.id).where(*conditions(session, acteur, query.texte))


def _sort(query: ListQuery) -> Sort:
    tri, jour = query.tri or "date_fin", clock.today()
    if tri == "client":
        return along(Client.nom_entreprise, lambda r: r.join(Client, Client.id == Contrat.client_id))
    if tri == "etat":
        return _etats(jour)
    kept = {"numero_contrat": Contrat.numero_contrat, "type_contrat": Contrat.type_contrat}
    return along(kept.get(tri, Contrat.date_fin))


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by end when no column is chosen."""
    return sorted_ids(session, _request(session, acteur, query), Contrat.id, _sort(query), query)


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    """See :data:`pages.First`."""
    return pages.first(_request(session, acteur, query), Contrat.id, _sort(query), query)


PLACES = Long(Contrat.id, ids, _request, lambda _session, query: _sort(query).order(query))


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[ContratLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    jour, lignes = clock.today(), {}

    def lire(side: Any) -> Iterator[Any]:
        for paquet in paquets(ids):
            requete = (
                sa.select(Contrat, Client.nom_entreprise)
                .join(Client, Client.id == Contrat.client_id)
                .where(Contrat.id.in_(paquet), *portee(acteur, Contrat.agence_id))
            )
            yield from side.execute(requete)

    lus, parts = abreast(session, lambda side: list(lire(side)), lambda side: quotas.parts(side, ids, jour))
    for c, client in lus:
        etat = cycle.effectif(c.statut, c.date_fin, jour)
        lignes[c.id] = ContratLigne(
            c.id, c.numero_contrat, client, c.type_contrat, etat.value, c.date_fin,
            None if c.date_fin is None else (c.date_fin - jour).days,
            cycle.rappel(c.date_fin, jour) if etat in cycle.VIVANTS else None, parts.get(c.id),
            c.seuil_alerte_pct or cycle.SEUIL_ALERTE,
        )  # fmt: skip
    return dans_l_ordre(ids, lignes)
