"""Clients: list, form, creation, edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import ice, recherche, telephone
from erp_desktop.domain.enums import NiveauService, TypeClient
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import ClientInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import Agence, Client, Equipement
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import agence_de, charger, ecrire, refuser_doublon
from erp_desktop.services.shared.lists import (
    ListQuery,
    cle_texte,
    contient,
    dans_l_ordre,
    identifiants,
    ordonner,
    paquets,
    portee,
    un_de,
)

LISTES: dict[str, list[str]] = {"type": list(TypeClient), "service": list(NiveauService)}
MOTS = ("ville", "agence")
_DOUBLON_ICE = "L'ICE {valeur} est déjà celui de « {autre} »."


@dataclass(frozen=True, slots=True)
class ClientLigne:
    """One row of the list."""

    id: int
    nom_entreprise: str
    type_client: str
    niveau_service: str
    ville: str | None
    ice: str | None
    telephone: str | None
    nb_equipements: int


@dataclass(frozen=True, slots=True)
class ClientFiche:
    """Every field of the form; ``avertissements``: field → what deserves a look, in French."""

    id: int
    agence_id: int | None
    nom_entreprise: str
    type_client: str
    niveau_service: str
    ice: str | None
    identifiant_fiscal: str | None
    registre_commerce: str | None
    ville_rc: str | None
    taxe_professionnelle: str | None
    cnss: str | None
    contact: str | None
    email: str | None
    telephone: str | None
    adresse: str | None
    ville: str | None
    notes: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    agence_code: str
    nb_equipements: int
    avertissements: dict[str, str]


_PROPRES = [f.name for f in fields(ClientFiche) if f.name in Client.__table__.columns]
_NB = (
    sa.select(sa.func.count())
    .where(Equipement.client_id == Client.id, Equipement.is_active.is_(True))
    .scalar_subquery()
    .label("nb")
)


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope."""
    filtre = lire_filtre(texte)
    toutes = [Client.is_active.is_(True), *portee(acteur, Client.agence_id)]
    colonnes = {"type": Client.type_client, "service": Client.niveau_service}
    for mot, valeurs in filtre.mots.items():
        if mot in colonnes:
            toutes.append(colonnes[mot].in_(valeurs))
        elif mot == "ville":
            toutes.append(sa.or_(*(contient(session, Client.ville, v) for v in valeurs)))
        else:
            codes = sa.select(Agence.id).where(sa.func.lower(Agence.code).in_(valeurs))
            toutes.append(Client.agence_id.in_(codes))
    for mot in filtre.libre:
        champs = un_de(session, mot, Client.nom_entreprise, Client.ice, Client.contact, Client.email, Client.ville)
        chiffres = "".join(c for c in mot if c.isdigit())
        if len(chiffres) >= 4:
            # A number typed 0522… is stored +212522….
            champs = champs | Client.telephone.like(f"%{chiffres.removeprefix('0')}%")
        toutes.append(champs)
    return toutes


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by name when no column is chosen."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    tri = query.tri or "nom_entreprise"
    cle: Any
    if tri == "nb_equipements":
        cle = _NB
    elif tri in ("type_client", "niveau_service", "ice", "telephone"):
        cle = getattr(Client, tri)
    else:
        cle = cle_texte(session, Client.ville if tri == "ville" else Client.nom_entreprise)
    requete = sa.select(Client.id).where(*conditions(session, acteur, query.texte))
    requete = ordonner(requete, [cle], Client.id, descendant=query.descendant)
    return identifiants(session, requete.limit(query.limite))


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[ClientLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    lignes: dict[int, ClientLigne] = {}
    for paquet in paquets(ids):
        requete = sa.select(
            Client.id, Client.nom_entreprise, Client.type_client, Client.niveau_service, Client.ville, Client.ice,
            Client.telephone, _NB,
        ).where(Client.id.in_(paquet), *portee(acteur, Client.agence_id))  # fmt: skip
        for r in session.execute(requete):
            lignes[r.id] = ClientLigne(
                r.id, r.nom_entreprise, r.type_client, r.niveau_service, r.ville, r.ice,
                telephone.afficher(r.telephone) or None, r.nb,
            )  # fmt: skip
    return dans_l_ordre(ids, lignes)


def get(session: Session, acteur: Acteur, id: int) -> ClientFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    ligne = charger(session, acteur, Client, id, "ce client")
    agence = session.get(Agence, ligne.agence_id) if ligne.agence_id else None
    doute = ice.avertissement(ligne.ice)
    nb = session.scalar(sa.select(_NB).select_from(Client).where(Client.id == id)) or 0
    return ClientFiche(
        **{nom: getattr(ligne, nom) for nom in _PROPRES},
        agence_code=agence.code if agence else "",
        nb_equipements=nb,
        avertissements={"ice": doute} if doute else {},
    )


def _verifier(session: Session, valeurs: dict[str, Any], sauf: int | None) -> None:
    refuser_doublon(session, Client.ice, valeurs.get("ice"), sauf, Client.nom_entreprise, _DOUBLON_ICE)


def create(session: Session, acteur: Acteur, saisie: ClientInput) -> int:
    """Add a client; returns its id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    trace.annoncer(session, acteur)
    valeurs = saisie.model_dump()
    valeurs["agence_id"] = agence_de(session, acteur, saisie.agence_id, partage=True)
    _verifier(session, valeurs, None)
    ligne = Client(**valeurs, created_by_id=acteur.user_id)
    session.add(ligne)
    ecrire(session)
    return ligne.id


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    ligne = charger(session, acteur, Client, id, "ce client", ecrire=True)

    def verify(_actuel: dict[str, object], nouvelles: dict[str, object]) -> None:
        if "agence_id" in nouvelles:
            raise ValidationError(
                {"agence_id": "Un client change d'agence avec tout ce qui lui appartient, au centre."}
            )
        _verifier(session, nouvelles, id)

    edits.modifier(session, acteur, ligne, ClientInput, changes, verify)
