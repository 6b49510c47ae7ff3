"""Who acts: passed to every service that checks a right."""

from __future__ import annotations

from dataclasses import dataclass

from erp_desktop.domain.enums import Role


@dataclass(frozen=True, slots=True)
class Acteur:
    """The person at work.

    Attributes:
        user_id: ``users.id``.
        agence_id: the person's agency; None at headquarters (sees every agency).
        agence_code: e.g. ``CAS``; empty at headquarters.
        poste: device number, 0 for the centre or stand-alone.
    """

    user_id: int
    nom: str
    role: Role
    agence_id: int | None
    agence_code: str = ""
    poste: int = 0
