"""The command line as an outsider uses it: separate processes, JSON answers, exit statuses."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.errors import PasswordToChooseError
from erp_desktop.services import auth
from tests.processes import child_environment, erp_admin


def erp(*arguments: str | Path, store: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = child_environment() | ({"ERP_SECRETS_FILE": str(store)} if store else {})
    return erp_admin(*arguments, env=environment)


def answer(*arguments: str | Path, store: Path | None = None) -> Any:
    done = erp(*arguments, "--json", store=store)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sql(path: Path, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Another program: no process here ever opens the file through the encrypted library."""
    with sqlite3.connect(path) as db:
        rows = db.execute(statement, parameters).fetchall()
    db.close()
    return rows


RUN = {"pushed", "pulled", "conflicts", "parked", "rejected", "batches", "round_trips", "bytes_out", "bytes_in",
       "seconds", "waiting", "restarted", "tables", "documents"}  # fmt: skip


@pytest.mark.timeout(600)
def test_the_whole_story_from_an_empty_server(pg_empty_url: str, tmp_path: Path) -> None:
    url, store = pg_empty_url, tmp_path / "secrets.json"
    made = answer("server", "init", "--url", url, "--admin", "salma.bennis", "--name", "Salma Bennis")
    assert set(made) == {"revision", "admin"}
    # Given once: a second time completes the centre and leaves the account.
    assert answer("server", "init", "--url", url) == {"revision": made["revision"], "admin": None}
    assert answer("server", "agence", "add", "cas", "Casablanca", "--url", url)["code"] == "CAS"
    answer("server", "agence", "add", "TNG", "Tanger", "--ville", "Tanger", "--url", url)
    engine = create_pg_engine(url)
    with transaction(engine) as session:
        # Shown by whoever made the centre, it serves to choose one's own.
        with pytest.raises(PasswordToChooseError):
            auth.login(session, "salma.bennis", made["admin"]["password"])
        first = auth.choisir(session, "salma.bennis", made["admin"]["password"], "celui-de-salma")
        assert (made["admin"]["username"], first.nom, first.role) == ("salma.bennis", "Salma Bennis", Role.ADMIN)
    with engine.connect() as connection:
        # Both agencies, the administrator, and what a new centre is filled with: holidays and rates of all, the
        # hours of this agency.
        shared = (
            3
            + connection.exec_driver_sql(
                "SELECT (SELECT count(*) FROM jours_feries) + (SELECT count(*) FROM taux_tva) + (SELECT count(*) "
                "FROM taux_legaux) + (SELECT count(*) "
                "FROM horaires_agence WHERE agence_id = (SELECT id FROM agences WHERE code = 'CAS'))"
            ).scalar_one()
        )
    engine.dispose()
    assert shared > 3 + 5 + 6 + 30
    caches = [tmp_path / "un.sqlite", tmp_path / "deux.sqlite"]
    for number, cache in enumerate(caches, 1):
        done = answer("device", "enroll", "--url", url, "--agence", "CAS", "--name", f"P{number}", "--cache", cache,
                      "--no-encryption", store=store)  # fmt: skip
        assert {"poste", "login", "agence_id", "agence_code", "cache", "rows"} == set(done)
        assert (done["poste"], done["agence_code"], done["rows"]) == (number, "CAS", shared)
    one, two = caches
    now = "2026-11-20T08:00:00.000000Z"
    sql(
        one,
        "INSERT INTO clients (nom_entreprise, ville, created_at, updated_at) VALUES ('Atlas', 'Rabat', ?, ?)",
        now,
        now,
    )
    status = answer("sync", "status", "--cache", one, store=store)
    assert status["etat"]["en_attente"] == 1
    assert [s["libelle"] for s in status["sortants"]] == ["Atlas"]
    ran = answer("sync", "run", "--cache", one, store=store)
    assert set(ran) == RUN
    assert (ran["pushed"], ran["parked"], ran["conflicts"]) == (1, 0, 0)
    assert ran["bytes_out"] > 100
    assert answer("sync", "run", "--cache", two, store=store)["pulled"] == 1
    for cache, name in ((one, "Atlas Un"), (two, "Atlas Deux")):
        sql(cache, "UPDATE clients SET nom_entreprise = ?", name)
        answer("sync", "run", "--cache", cache, store=store)
    (conflict,) = answer("sync", "conflicts", "--cache", two, store=store)
    assert {"id", "table", "pk", "champ", "policy", "base", "mien", "leur", "a_decider", "resolu"} <= set(conflict)
    assert [conflict[k] for k in ("base", "mien", "leur")] == ["Atlas", "Atlas Deux", "Atlas Un"]
    answer("sync", "resolve", str(conflict["id"]), "--keep", "mine", "--cache", two, store=store)
    for cache in (two, one):
        answer("sync", "run", "--cache", cache, store=store)
    assert sql(one, "SELECT nom_entreprise FROM clients") == [("Atlas Deux",)]
    checked = answer("sync", "verify", "--cache", one, store=store)
    assert (checked["rows"], checked["differences"], checked["repaired"]) == (shared + 1, {}, 0)
    for command in ("parked", "rejected"):
        assert answer("sync", command, "--cache", two, store=store) == []
    listed = answer("device", "list", "--url", url)
    assert [(d["poste"], d["nom"], d["agence"], d["etat"]) for d in listed] == [
        (1, "P1", "CAS", "actif"), (2, "P2", "CAS", "actif"),
    ]  # fmt: skip
    state = answer("server", "status", "--url", url)
    assert (state["agences"], state["postes"], state["gares"]) == (2, 2, 0)
    answer("device", "revoke", "2", "--url", url)
    refused = erp("sync", "run", "--cache", two, "--json", store=store)
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "interdit"


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Check the shape of a refusal and return its code."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("erp-admin : ")
    error = json.loads(done.stdout)["error"]
    assert lines[0] == f"erp-admin : {error['message']}"
    return str(error["code"])


def test_wrong_addresses_are_refused_in_one_line(pg_server: EmbeddedPostgres, pg_url: str, tmp_path: Path) -> None:
    good = normalise_url(pg_url)
    text = {
        name: made.render_as_string(hide_password=False) for name, made in {
            "port": good.set(port=1), "base": good.set(database="absente"), "role": good.set(username="personne"),
        }.items()
    }  # fmt: skip
    for url, code in (
        ("nimporte", "base_refusee"), ("mysql://h/b", "base_refusee"), (text["port"], "indisponible"),
        (text["base"], "indisponible"), (text["role"], "indisponible"),
    ):  # fmt: skip
        assert refused(erp("server", "status", "--url", url, "--json")) == code
    cache = tmp_path / "x.sqlite"
    store = tmp_path / "s.json"
    done = erp(
        "device", "enroll", "--url", pg_url, "--agence", "ABC", "--name", "n", "--cache", cache, "--json", store=store
    )
    assert refused(done) == "refuse"
    assert not cache.exists()
    assert not store.exists()


@pytest.mark.parametrize("command", [("sync", "run"), ("sync", "status")])
def test_files_that_are_not_caches_are_refused_and_untouched(tmp_path: Path, command: tuple[str, str]) -> None:
    noise = tmp_path / "bruit.sqlite"
    noise.write_bytes(b"pas une base " * 400)
    other = tmp_path / "autre.sqlite"
    sql(other, "CREATE TABLE recettes (id INTEGER)")
    absent = tmp_path / "absente.sqlite"
    for path, code in ((noise, "base_refusee"), (other, "base_refusee"), (absent, "refuse")):
        before = path.read_bytes() if path.exists() else None
        assert refused(erp(*command, "--cache", path, "--json")) == code
        assert (path.read_bytes() if path.exists() else None) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["autre.sqlite", "bruit.sqlite"]


def test_missing_or_readable_secrets_are_refused(sqlite_path: Path, tmp_path: Path) -> None:
    assert refused(erp("sync", "run", "--cache", sqlite_path, "--json", store=tmp_path / "rien.json")) == "refuse"
    store = tmp_path / "ouvert.json"
    store.write_text("{}")
    store.chmod(0o644)
    assert refused(erp("sync", "run", "--cache", sqlite_path, "--json", store=store)) == "refuse"


@pytest.mark.parametrize(
    "arguments",
    [("sync",), ("sync", "run"), ("sync", "resolve", "1", "--cache", "x"),
     ("inconnu",), ("server", "agence", "add", "CAS"), ("sync", "resolve", "1", "--cache", "x", "--value", "{")],
)  # fmt: skip
def test_bad_usage_exits_two(arguments: tuple[str, ...]) -> None:
    assert erp(*arguments).returncode == 2
