"""UBL 2.1: every document is judged by OASIS's own schema, and its amounts add up as a receiver will add them."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from erp_desktop.domain.argent import arrondir
from erp_desktop.errors import UserError
from erp_desktop.reports.papers.facture import FactureImprimee, LigneImprimee, Lot, RetenueImprimee, Taxe
from erp_desktop.reports.ubl import FileDrop, write
from tests.reports.papers.invoices import CLIENT, ISSUER, OIL, invoice, line
from tests.reports.ubl.schemas import judged, schema

UUID = "0d4a2c5e-6a44-4f0b-9f6e-0f6a8f0f5a11"
NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def said(root: etree._Element, path: str) -> list[str]:
    return [str(x.text) for x in root.findall(path, NAMES)]


def amount(root: etree._Element, path: str) -> Decimal:
    return sum((Decimal(x) for x in said(root, path)), Decimal(0))


def test_an_invoice_says_what_its_paper_says() -> None:
    kept = invoice(retenues=[RetenueImprimee("tva", Decimal(75), Decimal("482.03"))], acompte=Decimal(500), uuid=UUID)
    root = judged(write(kept))
    for path, value in (
        ("cbc:ID", "FAC-2026-001342"), ("cbc:UUID", UUID),
        ("cbc:IssueDate", "2026-11-17"), ("cbc:DueDate", "2027-01-16"), ("cbc:InvoiceTypeCode", "380"),
        ("cbc:DocumentCurrencyCode", "MAD"), ("cac:OrderReference/cbc:ID", "BC 2026/4471"),
        ("cac:ContractDocumentReference/cbc:ID", "CTR-CAS-04-2025-0117"),
        ("cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID", "001928374000010"),
        ("cac:AccountingCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID", "001532087000077"),
        ("cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName", "Conserveries Atlas SA"),
        ("cac:PaymentMeans/cbc:PaymentMeansCode", "30"),
        ("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID", "000 000 0000000000000000 00"),
        ("cac:TaxTotal/cbc:TaxAmount", "642.70"), ("cac:WithholdingTaxTotal/cbc:TaxAmount", "482.03"),
        ("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount", "3317.00"),
        ("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", "3959.70"),
        ("cac:LegalMonetaryTotal/cbc:PrepaidAmount", "500.00"),
        ("cac:LegalMonetaryTotal/cbc:PayableAmount", "3459.70"),
    ):  # fmt: skip
        assert said(root, path) == [value], path
    assert said(root, "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount") == ["207.00", "3110.00"]
    lines = root.findall("cac:InvoiceLine", NAMES)
    assert [x.findtext("cac:Item/cbc:Name", namespaces=NAMES) for x in lines][1] == "Roulement 6308-C3"
    quantities = [x.find("cbc:InvoicedQuantity", NAMES) for x in lines]
    assert [(q.get("unitCode"), q.text) for q in quantities if q is not None] == [
        ("HUR", "4.5"), ("C62", "2"), ("KMT", "46"), ("C62", "1"),
    ]  # fmt: skip


def test_a_credit_note_names_the_invoice_that_it_corrects() -> None:
    note = invoice(
        [OIL], type="avoir", numero="AV-2026-000017", origine=("FAC-2026-001342", invoice().jour), echeance=None,
        retenues=[RetenueImprimee("is", Decimal(5), Decimal(10))],
    )  # fmt: skip
    root = judged(write(note))
    assert etree.QName(root).localname == "CreditNote"
    assert said(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == ["FAC-2026-001342"]
    assert said(root, "cbc:CreditNoteTypeCode") == ["381"]
    assert amount(root, "cac:CreditNoteLine/cbc:LineExtensionAmount") == Decimal("1240.00")


def test_the_schema_is_a_judge() -> None:
    for good, bad in ((b"2026-11-17", b"17/11/2026"), (b"cbc:DueDate", b"cbc:DuDate")):
        root = etree.fromstring(write(invoice()).replace(good, bad))
        assert not schema("Invoice").validate(root)


def test_a_draft_is_not_exported() -> None:
    with pytest.raises(UserError, match="validé"):
        write(invoice(brouillon=True))


def _random(choice: random.Random) -> FactureImprimee:
    """Any mix of rates, units, discounts, hostile words and missing fields, as the engine rounds them."""
    discount = choice.choice([Decimal(0), Decimal(5), Decimal("17.075")])
    lots: list[Lot] = []
    bases: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for n in range(choice.randint(1, 4)):
        lines = []
        for _ in range(choice.randint(1, 6)):
            rate = Decimal(choice.choice(["20", "10", "0"]))
            one = line(
                choice.choice(["Pièce", '<a> & "b"', "قطعة \u2066SR-03\u2069", "\x00\x1b mot \ud7ff", "x" * 200]),
                choice.choice(["1", "4.5", "0.333", "-1"]), f"{choice.randint(0, 10**6)}.{choice.randint(0, 99):02d}",
                str(rate), choice.choice(["u", "heure", "km", "Jour", "palette", ""]),
            )  # fmt: skip
            off = Decimal(choice.choice([0, 0, 10]))
            amount_ = arrondir(one.quantite * one.prix_unitaire * (100 - off) / 100)
            why = "Exonérée, article 92" if not rate else ""
            lines.append(
                LigneImprimee(one.designation, one.quantite, one.prix_unitaire, rate, amount_, one.unite, off, why)
            )
            net = arrondir(amount_ * (100 - discount) / 100)
            base, tax = bases.get(rate, (Decimal(0), Decimal(0)))
            bases[rate] = (base + net, tax + arrondir(net * rate / 100))
        lots.append(Lot(lines, choice.choice(["", f"Réf. {n} \x07"])))
    taxes = [Taxe(rate, *bases[rate], "" if rate else "Exonérée, article 92") for rate in sorted(bases)]
    ht, tva = sum((t.base for t in taxes), Decimal(0)), sum((t.montant for t in taxes), Decimal(0))
    kind = choice.choice(["facture", "avoir"])
    return FactureImprimee(
        "FAC-2026-000001", CLIENT, lots, taxes, ht, tva, ht + tva, "un dirham", kind, jour=invoice().jour,
        emetteur=ISSUER, remise_pct=discount, timbre=choice.choice([Decimal(0), Decimal("12.50")]),
        reglement=choice.choice(["", "virement", "cheque", "effet", "especes", "carte"]),
        origine=("FAC-1", None) if kind == "avoir" else None, notes=choice.choice(["", "ligne\nligne \x0b"]),
        commande=choice.choice(["", "BC\x00 1", "\x01"]), acompte=choice.choice([Decimal(0), Decimal(100)]),
        echeance=choice.choice([None, invoice().echeance]), delai_jours=choice.choice([None, 60]),
    )  # fmt: skip


def test_any_document_is_taken_by_the_schema_and_adds_up() -> None:
    choice = random.Random(20261128)
    for _ in range(200):
        document = _random(choice)
        root = judged(write(document))
        total = "cac:LegalMonetaryTotal/cbc:"
        lines = amount(root, "{*}InvoiceLine/cbc:LineExtensionAmount") + amount(
            root, "{*}CreditNoteLine/cbc:LineExtensionAmount"
        )
        off = sum(
            (
                Decimal(str(a.findtext("cbc:Amount", namespaces=NAMES)))
                * (1 if a.findtext("cbc:ChargeIndicator", namespaces=NAMES) == "true" else -1)
                for a in root.findall("cac:AllowanceCharge", NAMES)
            ),
            Decimal(0),
        )
        assert amount(root, f"{total}LineExtensionAmount") == lines
        assert amount(root, f"{total}TaxExclusiveAmount") == lines + off
        taxes = amount(root, "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount")
        assert amount(root, "cac:TaxTotal/cbc:TaxAmount") == taxes == document.total_tva
        assert amount(root, f"{total}TaxInclusiveAmount") == lines + off + taxes
        assert amount(root, f"{total}PayableAmount") == lines + off + taxes - document.acompte


def test_a_folder_receives_a_document_whole(tmp_path: Path) -> None:
    content = write(invoice())
    drop = FileDrop(tmp_path)
    for _ in range(2):
        receipt = drop.send("FAC/2026 001342", content)
        assert [p.name for p in tmp_path.iterdir()] == ["FAC-2026-001342.xml"]
        assert (Path(receipt.place).read_bytes(), receipt.bytes) == (content, len(content))
    with pytest.raises(UserError, match="Impossible d’écrire"):
        FileDrop(tmp_path / "absent").send("FAC-1", content)
