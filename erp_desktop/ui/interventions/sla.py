"""How a deadline is said and drawn."""

from __future__ import annotations

from typing import Any

from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels


def sla_words(state: str, left: int | None) -> str:
    """``0 h 28``, ``+0 h 45``, ``en pause``, ``tenu`` or a dash."""
    if state == "paused":
        return tr("en pause")
    if state == "tenu":
        return tr("tenu")
    return value_labels.remaining(left) if state != "none" else value_labels.NONE


def sla_share(row: Any) -> float:
    """Part of the delay between creation and deadline that is left, 0 to 1."""
    if row.sla_reste_min is None or row.date_limite is None or row.date_creation is None:
        return 0.0
    whole = (row.date_limite - row.date_creation).total_seconds() / 60
    return max(0.0, min(1.0, row.sla_reste_min / whole)) if whole > 0 else 0.0
