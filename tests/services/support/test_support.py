"""A machine examined, and a file for support in which nobody's data and no secret are found."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop import clock
from erp_desktop.cli import doctor as doctor_command
from erp_desktop.cli import support as support_command
from erp_desktop.services.support import bundle, incidents, machine
from erp_desktop.settings import Settings
from tests.ui.company import creer

SECRET = "mot-de-passe-du-centre"
CRASHES = f"""
import faulthandler, logging, sys, threading
from pathlib import Path
from erp_desktop import log
from erp_desktop.services.support import incidents
logs = Path(sys.argv[1])
log.configure(logs)
watch = incidents.Watch(logs, "a")
print(watch.abrupt)
try:
    raise RuntimeError("postgresql://a:{SECRET}@centre/erp")
except RuntimeError:
    logging.getLogger("erp_desktop.ui").error("unexpected error", exc_info=True)
def dies():
    raise ValueError("in a thread")
thread = threading.Thread(target=dies)
thread.start()
thread.join()
watch.end()
incidents.Watch(logs, "b")
print(incidents.Watch(logs, "a").abrupt, flush=True)
faulthandler._sigsegv()
"""
AFTER = """
import sys
from pathlib import Path
from erp_desktop.services.support import incidents
watch = incidents.Watch(Path(sys.argv[1]), "a")
watch.end()
print(watch.abrupt, incidents.Watch(Path(sys.argv[1]), "a").abrupt)
"""


@pytest.fixture
def cache(sqlite_path: Path, sqlite_engine: sa.Engine) -> Path:
    creer(sqlite_engine)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES ('url', 'postgresql://127.0.0.1:1/erp'), "
            "('login', 'erp_p1')"
        )
    sqlite_engine.dispose()
    return sqlite_path


def test_the_machine_is_examined_and_the_file_for_support_is_of_nobody(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "journaux"
    logs.mkdir()
    monkeypatch.setenv("ERP_LOG_DIR", str(logs))
    monkeypatch.setenv("ERP_DATA_DIR", str(cache.parent))
    (logs / "erp-mif.log").write_text(
        f"connexion postgresql://a:{SECRET}@centre/erp\nsalma@mif.ma au +212 522 00 00 00\n{Path.home()}/erp\n"
        "2026-11-28 16:00:00 cycle 12 de 345678901234567 lignes\n",
        encoding="utf-8",
    )
    asked = CliRunner().invoke(doctor_command.app, ["--cache", str(cache), "--json"])
    assert asked.exit_code == 0, asked.output
    found = {one["controle"]: one for one in json.loads(asked.output)}
    assert {"révision", "structure", "intégrité", "ligne", "horloge", "place", "imprimante", "polices"} <= set(found)
    assert found["ligne"]["etat"] == "attention"
    assert "127.0.0.1 : Le serveur central ne répond pas" in found["ligne"]["detail"]
    target = tmp_path / "diagnostic.zip"
    done = CliRunner().invoke(support_command.app, ["--out", str(target), "--cache", str(cache), "--json"])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == sorted(json.loads(done.output)["contenu"])
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    whole = "\n".join(content.values())
    for hidden in (SECRET, "salma", "Salma", "522 00", str(Path.home()) + "/", "Conserveries Atlas", "Fuite d'huile"):
        assert hidden not in whole, hidden
    assert "cycle 12 de 345678901234567 lignes" in content["journaux/erp-mif.log"]
    base = json.loads(content["base.json"])
    assert base["a_envoyer"] > 0
    assert json.loads(content["versions.json"])["revision"] == base["revision"]


def test_a_clock_that_is_wrong_is_told_with_its_remedy() -> None:
    now = clock.now()
    assert [machine.drift(now, now - timedelta(seconds=s)).etat for s in (5, 120, 7200)] == [
        "ok", "attention", "erreur",
    ]  # fmt: skip
    assert "timedatectl" in machine.drift(now, now - timedelta(hours=2)).remede


def test_a_database_that_does_not_open_is_no_obstacle(tmp_path: Path) -> None:
    broken = tmp_path / "erp-mif.sqlite"
    broken.write_bytes(b"x" * 4096)
    found = {one.controle: one.etat for one in machine.examine(broken, tmp_path / "s.json")}
    assert (found["fichier"], found["polices"]) == ("erreur", "ok")
    assert bundle.clean("voir a.b@mif.ma") == "voir <adresse>"


def test_what_ended_unforeseen_is_kept_and_told_at_the_next_start(tmp_path: Path) -> None:
    logs = tmp_path / "journaux"
    crashed = subprocess.run([sys.executable, "-c", CRASHES, logs], capture_output=True, text=True, check=False)
    assert crashed.returncode != 0
    assert crashed.stdout.split() == ["False", "False"], crashed.stderr
    after = subprocess.run([sys.executable, "-c", AFTER, logs], capture_output=True, text=True, check=True)
    assert after.stdout.split() == ["True", "False"]
    texts = [file.read_text(encoding="utf-8") for file in incidents.reports(logs)]
    assert ["RuntimeError" in t for t in texts] == [True, False, False]
    assert ["ValueError: in a thread" in t for t in texts] == [False, True, False]
    assert ["Segmentation fault" in t or "access violation" in t for t in texts] == [False, False, True]
    assert not any(SECRET in t for t in texts)
    found = bundle.contents(Settings(data_dir=tmp_path, log_dir=logs))
    assert len([name for name in found if name.startswith("incidents/")]) == 3
    for n in range(incidents.KEPT + 3):
        incidents.write(logs, f"incident {n}")
    assert len(incidents.reports(logs)) == incidents.KEPT
    assert f"incident {incidents.KEPT + 2}" in incidents.reports(logs)[-1].read_text(encoding="utf-8")
