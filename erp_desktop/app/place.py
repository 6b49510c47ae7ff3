"""Where we are, as the top bar and the status bar say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erp_desktop.settings import Mode
from erp_desktop.ui.kit.i18n import tr

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from erp_desktop.domain.people.acteur import Acteur
    from erp_desktop.ui.tasks import Tasks
    from erp_desktop.ui.workspace import Workspace


def words(mode: Mode | None, poste: int, agency: str) -> tuple[str, str]:
    """The place for the top bar, and with the desktop's number for the status bar."""
    told = tr("poste {n}", n=f"{poste:02d}") if poste else tr("poste autonome")
    if mode is Mode.CENTRE:
        told = tr("base centrale")
    if not agency and mode is Mode.AUTONOME:
        return tr("Poste autonome"), told
    if not agency:
        return tr("Siège"), f"{tr('Siège')} · {told}"
    return tr("Agence {nom}", nom=agency), f"{agency} · {told}"


def agency(session: Session, mode: Mode | None, agence_id: int | None) -> str:
    """The name of a person's agency, or of the only one of a desktop on its own; empty for the head office."""
    import sqlalchemy as sa

    sql = sa.text("SELECT nom FROM agences WHERE id = :i")
    if agence_id is None and mode is Mode.AUTONOME:
        # Its administrator belongs to no agency; the desktop has one all the same.
        sql = sa.text("SELECT max(nom) FROM agences WHERE :i IS NULL HAVING count(*) = 1")
    elif agence_id is None:
        return ""
    return str(session.execute(sql, {"i": agence_id}).scalar() or "")


def name(shown: Workspace, tasks: Tasks, mode: Mode | None, acteur: Acteur) -> None:
    """Read the agency's name behind the window, and say it there in place of its code."""
    tasks.run(
        lambda session: agency(session, mode, acteur.agence_id),
        lambda found: shown.set_place(*words(mode, acteur.poste, found)) if found else None, lambda _error: None,
        owner=shown,
    )  # fmt: skip
