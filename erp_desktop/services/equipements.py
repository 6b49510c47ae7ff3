"""Équipements: list, form, creation, edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

import sqlalchemy as sa
from pydantic import model_validator
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Criticite, StatutEquipement
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import Saisie, _regle
from erp_desktop.errors import ValidationError
from erp_desktop.models import Agence, Client, Contrat, Equipement
from erp_desktop.services.search import exact
from erp_desktop.services.shared import edits
from erp_desktop.services.shared.common import charger, lie, lies, refuser_doublon
from erp_desktop.services.shared.listing import (
    Far,
    Listing,
    Word,
    by_rank,
    closed,
    of_agency,
    of_client,
    of_contract,
    text,
)
from erp_desktop.services.shared.lists import (
    contient,
)
from erp_desktop.services.shared.typed import optional, required

_DOUBLON_CODE = "Le code interne {valeur} est déjà celui de « {autre} »."
_DOUBLON_SERIE = "Le numéro de série {valeur} est déjà celui de « {autre} »."


class EquipementInput(Saisie):
    client_id: int
    contrat_id: int | None = None
    parent_id: int | None = None
    nom: str = required(Equipement.nom)
    code_interne: str = required(Equipement.code_interne)
    numero_serie: str | None = optional(Equipement.numero_serie)
    type_equipement: str | None = optional(Equipement.type_equipement)
    marque: str | None = optional(Equipement.marque)
    modele: str | None = optional(Equipement.modele)
    localisation: str | None = optional(Equipement.localisation)
    statut: StatutEquipement = StatutEquipement.OPERATIONNEL
    criticite: Criticite = Criticite.STANDARD
    date_mise_en_service: date | None = None
    date_fin_garantie: date | None = None
    is_active: bool = True

    @model_validator(mode="after")
    def _dates(self) -> Self:
        service, garantie = self.date_mise_en_service, self.date_fin_garantie
        if service is not None and garantie is not None and garantie < service:
            raise _regle("date_fin_garantie", "La garantie finit avant la mise en service.")
        return self


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


def _by_client(session: Session, word: str) -> sa.ColumnElement[bool]:
    return Equipement.client_id.in_(sa.select(Client.id).where(contient(session, Client.nom_entreprise, word)))


def _lacks(_session: Session, values: Sequence[str]) -> sa.ColumnElement[bool]:
    e = Equipement
    columns = {"type": e.type_equipement, "contrat": e.contrat_id, "agence": e.agence_id}
    return sa.and_(*(columns[v].is_(None) for v in values)) if values else sa.false()


LISTING = Listing(
    Equipement,
    EquipementLigne,
    sort="nom",
    words={
        "statut": closed(Equipement.statut),
        "criticite": closed(Equipement.criticite),
        "client": of_client(Equipement.client_id),
        "marque": text(Equipement.marque),
        "type": text(Equipement.type_equipement),
        "contrat": of_contract(Equipement.contrat_id),
        "equipement": Word(exact.machine),
        "arbre": Word(lambda session, values: Equipement.id.in_(exact.below(exact.machine(session, values)))),
        "parc": Word(lambda _s, values: Equipement.statut != StatutEquipement.RETIRE if values else sa.false(),
                     ("en_service",)),
        "sans": Word(_lacks, ("type", "contrat", "agence")),
        "agence": of_agency(Equipement.agence_id),
    },
    free=(
        Equipement.nom, Equipement.code_interne, Equipement.numero_serie, Equipement.marque, Equipement.modele,
        Equipement.localisation,
    ),
    also=_by_client,
    far={"client": Far(Client.nom_entreprise, lambda asked: asked.join(Client, Client.id == Equipement.client_id),
                       every=True)},
    ranked={"criticite": by_rank(Equipement.criticite)},
)  # fmt: skip
ids, rows, indices, PLACES = LISTING.ids, LISTING.rows, LISTING.hints, LISTING.places
first = LISTING.first


def get(session: Session, acteur: Acteur, id: int) -> EquipementFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    ligne = charger(session, acteur, Equipement, id, "cet équipement")
    client, contrat, parent, agence = lies(
        session, (Client, ligne.client_id), (Contrat, ligne.contrat_id), (Equipement, ligne.parent_id),
        (Agence, ligne.agence_id),
    )  # fmt: skip
    return edits.lire(
        EquipementFiche,
        ligne,
        client=client.nom_entreprise,
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
    # Two desktops may each put one machine under the other: what they made together is walked once around.
    seen: set[int] = set()
    while parent is not None and sauf is not None and parent.id not in seen:
        if parent.id == sauf:
            raise ValidationError({"parent_id": "Un équipement ne peut pas faire partie de lui-même."})
        seen.add(parent.id)
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
    valeurs = saisie.model_dump()
    client = session.get(Client, saisie.client_id)
    agence = client.agence_id if client is not None and roles.voit_tout(acteur) else acteur.agence_id
    _verifier(session, acteur, valeurs, agence, None)
    return edits.creer(session, acteur, Equipement(**valeurs, agence_id=agence))


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
