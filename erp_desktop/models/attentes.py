from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import MotifAttente
from erp_desktop.models.base import SUIVI, Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, choice, field, link


class Attente(LigneAgence, Base):
    """One stretch that an intervention was en_attente, and why: what reports sum by reason.

    Written with the change of statut that begins or ends it. A stretch without ``fin`` lasts as long as the
    intervention waits: two desktops may each end the wait, so what an open one counts is read from the intervention
    (``services.interventions.waits``) and never mended in the row.
    """

    __tablename__ = "attentes"
    __noun__ = Noun(
        "Attente",
        "hourglass-medium",
        root="intervention_id",
        groups=(Group("attente", ("debut", "fin"), label="Attente", asks=False),),
        since=SUIVI,
    )
    __table_args__ = (sa.CheckConstraint("fin IS NULL OR fin >= debut", name="duree"),)

    intervention_id: Mapped[int] = link("Intervention", "interventions.id")
    motif: Mapped[str] = choice("Motif de l'attente", MotifAttente, "autre")
    debut: Mapped[datetime] = field("Début")
    fin: Mapped[datetime | None] = field("Fin")
    remarque: Mapped[str | None] = field("Remarque", sa.String(200))
