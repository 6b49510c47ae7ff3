"""Which contract to propose for work on a machine, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Contrat, ContratEquipement, Equipement
from erp_desktop.services.shared.lists import portee


@dataclass(frozen=True, slots=True)
class Proposition:
    """A contract for work on a machine.

    Attributes:
        raison: French with ``{au}``, the last day of the cover or of the contract, where there is one.
        sure: it covers the machine itself, so that it may be filled in.
    """

    contrat_id: int
    numero: str
    raison: str
    au: date | None
    sure: bool


def proposer(session: Session, acteur: Acteur, equipement_id: int, jour: date | None = None) -> list[Proposition]:
    """Contracts for work on a machine, the best first: what covers it, then what the client has.

    Drafts and suspended or ended contracts promise nothing and are not proposed.
    """
    return [proposition for proposition, _ in proposees_avec(session, acteur, equipement_id, jour)]


def proposees_avec(
    session: Session, acteur: Acteur, equipement_id: int, jour: date | None = None
) -> list[tuple[Proposition, Contrat]]:
    """The same with each contract itself, which the session knows as long as it is held."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    equipement = session.get(Equipement, equipement_id)
    if equipement is None:
        return []
    quand = jour or clock.today()
    k, c = Contrat, ContratEquipement
    requete = (
        sa.select(k, c.du, c.au)
        .outerjoin(c, sa.and_(c.contrat_id == k.id, c.equipement_id == equipement_id))
        .where(k.client_id == equipement.client_id, *portee(acteur, k.agence_id))
        .order_by(k.date_debut.desc(), k.id)
    )
    trouvees: list[tuple[int, Proposition, Contrat]] = []
    for contrat, du, au in session.execute(requete):
        if not cycle.en_vigueur(
            contrat.statut, contrat.date_debut, contrat.date_fin, contrat.date_resiliation, quand
        ):
            continue
        fin = min((d for d in (au, contrat.date_fin) if d is not None), default=None)
        entree: date | None = du  # None where no row joins
        couvert = entree is not None and entree <= quand and (au is None or quand <= au)
        if couvert or (entree is None and equipement.contrat_id == contrat.id):
            raison = "couvre cet équipement jusqu'au {au}" if fin else "couvre cet équipement"
            proposee = Proposition(contrat.id, contrat.numero_contrat, raison, fin, True)
            trouvees.append((0 if couvert else 1, proposee, contrat))
        else:
            raison = "en cours chez ce client, sans couvrir cet équipement"
            proposee = Proposition(contrat.id, contrat.numero_contrat, raison, fin, False)
            trouvees.append((2, proposee, contrat))
    return [(p, contrat) for _, p, contrat in sorted(trouvees, key=lambda t: t[0])]
