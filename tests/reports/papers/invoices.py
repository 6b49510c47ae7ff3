"""An invoice to print, its amounts computed as everywhere, and the text of pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pypdf
import pypdfium2

from erp_desktop.domain.argent import LigneMontant, totaux
from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers.facture import FactureImprimee, LigneImprimee, Lot, Partie, Taxe
from erp_desktop.reports.papers.written import Issuer
from erp_desktop.services.shared.letterhead import Letterhead, Office

ISSUER = Issuer(
    Letterhead(
        raison_sociale="MIF Maroc", forme_juridique="SARL", capital=Decimal(2_000_000), ice="001928374000010",
        identifiant_fiscal="00000000", registre_commerce="000000", ville_rc="Casablanca", cnss="0000000",
        banque="Banque Atlas", rib="000 000 0000000000000000 00",
    ),
    Office("Casablanca", "12, rue des Ateliers, Aïn Sebaâ", "Casablanca", "+212 5 22 00 00 00"),
)  # fmt: skip
CLIENT = Partie("Conserveries Atlas SA", "Zone industrielle, lot 14", "27182 Bouskoura", "001532087000077")


def line(designation: str, quantite: str, prix: str, taux: str = "20", unite: str = "u") -> LigneImprimee:
    q, p, t = Decimal(quantite), Decimal(prix), Decimal(taux)
    return LigneImprimee(designation, q, p, t, LigneMontant(q, p, t).ht, unite)


WORK = Lot(
    [
        line("Main-d’œuvre, dépannage mécanique", "4.5", "320", unite="heure"),
        line("Roulement 6308-C3", "2", "215"),
        line("Déplacement Casablanca – Bouskoura", "46", "4.5", "10", "km"),
    ],
    "Arrêt ligne : sertisseuse SR-02", "INT-CAS-04-2026-00463",
)  # fmt: skip
OIL = Lot(
    [line("Huile HV46, bidon 20 L", "1", "1240")],
    "Vidange groupe hydraulique",
    "INT-CAS-04-2026-00451",
    date(2026, 11, 10),
)


def invoice(lots: Sequence[Lot] = (WORK, OIL), **more: Any) -> FactureImprimee:
    lines = [LigneMontant(x.quantite, x.prix_unitaire, x.taux) for lot in lots for x in lot.lignes]
    found = totaux(lines)
    given: dict[str, Any] = {
        "numero": "FAC-2026-001342", "jour": date(2026, 11, 17), "echeance": date(2027, 1, 16), "delai_jours": 60,
        "contrat": "CTR-CAS-04-2025-0117", "commande": "BC 2026/4471", "reglement": "virement", "emetteur": ISSUER,
        "en_lettres": "trois mille neuf cent quatre-vingt-sept dirhams et soixante-dix centimes",
    }  # fmt: skip
    return FactureImprimee(
        client=CLIENT, lots=lots, taxes=[Taxe(t.taux, t.ht, t.tva) for t in found.par_taux], total_ht=found.ht,
        total_tva=found.tva, total_ttc=found.ttc, **(given | more),
    )  # fmt: skip


def pages(pdf: bytes) -> list[list[str]]:
    """The lines of each page in reading order, without isolates, plain spaces for those that do not break."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for page in document:
        text = page.get_textpage()
        found.append([bidi.nu(x).replace("\u00a0", " ").strip() for x in text.get_text_bounded().splitlines()])
        text.close()
        page.close()
    document.close()
    return found


def text_of(pdf: bytes) -> str:
    """All words of a paper in the order in which they were set: each run as it is read, whatever its direction."""
    return "\n".join(bidi.nu(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
