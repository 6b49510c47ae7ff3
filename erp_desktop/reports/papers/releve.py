"""The statement of a client's account: what was invoiced, credited and paid, and what is due, by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.facture import Partie, client_of
from erp_desktop.reports.papers.written import (
    Issuer,
    Row,
    amount,
    amounts,
    code,
    day,
    head,
    named,
    typed,
    words,
)
from erp_desktop.services import factures

TEMPLATE = "releve"


@dataclass(frozen=True, slots=True)
class Mouvement:
    """One line, MAD; ``genre`` is ``facture``, ``avoir``, ``paiement`` or ``annulation``."""

    jour: date
    genre: str
    numero: str
    debit: Decimal
    credit: Decimal
    libelle: str = ""
    echeance: date | None = None


@dataclass(frozen=True, slots=True)
class ReleveImprime:
    """An account from ``du`` to ``au``; ``report`` is what was due before.

    Attributes:
        ages: what is due by how late it is: names as in the filter of invoices (``1_30``), and amounts.
    """

    client: Partie
    du: date
    au: date
    report: Decimal
    mouvements: Sequence[Mouvement]
    ages: Sequence[tuple[str, Decimal]] = ()
    emetteur: Issuer = field(default_factory=Issuer)

    @property
    def solde(self) -> Decimal:
        return self.report + sum((x.debit - x.credit for x in self.mouvements), Decimal(0))


def lire(session: Session, acteur: Acteur, client_id: int, du: date, au: date) -> ReleveImprime:
    """The account of a client between two days.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    told = factures.releve(session, acteur, client_id, du, au)
    moved = [
        Mouvement(e.jour, e.genre, e.numero, e.debit, e.credit, e.libelle, e.date_echeance) for e in told.ecritures
    ]
    ages = [(one.nom, one.montant) for one in told.tranches if one.montant]
    agence = session.get_one(Client, client_id).agence_id
    return ReleveImprime(client_of(session, client_id), du, au, told.report, moved, ages, Issuer.of(session, agence))


def composer(releves: Sequence[ReleveImprime], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of some statements."""
    return engine.pdf(TEMPLATE, donnees(releves, langue, fraicheur))


def images(releves: Sequence[ReleveImprime], langue: str = "fr", *, fraicheur: str = "",
           ppp: float = 110) -> list[bytes]:  # fmt: skip
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(releves, langue, fraicheur), ppp)


def donnees(releves: Sequence[ReleveImprime], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = words(TEMPLATE, langue)
    documents = [_releve(r, m, fraicheur) for r in releves]
    return {"titre": m["titre"], "langue": langue, "mots": m, "documents": documents}


def _releve(r: ReleveImprime, m: dict[str, Any], fresh: str) -> dict[str, Any]:
    balance, rows = r.report, []
    for x in r.mouvements:
        moved = x.debit - x.credit
        balance += moved
        label = " · ".join(filter(None, [m["genres"].get(x.genre, x.genre), typed(x.libelle)]))
        rows.append(Row(
            [day(x.jour), code(x.numero), label, day(x.echeance), amount(x.debit) if x.debit else "",
             amount(x.credit) if x.credit else "", amount(balance)],
            moved,
        ))  # fmt: skip
    debits = sum((x.debit for x in r.mouvements), Decimal(0))
    credited = sum((x.credit for x in r.mouvements), Decimal(0))
    t, client = m["totaux"], r.client
    net = t["du"] if r.solde >= 0 else t["en_faveur"]
    return {
        "tete": head(r.emetteur, m, titre=m["titre"], fresh=fresh, mentions=m["mentions"],
                     statut=m["periode"].format(du=day(r.du), au=day(r.au))),
        "client": [typed(client.nom), *map(typed, filter(None, [client.adresse, client.ville]))],
        "identifiants": [named("ICE", client.ice)] if client.ice else [],
        "avant": [m["avant"].format(jour=day(r.du)), amount(r.report)],
        "tableau": amounts(m["colonnes"], (0.95, 1.55, 2.1, 0.95, 1, 1, 1.1), 4, rows, m, r.report),
        "totaux": [[t["debits"], amount(debits), ""], [t["credits"], amount(credited), ""],
                   [net, amount(abs(r.solde)), "net"]],
        "ages": [[m["tranches"].get(name, typed(name)), amount(value)] for name, value in r.ages],
    }  # fmt: skip
