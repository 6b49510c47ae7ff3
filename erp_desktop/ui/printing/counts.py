"""The sheet of a count, from the page on which it is entered."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.reports.papers import comptage
from erp_desktop.reports.papers.comptage import Comptage
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow
from erp_desktop.ui.wording import value_labels as labels


def print_count(contexte: Contexte, ident: int, parent: QWidget, *, blind: bool) -> None:
    """Show the sheet of a count before it is printed; ``blind``: without what is expected."""
    acteur = contexte.acteur

    def show(found: Comptage) -> None:
        fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
        paper = Paper(
            tr("Feuille de comptage"), found.feuille.numero, 1,
            lambda code: comptage.composer(found, code, fraicheur=fresh),
            lambda code, _count, ppi: comptage.images(found, code, fraicheur=fresh, ppp=ppi),
        )  # fmt: skip
        PreviewWindow(contexte, paper, parent).show()

    contexte.tasks.run(lambda session: comptage.lire(session, acteur, ident, aveugle=blind), show, owner=parent)
