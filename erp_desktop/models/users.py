from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import Disponibilite, Niveau, Role
from erp_desktop.models.base import GIVEN_PASSWORDS, TRAVAUX, Base, LigneAgence, cle_naturelle
from erp_desktop.models.declare import Group, Noun, choice, field, link

SECRETS = "secrets d'un compte"
"""What a person's own login may not read of an account: no row comes with it, it is asked for together."""
_ASKED_FOR: dict[str, Any] = {"deferred": True, "deferred_group": SECRETS}


class User(LigneAgence, Base):
    """A person. ``hashed_password`` and the login counters never leave the centre.

    ``password_changed_at``: when the person chose it.
    """

    __tablename__ = "users"
    __noun__ = Noun("Compte", "user", name="full_name", known_by=("username", "email"), device_writes=False)
    __table_args__ = (
        *cle_naturelle("idx_user_email", "email"),
        *cle_naturelle("idx_user_username_unique", "username"),
        sa.Index(
            "idx_active_users", "role", sqlite_where=sa.text("is_active"), postgresql_where=sa.text("is_active")
        ),
    )

    username: Mapped[str] = field("Identifiant", sa.String(60))
    email: Mapped[str] = field("Courriel", sa.String(255), code=True)
    full_name: Mapped[str] = field("Nom complet", sa.String(255))
    hashed_password: Mapped[str | None] = field("", sa.String(255), stays=True, **_ASKED_FOR)
    role: Mapped[str] = choice("Rôle", Role)
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)
    is_verified: Mapped[bool] = field("Vérifié", server_default=sa.false(), default=False)
    phone: Mapped[str | None] = field("Téléphone", sa.String(50), code=True)
    failed_login_attempts: Mapped[int] = field("", server_default="0", default=0, stays=True, **_ASKED_FOR)
    locked_until: Mapped[datetime | None] = field("", stays=True, **_ASKED_FOR)
    password_changed_at: Mapped[datetime | None] = field("", stays=True, **_ASKED_FOR)
    last_login: Mapped[datetime | None] = field("", stays=True, **_ASKED_FOR)
    password_given_at: Mapped[datetime | None] = field("Mot de passe donné le", since=GIVEN_PASSWORDS)
    """When somebody else last gave the password. While the person has chosen none since (``password_changed_at`` is
    NULL), it serves to choose one and for nothing else."""


class Technicien(LigneAgence, Base):
    __tablename__ = "techniciens"
    __noun__ = Noun("Technicien", "hard-hat", known_by=("numero_badge",), follows=("user_id",), key=("user_id",))

    user_id: Mapped[int] = link("Compte", "users.id", unique=True)
    numero_badge: Mapped[str | None] = field("Badge", sa.String(30), code=True)
    equipe: Mapped[str | None] = field("Équipe", sa.String(60))
    niveau: Mapped[str] = choice("Niveau", Niveau, "intermediaire")
    zone_intervention: Mapped[str | None] = field("Zone", sa.String(120))
    disponibilite: Mapped[str] = choice("Disponibilité", Disponibilite, "disponible")
    horaires_travail: Mapped[str | None] = field("Horaires", sa.String(80))
    astreinte: Mapped[bool] = field("D'astreinte", server_default=sa.false(), default=False)
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)
    cout_horaire: Mapped[Decimal | None] = field("Coût horaire", since=TRAVAUX)
    """What an hour of this person costs the company, MAD."""


class Competence(LigneAgence, Base):
    __tablename__ = "competences"
    __noun__ = Noun("Compétence", "file-text", device_writes=False)

    nom: Mapped[str] = field("Nom", sa.String(120), unique=True)
    domaine: Mapped[str | None] = field("Domaine", sa.String(80))
    necessite_certification: Mapped[bool] = field("Certification requise", server_default=sa.false(), default=False)
    duree_validite_mois: Mapped[int | None] = field("Validité (mois)")


class TechnicienCompetence(LigneAgence, Base):
    """What a technicien can do; a link row, physically deleted when withdrawn."""

    __tablename__ = "technicien_competence"
    __noun__ = Noun(
        "Compétence d'un technicien",
        "file-text",
        root="technicien_id",
        key=("technicien_id", "competence_id"),
        groups=(Group("qualification", ("niveau", "date_acquisition", "date_validation"), label="Qualification"),),
    )
    __table_args__ = (sa.UniqueConstraint("technicien_id", "competence_id"),)

    technicien_id: Mapped[int] = link("Technicien", "techniciens.id")
    competence_id: Mapped[int] = link("Compétence", "competences.id")
    niveau: Mapped[str] = choice("Niveau", Niveau, "intermediaire")
    date_acquisition: Mapped[date | None] = field("Acquise le")
    date_validation: Mapped[date | None] = field("Validée le")
