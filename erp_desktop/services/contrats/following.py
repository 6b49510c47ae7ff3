"""What follows by itself: a tacit contract after its end, its covers with it, a period after another.

Each desktop does so for itself, cut off or not, and the centre does: days, numbers and what is included follow from
the contract and its last period, so that their exchange has nothing to settle.
"""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import Reconduction, StatutContrat
from erp_desktop.models import Contrat, ContratEquipement, ContratPeriode
from erp_desktop.services import calendrier
from erp_desktop.services.shared.lists import est_sqlite

RATTRAPAGE = timedelta(days=92)
"""How long after its end a tacit contract is still carried on; what ended before that is over."""


def _tacit(session: Session) -> sa.Select[Contrat]:
    """Running contracts that nobody ended and that carry on by themselves."""
    k, today = Contrat, clock.today()
    asked = (
        sa.select(k)
        .where(k.statut == StatutContrat.EN_COURS.value, k.reconduction == Reconduction.TACITE.value,
               k.date_fin < today, k.date_fin >= today - RATTRAPAGE)
        .order_by(k.id)
    )  # fmt: skip
    # What every branch shares is the centre's to write.
    return asked.where(k.agence_id.is_not(None)) if est_sqlite(session) else asked


def carry_on(session: Session) -> list[int]:
    """Carry tacit contracts on from their end, for their length each time (a year when they say none); those.

    The deadlines of their open work follow, as after a renewal that a responsable makes.
    """
    found = []
    for row in list(session.scalars(_tacit(session))):
        ended = row.date_fin
        quand = clock.minuit(ended + cycle.UN_JOUR) if ended is not None else None
        with calendrier.changement(session, f"contrat {row.numero_contrat}", contrat_id=row.id, quand=quand):
            while row.date_fin is not None and row.date_fin < clock.today():
                row.date_fin = cycle.suite(row.date_fin, row.duree_mois or 12)[1]
            covers(session, row, ended)
        found.append(row.id)
    session.flush()
    return found


def covers(session: Session, contract: Contrat, ended: date | None) -> None:
    """Let covers that were typed to end with the contract, on ``ended``, follow its end; one that left before stays.

    The end may come nearer, as when a renewal is taken back; a cover that begins after it stays too.
    """
    if ended is None or contract.date_fin == ended:
        return
    c = ContratEquipement
    asked = sa.select(c).where(c.contrat_id == contract.id, c.au == ended)
    if contract.date_fin is not None:
        asked = asked.where(c.du <= contract.date_fin)
    for row in session.scalars(asked.order_by(c.id)):
        row.au = contract.date_fin
    session.flush()


def _due(session: Session, only: int | None = None) -> sa.Select[ContratPeriode, date | None]:
    """The last period of each running contract that is over while its contract is not."""
    p, later, k, today = ContratPeriode, aliased(ContratPeriode), Contrat, clock.today()
    asked = (
        sa.select(p, k.date_fin)
        .join(k, k.id == p.contrat_id)
        .where(
            k.statut == StatutContrat.EN_COURS.value, p.au < today,
            sa.or_(k.date_fin.is_(None), sa.and_(k.date_fin >= today, p.au < k.date_fin)),
            sa.or_(p.interventions_incluses.is_not(None), p.heures_incluses.is_not(None)),
            ~sa.exists().where(later.contrat_id == p.contrat_id, later.au > p.au),
        )
        .order_by(p.contrat_id)
    )  # fmt: skip
    if only is not None:
        return asked.where(p.contrat_id == only)
    return asked.where(k.agence_id.is_not(None)) if est_sqlite(session) else asked


def any_over(session: Session) -> bool:
    """Whether :func:`carry_on` or :func:`follow` would write something."""
    return any(session.execute(asked.limit(1)).first() is not None for asked in (_tacit(session), _due(session)))


def follow(session: Session, only: int | None = None) -> dict[int, list[int]]:
    """Lay out the periods up to today of the contracts whose last one is over; contract → the periods made."""
    made: dict[int, list[ContratPeriode]] = {}
    for over, end in list(session.execute(_due(session, only))):
        months, number = length(session, over.contrat_id)
        last = over
        while last.au < clock.today() and (end is None or last.au < end):
            begin, until = cycle.suite(last.au, months)
            last = ContratPeriode(
                contrat_id=last.contrat_id, agence_id=last.agence_id, numero=number + 1, du=begin,
                au=until if end is None else min(until, end), interventions_incluses=last.interventions_incluses,
                heures_incluses=last.heures_incluses, montant=last.montant,
            )  # fmt: skip
            number += 1
            session.add(last)
            made.setdefault(last.contrat_id, []).append(last)
    session.flush()
    return {contract: [one.id for one in periods] for contract, periods in made.items()}


def length(session: Session, contract: int) -> tuple[int, int]:
    """How many months a period of the contract has, as its first one, and the last number.

    A year when the first one is no number of months.
    """
    p = ContratPeriode
    asked = sa.select(p.du, p.au, p.numero).where(p.contrat_id == contract).order_by(p.numero)
    found = session.execute(asked).all()
    first = found[0]
    whole = (n for n in range(1, 61) if cycle.suite(first.du - cycle.UN_JOUR, n)[1] == first.au)
    return next(whole, 12), found[-1].numero
