"""Clients: list, form, creation, edits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import field_validator
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain import ice, telephone
from erp_desktop.domain.enums import NiveauService, TypeClient
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Courriel, Saisie, Telephone
from erp_desktop.errors import ValidationError
from erp_desktop.models import Agence, Client, Equipement
from erp_desktop.services.shared import edits
from erp_desktop.services.shared.common import agence_de, charger, lies, refuser_doublon
from erp_desktop.services.shared.listing import Far, Listing, closed, of_agency, text
from erp_desktop.services.shared.typed import optional, required

_DOUBLON_ICE = "L'ICE {valeur} est déjà celui de « {autre} »."


class ClientInput(Saisie):
    nom_entreprise: str = required(Client.nom_entreprise)
    type_client: TypeClient = TypeClient.ENTREPRISE
    niveau_service: NiveauService = NiveauService.STANDARD
    ice: str | None = None
    identifiant_fiscal: str | None = optional(Client.identifiant_fiscal)
    registre_commerce: str | None = optional(Client.registre_commerce)
    ville_rc: str | None = optional(Client.ville_rc)
    taxe_professionnelle: str | None = optional(Client.taxe_professionnelle)
    cnss: str | None = optional(Client.cnss)
    contact: str | None = optional(Client.contact)
    email: Courriel = None
    telephone: Telephone = None
    adresse: str | None = optional(Client.adresse)
    ville: str | None = optional(Client.ville)
    notes: str | None = optional(Client.notes)
    agence_id: int | None = None
    is_active: bool = True

    @field_validator("ice")
    @classmethod
    def _ice(cls, valeur: str | None) -> str | None:
        return ice.normaliser(valeur) if valeur else None

    @property
    def avertissements(self) -> dict[str, str]:
        """What is accepted but deserves a look: field → French sentence."""
        phrase = ice.avertissement(self.ice)
        return {"ice": phrase} if phrase else {}


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


_NB = (
    sa.select(sa.func.count())
    .where(Equipement.client_id == Client.id, Equipement.is_active.is_(True))
    .scalar_subquery()
    .label("nb")
)


def _by_number(_session: Session, word: str) -> sa.ColumnElement[bool] | None:
    """A number typed 0522… is stored +212522…."""
    digits = "".join(c for c in word if c.isdigit())
    return Client.telephone.like(f"%{digits.removeprefix('0')}%") if len(digits) >= 4 else None


LISTING = Listing(
    Client,
    ClientLigne,
    sort="nom_entreprise",
    words={
        "type": closed(Client.type_client),
        "service": closed(Client.niveau_service),
        "ville": text(Client.ville),
        "agence": of_agency(Client.agence_id),
    },
    free=(Client.nom_entreprise, Client.ice, Client.contact, Client.email, Client.ville),
    also=_by_number,
    far={"nb_equipements": Far(_NB, sorts=False)},
    shown={"telephone": lambda stored: telephone.afficher(stored) or None},
)
ids, rows, indices, PLACES = LISTING.ids, LISTING.rows, LISTING.hints, LISTING.places
first = LISTING.first


def get(session: Session, acteur: Acteur, id: int) -> ClientFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    combien = sa.select(_NB).select_from(Client).where(Client.id == id)
    ligne, nb = abreast(
        session, lambda s: charger(s, acteur, Client, id, "ce client"), lambda s: s.scalar(combien) or 0
    )
    [agence] = lies(session, (Agence, ligne.agence_id))
    doute = ice.avertissement(ligne.ice)
    return edits.lire(
        ClientFiche,
        ligne,
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
    valeurs = saisie.model_dump()
    valeurs["agence_id"] = agence_de(session, acteur, saisie.agence_id, partage=True)
    _verifier(session, valeurs, None)
    return edits.creer(session, acteur, Client(**valeurs))


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
