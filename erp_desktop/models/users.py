from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import Disponibilite, Niveau, Role
from erp_desktop.models.base import Base, LigneAgence, cle_naturelle, parmi, reference


class User(LigneAgence, Base):
    """A person. ``hashed_password`` and the login counters never leave the centre."""

    __tablename__ = "users"
    __table_args__ = (
        parmi("role", Role),
        *cle_naturelle("idx_user_email", "email"),
        *cle_naturelle("idx_user_username_unique", "username"),
        sa.Index(
            "idx_active_users", "role", sqlite_where=sa.text("is_active"), postgresql_where=sa.text("is_active")
        ),
    )

    username: Mapped[str] = mapped_column(sa.String(60))
    email: Mapped[str] = mapped_column(sa.String(255))
    full_name: Mapped[str] = mapped_column(sa.String(255))
    hashed_password: Mapped[str | None] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)
    is_verified: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    phone: Mapped[str | None] = mapped_column(sa.String(50))
    failed_login_attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    locked_until: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    last_login: Mapped[datetime | None]


class Technicien(LigneAgence, Base):
    __tablename__ = "techniciens"
    __table_args__ = (parmi("niveau", Niveau), parmi("disponibilite", Disponibilite))

    user_id: Mapped[int] = reference("users.id", unique=True)
    numero_badge: Mapped[str | None] = mapped_column(sa.String(30))
    equipe: Mapped[str | None] = mapped_column(sa.String(60))
    niveau: Mapped[str] = mapped_column(sa.String(20), server_default="intermediaire", default="intermediaire")
    zone_intervention: Mapped[str | None] = mapped_column(sa.String(120))
    disponibilite: Mapped[str] = mapped_column(sa.String(20), server_default="disponible", default="disponible")
    horaires_travail: Mapped[str | None] = mapped_column(sa.String(80))
    astreinte: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    is_active: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class Competence(LigneAgence, Base):
    __tablename__ = "competences"

    nom: Mapped[str] = mapped_column(sa.String(120), unique=True)
    domaine: Mapped[str | None] = mapped_column(sa.String(80))
    necessite_certification: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    duree_validite_mois: Mapped[int | None]


class TechnicienCompetence(LigneAgence, Base):
    """What a technicien can do; a link row, physically deleted when withdrawn."""

    __tablename__ = "technicien_competence"
    __table_args__ = (sa.UniqueConstraint("technicien_id", "competence_id"), parmi("niveau", Niveau))

    technicien_id: Mapped[int] = reference("techniciens.id")
    competence_id: Mapped[int] = reference("competences.id")
    niveau: Mapped[str] = mapped_column(sa.String(20), server_default="intermediaire", default="intermediaire")
    date_acquisition: Mapped[date | None]
    date_validation: Mapped[date | None]
