"""``docs/guide_it.md`` word for word: its SQL and its commands, as the role that it asks for, on old and new servers.

The role owns its base and may create roles; it is no superuser. PostgreSQL 16 changed what CREATEROLE may do, so the
story runs on the server of the distribution (15) and on the one that the tests carry (18).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from erp_desktop.cli import db as db_cli
from erp_desktop.cli import server as server_cli
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import DatabaseRefusedError, UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.sync.device import enrolment, registration
from erp_desktop.sync.device.registration import register, unregister
from erp_desktop.sync.watch import health
from erp_desktop.upgrade.central import archiving, checklist
from tests.upgrade.central.guide import GUIDE, NAMES, Centre, drop


@pytest.fixture(scope="module")
def centre(guide_centre: Centre) -> Centre:
    return guide_centre


@pytest.fixture
def fresh(centre: Centre) -> Iterator[sa.Engine]:
    engine = create_pg_engine(centre.fresh())
    yield engine
    engine.dispose()


@pytest.mark.soak
def test_the_guides_role_makes_a_whole_centre_and_takes_a_device_back(fresh: sa.Engine) -> None:
    assert enrolment.init_centre(fresh) == revisions.head()
    state = checklist.check_central(fresh)
    assert (state.etat, state.migrateur, state.differences) == ("egal", True, ())
    enrolment.add_agence(fresh, "CAS", "Casablanca")
    poste, login, *_ = register(fresh, "CAS", "Accueil", "secret")
    unregister(fresh, poste, login)
    with fresh.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sync.devices WHERE poste > 0")).scalar() == 0
        assert connection.execute(sa.text("SELECT to_regrole(:l)"), {"l": login}).scalar() is None


@pytest.mark.soak
def test_a_second_owner_on_one_server_is_told_before_anything_changes(centre: Centre, fresh: sa.Engine) -> None:
    """The centre's roles belong to the server: since PostgreSQL 16 who did not create them must be let in."""
    enrolment.init_centre(fresh)
    engine = create_pg_engine(centre.fresh(role="autre_admin"))
    try:
        if centre.version >= 16:
            with pytest.raises(UpgradeError, match=r"GRANT .* TO autre_admin") as refused:
                enrolment.init_centre(engine)
            with engine.connect() as connection:
                assert connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar() is None
            remedy = re.search(r"superutilisateur : (GRANT .*?)\)", str(refused.value))
            assert remedy is not None
            centre.sql(remedy[1], base="postgres")
        assert enrolment.init_centre(engine) == revisions.head()
        enrolment.add_agence(engine, "CAS", "Casablanca")
        register(engine, "CAS", "Accueil", "secret")
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("options", "rights", "told"),
    [
        ("TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'", "CREATEROLE", "LATIN1, pas en UTF8"),
        ("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", "CREATEROLE", "SQL_ASCII, pas en UTF8"),
    ],
)
def test_a_base_of_another_encoding_is_refused_before_the_first_revision(
    centre: Centre, options: str, rights: str, told: str
) -> None:
    engine = create_pg_engine(centre.fresh(options=options, rights=rights))
    try:
        with pytest.raises(UpgradeError, match=told):
            enrolment.init_centre(engine)
        found = {c.controle: c.etat for c in checklist.examine(engine, None)}
        assert found["encodage"] == "erreur"
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar() is None
    finally:
        engine.dispose()


@pytest.mark.soak
def test_a_centre_left_half_way_takes_no_agency_and_no_device(fresh: sa.Engine, tmp_path: Path) -> None:
    from erp_desktop.upgrade import migrate

    half = revisions.revisions()[-6].revision
    with fresh.connect() as connection:
        migrate.upgrade(connection, half)
    state = enrolment.centre_status(fresh)
    assert (state["etat"], state["revision"]) == ("ancien", half)
    with pytest.raises(DatabaseRefusedError, match="erp-admin db upgrade"):
        enrolment.add_agence(fresh, "CAS", "Casablanca")
    store = tmp_path / "secrets.json"
    with pytest.raises(DatabaseRefusedError, match="n'est pas entier"):
        enrolment.enroll(fresh.url.render_as_string(hide_password=False), "CAS", "P", tmp_path / "c.sqlite",
                         secrets_file=store)  # fmt: skip
    assert list(tmp_path.glob("c.sqlite*.secrets")) == []
    assert not store.exists()
    assert enrolment.init_centre(fresh) == revisions.head()


def test_another_programs_base_is_neither_empty_nor_upgraded(centre: Centre, fresh: sa.Engine) -> None:
    with fresh.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE factures_paie (id int)")
    state = checklist.check_central(fresh)
    assert state.etat == "incoherent"
    assert "factures_paie" in state.differences[0]
    with pytest.raises(UpgradeError, match="factures_paie"):
        enrolment.init_centre(fresh)
    with fresh.connect() as connection:
        assert connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar() is None


def test_a_role_that_may_not_create_roles_is_told_so_first(centre: Centre, fresh: sa.Engine) -> None:
    name = f"sans_role_{centre.version}"
    engine = create_pg_engine(centre.fresh(role=name, rights="NOCREATEROLE"))
    try:
        with pytest.raises(UpgradeError, match="à régler d'abord"):
            enrolment.init_centre(engine)
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar() is None
    finally:
        engine.dispose()


def written(section: str, language: str = "") -> list[str]:
    """Lines of the first block of this language in a section of the guide."""
    text = GUIDE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    block = text.partition(f"```{language}\n")[2].partition("\n```")[0]
    assert block, section
    for name, ours in NAMES.items():
        block = re.sub(name, ours, block)
    return block.splitlines()


def test_the_guides_sql_makes_role_and_base_and_brings_the_centre_back(centre: Centre, tmp_path: Path) -> None:
    binaries = centre.server.binaries
    assert binaries is not None
    server = normalise_url(centre.url)
    machine = {**os.environ, "PGHOST": str(server.host), "PGPORT": str(server.port), "PGUSER": "postgres"}

    def shell(line: str, text: str | None = None) -> None:
        program, *words = shlex.split(line)
        command = [str(binaries / program), *words]
        done = subprocess.run(command, input=text, env=machine, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)

    made_sql = written("Mettre le centre en service", "sql")
    shell("psql -X -v ON_ERROR_STOP=1 postgres", "\n".join(made_sql))
    # The guide's server is new; here another test may have made the group roles as somebody else.
    shell(
        "psql -X -v ON_ERROR_STOP=1 postgres",
        "SELECT format('GRANT %I TO guide_admin WITH ADMIN OPTION', rolname) FROM pg_roles "
        "WHERE rolname IN ('erp_sync', 'erp_device', 'erp_central', 'erp_revoque') \\gexec\n",
    )
    url = server.set(username="guide_admin", password="à changer", database="guide").render_as_string(False)
    engine = create_pg_engine(url)
    try:
        enrolment.init_centre(engine)
        enrolment.add_agence(engine, "CAS", "Casablanca")
        poste, login, *_ = register(engine, "CAS", "Accueil", "secret")
        made = archiving.dump(url, tmp_path)
        assert made.identifiants is not None
        # An owner ends what a device holds, and health names it.
        held = psycopg2.connect(host=server.host, port=server.port, dbname="guide", user=login)
        with held.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0; SELECT pg_current_xact_id()")
            with engine.begin() as connection:
                ended = connection.exec_driver_sql("SELECT poste, nom, login FROM sync.veiller('0 seconds')").all()
            assert ended == [(poste, "Accueil", login)]
            with pytest.raises(psycopg2.OperationalError):
                cursor.execute("SELECT 1")
        held.close()
        limits = {c.sujet: c for c in health.sante_centre(engine)}["limites des postes"]
        assert (limits.niveau, limits.message) == ("ok", "en place")
        engine.dispose()

        def admin(line: str) -> Result:
            _, group, *words = shlex.split(re.sub(r"/srv/\S+", str(made.chemin), line))
            words = [url if w.startswith("postgresql://") else w for w in words]
            return CliRunner().invoke({"server": server_cli, "db": db_cli}[group].app, words, catch_exceptions=False)

        restored = GUIDE.partition("Remettre le centre")[2].partition("```\n")[2].partition("\n```")[0].splitlines()
        assert [line.split()[1:3] for line in restored] == [
            ["server", "restore"],
            ["db", "check"],
            ["server", "health"],
        ]
        for line in restored[:2]:
            done = admin(line)
            assert done.exit_code == 0, done.output
        with engine.connect() as connection:
            allowed = connection.exec_driver_sql(
                f"SELECT has_database_privilege('{login}', 'guide', 'CONNECT'), "
                "has_database_privilege('public', 'guide', 'CONNECT')"
            ).one()
        assert tuple(allowed) == (True, False)
        # Nobody exchanged yet: the silent device is all that its health has to say.
        for look in (1, 2):
            told = [c for c in json.loads(admin(restored[2] + " --json").stdout)["constats"] if c["niveau"] != "ok"]
            if look == 1:
                assert ["objets larges" in c["message"] for c in told if c["sujet"] == "limites des postes"] == [True]
                shell("psql -X -v ON_ERROR_STOP=1 guide", "\n".join(made_sql[made_sql.index("\\connect guide") :]))
        assert [c["sujet"] for c in told] == ["postes muets depuis 7 jours"]
        # And a revocation leaves nothing to do for a superuser.
        assert registration.revoke(engine, poste, stolen=True).reste == ()
        with engine.connect() as connection:
            groups = connection.exec_driver_sql(
                "SELECT array_agg(g.rolname::text) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid "
                f"JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = '{login}'"
            ).scalar()
            mine = connection.exec_driver_sql(f"SELECT pg_has_role('{login}', 'USAGE')").scalar()
        assert (groups, mine) == (["erp_revoque"], False)
    finally:
        engine.dispose()
        drop(centre)
