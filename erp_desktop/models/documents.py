"""Files of the work: their descriptions, which are rows like any other, and their bytes, which travel apart."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import TypeDocument
from erp_desktop.models.base import Base, LigneAgence, parmi, reference
from erp_desktop.models.types import big_int


class Document(LigneAgence, Base):
    """The description of a file; its bytes travel apart, by content hash."""

    __tablename__ = "documents"
    __table_args__ = (
        parmi("type_document", TypeDocument),
        sa.CheckConstraint("intervention_id IS NOT NULL OR equipement_id IS NOT NULL", name="rattachement"),
        sa.Index("idx_documents_sha256", "sha256"),
    )

    nom_fichier: Mapped[str] = mapped_column(sa.String(255))
    type_document: Mapped[str] = mapped_column(sa.String(20))
    mime_type: Mapped[str] = mapped_column(sa.String(120))
    taille: Mapped[int] = mapped_column(big_int())
    """Bytes."""
    sha256: Mapped[str] = mapped_column(sa.String(64))
    intervention_id: Mapped[int | None] = reference("interventions.id")
    equipement_id: Mapped[int | None] = reference("equipements.id")


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
