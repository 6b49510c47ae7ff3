"""What a plan may break, decided from the command line."""

from __future__ import annotations

import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop.cli.planning import app
from erp_desktop.db.session import transaction
from erp_desktop.models import Agence, Competence


def test_rules_and_skills_are_decided_for_one_agency_or_for_all(
    sqlite_engine: sa.Engine, sqlite_path: object
) -> None:
    with transaction(sqlite_engine) as session:
        session.add_all([Agence(code="CAS", nom="Casablanca"), Competence(nom="Froid")])

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--cache", str(sqlite_path)])
        return f"{done.exit_code} {done.output}"

    assert "chevauchement        avertir" in run("regles", "--agence", "CAS")
    assert run("regle", "chevauchement", "refuser", "--agence", "CAS") == "0 chevauchement : refuser\n"
    assert "chevauchement        avertir" in run("regles")
    assert run("regle", "chevauchement", "--retirer", "--agence", "CAS") == "0 chevauchement : avertir\n"
    assert run("regle", "horaires", "peut-être").startswith("2 ")
    assert run("competence", "Groupe froid", "froid", "--niveau", "avance") == "0 Groupe froid : Froid (avance)\n"
    assert run("competences") == "0 groupe froid : Froid (avance)\n"
    assert run("competence", "Groupe froid", "Soudure").startswith("1 ")
    assert run("competence", "groupe FROID", "Froid", "--retirer") == "0 groupe FROID : Froid non exigée\n"
    assert run("competences") == "0 Aucune compétence n'est exigée.\n"
