"""A backup of the centre put back: by hand it serves nobody, by ``server restore`` everybody as before."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from psycopg2 import errors
from typer.testing import CliRunner

from erp_desktop.centre import logins
from erp_desktop.cli import db as db_cli
from erp_desktop.cli import server as server_cli
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import CentralUnreachableError, DatabaseRefusedError, UpgradeError, UserError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.device import registration
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.watch import health
from erp_desktop.upgrade import fingerprint
from erp_desktop.upgrade.central import archiving, checklist
from erp_desktop.upgrade.central.restoring import restore
from tests.caches import cache_maker
from tests.sync.lab import Device, Lab

FAR = 9_000_000
"""A number of transaction that no server of these tests reaches."""


@dataclass
class Saved:
    """A centre with its backup; ``person`` is the login of somebody of CAS who may only look at and enter there."""

    lab: Lab
    archive: Path
    cas: Device
    tng: Device
    stolen: Device
    person: str


@pytest.fixture(scope="module")
def saved(
    pg_server: EmbeddedPostgres, lab_template: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Saved]:
    folder = tmp_path_factory.mktemp("sauvegarde")
    base = f"remis_{uuid.uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(empty_cache, "create_cache", cache_maker(sqlite_template))
        lab = Lab(pg_server.create_database(base, lab_template), folder)
        cas, tng, stolen = lab.device("CAS"), lab.device("TNG"), lab.device("CAS")
        person = f"personne_{uuid.uuid4().hex[:8]}"
        lab.sql(f"CREATE ROLE {person} LOGIN PASSWORD 'mot' IN ROLE erp_central")
        lab.sql("INSERT INTO sync.logins (login, user_id) VALUES (%s, %s)", person, lab.ids("users")[0])
        with engine_of(lab.url) as engine:
            registration.revoke(engine, stolen.poste, stolen=True)
        lab.devices.remove(stolen)
        # As a server of many years would have left it.
        lab.sql(f"UPDATE sync.row_state SET xid = '{FAR}' WHERE nom_table = 'clients'")
        lab.sql(f"INSERT INTO sync.purges (scope, xid, lignes) VALUES (0, '{FAR}', 1)")
        archive = archiving.dump(lab.url, folder / "copies").chemin
        yield Saved(lab, archive, cas, tng, stolen, person)
        lab.sql(f"DROP OWNED BY {person}; DROP ROLE {person}")
        lab.close()
        pg_server.drop_database(base)


@contextmanager
def engine_of(url: str) -> Iterator[sa.Engine]:
    engine = create_pg_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def line(url: str, login: str) -> Iterator[Any]:
    """A cursor of that login at another address of the centre."""
    given = normalise_url(url)
    with closing(psycopg2.connect(host=given.host, port=given.port, dbname=given.database, user=login)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def held_to_its_agency(cursor: Any, lab: Lab) -> None:
    """Fail if a device of CAS reads or changes a row of TNG, or is refused its own."""
    theirs = {pk for table in TABLES if table.scoped for pk in lab.ids(table.name, "TNG")}
    served: set[int] = set()
    for table in TABLES:
        cursor.execute(f"SELECT * FROM sync.{table.copy}()")
        place = [c.name for c in cursor.description].index("id")
        served |= {row[place] for row in cursor.fetchall()}
    assert len(served) > 20
    assert len(theirs) > 20
    assert not served & theirs
    with pytest.raises(errors.InsufficientPrivilege):
        cursor.execute("SELECT 1 FROM public.clients")
    codes = []
    for agence in ("TNG", "CAS"):
        cursor.execute("BEGIN")
        cursor.execute("SELECT (sync.signaler('1', 'x', 0)->>'dernier_lot')::bigint + 1")
        number = cursor.fetchone()[0]
        row = [0, None, lab.ids("clients", agence)[1], 1, "Tanger" if agence == "TNG" else "Casablanca", "Pirate"]
        batch = {"n": 1, "i": {}, "m": {"clients": [{"c": ["ville"], "r": [row]}]}, "d": {}, "r": []}
        cursor.execute("SELECT sync.pousser(%s::jsonb, %s, 'x')", (json.dumps(batch), number))
        codes.append([parked[2] for parked in cursor.fetchone()[0]["gares"]])
        cursor.execute("ROLLBACK")
    assert codes == [["partie"], []]


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--no-owner"], "EM013", "appartient à postgres"),
        pytest.param(["--no-privileges"], "42501", "exécutable par tous", marks=pytest.mark.soak),
    ],
    ids=["no-owner", "no-privileges"],
)
def test_a_plain_pg_restore_serves_nobody_until_an_upgrade(
    saved: Saved, pg_server: EmbeddedPostgres, options: list[str], code: str, named: str
) -> None:
    named = f"« sync.pousser(p jsonb, v_numero bigint, v_empreinte text) » : {named}"
    base = f"main_{uuid.uuid4().hex[:8]}"
    url = pg_server.create_database(base)
    program = archiving.client_programs("pg_restore")[-1]
    address = normalise_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run([program, *options, "-d", address, saved.archive], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    with engine_of(url) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql(f'GRANT CONNECT ON DATABASE {base} TO "{saved.cas.login}"')
        with line(url, saved.cas.login) as cursor:
            for entry in ("tirer('0'::xid8, 0, 10)", "debut_copie()", "pousser('{\"n\": 0}'::jsonb, 1, 'x')"):
                with pytest.raises(psycopg2.Error) as refused:
                    cursor.execute(f"SELECT sync.{entry}")
                assert refused.value.pgcode == code, entry
        if code == "EM013":
            own = normalise_url(url).set(username=saved.cas.login).render_as_string(hide_password=False)
            link = Link(own)
            with pytest.raises(CentralUnreachableError, match="erp-admin db upgrade"):
                link.row("SELECT sync.tirer('0'::xid8, 0, 10)")
            link.close()
        state = checklist.check_central(engine)
        assert state.etat == "incoherent"
        assert [d for d in state.differences if named in d], state.differences
        assert fingerprint.only_machinery(state.differences)
        told = CliRunner().invoke(db_cli.app, ["check", "--url", url])
        assert told.exit_code == 1
        assert named in told.output
        mended = CliRunner().invoke(db_cli.app, ["upgrade", "--url", url, "--yes", "--no-backup"])
        assert mended.exit_code == 0, mended.output
        assert checklist.check_central(engine).etat == "egal"
        with line(url, saved.cas.login) as cursor:
            held_to_its_agency(cursor, saved.lab)
    pg_server.drop_database(base)


def test_a_restoration_that_cannot_be_whole_changes_nothing(
    saved: Saved, pg_server: EmbeddedPostgres, lab_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = pg_server.database_url("jamais_remis")
    with pytest.raises(UserError, match="n'existe pas"):
        restore(elsewhere, tmp_path / "absente.dump")
    with pytest.raises(UserError, match="n'est pas vide"):
        restore(saved.lab.url, saved.archive)
    damaged = tmp_path / "abimee.dump"
    content = bytearray(saved.archive.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    damaged.with_suffix(".sha256").write_text(saved.archive.with_suffix(".sha256").read_text())
    with pytest.raises(DatabaseRefusedError, match="empreinte"):
        restore(elsewhere, damaged)
    cut = tmp_path / "coupee.dump"
    cut.write_bytes(saved.archive.read_bytes()[:2000])
    with pytest.raises(DatabaseRefusedError, match="ne peut pas être lue"):
        restore(elsewhere, cut)
    # Of a program that is newer than this one.
    base = f"futur_{uuid.uuid4().hex[:8]}"
    newer = pg_server.create_database(base, lab_template)
    with engine_of(newer) as engine, engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'abcdefabcdef'")
    future = archiving.dump(newer, tmp_path / "copies").chemin
    pg_server.drop_database(base)
    with pytest.raises(UpgradeError, match="plus récente que ce programme"):
        restore(elsewhere, future)
    # One step before its end.
    monkeypatch.setattr(logins, "put_back", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore(saved.lab.url, saved.archive, replace=True)
    with engine_of(pg_server.url) as server, server.connect() as connection:
        left = connection.exec_driver_sql(
            "SELECT datname FROM pg_database WHERE datname LIKE '%%remise%%' OR datname = 'jamais_remis'"
        ).all()
    assert left == []
    assert saved.lab.value("SELECT count(*) FROM clients") == 6


@pytest.mark.soak
def test_the_drill_on_the_same_server_as_each_role(saved: Saved, pg_server: EmbeddedPostgres, tmp_path: Path) -> None:
    lab, base = saved.lab, str(normalise_url(saved.lab.url).database)
    first = lab.ids("interventions")[0]
    saved.cas.set("interventions", first, diagnostic="Depuis la sauvegarde")
    saved.cas.sync()
    lab.sql("UPDATE clients SET ville = 'Perdue' WHERE id = %s", lab.ids("clients")[0])
    order = ["restore", str(saved.archive), "--url", lab.url, "--replace", "--json"]
    told = CliRunner().invoke(server_cli.app, order, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    done = json.loads(told.stdout)
    try:
        assert (done["base"], done["revision"], done["crees"]) == (base, revisions.head(), [])
        assert set(done["identifiants"]) == {saved.cas.login, saved.tng.login, saved.stolen.login, saved.person}
        for device in lab.devices:
            device.hang_up()
        lab.reconnect()
        assert lab.value("SELECT count(*) FROM clients WHERE ville = 'Perdue'") == 0

        # A device: what it sent since comes back by itself, and its agency is its only one.
        assert saved.cas.sync().restarted
        assert lab.get("interventions", first, "diagnostic") == "Depuis la sauvegarde"
        lab.settle()
        lab.converged()
        assert not saved.cas.sync().restarted
        saved.tng.set("clients", lab.ids("clients", "TNG")[0], ville="Tétouan")
        lab.settle()
        lab.converged()
        with line(lab.url, saved.cas.login) as cursor:
            held_to_its_agency(cursor, lab)

        # A stolen one: what it could do before, one thing.
        with line(lab.url, saved.stolen.login) as cursor:
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute("SELECT sync.tirer('0'::xid8, 0, 10)")
            cursor.execute("SELECT sync.adieu(NULL)")
            assert cursor.fetchone() == ("vole",)

        # Somebody who looks at the agency.
        with line(lab.url, saved.person) as cursor:
            cursor.execute("SELECT array_agg(DISTINCT agence_id) FROM public.clients")
            assert cursor.fetchone()[0] == [lab.agence("CAS")]
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute("SELECT hashed_password FROM public.users")

        # The owner, and who administers.
        with engine_of(lab.url) as engine:
            state = checklist.check_central(engine)
            assert (state.etat, state.migrateur, state.differences) == ("egal", True, ())
            found = {c.sujet: c.niveau for c in health.sante_centre(engine)}
            assert found["isolation"] == found["limites des postes"] == "ok"
            assert lab.value("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", saved.cas.login) == 8
            lab.folder = tmp_path
            new = lab.device("TNG")
            new.sync()
            assert lab.differences(new) == []
            assert registration.revoke(engine, new.poste, stolen=False).reste == ()
            lab.devices.remove(new)
            assert lab.value("SELECT count(*) FROM sync.row_state WHERE xid > pg_current_xact_id()") == 0
        with pytest.raises(psycopg2.OperationalError, match="not currently accepting"), \
                line(pg_server.database_url(done["remplacee"]), "postgres"):  # fmt: skip
            pass
    finally:
        pg_server.drop_database(done["remplacee"])


def test_the_drill_on_a_new_server_as_the_guides_role(saved: Saved, tmp_path: Path) -> None:
    noted = json.loads(logins.beside(saved.archive).read_text())
    verifiers = {row["login"]: row["verificateur"] for row in noted}
    assert all(v.startswith("SCRAM-SHA-256$") for v in verifiers.values())
    if os.name == "posix":
        assert logins.beside(saved.archive).stat().st_mode & 0o077 == 0
    bare = tmp_path / saved.archive.name
    bare.write_bytes(saved.archive.read_bytes())
    with EmbeddedPostgres(binaries=archiving.client_programs("pg_restore")[-1].parent) as other:
        with engine_of(other.url) as engine, engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE ROLE erp_admin LOGIN CREATEROLE CREATEDB; "
                "GRANT pg_signal_backend, pg_read_all_stats TO erp_admin"
            )
        base = str(normalise_url(saved.lab.url).database)
        url = normalise_url(other.database_url(base)).set(username="erp_admin").render_as_string(hide_password=False)
        done = restore(url, saved.archive)
        assert set(done.crees) == set(done.identifiants) == set(verifiers)
        assert (done.sans_mot_de_passe, done.remplacee) == ((), None)
        with engine_of(other.database_url(base)) as engine, engine.connect() as connection:
            asked = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(%(names)s)"
            assert dict(connection.exec_driver_sql(asked, {"names": list(verifiers)}).all()) == verifiers
            late = "SELECT count(*) FROM sync.row_state WHERE xid > pg_current_xact_id()"
            assert connection.exec_driver_sql(late).scalar() == 0
        with engine_of(url) as engine:
            state = checklist.check_central(engine)
            assert (state.etat, state.migrateur, state.differences) == ("egal", True, ())
            found = {c.sujet: c for c in health.sante_centre(engine)}
            assert found["isolation"].niveau == "ok", found["isolation"]
        device = saved.cas
        with line(url, device.login) as cursor:
            held_to_its_agency(cursor, saved.lab)
        # The same cache, towards the new server: it starts again once, and then goes on.
        port = normalise_url(url).port
        copy = saved.lab.copy_of(device, "ailleurs.sqlite")
        copy.port = port
        pk = saved.lab.ids("interventions")[1]
        copy.set("interventions", pk, titre="Vers le nouveau serveur")
        assert copy.sync().restarted
        assert not copy.sync().restarted
        copy.hang_up()
        with engine_of(url) as engine, engine.connect() as connection:
            title = connection.execute(sa.text("SELECT titre FROM interventions WHERE id = :i"), {"i": pk}).scalar()
        assert title == "Vers le nouveau serveur"
        # Without the file of logins they are there, but nobody gets in by a password.
        with engine_of(other.url) as engine, engine.begin() as connection:
            for login in verifiers:
                connection.exec_driver_sql(f'REVOKE CONNECT ON DATABASE {base} FROM "{login}"')
                connection.exec_driver_sql(f'DROP ROLE "{login}"')
        again = restore(normalise_url(url).set(database="sans").render_as_string(hide_password=False), bare)
        assert set(again.sans_mot_de_passe) == set(verifiers)
