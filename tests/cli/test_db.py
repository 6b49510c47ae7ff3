"""``erp-admin db`` as an operator types it."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

import erp_desktop
from erp_desktop.cli import common
from erp_desktop.cli.db import app
from erp_desktop.db.engine import normalise_url
from erp_desktop.registry import revisions
from erp_desktop.upgrade.start import startup
from tests.sync.proxy import ChaosProxy
from tests.upgrade.start.old_caches import OLD, RECENT, make


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def answer(*arguments: str | Path, status: int = 0) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == status, done.output
    return json.loads(done.stdout)


def refused(*arguments: str | Path) -> str:
    done = call(*arguments)
    assert done.exit_code == 1, done.output
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    return str(lines[0])


def test_status_and_preview_of_a_cache_behind(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, "5b1f7e9a3c86")
    content = path.read_bytes()
    found = answer("status", "--cache", path)
    assert (found["etat"], found["revision"]) == ("ancien", "5b1f7e9a3c86")
    assert found["en_attente"] == revisions.between("5b1f7e9a3c86", revisions.head())
    shown = answer("preview", "--cache", path)
    assert "CREATE TABLE agences" in shown["sql"]
    assert "CREATE TABLE users (" not in shown["sql"]
    assert path.read_bytes() == content


def test_upgrade_then_check_then_downgrade_of_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, RECENT)
    assert answer("upgrade", "--cache", path, "--dry-run")["revisions"] == revisions.between(RECENT, revisions.head())
    assert startup.read_revision(path) == RECENT
    assert answer("upgrade", "--cache", path) == {"de": RECENT, "vers": revisions.head()}
    assert answer("check", "--cache", path)["differences"] == []
    told = refused("downgrade", "5b1f7e9a3c86", "--cache", path)
    assert "--accept-data-loss" in told
    assert "Le stock, les factures" in told
    assert startup.read_revision(path) == revisions.head()
    done = answer("downgrade", "5b1f7e9a3c86", "--cache", path, "--accept-data-loss")
    assert done["vers"] == "5b1f7e9a3c86"
    assert set(done["perdu"]) < set(revisions.between("5b1f7e9a3c86", revisions.head()))
    assert answer("upgrade", "--cache", path)["vers"] == revisions.head()
    assert answer("check", "--cache", path)["differences"] == []


def test_a_difference_is_listed_and_fails(sqlite_path: Path) -> None:
    connection = sqlite3.connect(sqlite_path)
    connection.execute("DROP INDEX idx_active_users")
    connection.close()
    assert answer("check", "--cache", sqlite_path, status=1)["differences"] == [
        "users : index « idx_active_users » absent(e)"
    ]
    found = {c["controle"]: c["etat"] for c in answer("doctor", "--cache", sqlite_path, status=1)}
    assert found["structure"] == "erreur"
    assert found["intégrité"] == "ok"


def test_backup_restore_and_a_healthy_diagnosis(sqlite_path: Path) -> None:
    made = answer("backup", "--cache", sqlite_path)
    assert Path(made["chemin"]).is_file()
    found = answer("doctor", "--cache", sqlite_path)
    assert {c["etat"] for c in found} == {"ok"}, found
    restored = answer("restore", "--cache", sqlite_path)
    assert restored["restaure"] == made["chemin"]
    assert Path(restored["remplace"]).is_file()


def test_a_foreign_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "autre.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    content = path.read_bytes()
    for command in (["status"], ["upgrade"], ["check"], ["backup"], ["downgrade", "base"]):
        assert "n'est pas une base ERP MIF" in refused(*command, "--cache", path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("command", ["check", "backup", "doctor"])
def test_an_absent_file_is_refused(tmp_path: Path, command: str) -> None:
    assert "n'existe pas" in refused(command, "--cache", tmp_path / "rien.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_the_centre_from_empty_to_checked(pg_empty_url: str, tmp_path: Path) -> None:
    assert answer("status", "--url", pg_empty_url)["etat"] == "vide"
    sql = answer("preview", "--url", pg_empty_url)["sql"]
    assert len(re.findall(r"^CREATE TABLE ", sql, re.MULTILINE)) > 30
    assert answer("status", "--url", pg_empty_url)["etat"] == "vide"
    done = answer("upgrade", "--url", pg_empty_url, "--yes", "--backups", tmp_path)
    assert (done["de"], done["vers"], done["copie"]) == (None, revisions.head(), None)
    assert answer("check", "--url", pg_empty_url)["differences"] == []
    assert {c["etat"] for c in answer("doctor", "--url", pg_empty_url)} == {"ok"}
    assert "perdrait" in refused("downgrade", "--url", pg_empty_url, "--no-backup", "--", "-4")
    lost = answer("downgrade", "--url", pg_empty_url, "--accept-data-loss", "--backups", tmp_path, "5d1e7f9b3a0c")
    # What is undone first is told first.
    assert list(lost["perdu"]) == sorted(lost["perdu"], key=revisions.position, reverse=True)
    assert "a4d8e2b6c0f5" in lost["perdu"]
    assert [p.suffix for p in sorted(tmp_path.iterdir())] == [".dump", ".json", ".sha256"]
    assert answer("upgrade", "--url", pg_empty_url, "--yes", "--no-backup")["vers"] == revisions.head()
    assert Path(answer("backup", "--url", pg_empty_url, "--folder", tmp_path / "b")["chemin"]).is_file()


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ("CREATE TABLE factures_paie (id int)", "Base : sans révision ; "),
        ("CREATE TABLE users (id int); CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); "
         "INSERT INTO alembic_version VALUES ('df44b376bc8a')", "Base : df44b376bc8a ; "),
    ],
    ids=["of another program", "of the former backend"],
)  # fmt: skip
def test_a_base_that_is_refused_is_promised_nothing(pg_empty_url: str, made: str, shown: str) -> None:
    engine = sa.create_engine(pg_empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(made)
    engine.dispose()
    told = call("status", "--url", pg_empty_url).stdout
    assert told.startswith(shown)
    assert "factures_paie" in told or "table absente" in told
    done = call("upgrade", "--url", pg_empty_url, "--dry-run")
    assert done.exit_code == 1
    assert done.stdout.startswith("Rien ne serait appliqué")
    assert "À régler : " in done.stdout
    assert "seraient appliquées" not in done.stdout


@pytest.mark.parametrize(
    ("language", "what"),
    [("fr", "Indexer l'échéance des interventions, sans arrêter personne"),
     ("en", "Index the deadline of jobs without keeping anybody from writing"),
     ("ar", "فهرسة آجال التدخلات دون إيقاف أحد")],
)  # fmt: skip
def test_what_a_revision_brings_is_told_in_the_language_of_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, what: str
) -> None:
    monkeypatch.setenv("ERP_LANGUAGE", language)
    path = tmp_path / "cache.sqlite"
    make(path, OLD)
    own = {r: revisions.title(r) for r in revisions.between(OLD, revisions.head())}
    told = {row["revision"]: row["description"] for row in answer("status", "--cache", path)["a_venir"]}
    assert told.keys() == own.keys()
    assert language == "en" or [r for r in own if told[r] == own[r]] == []
    index = "bd7e3f5b9a6c"
    assert told[index] == what
    shown = call("status", "--cache", path).stdout
    assert f"  {index}  {what}" in shown


def test_status_tells_what_waits_the_drift_and_who_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, RECENT)
    found = answer("status", "--cache", path)
    assert [row["revision"] for row in found["a_venir"]] == found["en_attente"] != []
    assert (found["differences"], found["min_client"]) == ([], revisions.minimum_client())
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE clients ADD COLUMN bricolage TEXT")
    connection.close()
    assert answer("status", "--cache", path)["differences"] == ["clients : colonne « bricolage » en trop"]
    assert answer("check", "--cache", path, status=1)["differences"] == ["clients : colonne « bricolage » en trop"]
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE clients DROP COLUMN bricolage")
    connection.close()
    answer("upgrade", "--cache", path)
    last = answer("status", "--cache", path)["journal"][0]
    assert (last["de"], last["vers"], last["app_version"]) == (RECENT, revisions.head(), erp_desktop.__version__)
    assert "@" in last["qui"]
    assert last["duree_s"] > 0
    told = call("status", "--cache", path).stdout
    assert f"Journal : {last['quand']} {RECENT} → {revisions.head()}" in told


def test_preview_runs_on_a_copy_and_tells_what_would_fail(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, "2a1f3c8d7c1b")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM interventions WHERE id = (SELECT min(id) FROM interventions)")
    connection.commit()
    connection.close()
    content = path.read_bytes()
    assert "orphelines" in refused("preview", "--cache", path)
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir() if "apercu" in p.name] == []


def test_preview_of_a_part_and_of_nothing(sqlite_path: Path, tmp_path: Path) -> None:
    assert answer("preview", "--cache", sqlite_path)["sql"] == ""
    path = tmp_path / "ancien.sqlite"
    make(path, "4c0e6f8a2b31")
    shown = answer("preview", "--cache", path, "--to", "1d7b3a5c9e42")
    assert "is_verified" in shown["sql"]
    assert "full_name" not in shown["sql"]
    assert [row["revision"] for row in shown["a_venir"]] == ["1d7b3a5c9e42"]


def test_progress_goes_to_stderr_and_leaves_the_answer_alone(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, RECENT)
    done = call("upgrade", "--cache", path, "--progress", "--json")
    assert json.loads(done.stdout)["vers"] == revisions.head()
    assert "Sauvegarde" in done.stderr.splitlines()
    for command in (["backup"], ["restore"], ["downgrade", RECENT, "--accept-data-loss"], ["preview"]):
        done = call(*command, "--cache", path, "--progress", "--json")
        assert done.exit_code == 0, done.output
        json.loads(done.stdout)
        assert done.stderr.strip()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("upgrade", "--to", "5b1f7e9a3c86"), "downgrade"),
        (("upgrade", "--to", "base"), "downgrade"),
        (("upgrade", "--to", "zzzz"), "inconnue"),
        (("preview", "--to", "5b1f"), "downgrade"),
        (("downgrade", "nulle-part"), "inconnue"),
        (("stamp", "base"), "base"),
        (("stamp", "-1"), "inconnue"),
    ],
)
def test_wrong_revisions_are_refused_in_one_line(sqlite_path: Path, arguments: tuple[str, ...], told: str) -> None:
    content = sqlite_path.read_bytes()
    command, *rest = arguments
    assert told in refused(command, "--cache", sqlite_path, *(["--", *rest] if rest[0].startswith("-1") else rest))
    assert sqlite_path.read_bytes() == content


def test_going_back_to_where_the_cache_is_not_yet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, "5b1f7e9a3c86")
    assert "upgrade y mène" in refused("downgrade", RECENT, "--cache", path)


@pytest.mark.parametrize("command", ["status", "preview", "upgrade", "check", "backup", "doctor", "stamp"])
def test_no_database_or_two_is_a_usage_error(command: str, sqlite_path: Path) -> None:
    for target in ([], ["--cache", sqlite_path, "--url", "postgresql://x@127.0.0.1/x"]):
        done = call(command, *target)
        assert done.exit_code == 2
        assert "soit --url, soit --cache" in done.stderr


@pytest.mark.parametrize("command", ["status", "preview", "upgrade", "check", "backup", "doctor", "stamp"])
def test_an_absent_server_is_told_in_one_line(command: str) -> None:
    assert "ne répond pas" in refused(command, "--url", "postgresql://x@127.0.0.1:1/x")


@pytest.mark.soak
def test_back_to_nothing_and_up_again(sqlite_path: Path) -> None:
    assert "perdrait" in refused("downgrade", "base", "--cache", sqlite_path)
    answer("downgrade", "base", "--cache", sqlite_path, "--accept-data-loss")
    assert not sqlite_path.exists()
    assert len(list((sqlite_path.parent / "sauvegardes").iterdir())) == 1
    assert answer("upgrade", "--cache", sqlite_path) == {"de": None, "vers": revisions.head()}
    assert answer("check", "--cache", sqlite_path)["differences"] == []


def test_an_accented_and_long_path(tmp_path: Path) -> None:
    folder = (
        tmp_path / "Données de Fès" / ("répertoire très long " * 5).strip() / ("encore un niveau à côté " * 5).strip()
    )
    folder.mkdir(parents=True)
    path = folder / "base é % #1 « cache ».sqlite"
    make(path, RECENT)
    assert len(str(path)) > 260
    assert answer("preview", "--cache", path)["de"] == RECENT
    assert answer("upgrade", "--cache", path)["vers"] == revisions.head()
    assert answer("backup", "--cache", path)["revision"] == revisions.head()
    answer("restore", "--cache", path)
    assert answer("check", "--cache", path)["differences"] == []


def test_a_role_without_ownership_reads_and_changes_nothing(pg_engine: sa.Engine) -> None:
    name = f"lecteur_{pg_engine.url.database}"
    url = pg_engine.url.set(username=name).render_as_string(hide_password=False)
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        connection.exec_driver_sql(f"GRANT erp_central TO {name}")
    try:
        assert answer("status", "--url", url)["migrateur"] is False
        assert answer("doctor", "--url", url)
        commands = (
            ["upgrade", "--yes"],
            ["check"],
            ["stamp"],
            ["downgrade", "-1", "--accept-data-loss", "--no-backup"],
        )
        for command in commands:
            rest = ["--", "-1"] if "-1" in command else []
            told = refused(*(c for c in command if c != "-1"), "--url", url, *rest)
            assert "droit" in told
    finally:
        with pg_engine.begin() as connection:
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_a_password_with_percent_and_at_signs_reaches_every_command(pg_url: str, pg_engine: sa.Engine) -> None:
    name = f"chef_{pg_engine.url.database}"
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'p@ss%%w/rd'")
    try:
        url = pg_engine.url.set(drivername="postgresql", username=name, password="p@ss%w/rd")
        for command in ("status", "preview", "check", "doctor", "stamp"):
            answer(command, "--url", url.render_as_string(hide_password=False))
    finally:
        with pg_engine.begin() as connection:
            connection.exec_driver_sql(f"REASSIGN OWNED BY {name} TO postgres")
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["status"], "donner soit --url, soit --cache ; aide : "),
        (["status", "--foo"], "l'option --foo n'existe pas"),
        (["statut"], "la commande « statut » n'existe pas (peut-être : status)"),
        (["status", "--url"], "l'option --url attend une valeur"),
        (["check", "a", "b", "--url", "x"], "mots en trop : a b"),
        (
            ["backup", "--keep", "trois", "--url", "x"],
            "l'option --keep : valeur refusée ; un nombre entier est attendu",
        ),
        (["downgrade"], "il manque l'argument REVISION"),
    ],
)
def test_a_badly_written_command_is_told_in_french(words: list[str], told: str) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"erp-admin : {told}"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not {"Usage", "Missing", "Error", "Invalid"} & set(done.stderr.replace(":", " ").split())


def test_an_address_that_cannot_be_read_says_how_to_write_it() -> None:
    for address in ("postgresql://a@h:port/erp", "postgresql://a:b@c@h/erp"):
        done = call("status", "--url", address)
        assert done.exit_code == 1
        assert "%40 %2F %3A %25" in done.stderr, address
    # These are read as they stand.
    assert normalise_url("postgresql://a:b/c:d@h:5432/erp").password == "b/c:d"


def test_a_line_that_is_cut_on_the_way_is_said_in_one_line_and_leaves_no_archive(pg_url: str, tmp_path: Path) -> None:
    with ChaosProxy.before(pg_url) as line:
        url = sa.make_url(pg_url).set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
        line.cut_after(12_000, "in")
        assert refused("check", "--url", url) == f"erp-admin : {common.CUT}"
        # The program that copies has a line of its own, and its own words.
        for budget in (40_000, 90_000):
            line.cut_after(budget, "in")
            assert "SELECT" not in refused("backup", "--url", url, "--folder", tmp_path / "copies")
    assert [*tmp_path.glob("copies/*")] == []
