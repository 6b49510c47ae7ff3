"""Puts the drawer into a working window: the chip opens it, states of the exchange reach it."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance

from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.synchro.drawer import Panneau
from erp_desktop.ui.workspace import Workspace


class Ligne(Protocol):
    """The network thread, as the drawer uses it."""

    def request_cycle(self) -> None: ...
    def set_line(self, up: bool) -> None: ...
    @property
    def line_up(self) -> bool: ...


def attach_sync(espace: Workspace, ligne: Ligne | None, states: SignalInstance) -> Panneau:
    """Build the drawer of a workspace; ``states`` carries each new :class:`EtatSync`.

    The switch that cuts the line is offered in the demonstration only.
    """
    demo = ligne is not None and espace.contexte.settings.demo
    panel = Panneau(
        espace.contexte, espace, retry=ligne.request_cycle if ligne is not None else None,
        set_line=ligne.set_line if ligne is not None and demo else None,
        line_up=lambda: ligne is None or ligne.line_up,
        top=theme().px("frame.topBar"), bottom=theme().px("frame.statusBar"),
    )  # fmt: skip
    espace.drawer = panel
    panel.open_record.connect(espace.contexte.open_record)
    panel.conflicts_asked.connect(lambda: _conflicts(espace, panel))
    espace.status.sync.setEnabled(True)
    espace.status.sync.clicked.connect(panel.toggle)
    states.connect(panel.set_state)
    panel.conflicts_changed.connect(lambda: _reload(espace))
    return panel


def _reload(espace: Workspace) -> None:
    """A conflict may arrive with a cycle that changed no row here."""
    page = espace.tabs.page("conflits")
    if isinstance(page, ConflitsPage):
        page.refresh()


def _conflicts(espace: Workspace, panel: Panneau) -> None:
    panel.hide()
    espace.open_section("conflits")
