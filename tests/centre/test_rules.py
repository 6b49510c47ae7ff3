"""What the centre refuses from a device, tried with the device's own login, and what a cache refuses at once."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.centre.functions import rules as central_rules
from erp_desktop.db import ids
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.registry import bounds, rules
from erp_desktop.registry.tables import TABLES, Kind
from erp_desktop.sync.exchange.reasons import french_reason
from erp_desktop.upgrade import doctor
from tests.sync.lab import Device, Lab, T


@pytest.fixture
def device(lab: Lab) -> Device:
    return lab.device("CAS")


@pytest.fixture
def line(device: Device) -> Iterator[Any]:
    connection = device.connect()
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


class Thief:
    """Hand-made batches under a device's login, one unit each, numbered as the centre expects them."""

    def __init__(self, lab: Lab, device: Device, line: Any) -> None:
        self.lab, self.device, self.line, self.number = lab, device, line, 0

    def push(self, **parts: Any) -> list[tuple[str, str]]:
        """(code, what a clerk reads) of each refusal."""
        self.number += 1
        text = json.dumps({"n": 1, "i": {}, "m": {}, "d": {}, "r": [], **parts})
        self.line.execute(
            "SELECT sync.pousser(%s::jsonb, %s, %s)", (text, self.number, hashlib.sha256(text.encode()).hexdigest())
        )
        return [(g[2], french_reason(g[2], g[3])) for g in self.line.fetchone()[0]["gares"]]

    def insert(self, table: str, author: Any = None, **values: Any) -> list[tuple[str, str]]:
        row = {"agence_id": self.device.agence_id, "created_at": T, "updated_at": T, **values}
        return self.push(i={table: {"c": list(row), "r": [[0, author, *row.values()]]}})

    def update(self, table: str, pk: int, author: Any = None, **changes: Any) -> list[tuple[str, str]]:
        """``changes``: column = (base, mine)."""
        values = [v for pair in changes.values() for v in pair]
        return self.push(m={table: [{"c": list(changes), "r": [[0, author, pk, 1, *values]]}]})

    def delete(self, table: str, pk: int) -> list[tuple[str, str]]:
        known = "SELECT ver FROM sync.row_state WHERE nom_table = %s AND pk = %s"
        return self.push(d={table: [[0, None, pk, self.lab.value(known, table, pk)]]})


@pytest.fixture
def thief(lab: Lab, device: Device, line: Any) -> Thief:
    return Thief(lab, device, line)


def refused(reason: str) -> list[tuple[str, str]]:
    return [("regle", reason)]


def person(lab: Lab, role: str, agence: str | None = "CAS", *, active: bool = True) -> int:
    """A new user's key."""
    scope = lab.agence(agence) if agence else None
    return int(lab.value(
        "INSERT INTO users (agence_id, username, email, full_name, role, is_active, created_at, updated_at) "
        f"VALUES (%s, %s, %s, 'X', %s, %s, '{T}', '{T}') RETURNING id",
        scope, f"{role}{agence}{active}", f"{role}{agence}{active}@x", role, active,
    ))  # fmt: skip


def invoice(lab: Lab, statut: str, numero: str) -> int:
    return int(lab.value(
        "INSERT INTO factures (agence_id, numero, statut, client_id, created_at, updated_at) "
        f"VALUES (%s, %s, %s, %s, '{T}', '{T}') RETURNING id",
        lab.agence("CAS"), numero, statut, lab.ids("clients")[0],
    ))  # fmt: skip


def test_a_final_invoice_never_comes_from_a_device(lab: Lab, thief: Thief) -> None:
    client = lab.ids("clients")[0]
    for n, (numero, statut) in enumerate([("FAC-2026-000001", "validee"), ("FAC-2026-000001", "payee"),
                                          ("FAC-2026-000001", "brouillon"), ("PROV-1", "envoyee")]):  # fmt: skip
        found = thief.insert("factures", id=10 + n, numero=numero, statut=statut, client_id=client)
        assert [code for code, _ in found] in (["regle"], ["centre_seul"])
    assert lab.value("SELECT count(*) FROM factures") == 0
    assert thief.insert("factures", id=20, numero="PROV-1", statut="brouillon", client_id=client) == []
    assert [c for c, _ in thief.update("factures", 20, numero=("PROV-1", "FAC-2026-000001"))] == ["centre_seul"]
    assert [c for c, _ in thief.update("factures", 20, statut=("brouillon", "payee"))] == ["centre_seul"]
    assert lab.sql("SELECT numero, statut FROM factures") == [("PROV-1", "brouillon")]
    assert thief.update("factures", 20, notes=(None, "à revoir")) == []


def test_a_validated_invoice_and_its_lines_do_not_change(lab: Lab, thief: Thief) -> None:
    pk = invoice(lab, "validee", "FAC-2026-000007")
    draft = invoice(lab, "brouillon", "PROV-7")
    added = {"designation": "x", "quantite": "1.000", "prix_unitaire": "1.00", "taux_tva": "20.00"}
    own = lab.value(
        "INSERT INTO lignes_facture (agence_id, facture_id, designation, quantite, prix_unitaire, taux_tva, "
        f"created_at, updated_at) VALUES (%s, %s, 'x', 1, 1, 20, '{T}', '{T}') RETURNING id", lab.agence("CAS"), pk,
    )  # fmt: skip
    assert thief.update("factures", pk, notes=(None, "x")) == refused(rules.VALIDATED)
    assert thief.delete("factures", pk) == refused(rules.VALIDATED)
    assert thief.insert("lignes_facture", id=30, facture_id=pk, **added) == refused(rules.VALIDATED)
    assert thief.update("lignes_facture", own, quantite=("1.000", "9.000")) == refused(rules.VALIDATED)
    assert thief.update("lignes_facture", own, facture_id=(pk, draft)) == refused(rules.VALIDATED)
    assert thief.delete("lignes_facture", own) == refused(rules.VALIDATED)
    assert thief.insert("lignes_facture", id=31, facture_id=draft, **added) == []
    assert thief.delete("factures", draft) != [], "its line still needs it"
    assert lab.sql("SELECT count(*), sum(quantite) FROM lignes_facture WHERE facture_id = %s", pk) == [(1, 1)]


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [("sortie", "4.000"), ("entree", "-4.000"), ("retour", "-1.000"), ("ajustement", "0.000"), ("sortie", "0.000")],
)
def test_the_stock_ledger_keeps_its_signs(lab: Lab, device: Device, thief: Thief, kind: str, quantity: str) -> None:
    piece, depot = lab.ids("pieces_detachees")[0], lab.ids("depots")[0]
    row: dict[str, Any] = {"piece_id": piece, "depot_id": depot, "type_mouvement": kind, "quantite": quantity}
    row["horodatage"] = T
    assert thief.insert("mouvements_stock", id=40, **row) == refused(rules.STOCK)
    with pytest.raises(psycopg2.Error, match="Une sortie de stock"):
        lab.sql(
            f"INSERT INTO mouvements_stock ({', '.join(row)}, created_at, updated_at) "
            f"VALUES (%s, %s, %s, %s, %s, '{T}', '{T}')", *row.values(),
        )  # fmt: skip
    with pytest.raises(sqlcipher.IntegrityError, match="Une sortie de stock"):
        device.sql(
            f"INSERT INTO mouvements_stock ({', '.join(row)}, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *row.values(), T, T,
        )  # fmt: skip


def audit(lab: Lab, device: Device, pk: int, *steps: str, **values: Any) -> dict[str, Any]:
    """The insert block of the audit rows of a chain of statuts."""
    names = ["id", "agence_id", "intervention_id", "action", "statut", "ancienne_valeur", "nouvelle_valeur",
             "horodatage", "created_at", "updated_at", *values]  # fmt: skip
    made = ids.compose(lab.value("SELECT count(*) FROM historiques_interventions") * 8 + (1 << 30), device.poste)
    rows = [
        [0, None, made + n, device.agence_id, pk, "statut", b, json.dumps({"statut": a}), json.dumps({"statut": b}),
         T, T, T, *values.values()]
        for n, (a, b) in enumerate(itertools.pairwise(steps))
    ]  # fmt: skip
    return {"historiques_interventions": {"c": names, "r": rows}}


def step(pk: int, base: str, mine: str, **changes: Any) -> dict[str, Any]:
    both = {"statut": (base, mine), **changes}
    return {"interventions": [{"c": list(both), "r": [[0, None, pk, 1, *(v for p in both.values() for v in p)]]}]}


def test_a_statut_follows_its_audit_rows_step_by_step(lab: Lab, device: Device, thief: Thief) -> None:
    pk, tech = lab.ids("interventions")[0], lab.ids("techniciens")[0]
    broken = [("statut", central_rules.CHAIN)]
    chosen = {"technicien_id": (None, tech)}
    assert thief.push(m=step(pk, "ouverte", "affectee", **chosen)) == broken, "no audit row at all"
    jump = audit(lab, device, pk, "ouverte", "en_cours")
    assert thief.push(i=jump, m=step(pk, "ouverte", "en_cours", **chosen)) == broken
    other = audit(lab, device, pk, "ouverte", "annulee")
    assert thief.push(i=other, m=step(pk, "ouverte", "affectee", **chosen)) == broken, "another end"
    gap = audit(lab, device, pk, "ouverte", "affectee")
    gap["historiques_interventions"]["r"] += [
        [0, None, r[2] + 4, *r[3:]]
        for r in audit(lab, device, pk, "en_cours", "en_attente")["historiques_interventions"]["r"]
    ]
    assert thief.push(i=gap, m=step(pk, "ouverte", "en_attente", **chosen)) == broken
    assert thief.push(i=jump) == broken, "an audit row of a step that nobody can take"
    assert lab.value("SELECT count(*) FROM historiques_interventions") == 0
    whole = audit(lab, device, pk, "ouverte", "affectee", "en_cours", "en_attente")
    assert thief.push(i=whole, m=step(pk, "ouverte", "en_attente", **chosen)) == []
    assert lab.get("interventions", pk, "statut") == "en_attente"


def test_the_conditions_of_a_statut_hold_at_the_centre_and_in_a_cache(lab: Lab, device: Device, thief: Thief) -> None:
    pk, tech = lab.ids("interventions")[0], lab.ids("techniciens")[0]
    refusal = thief.push(i=audit(lab, device, pk, "ouverte", "affectee"), m=step(pk, "ouverte", "affectee"))
    assert refusal == refused(rules.TECHNICIEN)
    with pytest.raises(sqlcipher.IntegrityError, match="technicien"):
        device.set("interventions", pk, statut="affectee")
    lab.set("interventions", pk, technicien_id=tech, statut="affectee")
    lab.set("interventions", pk, statut="en_cours")
    refusal = thief.push(i=audit(lab, device, pk, "en_cours", "cloturee"), m=step(pk, "en_cours", "cloturee"))
    assert refusal == refused(rules.REPORT)
    assert thief.update("interventions", pk, technicien_id=(tech, None)) == refused(rules.TECHNICIEN)
    refusal = thief.update(
        "interventions", pk, date_debut_travaux=(None, T), date_fin_travaux=(None, "2020-01-01T00:00Z")
    )
    assert [c for c, _ in refusal] == ["regle"]
    assert [c for c, _ in thief.update("interventions", pk, urgence=(0, 1))] == ["regle"]
    honest = lab.device()
    with pytest.raises(sqlcipher.IntegrityError, match="diagnostic"):
        honest.set("interventions", pk, statut="cloturee")
    assert thief.update("interventions", pk, numero=(lab.get("interventions", pk, "numero"), "INT-1")) == refused(
        rules.NUMBER_KEPT
    )
    assert thief.delete("interventions", pk) == refused(rules.BEGUN)
    wrong = lab.ids("clients")[1]
    assert thief.update("interventions", pk, client_id=(lab.get("interventions", pk, "client_id"), wrong)) == refused(
        rules.OTHER_CLIENT
    )


def test_lines_of_a_closed_intervention_are_only_added(lab: Lab, device: Device, thief: Thief) -> None:
    pk = lab.ids("interventions")[0]
    own = lab.value("SELECT id FROM lignes_intervention WHERE intervention_id = %s", pk)
    lab.set("interventions", pk, statut="annulee")
    assert thief.update("lignes_intervention", own, quantite=("2.000", "9.000")) == refused(rules.CLOSED_LINES)
    assert thief.delete("lignes_intervention", own) == refused(rules.CLOSED_LINES)
    added = {"intervention_id": pk, "type_ligne": "piece", "designation": "x", "quantite": "1.000",
             "prix_unitaire": "1.00"}  # fmt: skip
    assert thief.insert("lignes_intervention", id=51, taux_tva="120.00", **added) == refused(rules.RATE)
    assert thief.insert("lignes_intervention", id=51, taux_tva="20.00", **added) == []
    assert lab.get("lignes_intervention", own, "quantite") == 2


def test_a_cache_keeps_the_lines_of_a_closed_intervention(lab: Lab, device: Device) -> None:
    pk = lab.ids("interventions")[0]
    own = lab.value("SELECT id FROM lignes_intervention WHERE intervention_id = %s", pk)
    lab.set("interventions", pk, statut="annulee")
    device.sync()
    with pytest.raises(sqlcipher.IntegrityError, match="ses lignes ne changent plus"):
        device.set("lignes_intervention", own, quantite="9.000")
    with pytest.raises(sqlcipher.IntegrityError, match="ses lignes ne changent plus"):
        device.sql("DELETE FROM lignes_intervention WHERE id = ?", own)


def test_a_closed_intervention_opens_again_with_a_reason_by_a_responsable(
    lab: Lab, device: Device, thief: Thief
) -> None:
    pk, agent, boss = lab.ids("interventions")[0], lab.ids("users")[0], person(lab, "responsable")
    lab.set("interventions", pk, technicien_id=lab.ids("techniciens")[0], statut="cloturee", diagnostic="Joint")
    again = step(pk, "cloturee", "en_cours")
    for author, reason in ((None, "facture contestée"), (agent, "facture contestée"), (boss, None), (boss, "  ")):
        rows = audit(lab, device, pk, "cloturee", "en_cours", user_id=author, remarque=reason)
        assert thief.push(i=rows, m=again) == [("statut", central_rules.REOPENED)]
    assert [c for c, _ in thief.push(m=again)] == ["statut"]
    rows = audit(lab, device, pk, "cloturee", "en_cours", user_id=boss, remarque="facture contestée")
    assert thief.push(i=rows, m=again) == []
    assert lab.get("interventions", pk, "statut") == "en_cours"


def test_cancelling_and_validating_a_contract_are_a_responsables(lab: Lab, device: Device, thief: Thief) -> None:
    pk, agent, boss = lab.ids("interventions")[0], lab.ids("users")[0], person(lab, "responsable")
    rows = audit(lab, device, pk, "ouverte", "annulee", user_id=agent)
    assert thief.push(i=rows, m=step(pk, "ouverte", "annulee")) == [("statut", central_rules.CANCELLED)]
    contract = {"numero_contrat": "C-1", "client_id": lab.ids("clients")[0], "type_contrat": "contrat_cadre",
                "date_debut": "2026-01-01"}  # fmt: skip
    for author in (None, agent):
        assert thief.insert("contrats", author, id=60, statut="en_cours", **contract) == refused(
            central_rules.CONTRACT
        )
    assert thief.insert("contrats", agent, id=60, statut="brouillon", **contract) == []
    for author in (None, agent):
        found = thief.update("contrats", 60, author, statut=("brouillon", "en_cours"))
        assert found == refused(central_rules.CONTRACT)
    assert thief.update("contrats", 60, boss, statut=("brouillon", "en_cours")) == []
    assert thief.update("contrats", 60, agent, statut=("en_cours", "suspendu")) == refused(central_rules.CONTRACT)
    assert thief.update("interventions", pk, agent, imputation=(None, "contrat")) == refused(central_rules.CHARGED)
    assert thief.update("interventions", pk, boss, imputation=(None, "contrat")) == []
    assert thief.update("contrats", 60, boss, statut=("en_cours", "resilie")) == []
    assert thief.update("contrats", 60, boss, statut=("resilie", "en_cours")) == refused(rules.CONTRACT_ENDED)
    assert thief.delete("contrats", 60) == refused(rules.CONTRACT_KEPT)


def test_a_saved_view_is_changed_by_whoever_made_it(lab: Lab, thief: Thief) -> None:
    owner, colleague = lab.ids("users")[0], person(lab, "agent")
    view = {"liste": "interventions", "nom": "Urgentes", "definition": "{}"}
    no = refused(central_rules.VIEW)
    assert thief.insert("vues_enregistrees", colleague, id=70, user_id=owner, **view) == no
    assert thief.insert("vues_enregistrees", owner, id=70, user_id=owner, **view) == []
    assert thief.update("vues_enregistrees", 70, colleague, nom=("Urgentes", "Les miennes")) == no
    assert thief.update("vues_enregistrees", 70, owner, user_id=(owner, colleague)) == no
    known = lab.value("SELECT ver FROM sync.row_state WHERE nom_table = 'vues_enregistrees' AND pk = 70")
    assert thief.push(d={"vues_enregistrees": [[0, colleague, 70, known]]}) == no
    assert thief.update("vues_enregistrees", 70, owner, nom=("Urgentes", "Urgences")) == []
    assert lab.get("vues_enregistrees", 70, "nom") == "Urgences"


def test_a_claimed_author_is_an_active_user_of_the_agency_for_every_row(
    lab: Lab, device: Device, thief: Thief
) -> None:
    boss, gone, far = person(lab, "admin", None), person(lab, "agent", active=False), lab.ids("users", "TNG")[0]
    pk = lab.ids("clients")[0]
    unknown = [("auteur", central_rules.AUTHOR)]
    for n, author in enumerate((boss, gone, far, 12345)):
        assert thief.update("clients", pk, author, notes=(None, "x")) == unknown
        assert thief.insert("clients", author, id=70 + n, nom_entreprise="x") == unknown
        assert thief.insert("clients", None, id=70 + n, nom_entreprise="x", created_by_id=author) == unknown
        assert thief.update("clients", pk, created_by_id=(None, author)) == unknown
        assert thief.push(d={"lignes_intervention": [[0, author, lab.ids("lignes_intervention")[0], 1]]}) == unknown
    own = lab.ids("users")[0]
    assert thief.insert("clients", own, id=80, nom_entreprise="x", created_by_id=own) == []
    row = {"intervention_id": lab.ids("interventions")[0], "action": "note", "user_id": own,
           "horodatage": "2020-01-01T00:00:00.000000Z"}  # fmt: skip
    assert thief.insert("historiques_interventions", id=81, recu_a=T, poste=999, **row) == []
    assert lab.get("historiques_interventions", 81, "poste") == device.poste
    assert lab.value("SELECT recu_a > now() - interval '1 hour' FROM historiques_interventions WHERE id = 81")


_WRONG: dict[Kind, list[Any]] = {
    Kind.DATE: ["infinity", "-infinity", "0044-03-15 BC", "0001-01-01", "29999-01-01", "2200-01-01"],
    Kind.INSTANT: ["infinity", "-infinity", "0044-03-15T00:00:00Z BC", "29999-01-01T00:00:00.000000Z"],
    Kind.DECIMAL: ["NaN", "Infinity", "1e30"],
    Kind.JSON: ["[" * 40 + "]" * 40, json.dumps("x" * 200_000)],
    Kind.TEXT: ["x" * 200_001],
    Kind.INT: [0, -1, 2**63 - 1],
    Kind.BYTES: ["00" * (bounds.LARGEST_BLOB + 1)],
}


def test_no_column_of_any_table_takes_an_impossible_value(lab: Lab, thief: Thief) -> None:
    """As a device would send it: each is parked, and nothing of it is in the tables."""
    tried = 0
    mine = lab.ids("interventions")[0]
    for table in TABLES:
        if not table.device_writes:
            continue
        for column in table.columns:
            wrong = _WRONG.get(column.kind, [])
            if column.kind is Kind.INT and not (column.name == "id" or column.name.endswith("_id")):
                wrong = [2**63 - 1]
            for value in wrong:
                tried += 1
                found = thief.insert(table.name, **{"id": 90, column.name: value})
                assert len(found) == 1, f"{table.name}.{column.name} = {str(value)[:30]}"
        assert lab.value(f"SELECT count(*) FROM {table.name} WHERE id IN (90, 0, -1, {2**63 - 1})") == 0
    assert tried > 300
    for name, base, impossible, sentence in (
        ("date_planifiee", None, "infinity", bounds.DATE), ("created_by_id", None, 2**63 - 1, central_rules.AUTHOR),
        ("date_planifiee", None, "29999-01-01T00:00:00Z", bounds.DATE), ("client_id", 0, -5, bounds.KEY),
        ("description", None, "x" * 20_000_000, bounds.TEXT), ("cout_externe", "1.50", "NaN", bounds.NUMBER),
    ):  # fmt: skip
        held = lab.get("interventions", mine, name) if base == 0 else base
        assert [told for _, told in thief.update("interventions", mine, **{name: (held, impossible)})] == [sentence]
    assert lab.value("SELECT coalesce(max(length(mien::text)), 0) FROM sync.conflits") < 1_000
    deep = thief.insert(
        "historiques_interventions", id=91, intervention_id=mine, action="note", horodatage=T,
        nouvelle_valeur="[" * 900 + "]" * 900,
    )  # fmt: skip
    assert deep == refused(bounds.JSON)
    fine = thief.insert(
        "historiques_interventions", id=91, intervention_id=mine, action="note", horodatage=T,
        nouvelle_valeur="[" * 32 + "]" * 32,
    )  # fmt: skip
    assert fine == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("date_planifiee", "infinity"), ("date_planifiee", "0044-01-01 BC"), ("cout_externe", "NaN"),
     ("id", 0), ("id", 17), ("date_limite", "29999-01-01")],
)  # fmt: skip
def test_the_owner_cannot_enter_what_a_cache_cannot_hold(lab: Lab, column: str, value: Any) -> None:
    pk = lab.ids("interventions")[0]
    with pytest.raises(psycopg2.Error) as caught:
        lab.set("interventions", pk, **{column: value})
    assert caught.value.pgcode == "EM021"


def test_a_cache_refuses_at_once_what_the_centre_would_refuse(lab: Lab, device: Device) -> None:
    pk = lab.ids("interventions")[0]
    for column, value in (("date_planifiee", "infinity"), ("date_limite", "29999-01-01T00:00:00.000000Z"),
                          ("cout_externe", "NaN"), ("cout_externe", "99999999999.00"), ("titre", "x" * 201),
                          ("description", "x" * 100_001), ("duree_estimee", 2**40), ("urgence", 7),
                          ("created_by_id", 2**63 - 1)):  # fmt: skip
        with pytest.raises(sqlcipher.IntegrityError):
            device.set("interventions", pk, **{column: value})
    for date in ("2026-02-30", "12026-01-01", "infinity", "demain"):
        with pytest.raises(sqlcipher.IntegrityError, match="calendrier"):
            device.sql(
                "INSERT INTO contrats (numero_contrat, client_id, type_contrat, date_debut, created_at, updated_at) "
                "VALUES ('C', ?, 'contrat_cadre', ?, ?, ?)", lab.ids("clients")[0], date, T, T,
            )  # fmt: skip
    assert device.waiting == 0


def test_identifiers_of_others_are_refused(lab: Lab, device: Device, thief: Thief) -> None:
    other = lab.device("TNG")
    far = 1 << 40
    for poste in (other.poste, 0, 524_287, lab.device("CAS").poste):
        assert thief.insert("clients", id=ids.compose(far, poste), nom_entreprise="x") == refused(bounds.KEY)
    taken = lab.ids("clients", "TNG")[0]
    assert thief.insert("clients", id=taken, nom_entreprise="x") == refused(bounds.KEY), "not even that it exists"
    assert thief.insert("clients", id=ids.compose(far, device.poste), nom_entreprise="x") == []


def test_a_clock_ahead_does_not_win_for_ever(lab: Lab, device: Device) -> None:
    pk = lab.ids("clients")[0]
    device.set("clients", pk, notes="futur", updated_at="2099-01-01T00:00:00.000000Z")
    device.sql("INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('N', ?, ?)", T,
               "2099-01-01T00:00:00.000000Z")  # fmt: skip
    lab.settle()
    assert lab.value("SELECT count(*) FROM clients WHERE updated_at > now() + interval '6 minutes'") == 0
    assert device.value("SELECT count(*) FROM clients WHERE updated_at > '2098'") == 0
    lab.converged()


def test_a_row_shared_by_all_is_refused_as_such(lab: Lab, thief: Thief) -> None:
    shared = lab.value(
        f"INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Partagé', '{T}', '{T}') RETURNING id"
    )
    told = [("droit", central_rules.SHARED)]
    assert thief.update("clients", shared, ville=(None, "Pirate")) == told
    assert thief.delete("clients", shared) == told
    assert lab.sql("SELECT nom_entreprise, ville FROM clients WHERE id = %s", shared) == [("Partagé", None)]


def test_impossible_rows_of_before_stay_can_be_changed_elsewhere_and_are_named(lab: Lab) -> None:
    pk = lab.ids("interventions")[0]
    lab.sql("ALTER TABLE interventions DISABLE TRIGGER erp_bornes_maj")
    lab.set("interventions", pk, date_limite="29999-01-01")
    lab.sql("ALTER TABLE interventions ENABLE TRIGGER erp_bornes_maj")
    lab.set("interventions", pk, titre="Autre titre")
    with pytest.raises(psycopg2.Error, match="calendrier"):
        lab.set("interventions", pk, date_limite="29998-01-01")
    engine = create_pg_engine(lab.url)
    told = [c for c in doctor.centre(engine) if c.controle == "valeurs"]
    engine.dispose()
    assert [c.etat for c in told] == ["attention"]
    assert f"interventions {pk} : date_limite" in told[0].detail


def test_the_centres_value_of_a_shared_row_comes_back_and_what_was_typed_is_kept(lab: Lab, device: Device) -> None:
    pk = lab.value(
        f"INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Partagé', '{T}', '{T}') RETURNING id"
    )
    device.sync()
    device.set("clients", pk, ville="Fès", notes="à rappeler")
    assert device.sync().parked == 1
    assert device.sql("SELECT code, raison, etat FROM sync_gares") == [("droit", central_rules.SHARED, "abandonne")]
    assert device.sql("SELECT ville, notes FROM clients WHERE id = ?", pk) == [(None, None)]
    assert sorted(device.conflicts()) == [
        ("clients", pk, "notes", None, "à rappeler", None), ("clients", pk, "ville", None, "Fès", None),
    ]  # fmt: skip
    assert device.waiting == 0
    lab.set("clients", pk, ville="Rabat")
    lab.settle()
    assert device.get("clients", pk, "ville") == "Rabat"
    lab.converged()


def test_what_is_taken_over_for_a_retired_device_stays_in_its_agency_and_under_its_rules(
    lab: Lab, device: Device
) -> None:
    other, tng = lab.ids("clients", "TNG")[0], lab.agence("TNG")
    names = ["id", "agence_id", "nom_entreprise", "created_at", "updated_at"]
    invoice_names = ["id", "agence_id", "numero", "statut", "client_id", "created_at", "updated_at"]
    content = {
        "n": 5,
        "i": {
            "clients": {"c": names, "r": [[0, None, 95, tng, "Pirate", T, T],
                                          [1, None, 96, device.agence_id, "Honnête", T, T]]},
            "factures": {"c": invoice_names, "r": [[2, None, 97, device.agence_id, "FAC-2026-000001", "validee",
                                                    lab.ids("clients")[0], T, T]]},
        },
        "m": {"clients": [{"c": ["ville"], "r": [[3, None, other, 1, "Tanger", "Pirate"]]}]},
        "d": {"lignes_intervention": [[4, None, lab.ids("lignes_intervention", "TNG")[0], 1]]}, "r": [],
    }  # fmt: skip
    before = lab.value("SELECT count(*) FROM lignes_intervention")
    lab.sql("UPDATE sync.devices SET etat = 'retire' WHERE poste = %s", device.poste)
    taken = lab.value(
        "INSERT INTO sync.quarantaine (poste, agence_id, contenu) VALUES (%s, %s, %s) RETURNING id",
        device.poste, device.agence_id, json.dumps(content),
    )  # fmt: skip
    assert lab.value("SELECT sync.reprendre(%s)", taken)["gares"] == 4
    assert lab.sql("SELECT unite, code FROM sync.gares ORDER BY unite") == [
        (0, "droit"), (2, "centre_seul"), (3, "droit"), (4, "droit"),
    ]  # fmt: skip
    assert lab.sql("SELECT nom_entreprise FROM clients WHERE id IN (95, 96)") == [("Honnête",)]
    assert lab.get("clients", other, "ville") == "Tanger"
    assert lab.value("SELECT count(*) FROM lignes_intervention") == before
