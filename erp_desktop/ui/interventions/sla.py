"""How a deadline is said and drawn."""

from __future__ import annotations

from typing import Any

from erp_desktop import clock
from erp_desktop.services.shared.clocks import Due
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels


def sla_words(state: str, left: int | None) -> str:
    """``0 h 28``, ``+0 h 45``, ``en pause``, ``tenu`` or a dash."""
    if state == "paused":
        return tr("en pause")
    if state == "tenu":
        return tr("tenu")
    return value_labels.remaining(left, late=state == "late") if state != "none" else value_labels.NONE


def next_sla(row: Any) -> tuple[str, float, str]:
    """State, share left and words of what is due next: that work begins, where its contract says so, then its end.

    The first is named, since the list beside says the second.
    """
    due = row.prise.ou(row.sla_etat, row.sla_reste_min, row.date_limite)
    words, runs = sla_words(due.etat, due.reste_min), due.etat in ("ok", "soon")
    if row.prise.attendue:
        words = tr("début dans {duree}", duree=words) if runs else tr("début {reste}", reste=words)
    elif runs:
        words = tr("reste {duree}", duree=words)
    return due.etat, due.part(row.date_creation, clock.now()), words


def deadline(row: Any) -> tuple[str, float, str]:
    """State, share left and words of the end that is due: what a list sorts and filters by."""
    due = Due(row.sla_etat, row.sla_reste_min, row.date_limite)
    return due.etat, due.part(row.date_creation, clock.now()), sla_words(due.etat, due.reste_min)


def sla_told(row: Any) -> str:
    """The words of the cell; of a row that is to begin by an instant of its own, both delays by name."""
    due = sla_words(row.sla_etat, row.sla_reste_min)
    if not row.prise.attendue:
        return due
    begun = sla_words(row.prise.etat, row.prise.reste_min)
    return tr("Prise en charge : {debut} · Résolution : {fin}", debut=begun, fin=due)


def begun_words(row: Any) -> str:
    """``29/11/2026 10:30 · reste 0 h 20``, or what became of it."""
    prise = row.prise
    if prise.limite is None:
        return value_labels.NONE
    told = {"tenu": tr("tenu"), "late": sla_words("late", prise.reste_min)}.get(
        prise.etat, tr("reste {duree}", duree=value_labels.remaining(prise.reste_min)) if prise.attendue else ""
    )
    when = value_labels.instant(prise.limite, year=True)
    return f"{when} · {told}" if told else when
