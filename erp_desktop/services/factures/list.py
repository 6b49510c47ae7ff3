"""The list of invoices: search, sort, visible rows, the tiles and the ageing above it, the totals below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import recherche
from erp_desktop.domain.enums import TypeFacture
from erp_desktop.domain.factures import delais
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.domain.factures.etats import OUVERTS
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client, Facture, Relance
from erp_desktop.services.factures import balance
from erp_desktop.services.search import exact
from erp_desktop.services.shared.lists import (
    ListQuery,
    contient,
    dans_l_ordre,
    paquets,
    portee,
    un_de,
)
from erp_desktop.services.shared.places import Long, Stratum, pages
from erp_desktop.services.shared.places.sorts import Part, Sort, along, by_identifier, in_parts, sorted_ids

LISTES: dict[str, list[str]] = {
    "statut": list(EtatFacture), "type": list(TypeFacture), "age": list(delais.NOMS_DES_TRANCHES),
    "sans": ["contrat"],
}  # fmt: skip
MOTS = ("client", "agence", "contrat")


@dataclass(frozen=True, slots=True)
class FactureLigne:
    """One row of the list.

    Attributes:
        etat: ``EtatFacture`` today.
        retard: days; 0 when nothing is late.
        regle: MAD, what payments settled.
        relance: rank of the last reminder, 0 when none; ``relance_le`` its day.
    """

    id: int
    numero: str
    type_facture: str
    client: str
    etat: str
    date_facture: date | None
    date_echeance: date | None
    retard: int
    total_ttc: Decimal
    regle: Decimal
    solde: Decimal
    relance: int
    relance_le: date | None
    promesse: date | None
    intitule: str


def read(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return read(texte).indices


def _late(today: date) -> sa.ColumnElement[int]:
    """Days late of what is due; NULL without a due date."""
    # The difference of two days is asked of the engine by comparing with moved days, which both know.
    return sa.case(
        *((Facture.date_echeance >= date.fromordinal(today.toordinal() - end), rank) for rank, end in
          enumerate((0, *delais.TRANCHES))),
        else_=len(delais.TRANCHES) + 1,
    )  # fmt: skip


_WAITING = tuple(state for state in EtatFacture if state in OUVERTS and state is not EtatFacture.EN_RETARD)


def _states(today: date) -> Sort:
    """By state, within each by the due date: what is late is told from it."""
    due, e = Facture.date_echeance, EtatFacture

    def told(state: EtatFacture, kind: TypeFacture) -> sa.ColumnElement[bool]:
        return sa.and_(Facture.etape == state.value, Facture.type_facture == kind.value)

    parts: list[Part] = []
    for state in e:
        if state is e.EN_RETARD:
            parts += [Part(told(one, TypeFacture.FACTURE), due < today, empty=False) for one in _WAITING]
            continue
        until = due >= today if state in _WAITING else None
        parts += [Part(told(state, TypeFacture.FACTURE), until), Part(told(state, TypeFacture.AVOIR))]
    return in_parts(due, parts, (Facture, "idx_factures_etat_liste"))


def _lateness() -> Sort:
    """Of what is due by the day on which it is; then the others."""
    f = Facture
    dated = sa.and_(balance.waiting(), f.date_echeance.is_not(None))
    others = sa.or_(sa.not_(balance.waiting()), f.date_echeance.is_(None))

    def strata(down: bool) -> list[Stratum]:
        return [
            Stratum(dated, [f.date_echeance], down, (f, "idx_factures_attendues_liste")),
            Stratum(others, (), down),
        ]

    return Sort([sa.case((dated, f.date_echeance))], strata=strata)


def bucket(today: date, rank: int) -> sa.ColumnElement[bool]:
    """Invoices of one bucket of the ageing."""
    return sa.and_(
        balance.waiting(), sa.or_(_late(today) == rank, Facture.date_echeance.is_(None) if rank == 0 else sa.false())
    )


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope."""
    found, today = read(texte), clock.today()
    every = portee(acteur, Facture.agence_id)
    for word, values in found.mots.items():
        if word == "statut":
            every.append(sa.or_(*(balance.in_state(state, today) for state in values)))
        elif word == "type":
            every.append(Facture.type_facture.in_(values))
        elif word == "age":
            ranks = [delais.NOMS_DES_TRANCHES.index(v) for v in values]
            every.append(sa.or_(*(bucket(today, rank) for rank in ranks)))
        elif word == "agence":
            every.append(exact.agency(Facture.agence_id, values))
        elif word == "client":
            every.append(exact.client(session, Facture.client_id, values))
        elif word == "contrat":
            every.append(exact.contract(session, Facture.contrat_id, values))
        elif word == "sans":
            every.append(Facture.contrat_id.is_(None) if values else sa.false())
    for word in found.libre:
        client = Facture.client_id.in_(sa.select(Client.id).where(contient(session, Client.nom_entreprise, word)))
        every.append(sa.or_(un_de(session, word, Facture.numero, Facture.intitule, Facture.reference_client), client))
    return every


def _request(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    return sa.select(Facture.id).where(*conditions(session, acteur, query.texte))


def _sort(query: ListQuery) -> tuple[Sort, ListQuery]:
    """The order, and the question with the direction that it has there."""
    f = Facture
    kept = {
        "numero": f.numero, "date_facture": f.date_facture, "date_echeance": f.date_echeance,
        "total_ttc": f.total_ttc, "regle": f.regle, "solde": f.solde,
    }  # fmt: skip
    # The longest late is the one due first; without a column the latest comes first.
    turned = replace(query, descendant=not query.descendant)
    if query.tri == "etat":
        return _states(clock.today()), query
    if query.tri == "retard":
        return _lateness(), turned
    if query.tri == "client":
        return along(Client.nom_entreprise, lambda r: r.join(Client, Client.id == f.client_id)), query
    if query.tri in kept:
        return along(kept[query.tri]), query
    return by_identifier(f.id), turned


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; the latest first when no column is chosen."""
    sort, asked = _sort(query)
    return sorted_ids(session, _request(session, acteur, query), Facture.id, sort, asked)


def first(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int] | None:
    """See :data:`pages.First`."""
    sort, asked = _sort(query)
    return pages.first(_request(session, acteur, query), Facture.id, sort, asked)


def _order(_session: Session, query: ListQuery) -> list[Stratum] | None:
    sort, asked = _sort(query)
    return sort.order(asked)


PLACES = Long(Facture.id, ids, _request, _order)


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[FactureLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    today, found = clock.today(), {}
    names = (
        "id", "numero", "type_facture", "date_facture", "date_echeance", "total_ttc", "regle", "solde", "intitule",
    )  # fmt: skip
    state = balance.state(today).label("etat")
    for block in paquets(ids):
        asked = sa.select(*(getattr(Facture, n) for n in names), state, Client.nom_entreprise.label("client"))
        asked = asked.join(Client, Client.id == Facture.client_id)
        asked = asked.where(Facture.id.in_(block), *portee(acteur, Facture.agence_id))
        last, invoices = abreast(session, partial(reminders, ids=block), partial(_invoices, asked=asked))
        for own in invoices:
            late = delais.retard(own["date_echeance"], today) if own["etat"] == EtatFacture.EN_RETARD else 0
            rank, day, promised = last.get(own["id"], (0, None, None))
            own["intitule"] = own["intitule"] or ""
            found[own["id"]] = FactureLigne(
                **own, retard=late, relance=rank, relance_le=day, promesse=promised,
            )  # fmt: skip
    return dans_l_ordre(ids, found)


def _invoices(session: Session, asked: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(asked).mappings()]


def reminders(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, date, date | None]]:
    """Invoice → rank, day and promise of its last reminder; those without one are left out."""
    r = Relance
    asked = sa.select(r).where(r.facture_id.in_(ids), r.niveau > 0).order_by(r.date_relance, r.niveau, r.id)
    return {row.facture_id: (row.niveau, row.date_relance, row.promesse) for row in session.scalars(asked)}


@dataclass(frozen=True, slots=True)
class Tuile:
    """How many invoices are in a state, and what they come to with tax; of open ones what is due."""

    etat: str
    nombre: int
    montant: Decimal


@dataclass(frozen=True, slots=True)
class Tranche:
    """One bucket of the ageing; ``nom`` as in the filter box (``age:31_60``)."""

    nom: str
    nombre: int
    montant: Decimal


@dataclass(frozen=True, slots=True)
class Pied:
    """Totals of the whole filter; MAD."""

    nombre: int
    total_ht: Decimal
    total_tva: Decimal
    total_ttc: Decimal
    regle: Decimal
    solde: Decimal


def tuiles(session: Session, acteur: Acteur, texte: str = "") -> list[Tuile]:
    """One tile per state, in the order of an invoice's life, those without an invoice too."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    state, e = balance.state(clock.today()).label("etat"), EtatFacture
    due = sa.case((sa.and_(balance.validated(), balance.due() > 0), balance.due()), else_=balance.total())
    told = sa.select(state, due.label("montant")).where(*conditions(session, acteur, texte)).subquery()
    asked = sa.select(told.c.etat, sa.func.count(), sa.func.sum(told.c.montant)).group_by(told.c.etat)
    found = {name: (count, amount) for name, count, amount in session.execute(asked)}
    return [Tuile(s.value, found.get(s, (0, 0))[0], balance.dirhams(found.get(s, (0, 0))[1])) for s in e]


def balance_agee(session: Session, acteur: Acteur, texte: str = "") -> list[Tranche]:
    """What is due by how late it is: not yet, 1–30, 31–60, 61–90 days, longer."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    today = clock.today()
    rank = sa.case((Facture.date_echeance.is_(None), 0), else_=_late(today)).label("rang")
    told = sa.select(rank, balance.due().label("montant"))
    told_rows = told.where(balance.waiting(), *conditions(session, acteur, texte)).subquery()
    asked = sa.select(told_rows.c.rang, sa.func.count(), sa.func.sum(told_rows.c.montant)).group_by(told_rows.c.rang)
    found = {r: (count, amount) for r, count, amount in session.execute(asked)}
    return [
        Tranche(name, found.get(r, (0, 0))[0], balance.dirhams(found.get(r, (0, 0))[1]))
        for r, name in enumerate(delais.NOMS_DES_TRANCHES)
    ]


def pied(session: Session, acteur: Acteur, texte: str = "") -> Pied:
    """Totals of every invoice that the filter finds, credit notes taken off."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    sign = sa.case((Facture.type_facture == TypeFacture.AVOIR.value, -1), else_=1)
    signed = {"ht": Facture.total_ht, "tva": Facture.total_tva, "ttc": Facture.total_ttc}
    asked = [(sign * balance.centimes(amount)).label(name) for name, amount in signed.items()]
    due = sa.case((balance.validated(), balance.due()), else_=0)
    told = sa.select(*asked, balance.settled().label("regle"), due.label("solde"))
    rows_of = told.where(*conditions(session, acteur, texte)).subquery()
    count, *sums = session.execute(
        sa.select(sa.func.count(), *(sa.func.sum(rows_of.c[n]) for n in (*signed, "regle", "solde")))
    ).one()
    return Pied(count, *(balance.dirhams(s) for s in sums))
