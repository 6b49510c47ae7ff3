"""Telephone numbers: kept as ``+212…`` (E.164), shown as people read them."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import UserError

MAROC = "MA"
_REFUS = "Numéro de téléphone non reconnu : +212 et 9 chiffres (05 fixe, 06 ou 07 mobile)."
_AUTRE = "Numéro de téléphone non reconnu."


def pays(code: str) -> str:
    """A country whose numbers are known, as two capital letters.

    Raises:
        UserError: none of that code.
    """
    if code.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise UserError(f"Pays inconnu : « {code} » (deux lettres, par exemple FR).")
    return code.upper()


def indicatifs() -> dict[str, int]:
    """Country, as two letters → its code, of those whose numbers are known."""
    return {code: phonenumbers.country_code_for_region(code) for code in sorted(phonenumbers.SUPPORTED_REGIONS)}


def normaliser(texte: str, pays: str = MAROC) -> str:
    """E.164 form; a number without country code is of ``pays``, as two letters.

    Raises:
        ValueError: not a possible number.
    """
    refus = _REFUS if pays == MAROC else _AUTRE
    try:
        numero = phonenumbers.parse(visible(texte), pays)
    except NumberParseException:
        raise ValueError(refus) from None
    if numero.country_code == 212:
        national = phonenumbers.national_significant_number(numero)
        if len(national) != 9 or national[0] not in "5678":
            raise ValueError(_REFUS)
    elif not phonenumbers.is_possible_number(numero):
        raise ValueError(refus)
    return phonenumbers.format_number(numero, PhoneNumberFormat.E164)


def afficher(numero: str | None) -> str:
    """``+212 5 22 40 18 76``; a text that is not a number is shown as it is."""
    if not numero:
        return ""
    if numero.startswith("+212") and len(numero) == 13:
        n = numero[4:]
        return f"+212 {n[0]} {n[1:3]} {n[3:5]} {n[5:7]} {n[7:9]}"
    try:
        lu = phonenumbers.parse(numero, "MA")
    except NumberParseException:
        return numero
    return phonenumbers.format_number(lu, PhoneNumberFormat.INTERNATIONAL)
