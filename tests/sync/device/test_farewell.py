"""Devices that leave: what they hand over, what is erased, and who may come back."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import CentralUnreachableError, DeviceErasedError, DeviceRevokedError, UserError
from erp_desktop.services.drafts import Coffre
from erp_desktop.settings import Settings
from erp_desktop.sync.device import registration
from erp_desktop.sync.status import EtatSync
from erp_desktop.sync.watch import housekeeping
from erp_desktop.sync.watch.service import SyncService
from tests.processes import erp_admin
from tests.sync.device.past import add_client
from tests.sync.lab import Device, Lab
from tests.sync.proxy import ChaosProxy

LOGIN = "SELECT login FROM sync.devices WHERE poste = %s"
ETAT = "SELECT etat FROM sync.devices WHERE poste = %s"


def revoke(lab: Lab, device: Device, *, stolen: bool) -> None:
    engine = create_pg_engine(lab.url)
    registration.revoke(engine, device.poste, stolen=stolen)
    engine.dispose()


def erased(device: Device) -> bool:
    counts = [device.value(f"SELECT count(*) FROM {t}") for t in ("clients", "interventions", "users", "sync_outbox")]
    return counts == [0, 0, 0, 0]


def test_a_revocation_that_is_cut_says_how_far_it_came_and_is_finished_by_the_next(lab: Lab) -> None:
    device, told = lab.device(), []
    with ChaosProxy.before(lab.url) as line:
        engine = create_pg_engine(make_url(lab.url).set(host="127.0.0.1", port=line.port).render_as_string(False))
        for boundary in itertools.count(1):
            left = [boundary]

            def burn(*_heard: object, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] == 0:
                    line.cut()

            sa.event.listen(engine, "before_cursor_execute", burn)
            try:
                with registration.in_french():
                    registration.revoke(engine, device.poste, stolen=True)
                break
            except CentralUnreachableError as error:
                told.append(("déjà refusé" in str(error), lab.value(ETAT, device.poste)))
            finally:
                sa.event.remove(engine, "before_cursor_execute", burn)
    assert told[:2] == [(False, "actif")] * 2
    assert set(told[2:]) == {(True, "vole")}
    assert len(told) > 5
    assert lab.value(f"SELECT pg_has_role(login, 'erp_revoque', 'MEMBER') FROM ({LOGIN}) d", device.poste)
    assert not lab.value(f"SELECT pg_has_role(login, 'erp_device', 'MEMBER') FROM ({LOGIN}) d", device.poste)


def test_a_device_registered_while_the_answer_is_lost_is_there_once(lab: Lab) -> None:
    with ChaosProxy.before(lab.url) as line:
        engine = create_pg_engine(make_url(lab.url).set(host="127.0.0.1", port=line.port).render_as_string(False))
        sa.event.listen(engine, "commit", lambda _line: line.cut_after(0, "in"), once=True)
        poste, login, *_ = registration.register(engine, "CAS", "Accueil", "un mot de passe")
        assert lab.sql("SELECT poste, login FROM sync.devices WHERE nom = 'Accueil'") == [(poste, login)]
        sa.event.listen(engine, "commit", lambda _line: line.cut_after(0, "out"), once=True)
        with pytest.raises(CentralUnreachableError), registration.in_french():
            registration.register(engine, "CAS", "Comptoir", "un mot de passe")
        assert lab.sql("SELECT poste FROM sync.devices WHERE nom = 'Comptoir'") == []
        registration.unregister(engine, poste, login)


def test_a_retired_device_hands_over_its_work_and_is_erased(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    one = lab.ids("interventions")[0]
    a.set("interventions", one, titre="Le dernier mot")
    add_client(a, 990_001, "Né trop tard")
    drafts = a.path.parent / "brouillons"
    Coffre(drafts / "brouillons.sqlite", 1, a.key).write("clients/-1", "{}")
    revoke(lab, a, stolen=False)
    with pytest.raises(DeviceErasedError):
        a.sync()
    assert erased(a)
    assert not drafts.exists()
    a.hang_up()
    with pytest.raises(UserError, match="retiré par un administrateur"):
        a.sync()
    content = a.path.read_bytes()
    a.hang_up()
    assert b"Le dernier mot" not in content
    lab.devices.remove(a)
    assert lab.get("interventions", one, "titre") != "Le dernier mot"
    engine = create_pg_engine(lab.url)
    try:
        (waiting,) = housekeeping.quarantine(engine)
        assert (waiting["poste"], waiting["unites"]) == (a.poste, 2)
        done = housekeeping.take_over(engine, waiting["id"])
        assert (done["unites"], done["conflits"], done["gares"]) == (2, 0, 0)
        with pytest.raises(UserError):
            housekeeping.take_over(engine, waiting["id"])
        assert housekeeping.quarantine(engine) == []
    finally:
        engine.dispose()
    assert lab.get("interventions", one, "titre") == "Le dernier mot"
    b.sync()
    assert b.get("clients", 990_001, "nom_entreprise") == "Né trop tard"
    lab.settle()
    lab.converged()


def test_the_window_is_told_that_its_data_is_gone(lab: Lab) -> None:
    a, states = lab.device(), list[EtatSync]()
    told = threading.Event()
    revoke(lab, a, stolen=True)
    a.hang_up()

    def hear(state: EtatSync) -> None:
        states.append(state)
        if state.efface:
            told.set()

    service = SyncService(Settings(secrets_file=a.secrets_file), a.path, a.key, hear)
    service.start()
    try:
        assert told.wait(60)
    finally:
        service.stop()
    assert any(s.efface and "retiré par un administrateur" in (s.erreur or "") for s in states)
    lab.devices.remove(a)


def test_a_stolen_device_sends_nothing_and_is_erased(lab: Lab) -> None:
    a = lab.device(encrypted=True)
    a.set("interventions", lab.ids("interventions")[0], titre="Volé")
    revoke(lab, a, stolen=True)
    with pytest.raises(DeviceRevokedError):
        a.sync()
    assert erased(a)
    assert lab.value("SELECT count(*) FROM sync.quarantaine") == 0
    lab.devices.remove(a)
    a.hang_up()


def test_a_cut_before_the_centres_word_erases_nothing(lab: Lab) -> None:
    a = lab.device()
    proxy = lab.proxy(a)
    a.sync()
    a.set("interventions", lab.ids("interventions")[0], titre="Gardé")
    revoke(lab, a, stolen=False)
    proxy.cut()
    with pytest.raises(CentralUnreachableError):
        a.sync()
    assert a.waiting > 0


def test_reenrolment_and_quarantine_from_the_command_line(lab: Lab) -> None:
    a = lab.device()
    clone = lab.copy_of(a, "clone.sqlite")
    a.set("interventions", lab.ids("interventions")[0], titre="Original")
    a.sync()
    clone.set("interventions", lab.ids("interventions")[1], titre="Clone")
    clone.hang_up()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return clone.run(*arguments)

    locked = lab.device("CAS", encrypted=True)
    elsewhere = lab.folder / "ailleurs.json"
    blind = erp_admin("sync", "run", "--cache", locked.path, "--secrets", elsewhere)
    assert blind.returncode == 1
    assert str(elsewhere) in blind.stderr
    assert "--secrets" in blind.stderr
    assert "ERP_SECRETS_FILE" in blind.stderr
    refused = run("sync", "run", "--json")
    assert refused.returncode == 1
    assert "reenroll" in refused.stderr
    nobody = run("device", "reenroll", "--json")
    assert nobody.returncode == 1
    assert "Administrateur PostgreSQL du centre" in nobody.stderr
    done = run("device", "reenroll", "--login", "postgres", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["former_poste"], told["waiting"]) == (a.poste, 1)
    sent = run("sync", "run", "--json")
    assert json.loads(sent.stdout)["pushed"] == 1, sent.stderr
    assert lab.get("interventions", lab.ids("interventions")[1], "titre") == "Clone"
