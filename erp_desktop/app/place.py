"""Where we are, as the top bar and the status bar say it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
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


def known(mode: Mode | None, acteur: Acteur, names: Mapping[int | None, str]) -> tuple[str, str]:
    """What is said before an agency's name was read: nothing, rather than a code that gives way to a name."""
    if acteur.agence_id is not None and acteur.agence_id not in names:
        return "", ""
    return words(mode, acteur.poste, names.get(acteur.agence_id, ""))


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


def name(
    shown: Workspace, tasks: Tasks, mode: Mode | None, acteur: Acteur, names: MutableMapping[int | None, str]
) -> None:
    """Read the agency's name behind the window, and say it there; its code where it cannot be read.

    Args:
        names: agency → its name, kept for the next workspace.
    """

    def told(found: str) -> None:
        if found:
            names[acteur.agence_id] = found
        if found or acteur.agence_id is not None:
            shown.set_place(*words(mode, acteur.poste, found or acteur.agence_code))

    tasks.run(
        lambda session: agency(session, mode, acteur.agence_id), told, lambda _error: told(""), owner=shown,
    )  # fmt: skip
