"""Invoices and credit notes on paper: every figure where it belongs, totals carried over pages, both directions."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import facture
from erp_desktop.reports.papers.facture import Lot, RetenueImprimee
from tests.reports.papers.invoices import OIL, WORK, invoice, line, pages, text_of

FINE = bidi.FINE


def test_an_invoice_says_what_the_law_asks_and_its_figures_are_right() -> None:
    kept = invoice(retenues=[RetenueImprimee("tva", Decimal(75), Decimal("638.70"))], timbre=Decimal("10.00"))
    (page,) = pages(facture.composer([kept]))
    text = "\n".join(page)
    for words in (
        "Facture", "N° FAC-2026-001342", "Date 17/11/2026", "Échéance 16/01/2027 (60 jours)", "Règlement virement",
        "Contrat CTR-CAS-04-2025-0117", "Commande client BC 2026/4471", "Conserveries Atlas SA", "27182 Bouskoura",
        "ICE 001532087000077", "Réf. INT-CAS-04-2026-00463 — Arrêt ligne : sertisseuse SR-02",
        "Réf. INT-CAS-04-2026-00451 du 10/11/2026 — Vidange groupe hydraulique",
        f"Main-d’œuvre, dépannage mécanique 4,5 h 320,00 20{FINE}% 1{FINE}440,00",
        f"Roulement 6308-C3 2 215,00 20{FINE}% 430,00",
        f"Déplacement Casablanca – Bouskoura 46 km 4,50 10{FINE}% 207,00",
        f"10{FINE}% 207,00 20,70", f"20{FINE}% 3{FINE}110,00 622,00", f"Total 3{FINE}317,00 642,70",
        f"Total HT 3{FINE}317,00", f"Total TTC 3{FINE}959,70", "Droit de timbre 10,00",
        f"Retenue à la source TVA 75{FINE}% \u2212638,70", f"Net à payer MAD 3{FINE}331,00",
        "trois mille neuf cent quatre-vingt-sept dirhams et soixante-dix centimes", "page 1 / 1",
        f"SARL au capital de 2{FINE}000{FINE}000,00 MAD · ICE 001928374000010",
    ):  # fmt: skip
        assert words in text, words
    assert "PROV" not in text
    assert "eport" not in text


def test_a_draft_is_marked_and_a_credit_note_says_what_it_corrects() -> None:
    draft = invoice(numero="PROV-CAS-04-00012", brouillon=True)
    credit = invoice(
        numero="AV-2026-000017", type="avoir", origine=("FAC-2026-001342", invoice().jour), remise=Decimal(683),
        remise_pct=Decimal("17.075"), delai_jours=None, echeance=None,
    )  # fmt: skip
    pdf = facture.composer([draft, credit])
    first, second = pages(pdf)
    assert [line for line in text_of(pdf).splitlines() if "PROV" in line] == [
        "N° PROV-CAS-04-00012", "Rappeler la référence PROV-CAS-04-00012", "PROV",
    ]  # fmt: skip
    assert {"Projet de facture", "N° PROV-CAS-04-00012"} <= set(first)
    assert {"Avoir", "N° AV-2026-000017", "Facture corrigée FAC-2026-001342 du 17/11/2026"} <= set(second)
    assert "Arrêté le présent avoir à la somme de, toutes taxes comprises :" in second
    assert f"Net à votre crédit MAD 3{FINE}959,70" in second
    assert f"Remise 17,075{FINE}% \u2212683,00" in second
    assert {"PROV", "Échéance"} & set(second) == set()
    assert all(any(x.endswith("page 1 / 1") for x in page) for page in (first, second))


def test_two_hundred_lines_carry_their_total_from_page_to_page() -> None:
    # Cents that add up, and a title between two lines.
    many = Lot([line(f"Pièce {n:03d}", "1", f"{100 + n}.{n % 100:02d}") for n in range(1, 201)], WORK.titre)
    others = invoice([WORK])
    amounts = {x.designation: x.montant for x in many.lignes}
    total = sum(amounts.values(), Decimal(0))
    found = pages(facture.composer([others, invoice([many, OIL]), others]))
    long, so_far = found[1:-1], Decimal(0)
    for place, page in enumerate(long):
        text = "\n".join(page)
        if OIL.lignes[0].designation in text:
            break
        assert page[5:7] == ["Désignation Quantité P.U. HT TVA Montant HT", f"Report {_figure(so_far)}"] or not place
        so_far += sum((montant for name, montant in amounts.items() if name in text), Decimal(0))
        assert f"À reporter {_figure(so_far)}" in page
    assert place == 5
    assert f"Report {_figure(so_far)}" in long[place]
    assert sum((montant for name, montant in amounts.items() if name in "\n".join(long[place])), so_far) == total
    last = "\n".join(x for page in long[place:] for x in page)
    assert f"Total HT {_figure(total + OIL.lignes[0].montant)}" in last
    assert "À reporter" not in last
    assert "eport" not in "\n".join(found[0] + found[-1])
    assert [page[-1].split(" page ")[1] for page in long] == [f"{n} / {len(long)}" for n in range(1, len(long) + 1)]
    arabic = pages(facture.composer([invoice([many])], "ar"))
    so_far = Decimal(0)
    for page, after in pairwise(arabic[:6]):
        so_far += sum((montant for name, montant in amounts.items() if _said(name, page)), Decimal(0))
        assert _figure(so_far) in "\n".join(page)
        assert _figure(so_far) in "\n".join(after)


def _said(name: str, page: list[str]) -> bool:
    """Words of a line from right to left come out the other way round."""
    return any(name in line or " ".join(reversed(name.split())) in line for line in page)


def _figure(value: Decimal) -> str:
    return f"{value:,.2f}".replace(",", FINE).replace(".", ",")


def test_in_arabic_figures_phones_and_references_keep_their_order() -> None:
    text = text_of(facture.composer([invoice()], "ar"))
    for words in (
        "فاتورة", "FAC-2026-001342", "17/11/2026", f"1{FINE}440,00", f"3{FINE}959,70", "001532087000077",
        f"+212{FINE}5{FINE}22{FINE}00{FINE}00{FINE}00", "INT-CAS-04-2026-00463", "6308-C3",
        f"20{FINE}%", *["ثلاثة", "آلاف", "وتسعمائة", "وتسعة", "وخمسون", "درهما", "وسبعون", "سنتيما"],
    ):  # fmt: skip
        assert words in text, words
    assert "dirhams" not in text


def test_a_hostile_name_is_only_a_name() -> None:
    name = '#eval("1") $x$ *gras* <b> \\ @ref // " \u202e fin'
    page = pages(facture.composer([invoice([Lot([line(name, "1", "5")])])]))[0]
    assert any('#eval("1") $x$ *gras* <b> \\ @ref // "' in x for x in page)
