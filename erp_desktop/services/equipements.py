"""Équipements: list, form, creation, edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import recherche
from erp_desktop.domain.enums import Criticite, StatutEquipement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import EquipementInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import Agence, Client, Contrat, Equipement
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import charger, ecrire, lie, refuser_doublon
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

LISTES: dict[str, list[str]] = {"statut": list(StatutEquipement), "criticite": list(Criticite)}
MOTS = ("client", "marque", "type", "agence")
_DOUBLON_CODE = "Le code interne {valeur} est déjà celui de « {autre} »."
_DOUBLON_SERIE = "Le numéro de série {valeur} est déjà celui de « {autre} »."


@dataclass(frozen=True, slots=True)
class EquipementLigne:
    """One row of the list."""

    id: int
    code_interne: str
    nom: str
    client: str
    type_equipement: str | None
    marque: str | None
    modele: str | None
    statut: str
    criticite: str
    localisation: str | None


@dataclass(frozen=True, slots=True)
class EquipementFiche:
    """Every field of the form, with the labels of what it points to."""

    id: int
    agence_id: int | None
    client_id: int
    contrat_id: int | None
    parent_id: int | None
    nom: str
    code_interne: str
    numero_serie: str | None
    type_equipement: str | None
    marque: str | None
    modele: str | None
    localisation: str | None
    statut: str
    criticite: str
    date_mise_en_service: date | None
    date_fin_garantie: date | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    client: str
    contrat: str | None
    parent: str | None
    agence_code: str


_PROPRES = [f.name for f in fields(EquipementFiche) if f.name in Equipement.__table__.columns]


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope."""
    filtre = lire_filtre(texte)
    toutes = [Equipement.is_active.is_(True), *portee(acteur, Equipement.agence_id)]
    textes = {"marque": Equipement.marque, "type": Equipement.type_equipement}
    for mot, valeurs in filtre.mots.items():
        if mot in LISTES:
            toutes.append(getattr(Equipement, mot).in_(valeurs))
        elif mot in textes:
            toutes.append(sa.or_(*(contient(session, textes[mot], v) for v in valeurs)))
        elif mot == "client":
            nom = sa.or_(*(contient(session, Client.nom_entreprise, v) for v in valeurs))
            toutes.append(Equipement.client_id.in_(sa.select(Client.id).where(nom)))
        else:
            codes = sa.select(Agence.id).where(sa.func.lower(Agence.code).in_(valeurs))
            toutes.append(Equipement.agence_id.in_(codes))
    e = Equipement
    toutes += [
        sa.or_(
            un_de(session, mot, e.nom, e.code_interne, e.numero_serie, e.marque, e.modele, e.localisation),
            e.client_id.in_(sa.select(Client.id).where(contient(session, Client.nom_entreprise, mot))),
        )
        for mot in filtre.libre
    ]
    return toutes


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier, in order; by name when no column is chosen."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    tri = query.tri or "nom"
    requete = sa.select(Equipement.id).where(*conditions(session, acteur, query.texte))
    cle: Any
    if tri == "client":
        requete = requete.join(Client, Client.id == Equipement.client_id)
        cle = cle_texte(session, Client.nom_entreprise)
    elif tri == "criticite":
        cle = sa.case({c.value: rang for rang, c in enumerate(Criticite)}, value=Equipement.criticite)
    elif tri in ("statut", "code_interne"):
        cle = getattr(Equipement, tri)
    else:
        connue = tri if tri in ("type_equipement", "marque", "modele", "localisation") else "nom"
        cle = cle_texte(session, getattr(Equipement, connue))
    requete = ordonner(requete, [cle], Equipement.id, descendant=query.descendant)
    return identifiants(session, requete.limit(query.limite))


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[EquipementLigne]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    lignes: dict[int, EquipementLigne] = {}
    e = Equipement
    for paquet in paquets(ids):
        requete = (
            sa.select(e.id, e.code_interne, e.nom, Client.nom_entreprise, e.type_equipement, e.marque, e.modele,
                      e.statut, e.criticite, e.localisation)
            .join(Client, Client.id == e.client_id)
            .where(e.id.in_(paquet), *portee(acteur, e.agence_id))
        )  # fmt: skip
        for r in session.execute(requete):
            lignes[r.id] = EquipementLigne(*cast("tuple[Any, ...]", r))
    return dans_l_ordre(ids, lignes)


def get(session: Session, acteur: Acteur, id: int) -> EquipementFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    ligne = charger(session, acteur, Equipement, id, "cet équipement")
    contrat = session.get(Contrat, ligne.contrat_id) if ligne.contrat_id else None
    parent = session.get(Equipement, ligne.parent_id) if ligne.parent_id else None
    agence = session.get(Agence, ligne.agence_id) if ligne.agence_id else None
    return EquipementFiche(
        **{nom: getattr(ligne, nom) for nom in _PROPRES},
        client=session.get_one(Client, ligne.client_id).nom_entreprise,
        contrat=contrat.numero_contrat if contrat else None,
        parent=parent.nom if parent else None,
        agence_code=agence.code if agence else "",
    )


def _verifier(
    session: Session, acteur: Acteur, valeurs: dict[str, Any], agence: int | None, sauf: int | None
) -> None:
    lie(
        session,
        acteur,
        Client,
        valeurs["client_id"],
        "client_id",
        "Ce client n'existe pas dans cette agence.",
        agence,
    )
    contrat = lie(session, acteur, Contrat, valeurs.get("contrat_id"), "contrat_id",
                  "Ce contrat n'existe pas dans cette agence.", agence)  # fmt: skip
    if contrat is not None and contrat.client_id != valeurs["client_id"]:
        raise ValidationError({"contrat_id": "Ce contrat est celui d'un autre client."})
    parent = lie(session, acteur, Equipement, valeurs.get("parent_id"), "parent_id",
                 "Cet équipement n'existe pas dans cette agence.", agence)  # fmt: skip
    if parent is not None and parent.client_id != valeurs["client_id"]:
        raise ValidationError({"parent_id": "Cet équipement appartient à un autre client."})
    while parent is not None and sauf is not None:
        if parent.id == sauf:
            raise ValidationError({"parent_id": "Un équipement ne peut pas faire partie de lui-même."})
        parent = session.get(Equipement, parent.parent_id) if parent.parent_id else None
    e = Equipement
    refuser_doublon(session, e.code_interne, valeurs.get("code_interne"), sauf, e.nom, _DOUBLON_CODE)
    refuser_doublon(session, e.numero_serie, valeurs.get("numero_serie"), sauf, e.nom, _DOUBLON_SERIE)


def create(session: Session, acteur: Acteur, saisie: EquipementInput) -> int:
    """Add an équipement to a client, in the client's agency; returns its id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    trace.annoncer(session, acteur)
    valeurs = saisie.model_dump()
    client = session.get(Client, saisie.client_id)
    agence = client.agence_id if client is not None and roles.voit_tout(acteur) else acteur.agence_id
    _verifier(session, acteur, valeurs, agence, None)
    ligne = Equipement(**valeurs, agence_id=agence, created_by_id=acteur.user_id)
    session.add(ligne)
    ecrire(session)
    return ligne.id


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form.

    Raises:
        NotAllowedError, NotFoundError, ValidationError, DuplicateError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    ligne = charger(session, acteur, Equipement, id, "cet équipement", ecrire=True)
    edits.modifier(
        session, acteur, ligne, EquipementInput, changes,
        lambda actuel, nouvelles: _verifier(session, acteur, {**actuel, **nouvelles}, ligne.agence_id, id),
    )  # fmt: skip
