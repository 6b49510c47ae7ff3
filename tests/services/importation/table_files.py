"""Files of tables, imported as the command does, and what the database then holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.services.importation import tables as importation_tables
from erp_desktop.services.importation.outcome import Bilan, ImportRefuse
from tests.services.branch import Monde

ICE = "001525713000035"


def importer(
    monde: Monde, dossier: Path, table: str, lignes: Iterable[str], agence: str = "CAS", **options: Any
) -> Bilan:
    fichier = dossier / f"{table}.csv"
    fichier.write_text("\n".join(lignes) + "\n", encoding="utf-8-sig")
    with transaction(monde.engine) as session:
        return importation_tables.importer(session, table, fichier, agence, **options)


def refus(
    monde: Monde, dossier: Path, table: str, lignes: Iterable[str], agence: str = "CAS"
) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefuse) as pris:
        importer(monde, dossier, table, lignes, agence)
    return [(r.ligne, r.raison) for r in pris.value.bilan.refusees]
