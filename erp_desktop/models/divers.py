"""Small tables around the work: notices, saved reports and views, preferences, holidays, the audit of upgrades."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_desktop.domain.enums import DureeFerie, EvenementNotification, TypeNotification
from erp_desktop.models.base import ADMINISTRATION, Base, LigneAgence
from erp_desktop.models.declare import Group, Noun, Policy, choice, field, link
from erp_desktop.models.types import Montant, big_int, json_type

EFFACEMENTS = "e3a7c1d5f9b4"
"""Revision that made the journal of changes and the erasures."""


class Notification(LigneAgence, Base):
    """One thing that one person is told once: what it is about, and whether it was read.

    ``cle`` is made from the event, its object and the person (``services.notifications.events``): two desktops and
    the centre that see one event make one row. ``type`` is what programs from before ``evenement`` can hold.
    """

    __tablename__ = "notifications"
    __noun__ = Noun(
        "Notification", "bell", follows=("user_id",), key=("cle",), groups=(Group("lu", ("lu", "lu_a"), asks=False),)
    )
    __table_args__ = (sa.Index("idx_notification_cle", "cle", unique=True),)

    user_id: Mapped[int] = link("Compte", "users.id")
    type: Mapped[str] = choice("Type", TypeNotification)
    contenu: Mapped[str] = field("Contenu", sa.Text, policy=Policy.CENTRE)
    lu: Mapped[bool] = field("Lu", server_default=sa.false(), default=False)
    evenement: Mapped[str | None] = choice("Événement", EvenementNotification, since=ADMINISTRATION)
    objet_table: Mapped[str | None] = field(
        "Table de l'objet", sa.String(40), policy=Policy.CENTRE, since=ADMINISTRATION
    )
    objet_id: Mapped[int | None] = field("Objet", big_int(), since=ADMINISTRATION)
    """The record that a click opens; no foreign key, it may be of any table and may be gone."""
    cle: Mapped[str | None] = field("Clé", sa.String(36), policy=Policy.CENTRE, since=ADMINISTRATION)
    auteur_id: Mapped[int | None] = field("Auteur", big_int(), since=ADMINISTRATION)
    """Who did it; no foreign key, see ``base``."""
    lu_a: Mapped[datetime | None] = field("Lu le", since=ADMINISTRATION)


class Rapport(LigneAgence, Base):
    """A saved report definition."""

    __tablename__ = "rapports"
    __noun__ = Noun(
        "Rapport", "file-text", groups=(Group("definition", ("type_rapport", "parametres"), label="Définition"),)
    )

    nom: Mapped[str] = field("Nom", sa.String(120))
    type_rapport: Mapped[str] = field("Type", sa.String(40))
    parametres: Mapped[Any] = field("Paramètres", json_type())


class RapportPlanifie(LigneAgence, Base):
    __tablename__ = "rapports_planifies"
    __noun__ = Noun(
        "Rapport planifié",
        "file-text",
        follows=("rapport_id",),
        groups=(
            Group("execution", ("derniere_execution", "dernier_resultat"), label="Dernière exécution", asks=False),
        ),
    )

    rapport_id: Mapped[int] = link("Rapport", "rapports.id")
    cron: Mapped[str] = field("Périodicité", sa.String(80))
    format: Mapped[str] = field("Format", sa.String(10))
    destination: Mapped[str | None] = field("Destination", sa.String(255))
    derniere_execution: Mapped[datetime | None] = field("Dernière exécution")
    dernier_resultat: Mapped[str | None] = field("Dernier résultat", sa.Text)
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


OBJECTIFS = "f6c2a8e4b0d3"


class Objectif(LigneAgence, Base):
    """What a figure should reach from a day on, in an agency or, without one, everywhere; the latest begun holds."""

    __tablename__ = "objectifs"
    __noun__ = Noun(
        "Objectif",
        "gauge",
        name="chiffre",
        key=("chiffre", "date_debut"),
        groups=(Group("objectif", ("chiffre", "cible", "date_debut"), label="Objectif"),),
        since=OBJECTIFS,
    )

    chiffre: Mapped[str] = field("Chiffre", sa.String(30), code=True)
    """A key of ``domain.rapports.figures``."""
    cible: Mapped[Decimal] = field("Objectif", Montant(12, 2))
    """Per cent, hours, MAD, a mark or a count, as the figure is written."""
    date_debut: Mapped[date] = field("Valable du")


class VueEnregistree(LigneAgence, Base):
    """Filter, columns and sort of a list, saved by one user."""

    __tablename__ = "vues_enregistrees"
    __noun__ = Noun("Vue enregistrée", "file-text", follows=("user_id",), key=("user_id", "liste", "nom"))
    __table_args__ = (sa.UniqueConstraint("user_id", "liste", "nom"),)

    user_id: Mapped[int] = link("Compte", "users.id")
    liste: Mapped[str] = field("Liste", sa.String(40))
    nom: Mapped[str] = field("Nom", sa.String(80))
    definition: Mapped[Any] = field("Définition", json_type(), policy=Policy.ASK)


class Preference(LigneAgence, Base):
    __tablename__ = "preferences"
    __noun__ = Noun("Préférence", "gear", follows=("user_id",), key=("user_id", "cle"))
    __table_args__ = (sa.UniqueConstraint("user_id", "cle"),)

    user_id: Mapped[int] = link("Compte", "users.id")
    cle: Mapped[str] = field("Préférence", sa.String(80))
    valeur: Mapped[Any | None] = field("Valeur", json_type())


class JourFerie(LigneAgence, Base):
    """A closed day, of every agency or of one. Two may fall on one date.

    ``duree``, ``source`` and ``confirme_le`` stay at the centre: what a half day leaves open is told to devices by
    hours of that date, which win over the holiday, so that programs from before these columns go on exchanging.
    """

    __tablename__ = "jours_feries"
    __noun__ = Noun("Jour férié", "file-text", device_writes=False)
    __table_args__ = (sa.UniqueConstraint("jour", "libelle", "agence_id"),)

    jour: Mapped[date] = field("Jour")
    libelle: Mapped[str] = field("Libellé", sa.String(120))
    provisoire: Mapped[bool] = field("Provisoire", server_default=sa.false(), default=False)
    duree: Mapped[str] = choice("", DureeFerie, "jour", length=10, stays=True)
    source: Mapped[str | None] = field("", sa.String(120), stays=True)
    confirme_le: Mapped[date | None] = field("", stays=True)


class Effacement(LigneAgence, Base):
    """The personal data of one row was erased at the centre; nothing of that data is in here.

    Every device receives it before the rows that it changed, and erases what it alone still holds
    (``sync.exchange.erased``, docs/adr/0020-effacer-une-personne.md).
    """

    __tablename__ = "effacements"
    __noun__ = Noun("Effacement", "trash", device_writes=False, since=EFFACEMENTS)
    __table_args__ = (sa.UniqueConstraint("nom_table", "fiche_id"),)

    nom_table: Mapped[str] = field("Table", sa.String(40), policy=Policy.CENTRE)
    fiche_id: Mapped[int] = field("Fiche", big_int())
    """No foreign key: it is of one of several tables."""
    reference: Mapped[str | None] = field("Référence de la demande", sa.String(40), code=True)


class JournalMigration(Base):
    """Audit of upgrades: who, when, from, to, how long; on both engines, not synchronised."""

    __tablename__ = "journal_migrations"

    id: Mapped[int] = mapped_column(big_int(), primary_key=True, autoincrement=True)
    qui: Mapped[str] = mapped_column(sa.String(120))
    quand: Mapped[datetime]
    de: Mapped[str | None] = mapped_column(sa.String(40))
    vers: Mapped[str] = mapped_column(sa.String(40))
    duree_s: Mapped[float]
    app_version: Mapped[str] = mapped_column(sa.String(40))
