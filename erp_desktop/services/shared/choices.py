"""Type-ahead pickers: a few matches for what has been typed, never a list of everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import StatutContrat, StatutEquipement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.models import Agence, Client, Contrat, Equipement, Technicien, User
from erp_desktop.registry.technicien_names import noms
from erp_desktop.services.shared.availability import charge, disponibilite
from erp_desktop.services.shared.lists import cle_texte, portee, un_de


@dataclass(frozen=True, slots=True)
class Choix:
    """One row of a picker.

    Attributes:
        detail: what tells rows of the same name apart.
        disponibilite: of a technicien, the one that is true now.
        en_cours, prevues: of a technicien, interventions under way, and planned over the hour asked for.
    """

    id: int
    libelle: str
    detail: str
    disponibilite: str = ""
    en_cours: int = 0
    prevues: int = 0


def _mots(session: Session, texte: str, *colonnes: Any) -> list[sa.ColumnElement[bool]]:
    return [un_de(session, mot, *colonnes) for mot in plier(texte).split()]


def clients(session: Session, acteur: Acteur, texte: str, limite: int = 20) -> list[Choix]:
    """Clients by name, ICE or town."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    requete = (
        sa.select(Client.id, Client.nom_entreprise, Client.ville, Client.ice, Client.contact)
        .where(Client.is_active.is_(True), *portee(acteur, Client.agence_id))
        .where(*_mots(session, texte, Client.nom_entreprise, Client.ice, Client.ville))
        .order_by(cle_texte(session, Client.nom_entreprise), Client.id)
        .limit(limite)
    )
    return [
        Choix(r.id, r.nom_entreprise, " · ".join(filter(None, [r.ville, f"ICE {r.ice}" if r.ice else r.contact])))
        for r in session.execute(requete)
    ]


def equipements(
    session: Session, acteur: Acteur, texte: str, limite: int = 20, *, client_id: int | None = None
) -> list[Choix]:
    """Équipements by name, code, serial number, site or client, of one client when ``client_id`` is given; no retired
    ones. The detail names the client and the site."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    e = Equipement
    requete = (
        sa.select(e.id, e.nom, e.code_interne, e.numero_serie, e.localisation, Client.nom_entreprise, Client.ville)
        .join(Client, Client.id == e.client_id)
        .where(e.is_active.is_(True), e.statut != StatutEquipement.RETIRE, *portee(acteur, e.agence_id))
        .where(*_mots(session, texte, e.nom, e.code_interne, e.numero_serie, e.localisation, Client.nom_entreprise))
        .order_by(cle_texte(session, e.nom), e.id)
        .limit(limite)
    )
    if client_id is not None:
        requete = requete.where(e.client_id == client_id)
    return [
        Choix(r.id, r.nom, " · ".join(filter(None, [
            r.code_interne, r.nom_entreprise, r.localisation or r.ville, r.numero_serie and f"n° {r.numero_serie}",
        ])))
        for r in session.execute(requete)
    ]  # fmt: skip


def techniciens(
    session: Session, acteur: Acteur, texte: str, limite: int = 20, *, quand: datetime | None = None
) -> list[Choix]:
    """Active techniciens by name, badge, team or agency, with their availability at ``quand``, else now."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    t = Technicien
    requete = (
        sa.select(t.id, t.equipe, t.numero_badge, Agence.nom, disponibilite().label("disponibilite"))
        .join(User, User.id == t.user_id)
        .outerjoin(Agence, Agence.id == t.agence_id)
        .where(t.is_active.is_(True), User.is_active.is_(True), *portee(acteur, t.agence_id))
        .where(*_mots(session, texte, User.full_name, t.numero_badge, t.equipe, Agence.nom))
        .order_by(cle_texte(session, User.full_name), t.id)
        .limit(limite)
    )
    lus = list(session.execute(requete))
    ids = [r.id for r in lus]
    appeles, charges = noms(session, ids), charge(session, ids, quand)
    return [
        Choix(r.id, appeles[r.id], " · ".join(filter(None, [r.nom, r.equipe, r.numero_badge])), r.disponibilite,
              *charges[r.id])
        for r in lus
    ]  # fmt: skip


def contrats(session: Session, acteur: Acteur, texte: str, limite: int = 20, *, client_id: int | None) -> list[Choix]:
    """Contracts of a client that are drafts or running; without a client those of all, whatever became of them."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    c = Contrat
    requete = (
        sa.select(c.id, c.numero_contrat, c.type_contrat, c.temps_reponse_urgence)
        .where(*portee(acteur, c.agence_id), *_mots(session, texte, c.numero_contrat))
        .order_by(c.numero_contrat.desc())
        .limit(limite)
    )
    if client_id is not None:
        running = c.statut.in_((StatutContrat.BROUILLON, StatutContrat.EN_COURS))
        requete = requete.where(c.client_id == client_id, running)
    return [
        Choix(
            r.id, r.numero_contrat,
            f"réponse {r.temps_reponse_urgence} h" if r.temps_reponse_urgence else r.type_contrat.replace("_", " "),
        )
        for r in session.execute(requete)
    ]  # fmt: skip
