"""Numbers of interventions: ``INT-{agence}-{poste:02d}-{year}-{sequence:05d}``, final at once, never reused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from erp_desktop import clock

_FORME = re.compile(r"INT-([A-Z]{3,5})-(\d{2,6})-(\d{4})-(\d{5,})")
_COURT = re.compile(r"(\d{2,6})-(?:(\d{4})-)?(\d{5,})")


@dataclass(frozen=True, slots=True)
class Numero:
    agence: str
    poste: int
    annee: int
    sequence: int

    def __str__(self) -> str:
        return f"{prefixe(self.agence, self.poste, self.annee)}{self.sequence:05d}"

    @property
    def court(self) -> str:
        """``04-00487``: what a branch says aloud within one year; ``04-2025-00487`` of another than this one."""
        year = "" if self.annee == clock.today().year else f"{self.annee}-"
        return f"{self.poste:02d}-{year}{self.sequence:05d}"


def prefixe(agence: str, poste: int, annee: int) -> str:
    """Everything before the sequence, final hyphen included."""
    return f"INT-{agence}-{poste:02d}-{annee}-"


def lire(texte: str) -> Numero | None:
    """The parts of a full number, or None when the text is not one."""
    trouve = _FORME.fullmatch(texte.strip().upper())
    if trouve is None:
        return None
    agence, poste, annee, sequence = trouve.groups()
    return Numero(agence, int(poste), int(annee), int(sequence))


def court(numero: str) -> str:
    """Short form of a full number; any other text is returned as it is."""
    lu = lire(numero)
    return lu.court if lu else numero


def fragments(texte: str) -> tuple[str, ...] | None:
    """Pieces that a number must hold, in order, for a short form: ``04-00487`` → ``("-04-", "-00487")``."""
    trouve = _COURT.fullmatch(texte.strip())
    if trouve is None:
        return None
    poste, annee, sequence = trouve.groups()
    return (f"-{poste}-", f"{annee}-{sequence}") if annee else (f"-{poste}-", f"-{sequence}")


_SUITE = re.compile(r"(?:(?:int-)?([a-z]{3,5})-)?(?:(\d{1,6})[-/ ])?(?:(\d{4})[-/ ])?(\d{1,8})", re.IGNORECASE)


def motif(texte: str) -> str | None:
    """LIKE pattern of the numbers that somebody may mean: ``487``, ``4-487``, ``04/2026/00487``, ``CAS-04-2026-487``.

    A lone group of four figures before the last is a year when it looks like one. None when it is not a number.
    """
    trouve = _SUITE.fullmatch(texte.strip())
    if trouve is None:
        return None
    agence, poste, annee, suite = trouve.groups()
    if poste and annee is None and re.fullmatch(r"20\d\d", poste):
        poste, annee = None, poste
    return "-".join(
        ["INT", agence.upper() if agence else "%", f"{int(poste):02d}" if poste else "%", annee or "%",
         f"{int(suite):05d}"]
    )  # fmt: skip
