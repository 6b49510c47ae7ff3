"""The smaller tables of a history: written by several branches at once, and those of the centre by administrators.

Every synchronised table is written by some act of a history: ``test_histories`` walks the registry.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tests.sync.lab import Device, Lab, T

ELSEWHERE = {
    "effacements": "an erasure takes typed values away for good: tests/sync/branches/test_erasure.py",
    "agences": "a branch is made with its devices: tests/sync/device",
}
"""Tables that no history writes, and where they are played."""


class Household:
    """Acts of a history; what it is made of is the history's."""

    lab: Lab
    devices: list[Device]
    chance: random.Random
    serial: int
    as_the_program_writes: Callable[[Device], AbstractContextManager[tuple[Any, Callable[[], int]]]]
    note_whole: Callable[[Device, str, int], None]

    def keep(self) -> None:
        """A few of the small tables, in turn: a row is made, or another value comes to one that is there."""
        device = self.chance.choice(self.devices)
        own = (
            self._parts, self._thresholds, self._machines, self._parts_of_a_plan, self._skills, self._reports,
            self._views, self._targets, self._documents, self._reminders, self._comments, self._contracts,
        )  # fmt: skip
        for act in self.chance.sample(own, 4):
            self.serial += 1
            act(device)

    def _first(self, device: Device, table: str, condition: str = "1 = 1") -> Any:
        return device.value(f"SELECT min(id) FROM {table} WHERE {condition}")

    def _new(self, device: Device, table: str, **values: object) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        device.sql(
            f"INSERT INTO {table} ({names}, created_at, updated_at) VALUES ({marks}, ?, ?)", *values.values(), T, T
        )

    def _parts(self, device: Device) -> None:
        device.set("pieces_detachees", self._first(device, "pieces_detachees"), prix_unitaire=f"{self.serial}.50")

    def _thresholds(self, device: Device) -> None:
        piece, depot = self._first(device, "pieces_detachees"), self._first(device, "depots")
        row = self._first(device, "stock_seuils")
        least = f"{self.chance.randrange(9)}.000"
        if row is None:
            self._new(device, "stock_seuils", piece_id=piece, depot_id=depot, minimum=least)
        else:
            device.set("stock_seuils", row, minimum=least)

    def _machines(self, device: Device) -> None:
        device.set("equipements", self._first(device, "equipements"), localisation=f"Hangar {self.serial}")

    def _parts_of_a_plan(self, device: Device) -> None:
        plan, piece = self._first(device, "plannings"), self._first(device, "pieces_detachees")
        row = self._first(device, "planning_pieces")
        if plan is not None and row is None:
            self._new(device, "planning_pieces", planning_id=plan, piece_id=piece, quantite="1.000")
        elif row is not None:
            device.set("planning_pieces", row, quantite=f"{self.chance.randrange(1, 9)}.000")

    def _skills(self, device: Device) -> None:
        who, skill = self._first(device, "techniciens"), self._first(device, "competences")
        row = self._first(device, "technicien_competence")
        if row is not None:
            device.set("technicien_competence", row, niveau=self.chance.choice(["avance", "expert"]))
        elif who is not None and skill is not None:
            self._new(device, "technicien_competence", technicien_id=who, competence_id=skill, niveau="debutant")

    def _reports(self, device: Device) -> None:
        row = self._first(device, "rapports", f"agence_id = {device.agence_id}")
        if row is None:
            self._new(device, "rapports", nom=f"Mois {self.serial}", type_rapport="compose", parametres="{}")
            return
        device.set("rapports", row, nom=f"Mois {self.serial}")
        planned = self._first(device, "rapports_planifies", f"rapport_id = {row}")
        if planned is None:
            self._new(device, "rapports_planifies", rapport_id=row, cron="0 7 1 * *", format="pdf")
        else:
            device.set("rapports_planifies", planned, destination=f"a{self.serial}@mif.ma")

    def _views(self, device: Device) -> None:
        name = self.chance.choice(["En retard", "Les miennes"])
        row = self._first(device, "vues_enregistrees", f"nom = '{name}'")
        said = json.dumps({"texte": f"v{self.serial}"})
        user = self._first(device, "users", "role = 'agent'")
        if row is None:
            self._new(device, "vues_enregistrees", user_id=user, liste="interventions", nom=name, definition=said)
        else:
            device.set("vues_enregistrees", row, definition=said)

    def _targets(self, device: Device) -> None:
        row = self._first(device, "objectifs", f"agence_id = {device.agence_id}")
        if row is None:
            self._new(device, "objectifs", chiffre="sla_tenus", cible="95.00", date_debut="2026-11-01")
        else:
            device.set("objectifs", row, cible=f"{self.chance.randrange(80, 100)}.00")

    def _documents(self, device: Device) -> None:
        """The row alone: what a file holds travels by a way of its own."""
        contract = self._first(device, "contrats")
        self._new(
            device, "documents", nom_fichier=f"signe {self.serial}.pdf", type_document="rapport", taille=8,
            mime_type="application/pdf", sha256=f"{self.serial:064x}", contrat_id=contract,
            intervention_id=None if contract is not None else self._first(device, "interventions"),
        )  # fmt: skip

    def _reminders(self, device: Device) -> None:
        invoice = self._first(device, "factures", "statut = 'validee' AND type_facture = 'facture'")
        if invoice is not None:
            self._new(device, "relances", facture_id=invoice, niveau=1, date_relance="2026-11-20", canal="courriel")

    def _comments(self, device: Device) -> None:
        job = self._first(device, "interventions")
        self._new(device, "historiques_interventions", intervention_id=job, action="commentaire",
                  remarque=f"dit {self.serial}", horodatage=T)  # fmt: skip

    def _contracts(self, device: Device) -> None:
        """Whoever is in charge validates a draft, which another desktop may be changing."""
        draft = self._first(device, "contrats", "statut = 'brouillon'")
        person = self._first(device, "users", f"role = 'responsable' AND agence_id = {device.agence_id}")
        if draft is None or person is None:
            return
        self.note_whole(device, "contrats", draft)
        with self.as_the_program_writes(device) as (db, _number):
            db.execute("UPDATE _sync_session SET user_id = ?", (person,))
            db.execute("UPDATE contrats SET statut = 'en_cours' WHERE id = ?", (draft,))
            db.execute("UPDATE _sync_session SET user_id = NULL")
        self.note_whole(device, "contrats", draft)

    def edit_rules(self) -> None:
        """Administrators at the centre alone: skills and who needs them, what a plan may break, rates, a person."""
        self.serial += 1
        n = self.serial
        made = f"'{T}', '{T}'"
        for statement in (
            f"INSERT INTO competences (nom, created_at, updated_at) VALUES ('Soudure {n}', {made})",
            "INSERT INTO competences_requises (type_equipement, competence_id, niveau, created_at, updated_at) "
            f"SELECT 'Presse {n}', min(id), 'debutant', {made} FROM competences",
            "INSERT INTO regles_planning (agence_id, regle, verdict, created_at, updated_at) SELECT id, 'ferie', "
            f"'avertir', {made} FROM agences a WHERE NOT EXISTS (SELECT 1 FROM regles_planning r WHERE "
            "r.agence_id = a.id AND r.regle = 'ferie') ORDER BY id LIMIT 1",
            f"UPDATE regles_planning SET verdict = '{'refuser' if n % 2 else 'ignorer'}' WHERE regle = 'ferie'",
            "INSERT INTO taux_tva (taux, libelle, date_debut, created_at, updated_at) "
            f"VALUES (7, 'Essai {n}', date '2040-01-01' + {n % 9_000}, {made}) ON CONFLICT DO NOTHING",
            f"UPDATE taux_legaux SET libelle = left(libelle, 40) || ' {n}' WHERE id = (SELECT min(id) FROM "
            "taux_legaux)",
            f"UPDATE users SET full_name = 'Agent {n}' WHERE id = (SELECT min(id) FROM users WHERE role = 'agent')",
        ):
            self.lab.sql(statement)
