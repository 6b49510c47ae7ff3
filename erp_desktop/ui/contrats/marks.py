"""How the state, the end and the quota of a contract are said and drawn."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics, QPainter

from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.writing import bidi
from erp_desktop.services.contrats import ContratLigne
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import isolate, language, number, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels as labels

PILLS = {"brouillon": "ouverte", "en_cours": "cloturee", "suspendu": "en_attente", "expire": "archivee",
         "resilie": "annulee"}  # fmt: skip
"""State of a contract → the mark of the kit that looks like it."""


TONES = {cycle.Presse.PROCHE: "warning", cycle.Presse.URGENT: "danger"}
"""How near an end is → the tint that says so beside its days."""


def nearness(row: ContratLigne) -> cycle.Presse | None:
    """Of what runs; what was ended, or is not begun, comes to no end."""
    return cycle.presse(row.jours) if row.rappel is not None else None


def end(row: ContratLigne) -> str:
    """``31/12/2026 · 44 j`` once the end comes near, else the day."""
    words = labels.day(row.date_fin)
    if nearness(row) is None:
        return words
    return f"{isolate(words)} · {_left(row)}"


def _left(row: ContratLigne) -> str:
    return tr("{n} j", n=isolate(number(row.jours or 0)))


def draw_end(painter: QPainter, rect: QRect, row: ContratLigne, rtl: bool) -> None:
    """The day, and what is left until it on a tint: amber, then red."""
    look, words, near = theme(), labels.day(row.date_fin), nearness(row)
    font = look.font("body", tabular=True)
    paint.text(painter, rect, words, rtl=rtl, font=font, colour=look.color("text.secondary"))
    if near is not None:
        wide = QFontMetrics(font).horizontalAdvance(words) + 7
        room = paint.visual(rtl, rect, rect.adjusted(wide, 0, 0, 0))
        paint.badge(painter, room, _left(row), TONES[near], rtl=rtl)


def used(part: str, whole: int) -> str:
    """``45 / 63``: what is used up comes first from the side on which the window is read, of jobs as of hours."""
    mark = bidi.RLM if theme().rtl else ""
    return f"{mark}{isolate(part)} / {isolate(number(whole))}"


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
