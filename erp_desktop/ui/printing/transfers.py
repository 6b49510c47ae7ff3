"""What goes with parts from one place to another, from a movement or from the rows chosen in the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.reports.papers import transfert
from erp_desktop.reports.papers.transfert import BonTransfert
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow, first
from erp_desktop.ui.wording import value_labels as labels

MOST = 500


def print_transfers(contexte: Contexte, ids: Sequence[int], parent: QWidget) -> None:
    """Show the papers of some movements before they are printed, or say that none of them left for anywhere."""
    wanted, acteur = first(contexte, ids, MOST), contexte.acteur

    def show(found: list[BonTransfert]) -> None:
        if found:
            PreviewWindow(contexte, _paper(found), parent).show()
        else:
            contexte.say(tr("Rien à transporter ici : choisissez des transferts, ou des sorties sans intervention."),
                         kind="info")  # fmt: skip

    contexte.tasks.run(lambda session: transfert.lire(session, acteur, wanted), show, owner=parent)


def _paper(found: list[BonTransfert]) -> Paper:
    fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
    one = len(found) == 1
    return Paper(
        title=tr("Bon de transfert") if one else tr("Bons de transfert"),
        name=found[0].reference if one else f"transferts-{clock.today().isoformat()}",
        count=len(found),
        pdf=lambda code: transfert.composer(found, code, fraicheur=fresh),
        pages=lambda code, count, ppi: transfert.images(found[:count], code, fraicheur=fresh, ppp=ppi),
    )
