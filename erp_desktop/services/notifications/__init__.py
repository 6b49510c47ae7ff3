"""What a person is told: events found once each, read or not, and which of them the person wants to hear of."""

from __future__ import annotations

from erp_desktop.services.notifications.choices import CANAUX_USUELS, choisir, choix
from erp_desktop.services.notifications.events import Evenement, trouver
from erp_desktop.services.notifications.generation import nouvelles, oublier, produire, produire_pour_tous
from erp_desktop.services.notifications.reading import (
    NotificationInfo,
    lire,
    lister,
    non_lues,
    tout_lire,
)

__all__ = [
    "CANAUX_USUELS", "Evenement", "NotificationInfo", "choisir", "choix", "lire", "lister", "non_lues", "nouvelles",
    "oublier", "produire", "produire_pour_tous", "tout_lire", "trouver",
]  # fmt: skip
