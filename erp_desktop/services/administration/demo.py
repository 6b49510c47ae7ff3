"""Believable reference data for the demonstration: a letterhead, rates, failure codes, and work that carries them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Statut, TypeCodePanne, TypeTarif
from erp_desktop.models import Agence, CodePanne, IdentiteSociete, Intervention, Objectif, Tarif
from erp_desktop.services.interventions.failures import FIELDS

_CODES = {
    TypeCodePanne.PROBLEME: (
        ("ARRET", "Arrêt de la machine"), ("FUITE", "Fuite"), ("BRUIT", "Bruit ou vibration"),
        ("MESURE", "Mesure hors tolérance"),
    ),
    TypeCodePanne.CAUSE: (
        ("USURE", "Usure normale"), ("REGLAGE", "Réglage perdu"), ("ELEC", "Défaut électrique"),
        ("USAGE", "Mauvais usage"),
    ),
    TypeCodePanne.REMEDE: (
        ("REMPL", "Pièce remplacée"), ("REGL", "Réglage refait"), ("NETT", "Nettoyage"),
        ("PROV", "Dépannage provisoire"),
    ),
}  # fmt: skip


def fill(session: Session) -> None:
    """Fill an empty centre; closed work gets codes that its identifier chooses, the same at each run."""
    session.add(
        IdentiteSociete(
            raison_sociale="MIF Maroc", forme_juridique="SARL", capital=Decimal(1_000_000), ice="001532097000063",
            identifiant_fiscal="15320970", registre_commerce="245871", ville_rc="Casablanca",
            taxe_professionnelle="34512087", cnss="9876543", adresse="12, boulevard Zerktouni", ville="Casablanca",
            telephone="+212522223456", email="contact@erp-mif.example", banque="Banque Populaire",
            rib="190780211112345678901234",
        )
    )  # fmt: skip
    for line, label, unit, price in (
        (TypeTarif.MAIN_OEUVRE, "Heure de technicien", "h", 250), (TypeTarif.MAIN_OEUVRE, "Heure de nuit", "h", 375),
        (TypeTarif.DEPLACEMENT, "Kilomètre", "km", 4),
    ):  # fmt: skip
        session.add(
            Tarif(type_ligne=line.value, libelle=label, unite=unit, prix_unitaire=Decimal(price),
                  taux_tva=Decimal(20), date_debut=date(2026, 1, 1))
        )  # fmt: skip
    for figure, target in (("mttr", 3), ("sla_tenus", 92), ("satisfaction", 4)):
        session.add(Objectif(chiffre=figure, cible=Decimal(target), date_debut=date(2026, 1, 1)))
    made: dict[TypeCodePanne, list[CodePanne]] = {}
    for kind, codes in _CODES.items():
        made[kind] = [CodePanne(type=kind.value, code=code, libelle=label) for code, label in codes]
        session.add_all(made[kind])
    session.flush()
    # Identifiers end in the desktop's number: the milliseconds before it tell rows apart.
    rank = sa.func.mod(Intervention.id / (1 << 22), 4) if session.get_bind().dialect.name == "postgresql" else (
        (Intervention.id / (1 << 22)) % 4
    )  # fmt: skip
    for name, kind in FIELDS.items():
        chosen = sa.case(
            *((rank == place, code.id) for place, code in enumerate(made[kind][:3])), else_=made[kind][3].id
        )
        session.execute(
            sa.update(Intervention).where(Intervention.statut == Statut.CLOTUREE.value).values({name: chosen})
            .execution_options(synchronize_session=False)
        )  # fmt: skip
    for agence in session.scalars(sa.select(Agence)):
        agence.adresse = agence.adresse or "Zone industrielle"
