"""What needs a decision today, the gravest first: each a number, an example, and the list that shows the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import Role
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client, Contrat, Facture, Intervention, PieceDetachee
from erp_desktop.models.local import sync_conflits, sync_journal
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.managers.rows import narrowed, told
from erp_desktop.services import contrats, factures
from erp_desktop.services.interventions import list as jobs
from erp_desktop.services.shared.lists import ListQuery, est_sqlite
from erp_desktop.services.stock import parts
from erp_desktop.sync.watch import health

SILENT = timedelta(hours=24)
"""An agency that exchanged nothing for so long is silent: what others see of it is old."""
MOST = 8
SAID = {
    "retard": ("1 en retard", "{n} en retard"), "proche": ("1 à moins de 4 h", "{n} à moins de 4 h"),
    "sans_technicien": ("1 sans technicien", "{n} sans technicien"),
    "muette": ("1 agence muette", "{n} agences muettes"), "conflits": ("1 conflit", "{n} conflits"),
    "stock": ("1 pièce sous le minimum", "{n} pièces sous le minimum"),
    "factures": ("1 facture en retard", "{n} factures en retard"),
    "quota": ("1 contrat hors quota", "{n} contrats hors quota"),
    "contrats": ("1 contrat à renouveler", "{n} contrats à renouveler"),
}  # fmt: skip
"""What each kind is called where there is one, and where there are several."""
I = Intervention  # noqa: E741


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide.

    Attributes:
        kind: ``retard``, ``proche``, ``sans_technicien``, ``muette``, ``conflits``, ``factures``, ``stock``,
            ``contrats`` or ``quota``.
        example: the first of them as people name it; ``when``: its deadline, end, or last exchange.
        section, words: the list that shows them, and its filter; an empty section: nothing to open.
    """

    kind: str
    count: int
    example: str
    when: datetime | None
    section: str
    words: str = ""


def read(
    session: Session, acteur: Acteur, scope: Scope, named: Mapping[str, str], now: datetime
) -> tuple[Decision, ...]:  # fmt: skip
    """At most ``MOST`` of the scope; what it cannot be narrowed to, a part of stock by its client say, is left out.

    Args:
        named: what the rows are called that the scope is narrowed to, by filter.
    """
    found = abreast(session, *_works(acteur, scope, named, now))
    return tuple(d for some in found for d in some if d.count)[:MOST]


def _works(
    acteur: Acteur, scope: Scope, named: Mapping[str, str], now: datetime
) -> Iterator[Callable[[Session], Iterable[Decision]]]:  # fmt: skip
    """What is asked for each kind, the gravest first."""

    def words(section: str, wanted: str) -> str | None:
        more = narrowed(section, scope, named)
        return None if more is None else f"{wanted} {more}".strip()

    def one(decide: Callable[..., Decision], *arguments: Any) -> Callable[[Session], Iterable[Decision]]:
        return lambda session: [decide(session, acteur, *arguments)]

    for kind, wanted in (("retard", "sla:depasse"), ("proche", "sla:proche"),
                         ("sans_technicien", "statut:ouverte sans:technicien")):  # fmt: skip
        if kind != "sans_technicien" or scope.technicien_id is None:
            yield one(_jobs, kind, words("interventions", wanted) or wanted)
    if set(scope.filters) <= {"agence"}:
        yield lambda session: list(_silent(session, acteur, now))
        yield lambda session: [_conflicts(session)]
    if (late := words("factures", f"statut:{EtatFacture.EN_RETARD.value}")) is not None:
        yield one(_invoices, late)
    if set(scope.filters) <= {"agence"}:
        # Of the parts that are its own: what all share is short for all.
        own = "" if scope.agence_id is None else told("depots", "agence", scope.agence_id, named.get("agence", ""))
        yield one(_stock, f"etat:sous_minimum {own}".strip())
    for kind, wanted in (("contrats", f"renouveler:{min(cycle.RAPPELS)}"), ("quota", "quota:depasse")):
        if (found := words("contrats", wanted)) is not None:
            yield one(_contracts, kind, found)


def _jobs(session: Session, acteur: Acteur, kind: str, words: str) -> Decision:
    """Counted by the very conditions of the list, so that it shows as many."""
    where = jobs.conditions(session, acteur, words)
    count = session.scalar(sa.select(sa.func.count()).select_from(I).where(*where)) or 0
    first = None
    if count:
        query = sa.select(I.titre, I.date_limite).where(*where).order_by(I.date_limite.asc().nulls_last(), I.id)
        first = session.execute(query.limit(1)).first()
    return Decision(kind, count, first.titre if first else "", first.date_limite if first else None,
                    "interventions", words)  # fmt: skip


def _silent(session: Session, acteur: Acteur, now: datetime) -> Iterator[Decision]:
    """At the centre the agencies none of whose devices was heard of; on a cache this one's own silence."""
    if est_sqlite(session):
        last = session.scalar(sa.select(sa.func.max(sync_journal.c.quand)).where(sync_journal.c.erreur.is_(None)))
        if last is not None and now - clock.from_text(last) > SILENT:
            yield Decision("muette", 1, acteur.agence_code, clock.from_text(last), "sync")
        return
    if acteur.role is not Role.ADMIN or not session.scalar(
        sa.text("SELECT coalesce(has_table_privilege(to_regclass('sync.devices'), 'SELECT'), false)")
    ):
        return
    heard: dict[str, datetime | None] = {}
    for device in health.postes_de(session.connection()):
        if device["etat"] == "actif":
            known = [x for x in (heard.get(device["agence"]), device["vu_a"]) if x is not None]
            heard[device["agence"]] = max(known, default=None)
    old = {a: seen for a, seen in heard.items() if seen is None or now - seen > SILENT}
    if old:
        oldest = min(old, key=lambda a: (old[a] is not None, old[a] or now))
        yield Decision("muette", len(old), ", ".join(sorted(old)), old[oldest], "administration")


def _conflicts(session: Session) -> Decision:
    if not est_sqlite(session):
        return Decision("conflits", 0, "", None, "conflits")
    c = sync_conflits.c
    count, oldest = session.execute(
        sa.select(sa.func.count(), sa.func.min(c.quand)).where(c.a_decider == 1, c.resolu.is_(None))
    ).one()
    return Decision("conflits", count, "", clock.from_text(oldest) if oldest else None, "conflits")


def _stock(session: Session, acteur: Acteur, words: str) -> Decision:
    found = parts.ids(session, acteur, ListQuery(words))
    name = session.scalar(sa.select(PieceDetachee.designation).where(PieceDetachee.id == found[0])) if found else ""
    return Decision("stock", len(found), name or "", None, "stock", words)


def _invoices(session: Session, acteur: Acteur, words: str) -> Decision:
    found = factures.ids(session, acteur, ListQuery(words, "date_echeance"))
    if not found:
        return Decision("factures", 0, "", None, "factures", words)
    row: Any = session.execute(
        sa.select(Client.nom_entreprise, Facture.date_echeance).join(Client).where(Facture.id == found[0])
    ).one()
    due = datetime.combine(row.date_echeance, datetime.min.time(), clock.CASABLANCA)
    return Decision("factures", len(found), row.nom_entreprise, due, "factures", words)


def _contracts(session: Session, acteur: Acteur, kind: str, words: str) -> Decision:
    found = contrats.ids(session, acteur, ListQuery(words, "date_fin"))
    if not found:
        return Decision(kind, 0, "", None, "contrats", words)
    row: Any = session.execute(
        sa.select(Client.nom_entreprise, Contrat.date_fin).join(Client).where(Contrat.id == found[0])
    ).one()
    end = datetime.combine(row.date_fin, datetime.min.time(), clock.CASABLANCA) if row.date_fin else None
    return Decision(kind, len(found), row.nom_entreprise, end, "contrats", words)
