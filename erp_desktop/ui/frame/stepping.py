"""The record after or before the one in sight: beside its list, or in a tab of its own, in the order of that list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from erp_desktop.ui.kit.i18n import tr

if TYPE_CHECKING:
    from erp_desktop.ui.workspace import Workspace


def step(workspace: Workspace, by: int) -> None:
    """Go on by so many records; in a tab of its own the other one takes its place there."""
    page = workspace.page
    if page is None or page.step_record(by):
        return
    panel = page.record_panel()
    key = workspace.tabs.current
    kind = key.partition("/")[0]
    if panel is None or panel.row_id is None or key != f"{kind}/{panel.row_id}":
        return
    model = getattr(workspace.tabs.page(kind), "model", None)
    if model is None:
        words = tr("Ouvrez la liste : elle dit quelle fiche est avant, laquelle après.")
        workspace.contexte.say(words, kind="info")
        return
    model.find(panel.row_id, lambda place: _go(workspace, key, panel, model, place + by))


def _go(workspace: Workspace, key: str, panel: Any, model: Any, place: int) -> None:
    if workspace.tabs.current != key or not 0 <= place < model.rowCount():
        return
    kind, other = key.partition("/")[0], model.id_at(place)
    if other is None:
        # The list reads what is not near what was looked at.
        model.dataChanged.connect(
            lambda *_: _go(workspace, key, panel, model, place), Qt.ConnectionType.SingleShotConnection
        )
        model.row_at(place)
        return
    there = f"{kind}/{other}"
    if workspace.tabs.page(there) is not None:
        workspace.tabs.show_key(there)
        return
    workspace.tabs.rekey(key, there)
    workspace.palette_box.recents.note((kind, other))
    panel.open_record(other)
