"""The periods of a contract and their quotas."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.saisie import PeriodeInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError, ValidationError
from erp_desktop.models import Contrat, ContratPeriode
from erp_desktop.services.contrats.form import ouvrir, remanier
from erp_desktop.services.shared import edits, quotas, trace
from erp_desktop.services.shared.common import charger, ecrire


def lister(session: Session, acteur: Acteur, contrat_id: int) -> list[quotas.Periode]:
    """The periods with what was used up of each, the last one first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    _, trouvees = abreast(
        session, lambda s: charger(s, acteur, Contrat, contrat_id, "ce contrat"),
        lambda s: quotas.periodes(s, contrat_id),
    )  # fmt: skip
    return list(trouvees)


def presente(
    session: Session, acteur: Acteur, contrat_id: int
) -> tuple[quotas.Periode | None, list[quotas.TravailInfo]]:
    """The period that runs, else the last one, with its jobs; None without any."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    _, (periode, travaux) = abreast(
        session, lambda s: charger(s, acteur, Contrat, contrat_id, "ce contrat"),
        lambda s: quotas.presente(s, contrat_id),
    )  # fmt: skip
    return periode, travaux


def _verifier(session: Session, contrat: Contrat, saisie: PeriodeInput, sauf: int | None) -> list[cycle.Plage]:
    if saisie.du < contrat.date_debut:
        raise ValidationError({"du": "La période commence avant le contrat."})
    if contrat.date_fin is not None and saisie.au > contrat.date_fin:
        raise ValidationError({"au": "La période dépasse la fin du contrat."})
    p = ContratPeriode
    plages = [
        cycle.Plage(*r)
        for r in session.execute(sa.select(p.numero, p.du, p.au).where(p.contrat_id == contrat.id).order_by(p.du))
    ]
    autre = cycle.chevauche(plages, saisie.du, saisie.au, sauf)
    if autre is not None:
        phrase = f"Ces dates chevauchent la période {autre.numero}, du {autre.du:%d/%m/%Y} au {autre.au:%d/%m/%Y}."
        raise ValidationError({"du": phrase})
    return plages


def ajouter(session: Session, acteur: Acteur, contrat_id: int, saisie: PeriodeInput) -> int:
    """Add a period, numbered after the last one; returns its id.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    contrat = ouvrir(session, acteur, contrat_id)
    plages = _verifier(session, contrat, saisie, None)
    trace.annoncer(session, acteur)
    ligne = ContratPeriode(
        **saisie.model_dump(), contrat_id=contrat_id, agence_id=contrat.agence_id,
        numero=max((p.numero for p in plages), default=0) + 1, created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(ligne)
    remanier(contrat)
    ecrire(session)
    return ligne.id


def _charger(session: Session, acteur: Acteur, periode_id: int) -> tuple[Contrat, ContratPeriode]:
    ligne = charger(session, acteur, ContratPeriode, periode_id, "cette période", ecrire=True)
    return ouvrir(session, acteur, ligne.contrat_id), ligne


def modifier(session: Session, acteur: Acteur, periode_id: int, changes: dict[str, object]) -> None:
    """Change a period; what it takes and who pays is counted anew.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    contrat, ligne = _charger(session, acteur, periode_id)

    def verify(actuel: dict[str, Any], nouvelles: dict[str, Any]) -> None:
        _verifier(session, contrat, PeriodeInput.model_construct(**{**actuel, **nouvelles}), ligne.numero)
        remanier(contrat)

    edits.modifier(session, acteur, ligne, PeriodeInput, changes, verify)


def supprimer(session: Session, acteur: Acteur, periode_id: int) -> None:
    """Take the last period away; one in the middle keeps its number and its place.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    contrat, ligne = _charger(session, acteur, periode_id)
    p = ContratPeriode
    dernier = session.scalar(sa.select(sa.func.max(p.numero)).where(p.contrat_id == contrat.id))
    if ligne.numero != dernier:
        raise NotFoundError("Seule la dernière période se retire.")
    trace.annoncer(session, acteur)
    session.delete(ligne)
    remanier(contrat)
    ecrire(session)
