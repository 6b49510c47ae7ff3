"""The week on paper: of everybody or of one technicien, shown before it is printed."""

from __future__ import annotations

import functools
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu, QWidget

from erp_desktop import clock
from erp_desktop.domain import enums
from erp_desktop.reports.papers import engine
from erp_desktop.services.planning import availability
from erp_desktop.services.planning.data import Board, Card, Person
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import language, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import drawing, words
from erp_desktop.ui.planning.geometry import WEEK, Grid
from erp_desktop.ui.printing.preview import Paper, PreviewWindow
from erp_desktop.ui.wording import value_labels

TEMPLATE = "planning_semaine"


def ask(page: Any, contexte: Contexte, board: Board, people: tuple[Person, ...]) -> QMenu:
    """Offer both papers, and the week of the technicien whose card is chosen."""
    menu = QMenu(page)
    for paper, name in (("a4", tr("Semaine, A4")), ("a3", tr("Semaine, A3"))):
        menu.addAction(name, functools.partial(_choose, page, contexte, board, people, paper))
    card = page.view.card(page.view.current)
    one = tuple(p for p in people if card is not None and p.id == card.technicien_id)
    if one:
        name = tr("Semaine de {nom}, A4", nom=one[0].nom)
        menu.addAction(name, functools.partial(_choose, page, contexte, board, one, "a4"))
    button = page.print_button
    menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))
    return menu


def _choose(page: QWidget, contexte: Contexte, board: Board, people: tuple[Person, ...], paper: str) -> None:
    preview(page, contexte, board, people, paper).show()


def preview(page: QWidget, contexte: Contexte, board: Board, people: tuple[Person, ...], paper: str) -> PreviewWindow:
    """The week before it is printed, on ``a4`` or ``a3``, in the window's language."""
    content = {**data(board, people), "papier": paper}
    name = f"planning-{board.premier:%Y-%m-%d}-{paper}"
    return PreviewWindow(contexte, Paper(
        tr("Planning de la semaine"), name, 1, lambda _code: engine.pdf(TEMPLATE, content),
        lambda _code, _count, ppi: engine.pages(TEMPLATE, content, ppi), languages=((language(), ""),),
    ), page)  # fmt: skip


def data(board: Board, people: tuple[Person, ...]) -> dict[str, Any]:
    """What the paper's template reads, in the language in force."""
    grid = Grid(board, WEEK, people, 1000, board.premier)
    today = clock.today()
    shares = [grid.columns[n + 1] - grid.columns[n] for n in range(len(grid.days))]
    return {
        "titre": f"{tr('Planning')} · {words.week(grid.days[0], grid.days[-1])}",
        "agence": board.agence,
        "legende": " · ".join(
            value_labels.label(enums.Statut, s) for s in ("affectee", "en_cours", "en_attente", "cloturee")
        ),
        "fraicheur": tr("Lu {quand}", quand=value_labels.freshness(board.lu_a)),
        "langue": language(),
        "techniciens": tr("Technicien · charge"),
        "jours": [{"nom": words.short_day(d), "note": drawing.day_note(grid, d, today)} for d in grid.days],
        "fermes": [not board.horaire.ouvert(d) for d in grid.days],
        "largeurs": shares,
        "lignes": [_line(board, grid, p) for p in people],
    }


def _line(board: Board, grid: Grid, person: Person) -> dict[str, Any]:
    planned, available = drawing.loads(grid, person)
    days = []
    for jour in grid.days:
        begin, end = availability.day_span(board.horaire, jour)
        cards = [c for c in board.cards_of.get(person.id, ()) if c.debut < end and c.fin > begin]
        away = [a for a in board.away_of.get(person.id, ()) if a.debut < end and a.fin > begin]
        days.append({
            "absences": [value_labels.label(enums.TypeAbsence, a.type) for a in away],
            "cartes": [_card(board, c) for c in cards],
        })  # fmt: skip
    level = value_labels.label(enums.Niveau, person.niveau).lower()
    skill = person.competences[0].nom if person.competences else person.equipe or ""
    return {
        "nom": person.nom, "detail": " · ".join(filter(None, [skill, level])),
        "charge": words.load(person, planned, available), "jours": days,
    }  # fmt: skip


def _card(board: Board, card: Card) -> dict[str, Any]:
    tokens = theme()
    ground, edge = (tokens.light(f"status.{card.visit.statut}.{part}") for part in ("soft", "solid"))
    return {
        "heures": words.span(card.debut, card.fin), "titre": card.visit.titre,
        "client": " · ".join(filter(None, [card.visit.client, card.visit.ville])), "fond": ground, "bord": edge,
        "alerte": card.key in board.crossing,
    }  # fmt: skip
