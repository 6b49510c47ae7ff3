"""A page of interventions straight at the centre: identifiers and rows in one round trip where that is possible."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import recherche
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Intervention
from erp_desktop.services.interventions.list import (
    JOURS,
    InterventionLigne,
    agences,
    conditions,
    first_rows,
    jours,
    lire_filtre,
    portee_interventions,
    rows,
)
from erp_desktop.services.interventions.pages import leads, order, strata
from erp_desktop.services.interventions.pages.which import PLACES, among, ids, request
from erp_desktop.services.search import exact
from erp_desktop.services.shared.lists import ListQuery, est_sqlite
from erp_desktop.services.shared.places import Mark

_PEU, _NOMMEES, _LUES = 4096, 10_000, 40_000
"""At the centre so many of a day are sorted by a name, so many that other words leave of them, and so many by what is
no name."""
_BORNES = {f"{mot}_{bout}".lstrip("_") for mot in JOURS for bout in ("depuis", "avant")}
"""Words of a day that :func:`jours` tells."""


def page(
    session: Session, acteur: Acteur, query: ListQuery, shown: int
) -> tuple[list[int], list[InterventionLigne]]:  # fmt: skip
    """The identifiers, and the rows of the first ones; at the centre in one round trip."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    une = None if est_sqlite(session) else _au_centre(session, acteur, query)
    if une is None:
        trouvees = ids(session, acteur, query)
        return trouvees, rows(session, acteur, trouvees[:shown])
    return first_rows(session, acteur, une, shown)


def _au_centre(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    filtre = lire_filtre(query.texte)
    if order.far(query) and filtre == recherche.Filtre(mots={query.tri: filtre.mots.get(query.tri, [])}):
        # Of the names that are sorted by one after the other is taken; all rows of theirs would be sorted.
        nommes = {"client": exact.named_client, "equipement": exact.machine}[query.tri]
        requete = sa.select(Intervention.id).where(*portee_interventions(acteur))
        return order.page(
            session, requete, query, among(session, query, acteur), nommes(session, filtre.mots[query.tri])
        )
    return _pesee(session, acteur, query, filtre)


def _pesee(
    session: Session, acteur: Acteur, query: ListQuery, filtre: recherche.Filtre
) -> sa.Select[int] | None:  # fmt: skip
    """Along the order, or sorted by itself what few have: what has a day, and a machine's work by its client."""
    dits = jours(filtre)
    requete = suit = request(session, acteur, query)
    beaucoup = False
    if order.far(query) and not (filtre.libre or set(filtre.dates) - _BORNES):
        # Of one of both alone; what is counted is then all that answers.
        autre = {"client": "equipement", "equipement": "client"}[query.tri]
        beaucoup = not filtre.mots if dits else filtre.mots.keys() == {autre}
        if beaucoup and not dits:
            # Asked of each row: PostgreSQL would look up, for each name, the rows of every client again.
            nommes = (dit.is_(sa.true()) for dit in conditions(session, acteur, query.texte))
            suit = sa.select(Intervention.id).where(*nommes)
    # A title is met as soon on any day, and the order's own day is a range of its index.
    pesee = beaucoup or (bool(dits) and query.tri != "titre" and dits.keys() != {strata.DAYS.get(query.tri)})
    faire = None if pesee else leads.to_do(filtre)
    if query.tri == "numero" and "agence" in filtre.mots:
        suite: sa.Select[int] | None = order.numbered(suit, query, agences(session, Agence.id, filtre.mots["agence"]))
    else:
        suite = order.page(
            session, suit, query, among(session, query, acteur), many=beaucoup, read=pesee or faire is not None
        )
    if suite is not None and faire is not None:
        # Of a table of years a few, which may be anywhere along an order.
        return order.weighed(session, requete, query, suite, _LUES, faire.requete)
    if suite is None or not pesee:
        return suite
    un, combien = sa.literal(1).label("un"), _LUES
    comptees = requete.with_only_columns(un)
    if dits:
        # Of the day alone a page is met among the work of the first names; by a name those that answer are counted.
        combien = _PEU if beaucoup else _NOMMEES if order.far(query) else _LUES
        du_jour = (dit for de_la_colonne in dits.values() for dit in de_la_colonne)
        if combien != _NOMMEES:
            comptees = sa.select(un).select_from(Intervention).where(*du_jour)
    return order.weighed(session, requete, query, suite, combien, comptees)


def block(
    session: Session, acteur: Acteur, query: ListQuery, mark: Mark, first: int, shown: int
) -> tuple[list[int], list[InterventionLigne]]:
    """The identifiers of a block, and the rows from one of its places on; at the centre in one round trip."""
    un = PLACES.block_at_once(session, acteur, query, mark)
    if un is None:
        trouvees = PLACES.block(session, acteur, query, mark)
        return trouvees, rows(session, acteur, trouvees[first : first + shown])
    return first_rows(session, acteur, un, min(shown, max(0, mark.size - first)), first)
