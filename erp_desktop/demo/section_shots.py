"""Pictures of sections with a way of their own: the box of Ctrl+K, what managers see, administration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from erp_desktop.db.engine import normalise_url
from erp_desktop.demo.stage import Stage
from erp_desktop.demo.window import open_form, settle, show, wait
from erp_desktop.sync.device import administration
from erp_desktop.sync.device.administration import Seat
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.lists.page import ListPage

if TYPE_CHECKING:
    from erp_desktop.demo.shots import Shooter

Look = tuple[str, str, str, tuple[int, int]]
_ROOMS = (
    "postes", "utilisateurs", "agences", "entetes", "codes", "tva", "feries", "regles", "numeros", "schema",
    "journaux",
)  # fmt: skip


def palette(shooter: Shooter) -> None:
    """The box of Ctrl+K with an answer in every section, and with the commands."""
    workspace = shooter.desktop.workspace
    if workspace is None:
        raise RuntimeError("nobody is logged in")
    for words, name in (("ma", "palette"), (">", "palette-commandes")):
        workspace.palette_box.open()
        workspace.palette_box.edit.setText(words)
        workspace.palette_box.ask()
        settle(1.0)
        shooter.take(name)
        workspace.palette_box.close_box()


def administered(shooter: Shooter, stage: Stage, looks: Sequence[Look]) -> None:
    """What an administrator sees, in each look."""
    desktop, login = shooter.desktop, str(normalise_url(stage.url).username)
    desktop.log_out()
    desktop.log_in(replace(stage.admin, poste=stage.branches["CAS"].acteur.poste))
    for look in looks:
        shooter.look(*look)
        _rooms(shooter, administration.seat(stage.url, login, "", stage.admin.user_id))
    shooter.look(*looks[0])


def managed(shooter: Shooter, stage: Stage, looks: Sequence[Look]) -> None:
    """What a responsable sees first, in each look, and a report of one's own."""
    desktop = shooter.desktop
    desktop.log_out()
    desktop.log_in(replace(stage.siege, poste=stage.branches["CAS"].acteur.poste))
    for look in looks:
        shooter.look(*look)
        _board(shooter)
        _invoices(shooter)
    shooter.look(*looks[0])


def _invoices(shooter: Shooter) -> None:
    """The list, the lines of what is late, and what is still to be billed."""
    workspace = shooter.desktop.workspace
    page = workspace.open_section("factures") if workspace is not None else None
    if workspace is None or not isinstance(page, ListPage):
        raise RuntimeError("the invoices did not open")
    settle(1.0)
    shooter.take("factures")
    page.search("statut:en_retard")
    settle()
    record = workspace.open_record("factures", page.model.id_at(0))
    if not isinstance(record, RecordPage):
        raise RuntimeError("the invoice did not open")
    settle(1.0)
    record.panel.tabs.set_current(1)
    shooter.take("facture")
    workspace.open_record("a_facturer", None)
    settle(1.0)
    shooter.take("a-facturer")


def _board(shooter: Shooter) -> None:
    page = show(shooter.desktop, "tableau")
    wait(lambda: page.trends, "le tableau de bord", 60)
    for toast in list(shooter.desktop.window.toaster.toasts):
        toast.dismiss()
    shooter.take("tableau-de-bord")
    busiest = page.board.load[0]
    page.toggle_filters()
    page.narrow.editors["technicien"].choose(busiest.key, busiest.name)
    wait(lambda: "mtbf" in page.board.refused, "le tableau restreint", 60)
    settle(1.0)
    shooter.take("tableau-filtre")
    page.toggle_filters()
    page.narrow.clear()
    composer = show(shooter.desktop, "composer")
    wait(lambda: composer.found is not None, "le rapport", 60)
    shooter.take("composer")


def _rooms(shooter: Shooter, seat: Seat) -> None:
    page = show(shooter.desktop, "administration")
    settle()
    shooter.take("administration-lecture")
    page.take_seat(seat)
    for room in _ROOMS:
        listed = page.show_room(room)
        settle(0.6)
        if isinstance(listed, ListPage) and listed.model.rowCount():
            open_form(listed, 0)
        shooter.take(f"administration-{room}")
    page.show_room("utilisateurs")
    page.leave_seat()
