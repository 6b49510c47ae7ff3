"""Agencies: list, form, creation, closing; and the letterheads that papers carry."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.administration.saisie import AgenceInput, IdentiteInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.errors import DuplicateError, NotFoundError, ValidationError
from erp_desktop.models import Agence, IdentiteSociete, User
from erp_desktop.services.administration.reference import Reference, toutes
from erp_desktop.services.administration.source import administrer
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import ecrire, refuser_doublon
from erp_desktop.services.shared.listing import Far, Listing
from erp_desktop.services.shared.lists import ListQuery, dans_l_ordre

A = Agence
LOGO_MAX = 300_000
"""Bytes of a logo: every desktop carries it."""
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """``comptes``: active accounts."""

    id: int
    code: str
    nom: str
    ville: str | None
    telephone: str | None
    comptes: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class AgencyCard:
    id: int
    code: str
    nom: str
    ville: str | None
    adresse: str | None
    telephone: str | None
    email: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    comptes: int


def _accounts(session: Session) -> dict[int | None, int]:
    query = sa.select(User.agence_id, sa.func.count()).where(User.is_active.is_(True)).group_by(User.agence_id)
    return {agence: count for agence, count in session.execute(query).all()}  # noqa: C416 - rows are no pairs


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """Every matching identifier; by code when no column that is stored is chosen. They are a few dozens at most."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    words = plier(query.texte).split()
    counts = _accounts(session)
    rows = [
        a for a in session.scalars(sa.select(A))
        if all(w in plier(" ".join(filter(None, (a.code, a.nom, a.ville)))) for w in words)
    ]  # fmt: skip

    def key(row: Any) -> tuple[Any, ...]:
        value = counts.get(row.id, 0) if query.tri == "comptes" else getattr(row, query.tri or "code", None)
        return (
            value is None,
            plier(value) if isinstance(value, str) else value if value is not None else 0,
            row.code,
        )

    return [a.id for a in sorted(rows, key=key, reverse=query.descendant)][: query.limite]


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[AgencyRow]:
    """Rows of a visible window, in the order of ``ids``."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    counts = _accounts(session)
    found = {
        a.id: AgencyRow(a.id, a.code, a.nom, a.ville, a.telephone, counts.get(a.id, 0), a.is_active)
        for a in session.scalars(sa.select(A).where(A.id.in_(ids)))
    }
    return dans_l_ordre(ids, found)


def _load(session: Session, ident: int) -> Agence:
    row = session.get(A, ident)
    if row is None:
        raise NotFoundError("Introuvable : cette agence n'existe pas.")
    return row


def get(session: Session, acteur: Acteur, id: int) -> AgencyCard:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row = _load(session, id)
    return edits.lire(AgencyCard, row, comptes=_accounts(session).get(id, 0))


def create(session: Session, acteur: Acteur, typed: AgenceInput) -> int:
    """Add an agency; returns its id.

    Raises:
        NotAllowedError, ValidationError, DuplicateError
    """
    administrer(session, acteur)
    refuser_doublon(session, A.code, typed.code, None, A.nom, "Le code {valeur} est déjà celui de « {autre} ».")
    return edits.creer(session, acteur, A(**typed.model_dump()))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form. The code is in numbers that were printed: it stays.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    administrer(session, acteur)

    def verify(_now: dict[str, Any], new: dict[str, Any]) -> None:
        if "code" in new:
            raise ValidationError(
                {"code": "Le code d'une agence est dans les numéros déjà imprimés : il ne change plus."}
            )
        if new.get("is_active") is False and (left := _accounts(session).get(id, 0)):
            told = f"Cette agence a encore {left} comptes actifs : désactivez-les, ou changez-les d'agence."
            one = "Cette agence a encore un compte actif : désactivez-le, ou changez-le d'agence."
            raise ValidationError({"is_active": one if left == 1 else told})

    edits.modifier(session, acteur, _load(session, id), AgenceInput, changes, verify)


# --- letterheads


@dataclass(frozen=True, slots=True)
class LetterheadRow:
    id: int
    raison_sociale: str
    ice: str | None
    ville: str | None
    agence: str


@dataclass(frozen=True, slots=True)
class LetterheadCard:
    id: int
    agence_id: int | None
    raison_sociale: str
    forme_juridique: str | None
    capital: Decimal | None
    ice: str | None
    identifiant_fiscal: str | None
    registre_commerce: str | None
    ville_rc: str | None
    taxe_professionnelle: str | None
    cnss: str | None
    adresse: str | None
    ville: str | None
    telephone: str | None
    email: str | None
    site_web: str | None
    banque: str | None
    rib: str | None
    mentions: str | None
    logo: bytes | None
    created_at: datetime
    updated_at: datetime
    agence: str


def _one_each(session: Session, values: dict[str, Any], but: int | None) -> None:
    i = IdentiteSociete
    same = sa.select(i.id).where(i.agence_id.is_not_distinct_from(values["agence_id"]), i.id.is_distinct_from(but))
    if session.scalar(same.limit(1)) is not None:
        raise DuplicateError(
            "Il y a déjà un en-tête pour cette agence, ou pour la société : modifiez-le.", "agence_id"
        )


def _agency_code(session: Session, row: Any) -> str:
    agence = session.get(Agence, row.agence_id) if row.agence_id is not None else None
    return agence.code if agence is not None else ""


LETTERHEADS: Reference[LetterheadRow, LetterheadCard] = Reference(
    Listing(
        IdentiteSociete, LetterheadRow, sort="raison_sociale", words={}, withdrawn=True,
        free=(IdentiteSociete.raison_sociale, IdentiteSociete.ville),
        far={"agence": Far(Agence.code, lambda r: r.outerjoin(Agence, Agence.id == IdentiteSociete.agence_id))},
        shown={"agence": toutes},
    ),
    LetterheadCard, IdentiteInput, "cet en-tête", lambda session, row: {"agence": _agency_code(session, row)},
    _one_each,
)  # fmt: skip


def _is_whole(picture: bytes) -> bool:
    """Whether a PNG is one from its first piece to its last: papers show nothing at all of another."""
    at, kinds = len(_PNG), []
    while picture.startswith(_PNG) and at + 12 <= len(picture):
        end = at + 8 + int.from_bytes(picture[at : at + 4], "big")
        if zlib.crc32(picture[at + 4 : end]) != int.from_bytes(picture[end : end + 4], "big"):
            return False
        kinds.append(picture[at + 4 : at + 8])
        at = end + 4
    return kinds[:1] == [b"IHDR"] and b"IDAT" in kinds and kinds[-1] == b"IEND"


def set_logo(session: Session, acteur: Acteur, id: int, picture: bytes | None) -> bytes | None:  # noqa: A002
    """Put a picture on a letterhead, or take it off; the former one.

    Raises:
        NotAllowedError, NotFoundError
        ValidationError: no whole PNG, or too large.
    """
    administrer(session, acteur)
    row = session.get(IdentiteSociete, id)
    if row is None:
        raise NotFoundError("Introuvable : cet en-tête n'existe pas.")
    if picture is not None and not _is_whole(picture):
        raise ValidationError({"logo": "Un logo est une image PNG."})
    if picture is not None and len(picture) > LOGO_MAX:
        raise ValidationError({"logo": f"Ce logo est trop lourd : {LOGO_MAX // 1000} ko au plus."})
    trace.annoncer(session, acteur)
    before, row.logo = row.logo, picture
    ecrire(session)
    return before
