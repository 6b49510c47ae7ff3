"""Type-ahead pickers: a few matches for what has been typed, never a list of everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import roles
from erp_desktop.domain.acteur import Acteur
from erp_desktop.domain.enums import StatutContrat, StatutEquipement
from erp_desktop.domain.recherche import plier
from erp_desktop.models import Client, Contrat, Equipement, Technicien, User
from erp_desktop.services.listes import cle_texte, portee, un_de


@dataclass(frozen=True, slots=True)
class Choix:
    id: int
    libelle: str
    detail: str


def _mots(session: Session, texte: str, *colonnes: Any) -> list[sa.ColumnElement[bool]]:
    return [un_de(session, mot, *colonnes) for mot in plier(texte).split()]


def clients(session: Session, acteur: Acteur, texte: str, limite: int = 20) -> list[Choix]:
    """Clients by name, ICE or town."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    requete = (
        sa.select(Client.id, Client.nom_entreprise, Client.ville)
        .where(Client.is_active.is_(True), *portee(acteur, Client.agence_id))
        .where(*_mots(session, texte, Client.nom_entreprise, Client.ice, Client.ville))
        .order_by(cle_texte(session, Client.nom_entreprise), Client.id)
        .limit(limite)
    )
    return [Choix(r.id, r.nom_entreprise, r.ville or "") for r in session.execute(requete)]


def equipements(
    session: Session, acteur: Acteur, texte: str, limite: int = 20, *, client_id: int | None = None
) -> list[Choix]:
    """Équipements by name, code or serial number, of one client when ``client_id`` is given; no retired ones."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    e = Equipement
    requete = (
        sa.select(e.id, e.nom, e.code_interne, e.localisation, Client.nom_entreprise)
        .join(Client, Client.id == e.client_id)
        .where(e.is_active.is_(True), e.statut != StatutEquipement.RETIRE, *portee(acteur, e.agence_id))
        .where(*_mots(session, texte, e.nom, e.code_interne, e.numero_serie, Client.nom_entreprise))
        .order_by(cle_texte(session, e.nom), e.id)
        .limit(limite)
    )
    if client_id is not None:
        requete = requete.where(e.client_id == client_id)
    return [
        Choix(
            r.id, r.nom, " · ".join(filter(None, [r.code_interne, r.localisation if client_id else r.nom_entreprise]))
        )
        for r in session.execute(requete)
    ]


def techniciens(session: Session, acteur: Acteur, texte: str, limite: int = 20) -> list[Choix]:
    """Active techniciens by name, badge or team."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    t = Technicien
    requete = (
        sa.select(t.id, User.full_name, t.equipe, t.disponibilite)
        .join(User, User.id == t.user_id)
        .where(t.is_active.is_(True), User.is_active.is_(True), *portee(acteur, t.agence_id))
        .where(*_mots(session, texte, User.full_name, t.numero_badge, t.equipe))
        .order_by(cle_texte(session, User.full_name), t.id)
        .limit(limite)
    )
    return [
        Choix(r.id, r.full_name, " · ".join(filter(None, [r.equipe, r.disponibilite])))
        for r in session.execute(requete)
    ]


def contrats(session: Session, acteur: Acteur, texte: str, limite: int = 20, *, client_id: int) -> list[Choix]:
    """Contracts of a client that are drafts or running."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    c = Contrat
    requete = (
        sa.select(c.id, c.numero_contrat, c.type_contrat, c.temps_reponse_urgence)
        .where(c.client_id == client_id, c.statut.in_((StatutContrat.BROUILLON, StatutContrat.EN_COURS)))
        .where(*portee(acteur, c.agence_id), *_mots(session, texte, c.numero_contrat))
        .order_by(c.numero_contrat.desc())
        .limit(limite)
    )
    return [
        Choix(
            r.id, r.numero_contrat,
            f"réponse {r.temps_reponse_urgence} h" if r.temps_reponse_urgence else r.type_contrat.replace("_", " "),
        )
        for r in session.execute(requete)
    ]  # fmt: skip
