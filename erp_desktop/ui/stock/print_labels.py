"""Labels of parts, from a form or from the rows chosen in the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from erp_desktop.reports.papers import etiquettes
from erp_desktop.services.stock import parts
from erp_desktop.services.stock.parts import PartCard
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import language, tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow, first

MOST = 210
"""Labels of one batch: ten pages."""


def print_labels(contexte: Contexte, ids: Sequence[int], parent: QWidget) -> None:
    """Show the labels of some parts before they are printed."""
    wanted, acteur = first(contexte, ids, MOST), contexte.acteur

    def read(session: object) -> list[PartCard]:
        return [parts.get(session, acteur, ident) for ident in wanted]  # type: ignore[arg-type]

    def show(found: list[PartCard]) -> None:
        if found:
            paper = Paper(
                tr("Étiquettes"), "etiquettes", len(found), lambda code: etiquettes.composer(found, code),
                lambda code, _count, ppi: etiquettes.images(found, code, ppi),
                languages=((language(), ""),),
            )  # fmt: skip
            PreviewWindow(contexte, paper, parent).show()

    contexte.tasks.run(read, show, owner=parent)
