"""Rows that no key of people tells apart: a file taken over twice is known by what its lines say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.models import Base
from erp_desktop.services.importation.rules import Ligne

_SAME: dict[str, tuple[str, ...]] = {
    "lignes_intervention": ("intervention_id", "type_ligne", "designation", "quantite", "prix_unitaire"),
    "mouvements_stock": ("piece_id", "depot_id", "type_mouvement", "quantite", "horodatage"),
    "plannings": ("equipement_id", "modele_titre", "frequence", "date_debut"),
}
"""Table → what two rows of it never share by chance; the first column is a reference with an index."""
_CHUNK = 500
REPEATED = "cette ligne est déjà dans la base"


def refuser_repetees(session: Session, table: str, lignes: Sequence[Ligne]) -> None:
    """Refuse as many lines that say the same as there are such rows; two equal lines of one file are two rows."""
    columns = _SAME.get(table)
    if columns is None:
        return
    target = Base.metadata.tables[table]
    good = [one for one in lignes if not one.fautes]
    owners = sorted({one.valeurs[columns[0]] for one in good})
    said = {_of(one, columns) for one in good}
    there: Counter[tuple[Any, ...]] = Counter()
    for at in range(0, len(owners), _CHUNK):
        asked = sa.select(*(target.c[name] for name in columns)).where(
            target.c[columns[0]].in_(owners[at : at + _CHUNK])
        )
        if "horodatage" in columns:
            moments = [one.valeurs["horodatage"] for one in good]
            asked = asked.where(target.c.horodatage.between(min(moments), max(moments)))
        there.update(key for row in session.execute(asked) if (key := tuple(row)) in said)
    for one in good:
        key = _of(one, columns)
        if there[key]:
            there[key] -= 1
            one.fautes.append(REPEATED)


def _of(ligne: Ligne, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(ligne.valeurs[name] for name in columns)
