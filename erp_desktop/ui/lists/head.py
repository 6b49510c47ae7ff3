"""The first line of a list: what it is, how many rows, what can be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy

from erp_desktop.ui.kit.controls import Button, Elided, Text, icon_button
from erp_desktop.ui.kit.held import Held
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.lists import columns

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage


class ListHead(QHBoxLayout):
    """Made once with its page.

    Attributes:
        number: how many rows answer.
        held: what waits while somebody aims at a row; here, where the height does not change: a banner would push
            the rows down under the pointer.
    """

    def __init__(self, page: ListPage) -> None:
        super().__init__()
        spec = page.spec
        self.setSpacing(9)
        self.addWidget(Text(tr(spec.title), "page"))
        self.number = Elided("", "body", "text.tertiary")
        # Shorter rather than that a small window cannot be made as narrow as its screen.
        self.number.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.addWidget(self.number, 0, Qt.AlignmentFlag.AlignVCenter)
        self.held = Held(page.view.viewport(), busy=page.held_back)
        self.addWidget(self.held)
        self.addStretch()
        self.addWidget(page.views.button)
        for widget in page.more_acts():
            self.addWidget(widget)
        self.addWidget(icon_button("rows", tr("Lignes serrées ou aérées"), page.look.toggle_density))
        self.chooser = icon_button("columns", tr("Colonnes"), lambda: columns.ColumnsPanel(page).drop(self.chooser))
        self.addWidget(self.chooser)
        self.export_button = icon_button(
            "export", tr("Exporter ou imprimer la liste"), lambda: page.outputs.offer(self.export_button)
        )
        self.addWidget(self.export_button)
        if spec.form.printing is not None:
            self.addWidget(icon_button("printer", tr("Imprimer les lignes choisies"), page.print_out))
        if spec.new and spec.may_create(page.contexte.acteur) and spec.key != "interventions":
            self.addWidget(Button(tr(spec.new), icon="plus", tip="Ctrl+N", name=tr(spec.new),
                                  on_click=page.new_record))  # fmt: skip
