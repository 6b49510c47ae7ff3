"""What histories do with contracts that run on: renewals, amendments that take effect, the periods that follow.

The program does so on every desktop by itself, each on its own day, cut off or not: the acts are its services.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput, CouvertureInput
from erp_desktop.domain.enums import Reconduction, Role, StatutContrat
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.services import contrats, equipements, interventions
from erp_desktop.services.contrats import amendments, following
from tests.sync.lab import Device, Lab

RENEWED = "Reconduit"
"""What contracts of these acts are for; the others leave them alone."""
_RESPONSABLE = "SELECT min(id) FROM users WHERE role = 'responsable' AND agence_id = ?"
LATER, LEFT = timedelta(days=1), timedelta(days=80)
"""After the contract's first day: when a machine comes under it that leaves before its end, and when it leaves."""
_ROWS = {
    "contrats": f"SELECT id FROM contrats WHERE objet = '{RENEWED}'",
    "contrat_periodes": "SELECT p.id FROM contrat_periodes p JOIN contrats k ON k.id = p.contrat_id "
                        f"WHERE k.objet = '{RENEWED}'",
    "contrat_equipements": "SELECT e.id FROM contrat_equipements e JOIN contrats k ON k.id = e.contrat_id "
                           f"WHERE k.objet = '{RENEWED}'",
}  # fmt: skip


class Contracting:
    """Acts of a history; what it is made of is the history's."""

    lab: Lab
    devices: list[Device]
    chance: random.Random
    serial: int
    note_whole: Callable[[Device, str, int], None]

    @contextmanager
    def _written(self, device: Device, days: int) -> Iterator[tuple[Session, Acteur]]:
        """A transaction of the agency's responsable, so many days from now; what it makes is noted as made."""
        user = device.value(
            "SELECT min(id) FROM users WHERE role = 'responsable' AND agence_id = ?", device.agence_id
        )
        person = Acteur(user, "Responsable", Role.RESPONSABLE, device.agence_id, device.agence, device.poste)
        then = clock.now() + timedelta(days=days)
        self._note(device)
        with patch.object(clock, "now", lambda: then), transaction(device.engine, user) as session:
            yield session, person
        # A restore replaces the file; nobody may have it open then.
        device.engine.dispose()
        self._note(device)

    def _note(self, device: Device) -> None:
        for table, asked in _ROWS.items():
            for (pk,) in device.sql(asked):
                self.note_whole(device, table, pk)

    def renew(self) -> None:
        """A tacit contract is made, worked under, renewed by a person, or carried on by a desktop on a later day."""
        device = self.chance.choice(self.devices)
        if device.value(_RESPONSABLE, device.agence_id) is None:
            # Who may do it has not come down yet.
            return
        known = [pk for (pk,) in device.sql(f"{_ROWS['contrats']} ORDER BY id")]
        self.serial += 1
        if not known or not self.chance.randrange(8):
            self._agree_tacitly(device)
            return
        contract = self.chance.choice(known)
        match self.chance.randrange(4):
            case 0:
                with self._written(device, self.chance.randrange(40)) as (session, person):
                    contrats.renouveler(session, person, contract)
            case 1:
                # Asked for behind the end and known to both, its deadline moves on both.
                self._job(device, contract)
                mates = [d for d in self.devices if d.agence == device.agence]
                for one in mates:
                    one.sync()
                for one in mates:
                    self._carry_on(one, contract)
            case _:
                self._carry_on(device, contract)

    def _days(self, device: Device, contract: int) -> int:
        """From today to the contract's end, as it is known here."""
        end = device.value("SELECT date_fin FROM contrats WHERE id = ?", contract)
        return (date.fromisoformat(end) - clock.today()).days

    def _job(self, device: Device, contract: int) -> None:
        under = "SELECT min(equipement_id) FROM contrat_equipements WHERE contrat_id = ?"
        job = InterventionInput(
            titre=f"{RENEWED} {self.serial}", equipement_id=device.value(under, contract), contrat_id=contract
        )
        with self._written(device, self._days(device, contract) + 1) as (session, person):
            interventions.create(session, person, job)

    def _carry_on(self, device: Device, contract: int) -> None:
        """What a desktop does by itself on some day behind the end, as far as it knows."""
        days = self._days(device, contract) + self.chance.choice((0, 2, 3, 40))
        with self._written(device, days) as (session, _person):
            amendments.take_effect(session)
            following.carry_on(session)
            following.follow(session)

    def _agree_tacitly(self, device: Device) -> None:
        """Ends in three weeks, runs on a month at a time; one machine is under it to its end, one leaves before."""
        begin = clock.today() - timedelta(days=70)
        end = begin + timedelta(days=90)
        machine, client = device.sql("SELECT id, client_id FROM equipements ORDER BY id LIMIT 1")[0]
        typed = ContratInput(
            client_id=client, objet=RENEWED, date_debut=begin, date_fin=end, reconduction=Reconduction.TACITE,
            duree_mois=1, nb_interventions_incluses=2, temps_reponse_normal=2,
        )  # fmt: skip
        with self._written(device, 0) as (session, person):
            contract = contrats.create(session, person, typed)
            second = equipements.EquipementInput(client_id=client, nom="Seconde", code_interne=f"H-{self.serial}")
            leaves = CouvertureInput(
                equipement_id=equipements.create(session, person, second), du=begin + LATER, au=begin + LEFT
            )
            contrats.couvrir(session, person, contract, CouvertureInput(equipement_id=machine, du=begin, au=end))
            contrats.couvrir(session, person, contract, leaves)
            contrats.changer_statut(session, person, contract, StatutContrat.EN_COURS)
            amendments.add(session, person, contract, amendments.AvenantInput(
                objet="Pénalités", date_effet=end + timedelta(days=5), terme="penalites_retard",
                valeur=self.serial % 90 + 1,
            ))  # fmt: skip

    def renewals_hold(self) -> None:
        """Fail unless covers end with their contract, or when they left, periods follow and all is told once."""
        assert self.lab.sql(
            "SELECT intervention_id, horodatage, remarque FROM historiques_interventions WHERE action = 'echeance' "
            "AND horodatage = created_at GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ) == [], "the history of a job tells one deadline twice"  # fmt: skip
        covers = (
            "SELECT k.id, e.au, CASE WHEN e.du > k.date_debut THEN k.date_debut + %s ELSE k.date_fin END "
            "FROM contrat_equipements e JOIN contrats k ON k.id = e.contrat_id WHERE k.objet = %s"
        )
        for contract, until, meant in self.lab.sql(covers, LEFT.days, RENEWED):
            assert until == meant, f"a machine leaves contract {contract} on {until}, not on {meant}"
        asked = (
            "SELECT p.contrat_id, p.du, p.au, k.date_fin FROM contrat_periodes p "
            "JOIN contrats k ON k.id = p.contrat_id WHERE k.objet = %s ORDER BY p.contrat_id, p.numero"
        )
        periods: dict[int, list[tuple[Any, ...]]] = {}
        for contract, *period in self.lab.sql(asked, RENEWED):
            periods.setdefault(contract, []).append(tuple(period))
        # Of two that ran on to different days one lost, whose author is asked: its period is there already.
        asked_of = {pk for (pk,) in self.lab.sql("SELECT pk FROM sync.conflits WHERE nom_table = 'contrats'")}
        for contract, laid in periods.items():
            for (_, until, _), (begin, *_) in pairwise(laid):
                assert begin == until + timedelta(days=1), f"periods of {contract} do not follow each other: {laid}"
            assert contract in asked_of or laid[-1][1] <= laid[-1][2], f"a period of {contract} ends after it: {laid}"
