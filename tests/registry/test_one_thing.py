"""Columns that mean one thing: two people who change two of them make no row that neither of them made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from erp_desktop.registry.tables import BY_NAME
from tests.sync.lab import Device, Lab, T

DAY = "2026-12-01T{}:00.000000Z"


@dataclass(frozen=True)
class Case:
    """A row, and what two people change of it while they are cut off.

    Attributes:
        row: it is made with these values; ``@table`` is the agency's first row of that table.
    """

    table: str
    group: str
    row: dict[str, Any]
    one: dict[str, Any]
    other: dict[str, Any]


ABSENCE = {"technicien_id": "@techniciens", "debut": DAY.format("08:00"), "fin": DAY.format("18:00"),
           "zone": "Africa/Casablanca", "type": "conge", "statut": "demande"}  # fmt: skip
CONTRAT = {"client_id": "@clients", "type_contrat": "maintenance_complete", "date_debut": "2026-01-01",
           "date_fin": "2026-12-31", "temps_reponse_urgence": 4, "temps_reponse_normal": 24, "horaire_sla": "agence",
           "nb_interventions_incluses": 12, "heures_incluses": 40, "revision_pct": "2.00",
           "indice": "IPC"}  # fmt: skip
CASES = [
    # Accepted by a responsable, moved by a clerk: nobody accepted those days.
    Case("absences", "periode", ABSENCE, {"statut": "acceptee"},
         {"debut": "2026-12-15T08:00:00.000000Z", "fin": "2026-12-30T18:00:00.000000Z"}),
    # Accepted as a leave, changed into hours on call.
    Case("absences", "periode", ABSENCE, {"statut": "acceptee"}, {"type": "astreinte"}),
    # The form refuses a contract without an end that is renewed.
    Case("contrats", "periode", CONTRAT | {"numero_contrat": "C-1"}, {"date_fin": None},
         {"reconduction": "tacite", "duree_mois": 12}),
    # Four hours of opening, or four hours of the clock.
    Case("contrats", "delais", CONTRAT | {"numero_contrat": "C-2"},
         {"horaire_sla": "continu", "temps_reponse_urgence": 12}, {"temps_reponse_normal": 16}),
    Case("contrats", "quota", CONTRAT | {"numero_contrat": "C-3"},
         {"nb_interventions_incluses": 6, "heures_incluses": 80}, {"heures_incluses": 60}),
    Case("contrats", "revision", CONTRAT | {"numero_contrat": "C-4"}, {"revision_pct": "3.50"},
         {"indice": "Salaires"}),
    # Half a year for half the price, or more visits in the whole year.
    Case("contrat_periodes", "periode",
         {"contrat_id": "@contrats", "numero": 1, "du": "2026-01-01", "au": "2026-12-31",
          "interventions_incluses": 12, "montant": "24000.00"},
         {"au": "2026-06-30", "montant": "12000.00"}, {"interventions_incluses": 15}),
    Case("equipements", "garantie",
         {"client_id": "@clients", "nom": "Presse", "code_interne": "EQ-NEUF", "date_mise_en_service": "2026-01-01",
          "date_fin_garantie": "2028-01-01"},
         {"date_mise_en_service": "2027-06-01"}, {"date_fin_garantie": "2027-01-01"}),
    Case("factures", "echeance", {"numero": "PROV-1", "client_id": "@clients", "conditions_jours": 60},
         {"date_facture": "2026-12-31"}, {"conditions_jours": 90}),
    Case("pieces_detachees", "prix",
         {"reference": "P-NEUVE", "designation": "Joint", "unite": "u", "prix_unitaire": "2.00",
          "stock_minimum": "100.000", "taux_tva": "20.00"},
         {"unite": "boîte", "prix_unitaire": "200.00"}, {"prix_unitaire": "2.50"}),
    Case("pieces_detachees", "fournisseur",
         {"reference": "P-AUTRE", "designation": "Joint", "fournisseur": "SKF", "fournisseur_reference": "6205"},
         {"fournisseur": "NTN"}, {"fournisseur_reference": "6205-2RS"}),
    Case("interventions", "satisfaction",
         {"numero": "INT-CAS-9-2026-0001", "titre": "Fuite", "equipement_id": "@equipements", "client_id": "@clients",
          "date_creation": T},
         {"satisfaction_client": 5}, {"satisfaction_client": 1, "satisfaction_commentaire": "Venu en retard."}),
    # The road is to this technicien's hours, from the visit before.
    Case("creneaux", "creneau",
         {"intervention_id": "@interventions", "technicien_id": "@techniciens", "debut": DAY.format("08:00"),
          "fin": DAY.format("10:00"), "zone": "Africa/Casablanca", "trajet_avant_min": 15},
         {"debut": DAY.format("09:00"), "trajet_avant_min": 40}, {"fin": DAY.format("11:00")}),
    # Work at its price, or the road at another's.
    Case("temps", "temps",
         {"intervention_id": "@interventions", "technicien_id": "@techniciens", "debut": DAY.format("08:00"),
          "fin": DAY.format("10:00"), "type": "travail", "unite": "h", "prix_unitaire": "350.00"},
         {"type": "trajet", "unite": "km", "quantite": "42.000", "prix_unitaire": "4.00"},
         {"fin": DAY.format("11:00")}),
    Case("notifications", "lu",
         {"user_id": "@users", "type": "information", "contenu": "Bonjour", "lu": 1, "lu_a": DAY.format("08:00")},
         {"lu": 0, "lu_a": None}, {"lu_a": DAY.format("12:00")}),
    # Per cent of one figure, dirhams of another.
    Case("objectifs", "objectif", {"chiffre": "respect_sla", "cible": "95.00", "date_debut": "2026-01-01"},
         {"chiffre": "cout", "cible": "50000.00"}, {"cible": "98.00", "date_debut": "2026-07-01"}),
]  # fmt: skip


# What one person corrects and another corrects beside it stands: nobody is asked.
APART = [
    ("clients", {"telephone": "+212522000001"}, {"email": "achats@sotherma.ma"}),
    ("clients", {"contact": "S. Alami"}, {"telephone": "+212661000003"}),
    ("equipements", {"localisation": "Atelier 2"}, {"statut": "maintenance"}),
    ("pieces_detachees", {"prix_unitaire": "2.50"}, {"stock_minimum": "150.000"}),
    ("pieces_detachees", {"taux_tva": "10.00"}, {"prix_unitaire": "3.00"}),
    ("contrats", {"objet": "Presses"}, {"penalites_retard": "500.00"}),
    ("interventions", {"titre": "Fuite d'huile"}, {"diagnostic": "Joint usé"}),
    ("interventions", {"travaux_realises": "Joint changé"}, {"recommandations": "Surveiller"}),
]  # fmt: skip


def make(device: Device, case: Case) -> int:
    """The row of a case, by a plain console; its identifier."""
    values = {
        column: device.lab.ids(value[1:])[0] if isinstance(value, str) and value.startswith("@") else value
        for column, value in case.row.items()
    }
    if BY_NAME[case.table].root is None:
        values["agence_id"] = device.agence_id
    values |= {"created_at": T, "updated_at": T}
    device.sql(
        f"INSERT INTO {case.table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", *values.values()
    )
    return int(device.value(f"SELECT max(id) FROM {case.table}"))


@pytest.mark.parametrize("turned", [False, True])
def test_two_people_make_no_row_that_neither_made(lab: Lab, turned: bool) -> None:
    """Whoever comes first, the row is that person's, and the other is told of all of it at once."""
    a, b = lab.device(), lab.device()
    made = []
    for case in CASES:
        made.append(make(a, case))
        a.sync()
    lab.settle()
    meant: dict[int, list[tuple[Any, ...]]] = {}
    for case, pk in zip(CASES, made, strict=True):
        ours, theirs = (case.other, case.one) if turned else (case.one, case.other)
        a.set(case.table, pk, **ours)
        b.set(case.table, pk, **theirs)
        columns = ", ".join({**case.one, **case.other})
        meant[pk] = [d.sql(f"SELECT {columns} FROM {case.table} WHERE id = ?", pk)[0] for d in (a, b)]
    a.sync()
    b.sync()
    lab.settle()
    lab.converged()
    assert lab.sql("SELECT raison FROM sync.gares") == []
    told = [(t, pk, column) for t, pk, column, *_ in b.conflicts()]
    mixed = []
    for case, pk in zip(CASES, made, strict=True):
        columns = ", ".join({**case.one, **case.other})
        stands = b.sql(f"SELECT {columns} FROM {case.table} WHERE id = ?", pk)[0]
        asked = [(t, c) for t, k, c in told if k == pk]
        if stands != meant[pk][0] or asked != [(case.table, case.group)]:
            mixed.append((case.table, columns, stands, meant[pk], asked))
    assert mixed == []
    assert a.conflicts() == []


def test_what_is_said_apart_is_kept_apart(lab: Lab) -> None:
    """Two people correct two things of one row: both stand, and nobody has anything to decide."""
    a, b = lab.device(), lab.device()
    make(a, Case("contrats", "", CONTRAT | {"numero_contrat": "C-9"}, {}, {}))
    lab.settle()
    for table, one, other in APART:
        pk = a.value(f"SELECT max(id) FROM {table}")
        a.set(table, pk, **one)
        b.set(table, pk, **other)
        lab.settle()
        columns = one | other
        kept = lab.sql(f"SELECT {', '.join(f'{c}::text' for c in columns)} FROM {table} WHERE id = %s", pk)
        assert kept == [tuple(columns.values())], table
    assert (a.conflicts(), b.conflicts(), lab.sql("SELECT raison FROM sync.gares")) == ([], [], [])
    lab.converged()
