"""The board of what is to be billed, and the drafts made of it: work that no contract pays, periods that are due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.argent import arrondir
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.echeancier import Echeance, echeancier
from erp_desktop.domain.contrats.quotas import Consommation
from erp_desktop.domain.enums import Imputation, ModeFacturation, Statut, StatutContrat, TypeTemps
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.models import (
    Client,
    Contrat,
    ContratPeriode,
    Facture,
    Intervention,
    LigneFacture,
    LigneIntervention,
    PieceDetachee,
    Tarif,
    Temps,
)
from erp_desktop.services.factures import billing, form
from erp_desktop.services.factures import lines as bill_lines
from erp_desktop.services.shared import quotas, trace
from erp_desktop.services.shared.common import charger
from erp_desktop.services.shared.lists import paquets, portee

MOST = 500
"""Jobs that the board shows, the latest first; those before them come once these are billed."""
LATE = 3
"""Months from which a part of a contract that nobody billed is late."""
_ABREAST = 16
"""Periods whose work is counted in one round trip."""
_HOUR = "h"
_DONE = (Statut.CLOTUREE.value, Statut.ARCHIVEE.value)
_VAT = Decimal("20.00")
_KINDS = {TypeTemps.TRAVAIL.value: "Main-d'œuvre", TypeTemps.TRAJET.value: "Déplacement",
          TypeTemps.ATTENTE.value: "Attente"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AFacturer:
    """Something to bill.

    Attributes:
        genre: ``intervention`` or ``periode``.
        id: of the intervention, or of the contract.
        raison: why the client pays it, in French.
        reste: MAD before tax that no document bills yet.
        brouillon: number of a draft that bills a part of it already; empty when there is none.
        retard: days since a part of a contract was due, once it is late.
    """

    genre: str
    id: int
    client_id: int
    client: str
    agence_id: int | None
    reference: str
    libelle: str
    jour: date
    raison: str
    reste: Decimal
    du: date | None = None
    au: date | None = None
    brouillon: str = ""
    retard: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line to be billed; ``column`` is what it was made of."""

    column: str
    pk: int
    values: dict[str, Any]

    @property
    def amount(self) -> Decimal:
        return arrondir(self.values["quantite"] * self.values["prix_unitaire"])


def _day(row: Intervention) -> date:
    return clock.local(row.date_fin_travaux or row.date_cloture or row.date_creation).date()


def _rows(session: Session, asked: Any) -> list[Any]:
    return list(session.execute(asked))


def _pieces(session: Session, works: Sequence[int]) -> dict[int, list[_Piece]]:
    """What of each job is billable and in no document that counts: its lines, then its times."""
    found: dict[int, list[_Piece]] = {i: [] for i in works}
    for block in paquets(works):
        line = LigneIntervention
        asked = (
            sa.select(line, PieceDetachee.unite)
            .outerjoin(PieceDetachee, PieceDetachee.id == line.piece_id)
            .where(line.intervention_id.in_(block), line.facturable.is_(True), line.prevue.is_(False),
                   line.quantite != 0)
            .order_by(line.id)
        )  # fmt: skip
        spent = sa.select(Temps, Tarif.libelle, Tarif.taux_tva).outerjoin(Tarif, Tarif.id == Temps.tarif_id)
        spent = spent.where(Temps.intervention_id.in_(block), Temps.prix_unitaire.is_not(None))
        spent = spent.order_by(Temps.debut, Temps.id)
        lines, times = abreast(session, partial(_rows, asked=asked), partial(_rows, asked=spent))
        for row, unit in lines:
            values = {"intervention_id": row.intervention_id, "designation": row.designation, "unite": unit,
                      "quantite": row.quantite, "prix_unitaire": row.prix_unitaire,
                      "taux_tva": row.taux_tva}  # fmt: skip
            if row.quantite > 0:
                found[row.intervention_id].append(_Piece("ligne_intervention_id", row.id, values))
        for time, name, rate in times:
            minutes = round((time.fin - time.debut).total_seconds() / 60)
            hours = (Decimal(minutes) / 60).quantize(Decimal("0.001"), ROUND_HALF_UP)
            count = hours if time.unite == _HOUR else time.quantite or Decimal(1)
            values = {"intervention_id": time.intervention_id, "designation": name or _KINDS[time.type],
                      "unite": time.unite, "quantite": count, "prix_unitaire": time.prix_unitaire,
                      "taux_tva": rate if rate is not None else _VAT}  # fmt: skip
            if count > 0:
                found[time.intervention_id].append(_Piece("temps_id", time.id, values))
    return found


def _unbilled(session: Session, pieces: dict[int, list[_Piece]]) -> tuple[dict[int, list[_Piece]], dict[int, str]]:
    """What is left of each job, and the number of a draft or invoice that has the rest."""

    def of_column(column: str) -> Callable[[Session], dict[int, str]]:
        wanted = [p.pk for of in pieces.values() for p in of if p.column == column]
        return lambda side: billing.lines(side, column, wanted)

    columns = ("ligne_intervention_id", "temps_id")
    taken = dict(zip(columns, abreast(session, *map(of_column, columns)), strict=True))
    left = {work: [p for p in of if p.pk not in taken[p.column]] for work, of in pieces.items()}
    elsewhere = {
        work: next(number for p in of if (number := taken[p.column].get(p.pk)))
        for work, of in pieces.items() if any(p.pk in taken[p.column] for p in of)
    }  # fmt: skip
    return left, elsewhere


class _Payers:
    """Who pays for each of many jobs; periods, and what was used up of them, are read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._periods: dict[int, list[ContratPeriode]] = {}
        self._counted: dict[int, Consommation] = {}

    def prepare(self, rows: Sequence[Intervention]) -> None:
        """Read at once what many jobs are judged by: one contract after the other was two round trips each."""
        asked = [(row, row.contrat_id) for row in rows if row.imputation is None and row.contrat_id is not None]
        new = list({contract for _row, contract in asked} - self._periods.keys())
        if new:
            known = quotas.periodes_des(self._session, new)
            self._periods.update({contract: known.get(contract, []) for contract in new})
        wanted = (quotas.periode_de(row, self._periods[contract]) for row, contract in asked)
        periods = {p.id: p for p in wanted if p is not None and p.id not in self._counted}
        for block in paquets(list(periods), _ABREAST):
            works = (partial(quotas.consommation, periode=periods[ident]) for ident in block)
            self._counted.update(zip(block, abreast(self._session, *works), strict=True))

    def reason(self, row: Intervention) -> str | None:
        if row.imputation == Imputation.CONTRAT:
            return None
        if row.imputation == Imputation.A_FACTURER:
            return f"Décidé : {row.imputation_motif}" if row.imputation_motif else "Décidé par un responsable"
        if row.contrat_id is None:
            return "Sans contrat"
        if row.contrat_id not in self._periods:
            self._periods[row.contrat_id] = quotas.periodes_de(self._session, row.id)
        known = self._periods[row.contrat_id]
        if not known:
            return "Contrat sans quota"
        charge = quotas.charge(self._session, row, known, self._counted)
        if charge is None:
            return "Hors période du contrat"
        return "Hors quota" if charge.imputation == Imputation.A_FACTURER else None


def reason(session: Session, row: Intervention) -> str | None:
    """Why the client pays for a job, in French; None when the contract does."""
    return _Payers(session).reason(row)


def _open(column: Any, of: Any) -> sa.ColumnElement[bool]:
    """No invoice that counts has this line of work or stretch of time, or it was given back, in part at least."""
    line, back = LigneFacture, aliased(LigneFacture)
    billed = sa.select(line.id).join(Facture, Facture.id == line.facture_id).where(
        column == of, *billing.live(), ~sa.exists().where(back.ligne_origine_id == line.id)
    )  # fmt: skip
    return ~billed.exists()


def interventions(session: Session, acteur: Acteur, client_id: int | None = None) -> list[AFacturer]:
    """Closed work that a client pays and that no document bills whole, the latest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    i = Intervention
    where = [i.statut.in_(_DONE), *portee(acteur, i.agence_id)]
    if client_id is not None:
        where.append(i.client_id == client_id)
    li, t = LigneIntervention, Temps
    some = sa.or_(
        sa.exists().where(li.intervention_id == i.id, li.facturable.is_(True), li.prevue.is_(False),
                          _open(LigneFacture.ligne_intervention_id, li.id)),
        sa.exists().where(t.intervention_id == i.id, t.prix_unitaire.is_not(None),
                          _open(LigneFacture.temps_id, t.id)),
    )  # fmt: skip
    asked = sa.select(i, Client.nom_entreprise).join(Client, Client.id == i.client_id).where(*where, some)
    asked = asked.order_by(i.date_cloture.desc(), i.id.desc())
    payers, found, start = _Payers(session), list[AFacturer](), 0
    # However much lies before it that a contract pays, what nobody billed comes.
    while len(found) < MOST and (rows := list(session.execute(asked.offset(start).limit(MOST)))):
        start += len(rows)
        payers.prepare([row for row, _ in rows])
        paid = [(row, name, why) for row, name in rows if (why := payers.reason(row)) is not None]
        left, elsewhere = _unbilled(session, _pieces(session, [row.id for row, _, _ in paid]))
        for row, name, why in paid:
            amount = sum((p.amount for p in left[row.id]), Decimal("0.00"))
            if amount > 0:
                found.append(AFacturer("intervention", row.id, row.client_id, name, row.agence_id, row.numero,
                                       row.titre, _day(row), why, amount,
                                       brouillon=elsewhere.get(row.id, "")))  # fmt: skip
        if len(rows) < MOST:
            break
    return found[:MOST]


def _schedule(contrat: Contrat, until: date) -> list[Echeance]:
    if contrat.montant_annuel is None or contrat.montant_annuel <= 0:
        return []
    end = contrat.date_fin
    if contrat.statut == StatutContrat.RESILIE and contrat.date_resiliation is not None:
        stopped = contrat.date_resiliation - cycle.UN_JOUR
        end = stopped if end is None else min(end, stopped)
    return echeancier(contrat.montant_annuel, ModeFacturation(contrat.mode_facturation), contrat.date_debut, end,
                      until, contrat.revision_pct)  # fmt: skip


def periodes(session: Session, acteur: Acteur, client_id: int | None = None) -> list[AFacturer]:
    """Parts of contracts that are due by today and that no document bills, the oldest first, however old."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    today, c = clock.today(), Contrat
    late = cycle.plus_mois(today, -LATE)
    where = [c.statut != StatutContrat.BROUILLON.value, c.montant_annuel.is_not(None), c.date_debut <= today,
             *portee(acteur, c.agence_id)]  # fmt: skip
    if client_id is not None:
        where.append(c.client_id == client_id)
    asked = sa.select(c, Client.nom_entreprise).join(Client, Client.id == c.client_id).where(*where)
    rows = list(session.execute(asked.order_by(c.id)))
    billed = billing.periods(session, [r.id for r, _ in rows])
    found = []
    for row, name in rows:
        taken = [(b, e) for b, e, _, back in billed.get(row.id, []) if not back]
        for part in _schedule(row, today):
            if part.montant <= 0 or any(b <= part.au and part.du <= e for b, e in taken):
                continue
            told = f"Période {part.numero} du {part.du:%d/%m/%Y} au {part.au:%d/%m/%Y}"
            found.append(AFacturer("periode", row.id, row.client_id, name, row.agence_id, row.numero_contrat, told,
                                   part.du, "Échéance du contrat", part.montant, part.du, part.au,
                                   retard=(today - part.du).days if part.du < late else 0))  # fmt: skip
    return sorted(found, key=lambda f: (f.jour, f.reference))


def a_facturer(session: Session, acteur: Acteur, client_id: int | None = None) -> list[AFacturer]:
    """Periods that are due, then work."""
    due, work = abreast(
        session, lambda s: periodes(s, acteur, client_id), lambda s: interventions(s, acteur, client_id)
    )
    return [*due, *work]


def depuis_interventions(session: Session, acteur: Acteur, ids: Sequence[int], facture_id: int | None = None) -> int:
    """Take the billable lines and times of closed work of one client over into a draft; returns the draft's id.

    Args:
        facture_id: the draft; a new one when left out.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: work that is not closed, that the contract pays, or that is billed already.
        ValidationError: work of several clients.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    works = [charger(session, acteur, Intervention, i, "cette intervention") for i in dict.fromkeys(ids)]
    if not works:
        raise ValidationError({"interventions": "Choisissez au moins une intervention."})
    for work in works:
        if work.statut not in _DONE:
            raise TransitionError(f"{work.numero} n'est pas clôturée : elle ne se facture pas encore.")
        if reason(session, work) is None:
            raise TransitionError(f"{work.numero} est au contrat : un responsable décide de la facturer.")
    facture = form.ouvrir(session, acteur, facture_id) if facture_id is not None else None
    if len({w.client_id for w in works} | ({facture.client_id} if facture else set())) > 1:
        raise ValidationError({"interventions": "Une facture est d'un seul client : ce travail en a plusieurs."})
    left, elsewhere = _unbilled(session, _pieces(session, [w.id for w in works]))
    for work in works:
        if not left[work.id]:
            number = elsewhere.get(work.id)
            told = f"est déjà facturée sous {number}" if number else "n'a rien à facturer"
            raise TransitionError(f"{work.numero} {told}.")
    trace.annoncer(session, acteur)
    last = max(_day(w) for w in works)
    if facture is None:
        contrats = {w.contrat_id for w in works}
        contrat = session.get(Contrat, next(iter(contrats)) or 0) if len(contrats) == 1 else None
        facture = form.draft(
            session, acteur, works[0].client_id, date_operation=last,
            contrat_id=contrat.id if contrat is not None else None,
            conditions_jours=contrat.delai_paiement_jours if contrat is not None else None,
            intitule=works[0].titre[:200] if len(works) == 1 else None,
        )  # fmt: skip
    elif facture.date_operation is None or facture.date_operation < last:
        facture.date_operation = last
    for work in sorted(works, key=lambda w: (_day(w), w.numero)):
        for piece in left[work.id]:
            bill_lines.add(session, acteur, facture, **piece.values, **{piece.column: piece.pk})
    form.refresh(session, facture)
    return facture.id


def depuis_periode(session: Session, acteur: Acteur, contrat_id: int, du: date) -> int:
    """Make the draft of the part of a contract that begins on ``du``; returns its id.

    Two desktops that do so while they are cut off make one invoice (``Facture.__noun__``).

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: no part begins that day, or it is billed already.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    contrat = charger(session, acteur, Contrat, contrat_id, "ce contrat")
    part = next((e for e in _schedule(contrat, du) if e.du == du), None)
    if contrat.statut == StatutContrat.BROUILLON or part is None or part.montant <= 0:
        raise TransitionError(f"Aucune échéance de {contrat.numero_contrat} ne commence le {du:%d/%m/%Y}.")
    known = billing.periods(session, [contrat_id]).get(contrat_id, [])
    for begin, end, number, back in known:
        if not back and begin <= part.au and part.du <= end:
            raise TransitionError(f"La période du {begin:%d/%m/%Y} au {end:%d/%m/%Y} est déjà dans {number}.")
    trace.annoncer(session, acteur)
    facture = form.draft(
        session, acteur, contrat.client_id, contrat_id=contrat_id, periode_du=part.du, periode_au=part.au,
        periode_rang=sum(begin == part.du for begin, _, _, back in known if back),
        conditions_jours=contrat.delai_paiement_jours, intitule=contrat.objet, date_operation=None,
    )  # fmt: skip
    told = f"{contrat.objet or 'Maintenance'}, contrat {contrat.numero_contrat}, du {part.du:%d/%m/%Y} au "
    bill_lines.add(
        session, acteur, facture, designation=f"{told}{part.au:%d/%m/%Y}"[-200:], quantite=Decimal(1),
        unite="forfait", prix_unitaire=part.montant, taux_tva=_VAT, cle="periode",
        created_at=facture.created_at, updated_at=facture.created_at,
    )  # fmt: skip
    form.refresh(session, facture)

    return facture.id


def brouillon_de(session: Session, acteur: Acteur, lignes: Sequence[AFacturer]) -> list[int]:
    """Drafts of what was ticked on the board: one a period, one a client for its work; their ids in that order."""
    due = [(a.id, a.du) for a in lignes if a.genre == "periode"]
    made = [depuis_periode(session, acteur, contrat, du) for contrat, du in due if du is not None]
    works: dict[int, list[int]] = {}
    for one in lignes:
        if one.genre == "intervention":
            works.setdefault(one.client_id, []).append(one.id)
    return made + [depuis_interventions(session, acteur, ids) for ids in works.values()]
