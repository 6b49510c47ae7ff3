"""The history of one record, beside its form."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from erp_desktop.services.audit import acts
from erp_desktop.services.audit.acts import Act
from erp_desktop.ui.audit import action, changed, where
from erp_desktop.ui.audit.part import HistoryPart, line
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import field_labels, value_labels

_SHOWN = 200
"""Acts on one record that are drawn; the journal has them all."""


class RecordHistoryTab(HistoryPart[Act]):
    """Who did what to this record and what belongs to it, newest first.

    Args:
        table: of the record; the form's own.
    """

    def __init__(self, panel: FormPanel, table: str) -> None:
        super().__init__(
            panel, lambda session, acteur, row_id: acts.of_record(session, acteur, table, row_id),
            partial(_act, table), _SHOWN,
        )  # fmt: skip


def _act(table: str, act: Act) -> QWidget:
    what = action(act) if act.table == table else f"{action(act)} · {field_labels.table(act.table)}"
    who = f"{value_labels.instant(act.quand, year=True)} · {act.auteur or tr('auteur inconnu')}"
    place = where(act)
    told_place = f" · {place}" if place != value_labels.NONE else ""
    return line(what, (*changed(act), *([act.remarque] if act.remarque else [])), who + told_place)


def history_of(table: str) -> tuple[str, Any]:
    """The tab for the form of a table."""
    return "Historique", partial(RecordHistoryTab, table=table)
