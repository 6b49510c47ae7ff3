"""What an intervention refers to: read together, and judged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import Contrat, Equipement, Intervention, Technicien
from erp_desktop.services.shared.common import lie


def un(modele: type[Any], ident: int | None, session: Session) -> Any:
    """The row, found in the session by whoever asks for it as long as somebody holds it; None of none."""
    return session.get(modele, ident) if ident is not None else None


def nommes(de: Intervention | InterventionInput) -> list[Callable[[Session], Any]]:
    """Readings of what a row, or what is typed of it, refers to, which go over the line together."""
    return [
        partial(un, Equipement, de.equipement_id), partial(un, Contrat, de.contrat_id),
        partial(un, Technicien, de.technicien_id), partial(un, Intervention, de.origine_id),
    ]  # fmt: skip


def accorder(session: Session, acteur: Acteur, ligne: Intervention, *, client_demande: bool) -> Contrat | None:
    """Check what the row points to, and take the client over from the équipement. Returns the contract."""
    agence, _lus = ligne.agence_id, abreast(session, *nommes(ligne))
    equipement = lie(session, acteur, Equipement, ligne.equipement_id, "equipement_id",
                     "Cet équipement n'existe pas dans cette agence.", agence)  # fmt: skip
    assert equipement is not None  # noqa: S101 - equipement_id is NOT NULL
    if ligne.client_id is None or not client_demande:
        ligne.client_id = equipement.client_id
    if ligne.client_id != equipement.client_id:
        raise ValidationError({"equipement_id": "Cet équipement appartient à un autre client."})
    contrat = lie(session, acteur, Contrat, ligne.contrat_id, "contrat_id",
                  "Ce contrat n'existe pas dans cette agence.", agence)  # fmt: skip
    if contrat is not None and contrat.client_id != ligne.client_id:
        raise ValidationError({"contrat_id": "Ce contrat est celui d'un autre client."})
    lie(session, acteur, Technicien, ligne.technicien_id, "technicien_id",
        "Ce technicien n'est pas de cette agence.", agence)  # fmt: skip
    _suivre(session, acteur, ligne)
    return contrat


def _suivre(session: Session, acteur: Acteur, ligne: Intervention) -> None:
    """Refuse an origin of another agency, or one that follows this intervention up itself."""
    lien = lie(session, acteur, Intervention, ligne.origine_id, "origine_id",
               "Cette intervention n'existe pas dans cette agence.", ligne.agence_id)  # fmt: skip
    vus: set[int] = set()
    while lien is not None and lien.id not in vus:
        if lien.id == ligne.id:
            raise ValidationError({"origine_id": "Une intervention n'est pas la suite d'elle-même."})
        vus.add(lien.id)
        lien = session.get(Intervention, lien.origine_id) if lien.origine_id is not None else None
