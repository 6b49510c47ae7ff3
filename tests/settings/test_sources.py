"""Settings: which source wins, what each wrong one is told, what the command shows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from erp_desktop import paths
from erp_desktop.cli.config import app
from erp_desktop.settings import Mode, SettingsError, described, folders, load, save, sources


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no policy and no variable of ours, its data in ``tmp_path``; returns the policy's file."""
    for variable in list(os.environ):
        if variable.startswith("ERP_"):
            monkeypatch.delenv(variable)
    policy = tmp_path / "machine" / "reglages.json"
    monkeypatch.setattr(sources, "policy_file", lambda: policy)
    monkeypatch.setenv("ERP_DATA_DIR", str(tmp_path))
    return policy


def told(error: SettingsError) -> list[tuple[str, str]]:
    return [(Path(one.source).name, one.words) for one in error.troubles]


def test_the_strongest_source_wins_and_is_named(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "reglages.json"
    own.write_text(json.dumps({"language": "ar", "theme": "sombre", "mode": "agence"}), encoding="utf-8")
    assert (load().language, load().theme, load().mode) == ("ar", "sombre", Mode.AGENCE)
    monkeypatch.setenv("ERP_LANGUAGE", "en")
    monkeypatch.setenv("ERP_THEME", "clair")
    machine.parent.mkdir()
    # A byte order mark, as Windows' own editor writes one.
    machine.write_text(json.dumps({"theme": "systeme", "idle_lock_minutes": 5}), encoding="utf-8-sig")
    now = load()
    assert (now.language, now.theme, now.idle_lock_minutes, now.mode) == ("en", "systeme", 5, Mode.AGENCE)
    assert load(theme="clair").theme == "clair"
    shown = {one.name: one.source for one in sources.explain()[0]}
    assert shown["theme"] == shown["idle_lock_minutes"] == str(machine)
    assert (shown["language"], shown["mode"], shown["sync_batch"]) == ("ERP_LANGUAGE", str(own), "défaut")
    # What the person changes is kept, and the policy goes on winning.
    assert save(now, theme="sombre").theme == "sombre"
    assert load().theme == "systeme"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mode", "agnce", "« mode » ne peut pas être « agnce » ; admis : autonome, agence ou centre."),
        ("language", "french", "« language » ne peut pas être « french » ; admis : fr, ar ou en."),
        ("theme", "", "« theme » ne peut pas être «  » ; admis : systeme, clair ou sombre."),
        ("sync_interval_s", "0", "« sync_interval_s » ne peut pas être « 0 » ; admis : un nombre, plus de 0."),
        ("sync_batch", "5e9", "« sync_batch » ne peut pas être « 5e9 » ; admis : un nombre entier, au moins 1, "
         "au plus 50000."),
        ("log_level", "BAVARD", "« log_level » ne peut pas être « BAVARD » ; admis : DEBUG, INFO, WARNING ou ERROR."),
        ("central_url", "serveur:5432", "« central_url » ne peut pas être « serveur:5432 » ; admis : "
         "postgresql://identifiant@serveur:5432/base, sans mot de passe."),
        ("cache_name", "../ailleurs.sqlite", "« cache_name » ne peut pas être « ../ailleurs.sqlite » ; admis : "
         "un nom de fichier, sans dossier."),
        ("demo", "peut-être", "« demo » ne peut pas être « peut-être » ; admis : true ou false."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_place_and_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"ERP_{name.upper()}", value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert told(refused.value) == [(f"ERP_{name.upper()}", words)]
    monkeypatch.delenv(f"ERP_{name.upper()}")
    (tmp_path / "reglages.json").write_text(json.dumps({name: value}), encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load()
    assert told(refused.value) == [("reglages.json", words)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"language": "fr",\n "theme" "clair"}', "ligne 2, colonne 10 : ce n'est pas du JSON."),
        (b"", "ligne 1, colonne 1 : ce n'est pas du JSON."),
        (b'["fr"]', 'un objet est attendu : { "language": "fr" }.'),
        (b'{"theme": "\xe9"}', "ce n'est pas un texte en UTF-8."),
        (b'{"langage": "fr"}', "« langage » n'est pas un réglage ; vouliez-vous dire « language » ?"),
        (b'{"password": "secret"}', "« password » : un mot de passe va dans le trousseau, .pgpass ou ERP_PASSWORD, "
         "jamais dans un fichier de réglages."),
        (b'{"data_dir": "/tmp"}', "« data_dir » : ce dossier est celui du fichier ; il se règle par la stratégie de "
         "la machine ou ERP_DATA_DIR."),
    ],
    ids=["comma", "empty", "list", "latin1", "misspelt", "password", "data_dir"],
)  # fmt: skip
def test_a_file_that_cannot_be_is_told_and_left_as_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "reglages.json"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        load()
    assert [(one.source, one.words) for one in refused.value.troubles] == [(str(file), words)]
    assert file.read_bytes() == content


def test_all_that_is_wrong_is_told_at_once_and_a_newer_key_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_SYNC_INTERVAL_S", "vite")
    file = tmp_path / "reglages.json"
    file.write_text(json.dumps({"theme": "bleu", "ecran_d_accueil_2031": 1}), encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load()
    assert {one.name for one in refused.value.troubles} == {"sync_interval_s", "theme"}
    monkeypatch.delenv("ERP_SYNC_INTERVAL_S")
    file.write_text(json.dumps({"ecran_d_accueil_2031": 1}), encoding="utf-8")
    assert save(load(), theme="clair").theme == "clair"
    assert json.loads(file.read_text(encoding="utf-8")) == {"ecran_d_accueil_2031": 1, "theme": "clair"}
    assert sources.explain()[2] == [(str(file), "ecran_d_accueil_2031")]


def test_a_folder_that_cannot_be_written_in_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plein").write_text("un fichier")
    monkeypatch.setenv("ERP_LOG_DIR", str(tmp_path / "plein"))
    with pytest.raises(SettingsError) as refused:
        folders(load())
    [trouble] = refused.value.troubles
    assert trouble.source == "ERP_LOG_DIR"
    assert str(tmp_path / "plein") in trouble.words
    monkeypatch.delenv("ERP_LOG_DIR")
    monkeypatch.setenv("ERP_DATA_DIR", str(tmp_path / "plein"))
    with pytest.raises(SettingsError) as refused:
        folders(load())
    assert [one.source for one in refused.value.troubles] == ["ERP_DATA_DIR"]


def test_config_show_tells_values_sources_and_errors_and_never_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_PASSWORD", "tr3s-secret")
    monkeypatch.setenv("ERP_LANGUAGE", "ar")
    done = CliRunner().invoke(app, ["show", "--json"])
    answer = json.loads(done.output)
    assert done.exit_code == 0
    assert {"nom": "language", "valeur": "ar", "source": "ERP_LANGUAGE"} in answer["reglages"]
    assert "tr3s-secret" not in done.output
    assert "tr3s-secret" not in CliRunner().invoke(app, ["show"]).output
    monkeypatch.setenv("ERP_LANGUAGE", "klingon")
    done = CliRunner().invoke(app, ["show"])
    assert done.exit_code == 1
    assert "ERREUR ERP_LANGUAGE : « language » ne peut pas être « klingon » ; admis : fr, ar ou en." in done.output


def test_the_page_of_the_settings_is_written_from_their_declaration() -> None:
    page = paths.ROOT / "docs" / "reglages.md"
    assert page.read_text(encoding="utf-8") == described.document()
