"""The dashboard on its way to paper: kept as a file, or shown before it is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from erp_desktop.errors import ErpError
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import LANGUAGES
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import language, said, tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow

if TYPE_CHECKING:
    from erp_desktop.reports.managers.dashboard import Dashboard
    from erp_desktop.ui.tableau.page import TableauPage


def preview(page: TableauPage, board: Dashboard) -> None:
    """Show the pages as they will be printed, in the language of the window or another."""
    from erp_desktop.reports.managers import printed

    data = {code: printed.data(board, code) for code, _ in LANGUAGES}
    PreviewWindow(page.contexte, Paper(
        title=tr("Tableau de bord"), name=_name(page), count=1, languages=LANGUAGES,
        pdf=lambda code: engine.pdf(printed.TEMPLATE, data[code]),
        pages=lambda code, _count, ppi: engine.pages(printed.TEMPLATE, data[code], ppi),
    ), page).show()  # fmt: skip


def _name(page: TableauPage) -> str:
    begin, end = page.choix.bornes
    return f"tableau-de-bord-{begin:%Y%m%d}-{end:%Y%m%d}"


def ask(page: TableauPage) -> None:
    """Ask where the file goes."""
    ask_target(page, tr("Exporter en {format}", format="PDF"), f"{_name(page)}.pdf", page.export)


def write(page: TableauPage, board: Dashboard, path: Path) -> None:
    """Write what is shown, behind the window."""
    code = language()
    page.pdf.setEnabled(False)

    def work(_session: Any) -> None:
        from erp_desktop.reports.managers import printed

        printed.write(board, path, code)

    def over(words: str, kind: str) -> None:
        page.pdf.setEnabled(True)
        page.contexte.say(words, None, kind)

    def failed(error: Exception) -> None:
        told = said(str(error)) if isinstance(error, ErpError) else tr("Le rapport n'a pas pu être écrit.")
        over(told, "danger")

    page.contexte.tasks.run(
        work, lambda _none: over(tr("Rapport enregistré : {nom}", nom=path.name), "success"), failed,
        long=True, owner=page,
    )  # fmt: skip
