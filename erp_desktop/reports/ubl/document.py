"""A validated invoice or credit note as UBL 2.1: what its paper prints, in the elements and the order of the schema.

Amounts are those that were frozen; nothing is computed here but what the schema wants said apart: the document's
discount for each rate. Morocco has named no profile yet, so no ``CustomizationID`` is claimed; identifiers carry
their own scheme (``ICE``, ``IF``, ``RC``).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import Decimal

from erp_desktop.domain.enums import ModePaiement, TypeFacture
from erp_desktop.domain.writing import bidi
from erp_desktop.errors import UserError
from erp_desktop.reports.papers.facture import FactureImprimee, LigneImprimee, Partie
from erp_desktop.services.shared.letterhead import Letterhead

CURRENCY = "MAD"
_OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC, _CBC = f"{_OASIS}CommonAggregateComponents-2", f"{_OASIS}CommonBasicComponents-2"
_KINDS = {TypeFacture.FACTURE.value: ("Invoice", "380"), TypeFacture.AVOIR.value: ("CreditNote", "381")}
_MEANS = {
    ModePaiement.VIREMENT.value: "30", ModePaiement.CHEQUE.value: "20", ModePaiement.EFFET.value: "60",
    ModePaiement.ESPECES.value: "10", ModePaiement.CARTE.value: "48",
}  # fmt: skip
"""UN/CEFACT 4461."""
_UNITS = {
    "heure": "HUR", "h": "HUR", "km": "KMT", "jour": "DAY", "mois": "MON", "m": "MTR", "l": "LTR", "kg": "KGM",
}  # fmt: skip
"""UN/ECE recommendation 20; what is none of them is counted in pieces."""
_PIECE = "C62"
_WITHHELD = {"tva": "RAS TVA", "is": "RAS IS"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DRAFT = "Un projet n'a pas de numéro légal : il ne s'exporte qu'une fois validé."


def write(facture: FactureImprimee) -> bytes:
    """The XML of a validated document.

    Raises:
        UserError: a draft.
    """
    if facture.brouillon or facture.jour is None:
        raise UserError(DRAFT)
    kind, code = _KINDS[str(facture.type)]
    ET.register_namespace("", f"{_OASIS}{kind}-2")
    ET.register_namespace("cac", _CAC)
    ET.register_namespace("cbc", _CBC)
    root = ET.Element(f"{{{_OASIS}{kind}-2}}{kind}")
    _head(root, facture, code)
    _references(root, facture)
    _party(_cac(root, "AccountingSupplierParty"), _seller(facture), facture.emetteur.entete)
    _party(_cac(root, "AccountingCustomerParty"), facture.client, None)
    _payment(root, facture)
    for allowance in _discounts(facture):
        _allowance(root, *allowance)
    if facture.timbre:
        _allowance(root, facture.timbre, Decimal(0), "", "Droit de timbre", charge=True)
    _taxes(root, facture)
    _totals(root, facture)
    _lines(root, facture)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _text(value: str) -> str:
    return _NOT_XML.sub("", bidi.nu(value)).strip()


def _cac(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{_CAC}}}{name}")


def _cbc(parent: ET.Element, name: str, value: object, **attributes: str) -> None:
    text = _text(str(value))
    if text:
        ET.SubElement(parent, f"{{{_CBC}}}{name}", attributes).text = text


def _money(parent: ET.Element, name: str, value: Decimal) -> None:
    _cbc(parent, name, f"{value:.2f}", currencyID=CURRENCY)


def _head(root: ET.Element, f: FactureImprimee, code: str) -> None:
    credit = f.type == TypeFacture.AVOIR
    _cbc(root, "UBLVersionID", "2.1")
    _cbc(root, "ID", f.numero)
    _cbc(root, "UUID", f.uuid)
    _cbc(root, "IssueDate", f.jour)
    if not credit:
        _cbc(root, "DueDate", f.echeance or "")
        _cbc(root, "InvoiceTypeCode", code)
    else:
        _cbc(root, "TaxPointDate", f.date_operation or "")
        _cbc(root, "CreditNoteTypeCode", code)
    _cbc(root, "Note", f.notes)
    _cbc(root, "Note", f.en_lettres, languageID="fr")
    if not credit:
        _cbc(root, "TaxPointDate", f.date_operation or "")
    _cbc(root, "DocumentCurrencyCode", CURRENCY)


def _references(root: ET.Element, f: FactureImprimee) -> None:
    if _text(f.commande):
        _cbc(_cac(root, "OrderReference"), "ID", f.commande)
    if f.origine is not None:
        corrected = _cac(_cac(root, "BillingReference"), "InvoiceDocumentReference")
        _cbc(corrected, "ID", f.origine[0])
        _cbc(corrected, "IssueDate", f.origine[1] or "")
    if _text(f.contrat):
        _cbc(_cac(root, "ContractDocumentReference"), "ID", f.contrat)


def _seller(f: FactureImprimee) -> Partie:
    own, agency = f.emetteur.entete, f.emetteur.agence
    return Partie(own.raison_sociale, own.adresse or agency.adresse, own.ville or agency.ville, own.ice or "",
                  own.identifiant_fiscal or "")  # fmt: skip


def _party(parent: ET.Element, who: Partie, head: Letterhead | None) -> None:
    party = _cac(parent, "Party")
    if _text(who.ice):
        _cbc(_cac(party, "PartyIdentification"), "ID", who.ice, schemeID="ICE")
    if _text(who.nom):
        _cbc(_cac(party, "PartyName"), "Name", who.nom)
    address = _cac(party, "PostalAddress")
    _cbc(address, "StreetName", who.adresse)
    _cbc(address, "CityName", who.ville)
    _cbc(_cac(address, "Country"), "IdentificationCode", "MA")
    if _text(who.identifiant_fiscal):
        tax = _cac(party, "PartyTaxScheme")
        _cbc(tax, "CompanyID", who.identifiant_fiscal, schemeID="IF")
        _cbc(_cac(tax, "TaxScheme"), "ID", "VAT")
    legal = _cac(party, "PartyLegalEntity")
    _cbc(legal, "RegistrationName", who.nom)
    if head is not None:
        _cbc(legal, "CompanyID", head.registre_commerce or "", schemeID="RC")
        if _text((head.telephone or "") + (head.email or "")):
            contact = _cac(party, "Contact")
            _cbc(contact, "Telephone", head.telephone or "")
            _cbc(contact, "ElectronicMail", head.email or "")


def _payment(root: ET.Element, f: FactureImprimee) -> None:
    if f.reglement in _MEANS:
        means = _cac(root, "PaymentMeans")
        _cbc(means, "PaymentMeansCode", _MEANS[f.reglement])
        _cbc(means, "PaymentID", f.numero)
        rib = f.emetteur.entete.rib
        if rib and f.reglement == ModePaiement.VIREMENT:
            _cbc(_cac(means, "PayeeFinancialAccount"), "ID", rib)
    if f.delai_jours:
        _cbc(_cac(root, "PaymentTerms"), "Note", f"{f.delai_jours} jours", languageID="fr")


def _discounts(f: FactureImprimee) -> Iterator[tuple[Decimal, Decimal, str, str]]:
    """What the document's discount takes off the lines of each rate."""
    for tax in f.taxes:
        lines = sum((x.montant for lot in f.lots for x in lot.lignes if x.taux == tax.taux), Decimal(0))
        if lines != tax.base:
            yield lines - tax.base, tax.taux, tax.exoneration, "Remise"


def _allowance(
    parent: ET.Element, amount: Decimal, rate: Decimal, exemption: str, reason: str, *, charge: bool = False
) -> None:
    element = _cac(parent, "AllowanceCharge")
    _cbc(element, "ChargeIndicator", "true" if charge else "false")
    _cbc(element, "AllowanceChargeReason", reason)
    _money(element, "Amount", amount)
    _category(element, "TaxCategory", rate, exemption, outside=charge)


def _category(parent: ET.Element, name: str, rate: Decimal, exemption: str, *, outside: bool = False) -> None:
    category = _cac(parent, name)
    _cbc(category, "ID", "O" if outside else "S" if rate else "E")
    _cbc(category, "Percent", f"{rate:.2f}")
    _cbc(category, "TaxExemptionReason", "Hors du champ de la TVA" if outside else exemption if not rate else "")
    _cbc(_cac(category, "TaxScheme"), "ID", "VAT")


def _taxes(root: ET.Element, f: FactureImprimee) -> None:
    total = _cac(root, "TaxTotal")
    _money(total, "TaxAmount", f.total_tva)
    for tax in f.taxes:
        part = _cac(total, "TaxSubtotal")
        _money(part, "TaxableAmount", tax.base)
        _money(part, "TaxAmount", tax.montant)
        _category(part, "TaxCategory", tax.taux, tax.exoneration)
    if f.type == TypeFacture.AVOIR:
        # The schema of a credit note has no place for what is withheld.
        return
    for kept in f.retenues:
        withheld = _cac(root, "WithholdingTaxTotal")
        _money(withheld, "TaxAmount", kept.montant)
        part = _cac(withheld, "TaxSubtotal")
        _money(part, "TaxAmount", kept.montant)
        category = _cac(part, "TaxCategory")
        _cbc(category, "Percent", f"{kept.taux:.2f}")
        _cbc(_cac(category, "TaxScheme"), "Name", _WITHHELD[kept.genre])


def _totals(root: ET.Element, f: FactureImprimee) -> None:
    lines = sum((x.montant for lot in f.lots for x in lot.lignes), Decimal(0))
    total = _cac(root, "LegalMonetaryTotal")
    _money(total, "LineExtensionAmount", lines)
    _money(total, "TaxExclusiveAmount", f.total_ht + f.timbre)
    _money(total, "TaxInclusiveAmount", f.total_ttc + f.timbre)
    if lines != f.total_ht:
        _money(total, "AllowanceTotalAmount", lines - f.total_ht)
    if f.timbre:
        _money(total, "ChargeTotalAmount", f.timbre)
    if f.acompte:
        _money(total, "PrepaidAmount", f.acompte)
    _money(total, "PayableAmount", f.total_ttc + f.timbre - f.acompte)


def _lines(root: ET.Element, f: FactureImprimee) -> None:
    credit = f.type == TypeFacture.AVOIR
    rank = 0
    for lot in f.lots:
        for line in lot.lignes:
            rank += 1
            element = _cac(root, "CreditNoteLine" if credit else "InvoiceLine")
            _cbc(element, "ID", rank)
            _cbc(element, "Note", " ".join(filter(None, [lot.reference, lot.titre])))
            _line(element, line, "CreditedQuantity" if credit else "InvoicedQuantity")


def _line(element: ET.Element, line: LigneImprimee, quantity: str) -> None:
    _cbc(element, quantity, f"{line.quantite:f}", unitCode=_UNITS.get(line.unite.lower(), _PIECE))
    _money(element, "LineExtensionAmount", line.montant)
    if line.remise:
        discount = _cac(element, "AllowanceCharge")
        _cbc(discount, "ChargeIndicator", "false")
        _cbc(discount, "AllowanceChargeReason", "Remise")
        _cbc(discount, "MultiplierFactorNumeric", f"{line.remise:f}")
        _money(discount, "Amount", line.quantite * line.prix_unitaire - line.montant)
    item = _cac(element, "Item")
    _cbc(item, "Name", line.designation or "—")
    _category(item, "ClassifiedTaxCategory", line.taux, line.exoneration)
    price = _cac(element, "Price")
    _cbc(price, "PriceAmount", f"{line.prix_unitaire:f}", currencyID=CURRENCY)
