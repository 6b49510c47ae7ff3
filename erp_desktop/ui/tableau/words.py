"""How the dashboard writes figures, and the filters that show the rows behind them."""

from __future__ import annotations

from datetime import datetime

from babel.numbers import format_decimal

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite
from erp_desktop.domain.rapports.figures import BY_KEY, Unit
from erp_desktop.reports.managers.dashboard import Age, Tile
from erp_desktop.reports.managers.decisions import SAID, Decision
from erp_desktop.reports.managers.rows import day
from erp_desktop.reports.presentation import FINE, VIDE, entier, heures
from erp_desktop.ui.kit.i18n import apart, isolate, language, number, tr
from erp_desktop.ui.wording import value_labels

MINUS = "−"


def _decimal(value: float) -> str:
    return str(format_decimal(value, format="#,##0.0", locale="fr")).replace("-", MINUS)


def percent(value: float, places: int = 1) -> str:
    return f"{_decimal(value) if places else entier(round(value))}{FINE}%"


def gap(value: float) -> str:
    """``+1,8``."""
    return f"{'+' if value > 0 else MINUS if value < 0 else '±'}{_decimal(abs(value))}"


def seconds(value: float) -> str:
    return _decimal(max(value, 0.1))


def hours(seconds: float | None) -> str:
    """Whole hours from a hundred on, else with one decimal."""
    return VIDE if seconds is None else heures(seconds).replace("-", MINUS)


def figure(unit: Unit, number: float | None) -> tuple[str, str]:
    """The number as written, and its unit."""
    if number is None:
        return VIDE, ""
    if unit is Unit.PERCENT:
        return _decimal(number), "%"
    if unit is Unit.MINUTES:
        whole, rest = divmod(round(abs(number)), 60)
        sign = MINUS if number < 0 else ""
        if whole and language() == "ar":
            return f"{sign}{entier(whole)}:{rest:02}", tr("h")
        return (f"{sign}{entier(whole)}{FINE}h{FINE}{rest:02}", "") if whole else (f"{sign}{rest}", tr("min"))
    if unit is Unit.SECONDS:
        return hours(number), tr("h")
    if unit is Unit.NOTE:
        return _decimal(number), tr("/ 5")
    return entier(round(number)).replace("-", MINUS), ""


def change(tile: Tile) -> str:
    """``+1,8 pt``; empty when the period before says nothing."""
    gap = tile.change
    if gap is None:
        return ""
    words, unit = figure(BY_KEY[tile.figure].unite, abs(gap))
    sign = "+" if gap > 0 else MINUS if gap < 0 else "±"
    unit = {"%": tr("pt"), tr("/ 5"): ""}.get(unit, unit)
    return f"{isolate(sign + words)}{FINE}{unit}".rstrip(FINE)


def target(tile: Tile) -> str:
    if tile.target is None:
        return ""
    known = BY_KEY[tile.figure]
    words, unit = figure(known.unite, tile.target)
    if unit == "%":
        words = words.removesuffix(",0")
    sign = "≤ " if known.sens < 0 else "≥ "
    unit = "" if known.unite is Unit.NOTE else unit
    if unit == "%":
        return tr("cible {valeur}", valeur=isolate(f"{sign}{words}{FINE}%"))
    # The unit may be an Arabic word: it stands after the figure, on the side where that is.
    return tr("cible {valeur}", valeur=f"{isolate(sign + words)}{FINE}{unit}".rstrip(FINE))


def tone(gap: float | None, sens: int) -> str:
    """By what it means, not by its direction."""
    if not gap or not sens:
        return "text.tertiary"
    return "semantic.success.text" if gap * sens > 0 else "semantic.warning.text"


def age(one: Age) -> str:
    if one.most is None:
        return tr("> {n} j", n=isolate(str(one.least - 1)))
    return tr("{jours} j", jours=isolate(f"{one.least}–{one.most}"))


def priorities() -> list[tuple[str, str]]:
    return [(value, value_labels.label(Priorite, value)) for value in map(str, Priorite)]


# What waits for a decision

ICONS = {
    "retard": ("warning-octagon", "danger"), "proche": ("clock", "warning"), "sans_technicien": ("users", "warning"),
    "muette": ("wifi-slash", "warning"), "conflits": ("git-merge", "danger"),
    "factures": ("receipt", "warning"), "stock": ("package", "warning"),
    "quota": ("gauge", "warning"), "contrats": ("calendar", "info"),
}  # fmt: skip


def decision(one: Decision, now: datetime) -> tuple[str, str]:
    """What to decide, and an example."""
    single, n = one.count == 1, number(one.count)
    one_of, many = SAID[one.kind]
    title = tr(one_of) if single else tr(many, n=n)
    return title, _example(one, now)


def _example(one: Decision, now: datetime) -> str:
    if one.when is None:
        return one.example
    left = round((one.when - now).total_seconds() / 60)
    # A name of other letters would otherwise say in which direction the whole reads.
    who = apart(one.example)
    if one.kind == "retard":
        return tr("dépassé de {duree} : {titre}", titre=who, duree=value_labels.remaining(-left).lstrip("+"))
    if one.kind in ("proche", "sans_technicien"):
        said = value_labels.remaining(abs(left)).lstrip("+")
        late = tr("dépassé de {duree} : {titre}", titre=who, duree=said)
        return late if left < 0 else tr("reste {duree} : {titre}", titre=who, duree=said)
    if one.kind == "muette":
        return tr("{qui}, dernier échange {quand}", qui=who, quand=value_labels.freshness(one.when))
    if one.kind == "conflits":
        return tr("le plus ancien est arrivé {quand}", quand=value_labels.happened(one.when))
    until = isolate(day(clock.local(one.when).date()))
    if one.kind == "factures":
        return tr("due le {jour}, {qui}", qui=who, jour=until)
    return tr("fin le {jour}, {qui}", qui=who, jour=until)
