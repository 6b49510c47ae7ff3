"""How the state, the end and the quota of a contract are said and drawn."""

from __future__ import annotations

from erp_desktop.ui.kit.i18n import isolate, language, number, tr
from erp_desktop.ui.wording import value_labels as labels

PILLS = {"brouillon": "ouverte", "en_cours": "cloturee", "suspendu": "en_attente", "expire": "archivee",
         "resilie": "annulee"}  # fmt: skip
"""State of a contract → the mark of the kit that looks like it."""


def end(day: object, days: int | None, near: int | None) -> str:
    """``31/12/2026 · 44 j`` once the renewal is called for, else the day."""
    words = labels.day(day)  # type: ignore[arg-type]
    if near is None or days is None:
        return words
    return f"{isolate(words)} · {tr('{n} j', n=isolate(number(days)))}"


def share(part: int | None) -> str:
    return labels.NONE if part is None else isolate(f"{number(part)} %")


def quota(part: int | None, alert: int) -> tuple[str, float] | None:
    """What the painter of bars needs: full and red beyond the quota, amber near its end."""
    if part is None:
        return None
    return "late" if part > 100 else "soon" if part >= alert else "ok", min(part, 100) / 100


def hours(minutes: int) -> str:
    """``12 h 30`` of work, never broken across lines."""
    whole, rest = divmod(minutes, 60)
    if language() == "ar":
        return f"{isolate(f'{whole}:{rest:02d}')}\u00a0{tr('h')}"
    words = f"{number(whole)}\u00a0{tr('h')}"
    return f"{words}\u00a0{rest:02d}" if rest else words
