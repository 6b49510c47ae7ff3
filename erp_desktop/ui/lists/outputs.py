"""What leaves a list: a workbook, a CSV file or paper, of the rows chosen or of every answer of the filter."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu, QWidget

from erp_desktop import clock
from erp_desktop.reports.papers import liste
from erp_desktop.services.importation.wizard import permis
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import language, number, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.export import CHUNK, Export, words
from erp_desktop.ui.lists.progress import ProgressStrip
from erp_desktop.ui.printing.preview import Paper, PreviewWindow
from erp_desktop.ui.wording import value_labels

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage

PRINTED = 5_000
"""Rows of one printed list."""


class Outputs(QObject):
    """The menu of what may leave a page's list, and the work that follows."""

    def __init__(self, page: ListPage) -> None:
        super().__init__(page)
        self._page, self._contexte = page, page.contexte
        self.strip = ProgressStrip()

    def offer(self, below: QWidget) -> QMenu:
        """Ask what is wanted; nothing waits for the answer."""
        menu = QMenu(self._page)
        menu.addAction(tr("Classeur Excel (XLSX)…"), lambda: self._ask("xlsx", "Excel (*.xlsx)"))
        menu.addAction(tr("Texte pour tableur (CSV)…"), lambda: self._ask("csv", "CSV (*.csv)"))
        menu.addAction(tr("Imprimer la liste…"), self.print_list)
        spec = self._page.spec
        if permis(self._contexte.acteur, spec.form.table):
            menu.addSeparator()
            menu.addAction(tr("Importer un fichier…"), self._import)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(below.mapToGlobal(QPoint(0, below.height() + 2)))
        return menu

    def _import(self) -> None:
        self._contexte.open_record(f"import-{self._page.spec.key}", None)

    def _ask(self, suffix: str, kind: str) -> None:
        name = f"{self._page.spec.key}-{clock.today().isoformat()}.{suffix}"
        ask_target(self._page, tr("Exporter la liste"), name, self.export, [kind])

    def _meant(self) -> Sequence[int] | Callable[[Any], Sequence[int]] | None:
        """The rows meant or, of a long list, what reads them; None after saying why there are none."""
        page = self._page
        if page.selection.size > 1 and not page.selection.whole:
            known = page.view.selected_ids()
            return known if len(known) == page.selection.size else page.selection.reading()
        if page.model.busy:
            self._contexte.say(tr("La liste se lit encore ; exportez-la dans un instant."), kind="info")
            return None
        if not page.model.rowCount():
            self._contexte.say(tr("La liste est vide."), kind="info")
            return None
        if page.model.whole:
            return page.model.ids
        source, question = page.source, page.model.question
        return lambda session: array("q", source.ids(session, *question, None))

    def export(self, path: Path) -> Export | None:
        """Write the rows chosen, else the whole list as it stands, into a file; its suffix says which kind."""
        meant = self._meant()
        if meant is None:
            return None
        made = Export(self._page.spec, self._contexte, meant, path, self._page)
        made.progressed.connect(self.strip.tell)
        made.finished.connect(self.strip.end)
        made.finished.connect(made.deleteLater)
        self.strip.begin(made.cancel)
        made.start()
        return made

    def print_list(self) -> None:
        """Show the rows chosen, else the whole list, as it will be printed."""
        meant = self._meant()
        if meant is None:
            return
        chosen = self._page.selection.size
        if (chosen if chosen > 1 else self._page.model.rowCount()) > PRINTED:
            told = tr("{n} lignes au plus s'impriment : filtrez, ou exportez la liste.", n=number(PRINTED))
            self._contexte.say(told, kind="warning")
            return
        stopped: list[bool] = []
        self.strip.begin(lambda: stopped.append(True))
        if callable(meant):
            self._contexte.tasks.run(meant, lambda ids: self._read(list(ids), [], stopped), owner=self._page)
        else:
            self._read(list(meant), [], stopped)

    def _read(self, ids: list[int], found: list[list[str]], stopped: list[bool]) -> None:
        page, contexte = self._page, self._contexte
        columns = self.shown()
        chunk = ids[len(found) : len(found) + CHUNK]
        self.strip.tell(len(found), len(ids))
        if not chunk or stopped:
            self.strip.end()
            if not stopped:
                PreviewWindow(contexte, self._paper(found), page).show()
            return

        def read(session: Any) -> list[list[str]]:
            rows = page.source.rows(session, chunk)
            # One that vanished meanwhile leaves an empty line: the count is of what was asked for.
            return [[words(c, row) for c in columns] for row in rows] + [[""] * len(columns)] * (
                len(chunk) - len(rows)
            )

        def failed(error: Exception) -> None:
            self.strip.end()
            contexte.tasks.failed.emit(error)

        contexte.tasks.run(
            read, lambda more: self._read(ids, [*found, *more], stopped), failed, owner=page
        )  # fmt: skip

    def shown(self) -> list[Any]:
        """The columns seen, in the order in which they stand."""
        header = self._page.view.horizontalHeader()
        order = [header.logicalIndex(place) for place in range(header.count())]
        columns = self._page.spec.columns
        return [columns[n] for n in order if columns[n].title and self._page.view.room.shows(n)]

    def _paper(self, rows: list[list[str]]) -> Paper:
        page, spec, columns = self._page, self._page.spec, self.shown()
        header = page.view.horizontalHeader()
        places = {id(column): n for n, column in enumerate(spec.columns)}
        content = liste.Listing(
            titre=tr(spec.title),
            sujet=" · ".join(filter(None, [spec.counted(len(rows)), page.filter.text()])),
            fraicheur=tr("données locales {quand}", quand=value_labels.freshness(clock.now())),
            colonnes=[column.heading for column in columns],
            # A printed number is whole where the screen shows its end.
            largeurs=[
                max(
                    header.sectionSize(places[id(column)]) or column.width,
                    min(300, 7 * max((len(row[n]) for row in rows), default=0)),
                )
                for n, column in enumerate(columns)
            ],
            gauche=[column.kind not in paint.FIGURES for column in columns],
            lignes=rows,
            langue="ar" if theme().rtl else language(),
        )
        sheets = -(-len(rows) // liste.PER_PAGE)
        return Paper(
            title=content.titre,
            name=f"{spec.key}-{clock.today().isoformat()}",
            count=sheets,
            pdf=lambda _code: liste.composer(content),
            pages=lambda _code, count, ppi: liste.images(content, count * liste.PER_PAGE, ppi),
            languages=((language(), ""),),
        )
