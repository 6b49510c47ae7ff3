"""Plans that cannot both be: two slots of one technicien at once, or a slot in a leave; most come from an exchange.

Computed from what is there, never stored: one is over once it is no longer true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.domain.enums import EtatCreneau, StatutAbsence
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.models import Absence, Creneau, Intervention, User
from erp_desktop.registry import technicien_names
from erp_desktop.services.planning import availability
from erp_desktop.services.planning.data import LEAVES, LONGEST, Away
from erp_desktop.services.shared.lists import portee

MOST = 200


@dataclass(frozen=True, slots=True)
class Collision:
    """Two things that take the same time.

    Attributes:
        slot_id, intervention_id, numero: of the later planned, whose planner has to look.
        autre: what stands in its way: the number of another intervention, or an absence's type.
        auteur: who planned the later one; None when unknown here.
    """

    technicien_id: int
    technicien: str
    slot_id: int
    intervention_id: int
    numero: str
    autre: str
    autre_intervention_id: int | None
    debut: datetime
    fin: datetime
    auteur: str | None


def collisions(session: Session, acteur: Acteur, depuis: datetime | None = None) -> list[Collision]:
    """What collides from now on, in the person's scope, the soonest first."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    since = depuis or clock.now()
    found = [*_slots(session, acteur, since), *_leaves(session, acteur, since)]
    names = technicien_names.noms(session, {c[0] for c in found})
    made = [Collision(who, names.get(who, ""), *rest) for who, *rest in found]
    return sorted(made, key=lambda c: (c.debut, c.technicien_id, c.slot_id))[:MOST]


def _slots(session: Session, acteur: Acteur, since: datetime) -> list[tuple]:  # type: ignore[type-arg]
    a, b = aliased(Creneau), aliased(Creneau)
    ia, ib = aliased(Intervention), aliased(Intervention)
    over = [s.value for s in TERMINES]
    query = (
        sa.select(a.technicien_id, a.id, a.intervention_id, ia.numero, b.id.label("autre"),
                  b.intervention_id.label("autre_fiche"), ib.numero.label("autre_numero"), a.debut, a.fin,
                  b.debut.label("autre_debut"), b.fin.label("autre_fin"), a.updated_at,
                  b.updated_at.label("autre_maj"), a.created_by_id, b.created_by_id.label("autre_auteur"))
        .join(b, sa.and_(b.technicien_id == a.technicien_id, b.id > a.id, b.debut < a.fin, b.fin > a.debut,
                         b.debut > since - LONGEST))
        .join(ia, ia.id == a.intervention_id)
        .join(ib, ib.id == b.intervention_id)
        .where(a.etat != EtatCreneau.ANNULE, b.etat != EtatCreneau.ANNULE, a.debut > since - LONGEST, a.fin > since,
               b.fin > since, ia.statut.not_in(over), ib.statut.not_in(over), *portee(acteur, a.agence_id))
        .order_by(a.debut)
        .limit(MOST)
    )  # fmt: skip
    rows = list(session.execute(query))
    authors = _names(session, {r.created_by_id for r in rows} | {r.autre_auteur for r in rows})
    found = []
    for r in rows:
        later = r.autre_maj >= r.updated_at
        begin, end = max(r.debut, r.autre_debut), min(r.fin, r.autre_fin)
        one, two = (r.autre, r.autre_fiche, r.autre_numero), (r.id, r.intervention_id, r.numero)
        mine, other = (one, two) if later else (two, one)
        author = authors.get(r.autre_auteur if later else r.created_by_id)
        found.append((r.technicien_id, *mine, other[2], other[1], begin, end, author))
    return found


def _planned(acteur: Acteur, since: datetime, *columns: Any) -> sa.Select[Any]:
    """Slots to come of work that is not over."""
    c, i = Creneau, Intervention
    return (
        sa.select(c.technicien_id, c.id, c.intervention_id, i.numero, c.debut, c.fin, c.created_by_id, *columns)
        .join(i, i.id == c.intervention_id)
        .where(c.etat != EtatCreneau.ANNULE, c.debut > since - LONGEST, c.fin > since,
               i.statut.not_in([s.value for s in TERMINES]), *portee(acteur, c.agence_id))
        .order_by(c.debut)
    )  # fmt: skip


def _leaves(session: Session, acteur: Acteur, since: datetime) -> list[tuple]:  # type: ignore[type-arg]
    c, a = Creneau, Absence
    query = (
        _planned(acteur, since, a.type, a.debut.label("depart"), a.fin.label("retour"))
        .join(a, sa.and_(a.technicien_id == c.technicien_id, a.debut < c.fin, a.fin > c.debut))
        .where(a.statut == StatutAbsence.ACCEPTEE, a.type.in_(LEAVES), a.recurrence.is_(None))
        .limit(MOST)
    )  # fmt: skip
    rows = [(r, r.type, r.depart, r.retour) for r in session.execute(query)]
    rows += _repeated(session, acteur, since)
    authors = _names(session, {r.created_by_id for r, *_ in rows})
    return [
        (r.technicien_id, r.id, r.intervention_id, r.numero, kind, None, max(r.debut, begin), min(r.fin, end),
         authors.get(r.created_by_id)) for r, kind, begin, end in rows
    ]  # fmt: skip


def _repeated(session: Session, acteur: Acteur, since: datetime) -> list[tuple[Any, str, datetime, datetime]]:
    """Slots in a leave that comes back every week."""
    a = Absence
    weekly = session.scalars(
        sa.select(a).where(
            a.recurrence.is_not(None), a.statut == StatutAbsence.ACCEPTEE, a.type.in_(LEAVES),
            sa.or_(a.recurrence_fin.is_(None), a.recurrence_fin >= clock.local(since - LONGEST).date()),
            *portee(acteur, a.agence_id),
        )
    ).all()  # fmt: skip
    if not weekly:
        return []
    mine = Creneau.technicien_id.in_({one.technicien_id for one in weekly})
    slots = session.execute(_planned(acteur, since).where(mine).limit(MOST)).all()
    found = []
    for one in weekly:
        away = Away(one.id, one.technicien_id, one.debut, one.fin, one.type, one.statut)
        rule = (one.zone, one.recurrence, one.recurrence_fin)
        for slot in slots:
            if slot.technicien_id == one.technicien_id:
                met = availability.occurrences(away, *rule, slot.debut, slot.fin)
                found += [(slot, one.type, time.debut, time.fin) for time in met]
    return found


def _names(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    known = [i for i in ids if i is not None]
    if not known:
        return {}
    return dict(iter(session.execute(sa.select(User.id, User.full_name).where(User.id.in_(known)))))
