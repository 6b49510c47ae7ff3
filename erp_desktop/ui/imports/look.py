"""What the page of an import is made of; what its widgets do is said in ``page``."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from erp_desktop.ui.imports.faults import Faults
from erp_desktop.ui.imports.mapping import Columns
from erp_desktop.ui.imports.tiles import Tile
from erp_desktop.ui.imports.welcome import Welcome
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Etapes, Surface
from erp_desktop.ui.lists.progress import ProgressStrip
from erp_desktop.ui.page import Page

STEPS = ("Fichier", "Colonnes", "Contrôle", "Import")
"""The way of a file into the table."""


class Look(Page):
    """Head, columns, dry run and foot."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        ground = Surface("surface.base")
        column.addWidget(ground, 1)
        inner = QVBoxLayout(ground)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addLayout(self._head())
        self.banners = QVBoxLayout()
        self.banners.setContentsMargins(16, 0, 16, 0)
        inner.addLayout(self.banners)
        self.pages = QStackedWidget()
        self.pages.addWidget(Welcome())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setSizes([560, 560])
        self.pages.addWidget(split)
        inner.addWidget(self.pages, 1)
        self.strip = ProgressStrip()
        inner.addWidget(self.strip)
        inner.addWidget(self._foot())

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 10, 16, 8)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Text(tr("Importer : {quoi}", quoi=tr(self._title)), "page"))
        self.told = Text(tr("Aucun fichier choisi ; rien n'est écrit avant la fin."), "caption", "text.secondary")
        words.addWidget(self.told)
        words.addSpacing(6)
        self.steps = Etapes([tr(step) for step in STEPS], 0)
        words.addWidget(self.steps)
        row.addLayout(words, 1)
        self.model_button = Button(tr("Modèle vide…"), icon="download-simple")
        row.addWidget(self.model_button, 0, Qt.AlignmentFlag.AlignTop)
        self.choose_button = Button(tr("Choisir un fichier…"), "primary", icon="upload-simple")
        row.addWidget(self.choose_button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _left(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 12, 0)
        head.addWidget(Text(tr("Correspondance des colonnes"), "section"))
        self.known = Text("", "caption", "text.tertiary")
        head.addWidget(self.known)
        head.addStretch()
        column.addLayout(head)
        self.columns = Columns()
        column.addWidget(self.columns, 1)
        return page

    def _right(self) -> QWidget:
        page = Surface("surface.base", "border.subtle", sides="s")
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(tr("Vérification à blanc"), "section"))
        head.addStretch()
        head.addWidget(Text(tr("rien n'est écrit"), "caption", "text.tertiary"))
        column.addLayout(head)
        tiles = QHBoxLayout()
        tiles.setSpacing(8)
        self.good = Tile("success", "check-circle", tr("créations"))
        self.noted = Tile("warning", "warning", tr("comprises, à vérifier"))
        self.bad = Tile("danger", "prohibit", tr("refusées"))
        for tile in (self.good, self.noted, self.bad):
            tiles.addWidget(tile, 1)
        column.addLayout(tiles)
        self.notes = Text("", "caption", "semantic.warning.text", wrap=True)
        column.addWidget(self.notes)
        self.table = Faults()
        column.addWidget(self.table, 1)
        acts = QHBoxLayout()
        acts.setSpacing(8)
        self.mend_button = Button(tr("Corriger ici"), "soft", icon="pencil-simple")
        self.export_button = Button(tr("Exporter les lignes refusées…"), icon="file-csv")
        self.again_button = Button(tr("Relancer"), icon="arrows-clockwise")
        for button in (self.mend_button, self.export_button, self.again_button):
            acts.addWidget(button)
        acts.addStretch()
        column.addLayout(acts)
        self.whole = QRadioButton(tr("Tout ou rien : une ligne refusée arrête l'import"))
        self.apart = QRadioButton(tr("Écarter les lignes refusées, puis écrire les autres"))
        self.whole.setChecked(True)
        group = QButtonGroup(self)
        for choice in (self.whole, self.apart):
            group.addButton(choice)
            column.addWidget(choice)
        return page

    def _foot(self) -> QWidget:
        foot = Surface("surface.sunken", "border.subtle", sides="t")
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        self.why = Text("", "body", "text.secondary", wrap=True)
        row.addWidget(self.why, 1)
        self.leave_button = Button(tr("Abandonner"))
        row.addWidget(self.leave_button)
        self.write_button = Button("", "primary", tip="Ctrl+S")
        row.addWidget(self.write_button)
        return foot
