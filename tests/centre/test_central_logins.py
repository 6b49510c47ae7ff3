"""What a person's own login at the centre (``erp_central``) can do: its agency, and nothing behind it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from psycopg2 import errors
from typer.testing import CliRunner

from erp_desktop.cli import referentiel, user
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.domain.people import empreinte, given
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import PasswordToChooseError
from erp_desktop.services import auth
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.sign_in.page import changer_au_poste, choisir_au_poste, login_au_poste
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


def state(person: Any, sql: str) -> str:
    """The SQLSTATE of a refusal; empty for what is done."""
    try:
        person.execute(sql)
    except psycopg2.Error as error:
        return str(error.pgcode)
    return ""


def test_another_agencys_rows_are_neither_seen_nor_touched(lab: Lab, person: Any) -> None:
    pk = lab.ids("interventions", "TNG")[0]
    assert count(person, "SELECT 1 FROM interventions WHERE id = %s", pk) == 0
    assert count(person, "UPDATE interventions SET titre = 'volée' WHERE id = %s", pk) == 0
    assert count(person, "DELETE FROM lignes_intervention WHERE intervention_id = %s", pk) == 0
    assert count(person, "SELECT 1 FROM interventions") == len(lab.ids("interventions", "CAS"))
    for code in ("CAS", "TNG"):
        sha = hashlib.sha256(code.encode()).hexdigest()
        lab.sql(
            "INSERT INTO documents (id, agence_id, intervention_id, nom_fichier, type_document, mime_type, taille, "
            "sha256, created_at, updated_at) VALUES (sync.nouvel_id(), %s, %s, 'c.pdf', 'rapport', "
            "'application/pdf', 3, %s, now(), now())", lab.agence(code), lab.ids("interventions", code)[0], sha,
        )  # fmt: skip
        lab.sql(
            "INSERT INTO contenus (sha256, taille, complet) VALUES (sync.cle_contenu(%s, %s), 3, true)",
            lab.agence(code), sha,
        )  # fmt: skip
    person.execute("SELECT sync.sha256_contenu(sha256) FROM contenus")
    assert person.fetchall() == [(hashlib.sha256(b"CAS").hexdigest(),)]


def test_a_row_can_be_given_to_no_other_agency(lab: Lab, person: Any) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        person.execute(
            "UPDATE clients SET agence_id = %s WHERE id = %s", (lab.agence("TNG"), lab.ids("clients", "CAS")[0])
        )


def test_a_reminder_is_taken_back_at_the_centre_while_it_is_the_last_word(lab: Lab, person: Any) -> None:
    added = (
        "INSERT INTO factures (id, agence_id, numero, client_id, created_at, updated_at) "
        "VALUES (%s, %s, %s, %s, now(), now())"
    )
    for pk, code in ((71, "CAS"), (72, "TNG")):
        lab.sql(added, pk, lab.agence(code), f"PROV-{pk}", lab.ids("clients", code)[0])
        lab.sql(
            "INSERT INTO lignes_facture (agence_id, facture_id, designation, quantite, prix_unitaire, taux_tva, "
            "created_at, updated_at) VALUES (%s, %s, 'Joint', 1, 10, 20, now(), now())", lab.agence(code), pk,
        )  # fmt: skip
        lab.set("factures", pk, statut="validee", numero=f"FAC-2026-0000{pk}")
    note = (
        "INSERT INTO relances (id, agence_id, facture_id, niveau, date_relance, canal, created_at, updated_at) "
        "VALUES (%s, %s, %s, %s, '2026-11-20', 'courriel', %s, %s)"
    )
    for pk, invoice, code, level in ((81, 71, "CAS", 0), (82, 71, "CAS", 1), (83, 72, "TNG", 0)):
        at = f"2026-11-20T0{8 + level}:00:00Z"
        lab.sql(note, pk, lab.agence(code), invoice, level, at, at)
    assert state(person, "DELETE FROM relances WHERE id = 81") == "EM021", "another followed"
    assert state(person, "UPDATE relances SET niveau = 0 WHERE id = 82") == "42501"
    assert count(person, "DELETE FROM relances WHERE id = 83") == 0, "of another agency"
    assert [count(person, "DELETE FROM relances WHERE id = %s", pk) for pk in (82, 81)] == [1, 1]
    assert lab.sql("SELECT id, etape FROM factures WHERE id IN (71, 72) ORDER BY id") == [
        (71, "validee"), (72, "envoyee"),
    ]  # fmt: skip


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


def give(lab: Lab, person: Any, secret: str) -> str:
    """Somebody else gives the person a password; gives their username."""
    person.execute("SELECT session_user")
    name = lab.value(
        "SELECT u.username FROM users u JOIN sync.logins l ON l.user_id = u.id WHERE l.login = %s",
        person.fetchone()[0],
    )
    lab.sql(
        "UPDATE users SET hashed_password = %s, password_given_at = now(), password_changed_at = NULL "
        "WHERE username = %s", auth.hacher(secret), name,
    )  # fmt: skip
    return str(name)


BEFORE = {"connexion_sel", "connexion", "changer_secret", "exiger_choix", "poste", "agence", "toutes_agences",
          "epoque", "auteur", "nouvel_id", "cle_contenu", "sha256_contenu", "par_le_centre"}  # fmt: skip
"""What a login may execute before its person has chosen a password: to choose it, and what tells of nobody's data."""


def test_with_a_given_password_nothing_is_read_written_or_called_but_to_choose_one(lab: Lab, person: Any) -> None:
    name = give(lab, person, "premier-secret")
    reachable = lab.sql(
        "SELECT c.oid::regclass::text, p.droit, (SELECT min(attname) FROM pg_attribute a WHERE a.attrelid = c.oid "
        "AND attnum > 0 AND has_column_privilege('erp_central', c.oid, attname, 'SELECT')) "
        "FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p(droit) "
        "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace::regnamespace::text IN ('public', 'sync') "
        "AND (has_table_privilege('erp_central', c.oid, p.droit) OR p.droit = 'SELECT' "
        "AND has_any_column_privilege('erp_central', c.oid, 'SELECT')) AND c.oid <> 'sync.schema_compat'::regclass"
    )
    assert len(reachable) > 100
    written = {
        "SELECT": "SELECT {c} FROM {t}", "INSERT": "INSERT INTO {t} DEFAULT VALUES",
        "UPDATE": "UPDATE {t} SET {c} = {c}", "DELETE": "DELETE FROM {t}",
    }  # fmt: skip
    for table, right, column in reachable:
        answer = state(person, written[right].format(t=table, c=column))
        # A row without values may be refused for that first, and nothing is asked of a table without rows.
        known = {"EM015", "23502", "23514", "42501"} if right == "INSERT" else {"EM015"}
        empty = right != "INSERT" and lab.sql(f"SELECT 1 FROM {table} LIMIT 1") == []
        assert answer in known or (answer == "" and empty), (table, right, answer)
    with pytest.raises(psycopg2.DatabaseError, match="Choisissez d'abord votre mot de passe"):
        person.execute(
            "INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) VALUES (%s, 'X', now(), now())",
            (lab.agence("CAS"),),
        )
    callable_ = lab.sql(
        "SELECT p.proname, p.oid::regproc || '(' || coalesce((SELECT string_agg('NULL::' || format_type(t, NULL), "
        "', ') FROM unnest(p.proargtypes) t), '') || ')' FROM pg_proc p WHERE p.pronamespace = 'sync'::regnamespace "
        "AND has_function_privilege('erp_central', p.oid, 'EXECUTE')"
    )
    assert {called for called, _ in callable_} > BEFORE
    for called, call in callable_:
        if called not in BEFORE:
            with pytest.raises(psycopg2.DatabaseError, match="Choisissez d'abord"):
                person.execute(f"SELECT * FROM {call.replace('NULL::text', repr('CAS'))}")
    # Nor is the state put right by who should not.
    for attack in (
        "UPDATE users SET password_given_at = NULL", "UPDATE users SET password_changed_at = now()",
        "DELETE FROM sync.logins", "SELECT sync.prouver('x', 'y')",
    ):  # fmt: skip
        with pytest.raises(errors.InsufficientPrivilege):
            person.execute(attack)
    person.execute("SELECT sync.connexion_sel(%s)", (name,))
    salt = person.fetchone()[0]
    proof, chosen = empreinte.calculer(salt, "premier-secret"), auth.hacher("second-secret")
    person.execute("SELECT user_id, verrou, donne, etat FROM sync.connexion(%s, %s)", (name, proof))
    assert person.fetchone() == (None, None, None, "a_choisir")
    with pytest.raises(errors.InvalidParameterValue):
        person.execute("SELECT * FROM sync.changer_secret(%s, %s, %s)", (name, proof, proof))
    person.execute("SELECT user_id FROM sync.changer_secret(%s, %s, %s)", (name, proof, chosen))
    assert person.fetchone()[0] is not None
    assert count(person, "SELECT 1 FROM interventions") == len(lab.ids("interventions", "CAS"))


def test_a_person_enters_and_changes_a_password_that_the_login_cannot_read(lab: Lab, person: Any) -> None:
    settings = Settings(mode=Mode.CENTRE, central_url=lab.url)
    name = give(lab, person, "donné-secret")
    person.execute("SELECT session_user")
    mine = normalise_url(lab.url).set(username=person.fetchone()[0], password="mot")
    engine = create_pg_engine(mine.render_as_string(hide_password=False))

    def enter(secret: str, who: str = name) -> Acteur:
        with transaction(engine) as session:
            return login_au_poste(session, who, secret, settings=settings)

    with pytest.raises(PasswordToChooseError):
        enter("donné-secret")
    with transaction(engine) as session, pytest.raises(auth.LoginRefuseError, match="incorrect"):
        choisir_au_poste(session, name, "faux", "premier-secret", settings=settings)
    # Whatever else the window asks of the centre is told in the same words.
    with pytest.raises(PasswordToChooseError), transaction(engine, write=False) as session:
        session.execute(sa.text("SELECT titre FROM interventions"))
    told = CliRunner().invoke(
        referentiel.app, ["list", "agences", "--url", mine.render_as_string(hide_password=False)]
    )
    assert (told.exit_code, told.stderr) == (1, f"erp-admin : {given.TO_CHOOSE}\n")
    with transaction(engine) as session:
        acteur = choisir_au_poste(session, name, "donné-secret", "premier-secret", settings=settings)
    assert enter("premier-secret") == acteur
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


def proves(verifier: str, password: str) -> bool:
    """Whether a password is the one of a SCRAM verifier (RFC 5803)."""
    _, parameters, keys = verifier.split("$")
    rounds, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return base64.b64decode(keys.split(":")[0]) == stored


def test_a_command_makes_a_persons_login_gives_it_another_password_and_takes_it_away(lab: Lab) -> None:
    """What it reaches is its agency; the sessions of a former password end with it, and nothing of it stays."""

    def admin(*words: str, status: int = 0, stdin: str = "") -> Any:
        done = CliRunner().invoke(user.app, ["login", *words, "--url", lab.url, "--json"], input=stdin)
        assert done.exit_code == status, done.output
        return json.loads(done.stdout)

    def opened(made: Any) -> Any:
        url = normalise_url(made["adresse"])
        assert (url.username, url.password) == (made["login"], None)
        line = psycopg2.connect(host=url.host, port=url.port, dbname=url.database, user=url.username)
        line.autocommit = True
        return line

    def verifier() -> str:
        return str(lab.value("SELECT rolpassword FROM pg_authid WHERE rolname = %s", made["login"]))

    name = lab.value("SELECT u.username FROM users u JOIN agences a ON a.id = u.agence_id "
                     "WHERE a.code = 'CAS' AND u.role = 'agent'")  # fmt: skip
    assert "n'a pas d'identifiant" in admin("reset", name, status=1)["error"]["message"]
    made = admin("add", name.upper())
    assert name not in made["login"]
    assert proves(verifier(), made["password"])
    assert "déjà un identifiant" in admin("add", name, status=1)["error"]["message"]
    assert [(one["username"], one["present"]) for one in admin("list")] == [(name, True)]
    with opened(made).cursor() as cursor:
        assert count(cursor, "SELECT 1 FROM interventions") == len(lab.ids("interventions", "CAS"))
        given_again = admin("reset", name, "--password-stdin", stdin="une phrase assez longue\n")
        assert (given_again["sessions"], "password" in given_again) == (1, False)
        assert proves(verifier(), "une phrase assez longue")
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")
    assert "12 caractères" in admin("reset", name, "--password-stdin", status=1, stdin="court\n")["error"]["message"]
    assert proves(verifier(), "une phrase assez longue")
    with opened(made).cursor() as cursor:
        assert admin("remove", name)["sessions"] == 1
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")
    assert lab.value("SELECT to_regrole(quote_ident(%s)) IS NULL", made["login"]) is True
    assert admin("list") == []
    lab.sql("UPDATE users SET is_active = false WHERE username = %s", name)
    assert "désactivé" in admin("add", name, status=1)["error"]["message"]
    # What an erased account left on the server is taken away by its name.
    lab.sql("UPDATE users SET is_active = true WHERE username = %s", name)
    made = admin("add", name)
    lab.sql("DELETE FROM sync.logins")
    assert admin("remove", name)["login"] == made["login"]
    assert lab.value("SELECT to_regrole(quote_ident(%s)) IS NULL", made["login"]) is True
