"""Which machines a contract covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.saisie import CouvertureInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError, ValidationError
from erp_desktop.models import Contrat, ContratEquipement, Equipement
from erp_desktop.services.contrats.form import ouvrir, remanier
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire, lie
from erp_desktop.services.shared.lists import cle_texte


@dataclass(frozen=True, slots=True)
class CouvertInfo:
    """A machine of a contract; without ``du``, its own form names the contract."""

    equipement_id: int
    code_interne: str
    nom: str
    criticite: str
    du: date | None
    au: date | None


def couverts(session: Session, acteur: Acteur, contrat_id: int) -> list[CouvertInfo]:
    """The machines of a contract by name, those that left it included."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    e, c = Equipement, ContratEquipement
    requete = (
        sa.select(e.id, e.code_interne, e.nom, e.criticite, c.du, c.au)
        .outerjoin(c, sa.and_(c.equipement_id == e.id, c.contrat_id == contrat_id))
        .where(sa.or_(c.id.is_not(None), e.contrat_id == contrat_id))
        .order_by(cle_texte(session, e.nom), e.id)
    )
    _, lus = abreast(
        session, lambda s: charger(s, acteur, Contrat, contrat_id, "ce contrat"), lambda s: s.execute(requete).all()
    )
    return [CouvertInfo(*r) for r in lus]


def couvrir(session: Session, acteur: Acteur, contrat_id: int, saisie: CouvertureInput) -> int:
    """Put a machine of the client under the contract, or change the days of one that is; returns the row's id.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    contrat = ouvrir(session, acteur, contrat_id)
    equipement = lie(session, acteur, Equipement, saisie.equipement_id, "equipement_id",
                     "Cet équipement n'existe pas dans cette agence.", contrat.agence_id)  # fmt: skip
    if equipement is None or equipement.client_id != contrat.client_id:
        raise ValidationError({"equipement_id": "Cet équipement est celui d'un autre client."})
    if saisie.du < contrat.date_debut:
        raise ValidationError({"du": "La couverture commence avant le contrat."})
    if contrat.date_fin is not None and (saisie.au or saisie.du) > contrat.date_fin:
        raise ValidationError({"au" if saisie.au else "du": "La couverture dépasse la fin du contrat."})
    trace.annoncer(session, acteur)
    c = ContratEquipement
    ligne = session.scalar(sa.select(c).where(c.contrat_id == contrat_id, c.equipement_id == equipement.id))
    if ligne is None:
        ligne = ContratEquipement(
            contrat_id=contrat_id, equipement_id=equipement.id, agence_id=contrat.agence_id, du=saisie.du,
            au=saisie.au, created_by_id=acteur.user_id,
        )  # fmt: skip
        session.add(ligne)
    else:
        ligne.du, ligne.au = saisie.du, saisie.au
    _suivre(equipement, contrat_id, present=saisie.au is None or saisie.au >= clock.today())
    remanier(contrat)
    ecrire(session)
    return ligne.id


def retirer(session: Session, acteur: Acteur, contrat_id: int, equipement_id: int) -> None:
    """Take a machine off: what had begun ends yesterday and stays on record, what had not is taken away.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    contrat = ouvrir(session, acteur, contrat_id)
    equipement = session.get(Equipement, equipement_id)
    c = ContratEquipement
    ligne = session.scalar(sa.select(c).where(c.contrat_id == contrat_id, c.equipement_id == equipement_id))
    if equipement is None or (ligne is None and equipement.contrat_id != contrat_id):
        raise NotFoundError("Cet équipement n'est pas sous ce contrat.")
    trace.annoncer(session, acteur)
    if ligne is not None:
        hier = clock.today() - cycle.UN_JOUR
        if contrat.statut != StatutContrat.BROUILLON and ligne.du <= hier:
            # What ended only with the contract leaves it by this act: a renewal does not bring it back.
            ligne.au = hier if ligne.au in (None, contrat.date_fin) else min(ligne.au or hier, hier)
        else:
            session.delete(ligne)
    _suivre(equipement, contrat_id, present=False)
    remanier(contrat)
    ecrire(session)


def _suivre(equipement: Equipement, contrat_id: int, *, present: bool) -> None:
    """The contract that the machine's own form names: the one that covers it now."""
    if present and equipement.contrat_id is None:
        equipement.contrat_id = contrat_id
    elif not present and equipement.contrat_id == contrat_id:
        equipement.contrat_id = None
