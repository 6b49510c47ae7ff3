"""erp-admin facture transmettre and reponse: the way of a document to whoever clears it, kept at the centre."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from erp_desktop.cli import common
from erp_desktop.db.session import transaction
from erp_desktop.domain.factures.enums import StatutTransmission
from erp_desktop.errors import NotFoundError
from erp_desktop.models import Facture
from erp_desktop.reports import ubl
from erp_desktop.services.calendrier import ADMINISTRATION

Number = Annotated[str, typer.Argument(help="Numéro du document.")]


class Answer(StrEnum):
    """What the platform answered."""

    ACCEPTEE = "acceptee"
    REJETEE = "rejetee"


def ident_of(session: Session, numero: str) -> int:
    """Raises: NotFoundError: the database has no document of that number."""
    found = session.scalar(sa.select(Facture.id).where(Facture.numero == numero.strip().upper()))
    if found is None:
        raise NotFoundError(f"Le document « {numero} » n'existe pas dans cette base.")
    return found


@common.guarded
def transmettre(
    numero: Number,
    dossier: Annotated[Path, typer.Option("--dossier", help="Dossier où déposer l'UBL.")],
    url: common.Url = None,
    as_json: common.AsJson = False,
) -> None:
    """Déposer un document validé pour la plateforme, et le noter transmis au centre."""
    with common.Target(url, None).engine() as database, transaction(database) as session:
        receipt = ubl.transmit(session, ADMINISTRATION, ident_of(session, numero), ubl.FileDrop(dossier))
    answer = {"lieu": receipt.place, "octets": receipt.bytes}
    common.emit(as_json, answer, f"{numero} : transmis, {receipt.place}")


@common.guarded
def reponse(
    numero: Number,
    etat: Annotated[Answer, typer.Argument(help="acceptee ou rejetee.")],
    motif: Annotated[str, typer.Option("--motif", help="Pourquoi, quand elle est rejetée.")] = "",
    url: common.Url = None,
    as_json: common.AsJson = False,
) -> None:
    """Noter au centre ce que la plateforme a répondu."""
    with common.Target(url, None).engine() as database, transaction(database) as session:
        ubl.answered(session, ident_of(session, numero), StatutTransmission(etat.value), motif)
    common.emit(as_json, {"numero": numero, "etat": etat.value}, f"{numero} : {etat.value}.")
