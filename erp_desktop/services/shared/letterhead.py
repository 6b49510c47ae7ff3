"""What papers say of the company, or of one of its agencies."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import telephone
from erp_desktop.models import Agence, IdentiteSociete


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a paper of an agency carries; ``agence``, its name, code, address and telephone go with it.

    Attributes:
        raison_sociale: empty until an administrator has said it.
    """

    raison_sociale: str = ""
    forme_juridique: str | None = None
    capital: Decimal | None = None
    ice: str | None = None
    identifiant_fiscal: str | None = None
    registre_commerce: str | None = None
    ville_rc: str | None = None
    taxe_professionnelle: str | None = None
    cnss: str | None = None
    adresse: str | None = None
    ville: str | None = None
    telephone: str | None = None
    email: str | None = None
    site_web: str | None = None
    banque: str | None = None
    rib: str | None = None
    mentions: str | None = None
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """Which agency a paper comes from."""

    nom: str = ""
    adresse: str = ""
    ville: str = ""
    telephone: str = ""


def office(agence: Agence | None) -> Office:
    """The agency as papers print it; an empty one for what belongs to none."""
    if agence is None:
        return Office()
    return Office(agence.nom, agence.adresse or "", agence.ville or "", telephone.afficher(agence.telephone))


def letterhead(session: Session, agence_id: int | None) -> Letterhead:
    """The letterhead of an agency: what it says itself, the address of its row, the company's for the rest."""
    i = IdentiteSociete
    found = {row.agence_id: row for row in session.scalars(sa.select(i).where(
        sa.or_(i.agence_id.is_(None), i.agence_id == agence_id)
    ))}  # fmt: skip
    agence = session.get(Agence, agence_id) if agence_id is not None else None
    own, company = found.get(agence_id) if agence_id is not None else None, found.get(None)
    values: dict[str, Any] = {}
    for one in fields(Letterhead):
        # An agency's own address and telephone are on its row; a letterhead of its own may still say others.
        sources = (own, agence if one.name in {"adresse", "ville", "telephone", "email"} else None, company)
        values[one.name] = next((v for s in sources if s is not None and (v := getattr(s, one.name))), None)
    values["raison_sociale"] = values["raison_sociale"] or ""
    return Letterhead(**values)
