"""Invoices from the command line, at a centre."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop.cli.facture import app
from tests.services.branch import Monde
from tests.services.factures.office import drafted, law, line


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_an_invoice_goes_its_way(monde: Monde, pg_url: str) -> None:
    law(monde.engine)
    pk, empty = drafted(monde, line("1000")), drafted(monde, line("10", rate="0"))
    (draft,), (wrong,) = (monde.lire(sa.text(f"SELECT numero FROM factures WHERE id = {i}"))[0] for i in (pk, empty))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--url", pg_url])
        return f"{done.exit_code} {done.output}"

    assert run("validate", wrong).startswith("1 erp-admin : « Roulement 6308-C3 » est sans TVA")
    said = run("validate", draft)
    number = said.rsplit(" ", 1)[1].strip(".\n")
    assert said == f"0 {draft} : validée sous {number}.\n"
    assert run("validate", number).startswith(f"1 erp-admin : Déjà validée sous {number}.")
    assert "REC-CAS-00-" in run("payer", number, "--montant", "200", "--mode", "especes")
    assert run("payer", number, "--montant", "1000,01").startswith("1 erp-admin : Ces factures n'attendent que 1")
    listed = json.loads(run("list", "--filtre", "statut:partielle", "--json")[2:])
    assert [(f["numero"], f["solde"]) for f in listed["factures"]] == [(number, "1000.00")]
    assert run("avoir", number, "--motif", "Erreur").startswith("0 PROV-CAS-00-")
    assert "Solde : 1" in run("releve", "Conserveries Atlas")
    assert run("relances") == "0 Aucune relance n'est venue.\n"
    assert "1 numéro(s), entière" in run("serie")
    monde.executer("ALTER TABLE factures DISABLE TRIGGER USER")
    monde.executer("UPDATE factures SET notes = 'x', total_ht = 1 WHERE id = :i", i=pk)
    told = run("serie")
    assert (told[0], f"{number} : contenu changé" in told) == ("1", True)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_from_the_work_to_the_platforms_answer(monde: Monde, pg_url: str, tmp_path: Path) -> None:
    law(monde.engine)
    monde.executer(
        "INSERT INTO interventions (agence_id, numero, titre, statut, equipement_id, client_id, date_creation, "
        "date_cloture, travaux_realises, created_at, updated_at) SELECT :a, 'INT-CAS-1', 'Fuite', 'cloturee', :e, "
        ":c, now(), now(), 'Joint changé', now(), now()", a=monde.cas, e=monde.equipement, c=monde.client,
    )  # fmt: skip
    monde.executer(
        "INSERT INTO lignes_intervention (agence_id, intervention_id, type_ligne, designation, quantite, "
        "prix_unitaire, taux_tva, created_at, updated_at) SELECT agence_id, id, 'piece', 'Joint', 2, 50, 20, "
        "now(), now() "
        "FROM interventions WHERE numero = 'INT-CAS-1'"
    )

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--url", pg_url])
        return f"{done.exit_code} {done.output}"

    assert run("create-from").startswith("1 erp-admin : Donnez soit --intervention")
    assert run("create-from", "--intervention", "INT-9") == "1 erp-admin : Introuvable : l'intervention INT-9.\n"
    draft = json.loads(run("create-from", "--intervention", "INT-CAS-1", "--json")[2:])
    assert draft["total_ttc"] == "120.00"
    assert run("create-from", "--intervention", "INT-CAS-1").startswith("1 erp-admin : "), "billed once"
    assert run("transmettre", draft["numero"], "--dossier", str(tmp_path)).startswith("1 erp-admin : ")
    assert list(tmp_path.iterdir()) == [], "a draft is not handed over"
    number = run("validate", draft["numero"]).rsplit(" ", 1)[1].strip(".\n")
    assert run("reponse", number, "acceptee").startswith("1 erp-admin : Cette transmission ne suit pas ses étapes.")
    assert run("transmettre", number, "--dossier", str(tmp_path / "absent")).startswith("1 erp-admin : ")
    assert run("transmettre", number, "--dossier", str(tmp_path)).startswith(f"0 {number} : transmis, ")
    assert [f.suffix for f in tmp_path.iterdir()] == [".xml"]
    assert run("reponse", number, "rejetee").startswith("1 erp-admin : Un rejet dit son motif.")
    assert run("reponse", number, "rejetee", "--motif", "ICE inconnu") == f"0 {number} : rejetee.\n"
    state = sa.text("SELECT statut_transmission, motif_rejet FROM factures WHERE numero = :n").bindparams(n=number)
    assert monde.lire(state) == [("rejetee", "ICE inconnu")]
    assert run("transmettre", number, "--dossier", str(tmp_path)).startswith(f"0 {number} : transmis, ")
    assert run("reponse", number, "acceptee") == f"0 {number} : acceptee.\n"
    assert monde.lire(state) == [("acceptee", None)]
