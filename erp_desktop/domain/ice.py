"""Identifiant commun de l'entreprise: 15 digits as text, the whole number modulo 97 is 0."""

from __future__ import annotations

from stdnum.ma import ice as _ice


def normaliser(texte: str) -> str:
    """Digits only, leading zeros kept.

    Raises:
        ValueError: not 15 digits.
    """
    chiffres = "".join(c for c in texte if not c.isspace() and c not in ".-/")
    if len(chiffres) != 15 or not (chiffres.isascii() and chiffres.isdigit()):
        raise ValueError("L'ICE compte 15 chiffres.")
    return chiffres


def avertissement(ice: str | None) -> str | None:
    """A French warning when the check digits of a well-formed ICE do not agree; saving stays possible."""
    if not ice or _ice.is_valid(ice):
        return None
    return "La clé de cet ICE n'est pas cohérente : vérifiez les chiffres."
