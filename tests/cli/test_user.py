"""Accounts from the command line, on both engines."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from erp_desktop.cli.user import app
from erp_desktop.db.session import transaction
from erp_desktop.errors import PasswordToChooseError
from erp_desktop.models import Agence
from erp_desktop.services import auth


def admin(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=stdin)


@pytest.fixture
def target(request: pytest.FixtureRequest, engine: sa.Engine) -> list[str]:
    with transaction(engine) as session:
        session.add(Agence(code="CAS", nom="Casablanca"))
    if engine.dialect.name == "sqlite":
        return ["--cache", str(request.getfixturevalue("sqlite_path"))]
    return ["--url", str(request.getfixturevalue("pg_url"))]


def answer(done: Result) -> Any:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_an_account_lives_and_closes(engine: sa.Engine, target: list[str]) -> None:
    made = answer(admin("add", "Salma", "--name", "Salma Bennis", "--email", "s@x.ma", "--role", "agent",
                        "--agence", "cas", "--json", *target))  # fmt: skip
    assert (made["must_change"], made["valid_days"]) == (True, 7)
    with transaction(engine) as session, pytest.raises(PasswordToChooseError):
        auth.login(session, "salma", made["password"])
    with transaction(engine) as session:
        assert auth.choisir(session, "salma", made["password"], "celui-de-salma").agence_code == "CAS"
    given = admin("reset-password", "salma", "--password-stdin", "--json", *target, stdin="autre-secret\n")
    assert "password" not in answer(given)
    with transaction(engine) as session, pytest.raises(auth.LoginRefuseError):
        auth.login(session, "salma", "celui-de-salma")
    with transaction(engine) as session, pytest.raises(PasswordToChooseError):
        auth.login(session, "salma", "autre-secret")
    [row] = answer(admin("list", "--json", *target))
    assert (row["username"], row["agence_code"], row["is_active"], row["a_choisir"]) == ("salma", "CAS", True, True)
    assert "(mot de passe à choisir)" in admin("list", *target).stdout
    assert "hashed_password" not in row
    answer(admin("disable", "salma", "--json", *target))
    with transaction(engine) as session, pytest.raises(auth.LoginRefuseError):
        auth.login(session, "salma", "autre-secret")
    told = admin("reset-password", "salma", *target).stdout
    assert "montré une seule fois" in told
    assert "dans les 7 jours" in told


def test_refusals_are_one_french_line(target: list[str]) -> None:
    words = ("--name", "X", "--email", "x@x.ma", "--role", "agent", *target)
    refused = admin("add", "x", "--agence", "ZZZ", *words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "erp-admin : Agence inconnue : ZZZ.\n"
    assert admin("disable", "personne", *target).exit_code == 1
    assert admin("add", "x", *words, "--role", "roi").exit_code == 2
    short = admin("add", "x", "--password-stdin", "--json", *words, stdin="court\n")
    assert short.exit_code == 1
    assert json.loads(short.stdout)["error"]["code"] == "validation"
