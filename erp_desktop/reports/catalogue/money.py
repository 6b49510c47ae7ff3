"""Figures in dirhams: what work costs, what contracts leave, what parts are used and lie in stock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from erp_desktop import clock
from erp_desktop.domain.contrats.echeancier import echeancier
from erp_desktop.domain.enums import (
    Imputation,
    ModeFacturation,
    StatutContrat,
    TypeDepot,
    TypeFacture,
    TypeLigne,
)
from erp_desktop.domain.factures import delais
from erp_desktop.domain.rapports.figures import DORMANT_DAYS
from erp_desktop.models import Contrat, Depot, Facture, LigneIntervention, MouvementStock, Temps
from erp_desktop.reports.catalogue.ask import (
    Ask,
    I,
    Key,
    Rows,
    Value,
    Values,
    added,
    needs_machine,
    number,
    part,
    work,
)
from erp_desktop.reports.catalogue.work import Parts, closings, lines
from erp_desktop.reports.sql import centimes, centimes_ligne, secondes
from erp_desktop.services.factures import balance
from erp_desktop.services.stock import valuation
from erp_desktop.services.stock.quantities import EFFET, thousandths, units

L, M = LigneIntervention, MouvementStock
_UN_JOUR = timedelta(days=1)


class centimes_valeur(FunctionElement[int]):  # noqa: N801
    """``centimes_valeur(quantite, valeur)``: 3 decimals times 4, rounded half away from zero to the centime."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(centimes_valeur, "sqlite")
def _v_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    quantity, value = (compiler.process(c, **kw) for c in element.clauses)
    # In ten-millionths the product is whole, recovered exactly up to nine hundred million MAD.
    return f"CAST(round(round(CAST({quantity} AS REAL) * CAST({value} AS REAL) * 10000000) / 100000) AS INTEGER)"


@compiles(centimes_valeur, "postgresql")
def _v_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    quantity, value = (compiler.process(c, **kw) for c in element.clauses)
    return f"CAST(round({quantity} * {value}, 2) * 100 AS bigint)"


def cost(ask: Ask) -> Parts:
    """As the report on interventions adds it up."""
    taken = L.prevue.is_(False)
    external = sa.func.coalesce(centimes(I.cout_externe), 0)
    some = sa.or_(I.cout_externe.is_not(None), sa.exists().where(L.intervention_id == I.id, taken).correlate(I))
    return [
        part(ask, lines(ask, L), [*closings(ask), taken], num=centimes_ligne(L.quantite, L.prix_unitaire)),
        part(ask, work(I.date_cloture, machine=needs_machine(ask)), closings(ask), num=external, n=number(some),
             exclues=number(sa.not_(some))),
    ]  # fmt: skip


def own_cost(ask: Ask, *, more: tuple[Any, ...] = ()) -> Parts:
    """What work costs the company; ``more`` conditions on the interventions."""
    closed = [*closings(ask), *more]
    value = sa.func.coalesce(M.valeur_unitaire, M.prix_unitaire)
    worth, paid = value.is_not(None), Temps.cout_horaire.is_not(None)
    # Hours at a price: seconds times centimes, rounded half away from zero.
    product = (secondes(Temps.fin) - secondes(Temps.debut)) * centimes(Temps.cout_horaire)
    hour = sa.literal_column("7200", sa.BigInteger)
    rounded = sa.case((product >= 0, (2 * product + 3600) // hour), else_=-((-2 * product + 3600) // hour))
    external = sa.func.coalesce(centimes(I.cout_externe), 0)
    return [
        part(ask, lines(ask, M), closed, num=sa.case((worth, -centimes_valeur(M.quantite, value)), else_=0),
             n=number(worth), exclues=number(sa.not_(worth))),
        part(ask, lines(ask, Temps), closed, num=sa.case((paid, rounded), else_=0), n=number(paid),
             exclues=number(sa.not_(paid))),
        part(ask, work(I.date_cloture, machine=needs_machine(ask)), [*closed, I.cout_externe.is_not(None)],
             num=external, n=number(sa.true())),
    ]  # fmt: skip


def margin(session: Session, ask: Ask) -> Values:
    """What contracts bring by the day, less what their work costs."""
    own = replace(ask, group="contrat", scope=replace(ask.scope, agence_id=None, client_id=None))
    billed = sa.or_(I.imputation.is_(None), I.imputation != Imputation.A_FACTURER)
    spent = {k: (int(a), int(d)) for k, a, _, _, d in session.execute(
        added(own_cost(own, more=(I.contrat_id.is_not(None), billed))))}  # fmt: skip
    c = Contrat
    query = sa.select(c).where(c.statut != StatutContrat.BROUILLON, c.date_debut <= ask.scope.fin)
    for name, wanted in ask.scope.filters.items():
        query = query.where({"agence": c.agence_id, "client": c.client_id, "contrat": c.id}[name] == wanted)
    found: Values = {}
    for row in session.scalars(query):
        out, unknown = spent.get(row.id, (0, 0))
        priced = row.montant_annuel is not None
        one = Value(_earned(row, ask) - out, 0, 1, unknown) if priced else Value(exclues=1)
        key: Key = {None: 0, "contrat": row.id, "client": row.client_id, "agence": row.agence_id}[ask.group]
        found[key] = found.get(key, Value()) + one
    return found


def _earned(row: Contrat, ask: Ask) -> int:
    """Centimes of the parts of a contract that fall in the period, by days."""
    ends = [d for d in (row.date_fin, row.date_resiliation - _UN_JOUR if row.date_resiliation else None) if d]
    end = min(ends, default=None)
    if row.montant_annuel is None or (end is not None and end < row.date_debut):
        return 0
    debut, fin, total = ask.scope.debut, ask.scope.fin, 0
    for e in echeancier(
        row.montant_annuel, ModeFacturation(row.mode_facturation), row.date_debut, end, fin, row.revision_pct
    ):
        days = (min(e.au, fin) - max(e.du, debut)).days + 1
        if days > 0:
            share = e.montant * days / ((e.au - e.du).days + 1)
            total += int(share.quantize(Decimal("0.01"), ROUND_HALF_UP).scaleb(2))
    return total


def parts_used(ask: Ask) -> Parts:
    rows = lines(ask, L)
    rows = replace(rows, columns={**rows.columns, "piece": L.piece_id})
    known = L.piece_id.is_not(None)
    amount = centimes_ligne(L.quantite, L.prix_unitaire)
    return [
        part(ask, rows, [*closings(ask), L.prevue.is_(False), L.type_ligne == TypeLigne.PIECE],
             num=sa.case((known, amount), else_=0), n=number(known), exclues=number(sa.not_(known)))
    ]  # fmt: skip


def receivables(ask: Ask) -> Parts:
    """What is due, as the list of invoices says it, by how late it is today."""
    f, today = Facture, clock.local(ask.now).date()
    # The least late first: what is due today or later, then what each bucket still holds.
    ends = [today - timedelta(days=n) for n in (0, *delais.TRANCHES)]
    late = sa.case(
        (f.date_echeance.is_(None), 0), *((f.date_echeance >= day, n) for n, day in enumerate(ends)), else_=len(ends)
    )
    valid, due = balance.validated(), balance.due()
    owed = sa.and_(valid, f.type_facture == TypeFacture.FACTURE, due > 0)
    columns = {"agence": f.agence_id, "client": f.client_id, "contrat": f.contrat_id, "retard": late}
    return [
        part(ask, Rows(f, columns), [], num=sa.case((owed, due), else_=0), n=number(owed),
             exclues=number(sa.not_(valid)))
    ]  # fmt: skip


def stock_value(session: Session, ask: Ask) -> Values:
    return _stock(session, ask, dormant=False)


def slow_stock(session: Session, ask: Ask) -> Values:
    return _stock(session, ask, dormant=True)


def _stock(session: Session, ask: Ask, *, dormant: bool) -> Values:
    """What lies there now: each place above zero at the average cost of its agency."""
    total = sa.func.sum(thousandths(M.quantite))
    query = (
        sa.select(M.piece_id, sa.func.coalesce(M.agence_id, 0), M.depot_id, total, sa.func.max(EFFET))
        .join(Depot, Depot.id == M.depot_id)
        .where(Depot.type_depot != TypeDepot.REBUT)
        .group_by(M.piece_id, sa.func.coalesce(M.agence_id, 0), M.depot_id)
    )
    if ask.scope.agence_id is not None:
        query = query.where(M.agence_id == ask.scope.agence_id)
    held: defaultdict[tuple[int, int], list[Decimal]] = defaultdict(list)
    moved: dict[tuple[int, int], Any] = {}
    for piece, agence, _, n, last in session.execute(query):
        held[piece, agence].append(units(n))
        moved[piece, agence] = max(last, moved.get((piece, agence), last))
    costs = valuation.average_costs(session)
    since = ask.now - timedelta(days=DORMANT_DAYS)
    found: Values = {}
    for (piece, agence), places in held.items():
        if dormant and moved[piece, agence] >= since:
            continue
        above = sum((n for n in places if n > 0), Decimal(0))
        unit = costs.get((piece, agence))
        out = int((above > 0 and unit is None) or any(n < 0 for n in places))
        worth = int(valuation.amount(above, unit).scaleb(2)) if unit is not None else 0
        key: Key = {None: 0, "agence": agence or None, "piece": piece}[ask.group]
        found[key] = found.get(key, Value()) + Value(worth, 0, int(above > 0 and unit is not None), out)
    return found
