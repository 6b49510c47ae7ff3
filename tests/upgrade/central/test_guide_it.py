"""``docs/guide_it.md`` word for word: its SQL and its commands, as the role that it asks for, on old and new servers.

The role owns its base and may create roles; it is no superuser. PostgreSQL 16 changed what CREATEROLE may do, so the
story runs on the server of the distribution (15) and on the one that the tests carry (18).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa
import xlsxwriter
from typer.testing import CliRunner, Result

from erp_desktop import paths
from erp_desktop.cli import db as db_cli
from erp_desktop.cli import server as server_cli
from erp_desktop.db.embedded import EmbeddedPostgres, find_binaries, system_binaries
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import DatabaseRefusedError, UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.services import calendrier
from erp_desktop.sync.device import enrolment, registration
from erp_desktop.sync.device.registration import register, unregister
from erp_desktop.sync.watch import health
from erp_desktop.upgrade.central import archiving, checklist

PASSWORD = "un-mot-de-passe"


def major(binaries: Path) -> int:
    told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", told)
    assert found is not None
    return int(found[1])


SERVERS = sorted({major(b): b for b in (find_binaries(), system_binaries()) if b is not None}.items())


@dataclass
class Centre:
    """A server, and the address of a base that the guide's role owns there."""

    server: EmbeddedPostgres
    version: int
    url: str

    def sql(self, *statements: str, base: str = "erp") -> None:
        connection = psycopg2.connect(self.server.database_url(base).replace("+psycopg2", ""))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def fresh(self, *, options: str = "", role: str = "erp_admin", rights: str = "CREATEROLE") -> str:
        """The address of a new base of a role that exists from now on."""
        name = f"b{len(self.server._created)}"
        self.sql(
            f"DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' {rights}; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"CREATE DATABASE {name} OWNER {role} {options}", base="postgres",
        )  # fmt: skip
        self.server._created.append(name)
        return normalise_url(self.server.database_url(name)).set(username=role).render_as_string(hide_password=False)


@pytest.fixture(scope="module", params=SERVERS, ids=[f"postgresql-{version}" for version, _ in SERVERS])
def centre(request: pytest.FixtureRequest) -> Iterator[Centre]:
    version, binaries = request.param
    with EmbeddedPostgres(binaries=binaries) as server:
        address = normalise_url(server.database_url("erp")).set(username="erp_admin")
        yield Centre(server, version, address.render_as_string(hide_password=False))


@pytest.fixture
def fresh(centre: Centre) -> Iterator[sa.Engine]:
    engine = create_pg_engine(centre.fresh())
    yield engine
    engine.dispose()


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


@contextlib.contextmanager
def engine_of_server(centre: Centre) -> Iterator[sa.Connection]:
    engine = create_pg_engine(centre.server.url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


GUIDE = (paths.ROOT / "docs" / "guide_it.md").read_text(encoding="utf-8")
# One server serves every test of this file: the story of the guide gets names of its own.
NAMES = {r"\berp_admin\b": "guide_admin", r"(DATABASE|connect) erp\b": r"\1 guide"}


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


def drop(centre: Centre) -> None:
    """The base of the guide, those beside it, and its role, for the next test to begin at the first line."""
    with engine_of_server(centre) as connection:
        left = connection.exec_driver_sql("SELECT datname FROM pg_database WHERE datname ~ '^guide'").scalars().all()
    for base in left:
        centre.server.drop_database(base)
    centre.sql(*(f"{verb} guide_admin{tail}" for verb, tail in (("REASSIGN OWNED BY", " TO postgres"),
               ("DROP OWNED BY", " CASCADE"), ("DROP ROLE", ""))), base="postgres")  # fmt: skip


# What a command says where this story has nothing that it could do; every other one must succeed.
REFUSED = {
    "server init --url … --from": "contient déjà des données", "sync unpark N": "1", "sync discard N": "1",
    "db downgrade REVISION": "--accept-data-loss", "server health": "objets larges",
}  # fmt: skip
_PIECES = re.compile(r"^```(\w*)\n(.*?)\n```$|`(erp-admin [^`]+)`", re.MULTILINE | re.DOTALL)


def steps() -> Iterator[tuple[str, str]]:
    """What the guide says to type, in its order: ``sql`` with a block, ``line`` with a command less its comment."""
    for language, block, inline in _PIECES.findall(GUIDE):
        if language == "sql":
            yield "sql", block
            continue
        for line in (block.replace("\\\n", " ") or " ".join(inline.split())).splitlines():
            if line.split(" ")[0] in {"erp-admin", "createdb", "pg_restore", "psql"}:
                yield "line", re.sub(r"\s{2,}(?!-)\S.*$", "", line)


@dataclass
class Story:
    """Types what the guide says; the placeholders are a base of ``server``, and files below ``folder``."""

    server: sa.URL
    binaries: Path
    folder: Path
    archive: str = ""
    stolen: str = "7"
    typed: int = 0

    @property
    def url(self) -> str:
        return self.server.set(username="guide_admin", password=None, database="guide").render_as_string(False)

    @property
    def engine(self) -> sa.Engine:
        return create_pg_engine(self.server.set(username="guide_admin", database="guide").render_as_string(False))

    def filled(self, text: str) -> str:
        for name, ours in NAMES.items():
            text = re.sub(name, ours, text)
        for pattern, value in {
            r"postgresql://(…|\S+)|(?<=--url )…": self.url, r"CHEMIN/erp-mif\.sqlite|(?<=--cache )(…|FICHIER)":
            str(self.folder / "poste.sqlite"), r"FICHIER\.sqlite": str(self.folder / "poste.sqlite"),
            r"/srv/sauvegardes/\S+\.dump": self.archive, r"/srv/sauvegardes": str(self.folder),
            r"(?<=revoke )7": self.stolen,
            r"\[SAUVEGARDE\] ": "", r"[\[\]]": "", r"(?<=unpark |iscard )N\b": "1",
            r"\bREVISION …": f"e8f2c6a0d4b3 --url {self.url}",
        }.items():  # fmt: skip
            text = re.sub(pattern, lambda _found, value=value: value, text)
        return text

    def psql(self, text: str, base: str = "postgres") -> None:
        self.shell(["psql", "-X", "-v", "ON_ERROR_STOP=1", base], text)

    def shell(self, words: list[str], text: str | None = None) -> None:
        machine = {**os.environ, "PGHOST": str(self.server.host), "PGPORT": str(self.server.port),
                   "PGUSER": "postgres"}  # fmt: skip
        done = subprocess.run([str(self.binaries / words[0]), *words[1:]], input=text, env=machine,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, (words, done.stderr)

    def admin(self, line: str) -> None:
        group, *words = shlex.split(self.filled(line))[1:]
        done = CliRunner().invoke(importlib.import_module(f"erp_desktop.cli.{group}").app, words)
        refused = next((told for start, told in REFUSED.items() if line.startswith(f"erp-admin {start}")), None)
        assert done.exit_code == (0 if refused is None else 1), (line, done.output, done.exception)
        assert refused is None or refused in done.output, (line, done.output)
        self.typed += 1


@pytest.mark.parametrize(
    "centre",
    [pytest.param(one, id=f"postgresql-{one[0]}", marks=[] if one is SERVERS[-1] else [pytest.mark.soak])
     for one in SERVERS],
    indirect=True,
)  # fmt: skip
def test_every_command_of_the_guide_runs_as_it_is_written(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first line of SQL to the centre brought back from its archive, as the role that the guide asks for.

    On the newest server in every run, on older ones by hand (``-m soak``): what differs between them, the roles, is
    in the tests above, which run on each.
    """
    assert centre.server.binaries is not None
    story = Story(normalise_url(centre.url), centre.server.binaries, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ERP_SECRETS_FILE", str(tmp_path / "secrets.json"))
    monkeypatch.setenv("ERP_PASSWORD", "à changer")
    # The guide's dates are of 2027 and 2028: a centre made in 2026 knows holidays of the first alone.
    monkeypatch.setattr(calendrier.clock, "today", lambda: date(2026, 11, 28))
    before: dict[str, Callable[[], None]] = {
        "erp-admin user add": lambda: add_more(story),
        "erp-admin device revoke": lambda: second_device(story),
        "erp-admin calendrier recalculer": lambda: contract(story),
        "erp-admin planning competence ": lambda: skill(story),
    }
    spreadsheets(tmp_path)
    try:
        for kind, text in steps():
            if kind == "sql":
                story.psql(story.filled(text))
                adopt(story)
                continue
            if text.startswith("erp-admin"):
                next((make for start, make in before.items() if text.startswith(start)), lambda: None)()
                story.admin(text)
                story.archive = max(map(str, tmp_path.glob("*.dump")), default="")
                continue
            story.shell(shlex.split(story.filled(text)))
        assert story.typed >= 40
        engine = story.engine
        assert checklist.check_central(engine).etat == "egal"
        with engine.connect() as connection:
            logins = "SELECT bool_and(has_database_privilege(login, 'guide', 'CONNECT')), count(*) FROM sync.devices "
            assert connection.exec_driver_sql(logins + "WHERE etat = 'actif' AND login IS NOT NULL").one()[0] is True
        engine.dispose()
    finally:
        drop(centre)


def spreadsheets(folder: Path) -> None:
    """The two files that the guide takes over."""
    order = ("N° OT", "Libellé", "Machine", "Créé le", "Etat", "Genre", "Montant")
    for name, rows in {
        "clients.xlsx": [("nom_entreprise", "ville"), ("Sucrerie Tadla", "Casablanca")],
        "gmao.xlsx": [order, ("OT-1", "Fuite", "EX-01", "03/11/2026 08:15", "TERM", "Panne", "120,50")],
    }.items():
        with xlsxwriter.Workbook(str(folder / name)) as book:
            sheet = book.add_worksheet()
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)


def adopt(story: Story) -> None:
    """The guide's server is new; here another test may have made the group roles as somebody else."""
    story.psql(
        "SELECT format('GRANT %I TO guide_admin WITH ADMIN OPTION', rolname) FROM pg_roles "
        "WHERE rolname IN ('erp_sync', 'erp_device', 'erp_central', 'erp_revoque') \\gexec\n"
    )


def add_more(story: Story) -> None:
    """The second agency that the guide speaks of."""
    story.admin("erp-admin server agence add TNG Tanger --url …")
    story.typed -= 1


def second_device(story: Story) -> None:
    """The guide takes back a device by its number: one that another desk was given."""
    engine = story.engine
    try:
        with engine.connect() as connection:
            allowed = connection.exec_driver_sql("SELECT count(*) FROM sync.devices WHERE poste > 0").scalar()
        assert allowed == 1
        story.stolen = str(register(engine, "CAS", "Volé", "secret")[0])
    finally:
        engine.dispose()


def skill(story: Story) -> None:
    """The skill that the guide asks for is one of the company's."""
    engine = story.engine
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO competences (nom, created_at, updated_at) VALUES ('Froid', now(), now())"
        )
    engine.dispose()


def contract(story: Story) -> None:
    engine = story.engine
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "WITH c AS (INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) SELECT id, 'Client', "
            "now(), now() FROM agences WHERE code = 'CAS' RETURNING id, agence_id) INSERT INTO contrats (agence_id, "
            "client_id, numero_contrat, type_contrat, statut, date_debut, created_at, updated_at) SELECT agence_id, "
            "id, 'CTR-2026-014', 'support_technique', 'en_cours', '2026-01-01', now(), now() FROM c"
        )
    engine.dispose()
