"""What each chart of the dashboard shows; each returns the words beside its title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from erp_desktop.domain.rapports.figures import AGES, BY_KEY
from erp_desktop.reports.managers.dashboard import OTHERS, Dashboard, Share
from erp_desktop.reports.managers.rows import Place, rows_of
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.tableau import words
from erp_desktop.ui.tableau.bars import Bars, Cell, Row, Scale
from erp_desktop.ui.tableau.pareto import Column, Pareto


def ages(chart: Bars, board: Dashboard) -> str:
    names = words.priorities()
    rows = tuple(
        Row(
            words.age(one),
            (Cell(tuple((float(n), f"priority.{key}.color") for n, (key, _) in zip(one.counts, names, strict=True)),
                  number(one.total)),),
            tr("{age} : {n} ouvertes", age=words.age(one), n=number(one.total)),
            _place(board, "encours", "age", len(AGES) - 1 - rank),
        )
        for rank, one in enumerate(board.ages)
    )  # fmt: skip
    used = [(f"priority.{key}.color", name) for n, (key, name) in enumerate(names)
            if any(one.counts[n] for one in board.ages)]  # fmt: skip
    total = sum(one.total for one in board.ages)
    top = float(max((one.total for one in board.ages), default=1) or 1)
    chart.show_rows(rows if total else (), (Scale(top),), tr("Aucun encours"), tuple(used))
    return tr("{n} ouvertes, par priorité", n=number(total))


def sla(chart: Bars, board: Dashboard) -> str:
    target = board.targets["sla_tenus"]
    shares = [(s, 100 * s.value.num / s.value.den) for s in board.agencies]
    floor = min([75.0, *(10 * (share // 10) for _, share in shares)])
    rows = []
    for one, share in shares:
        was = 100 * one.before.num / one.before.den if one.before.den else None
        gap = None if was is None else share - was
        colour = "success" if share >= target else "warning" if share >= target - 10 else "danger"
        rows.append(Row(
            one.name, (Cell(((share, f"semantic.{colour}.solid"),), words.percent(share)),),
            tr("{nom} : {part}, {n} échéances", nom=one.name, part=words.percent(share), n=number(one.value.den)),
            _place(board, "sla_tenus", "agence", one.key, one.name),
            "" if gap is None else words.gap(gap), words.tone(gap, 1),
        ))  # fmt: skip
    scale = Scale(100, floor, target=target, target_words=tr("objectif {valeur}", valeur=words.percent(target, 0)),
                  floor_words=words.percent(floor, 0), track=True)  # fmt: skip
    chart.show_rows(tuple(rows), (scale,), tr("Aucune échéance passée dans cette période"))
    return tr("écart à la période d'avant")


def families(chart: Bars, board: Dashboard) -> str:
    rows, tops = [], [0.0, 0.0]
    for one in board.families:
        repair = one.value.num / one.value.den * 60 if one.value.den else None
        apart = one.second.num / one.second.den if one.second.den else None
        tops = [max(tops[0], repair or 0), max(tops[1], apart or 0)]
        cells = (Cell(((repair or 0, "1"),), words.hours(repair)), Cell(((apart or 0, "0"),), words.hours(apart)))
        rows.append(Row(
            _named(one), cells,
            tr("{nom} : MTTR {a} h, MTBF {b} h, {n} pannes", nom=_named(one), a=words.hours(repair),
               b=words.hours(apart), n=number(one.count)),
            _place(board, "pannes", "type_equipement", one.key, one.name),
        ))  # fmt: skip
    scales = (Scale(tops[0] or 1, head=tr("MTTR, h")), Scale(tops[1] or 1, head=tr("MTBF, h")))
    chart.show_rows(tuple(rows), scales, tr("Aucune panne dans cette période"))
    return tr("par famille d'équipement")


def _named(one: Share) -> str:
    """What nobody named is said in the language of the window."""
    return tr(one.name) if one.key in (None, OTHERS) else one.name


def pareto(chart: Pareto, board: Dashboard) -> str:
    total = sum(one.value.num for one in board.codes)
    columns = tuple(
        Column(
            _named(one), one.value.num, one.key not in (None, OTHERS),
            tr("{nom} : {n} pannes", nom=_named(one), n=number(one.value.num)),
            _place(board, "pannes", "probleme", one.keys or one.key, one.name),
        )
        for one in board.codes
    )  # fmt: skip
    chart.show_columns(columns, tr("Aucune panne dans cette période"))
    few = chart.vital() if columns else 0
    if not few:
        return ""
    share = words.percent(chart.shares[few - 1], 0)
    if few == 1:
        return tr("{n} pannes ; 1 code en fait {part}", n=number(total), part=share)
    return tr("{n} pannes ; {k} codes en font {part}", n=number(total), k=few, part=share)


def _place(board: Dashboard, figure: str, group: str, key: Any, name: str = "") -> Place:
    return rows_of(figure, board.scope, board.named, board.calcule_a, group=group, key=key, name=name)


def load(chart: Bars, board: Dashboard) -> str:
    rows = []
    for one in board.load:
        share = 100 * one.value.num / one.value.den
        cell = Cell(((share, "semantic.danger.solid" if share > 100 else "0"),), words.percent(share, 0),
                    "semantic.danger.text" if share > 100 else "text.primary")  # fmt: skip
        rows.append(Row(one.name, (cell,), tr("{nom} : {part} des heures", nom=one.name, part=words.percent(share)),
                        Place("planning")))  # fmt: skip
    target = board.targets["charge"]
    scale = Scale(max(110, target), target=target, track=True,
                  target_words=tr("cible {valeur}", valeur=words.percent(target, 0)))  # fmt: skip
    nothing = tr("Personne n'a d'heures cette semaine")
    if "charge" in board.refused:
        nothing = tr(BY_KEY["charge"].limite)
    chart.show_rows(tuple(rows), (scale,), nothing)
    return tr("semaine {n}, heures planifiées", n=board.week.isocalendar().week)


FILL: dict[str, Callable[[Any, Dashboard], str]] = {
    "ages": ages, "sla": sla, "families": families, "load": load, "pareto": pareto,
}  # fmt: skip
