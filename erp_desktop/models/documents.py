"""Files of the work: their descriptions, which are rows like any other, and their bytes, which travel apart."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import MomentPhoto, TypeDocument
from erp_desktop.models.base import LOTS, SUIVI, Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, choice, field, link
from erp_desktop.models.types import big_int


class Document(LigneAgence, Base):
    """The description of a file; its bytes travel apart, by content hash."""

    __tablename__ = "documents"
    __noun__ = Noun(
        "Document",
        "file-pdf",
        name="nom_fichier",
        follows=("equipement_id", "intervention_id", "contrat_id"),
        groups=(
            Group("fichier", ("mime_type", "taille", "sha256"), label="Fichier"),
            Group("rattachement", ("intervention_id", "equipement_id", "contrat_id"), label="Rattachement"),
        ),
    )
    __table_args__ = (
        sa.CheckConstraint(
            "intervention_id IS NOT NULL OR equipement_id IS NOT NULL OR contrat_id IS NOT NULL", name="rattachement"
        ),
        sa.Index("idx_documents_sha256", "sha256"),
    )

    nom_fichier: Mapped[str] = field("Nom du fichier", sa.String(255))
    type_document: Mapped[str] = choice("Type", TypeDocument)
    mime_type: Mapped[str] = field("Format", sa.String(120))
    taille: Mapped[int] = field("Taille", big_int())
    """Bytes."""
    sha256: Mapped[str] = field("Empreinte", sa.String(64))
    intervention_id: Mapped[int | None] = link("Intervention", "interventions.id")
    equipement_id: Mapped[int | None] = link("Équipement", "equipements.id")
    moment: Mapped[str | None] = choice("Moment", MomentPhoto, length=10, checked=False, since=SUIVI)
    """Of a picture: before the work or after it."""
    contrat_id: Mapped[int | None] = link("Contrat", "contrats.id", since=LOTS)


class Contenu(Base):
    """Bytes of documents, one row per content; never part of the row exchange.

    At the centre ``sha256`` is led by the agency's number (``domain.documents.cle_au_centre``), and ``dernier_acces``
    says since when no description names the content.

    Attributes:
        taille: bytes.
        complet: every piece is here, and together they have this hash.
        au_centre: (caches) the centre holds it whole; only then may it be dropped here.
        demande_le: (caches) a person asked for it.
        dernier_acces: last read by a person; the content read longest ago is dropped first.
    """

    __tablename__ = "contenus"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    taille: Mapped[int] = mapped_column(big_int())
    complet: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    au_centre: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    demande_le: Mapped[datetime | None]
    dernier_acces: Mapped[datetime | None]


class MorceauContenu(Base):
    """64 KB of a content (``domain.documents.MORCEAU``), the last piece less; numbered from 0."""

    __tablename__ = "contenus_morceaux"

    sha256: Mapped[str] = mapped_column(
        sa.String(64), sa.ForeignKey("contenus.sha256", ondelete="CASCADE"), primary_key=True
    )
    numero: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    octets: Mapped[bytes] = mapped_column(sa.LargeBinary)
