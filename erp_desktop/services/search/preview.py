"""One record at a glance, beside the answers: a few fields, and its last interventions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import (
    Checklist,
    Client,
    Contrat,
    Depot,
    Equipement,
    Facture,
    Intervention,
    Inventaire,
    ModeleIntervention,
    MouvementStock,
    PieceDetachee,
    Planning,
    Technicien,
    User,
)
from erp_desktop.models.base import Base
from erp_desktop.services.factures import balance
from erp_desktop.services.interventions.list import portee_interventions
from erp_desktop.services.search.answers import Reponse, named
from erp_desktop.services.shared.lists import portee

_DERNIERES: Final = 3


@dataclass(frozen=True, slots=True)
class Compte:
    """Where a client stands.

    Attributes:
        encours: MAD, what is still due of their validated invoices; ``en_retard`` is past its day.
        contrat: kind of the contract in force that ends last; None without one. ``fin`` is its last day.
    """

    encours: Decimal
    en_retard: bool
    contrat: str | None
    fin: date | None


@dataclass(frozen=True, slots=True)
class Apercu:
    """What is shown of one record.

    Attributes:
        champs: field name → stored value, those that are filled in, in the order to show.
        dernieres: its last interventions, newest first.
        compte: of a client.
    """

    reponse: Reponse
    champs: dict[str, Any]
    dernieres: list[Reponse]
    compte: Compte | None = None


_FIELDS: Final[dict[str, tuple[type[Base], tuple[str, ...]]]] = {
    "clients": (Client, ("ice", "ville", "contact", "telephone", "email", "niveau_service")),
    "interventions": (
        Intervention, ("statut", "priorite", "date_creation", "date_planifiee", "date_limite", "duree_estimee"),
    ),
    "equipements": (
        Equipement, ("code_interne", "numero_serie", "marque", "modele", "localisation", "statut", "criticite"),
    ),
    "techniciens": (Technicien, ("numero_badge", "equipe", "niveau", "zone_intervention")),
    "contrats": (Contrat, ("statut", "type_contrat", "date_debut", "date_fin", "temps_reponse_urgence")),
    "factures": (
        Facture, ("statut", "type_facture", "date_facture", "date_echeance", "reference_client", "total_ttc"),
    ),
    "preventif": (
        Planning, ("statut", "frequence", "ancre", "modele_type", "modele_priorite", "modele_duree_estimee"),
    ),
    "inventaires": (Inventaire, ("etat", "ouvert_a", "fige_a", "remarque")),
    "depots": (Depot, ("type_depot", "statut")),
    "mouvements": (
        MouvementStock, ("type_mouvement", "quantite", "horodatage", "date_effet", "lot", "motif", "remarque"),
    ),
    "modeles": (ModeleIntervention, ("titre", "type", "priorite", "duree_estimee")),
    "checklists": (Checklist, ("type_equipement", "version")),
    "stock": (PieceDetachee, ("reference", "famille", "unite", "emplacement", "fournisseur", "prix_unitaire")),
}  # fmt: skip
_LINKS: Final = {
    "clients": Intervention.client_id, "equipements": Intervention.equipement_id,
    "techniciens": Intervention.technicien_id, "contrats": Intervention.contrat_id,
}  # fmt: skip


def preview(session: Session, acteur: Acteur, table: str, record: int) -> Apercu | None:
    """What is shown of a record; None when it is gone or out of the person's reach."""
    found = named(session, acteur, [(table, record)])
    if not found:
        return None
    model, wanted = _FIELDS[table]
    columns = model.__table__.c
    row = session.execute(sa.select(*(columns[name] for name in wanted)).where(columns.id == record)).mappings().one()
    fields = {name: row[name] for name in wanted if row[name] is not None}
    if table == "techniciens":
        owner = sa.select(User.phone).join(Technicien, Technicien.user_id == User.id).where(Technicien.id == record)
        phone = session.scalar(owner)
        fields |= {"phone": phone} if phone else {}
    account = _account(session, acteur, record) if table == "clients" else None
    return Apercu(found[0], fields, _last(session, acteur, table, record), account)


def _account(session: Session, acteur: Acteur, client: int) -> Compte:
    today, k = clock.today(), Contrat
    late = sa.func.sum(sa.case((Facture.date_echeance < today, balance.due()), else_=0))
    due, past = session.execute(
        sa.select(sa.func.sum(balance.due()), late).where(
            Facture.client_id == client, balance.waiting(), *portee(acteur, Facture.agence_id)
        )
    ).one()
    asked = sa.select(k.type_contrat, k.statut, k.date_debut, k.date_fin, k.date_resiliation).where(
        k.client_id == client, *portee(acteur, k.agence_id)
    )
    running = [
        (kind, end) for kind, state, begin, end, ended in session.execute(asked)
        if cycle.en_vigueur(state, begin, end, ended, today)
    ]  # fmt: skip
    kind, end = max(running, key=lambda one: one[1] or date.max, default=(None, None))
    return Compte(balance.dirhams(due), bool(past), kind, end)


def _last(session: Session, acteur: Acteur, table: str, record: int) -> list[Reponse]:
    if table not in _LINKS:
        return []
    newest = (
        sa.select(Intervention.id)
        .where(_LINKS[table] == record, *portee_interventions(acteur))
        .order_by(Intervention.date_creation.desc(), Intervention.id.desc())
        .limit(_DERNIERES)
    )
    return named(session, acteur, [("interventions", i) for i in session.scalars(newest)])
