"""The edit of one record: what differs is judged, then written under the person's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Saisie
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import appliquer, ecrire

Verify = Callable[[dict[str, Any], dict[str, Any]], None]
"""Called with the present values of the form and the new ones that differ; raises what it refuses."""


def modifier(
    session: Session, acteur: Acteur, ligne: Any, saisie: type[Saisie], changes: dict[str, object], verify: Verify
) -> None:
    """Change fields of a row that was loaded for it; nothing is written when nothing differs.

    Raises:
        ValidationError: a field that is refused, or what ``verify`` raises.
        DuplicateError, UserError: as the database says.
    """
    actuel = {nom: getattr(ligne, nom) for nom in saisie.model_fields}
    nouvelles = saisie.changements(actuel, dict(changes))
    if nouvelles:
        verify(actuel, nouvelles)
        trace.annoncer(session, acteur)
        appliquer(ligne, nouvelles)
        ecrire(session)
