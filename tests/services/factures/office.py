"""An office that may invoice: what the law and the centre ask for, and short ways to a validated document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.factures.saisie import FactureInput, LigneFactureInput
from erp_desktop.models import IdentiteSociete, TauxLegal, TauxTva
from erp_desktop.services import factures
from tests.services.branch import Monde

ICE = "001525713000077"
SINCE = date(2020, 1, 1)
RATES: tuple[tuple[str, str, str | None], ...] = (
    ("timbre", "0.25", None), ("taux_directeur", "2.25", None), ("marge_retard", "3.00", None),
    ("amende_mois", "0.85", None), ("ras_tva", "75.00", None), ("ras_is", "5.00", None), ("ice", "0.00", "10000.00"),
)  # fmt: skip


def law(engine: sa.Engine) -> None:
    """Letterhead, VAT and rates of the law."""
    with transaction(engine) as session:
        session.add(IdentiteSociete(raison_sociale="MIF Maroc", ice=ICE, identifiant_fiscal="1234567"))
        for rate, until in (("20.00", None), ("10.00", None), ("0.00", None), ("14.00", date(2025, 12, 31))):
            session.add(TauxTva(taux=Decimal(rate), libelle=f"TVA {rate}", date_debut=SINCE, date_fin=until))
        for code, rate, floor in RATES:
            session.add(
                TauxLegal(code=code, libelle=code, taux=Decimal(rate), date_debut=SINCE,
                          seuil=Decimal(floor) if floor else None)
            )  # fmt: skip


def line(price: str, quantity: str = "1", rate: str = "20", **more: Any) -> LigneFactureInput:
    return LigneFactureInput(
        designation="Roulement 6308-C3", quantite=quantity, prix_unitaire=price, taux_tva=rate, **more
    )


def drafted(monde: Monde, *lines: LigneFactureInput, **columns: Any) -> int:
    """A draft of the branch's client."""
    pk = monde.faire(factures.create, monde.agent, FactureInput(client_id=monde.client, **columns))
    for one in lines or (line("1000"),):
        monde.faire(factures.ajouter, monde.agent, pk, one)
    return pk


def validated(monde: Monde, *lines: LigneFactureInput, **columns: Any) -> int:
    """The same, validated: by the centre, or as a cache receives it."""
    pk = drafted(monde, *lines, **columns)
    validate(monde, pk)
    return pk


def validate(monde: Monde, pk: int) -> str:
    if monde.engine.dialect.name == "postgresql":
        told = monde.faire(factures.demander, monde.responsable, pk)
        assert told.etat == "acceptee", told.motif
        return told.numero
    with transaction(monde.engine) as session:
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        kind = session.scalar(sa.text("SELECT type_facture FROM factures WHERE id = :id"), {"id": pk})
        code = "AVO" if kind == "avoir" else "FAC"
        last = session.scalar(sa.text("SELECT count(*) FROM factures WHERE numero LIKE :n"), {"n": f"{code}-%"})
        today = clock.today()
        number = f"{code}-{today.year}-{last + 1:06d}"
        session.execute(
            sa.text(
                "UPDATE factures SET numero = :n, statut = 'validee', date_facture = coalesce(date_facture, :d), "
                "date_echeance = date(coalesce(date_facture, :d), '+60 days') WHERE id = :id"
            ),
            {"n": number, "d": today.isoformat(), "id": pk},
        )
        session.execute(sa.text("UPDATE _sync_session SET muet = 0"))
        return number
