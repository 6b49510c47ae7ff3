"""What happened to a contract, told from its facts: nothing is kept twice, and every replica tells the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Avenant, Contrat, ContratEquipement, ContratPeriode, Equipement, User
from erp_desktop.services.shared.common import charger

CREATED, SIGNED, AMENDED, PERIOD, COVERED, UNCOVERED, SUSPENDED, ENDED, EXPIRES = (
    "Contrat créé", "Contrat signé", "Avenant", "Période", "Équipement couvert", "Équipement retiré", "Suspendu",
    "Résilié", "Fin du contrat",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fait:
    """One thing that happened or will: its day, what it is, the rest of it in words of the data."""

    jour: date
    quoi: str
    detail: str
    auteur: str = ""


def history(session: Session, acteur: Acteur, contrat_id: int) -> list[Fait]:
    """The facts of a contract, the latest first.

    Raises:
        NotAllowedError, NotFoundError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row = charger(session, acteur, Contrat, contrat_id, "ce contrat")
    a, p, c = Avenant, ContratPeriode, ContratEquipement
    names: dict[int, str] = {}

    def author(ident: int | None) -> str:
        if ident is not None and ident not in names:
            names[ident] = session.scalar(sa.select(User.full_name).where(User.id == ident)) or ""
        return names.get(ident or 0, "")

    found = [Fait(clock.local(row.created_at).date(), CREATED, row.numero_contrat, author(row.created_by_id))]
    if row.date_signature is not None:
        found.append(Fait(row.date_signature, SIGNED, ""))
    for amendment in session.scalars(sa.select(a).where(a.contrat_id == contrat_id)):
        detail = f"{amendment.numero} : {amendment.objet}"
        found.append(Fait(amendment.date_effet, AMENDED, detail, author(amendment.created_by_id)))
    found += [
        Fait(period.du, PERIOD, str(period.numero), author(period.created_by_id))
        for period in session.scalars(sa.select(p).where(p.contrat_id == contrat_id))
    ]
    covered = sa.select(c, Equipement.nom).join(Equipement, Equipement.id == c.equipement_id)
    for cover, name in session.execute(covered.where(c.contrat_id == contrat_id)):
        found.append(Fait(cover.du, COVERED, name, author(cover.created_by_id)))
        if cover.au is not None:
            found.append(Fait(cover.au, UNCOVERED, name))
    if row.statut == StatutContrat.RESILIE and row.date_resiliation is not None:
        found.append(Fait(row.date_resiliation, ENDED, row.motif or ""))
    elif row.date_fin is not None:
        found.append(Fait(row.date_fin, EXPIRES, ""))
    if row.statut == StatutContrat.SUSPENDU:
        found.append(Fait(clock.local(row.updated_at).date(), SUSPENDED, row.motif or ""))
    return sorted(found, key=lambda one: (one.jour, one.quoi != CREATED), reverse=True)
