"""What every act beside a form says when it is done."""

from __future__ import annotations

from erp_desktop.ui.forms.panel import FormPanel


def changed(panel: FormPanel, table: str, *ids: int) -> None:
    """The list takes its own person's act at once; the form reads its record again."""
    bus = panel.contexte.bus
    bus.publish(table, *ids, initiator=panel)
    bus.publish(table, *ids)
