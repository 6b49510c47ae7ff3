"""Believable reference data for the demonstration: a letterhead, rates, failure codes, and work that carries them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Statut, TypeCodePanne, TypeIntervention, TypeTarif
from erp_desktop.models import Agence, CodePanne, IdentiteSociete, Intervention, Objectif, Tarif
from erp_desktop.services.interventions.failures import FIELDS

_CODES = {
    TypeCodePanne.PROBLEME: (
        ("PALIER", "Palier", "titre", ("Vibration%", "Bruit%")), ("FUITE", "Fuite", "titre", ("Fuite%",)),
        ("COURROIE", "Courroie", "titre", ("Courroie%",)), ("CAPTEUR", "Capteur", "titre", ("Capteur%",)),
        ("ARRET", "Arrêt", "titre", ("Arrêt%",)), ("CHAUD", "Chauffe", "titre", ("Surchauffe%",)),
        ("VARIATEUR", "Variateur", "titre", ("Variateur%",)), ("MOTEUR", "Moteur", "titre", ("Défaut%",)),
        ("MESURE", "Mesure", "titre", ("%",)),
    ),
    TypeCodePanne.CAUSE: (
        ("USURE", "Usure normale", "diagnostic", ("Joint%", "Roulement%")),
        ("REGLAGE", "Réglage perdu", "diagnostic", ("Courroie%",)),
        ("ELEC", "Défaut électrique", "diagnostic", ("Connecteur%",)),
        ("USAGE", "Mauvais usage", "diagnostic", ("%",)),
    ),
    TypeCodePanne.REMEDE: (
        ("REMPL", "Pièce remplacée", "travaux_realises", ("Joint%", "Roulement%", "Courroie%")),
        ("REGL", "Réglage refait", "travaux_realises", ("Connecteur%",)),
        ("NETT", "Nettoyage", "travaux_realises", ("Filtre%",)),
        ("PROV", "Dépannage provisoire", "travaux_realises", ("%",)),
    ),
}  # fmt: skip
"""Code, its words, and the work that it is given to: a text of it, and what that begins with."""


def fill(session: Session) -> None:
    """Fill an empty centre; closed breakdowns get the codes that their own words call for."""
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
        made[kind] = [CodePanne(type=kind.value, code=code, libelle=label) for code, label, *_ in codes]
        session.add_all(made[kind])
    session.flush()
    i = Intervention
    chosen = {
        name: sa.case(*(
            (sa.or_(*(getattr(i, text).like(words) for words in begins)), code.id)
            for code, (_, _, text, begins) in zip(made[kind], _CODES[kind], strict=True)
        ))
        for name, kind in FIELDS.items()
    }  # fmt: skip
    broken = sa.and_(i.statut.in_((Statut.CLOTUREE, Statut.ARCHIVEE)), i.type == TypeIntervention.CORRECTIVE)
    session.execute(sa.update(i).where(broken).values(chosen).execution_options(synchronize_session=False))
    for agence in session.scalars(sa.select(Agence)):
        agence.adresse = agence.adresse or "Zone industrielle"
