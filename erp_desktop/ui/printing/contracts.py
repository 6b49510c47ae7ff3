"""Summaries of contracts, from a form or from the rows chosen in the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.reports.papers import contrat
from erp_desktop.reports.papers.contrat import ContratImprime
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow, first
from erp_desktop.ui.wording import value_labels as labels

MOST = 200


def print_contracts(contexte: Contexte, ids: Sequence[int], parent: QWidget) -> None:
    """Show the summaries of some contracts before they are printed."""
    wanted, acteur = first(contexte, ids, MOST), contexte.acteur

    def show(found: list[ContratImprime]) -> None:
        if found:
            PreviewWindow(contexte, _paper(found), parent).show()

    contexte.tasks.run(lambda session: contrat.lire(session, acteur, wanted), show, owner=parent)


def _paper(found: list[ContratImprime]) -> Paper:
    fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
    one = len(found) == 1
    return Paper(
        title=tr("Résumé de contrat") if one else tr("Résumés de contrats"),
        name=found[0].fiche.numero_contrat if one else f"contrats-{clock.today().isoformat()}",
        count=len(found),
        pdf=lambda code: contrat.composer(found, code, fraicheur=fresh),
        pages=lambda code, count, ppi: contrat.images(found[:count], code, fraicheur=fresh, ppp=ppi),
    )
