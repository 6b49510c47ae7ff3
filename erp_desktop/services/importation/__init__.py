"""Import of work orders from another system: all or nothing, with a dry run that names every bad line.

Nothing is made up. What the file does not say is NULL, and left out of figures with a count; what it says in other
words is translated by a mapping that a person gave or a *profile* holds, and the source's words stay in the internal
notes. ``excavators`` knows the public work orders of five mining excavators (2001–2012): machines A–E become five
équipements of one client, found again or created; the orders are closed; costs are in AUD and count once a rate is
given.

A work order is known again by its number at the source, or by the content of its line: the same file twice never
doubles. Both are in its history row « importation », which no device can change.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.errors import UserError
from erp_desktop.models import Agence
from erp_desktop.services.importation.decisions import FIELDS, PROFILES, Decisions, Existants, Profile
from erp_desktop.services.importation.orders import ACTION, RepriseOrdres
from erp_desktop.services.importation.outcome import Bilan, ImportRefuse, LigneRefusee, Progress, connaitre
from erp_desktop.services.importation.values import Ecriture
from erp_desktop.services.sheets.reading import read

__all__ = [
    "ACTION", "FIELDS", "PROFILES", "Bilan", "Decisions", "Existants", "ImportRefuse", "LigneRefusee", "Profile",
    "importer_interventions",
]  # fmt: skip


def importer_interventions(
    session: Session,
    fichier: Path,
    agence_code: str,
    *,
    choix: Decisions | None = None,
    ecriture: Ecriture | None = None,
    essai: bool = False,
    user_id: int | None = None,
    progress: Progress | None = None,
) -> Bilan:
    """Import work orders into an agency, in the caller's transaction.

    Args:
        session: cache or centre; written to only when every line is good and ``essai`` is False.
        fichier: CSV, XLSX, XLS or ODS.
        agence_code: the agency that takes the work over.
        choix: what the columns mean, and what the file does not say.
        ecriture: how the file is written, where it does not show it.
        essai: check only.
        user_id: author.
        progress: called with (done, total).

    Raises:
        ImportRefuse: at least one bad line; its ``bilan`` lists them all.
        UserError: unreadable file, unknown agency or mapping.
    """
    agence = session.execute(sa.select(Agence.id).where(Agence.code == agence_code.upper())).scalar_one_or_none()
    if agence is None:
        raise UserError(f"Agence inconnue : {agence_code}.")
    choix, ecriture = choix or Decisions(), ecriture or Ecriture()
    noms = [
        *FIELDS,
        *(c for p in PROFILES.values() for c in p.columns),
        *(p.rpartition("=")[0] for p in choix.paires),
    ]
    table = read(fichier, connaitre(noms), sheet=ecriture.feuille, encoding=ecriture.encodage)
    if not table.rows and not table.faults:
        raise UserError(f"Le fichier {fichier.name} n'a aucune ligne à importer.")
    reprise = RepriseOrdres(session, agence, Bilan(essai=essai), ecriture)
    return reprise.faire(table, choix, user_id, progress)
