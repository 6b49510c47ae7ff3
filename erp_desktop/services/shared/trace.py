"""Who acts and why, told to the database before it writes the audit by itself, and audit rows of other acts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.session import AUTHOR_NAMED
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import HistoriqueIntervention, Intervention
from erp_desktop.models.local import sync_session
from erp_desktop.services.shared.lists import est_sqlite


def annoncer(session: Session, acteur: Acteur, remarque: str = "") -> None:
    """Name the author and the remark that the statut trigger copies; both end with the transaction."""
    if est_sqlite(session):
        session.execute(
            sa.update(sync_session)
            .where(sync_session.c.un == 1)
            .values(user_id=acteur.user_id or None, remarque=remarque.strip() or None)
        )
        return
    # Once more would be a round trip; after a remark, or a savepoint given up, nobody knows what is set.
    nommee = session.info.pop(AUTHOR_NAMED, None)
    if nommee == str(acteur.user_id or "") and not remarque.strip():
        session.info[AUTHOR_NAMED] = nommee
    else:
        session.execute(
            sa.text("SELECT set_config('erp.user_id', :user, true), set_config('erp.remarque', :remarque, true)"),
            {"user": str(acteur.user_id or ""), "remarque": remarque.strip()},
        )


def en_json(valeur: Any) -> Any:
    """A column's value as the audit keeps it."""
    if isinstance(valeur, datetime):
        return clock.to_text(valeur)
    if isinstance(valeur, (date, Decimal)):
        return str(valeur)
    if isinstance(valeur, bytes):
        return f"{len(valeur)} octets"
    return valeur


def noter(
    session: Session,
    acteur: Acteur,
    intervention: Intervention,
    action: str,
    avant: dict[str, Any] | None = None,
    apres: dict[str, Any] | None = None,
    remarque: str | None = None,
    quand: datetime | None = None,
) -> None:
    """Add one audit row for an act that is not a change of statut.

    Args:
        quand: the instant agreed, of what each desktop writes by itself (see the row's key); of work that was asked
            for later, just behind its creation.
    """
    dite = None if quand is None else max(quand, intervention.date_creation + timedelta(seconds=1))
    made = {} if dite is None else {"created_at": dite, "updated_at": dite}
    session.add(
        HistoriqueIntervention(
            agence_id=intervention.agence_id,
            intervention_id=intervention.id,
            user_id=acteur.user_id or None,
            action=action,
            statut=intervention.statut,
            ancienne_valeur={k: en_json(v) for k, v in avant.items()} if avant is not None else None,
            nouvelle_valeur={k: en_json(v) for k, v in apres.items()} if apres is not None else None,
            remarque=remarque,
            horodatage=dite or clock.now(),
            poste=acteur.poste,
            created_by_id=acteur.user_id or None,
            **made,
        )
    )
