"""What a device receives moves the deadlines of work that the centre did not have when it moved the others.

A holiday or a contract is changed in one place, which recomputes every open deadline that it has. Work made here
meanwhile was given a deadline by the calendar of before, and nobody else will see it: this device moves it on.

So it does with work that two sides changed apart: one made it urgent, the other put it under a contract, each
computed a deadline, and neither computed that of urgent work of that contract. Whoever is told of the clash does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.ids import decompose
from erp_desktop.db.session import transaction
from erp_desktop.models import Intervention
from erp_desktop.models.local import sync_conflits, sync_outbox
from erp_desktop.services import calendrier

CAUSE = "calendrier ou contrat reçu du centre"
CLASH = "modifiée sur deux postes"
_HEURTS = sa.select(sync_conflits.c.id, sync_conflits.c.pk).where(
    sync_conflits.c.nom_table == "interventions", sync_conflits.c.colonne == "date_limite"
)
"""Conflicts of deadlines, and whose."""


def suiveur(path: Path, key: str | None) -> Callable[[], Callable[[], int]]:
    """For ``sync.exchange.cycle.Cycle.before_calendar``.

    It is called before the rows are applied and remembers which open deadlines of this device's own work the present
    calendar gave. What it returns is called at the end of the cycle: those that are still as they were, because the
    centre did not move them, become the new calendar's, and those that clashed become what both sides' changes come
    to, with a row in their history. It returns how many.
    """

    def avant() -> Callable[[], int]:
        engine = create_sqlite_engine(path, key)
        try:
            with transaction(engine, write=False) as session:
                siennes = _faites_ici(session)
                limites = {
                    i.id: i.date_limite for i in calendrier.donnees_par_le_calendrier(session) if siennes(i.id)
                }
                avant_lui = {clash for clash, _ in session.execute(_HEURTS)}
        finally:
            engine.dispose()

        def apres() -> int:
            if not limites:
                return 0
            engine = create_sqlite_engine(path, key)
            try:
                with transaction(engine) as session:
                    suivies = calendrier.suivre(session, limites, CAUSE)
                    news = [pk for n, pk in session.execute(_HEURTS) if n not in avant_lui and pk in limites]
                    remises = sa.select(Intervention.id, Intervention.date_limite).where(Intervention.id.in_(news))
                    return suivies + calendrier.suivre(
                        session, {r.id: r.date_limite for r in session.execute(remises)}, CLASH
                    )
            finally:
                engine.dispose()

        return apres

    return avant


def _faites_ici(session: Session) -> Callable[[int], bool]:
    """Whether a row was made on this device, or has a change that waits: no other device will move its deadline."""
    poste = session.scalar(sa.text("SELECT poste FROM _allocateur"))
    attente = sa.select(sync_outbox.c.pk).where(sync_outbox.c.nom_table == "interventions").distinct()
    changees = set(session.scalars(attente))
    return lambda identifiant: decompose(identifiant)[1] == poste or identifiant in changees
