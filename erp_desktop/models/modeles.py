from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import Priorite, TypeIntervention
from erp_desktop.models.base import SUIVI, Base, LigneAgence
from erp_desktop.models.declare import Noun, choice, field, link


class ModeleIntervention(LigneAgence, Base):
    """What an intervention that is asked for again and again begins with; the copy is free of it afterwards."""

    __tablename__ = "modeles_intervention"
    __noun__ = Noun("Modèle d'intervention", "copy", name="nom", since=SUIVI)

    nom: Mapped[str] = field("Nom", sa.String(120))
    titre: Mapped[str] = field("Titre", sa.String(200))
    description: Mapped[str | None] = field("Description", sa.Text)
    type: Mapped[str] = choice("Type", TypeIntervention, "corrective")
    priorite: Mapped[str] = choice("Priorité", Priorite, "normale")
    duree_estimee: Mapped[int | None] = field("Durée estimée", minutes=True)
    checklist_id: Mapped[int | None] = link("Checklist", "checklists.id")
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)
