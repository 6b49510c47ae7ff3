"""A password that somebody else gave: it serves to choose one's own, for a few days, and for nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

LENGTH = 8
"""Characters of a password, at least."""
DAYS = 7
"""How long a given password serves."""
TO_CHOOSE = "Choisissez d'abord votre mot de passe : celui qui vous a été donné ne sert qu'à cela."
EXPIRED = (
    f"Le mot de passe qui vous a été donné ne valait que {DAYS} jours : demandez-en un autre à un administrateur."
)


def ends(given_at: datetime | None, chosen_at: datetime | None) -> datetime | None:
    """When the password that the person has now ends; None once it is one that they chose.

    Args:
        given_at: ``users.password_given_at``.
        chosen_at: ``users.password_changed_at``.
    """
    return given_at + timedelta(days=DAYS) if given_at is not None and chosen_at is None else None
