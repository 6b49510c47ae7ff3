"""The sheet on which a place is counted by hand: parts by shelf, a box for each, what is expected only if asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Depot
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.written import Issuer, code, day, head, number, qr, typed, words
from erp_desktop.services.stock import counting
from erp_desktop.services.stock.counting import Sheet

TEMPLATE = "comptage"


@dataclass(frozen=True, slots=True)
class Comptage:
    """``aveugle``: without what the ledger expects, so that nobody counts what they read."""

    feuille: Sheet
    aveugle: bool = True
    emetteur: Issuer = field(default_factory=Issuer)


def lire(session: Session, acteur: Acteur, ident: int, *, aveugle: bool) -> Comptage:
    """A count as it is now.

    Raises:
        NotAllowedError, NotFoundError
    """
    sheet = counting.get(session, acteur, ident)
    depot = session.get_one(Depot, sheet.depot_id)
    return Comptage(sheet, aveugle, Issuer.of(session, depot.agence_id))


def composer(comptage: Comptage, langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of a sheet."""
    return engine.pdf(TEMPLATE, donnees(comptage, langue, fraicheur))


def images(comptage: Comptage, langue: str = "fr", *, fraicheur: str = "", ppp: float = 110) -> list[bytes]:
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(comptage, langue, fraicheur), ppp)


def donnees(comptage: Comptage, langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m, f = words(TEMPLATE, langue), comptage.feuille
    columns = [*m["colonnes"][:4], *([] if comptage.aveugle else [m["attendu"]]), *m["colonnes"][4:]]
    lines = []
    for x in f.lines:
        expected = [] if comptage.aveugle else [number(x.attendu)]
        said = "\n".join(filter(None, [typed(x.designation), code(x.code_barres), code(x.lot or "")]))
        counted = number(x.compte) if x.compte is not None else ""
        lines.append([code(x.emplacement) or "—", code(x.reference), said, typed(x.unite), *expected, counted])
    opened = clock.local(f.ouvert_a)
    return {
        "titre": m["titre"], "langue": langue, "mots": m,
        "documents": [{
            "tete": head(comptage.emetteur, m, titre=m["titre"], numero=f.numero, fresh=fraicheur,
                         mentions=m["mentions"], statut=m["etats"].get(f.etat, f.etat)),
            "bandeau": [
                [m["depot"], typed(f.depot), ""], [m["ouvert"], day(opened.date()), ""],
                [m["lignes"], number_of(len(f.lines)), ""],
                [m["mode"], m["aveugle" if comptage.aveugle else "ouvert_"], ""],
            ],
            "colonnes": columns, "lignes": lines, "aveugle": comptage.aveugle, "qr": qr(f.numero),
            "court": code(f.numero),
        }],
    }  # fmt: skip


def number_of(count: int) -> str:
    """A count of rows, as figures are written."""
    return code(f"{count:,}".replace(",", "\u202f"))
