"""Labels of parts with a QR of the code that a scanner reads, three by seven on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import segno

from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import engine
from erp_desktop.services.stock.parts import PartCard

TEMPLATE = "etiquettes"


def composer(parts: Sequence[PartCard], langue: str = "fr") -> bytes:
    """The PDF of one label for each part."""
    return engine.pdf(TEMPLATE, donnees(parts, langue))


def images(parts: Sequence[PartCard], langue: str, ppp: float) -> list[bytes]:
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(parts, langue), ppp)


def donnees(parts: Sequence[PartCard], langue: str) -> dict[str, Any]:
    """What the template prints; the code is the barcode where there is one, else the reference."""
    return {
        "titre": "Étiquettes", "langue": langue,
        "etiquettes": [
            {
                "qr": segno.make(p.code_barres or p.reference, error="m", micro=False).svg_inline(
                    border=0, omitsize=True
                ),
                "reference": bidi.isoler(p.reference), "designation": p.designation,
                "emplacement": bidi.isoler(p.emplacement or ""), "code": bidi.isoler(p.code_barres or ""),
            }
            for p in parts
        ],
    }  # fmt: skip
