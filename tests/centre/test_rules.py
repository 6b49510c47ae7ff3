"""What the centre refuses from a device, tried with the device's own login, and what a cache refuses at once."""

from __future__ import annotations

import itertools
import json
from typing import Any

import psycopg2
import pytest
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop.centre.functions import rules as central_rules
from erp_desktop.db import ids
from erp_desktop.registry import rules
from tests.centre.thief import Thief, refused
from tests.sync.lab import Device, Lab, T


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


def test_a_reminder_goes_only_as_the_last_word_of_its_invoice(lab: Lab, thief: Thief) -> None:
    pk = invoice(lab, "brouillon", "PROV-9")
    lab.set("factures", pk, statut="validee", numero="FAC-2026-000009")

    def remind(key: int, level: int, hour: int) -> None:
        at = f"2026-11-20T{hour:02}:00:00.000000Z"
        assert thief.insert("relances", id=key, facture_id=pk, niveau=level, date_relance="2026-11-20",
                            canal="courriel", created_at=at, updated_at=at) == []  # fmt: skip

    remind(40, 0, 8)
    remind(41, 1, 9)
    assert thief.delete("relances", 40) == refused(rules.REMINDED)
    assert thief.update("relances", 41, niveau=("1", "0")) != [], "none is changed"
    assert thief.delete("relances", 41) == []
    assert thief.delete("relances", 40) == []
    assert lab.sql("SELECT count(*) FROM relances") == [(0,)]
    remind(42, 0, 8)
    lab.sql(
        "INSERT INTO factures (agence_id, numero, client_id, type_facture, facture_origine_id, created_at, "
        "updated_at) SELECT agence_id, 'PROV-10', client_id, 'avoir', id, %s, %s FROM factures WHERE id = %s",
        "2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z", pk,
    )  # fmt: skip
    assert thief.delete("relances", 42) == refused(rules.REMINDED)
    # Nothing else that is only added goes.
    for table in ("imputations", "retenues", "paiements", "mouvements_stock", "historiques_interventions"):
        assert thief.push(d={table: [[0, None, 1, 1]]})[0][0] == "refus", table


def test_a_validated_invoice_and_its_lines_do_not_change(lab: Lab, thief: Thief) -> None:
    pk = invoice(lab, "brouillon", "PROV-8")
    draft = invoice(lab, "brouillon", "PROV-7")
    added = {"designation": "x", "quantite": "1.000", "prix_unitaire": "1.00", "taux_tva": "20.00"}
    own = lab.value(
        "INSERT INTO lignes_facture (agence_id, facture_id, designation, quantite, prix_unitaire, taux_tva, "
        f"created_at, updated_at) VALUES (%s, %s, 'x', 1, 1, 20, '{T}', '{T}') RETURNING id", lab.agence("CAS"), pk,
    )  # fmt: skip
    lab.set("factures", pk, statut="validee", numero="FAC-2026-000007")
    assert thief.update("factures", pk, notes=(None, "x")) == refused(rules.VALIDATED)
    assert thief.delete("factures", pk) == refused(rules.VALIDATED)
    assert thief.insert("lignes_facture", id=30, facture_id=pk, **added) == refused(rules.VALIDATED)
    assert thief.update("lignes_facture", own, quantite=("1.000", "9.000")) == refused(rules.VALIDATED)
    assert thief.update("lignes_facture", own, facture_id=(pk, draft)) == refused(rules.VALIDATED)
    assert thief.delete("lignes_facture", own) == refused(rules.VALIDATED)
    assert thief.insert("lignes_facture", id=31, facture_id=draft, **added) == []
    assert thief.delete("factures", draft) != [], "its line still needs it"
    assert lab.sql("SELECT count(*), sum(quantite) FROM lignes_facture WHERE facture_id = %s", pk) == [(1, 1)]
    # Nor the centre's owner, by any statement; only where it is kept and what the tax administration said go on.
    for statement in (
        "UPDATE factures SET notes = 'x' WHERE id = %s", "UPDATE factures SET statut = 'brouillon' WHERE id = %s",
        "UPDATE factures SET numero = 'FAC-2026-000008' WHERE id = %s", "DELETE FROM factures WHERE id = %s",
        "UPDATE lignes_facture SET quantite = 9 WHERE facture_id = %s",
        "DELETE FROM lignes_facture WHERE facture_id = %s",
        f"UPDATE lignes_facture SET facture_id = {pk} WHERE facture_id <> %s",
        "TRUNCATE lignes_facture -- %s", "TRUNCATE factures CASCADE -- %s",
    ):  # fmt: skip
        with pytest.raises(psycopg2.DatabaseError, match="corrigez-la par un avoir"):
            lab.sql(statement, pk)
    lab.set("factures", pk, statut_transmission="a_transmettre", motif_rejet=None)


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
