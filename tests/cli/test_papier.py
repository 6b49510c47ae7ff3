"""Templates of papers from the command line: listed, checked, tried; a wrong one is told with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from erp_desktop.cli import papier
from tests.reports.papers.invoices import pages


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(papier.app, list(words))
    return done.exit_code, done.output


def test_templates_are_listed_checked_and_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, out = tmp_path / "modeles", tmp_path / "essai.pdf"
    own.mkdir()
    monkeypatch.setenv("ERP_TEMPLATES_DIR", str(own))
    code, listed = run("list", "--json")
    found = {one["nom"]: one["origine"] for one in json.loads(listed)}
    assert code == 0
    assert {"facture", "recu", "releve", "contrat", "comptage", "bon_intervention", "planning_semaine"} <= set(found)
    assert set(found.values()) == {"programme"}
    assert run("check", "recu") == (0, "recu                     bon, programme, 2 pages d'essai\n")

    (own / "recu.typ").write_text(
        "#show: papier-maison\n\n#for b in d.documents { b.tete.numeroo }", encoding="utf-8"
    )
    said = "Le modèle recu.typ, ligne 3, colonne 32 est faux : la donnée « numeroo » n'existe pas."
    assert run("check", "recu") == (1, f"recu                     {said}\n")
    code, told = run("preview", "recu", "--out", str(out))
    assert (code, said in told, out.exists()) == (1, True, False)

    (own / "recu.typ").write_text("#show: papier-maison\nNotre reçu #d.documents.first().tete.numero", "utf-8")
    (own / "facture.json").write_text('{"fr": {"mentions": "Nos conditions."}}', encoding="utf-8")
    assert "recu                     entreprise" in run("list")[1]
    code, told = run("preview", "recu", "--out", str(out))
    assert (code, told) == (0, f"Aperçu écrit : {out} (1 pages, entreprise).\n")
    assert pages(out.read_bytes()) == [["Notre reçu N° REC-CAS-04-2026-00031"]]
    assert run("preview", "facture", "--out", str(out))[0] == 0
    assert all("Nos conditions." in page for page in pages(out.read_bytes()))
    (own / "facture.json").write_text('{"fr": ', encoding="utf-8")
    code, told = run("check", "facture")
    assert (code, "facture.json des modèles est faux, ligne 1, colonne 8" in told) == (1, True)
    code, told = run("preview", "autre", "--out", str(out))
    assert (code, "Le modèle « autre » n'existe pas ; choisir parmi : bon_intervention" in told) == (1, True)
    code, told = run("preview", "recu", "--out", str(out), "--langue", "en")
    assert (code, "choisir fr ou ar" in told) == (1, True)
