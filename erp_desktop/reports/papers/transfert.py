"""The paper that goes with parts from one place to another, signed where they leave and where they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.written import Issuer, code, day, head, number, qr, typed, words
from erp_desktop.services.stock import transfers
from erp_desktop.services.stock.transfers import Transfer

TEMPLATE = "bon_transfert"


@dataclass(frozen=True, slots=True)
class BonTransfert:
    """One paper with its letterhead."""

    transfert: Transfer
    emetteur: Issuer = field(default_factory=Issuer)

    @property
    def reference(self) -> str:
        """``BT-20261117-1352``: the minute at which the first of it was entered, in Morocco."""
        return f"BT-{clock.local(self.transfert.quand):%Y%m%d-%H%M}"


def lire(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[BonTransfert]:
    """The papers of some movements; those that went nowhere have none.

    Raises:
        NotAllowedError
    """
    found = transfers.lister(session, acteur, ids)
    issuers = {one.agence_id: Issuer.of(session, one.agence_id) for one in found}
    return [BonTransfert(one, issuers[one.agence_id]) for one in found]


def composer(bons: Sequence[BonTransfert], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of some papers, each on pages of its own."""
    return engine.pdf(TEMPLATE, donnees(bons, langue, fraicheur))


def images(bons: Sequence[BonTransfert], langue: str = "fr", *, fraicheur: str = "", ppp: float = 110) -> list[bytes]:
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(bons, langue, fraicheur), ppp)


def donnees(bons: Sequence[BonTransfert], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = words(TEMPLATE, langue)
    documents = []
    for bon in bons:
        t = bon.transfert
        title = m["sortie"] if t.sortie else m["titre"]
        lines = [
            [
                code(x.reference), "\n".join(filter(None, [typed(x.designation), code(x.lot)])), typed(x.unite),
                number(x.quantite),
            ]
            for x in t.lignes
        ]  # fmt: skip
        documents.append({
            "tete": head(bon.emetteur, m, titre=title, numero=bon.reference, fresh=fraicheur, mentions=m["mentions"]),
            "bandeau": [
                [m["depuis"], typed(t.depuis), ""], [m["vers"], typed(t.vers) or "—", ""],
                [m["date"], day(clock.local(t.quand).date()), ""], [m["par"], typed(", ".join(t.par)) or "—", ""],
            ],
            "colonnes": m["colonnes"], "lignes": lines, "qr": qr(bon.reference), "court": code(bon.reference),
        })  # fmt: skip
    return {"titre": m["titre"], "langue": langue, "mots": m, "documents": documents}
