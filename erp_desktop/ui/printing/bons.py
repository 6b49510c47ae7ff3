"""Bons d'intervention, from a form or from the rows chosen in the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import bon
from erp_desktop.services.interventions import sheet
from erp_desktop.services.interventions.sheet import Sheet
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow, first
from erp_desktop.ui.wording import value_labels as labels

MOST = 1000
"""Bons of one batch."""


def print_bons(contexte: Contexte, ids: Sequence[int], parent: QWidget) -> None:
    """Show the bons of some interventions before they are printed."""
    wanted, acteur = first(contexte, ids, MOST), contexte.acteur

    def show(found: list[Sheet]) -> None:
        if found:
            PreviewWindow(contexte, _paper(found), parent).show()

    contexte.tasks.run(lambda session: sheet.sheets(session, acteur, wanted), show, owner=parent)


def _paper(found: list[Sheet]) -> Paper:
    from erp_desktop import clock

    fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
    one = len(found) == 1
    return Paper(
        title=tr("Bon d'intervention") if one else tr("Bons d'intervention"),
        name=bidi.nu(found[0].numero) if one else f"bons-{clock.today().isoformat()}",
        count=len(found),
        pdf=lambda code: bon.composer(found, code, fraicheur=fresh),
        pages=lambda code, count, ppi: bon.images(found[:count], code, fraicheur=fresh, ppp=ppi),
    )
