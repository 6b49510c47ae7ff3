"""Pictures of sections with a way of their own: the box of Ctrl+K, what managers see, administration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from erp_desktop import clock
from erp_desktop.db.engine import normalise_url
from erp_desktop.demo.window import open_form, rest, show, wait
from erp_desktop.sync.device import administration
from erp_desktop.sync.device.administration import Seat
from erp_desktop.sync.device.provisioning import Provision
from erp_desktop.ui.administration.desktops.page import DevicesPage
from erp_desktop.ui.factures.paper import PaperPane
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.lists.page import ListPage

if TYPE_CHECKING:
    from erp_desktop.demo.shooter import Shooter

ROOMS = (
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
        rest(shooter.desktop)
        shooter.take(name)
        workspace.palette_box.close_box()


def administered(shooter: Shooter) -> None:
    """What an administrator sees, before and after the centre is asked."""
    stage = shooter.stage
    if stage is None:
        raise RuntimeError("no centre")
    _rooms(shooter, administration.seat(stage.url, str(normalise_url(stage.url).username), "", stage.admin.user_id))


def invoices(shooter: Shooter) -> None:
    """The list, the lines of what is late, and what is still to be billed."""
    workspace = shooter.desktop.workspace
    page = workspace.open_section("factures") if workspace is not None else None
    if workspace is None or not isinstance(page, ListPage):
        raise RuntimeError("the invoices did not open")
    rest(shooter.desktop)
    shooter.take("factures")
    page.search("statut:en_retard")
    rest(shooter.desktop)
    record = workspace.open_record("factures", page.model.id_at(0))
    if not isinstance(record, RecordPage):
        raise RuntimeError("the invoice did not open")
    rest(shooter.desktop)
    record.panel.tabs.set_current(1)
    paper = record.findChild(PaperPane)
    wait(lambda: paper is None or not paper.isVisible() or paper.pages, "le papier")
    # Nobody types: the ring of the keyboard would be the first thing seen.
    record.panel.head.setFocus()
    shooter.take("facture")
    workspace.open_record("a_facturer", None)
    rest(shooter.desktop)
    shooter.take("a-facturer")
    # The next look begins with every invoice.
    page.search("")
    rest(shooter.desktop)


def board(shooter: Shooter) -> None:
    """What a responsable sees first, then narrowed to one technician."""
    page = show(shooter.desktop, "tableau")
    wait(lambda: page.trends, "le tableau de bord", 60)
    for toast in list(shooter.desktop.window.toaster.toasts):
        toast.dismiss()
    shooter.take("tableau-de-bord")
    busiest = page.board.load[0]
    page.toggle_filters()
    page.narrow.editors["technicien"].choose(busiest.key, busiest.name)
    wait(lambda: "mtbf" in page.board.refused, "le tableau restreint", 60)
    rest(shooter.desktop)
    shooter.take("tableau-filtre")
    page.toggle_filters()
    page.narrow.clear()


def smoothed(shooter: Shooter) -> None:
    """A week that asks for more hours than there are, and the visits that may leave it."""
    page = show(shooter.desktop, "preventif")
    wait(page.load.crowded, "la semaine surchargée")
    page.load.smooth_button.click()
    wait(page.smoothing.panel.isVisible, "les visites à déplacer")
    shooter.take("preventif-lisser")
    page.smoothing.panel.hide()


def composed(shooter: Shooter) -> None:
    """A report of one's own."""
    composer = show(shooter.desktop, "composer")
    wait(lambda: composer.found is not None, "le rapport", 60)
    shooter.take("composer")


def _rooms(shooter: Shooter, seat: Seat) -> None:
    page = show(shooter.desktop, "administration")
    rest(shooter.desktop)
    shooter.take("administration-lecture")
    page.take_seat(seat)
    for room in ROOMS:
        listed = page.show_room(room)
        rest(shooter.desktop, 0.4)
        if isinstance(listed, ListPage) and listed.model.rowCount():
            open_form(listed, 0)
        shooter.take(f"administration-{room}")
        if isinstance(listed, DevicesPage):
            listed.offer()
            shooter.take("administration-inscription")
            listed.escape()
            # None that a centre knows.
            until = clock.now() + timedelta(days=1)
            listed.code.show_code(Provision("postgresql://centre", "TNG", "erp_p9", "AAAAA-AAAAA", until))
            shooter.take("administration-code")
            listed.escape()
    page.show_room("utilisateurs")
    page.leave_seat()


def kept(shooter: Shooter) -> None:
    """What managers set and look back on: models, targets, the journal of what was done."""
    desktop = shooter.desktop
    for section in ("modeles", "objectifs"):
        page = desktop.workspace.open_section(section) if desktop.workspace is not None else None
        rest(desktop)
        if isinstance(page, ListPage) and page.model.rowCount():
            open_form(page)
        shooter.take(section)
    show(desktop, "audit")
    shooter.take("audit")
