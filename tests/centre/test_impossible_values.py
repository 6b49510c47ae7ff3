"""Values, identifiers and clocks that no row may have: refused by the centre, and at once by a cache."""

from __future__ import annotations

import json
from typing import Any

import psycopg2
import pytest
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.centre.functions import rules as central_rules
from erp_desktop.db import ids
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.registry import bounds
from erp_desktop.registry.tables import TABLES, Kind
from erp_desktop.sync.device import registration
from erp_desktop.upgrade import doctor
from tests.centre.thief import Thief, refused
from tests.sync.lab import Device, Lab, T

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


def test_numbers_of_another_series_are_refused(lab: Lab, device: Device, thief: Thief) -> None:
    """A number that a colleague's desktop will draw would make hers the one that is refused."""
    colleague, other = lab.device("CAS"), lab.device("TNG")
    retired = lab.device("CAS")
    engine = create_pg_engine(lab.url)
    registration.revoke(engine, retired.poste, stolen=False)
    engine.dispose()
    machine, client = lab.sql("SELECT id, client_id FROM equipements WHERE agence_id = %s", device.agence_id)[0]
    depot = lab.value("SELECT id FROM depots WHERE agence_id = %s", device.agence_id)
    rows: dict[str, tuple[str, dict[str, Any]]] = {
        "interventions": ("INT", {"titre": "x", "equipement_id": machine, "client_id": client, "date_creation": T}),
        "factures": ("PROV", {"statut": "brouillon", "client_id": client}),
        "inventaires": ("IVT", {"depot_id": depot, "ouvert_a": T}),
        "paiements": (
            "REC",
            {"client_id": client, "montant": "5.00", "date_paiement": T[:10], "mode_paiement": "virement"},
        ),
    }
    told = refused(central_rules.SERIES)
    for table, (kind, row) in rows.items():

        def put(pk: int, series: str, table: str = table, kind: str = kind, row: Any = row) -> list[tuple[str, str]]:
            return thief.insert(table, id=pk, numero=f"{kind}-{series}-2026-00007", **row)

        for series in (f"CAS-{colleague.poste:02d}", f"TNG-{other.poste:02d}", f"TNG-{device.poste:02d}", "CAS-00"):
            assert put(700, series) == told, (table, series)
        assert lab.value(f"SELECT count(*) FROM {table} WHERE numero LIKE '%%-00007'") == 0
        assert put(700, f"CAS-{device.poste:02d}") == []
        assert put(701, f"CAS-{retired.poste:02d}") == [], "its file may be carried on here"
    mine = f"PROV-CAS-{device.poste:02d}-2026-"
    hers = f"PROV-CAS-{colleague.poste:02d}-2026-00008"
    assert thief.update("factures", 700, numero=(f"{mine}00007", hers)) == told
    assert thief.update("factures", 700, numero=(f"{mine}00007", f"{mine}00008")) == []


def test_a_number_comes_back_with_its_row_when_a_deletion_is_undone(lab: Lab, device: Device) -> None:
    colleague = lab.device("CAS")
    machine, client = lab.sql("SELECT id, client_id FROM equipements WHERE agence_id = %s", device.agence_id)[0]
    pk, number = ids.compose(1 << 40, colleague.poste), f"INT-CAS-{colleague.poste:02d}-2026-00003"
    colleague.sql(
        "INSERT INTO interventions (id, agence_id, numero, titre, equipement_id, client_id, date_creation, "
        "created_at, updated_at) VALUES (?, ?, ?, 'Née là', ?, ?, ?, ?, ?)",
        pk, device.agence_id, number, machine, client, T, T, T,
    )  # fmt: skip
    lab.settle()
    device.sql("CREATE TEMP TABLE garde AS SELECT * FROM interventions WHERE id = ?", pk)
    device.sql("DELETE FROM interventions WHERE id = ?", pk)
    lab.settle()
    assert lab.value("SELECT count(*) FROM interventions WHERE id = %s", pk) == 0
    device.sql("INSERT INTO interventions SELECT * FROM garde")
    lab.settle()
    assert lab.get("interventions", pk, "numero") == number
    lab.converged()


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
