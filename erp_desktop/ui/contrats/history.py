"""The tab of what happened to a contract, and of what is agreed to come."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.services.contrats import history
from erp_desktop.services.contrats.history import Fait
from erp_desktop.ui.audit.part import HistoryPart, line
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.wording import value_labels as labels


class ContractHistoryTab(HistoryPart[Fait]):
    """The latest first, what is still to come with a calendar."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__(panel, history.history, _fact)


def _fact(one: Fait) -> QWidget:
    return line(
        " ".join(filter(None, [tr(one.quoi), isolate(one.detail)])), (),
        " · ".join(filter(None, [isolate(labels.day(one.jour)), isolate(one.auteur)])),
        "calendar-dots" if one.jour > clock.today() else "clock-counter-clockwise",
    )  # fmt: skip
