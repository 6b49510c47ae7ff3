"""Times of techniciens on an intervention, with what they cost when they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import ReglePlanning, Role, Statut, TypeTarif, TypeTemps, VerdictPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.temps import TempsInput
from erp_desktop.domain.transitions import LIBELLES, TERMINES
from erp_desktop.errors import NotAllowedError, NotFoundError, TransitionError, ValidationError
from erp_desktop.models import Intervention, Tarif, Technicien, Temps
from erp_desktop.registry import technicien_names
from erp_desktop.services.interventions.form import ouvrir, ouvrir_avec
from erp_desktop.services.planning import reading
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire, lie
from erp_desktop.services.shared.lists import portee

HOUR = "h"
"""Unit of a tariff that counts the hours of a stretch."""
FLAT = "forfait"
"""Unit of a tariff that counts once."""
_OF = {TypeTemps.TRAVAIL: TypeTarif.MAIN_OEUVRE, TypeTemps.TRAJET: TypeTarif.DEPLACEMENT}
_CENTIME = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TempsInfo:
    """One stretch; ``montant`` is what the client is charged before tax, ``cout`` what it costs, MAD."""

    id: int
    technicien_id: int
    technicien: str
    debut: datetime
    fin: datetime
    type: str
    minutes: int
    tarif_id: int | None
    unite: str
    quantite: Decimal | None
    prix_unitaire: Decimal | None
    montant: Decimal | None
    cout: Decimal | None


@dataclass(frozen=True, slots=True)
class TarifInfo:
    """One tariff of a day."""

    id: int
    libelle: str
    unite: str
    prix_unitaire: Decimal


def minutes(debut: datetime, fin: datetime) -> int:
    return (round((fin - debut).total_seconds()) + 30) // 60


def _montant(row: Temps) -> Decimal | None:
    if row.prix_unitaire is None:
        return None
    count = Decimal(minutes(row.debut, row.fin)) / 60 if row.unite == HOUR else row.quantite or Decimal(1)
    return (count * row.prix_unitaire).quantize(_CENTIME, ROUND_HALF_UP)


def _info(row: Temps, nom: str) -> TempsInfo:
    spent = minutes(row.debut, row.fin)
    cout = None
    if row.cout_horaire is not None:
        cout = (Decimal(spent) / 60 * row.cout_horaire).quantize(_CENTIME, ROUND_HALF_UP)
    return TempsInfo(
        row.id, row.technicien_id, nom, row.debut, row.fin, row.type, spent, row.tarif_id, row.unite or "",
        row.quantite, row.prix_unitaire, _montant(row), cout,
    )  # fmt: skip


def temps(session: Session, acteur: Acteur, id: int) -> list[TempsInfo]:  # noqa: A002
    """Stretches of an intervention in the order in which they happened."""
    _, lus = ouvrir_avec(session, acteur, id, lambda s: temps_de(s, [id]))
    return lus[id]  # type: ignore[no-any-return]


def temps_de(session: Session, ids: Sequence[int]) -> dict[int, list[TempsInfo]]:
    """Stretches of several interventions that the caller may read, by intervention."""
    query = sa.select(Temps).where(Temps.intervention_id.in_(ids)).order_by(Temps.debut, Temps.id)
    rows = list(session.scalars(query))
    names = technicien_names.noms(session, {r.technicien_id for r in rows})
    found: dict[int, list[TempsInfo]] = {i: [] for i in ids}
    for row in rows:
        found[row.intervention_id].append(_info(row, names.get(row.technicien_id, "")))
    return found


def _of_the_day(acteur: Acteur, agence_id: int | None, kind: TypeTarif, day: date) -> sa.Select[Tarif]:
    """Tariffs that hold on a day in an agency: its own first, the latest first."""
    return (
        sa.select(Tarif)
        .where(
            Tarif.type_ligne == kind.value, Tarif.date_debut <= day,
            sa.or_(Tarif.date_fin.is_(None), Tarif.date_fin >= day),
            sa.or_(Tarif.agence_id.is_(None), Tarif.agence_id == agence_id), *portee(acteur, Tarif.agence_id),
        )
        .order_by(Tarif.agence_id.is_(None), Tarif.date_debut.desc(), Tarif.id)
    )  # fmt: skip


def tarifs(
    session: Session, acteur: Acteur, agence_id: int | None, type_temps: str, quand: datetime | None = None
) -> list[TarifInfo]:
    """What a stretch of this kind may be charged at, on the day of ``quand``, else today."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    kind = _OF.get(TypeTemps(type_temps), TypeTarif.MAIN_OEUVRE)
    rows = session.scalars(_of_the_day(acteur, agence_id, kind, clock.local(quand or clock.now()).date()))
    return [TarifInfo(r.id, r.libelle, r.unite, r.prix_unitaire) for r in rows]


def _price(session: Session, acteur: Acteur, agence_id: int | None, saisie: TempsInput) -> dict[str, Any]:
    """The tariff's columns of a stretch, frozen now."""
    day = clock.local(saisie.debut).date()
    if saisie.tarif_id is not None:
        tarif = lie(session, acteur, Tarif, saisie.tarif_id, "tarif_id", "Ce tarif n'existe pas dans cette agence.",
                    agence_id)  # fmt: skip
    elif saisie.type == TypeTemps.TRAVAIL:
        labour = _of_the_day(acteur, agence_id, TypeTarif.MAIN_OEUVRE, day).where(Tarif.unite == HOUR)
        tarif = session.scalars(labour.limit(1)).first()
    else:
        tarif = None
    if tarif is None:
        return {"quantite": None}
    count = saisie.quantite
    if tarif.unite == HOUR:
        count = None
    elif count is None and tarif.unite == FLAT:
        count = Decimal(1)
    elif count is None:
        raise ValidationError({"quantite": f"Indiquez la quantité, en {tarif.unite}."})
    return {"tarif_id": tarif.id, "unite": tarif.unite, "quantite": count, "prix_unitaire": tarif.prix_unitaire}


def _elsewhere(session: Session, intervention: Intervention, saisie: TempsInput) -> None:
    """Refuse, or ask whether it is meant, when the technicien was already somewhere; as the agency decided.

    The centre does not refuse it: two branches note what each knows, and one of them is to be corrected, not lost.
    """
    verdict = reading.verdicts(session, intervention.agence_id)[ReglePlanning.CHEVAUCHEMENT]
    if verdict is VerdictPlanning.IGNORER or (verdict is VerdictPlanning.AVERTIR and saisie.malgre):
        return
    query = (
        sa.select(Temps.debut, Temps.fin, Intervention.numero)
        .join(Intervention, Intervention.id == Temps.intervention_id)
        .where(Temps.technicien_id == saisie.technicien_id, Temps.debut < saisie.fin, Temps.fin > saisie.debut)
        .order_by(Temps.debut)
        .limit(1)
    )
    other = session.execute(query).first()
    if other is not None:
        nom = technicien_names.nom(session, saisie.technicien_id)
        debut, fin = (f"{clock.local(x):%H:%M}" for x in (other.debut, other.fin))
        under = "debut" if verdict is VerdictPlanning.REFUSER else "malgre"
        raise ValidationError({under: f"{nom} est déjà pris de {debut} à {fin} par {other.numero}."})


def ajouter_temps(session: Session, acteur: Acteur, id: int, saisie: TempsInput) -> int:  # noqa: A002
    """Note a stretch; allowed after closing too, not on a cancelled or archived intervention.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
        ValidationError: under ``malgre`` when the agency only warns of it.
    """
    intervention = ouvrir(session, acteur, id, pour_ecrire=True)
    roles.exiger(acteur, roles.Droit.INTERVENTION_EXECUTER)
    statut = Statut(intervention.statut)
    if statut in (Statut.ANNULEE, Statut.ARCHIVEE):
        raise TransitionError(f"Cette intervention est {LIBELLES[statut]} : elle ne reçoit plus de temps.")
    who = lie(session, acteur, Technicien, saisie.technicien_id, "technicien_id",
              "Ce technicien n'est pas de cette agence.", intervention.agence_id)  # fmt: skip
    if who is None:
        raise ValidationError({"technicien_id": "Choisissez un technicien."})
    if acteur.role is Role.TECHNICIEN and who.user_id != acteur.user_id:
        raise NotAllowedError("Un technicien ne note que ses propres temps.")
    if saisie.fin > clock.now():
        raise ValidationError({"fin": "Ce temps n'est pas encore passé."})
    _elsewhere(session, intervention, saisie)
    price = _price(session, acteur, intervention.agence_id, saisie)
    trace.annoncer(session, acteur)
    row = Temps(
        intervention_id=id, technicien_id=who.id, type=saisie.type, debut=saisie.debut, fin=saisie.fin,
        cout_horaire=who.cout_horaire, agence_id=intervention.agence_id, created_by_id=acteur.user_id, **price,
    )  # fmt: skip
    session.add(row)
    trace.noter(session, acteur, intervention, "temps_ajoute", None, _told(row))
    ecrire(session)
    session.refresh(intervention, ["duree_reelle", "temps_deplacement"])
    return row.id


def supprimer_temps(session: Session, acteur: Acteur, temps_id: int) -> None:
    """Take a stretch away, while the intervention is open.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: the intervention is closed; its times are final.
    """
    row = session.get(Temps, temps_id)
    if row is None:
        raise NotFoundError("Introuvable : ce temps n'existe plus.")
    intervention = ouvrir(session, acteur, row.intervention_id, pour_ecrire=True)
    roles.exiger(acteur, roles.Droit.INTERVENTION_EXECUTER)
    statut = Statut(intervention.statut)
    if statut in TERMINES:
        raise TransitionError(f"Cette intervention est {LIBELLES[statut]} : ses temps sont définitifs.")
    who = session.get_one(Technicien, row.technicien_id)
    if acteur.role is Role.TECHNICIEN and who.user_id != acteur.user_id:
        raise NotAllowedError("Un technicien ne retire que ses propres temps.")
    trace.annoncer(session, acteur)
    trace.noter(session, acteur, intervention, "temps_retire", _told(row), None)
    session.delete(row)
    ecrire(session)
    session.refresh(intervention, ["duree_reelle", "temps_deplacement"])


def _told(row: Temps) -> dict[str, Any]:
    return {"technicien_id": row.technicien_id, "debut": row.debut, "fin": row.fin}
