"""The journal of acts as a page: what this database knows, and where the rest is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from erp_desktop.settings import Mode
from erp_desktop.ui.audit import LISTE
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.lists.page import ListPage


class AuditPage(ListPage):
    """The list of acts.

    Args:
        central: it is read at the centre, which knows them all.
    """

    def __init__(self, contexte: Contexte, *, central: bool | None = None) -> None:
        self._central = contexte.settings.mode is Mode.CENTRE if central is None else central
        super().__init__(LISTE, contexte)

    def above(self) -> QWidget | None:
        if self._central or self.contexte.settings.mode is Mode.AUTONOME:
            return None
        return Banner(
            "info", tr("Ce poste connaît l'historique des interventions, les créations et ce qui attend son envoi."),
            detail=tr("Les autres changements, avec leurs anciennes valeurs, se lisent au centre : "
                      "Administration › Journal des actes."),
        )  # fmt: skip
