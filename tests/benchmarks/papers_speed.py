"""A batch of bons beside the same words on as many bare pages, set by the same engine in the same run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Intervention
from erp_desktop.reports.papers import bon, facture
from erp_desktop.reports.papers.engine import compile_pdf
from erp_desktop.reports.papers.engine.source import Source
from erp_desktop.reports.papers.facture import Lot
from erp_desktop.services.demo import data as demo_data
from erp_desktop.services.interventions.sheet import sheets
from erp_desktop.upgrade.start.startup import open_local
from tests.benchmarks.sync_speed import Figure
from tests.reports.papers.invoices import invoice, line

_BARE = """
#let d = json(bytes(sys.inputs.donnees))
#set text(font: ("Noto Sans", "Noto Sans Arabic"))
#for mots in d.pages { page(paper: "a4", mots) }
"""


def measure(count: int) -> Iterator[Figure]:
    """Seconds to read ``count`` bons, and to lay them out in French and in Arabic."""
    with tempfile.TemporaryDirectory(prefix="erp-mif-bons-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        with transaction(engine) as session:
            session.add(Agence(code="CAS", nom="Casablanca", ville="Casablanca", adresse="12, rue des Ateliers"))
        with transaction(engine) as session:
            demo_data.generer(session, "CAS", count, 1)
        with transaction(engine, write=False) as session:
            who = Acteur(0, "", Role.ADMIN, None)
            wanted = list(session.scalars(sa.select(Intervention.id).order_by(Intervention.id).limit(count)))
            start = time.perf_counter()
            found = sheets(session, who, wanted)
            read = time.perf_counter() - start
            start = time.perf_counter()
            list(session.execute(sa.select(Intervention).where(Intervention.id.in_(wanted[:500]))))
            bare_read = time.perf_counter() - start
        engine.dispose()
    yield Figure(f"{count} bons, lecture", read * 1e3, bare_read * 1e3, "ms", 20.0, less=True)
    for langue in bon.LANGUES:
        data = bon.donnees(found, langue, "")
        pages = [
            " ".join(str(v) for k, v in b.items() if k not in ("qr", "signature", "tete")) for b in data["documents"]
        ]
        start = time.perf_counter()
        compile_pdf(Source((("nu.typ", _BARE),)), {"pages": pages})
        bare = time.perf_counter() - start
        start = time.perf_counter()
        bon.composer(found, langue)
        took = time.perf_counter() - start
        yield Figure(f"{count} bons, PDF {langue}", took, bare, "s", 12.0, less=True)
    yield from _invoices(count)


def _invoices(count: int) -> Iterator[Figure]:
    """Seconds to lay out an invoice of 200 lines, its total carried from page to page, and ``count`` short ones."""
    long = [Lot([line(f"Pièce {n:03d}", "1", "100.10") for n in range(200)])]
    short = [invoice(numero=f"FAC-2026-{n:06d}") for n in range(count)]
    for what, documents in (("facture de 200 lignes", [invoice(long)]), (f"{count} factures", short)):
        data = facture.donnees(documents, "fr", "")
        words = [
            d["tete"]["numero"] + " ".join(x for row in d["tableau"]["lignes"] for x in row["cellules"])
            for d in data["documents"]
        ]
        start = time.perf_counter()
        compile_pdf(Source((("nu.typ", _BARE),)), {"pages": words})
        bare = time.perf_counter() - start
        start = time.perf_counter()
        facture.composer(documents)
        took = time.perf_counter() - start
        yield Figure(f"{what}, PDF", took, bare, "s", 30.0, less=True)
