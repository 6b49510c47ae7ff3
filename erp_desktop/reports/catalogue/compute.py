"""The answer to one question about one figure: one statement, or one pass over its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.figures import AGES, BY_KEY
from erp_desktop.errors import NotAllowedError, ValidationError
from erp_desktop.models import Agence, Client, CodePanne, Contrat, Equipement, PieceDetachee
from erp_desktop.registry import technicien_names
from erp_desktop.reports import interventions
from erp_desktop.reports.catalogue import machines, money, people, work
from erp_desktop.reports.catalogue.ask import BY_AGE, Ask, Key, Scope, Value, Values, added
from erp_desktop.reports.modele import ParamsRapport, mois_touches
from erp_desktop.reports.presentation import LIBELLES
from erp_desktop.reports.sql import sans_jit
from erp_desktop.services.shared.lists import paquets

_SQL: dict[str, Callable[[Ask], list[sa.Select[Any]]]] = {
    "encours": work.backlog, "encours_heures": work.backlog_hours, "encours_age": work.backlog_age,
    "creees": work.created, "cloturees": work.closed, "pannes": work.failures, "sla_prise": work.sla_begun,
    "sla_tenus": work.sla_kept, "mttr": work.repair, "remise_en_service": work.restoration,
    "mtbf": machines.between_failures, "disponibilite": machines.availability, "arrets": machines.downtime,
    "premier_passage": work.first_time, "recidives": work.repeats, "part_preventif": work.preventive_share,
    "respect_preventif": machines.preventive_kept, "respect_planning": work.planned, "cout": money.cost,
    "cout_revient": money.own_cost, "pieces": money.parts_used, "creances": money.receivables,
    "satisfaction": work.satisfaction,
}  # fmt: skip
_PASS: dict[str, Callable[[Session, Ask], Values]] = {
    "prise_en_charge": work.response, "occupation": people.occupation, "charge": people.load,
    "marge": money.margin, "stock_valeur": money.stock_value, "stock_dormant": money.slow_stock,
}  # fmt: skip


def permitted(session: Session, acteur: Acteur, scope: Scope) -> Scope:
    """Narrow ``scope`` to what the person may see, as the report on interventions does.

    Raises:
        NotAllowedError
    """
    if acteur.role is Role.TECHNICIEN:
        raise NotAllowedError("Ces chiffres sont ouverts aux agents, aux responsables et aux administrateurs.")
    asked = ParamsRapport(scope.debut, scope.fin, scope.agence_id, scope.technicien_id)
    may = interventions.autoriser(session, acteur, asked)
    return replace(scope, agence_id=may.agence_id, technicien_id=may.technicien_id)


def may_ask(figure: str, scope: Scope, group: str | None = None) -> str | None:
    """Why a figure cannot be asked so, in French; None when it can."""
    known = BY_KEY[figure]
    if (figure, group) == ("encours", BY_AGE):
        group = "age"
    for name in (*scope.filters, *((group,) if group else ())):
        if name not in known.groupes or (name in _OWN and name != group):
            return f"« {known.nom} » ne se distingue pas ainsi : {GROUPS[name].lower()}. {known.limite}"
    return None


def filter_names(session: Session, scope: Scope) -> dict[str, str]:
    """What the rows are called that a scope is narrowed to, by filter."""
    return {name: names(session, name, [value], scope)[value] for name, value in scope.filters.items()}


def statement(figure: str, scope: Scope, group: str | None = None, *, now: datetime) -> sa.Select[Any] | None:
    """The one statement of a figure; None when it is a pass over its rows."""
    make = _SQL.get(figure)
    return added(make(Ask(scope, now, group))) if make is not None else None


def compute(
    session: Session, figure: str, scope: Scope, group: str | None = None, *, now: datetime | None = None
) -> Values:
    """The figure of a scope, told apart by ``group``; the key is 0 without one.

    Raises:
        ValidationError: the figure knows no such group or filter.
    """
    refusal = may_ask(figure, scope, group)
    if refusal is not None:
        raise ValidationError({"figure": refusal})
    at = now or clock.now()
    ask = Ask(scope, at, group)
    sans_jit(session)
    if figure in _PASS:
        found = _PASS[figure](session, ask)
    else:
        query = added(_SQL[figure](ask))
        found = {key: Value(int(a), int(b), int(c), int(d)) for key, a, b, c, d in session.execute(query)}
    empty = Value()
    return {key: value for key, value in found.items() if value != empty}


def total(values: Iterable[Value]) -> Value:
    return sum(values, Value())


def one(session: Session, figure: str, scope: Scope, *, now: datetime | None = None) -> Value:
    """The figure of a whole scope."""
    return total(compute(session, figure, scope, now=now).values())


GROUPS = {
    "agence": "Agence", "client": "Client", "contrat": "Contrat", "equipement": "Équipement",
    "type_equipement": "Type d'équipement", "technicien": "Technicien", "type": "Type d'intervention",
    "priorite": "Priorité", "mois": "Mois", "age": "Âge", "probleme": "Problème", "cause": "Cause", "piece": "Pièce",
    "retard": "Retard",
}  # fmt: skip
_OWN = frozenset({"type", "priorite", "mois", "age", "probleme", "cause", "piece", "retard"})
"""Groups that nothing can be narrowed to."""
LATE = ("Non échu", "1–30 j", "31–60 j", "61–90 j", "Plus de 90 j")
_UNKNOWN = {
    "technicien": "Sans technicien", "contrat": "Sans contrat", "probleme": "Sans code", "cause": "Sans code",
    "type_equipement": "Sans type", "agence": "Partagé", "piece": "Hors catalogue",
}  # fmt: skip


def names(session: Session, group: str | None, keys: Iterable[Key], scope: Scope) -> dict[Key, str]:
    """What people call the keys of a group."""
    wanted = list(keys)
    known = [k for k in wanted if k is not None]
    if group is None:
        found: dict[Key, str] = dict.fromkeys(wanted, "Ensemble")
    elif group == "mois":
        months = mois_touches(scope.debut, scope.fin)
        found = {k: f"{months[k]:%m/%Y}" for k in known}
    elif group == "age":
        ages = list(reversed(AGES))
        found = {k: f"{a}–{b} j" if (b := ages[k][1]) is not None else f"{ages[k][0]} j et plus"
                 for k in known for a in (ages[k][0],)}  # fmt: skip
    elif group == "retard":
        found = {k: LATE[k] for k in known}
    elif group == "technicien":
        found = dict(technicien_names.noms(session, known))
    elif group in _NAMED:
        found = {}
        ident, said = _NAMED[group]
        for block in paquets(known):
            found.update(dict(iter(session.execute(sa.select(ident, said).where(ident.in_(block))))))
    else:
        found = {k: LIBELLES.get(str(k), str(k)) for k in known}
    return {k: found.get(k) or (_UNKNOWN.get(group or "", "Inconnu") if k is None else str(k)) for k in wanted}


_NAMED: dict[str, tuple[Any, Any]] = {
    "agence": (Agence.id, Agence.nom), "client": (Client.id, Client.nom_entreprise),
    "contrat": (Contrat.id, Contrat.numero_contrat),
    "equipement": (Equipement.id, Equipement.code_interne + " " + Equipement.nom),
    "probleme": (CodePanne.id, CodePanne.libelle), "cause": (CodePanne.id, CodePanne.libelle),
    "piece": (PieceDetachee.id, PieceDetachee.reference + " " + PieceDetachee.designation),
}  # fmt: skip
