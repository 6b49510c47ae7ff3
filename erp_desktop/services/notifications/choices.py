"""Where each person wants to be told of each event; kept as one preference, so that it follows the person."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import CanalNotification, EvenementNotification
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Preference
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire

CLE = "notifications"
CANAUX_USUELS: dict[EvenementNotification, CanalNotification] = dict.fromkeys(
    EvenementNotification, CanalNotification.BUREAU
) | {
    EvenementNotification.STOCK_MINIMUM: CanalNotification.FENETRE,
    EvenementNotification.CONTRAT_ECHEANCE: CanalNotification.FENETRE,
}
"""What holds until the person chooses: what can wait does not cover other windows."""


def _garde(session: Session, acteur: Acteur) -> Preference | None:
    p = Preference
    return session.scalar(sa.select(p).where(p.user_id == acteur.user_id, p.cle == CLE))


def choix(session: Session, acteur: Acteur) -> dict[EvenementNotification, CanalNotification]:
    """The channel of every event, for the person at work."""
    garde = _garde(session, acteur)
    valeur = garde.valeur if garde is not None and isinstance(garde.valeur, dict) else {}
    connus = {c.value for c in CanalNotification}
    return {
        evenement: CanalNotification(valeur[evenement]) if valeur.get(evenement) in connus else usuel
        for evenement, usuel in CANAUX_USUELS.items()
    }


def choisir(
    session: Session, acteur: Acteur, evenement: EvenementNotification, canal: CanalNotification
) -> None:  # fmt: skip
    """Change the channel of one event."""
    garde = _garde(session, acteur)
    tous = {e.value: c.value for e, c in choix(session, acteur).items()} | {evenement.value: canal.value}
    trace.annoncer(session, acteur)
    if garde is None:
        session.add(
            Preference(
                agence_id=acteur.agence_id, user_id=acteur.user_id, cle=CLE, valeur=tous, created_by_id=acteur.user_id
            )
        )
    else:
        garde.valeur = tous
    ecrire(session)
