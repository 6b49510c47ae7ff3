"""The week on paper: asked where to, written off the window's thread, opened from the message."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from erp_desktop import clock
from erp_desktop.domain import enums
from erp_desktop.errors import ErpError
from erp_desktop.reports.papers import engine
from erp_desktop.services.planning import availability
from erp_desktop.services.planning.data import Board, Card, Person
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import isolate, language, said, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.planning import drawing, words
from erp_desktop.ui.planning.geometry import WEEK, Grid
from erp_desktop.ui.wording import value_labels

_WRITERS = ThreadPoolExecutor(1, thread_name_prefix="impression")


class Writing(QObject):
    """One paper being written; ``finished`` tells its path, and None or the exception."""

    finished = Signal(str, object)


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


def _choose(page: QWidget, contexte: Contexte, board: Board, people: tuple[Person, ...], paper: str) -> QFileDialog:
    name = f"planning-{board.premier:%Y-%m-%d}-{paper}.pdf"
    return ask_target(
        page, tr("Imprimer la semaine"), name, lambda path: write(page, contexte, board, people, paper, path)
    )


def write(
    page: QWidget, contexte: Contexte, board: Board, people: tuple[Person, ...], paper: str, target: Path
) -> Writing:
    """Write the paper; a message tells the end."""
    content = data(board, people)
    writing = Writing(page)

    def work() -> None:
        error: Exception | None = None
        try:
            target.write_bytes(composed(content, paper))
        except Exception as found:  # noqa: BLE001 - told on the window's thread
            error = found
        if shiboken6.isValid(writing):
            writing.finished.emit(str(target), error)

    writing.finished.connect(lambda path, error: _told(contexte, path, error), Qt.ConnectionType.QueuedConnection)
    _WRITERS.submit(work)
    return writing


def composed(content: dict[str, Any], paper: str) -> bytes:
    """The PDF of what :func:`data` gave, on ``a4`` or ``a3``."""
    return engine.pdf("planning_semaine", {**content, "papier": paper})


def _told(contexte: Contexte, path: str, error: Exception | None) -> None:
    if error is None:
        contexte.say(tr("Planning enregistré : {nom}", nom=Path(path).name), None, "success")
        QDesktopServices.openUrl(QUrl.fromLocalFile(path))
    else:
        words_ = said(str(error)) if isinstance(error, ErpError) else tr("Le planning n'a pas pu être écrit.")
        contexte.say(words_, None, "danger")


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
        "charge": isolate(f"{round(100 * planned / available)} %") if available else tr("absent"), "jours": days,
    }  # fmt: skip


def _card(board: Board, card: Card) -> dict[str, Any]:
    tokens = theme()
    ground, edge = (tokens.light(f"status.{card.visit.statut}.{part}") for part in ("soft", "solid"))
    return {
        "heures": words.span(card.debut, card.fin), "titre": card.visit.titre,
        "client": " · ".join(filter(None, [card.visit.client, card.visit.ville])), "fond": ground, "bord": edge,
        "alerte": card.key in board.crossing,
    }  # fmt: skip
