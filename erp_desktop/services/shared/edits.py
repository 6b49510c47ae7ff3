"""One record: read into a form, created, edited; what is written is judged first, under the person's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Saisie
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import appliquer, ecrire

Verify = Callable[[dict[str, Any], dict[str, Any]], None]
"""Called with the present values of the form and the new ones that differ; raises what it refuses."""


F = TypeVar("F")


def lire(fiche: type[F], ligne: Any, **others: Any) -> F:
    """A form's record: its fields that are columns of the row, and ``others``.

    Args:
        fiche: frozen dataclass.
        others: what the caller found, before what the row keeps of it.
    """
    columns = ligne.__table__.columns
    own = {f.name: getattr(ligne, f.name) for f in fields(fiche) if f.name in columns}  # type: ignore[arg-type]
    return fiche(**own | others)


def creer(session: Session, acteur: Acteur, ligne: Any) -> int:
    """Write a new row that was judged; returns its id.

    Raises:
        DuplicateError, UserError: as the database says.
    """
    trace.annoncer(session, acteur)
    ligne.created_by_id = acteur.user_id or None
    session.add(ligne)
    ecrire(session)
    ident: int = ligne.id
    return ident


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
