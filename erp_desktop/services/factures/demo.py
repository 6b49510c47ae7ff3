"""Invoices of the demonstration, of each state and kind: validated by the centre's own function where there is one.

On a desktop of a centre only drafts are made; a stand-alone file, which knows no centre, gets what one would send it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import ModePaiement, Role
from erp_desktop.domain.factures import delais
from erp_desktop.domain.factures.enums import CanalRelance, EtatDemande
from erp_desktop.domain.factures.saisie import AcompteInput, FactureInput, LigneFactureInput, PaiementInput
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client, DemandeValidation, Facture, Relance, TauxLegal, TauxTva
from erp_desktop.models.local import sync_meta, sync_session
from erp_desktop.services import calendrier
from erp_desktop.services.factures import actions, billable, form, lines, payments
from erp_desktop.services.shared.letterhead import letterhead
from erp_desktop.services.shared.lists import est_sqlite
from erp_desktop.settings import Mode

_WHO = Acteur(0, "Démonstration", Role.ADMIN, None)


@dataclass(frozen=True, slots=True)
class _Story:
    """One validated invoice: how long ago, on which terms, how much before tax, what was paid of it and asked for."""

    ago: int
    terms: int
    amount: int
    paid: int = 0
    """Percent."""
    mode: ModePaiement = ModePaiement.VIREMENT
    reminders: int = 0
    sent: bool = True
    back: bool = False
    """Given back whole by an avoir."""


_STORIES = (
    _Story(150, 30, 32200, reminders=3), _Story(128, 60, 34400, paid=50, reminders=2),
    _Story(110, 60, 9640, reminders=1),
    _Story(96, 30, 18216, reminders=1), _Story(84, 60, 7452), _Story(77, 60, 41280, paid=100),
    _Story(70, 30, 2400, paid=100, mode=ModePaiement.ESPECES), _Story(63, 60, 12900),
    _Story(52, 60, 27336, paid=40, mode=ModePaiement.CHEQUE), _Story(44, 60, 8964),
    _Story(35, 60, 5200, back=True), _Story(21, 60, 44000), _Story(9, 60, 15800, sent=False),
    _Story(3, 30, 6480, sent=False),
)  # fmt: skip
_WORDS = ("Main-d'œuvre, dépannage mécanique", "Roulement 6308-C3", "Kit joints vérin Ø63", "Huile HV46, bidon 20 L",
          "Contrôle et réglage de la ligne", "Remplacement du variateur", "Révision du réducteur")  # fmt: skip


def fill(session: Session, agences: Sequence[int], now: datetime) -> None:
    """Invoices of agencies that have none. None at a centre without a letterhead."""
    f = Facture
    wanted = [
        a for a in agences
        if session.scalar(sa.select(f.id).where(f.agence_id == a).limit(1)) is None and _clients(session, a)
    ]  # fmt: skip
    central = not est_sqlite(session)
    if not wanted or (central and not letterhead(session, wanted[0]).ice):
        return
    alone = not central and session.scalar(
        sa.select(sync_meta.c.valeur).where(sync_meta.c.cle == "mode")
    ) != Mode.AGENCE  # fmt: skip
    today = clock.local(now).date()
    if central or alone:
        for rates in (TauxTva, TauxLegal):
            calendrier.semer_taux(session, rates)
        made = [
            (min(today - timedelta(days=story.ago), clock.today()), agence, rank, story)
            for agence in wanted for rank, story in enumerate(_STORIES)
        ]  # fmt: skip
        # The series of numbers follows the days, whichever agency it is.
        for day, agence, rank, story in sorted(made, key=lambda m: (m[0], m[1])):
            _tell(session, agence, rank, story, day)
    for agence in wanted:
        _drafts(session, agence)


def _clients(session: Session, agence: int) -> list[int]:
    return list(session.scalars(sa.select(Client.id).where(Client.agence_id == agence).order_by(Client.id).limit(8)))


def _line(session: Session, facture: int, rank: int, price: Decimal, quantity: Decimal = Decimal(1)) -> None:
    typed = LigneFactureInput(designation=_WORDS[rank % len(_WORDS)], quantite=quantity, prix_unitaire=price,
                              unite="h" if rank % len(_WORDS) == 0 else "u")  # fmt: skip
    lines.ajouter(session, _WHO, facture, typed)


def _tell(session: Session, agence: int, rank: int, story: _Story, day: date) -> None:
    clients = _clients(session, agence)
    pk = form.create(session, _WHO, FactureInput(
        client_id=clients[rank % min(len(clients), 5)], date_facture=day, date_operation=day - timedelta(days=3),
        conditions_jours=story.terms, mode_reglement=story.mode, reference_client=f"BC {day.year}/{4400 + rank}",
        remise_pct=5 if rank % 5 == 2 else 0, intitule="Maintenance et pièces",
    ))  # fmt: skip
    half = Decimal(story.amount) / 2
    _line(session, pk, rank, half)
    _line(session, pk, rank + 2, half / 4, Decimal(4))
    _validate(session, pk, day)
    if story.sent:
        _ask(session, pk, agence, 0, day)
    for level in range(1, story.reminders + 1):
        asked = day + timedelta(days=story.terms + delais.RELANCES[level - 1])
        _ask(session, pk, agence, level, min(asked, clock.today()))
    if story.paid:
        due = payments.attendu(session, _WHO, pk)
        part = (due.solde * story.paid / 100).quantize(Decimal("0.01"))
        payments.encaisser(session, _WHO, PaiementInput(
            parts=[{"facture_id": pk, "montant": part}], mode_paiement=story.mode,
            date_paiement=min(day + timedelta(days=story.terms - 4), clock.today()),
            reference=f"CHQ {7_000_100 + rank}" if story.mode is ModePaiement.CHEQUE else None,
            banque="Banque Populaire",
        ))  # fmt: skip
    if story.back:
        _validate(session, actions.avoir(session, _WHO, pk, motif="Erreur de quantité"), clock.today())


def _ask(session: Session, pk: int, agence: int, level: int, day: date) -> None:
    canal = CanalRelance.TELEPHONE if level == 2 else CanalRelance.COURRIEL
    session.add(Relance(facture_id=pk, agence_id=agence, niveau=level, date_relance=day, canal=canal.value))
    session.flush()


def _validate(session: Session, pk: int, day: date) -> None:
    if not est_sqlite(session):
        told = actions.demander(session, _WHO, pk)
        assert told.etat == EtatDemande.ACCEPTEE, told.motif  # noqa: S101 - of our own making
        return
    row = session.get_one(Facture, pk)
    code = "AVO" if row.type_facture == "avoir" else "FAC"
    taken = session.scalar(sa.select(sa.func.count()).where(Facture.numero.startswith(f"{code}-{day.year}-")))
    values: dict[str, Any] = {
        "numero": f"{code}-{day.year}-{(taken or 0) + 1:06d}", "statut": "validee", "date_facture": day,
        "date_echeance": delais.echeance(day, row.conditions_jours), "validee_le": clock.now(),
    }  # fmt: skip
    # As a cache takes what the centre sends.
    session.flush()
    session.execute(sa.update(sync_session).values(muet=1))
    session.execute(sa.update(Facture).where(Facture.id == pk).values(**values))
    session.execute(sa.update(sync_session).values(muet=0))
    session.refresh(row)


def _drafts(session: Session, agence: int) -> None:
    """Drafts: of closed work, free, one that the centre refused, an advance."""
    clients = _clients(session, agence)
    who = Acteur(0, "Démonstration", Role.RESPONSABLE, agence)
    works = billable.interventions(session, who)
    for client in dict.fromkeys(w.client_id for w in works[:40]):
        mine = [w.id for w in works if w.client_id == client][:2]
        billable.depuis_interventions(session, who, mine)
        if client != works[0].client_id:
            break
    for rank in range(2):
        pk = form.create(
            session, _WHO, FactureInput(client_id=clients[rank % len(clients)], intitule="Fourniture de pièces")
        )
        _line(session, pk, rank + 1, Decimal(840 + 125 * rank), Decimal(3))
        if rank:
            row = session.get_one(Facture, pk)
            session.add(DemandeValidation(
                facture_id=pk, agence_id=agence, total_ttc=row.total_ttc, etat=EtatDemande.REFUSEE.value,
                motif="Le client n'a ni adresse ni ville : complétez sa fiche.", repondu_le=clock.now(),
            ))  # fmt: skip
    actions.acompte(session, _WHO, AcompteInput(
        client_id=clients[-1], designation="Acompte de 30 % sur la révision annuelle", montant_ht="18000",
    ))  # fmt: skip
    session.flush()
