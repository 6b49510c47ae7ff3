"""The dashboard on paper: what its screen says, written in a language, laid out by typst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from erp_desktop.domain.enums import Priorite
from erp_desktop.domain.rapports.figures import BY_KEY, Unit
from erp_desktop.reports import palette
from erp_desktop.reports.catalogue.ask import Value
from erp_desktop.reports.managers import builder
from erp_desktop.reports.managers.dashboard import OTHERS, Age, Dashboard, Share, Tile
from erp_desktop.reports.managers.decisions import SAID, Decision
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import Words
from erp_desktop.reports.presentation import (
    FINE,
    LIBELLES,
    VIDE,
    duree,
    ecart,
    entier,
    heures,
    instant,
    note,
    pourcent,
)
from erp_desktop.reports.sortie import keep

TEMPLATE = "tableau_de_bord"


def write(board: Dashboard, path: Path, language: str = "fr") -> None:
    """Write ``path`` whole or not at all, in a language of ``translated.LANGUAGES``.

    Raises:
        UserError: the file cannot be written.
    """
    keep(path, engine.pdf(TEMPLATE, data(board, language)))


def data(board: Dashboard, language: str = "fr") -> dict[str, Any]:
    """Everything that the template prints, already written."""
    say, look = Words(language), palette.claire()
    narrowed = [name for key, name in board.named.items() if key != "agence"]
    subject = [say.deep(board.agency), *narrowed, say.period(board.scope.debut, board.scope.fin)]
    dates = {"a": say.moment(instant(board.calcule_a)), "de": say.moment(instant(board.donnees_du))}
    before = say.period(board.before.debut, board.before.fin)
    return {
        "titre": say("Tableau de bord"), "langue": language, "mots": say.templates(),
        "couleurs": {name: v for name, v in asdict(look).items() if not isinstance(v, dict)}
                    | {"neutre": look.discret},
        "sujet": say.kept(("، " if language == "ar" else ", ").join(subject)),
        "fraicheur": say.kept(say("Calculé le {a} sur les données du {de}", **dates)),
        "compare": say.kept(say("Comparé : {periode}", periode=before)),
        "tuiles": [_tile(tile, say) for tile in board.tiles],
        "ages": _ages(board, say, look), "sla": _sla(board, say, look), "codes": _codes(board, say, look),
        "charge": _load(board, say, look), "familles": _families(board, say), "attend": _waiting(board, say),
        "definitions": [[say(BY_KEY[tile.figure].nom), say.kept(builder.meant(BY_KEY[tile.figure], tile.value, say))]
                        for tile in board.tiles],
    }  # fmt: skip


def _size(unit: Unit, number: float) -> str:
    """A figure without its sign; what is counted in seconds is hours, as on the screen."""
    match unit:
        case Unit.PERCENT:
            return pourcent(number)
        case Unit.MINUTES:
            return duree(number)
        case Unit.SECONDS:
            return f"{heures(number)}{FINE}h"
        case Unit.NOTE:
            return note(number)
    return entier(round(number))


def _goal(unit: Unit, number: float) -> str:
    return _size(unit, number).replace(f",0{FINE}%", f"{FINE}%")


def _tile(tile: Tile, say: Words) -> dict[str, str]:
    known, number, moved = BY_KEY[tile.figure], tile.number, tile.change
    value = VIDE if number is None else _size(known.unite, number)
    change = "" if moved is None else ecart(moved, _size(known.unite, abs(moved)).replace("%", say("pt")))
    good = 0 if moved is None else moved * known.sens
    target = ""
    if tile.target is not None:
        sign = "≤ " if known.sens < 0 else "≥ "
        target = say("cible {valeur}", valeur=sign + _goal(known.unite, tile.target))
    return {
        "libelle": say(known.nom), "valeur": say.kept(value),
        "unite": say("/ 5") if known.unite is Unit.NOTE and number is not None else "",
        "ecart": say.kept(change), "suite": "", "ton": "bon" if good > 0 else "mauvais" if good < 0 else "neutre",
        "detail": say(known.limite) if tile.refused else say.kept(target),
    }  # fmt: skip


def _bars(
    title: str, detail: str, lines: Sequence[tuple[str, Sequence[float], str]],
    colours: Sequence[tuple[str, str]], top: float = 0,
) -> dict[str, Any]:  # fmt: skip
    """Bars of one part or several; ``top`` is the least that the longest stands for."""
    longest = max((sum(parts) for _, parts, _ in lines), default=0.0)
    return {
        "titre": title, "detail": detail, "maximum": max(longest, top) if lines else 0,
        "lignes": [{"libelle": name, "parts": list(parts), "texte": words} for name, parts, words in lines],
        "couleurs": [{"nom": name, "couleur": colour} for name, colour in colours],
    }  # fmt: skip


def _age(one: Age, say: Words) -> str:
    if one.most is None:
        return say("> {n} j", n=say.kept(str(one.least - 1)))
    return say("{jours} j", jours=say.kept(f"{one.least}–{one.most}"))


def _ages(board: Dashboard, say: Words, look: palette.Palette) -> dict[str, Any]:
    """By priority; one that no open intervention has is left out of the legend."""
    used = [n for n, _ in enumerate(Priorite) if any(one.counts[n] for one in board.ages)]
    names = list(map(str, Priorite))
    total = sum(one.total for one in board.ages)
    lines = [(_age(one, say), [one.counts[n] for n in used], entier(one.total)) for one in board.ages]
    colours = [(say(LIBELLES[names[n]]), look.priorites[names[n]]) for n in used]
    return _bars(say("Ancienneté"), say("{n} ouvertes, par priorité", n=entier(total)) if total > 1 else "",
                 lines if total else [], colours)  # fmt: skip


def _share(value: Value) -> float:
    return 100 * value.num / value.den


def _sla(board: Dashboard, say: Words, look: palette.Palette) -> dict[str, Any]:
    lines = []
    for one in board.agencies:
        share = _share(one.value)
        moved = share - _share(one.before) if one.before.den else None
        change = "" if moved is None else f"  {ecart(moved, note(abs(moved)))}"
        lines.append((say.kept(one.name), [share], say.kept(pourcent(share) + change)))
    goal = say("objectif {valeur}", valeur=say.kept(_goal(Unit.PERCENT, board.targets["sla_tenus"])))
    return _bars(say("SLA par agence"), goal, lines, [("", look.series[0])], 100)


def _named(one: Share, say: Words) -> str:
    return say(one.name) if one.key in (None, OTHERS) else say.kept(one.name)


def _codes(board: Dashboard, say: Words, look: palette.Palette) -> dict[str, Any]:
    lines = [(_named(one, say), [float(one.value.num)], entier(one.value.num)) for one in board.codes]
    return _bars(say("Pareto des défaillances"), "", lines, [("", look.series[0])])


def _load(board: Dashboard, say: Words, look: palette.Palette) -> dict[str, Any]:
    lines = [(say.kept(one.name), [_share(one.value)], say.kept(pourcent(_share(one.value)))) for one in board.load]
    told = say("semaine {n}, heures planifiées", n=board.week.isocalendar().week)
    if "charge" in board.refused:
        told = say(BY_KEY["charge"].limite)
    return _bars(say("Charge"), told, lines, [("", look.series[0])], 100)


def _families(board: Dashboard, say: Words) -> dict[str, Any]:
    def hours(value: Value, seconds: int) -> str:
        return say.kept(f"{heures(value.num / value.den * seconds)}{FINE}h") if value.den else VIDE

    return {
        "titre": say("MTTR et MTBF"), "rien": say("Aucune panne dans cette période"),
        "colonnes": [say("Famille"), say("MTTR"), say("MTBF"), say("Pannes")],
        "gauche": [True, False, False, False], "pied": [],
        "lignes": [[_named(one, say), hours(one.value, 60), hours(one.second, 1), entier(one.count)]
                   for one in board.families],
    }  # fmt: skip


def _waiting(board: Dashboard, say: Words) -> dict[str, Any]:
    def row(one: Decision) -> list[str]:
        single, many = SAID[one.kind]
        title = say(single) if one.count == 1 else say(many, n=entier(one.count))
        return [title, say.kept(one.example), _when(one.when, say)]

    return {
        "titre": say("À traiter aujourd'hui"), "rien": say("Rien d'urgent."),
        "colonnes": [say("À traiter"), say("Exemple"), say("Date")], "gauche": [True, True, True], "pied": [],
        "lignes": [row(one) for one in board.decisions],
    }  # fmt: skip


def _when(when: datetime | None, say: Words) -> str:
    return say.kept(say.moment(instant(when))) if when is not None else VIDE
