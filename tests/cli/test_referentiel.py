"""Accounts and reference data from the command line: the window's own services, under no account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop import paths
from erp_desktop.cli import referentiel, user
from erp_desktop.db.session import transaction
from erp_desktop.models import Agence


def test_reference_data_and_accounts_are_kept_from_the_command_line(
    sqlite_engine: sa.Engine, sqlite_path: Path, tmp_path: Path
) -> None:
    with transaction(sqlite_engine) as session:
        session.add(Agence(code="CAS", nom="Casablanca"))

    def run(app: Any, *words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--cache", str(sqlite_path)])
        return f"{done.exit_code} {done.output}"

    def made(*words: str) -> int:
        done = CliRunner().invoke(referentiel.app, [*words, "--cache", str(sqlite_path), "--json"])
        assert done.exit_code == 0, done.output
        return int(json.loads(done.stdout)["id"])

    assert "Champ inconnu : couleur" in run(referentiel.app, "add", "tva", "couleur=bleu")
    assert "Table inconnue" in run(referentiel.app, "list", "voitures")
    rate = made("add", "tarifs", "type_ligne=main_oeuvre", "libelle=Heure", "unite=h", "prix_unitaire=250,50",
                "date_debut=2026-01-01", "agence=cas")  # fmt: skip
    assert "250.50" in run(referentiel.app, "list", "tarifs", "--filtre", "agence:cas heure")
    assert run(referentiel.app, "set", "tarifs", str(rate), "date_fin=2025-12-31").startswith("1 ")
    assert run(referentiel.app, "set", "tarifs", str(rate), "date_fin=2026-12-31").startswith("0 ")
    assert run(referentiel.app, "remove", "tarifs", str(rate)).startswith("0 ")
    code = made("add", "codes", "type=cause", "code=mec", "libelle=Joint usé")
    assert "se retire (is_active=non)" in run(referentiel.app, "remove", "codes", str(code))
    head = made("add", "entetes", "raison_sociale=MIF Maroc")
    picture = tmp_path / "logo.png"
    picture.write_bytes(b"GIF89a")
    assert "une image PNG" in run(referentiel.app, "logo", str(head), str(picture))
    assert run(referentiel.app, "logo", str(head), str(paths.RESOURCES / "theme" / "tick.png")).startswith("0 ")
    assert run(referentiel.app, "numeros").startswith("0 ")
    assert "Aucune série n'a le préfixe « INT-ZZZ »" in run(referentiel.app, "numeros", "--trous", "INT-ZZZ")
    assert "migration" in run(referentiel.app, "journal")
    assert "migration" in run(referentiel.app, "journal", "--filtre", "migration")
    assert run(referentiel.app, "journal", "--filtre", "refus") == "0 Aucune ligne.\n"

    for name, role in (("nadia", "admin"), ("salma", "agent")):
        words = (name, "--name", name.title(), "--email", f"{name}@mif.ma", "--role", role)
        assert run(user.app, "add", *words).startswith("0 ")
    assert run(user.app, "set", "salma", "--role", "responsable", "--agence", "CAS").startswith("0 ")
    assert "salma                    responsable  CAS" in run(user.app, "list")
    assert "dernier administrateur" in run(user.app, "set", "nadia", "--role", "agent")
    assert run(user.app, "disable", "salma").startswith("0 ")
    for act in ("enable", "unlock"):
        assert run(user.app, act, "salma").startswith("0 ")
    assert "Aucun compte ne répond" in run(user.app, "enable", "personne")
