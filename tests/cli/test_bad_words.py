"""What a command does with words that nobody can keep, days of no calendar, and an error that nobody foresaw."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from erp_desktop import cli, paths
from erp_desktop.cli import audit, calendrier, common, data, db, referentiel, release, report, server, support, sync
from erp_desktop.cli.french import Commands

ANSWERED_FIRST = {
    "papier check", "papier preview", "config document", "release key", "release verify", "server restore",
}  # fmt: skip
"""No database, or first a file, whose name may be of another encoding."""


def commands() -> Iterator[tuple[list[str], Any, typer.Typer]]:
    for group in cli.GROUPS:
        app = importlib.import_module(f"erp_desktop.cli.{group}").app

        def walk(command: Any, path: list[str], app: typer.Typer) -> Iterator[tuple[list[str], Any, typer.Typer]]:
            for name, inner in getattr(command, "commands", {}).items():
                yield from walk(inner, [*path, name], app)
            if not hasattr(command, "commands"):
                yield path, command, app

        yield from walk(typer.main.get_command(app), [group], app)


def refused(app: typer.Typer, *words: str, status: int = 1) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
    assert done.exit_code == status, (words, done.output)
    (line,) = done.stderr.strip().splitlines()
    return str(line)


@pytest.mark.parametrize("word", ["a\0b", "Caf\udce9", "\ud800"])
def test_words_that_no_database_keeps_are_refused_in_one_line(word: str, tmp_path: Path) -> None:
    """Bytes of another encoding come as halves of characters."""
    tried = 0
    for path, command, app in commands():
        taken = [p for p in command.params if "Argument" in type(p).__name__ and p.required]
        target = "--cache" if "cache" in {p.name for p in command.params} else "--url"
        words = [word for _ in taken]
        if not words or " ".join(path) in ANSWERED_FIRST or "url" not in {p.name for p in command.params}:
            continue
        asked = [opt for p in command.params if p.required and p not in taken and p.name not in ("url", "cache")
                 for opt in (p.opts[0], "x")]  # fmt: skip
        where = [target, str(tmp_path / "rien.sqlite") if target == "--cache" else "postgresql://x@127.0.0.1:1/x"]
        done = CliRunner().invoke(app, [*path[1:], *where, *asked, "--", *words])
        assert isinstance(done.exception, SystemExit), (path, done.exception)
        assert done.exit_code in (1, 2), (path, done.output)
        assert len(done.stderr.strip().splitlines()) == 1, (path, done.stderr)
        tried += "ce texte contient un caractère interdit" in done.stderr
    assert tried > 25


def test_days_and_years_of_no_calendar(sqlite_path: Path, tmp_path: Path) -> None:
    where = ("--cache", str(sqlite_path))
    for year in ("-5", "0", "99999"):
        for act in ("feries", "completer"):
            assert refused(calendrier.app, act, *where, "--", year).endswith("de 1900 à 2199."), (act, year)
    for name, told in (("--debut", "0001-01-01"), ("--fin", "9999-12-31")):
        out = tmp_path / "rapport.csv"
        said = refused(report.app, "interventions", "--format", "csv", "--out", str(out), name, told, *where)
        assert said == "erp-admin : Une date est hors du calendrier admis, de 1900 à 2199."
        assert not out.exists()
    said = refused(audit.app, "list", "--au", "9999-12-31", *where)
    assert said == "erp-admin : Une date est hors du calendrier admis, de 1900 à 2199."
    for day in ("2026-W01-1", "20261130", "31/12/2026"):
        said = refused(calendrier.app, "ajouter", day, "Fête", *where)
        assert said == f"erp-admin : « {day} » n'est pas une date de la forme AAAA-MM-JJ."
    logo = refused(referentiel.app, "logo", *where, "--", "9" * 30, str(tmp_path / "logo.png"))
    assert logo == "erp-admin : Un nombre n'en est pas un, ou dépasse ce qui peut être gardé."
    assert refused(support.app, "--out", "", *where) == "erp-admin : Impossible d'écrire . : c’est un dossier."
    for name, told in (("x" * 121, "120 caractères au plus."), ("\u200f", "Donnez le nom de ce jour.")):
        assert refused(calendrier.app, "ajouter", "2027-06-15", name, *where) == f"erp-admin : {told}"
    long = refused(calendrier.app, "definir", "TOUTES", "1" * 5_000 + "=08:00-12:00", *where)
    assert long.endswith("(1 est lundi).")
    assert len(long) < 200


def test_files_that_are_not_what_is_asked_for(sqlite_path: Path, tmp_path: Path) -> None:
    nowhere, missing, empty = ("--url", "postgresql://x@127.0.0.1:1/x"), tmp_path / "absent", tmp_path / "vide"
    empty.touch()
    for source in (missing, tmp_path, Path()):
        said = refused(server.app, "init", *nowhere, "--from", str(source))
        assert said == f"erp-admin : Le fichier {source} n'existe pas."
    assert "est abîmée (elle est vide)" in refused(server.app, "init", *nowhere, "--from", str(empty))
    for command in ("status", "preview", "upgrade"):
        said = refused(db.app, command, "--cache", "")
        assert said == "erp-admin : . est un dossier : donnez le fichier de la base locale."
    assert not missing.exists()
    assert empty.read_bytes() == b""
    deep = tmp_path / "secrets.json"
    deep.write_text("[" * 100_000, encoding="utf-8")
    deep.chmod(0o600)
    where = ("--cache", str(sqlite_path))
    for secrets, told in ((deep, "n'est pas lisible."), (tmp_path, "est un dossier.")):
        assert refused(sync.app, "status", *where, "--secrets", str(secrets)).endswith(told)
    said = refused(sync.app, "resolve", "1", *where, "--value", "[" * 100_000, status=2)
    assert said.startswith("erp-admin : --value doit être du JSON")
    assert "--folder ne vaut que pour un centre" in refused(db.app, "backup", "--folder", "x", *where, status=2)
    both = refused(db.app, "upgrade", *nowhere, "--backups", "x", "--no-backup", status=2)
    assert "donner --backups ou --no-backup, pas les deux" in both
    before = sqlite_path.read_bytes()
    said = refused(data.app, "export", "clients", str(sqlite_path), *where)
    assert said.endswith(" » est la base locale elle-même : donnez un autre fichier.")
    assert sqlite_path.read_bytes() == before
    archive = tmp_path / "centre.dump"
    archive.write_bytes(b"rien")
    said = refused(server.app, "restore", str(archive), *nowhere)
    assert said.endswith(" : ce n'est pas une archive de pg_dump, ou elle est coupée.")
    archive.with_suffix(".sha256").touch()
    assert refused(server.app, "restore", str(archive), *nowhere).endswith("son empreinte diffère.")
    sign = ("sign", str(tmp_path), "--key", str(deep), "--linux", "vide")
    assert "--jours" in refused(release.app, *sign, "--jours", "999999999", status=2)
    for stage in ("2026-W50-1:CAS", "2026-12-01:250%", "2026-12-01:"):
        assert "Étape illisible" in refused(release.app, *sign, "--etape", stage)
    assert "obligatoire" in refused(server.app, "agence", "add", "CAS", "\u200b", *nowhere)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name")
def test_what_is_no_file_is_not_replaced_by_one(sqlite_path: Path, tmp_path: Path) -> None:
    """``--out /dev/null`` under root took the device away from the whole machine."""
    pipe = tmp_path / "tube.csv"
    os.mkfifo(pipe)
    said = refused(data.app, "export", "clients", str(pipe), "--cache", str(sqlite_path))
    assert said == f"erp-admin : Impossible d’écrire {pipe} : ce nom ou cet appel n’est pas admis ici."
    assert pipe.is_fifo()
    assert [one.name for one in tmp_path.glob(".*")] == []


def test_an_error_that_nobody_foresaw_is_one_line_and_its_trace_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "log_dir", lambda: tmp_path / "journaux")
    app = Commands(help="Essai.")

    @app.command("diviser")
    @common.guarded
    def divide(number: int) -> None:
        typer.echo(1 // number)

    @app.command("rien")
    def nothing() -> None:
        pass

    file = tmp_path / "journaux" / "erp-admin.log"
    said = refused(app, "diviser", "0")
    assert said == f"erp-admin : Erreur imprévue (ZeroDivisionError) ; le détail est dans {file}"
    assert "in divide" in file.read_text(encoding="utf-8")
    assert "attendu" in refused(app, "diviser", "un", status=2)
    assert CliRunner().invoke(app, ["diviser", "1"]).output == "1\n"
