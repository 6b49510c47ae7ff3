"""What histories do with invoices beyond their drafts: ask for the number, pay, credit; and what holds afterwards."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from erp_desktop.centre.functions import rules as central_rules
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.registry import rules
from tests.services.factures.office import law
from tests.sync.lab import Device, Lab, T

RESPONSABLES = f"""
INSERT INTO users (agence_id, username, email, full_name, role, created_at, updated_at)
  SELECT id, lower(code) || '_r', lower(code) || 'r@mif.ma', 'Responsable ' || code, 'responsable', '{T}', '{T}'
    FROM agences;
UPDATE identite_societe SET ice = '001525713000077' WHERE ice IS NULL;
"""


def prepare(lab: Lab) -> None:
    """What a centre needs to validate: rates, a letterhead, somebody who may ask."""
    engine = create_pg_engine(lab.url)
    try:
        law(engine)
    finally:
        engine.dispose()
    lab.sql(RESPONSABLES)


def stands(code: str, reason: str) -> bool:
    """Whether a refusal only says that a document was validated first, or a draft changed under who validates it."""
    first = (rules.VALIDATED, central_rules.VALIDATED, central_rules.DRAFT_MOVED)
    return code == "regle" and any(sentence in reason for sentence in first)


@dataclass
class Ledger:
    """What the histories of one centre have seen validated and paid.

    Attributes:
        documents: invoice → its number, total, hash and lines.
        paid: keys of payments.
    """

    documents: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    paid: set[int] = field(default_factory=set)

    def check(self, lab: Lab) -> None:
        """Fail unless numbers follow one another, and nothing validated, paid or asked for was changed or lost."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for (numero,) in lab.sql("SELECT numero FROM factures WHERE statut NOT IN ('brouillon', 'a_transmettre')"):
            series, _, rank = numero.rpartition("-")
            numbers[series].append(int(rank))
        for series, ranks in numbers.items():
            assert series.startswith(("FAC-", "AVO-")), f"{series} is no legal series"
            assert sorted(ranks) == list(range(1, len(ranks) + 1)), (
                f"{series} has a hole or a double: {sorted(ranks)}"
            )
        for code in ("FAC", "AVO"):
            assert lab.sql("SELECT * FROM sync.verifier_serie(%s)", code) == [], f"{code} is not as it was validated"
        found = {
            pk: told for pk, *told in lab.sql(
                "SELECT f.id, f.numero, f.total_ttc, f.empreinte, (SELECT array_agg(l.id || ':' || l.quantite "
                "ORDER BY l.id) FROM lignes_facture l WHERE l.facture_id = f.id) FROM factures f "
                "WHERE f.numero NOT LIKE 'PROV-%%'"
            )
        }  # fmt: skip
        documents = {pk: (n, t, e, tuple(lines or ())) for pk, (n, t, e, lines) in found.items()}
        changed = [self.documents[pk][0] for pk in self.documents if documents.get(pk) != self.documents[pk]]
        assert not changed, f"validated documents changed: {changed}"
        self.documents = documents
        assert lab.sql(
            "SELECT contrat_id, numero FROM avenants GROUP BY contrat_id, numero HAVING count(*) > 1"
        ) == [], "two amendments of a contract have one number"  # fmt: skip
        assert lab.value("SELECT count(*) FROM paiements WHERE id = ANY(%s)", sorted(self.paid)) == len(self.paid)
        # Each request has its answer; an accepted one names its document's number, once.
        assert lab.value("SELECT count(*) FROM demandes_validation WHERE etat = 'en_attente'") == 0
        assert lab.sql(
            "SELECT d.id FROM demandes_validation d JOIN factures f ON f.id = d.facture_id WHERE d.etat = 'acceptee' "
            "AND d.numero <> f.numero UNION ALL SELECT min(id) FROM demandes_validation WHERE etat = 'acceptee' "
            "GROUP BY facture_id HAVING count(*) > 1"
        ) == [], "a request was answered with another number, or one document twice"  # fmt: skip


def _responsable(device: Device) -> Any:
    """Whoever is in charge of its agency; None before its first exchange of a series."""
    return device.value("SELECT id FROM users WHERE role = 'responsable' AND agence_id = ?", device.agence_id)


class Invoicing:
    """Acts of a history; what it is made of is the history's."""

    lab: Lab
    devices: list[Device]
    chance: random.Random
    serial: int
    ledger: Ledger
    as_the_program_writes: Callable[[Device], AbstractContextManager[tuple[Any, Callable[[], int]]]]

    def _acting(self, device: Device, db: Any) -> int:
        """The responsable of the desktop's agency, whom the rows that follow will name."""
        person = _responsable(device)
        db.execute("UPDATE _sync_session SET user_id = ?", (person,))
        return int(person)

    def ask_for_number(self) -> None:
        """A draft is to be validated, from one desktop or several, with what each of them sees."""
        device = self.chance.choice(self.devices)
        drafts = device.sql("SELECT id FROM factures WHERE statut = 'brouillon' ORDER BY id")
        if not drafts or _responsable(device) is None:
            return
        pk = self.chance.choice(drafts)[0]
        with self.as_the_program_writes(device) as (db, number):
            person = self._acting(device, db)
            db.execute(
                "INSERT INTO demandes_validation (id, agence_id, facture_id, total_ttc, created_at, updated_at, "
                "created_by_id) SELECT ?, agence_id, id, total_ttc, ?, ?, ? FROM factures WHERE id = ?",
                (number(), T, T, person, pk),
            )
            db.execute("UPDATE _sync_session SET user_id = NULL")

    def _validated(self, device: Device, kind: str) -> int | None:
        rows = device.sql(
            "SELECT id FROM factures WHERE statut = 'validee' AND type_facture = ? AND total_ttc <> '0.00' "
            "ORDER BY id",
            kind,
        )
        return int(self.chance.choice(rows)[0]) if rows else None

    def pay(self) -> None:
        """A part of a validated invoice is paid; two desktops may both take it."""
        device = self.chance.choice(self.devices)
        if (invoice := self._validated(device, "facture")) is None:
            return
        self.serial += 1
        amount = f"{self.chance.randrange(1, 900)}.{self.chance.randrange(100):02}"
        with self.as_the_program_writes(device) as (db, number):
            payment = number()
            db.execute(
                "INSERT INTO paiements (id, agence_id, facture_id, client_id, date_paiement, montant, mode_paiement, "
                "reference, created_at, updated_at) SELECT ?, agence_id, id, client_id, '2026-11-20', ?, 'virement', "
                "?, ?, ? FROM factures WHERE id = ?", (payment, amount, f"VIR {self.serial}", T, T, invoice),
            )  # fmt: skip
            db.execute(
                "INSERT INTO imputations (id, agence_id, paiement_id, facture_id, montant, created_at, updated_at) "
                "SELECT ?, agence_id, ?, id, ?, ?, ? FROM factures WHERE id = ?",
                (number(), payment, amount, T, T, invoice),
            )
            db.execute(
                "INSERT INTO retenues (id, agence_id, paiement_id, facture_id, type, base, taux, montant, "
                "created_at, updated_at) SELECT ?, agence_id, ?, id, 'ras_tva', '10.00', '75.00', '0.01', ?, ? "
                "FROM factures WHERE id = ?", (number(), payment, T, T, invoice),
            )  # fmt: skip
        self.ledger.paid.add(payment)

    def credit(self) -> None:
        """A credit note of a line of a validated invoice, for half of it or all, asked for at once."""
        device = self.chance.choice(self.devices)
        if (invoice := self._validated(device, "facture")) is None:
            return
        self.serial += 1
        half = self.chance.randrange(1, 3)
        with self.as_the_program_writes(device) as (db, number):
            person, note = self._acting(device, db), number()
            db.execute(
                "INSERT INTO factures (id, agence_id, numero, type_facture, client_id, facture_origine_id, "
                "created_at, updated_at) SELECT ?, agence_id, ?, 'avoir', client_id, id, ?, ? FROM factures "
                "WHERE id = ?",
                (note, f"PROV-A-{device.poste}-{self.serial}", T, T, invoice),
            )
            db.execute(
                "INSERT INTO lignes_facture (id, agence_id, facture_id, designation, quantite, prix_unitaire, "
                "taux_tva, ligne_origine_id, created_at, updated_at) SELECT ?, agence_id, ?, designation, "
                "printf('%.3f', CAST(quantite AS REAL) / ?), prix_unitaire, taux_tva, id, ?, ? FROM lignes_facture "
                "WHERE facture_id = ? ORDER BY id LIMIT 1", (number(), note, half, T, T, invoice),
            )  # fmt: skip
            db.execute(
                "INSERT INTO demandes_validation (id, agence_id, facture_id, total_ttc, created_at, updated_at, "
                "created_by_id) SELECT ?, agence_id, id, total_ttc, ?, ?, ? FROM factures WHERE id = ?",
                (number(), T, T, person, note),
            )
            db.execute("UPDATE _sync_session SET user_id = NULL")
