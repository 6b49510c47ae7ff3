"""The receipt of a payment: what was received, how, and which invoices it settles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop.domain.factures import lettres_ar
from erp_desktop.domain.factures.lettres import en_lettres
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing import bidi
from erp_desktop.models import Facture, Paiement
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
    pairs,
    qr,
    typed,
    words,
)
from erp_desktop.services import factures

TEMPLATE = "recu"


@dataclass(frozen=True, slots=True)
class Reglee:
    """An invoice that a payment settles, MAD; ``retenue`` is the part of ``montant`` that the client kept back."""

    numero: str
    montant: Decimal
    jour: date | None = None
    total: Decimal | None = None
    retenue: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Recu:
    """A payment, MAD.

    Attributes:
        montant: what it settles, what was kept back for the State included.
        timbre: stamp duty of cash, paid on top.
        annule: it bounced, or was taken back; the paper says so.
    """

    numero: str
    jour: date
    client: Partie
    montant: Decimal
    mode: str
    en_lettres: str
    reglees: Sequence[Reglee] = ()
    reference: str = ""
    banque: str = ""
    retenu: Decimal = Decimal(0)
    timbre: Decimal = Decimal(0)
    annule: bool = False
    emetteur: Issuer = field(default_factory=Issuer)

    @property
    def encaisse(self) -> Decimal:
        """What changed hands."""
        return self.montant - self.retenu + self.timbre


def lire(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[Recu]:
    """Payments in the order asked for.

    Raises:
        NotAllowedError, NotFoundError
    """
    found = []
    for ident in ids:
        p, row = factures.recu(session, acteur, ident), session.get_one(Paiement, ident)
        settled = []
        for part in p.parts:
            invoice = session.get_one(Facture, part.facture_id)
            settled.append(Reglee(part.numero, part.montant, invoice.date_facture, invoice.total_ttc,
                                  part.retenue_tva + part.retenue_is))  # fmt: skip
        who = p.client_id or session.get_one(Facture, p.parts[0].facture_id).client_id
        found.append(Recu(
            p.numero, p.date_paiement, client_of(session, who), p.montant, p.mode_paiement, en_lettres(p.encaisse),
            settled, p.reference, p.banque, p.retenu, p.timbre, p.annule, Issuer.of(session, row.agence_id),
        ))  # fmt: skip
    return found


def composer(recus: Sequence[Recu], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of some receipts."""
    return engine.pdf(TEMPLATE, donnees(recus, langue, fraicheur))


def images(recus: Sequence[Recu], langue: str = "fr", *, fraicheur: str = "", ppp: float = 110) -> list[bytes]:
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(recus, langue, fraicheur), ppp)


def donnees(recus: Sequence[Recu], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = words(TEMPLATE, langue)
    documents = [_recu(r, m, fraicheur) for r in recus]
    if langue == "ar":
        for document, r in zip(documents, recus, strict=True):
            document["lettres"] = lettres_ar.en_lettres(r.encaisse)
    return {"titre": m["titre"], "langue": langue, "mots": m, "documents": documents}


def _recu(r: Recu, m: dict[str, Any], fresh: str) -> dict[str, Any]:
    e, t = m["entetes"], m["totaux"]
    rows = [
        Row([code(x.numero), day(x.jour), amount(x.total) if x.total is not None else "",
             amount(x.retenue) if x.retenue else "", amount(x.montant)], x.montant)
        for x in r.reglees
    ]  # fmt: skip
    totals = [[t["regle"], amount(r.montant), "fort"]]
    if r.retenu:
        totals.append([t["retenu"], amount(-r.retenu), ""])
    if r.timbre:
        totals.append([t["timbre"], amount(r.timbre), ""])
    totals.append([t["encaisse"], amount(r.encaisse), "net"])
    client = r.client
    return {
        "tete": head(r.emetteur, m, titre=m["titre"], numero=r.numero, fresh=fresh, mentions=m["mentions"],
                     statut=m["annule"] if r.annule else ""),
        "dates": pairs(
            (e["jour"], day(r.jour)), (e["mode"], m["modes"].get(r.mode, typed(r.mode))),
            (e["reference"], code(r.reference)), (e["banque"], typed(r.banque)), all_of_them=False,
        ),
        "client": [typed(client.nom), *map(typed, filter(None, [client.adresse, client.ville]))],
        "identifiants": [named("ICE", client.ice)] if client.ice else [],
        "tableau": amounts(m["colonnes"], (1.6, 1, 1.1, 1, 1.2), 2, rows, m),
        "totaux": totals,
        "avant_lettres": m["avant_lettres"].format(montant=amount(r.encaisse, m["devise"])),
        "lettres": bidi.isoler(r.en_lettres),
        "qr": qr(f"{r.numero}|{r.jour.isoformat()}|{r.encaisse:.2f} MAD"), "court": code(r.numero),
    }  # fmt: skip
