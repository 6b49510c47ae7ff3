"""Invoices from the command line, at a centre."""

from __future__ import annotations

import json

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
