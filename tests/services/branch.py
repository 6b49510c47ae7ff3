"""A small branch on either engine: two agencies, people of every role, a client with a contract and machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.models import User

T = TypeVar("T")


@dataclass
class Monde:
    """The engine and the identifiers of what it holds."""

    engine: sa.Engine
    agent: Acteur
    responsable: Acteur
    admin: Acteur
    siege: Acteur
    technicien: Acteur
    autre_agent: Acteur
    cas: int
    rab: int
    client: int
    contrat: int
    equipement: int
    karim: int
    hind: int
    client_rab: int
    equipement_rab: int

    def faire(self, fonction: Callable[..., T], acteur: Acteur, *arguments: Any, **nommes: Any) -> T:
        """Run one service function in a transaction of its own."""
        with transaction(self.engine, acteur.user_id) as session:
            return fonction(session, acteur, *arguments, **nommes)

    def lire(self, requete: Any) -> list[Any]:
        with transaction(self.engine, write=False) as session:
            return list(session.execute(requete))

    def executer(self, texte: str, **valeurs: Any) -> None:
        with transaction(self.engine) as session:
            session.execute(sa.text(texte), valeurs)


def _compte(session: Session, nom: str, role: Role, agence: int | None) -> User:
    identifiant = nom.lower().replace(" ", ".")
    compte = User(
        username=identifiant, email=f"{identifiant}@exemple.ma", full_name=nom, role=role.value, agence_id=agence
    )
    session.add(compte)
    session.flush()
    return compte


def refused(act: Callable[[], Any], kind: type[ErpError] = ValidationError) -> str:
    """What a refused act says, the sentences of its fields in one."""
    with pytest.raises(kind) as told:
        act()
    champs = getattr(told.value, "champs", None)
    return " ".join(champs.values()) if champs else str(told.value)
