"""What waits to be planned: by the same conditions, words and order as in the list of interventions.

What runs comes first, the nearest deadline first; then what waits for somebody else, whose clock stands. It is read
along an index as the list is, so that a page of it costs what it shows, whatever waits behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client, Contrat, Equipement, Intervention
from erp_desktop.services.interventions import list as jobs
from erp_desktop.services.interventions.pages import order, strata
from erp_desktop.services.planning.data import Visit, Waiting
from erp_desktop.services.planning.visits import VISIT, Visits
from erp_desktop.services.shared.clocks import Horloges, prise_en_charge
from erp_desktop.services.shared.lists import ListQuery, dans_l_ordre, hors_index, portee

PAGE = 200
"""Visits that are shown at first."""
MOST = 1000
"""How many are counted, and shown at most; the list shows the others."""
FILTER = "planifiee:a_planifier"
"""The same as words of the list."""
_NEVER = datetime.max.replace(tzinfo=UTC)


def page(session: Session, acteur: Acteur, agence_id: int | None, texte: str = "", first: int = PAGE) -> Waiting:
    """The first of what waits in an agency and answers ``texte``, as typed into the filter of the list."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    horloges = Horloges(session)
    return read(
        session, acteur, Visits(session, horloges.de(agence_id), agence_id), horloges, agence_id, texte, first
    )


def read(
    session: Session, acteur: Acteur, visits: Visits, horloges: Horloges, agence_id: int | None, texte: str = "",
    first: int = PAGE,
) -> Waiting:  # fmt: skip
    """The same for a board, which has read the clocks and the skills already."""
    return told(visits, horloges, waiting(session, acteur, agence_id, texte, first), texte)


def waiting(
    session: Session, acteur: Acteur, agence_id: int | None, texte: str = "", first: int = PAGE
) -> tuple[list[int], list[Any]]:
    """The identifiers of what waits, one more than are counted, and what the first ones are made of."""
    i = Intervention
    request = sa.select(i.id).where(
        # By their states and deadlines: an agency has as many interventions as there are.
        hors_index(i.agence_id) == agence_id, *portee(acteur, hors_index(i.agence_id)),
        jobs.a_planifier(suit=True), *jobs.dites(session, texte, suit=True),
    )  # fmt: skip
    ids = order.ids(session, request, ListQuery("", "sla", False, MOST + 1), strata.Among(strata.A_PLANIFIER))
    query = (
        sa.select(*VISIT, i.date_debut_travaux, Contrat)
        .join(Client, Client.id == i.client_id)
        .join(Equipement, Equipement.id == i.equipement_id)
        .outerjoin(Contrat, Contrat.id == i.contrat_id)
        .where(i.id.in_(ids[: min(first, MOST)]))
    )
    return ids, list(session.execute(query))


def told(visits: Visits, horloges: Horloges, found: tuple[list[int], list[Any]], texte: str) -> Waiting:
    """What :func:`waiting` read, as a board shows it."""
    ids, rows = found
    return Waiting(_made(visits, horloges, ids, rows), min(len(ids), MOST), len(ids) > MOST, texte)


def _made(visits: Visits, horloges: Horloges, ids: list[int], rows: Sequence[Any]) -> tuple[Visit, ...]:
    """What is due first first: where a contract says how soon work is begun, that is what is due, and it is named."""
    now = clock.now()
    found: dict[int, tuple[datetime, Visit]] = {}
    for row in rows:
        visit = visits.make(row)
        prise = prise_en_charge(horloges, row, row.Contrat, now)
        due = prise.ou(visit.sla_etat, visit.sla_reste_min, row.date_limite)
        part = due.part(row.date_creation, now)
        visit = replace(visit, sla_etat=due.etat, sla_reste_min=due.reste_min, sla_part=part,
                        sla_debut=prise.attendue)  # fmt: skip
        stands = row.statut == Statut.EN_ATTENTE
        found[row.id] = (None if stands else due.limite) or _NEVER, visit
    # Of what is due at the same time, and of what stands, the list's order.
    return tuple(visit for _due, visit in sorted(dans_l_ordre(ids, found), key=lambda one: one[0]))
