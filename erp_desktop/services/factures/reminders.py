"""An invoice that was sent, and the reminders that follow a late one: first, second, third."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.factures import delais
from erp_desktop.domain.factures.enums import CanalRelance, CodeTaux, EtatFacture
from erp_desktop.domain.factures.etats import BROUILLONS
from erp_desktop.domain.factures.saisie import RelanceInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError, TransitionError
from erp_desktop.models import Client, Facture, Imputation, Paiement, Relance
from erp_desktop.registry.rules import REMINDED
from erp_desktop.services.factures import balance, rates
from erp_desktop.services.factures.list import ids as listed
from erp_desktop.services.factures.list import reminders
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.common import charger, ecrire
from erp_desktop.services.shared.lists import ListQuery, paquets


@dataclass(frozen=True, slots=True)
class RelanceInfo:
    """One reminder; ``niveau`` 0 is the sending of the invoice."""

    id: int
    niveau: int
    date_relance: date
    canal: str
    promesse: date | None
    note: str


@dataclass(frozen=True, slots=True)
class ARelancer:
    """A late invoice whose next reminder is called for; MAD.

    Attributes:
        niveau: of the reminder to send, 1 to 3.
        interets: what the client owes besides by art. 78-3; None when no rate is known.
    """

    id: int
    numero: str
    client_id: int
    client: str
    solde: Decimal
    date_echeance: date
    retard: int
    niveau: int
    derniere: date | None
    interets: Decimal | None


def relances(session: Session, acteur: Acteur, facture_id: int) -> tuple[RelanceInfo, ...]:
    """What was sent, in the order in which it was."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Facture, facture_id, "cette facture")
    r = Relance
    asked = sa.select(r).where(r.facture_id == facture_id).order_by(r.date_relance, r.niveau, r.id)
    return tuple(
        RelanceInfo(x.id, x.niveau, x.date_relance, x.canal, x.promesse, x.note or "") for x in session.scalars(asked)
    )


def envoyer(
    session: Session, acteur: Acteur, facture_id: int, canal: CanalRelance = CanalRelance.COURRIEL
) -> int | None:
    """Note that a validated document was sent; once is enough. Returns the note's id, None when there was one.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = charger(session, acteur, Facture, facture_id, "cette facture")
    if row.statut in BROUILLONS:
        raise TransitionError("Un brouillon ne s'envoie pas : il n'a pas de numéro légal.")
    if session.scalar(sa.select(Relance.id).where(Relance.facture_id == facture_id).limit(1)) is not None:
        return None
    return edits.creer(session, acteur, Relance(facture_id=facture_id, agence_id=row.agence_id, niveau=0,
                                                date_relance=clock.today(), canal=canal.value))  # fmt: skip


def relancer(session: Session, acteur: Acteur, facture_id: int, saisie: RelanceInput) -> int:
    """Note a reminder; returns its id.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: nothing is late, or the step before was not taken.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = charger(session, acteur, Facture, facture_id, "cette facture")
    if balance.soldes(session, [facture_id], clock.today())[facture_id].etat is not EtatFacture.EN_RETARD:
        raise TransitionError(f"{row.numero} n'est pas en retard : elle ne se relance pas.")
    level = reminders(session, [facture_id]).get(facture_id, (0, None, None))[0]
    if saisie.niveau not in (level, level + 1) or saisie.niveau == 0:
        raise TransitionError(f"La prochaine relance de {row.numero} est la {_ORDINAL[min(level, 2)]}.")
    return edits.creer(
        session, acteur,
        Relance(**saisie.model_dump(), facture_id=facture_id, agence_id=row.agence_id, date_relance=clock.today()),
    )  # fmt: skip


def retirer(session: Session, acteur: Acteur, relance_id: int | None) -> None:
    """The way back from :func:`envoyer` and :func:`relancer`, while nothing followed; the journal keeps both.

    Args:
        relance_id: what the act returned.

    Raises:
        NotAllowedError: somebody else noted it.
        NotFoundError: it was taken back already.
        TransitionError: the act added nothing, or something followed it.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    if relance_id is None:
        raise TransitionError("L'envoi de cette facture était déjà noté : il n'y a rien à défaire.")
    row = charger(session, acteur, Relance, relance_id, "cet envoi ou cette relance")
    if row.created_by_id != (acteur.user_id or None):
        raise NotAllowedError("Seul qui a noté un envoi ou une relance le retire.")
    if _followed(session, row):
        raise TransitionError(REMINDED)
    trace.annoncer(session, acteur)
    session.delete(row)
    ecrire(session)


def _followed(session: Session, row: Relance) -> bool:
    """Whether another reminder, a payment or a credit note came since; the rule of the base asks the same."""
    since = [
        sa.exists().where(of == row.facture_id, of.class_.created_at >= row.created_at, of.class_.id != but)
        for of, but in ((Relance.facture_id, row.id), (Imputation.facture_id, 0), (Paiement.facture_id, 0),
                        (Facture.facture_origine_id, 0))
    ]  # fmt: skip
    return bool(session.scalar(sa.select(sa.or_(*since))))


_ORDINAL = ("première", "deuxième", "troisième")


def a_relancer(session: Session, acteur: Acteur, texte: str = "") -> tuple[ARelancer, ...]:
    """Late invoices whose next step has come, by client, the longest late first; a promise to come is waited for.

    Args:
        texte: of the filter box.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    today = clock.today()
    late = listed(session, acteur, ListQuery(f"statut:{EtatFacture.EN_RETARD.value} {texte}".strip()))
    rate = rates.found(session, CodeTaux.TAUX_DIRECTEUR, today)
    margin = rates.found(session, CodeTaux.MARGE_RETARD, today)
    found = []
    for block in paquets(late):
        due, last = balance.soldes(session, block, today), reminders(session, block)
        asked = sa.select(Facture, Client.nom_entreprise).join(Client, Client.id == Facture.client_id)
        for row, name in session.execute(asked.where(Facture.id.in_(block))):
            level, day, promised = last.get(row.id, (0, None, None))
            step = delais.relance_suivante(row.date_echeance, level)
            if (
                row.date_echeance is None
                or step is None
                or step.des > today
                or (promised is not None and promised >= today)
            ):
                continue
            days = delais.retard(row.date_echeance, today)
            owed = None
            if rate is not None and margin is not None:
                owed = delais.interets(due[row.id].solde, days, rate.taux, margin.taux)
            found.append(ARelancer(row.id, row.numero, row.client_id, name, due[row.id].solde, row.date_echeance,
                                   days, step.niveau, day, owed))  # fmt: skip
    return tuple(sorted(found, key=lambda a: (a.client, -a.retard, a.numero)))
