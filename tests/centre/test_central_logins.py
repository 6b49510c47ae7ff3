"""What a person's own login at the centre (``erp_central``) can do: its agency, and nothing behind it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import auth
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.sign_in.page import changer_au_poste, login_au_poste
from tests.sync.lab import Lab


@pytest.fixture(params=["agent", "technicien"])
def person(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A cursor of somebody of CAS with that role."""
    login = f"personne_{uuid.uuid4().hex[:8]}"
    user = lab.value(
        "SELECT u.id FROM users u JOIN agences a ON a.id = u.agence_id WHERE a.code = 'CAS' AND u.role = %s",
        request.param,
    )
    lab.sql(f"CREATE ROLE {login} LOGIN PASSWORD 'mot' IN ROLE erp_central")
    lab.sql("INSERT INTO sync.logins (login, user_id) VALUES (%s, %s)", login, user)
    url = normalise_url(lab.url)
    connection = psycopg2.connect(host=url.host, port=url.port, dbname=url.database, user=login, password="mot")
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor
    connection.close()
    lab.sql(f"DROP ROLE {login}")


def count(person: Any, sql: str, *parameters: object) -> int:
    person.execute(sql, parameters)
    return int(person.rowcount)


def test_another_agencys_rows_are_neither_seen_nor_touched(lab: Lab, person: Any) -> None:
    pk = lab.ids("interventions", "TNG")[0]
    assert count(person, "SELECT 1 FROM interventions WHERE id = %s", pk) == 0
    assert count(person, "UPDATE interventions SET titre = 'volée' WHERE id = %s", pk) == 0
    assert count(person, "DELETE FROM lignes_intervention WHERE intervention_id = %s", pk) == 0
    assert count(person, "SELECT 1 FROM interventions") == len(lab.ids("interventions", "CAS"))


def test_a_row_can_be_given_to_no_other_agency(lab: Lab, person: Any) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        person.execute(
            "UPDATE clients SET agence_id = %s WHERE id = %s", (lab.agence("TNG"), lab.ids("clients", "CAS")[0])
        )


ATTACKS = [
        "UPDATE historiques_interventions SET remarque = 'réécrit'", "DELETE FROM historiques_interventions",
        "UPDATE mouvements_stock SET quantite = 0", "DELETE FROM paiements", "UPDATE users SET role = 'admin'",
        "SELECT hashed_password FROM users", "INSERT INTO sync.logins (login, user_id) VALUES (current_user, 1)",
        "UPDATE sync.devices SET agence_id = 1", "SELECT * FROM sync.lots", "DELETE FROM sync.row_state",
        "UPDATE sync.conflits SET resolu = 'mine'", "SELECT contenu FROM sync.instantanes",
        "SELECT sync.pousser('{}'::jsonb, 1, 'x')", "SELECT sync.fusionner('{}'::jsonb, '[0,1)', 1, 1, 1)",
        "SET ROLE erp_sync", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres", "CREATE ROLE intrus",
        "ALTER TABLE interventions DISABLE ROW LEVEL SECURITY", "ALTER TABLE interventions DISABLE TRIGGER ALL",
        "CREATE TABLE public.intrus (a integer)", "SET session_replication_role = replica",
        "COPY (SELECT 1) TO PROGRAM 'true'",
]  # fmt: skip


def test_histories_exchange_and_rights_are_out_of_reach(person: Any) -> None:
    for attack in ATTACKS:
        with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)):
            person.execute(attack)


def test_a_person_enters_and_changes_a_password_that_the_login_cannot_read(lab: Lab, person: Any) -> None:
    settings = Settings(mode=Mode.CENTRE, central_url=lab.url)
    name = lab.value("SELECT u.username FROM users u JOIN sync.logins l ON l.user_id = u.id")
    lab.sql("UPDATE users SET hashed_password = %s WHERE username = %s", auth.hacher("premier-secret"), name)
    person.execute("SELECT session_user")
    mine = normalise_url(lab.url).set(username=person.fetchone()[0], password="mot")
    engine = create_pg_engine(mine.render_as_string(hide_password=False))

    def enter(secret: str, who: str = name) -> Acteur:
        with transaction(engine) as session:
            return login_au_poste(session, who, secret, settings=settings)

    acteur = enter("premier-secret")
    assert (acteur.agence_code, acteur.poste) == ("CAS", 0)
    with pytest.raises(auth.LoginRefuseError, match="incorrect"):
        enter("premier-secret", lab.value("SELECT username FROM users WHERE username LIKE 'tng%%' LIMIT 1"))
    with transaction(engine) as session, pytest.raises(auth.LoginRefuseError):
        changer_au_poste(session, acteur, "faux", "second-secret", settings=settings)
    assert lab.value("SELECT failed_login_attempts FROM users WHERE username = %s", name) == 1
    with transaction(engine) as session:
        changer_au_poste(session, acteur, "premier-secret", "second-secret", settings=settings)
    assert enter("second-secret") == acteur
    with pytest.raises(auth.LoginRefuseError):
        enter("premier-secret")
    engine.dispose()
