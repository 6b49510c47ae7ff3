from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from erp_desktop.domain.enums import MotifHoraire
from erp_desktop.models.base import ADMINISTRATION, Base, Ligne, LigneAgence
from erp_desktop.models.declare import Noun, choice, field
from erp_desktop.models.types import Montant


class Agence(Ligne, Base):
    """A branch office; shared reference data."""

    __tablename__ = "agences"
    __noun__ = Noun("Agence", "buildings", name="code", device_writes=False)
    __table_args__ = (sa.CheckConstraint("length(code) BETWEEN 3 AND 5", name="code"),)

    code: Mapped[str] = field("Code", sa.String(5), unique=True)
    nom: Mapped[str] = field("Nom", sa.String(120))
    ville: Mapped[str | None] = field("Ville", sa.String(80))
    adresse: Mapped[str | None] = field("Adresse", sa.Text)
    telephone: Mapped[str | None] = field("Téléphone", sa.String(20), code=True)
    email: Mapped[str | None] = field("Adresse électronique", sa.String(255), code=True, since=ADMINISTRATION)
    jours_ouvres: Mapped[str] = field(
        "Jours ouvrés", sa.String(20), server_default="1,2,3,4,5,6", default="1,2,3,4,5,6"
    )
    """ISO weekdays, comma separated."""
    horaires: Mapped[str] = field("Horaires", sa.String(80), server_default="08:30-18:30", default="08:30-18:30")
    """Opening ranges of a working day in local time, comma separated."""
    is_active: Mapped[bool] = field("Actif", server_default=sa.true(), default=True)


class HoraireAgence(LigneAgence, Base):
    """One opening range of a weekday, from one date to another; without an agency, of all of them.

    The rows that share ``motif``, ``valable_du`` and ``valable_au`` are one week: a weekday without a row is closed.
    ``agences.horaires`` is read where no week holds; programs from before this table know nothing else.
    """

    __tablename__ = "horaires_agence"
    __noun__ = Noun("Horaire", "file-text", device_writes=False)
    __table_args__ = (
        sa.CheckConstraint("jour_iso >= 1 AND jour_iso <= 7", name="jour_iso"),
        sa.CheckConstraint(
            "length(debut) = 5 AND length(fin) = 5 AND debut >= '00:00' AND fin <= '24:00' AND debut < fin",
            name="heures",
        ),
        sa.CheckConstraint("valable_au IS NULL OR valable_du IS NULL OR valable_au >= valable_du", name="validite"),
    )

    valable_du: Mapped[date | None] = field("Valable du")
    valable_au: Mapped[date | None] = field("Valable au")
    jour_iso: Mapped[int] = field("Jour de la semaine")
    """1 is Monday."""
    debut: Mapped[str] = field("Début", sa.String(5))
    """Local time, ``08:30``."""
    fin: Mapped[str] = field("Fin", sa.String(5))
    """Local time, up to ``24:00``."""
    motif: Mapped[str] = choice("Motif", MotifHoraire, "normal")


class IdentiteSociete(LigneAgence, Base):
    """The letterhead: of the company without an agency, of one agency with it. An empty field is the company's."""

    __tablename__ = "identite_societe"
    __noun__ = Noun("En-tête", "buildings", name="raison_sociale", device_writes=False)
    __table_args__ = ({"info": {"since": ADMINISTRATION}},)

    raison_sociale: Mapped[str] = field("Raison sociale", sa.String(160))
    forme_juridique: Mapped[str | None] = field("Forme juridique", sa.String(40))
    capital: Mapped[Decimal | None] = field("Capital", Montant(14, 2))
    ice: Mapped[str | None] = field("ICE", sa.String(15), code=True)
    identifiant_fiscal: Mapped[str | None] = field("Identifiant fiscal", sa.String(20), code=True)
    registre_commerce: Mapped[str | None] = field("Registre du commerce", sa.String(20), code=True)
    ville_rc: Mapped[str | None] = field("Ville du RC", sa.String(80))
    taxe_professionnelle: Mapped[str | None] = field("Taxe professionnelle", sa.String(20), code=True)
    """The patente."""
    cnss: Mapped[str | None] = field("CNSS", sa.String(20), code=True)
    adresse: Mapped[str | None] = field("Adresse", sa.Text)
    ville: Mapped[str | None] = field("Ville", sa.String(80))
    telephone: Mapped[str | None] = field("Téléphone", sa.String(20), code=True)
    email: Mapped[str | None] = field("Adresse électronique", sa.String(255), code=True)
    site_web: Mapped[str | None] = field("Site web", sa.String(120), code=True)
    banque: Mapped[str | None] = field("Banque", sa.String(80))
    rib: Mapped[str | None] = field("RIB", sa.String(24), code=True)
    mentions: Mapped[str | None] = field("Mentions en pied de page", sa.Text)
    """Small print at the foot of papers."""
    logo: Mapped[bytes | None] = field("Logo", sa.LargeBinary)
    """PNG."""
