"""``erp-admin db`` as an operator types it."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from erp_desktop.cli.db import app
from erp_desktop.db import history, startup
from tests.db.test_startup import OLD, make


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
    assert found["en_attente"] == history.between("5b1f7e9a3c86", history.head())
    shown = answer("preview", "--cache", path)
    assert "CREATE TABLE agences" in shown["sql"]
    assert "CREATE TABLE users (" not in shown["sql"]
    assert path.read_bytes() == content


def test_upgrade_then_check_then_downgrade_of_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    make(path, OLD)
    assert answer("upgrade", "--cache", path, "--dry-run")["revisions"] == [history.head()]
    assert startup.read_revision(path) == OLD
    assert answer("upgrade", "--cache", path) == {"de": OLD, "vers": history.head()}
    assert answer("check", "--cache", path)["differences"] == []
    told = refused("downgrade", "5b1f7e9a3c86", "--cache", path)
    assert "--accept-data-loss" in told
    assert "Le stock, les factures" in told
    assert startup.read_revision(path) == history.head()
    done = answer("downgrade", "5b1f7e9a3c86", "--cache", path, "--accept-data-loss")
    assert done["vers"] == "5b1f7e9a3c86"
    assert set(done["perdu"]) < set(history.between("5b1f7e9a3c86", history.head()))
    assert answer("upgrade", "--cache", path)["vers"] == history.head()
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
    assert (done["de"], done["vers"], done["copie"]) == (None, history.head(), None)
    assert answer("check", "--url", pg_empty_url)["differences"] == []
    assert {c["etat"] for c in answer("doctor", "--url", pg_empty_url)} == {"ok"}
    assert "perdrait" in refused("downgrade", "--url", pg_empty_url, "--no-backup", "--", "-1")
    lost = answer("downgrade", "--url", pg_empty_url, "--accept-data-loss", "--backups", tmp_path, "5d1e7f9b3a0c")
    assert next(iter(lost["perdu"])) == history.head()
    assert [p.suffix for p in sorted(tmp_path.iterdir())] == [".dump", ".sha256"]
    assert answer("upgrade", "--url", pg_empty_url, "--yes", "--no-backup")["vers"] == history.head()
    assert Path(answer("backup", "--url", pg_empty_url, "--folder", tmp_path / "b")["chemin"]).is_file()
