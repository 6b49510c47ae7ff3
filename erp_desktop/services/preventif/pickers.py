"""What a plan's form offers: skills, and the meters of its machine."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.models import Competence, Compteur
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.lists import cle_texte, portee, un_de


def competences(session: Session, acteur: Acteur, texte: str, limite: int = 20) -> list[Choix]:
    """Skills by name."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    c = Competence
    requete = sa.select(c.id, c.nom).where(*(un_de(session, mot, c.nom) for mot in plier(texte).split()))
    requete = requete.order_by(cle_texte(session, c.nom), c.id).limit(limite)
    return [Choix(r.id, r.nom, "") for r in session.execute(requete)]


def compteurs(session: Session, acteur: Acteur, texte: str, equipement_id: int, limite: int = 20) -> list[Choix]:
    """The meters of one machine."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    k = Compteur
    requete = (
        sa.select(k.id, k.nom, k.unite)
        .where(k.equipement_id == equipement_id, k.is_active.is_(True), *portee(acteur, k.agence_id))
        .where(*(un_de(session, mot, k.nom) for mot in plier(texte).split()))
        .order_by(k.nom, k.id)
        .limit(limite)
    )
    return [Choix(r.id, r.nom, r.unite) for r in session.execute(requete)]
