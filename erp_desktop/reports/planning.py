"""The week of an agency on paper, A3 or A4; the words come from whoever prints, in their language."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from erp_desktop.reports import palette
from erp_desktop.reports.papier import composer, lire_modele

PAPERS = ("a4", "a3")


def week(data: dict[str, Any], paper: str) -> bytes:
    """The PDF of a week.

    Args:
        data: ``titre``, ``agence``, ``legende``, ``fraicheur``, ``langue``, ``techniciens`` (the head of the first
            column), ``jours`` (``nom``, ``note``), ``fermes``, ``largeurs``, and ``lignes``: ``nom``, ``detail``,
            ``charge``, ``jours`` with ``absences`` and ``cartes`` (``heures``, ``titre``, ``client``, ``fond``,
            ``bord``, ``alerte``).
        paper: one of :data:`PAPERS`.
    """
    paint = palette.claire()
    colours = {name: v for name, v in asdict(paint).items() if not isinstance(v, dict)} | {"alerte": paint.cible}
    return composer(lire_modele("planning_semaine"), {**data, "papier": paper, "couleurs": colours})
