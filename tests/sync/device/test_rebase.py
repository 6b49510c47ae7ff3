"""Devices whose past no longer fits the centre's: clones, restored files and centres, long absences, farewells.

Long on purpose: each test is a whole story of two devices and a centre.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from erp_desktop.db import secrets
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import CentralUnreachableError, CloneDetectedError, DeviceRevokedError, SyncError, UserError
from erp_desktop.sync.device import registration
from erp_desktop.sync.device.reenrolment import reenroll
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.watch import housekeeping
from tests.processes import erp_admin
from tests.sync.lab import Device, Lab, T


def add_client(device: Device, pk: int, name: str) -> None:
    device.sql(
        "INSERT INTO clients (id, agence_id, nom_entreprise, ville, created_at, updated_at) "
        "VALUES (?, ?, ?, 'V', ?, ?)",
        pk, device.agence_id, name, T, T,
    )  # fmt: skip


def add_equipment(device: Device, pk: int, client: int, name: str) -> None:
    device.sql(
        "INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)", pk, device.agence_id, client, name, f"EQ-{pk}", T, T,
    )  # fmt: skip


def again(lab: Lab, device: Device) -> Device:
    """Enrol a device's file anew; from then on the lab watches it as a device of its own."""
    device.hang_up()
    done = reenroll(lab.url, device.path, secrets_file=device.secrets_file)
    made = Device(
        lab, device.path, device.secrets_file, done.poste,
        device.value("SELECT valeur FROM sync_meta WHERE cle = 'login'"), device.agence, device.agence_id, device.key,
    )  # fmt: skip
    lab.devices = [d for d in lab.devices if d.path != device.path] + [made]
    return made


def names(lab: Lab, pattern: str) -> list[str]:
    return [r[0] for r in lab.sql(
        "SELECT nom_entreprise FROM clients WHERE nom_entreprise LIKE %s ORDER BY 1", pattern
    )]  # fmt: skip


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_cloned_disk_becomes_a_device_of_its_own(lab: Lab, encrypted: bool) -> None:
    """Both copies made rows under the same identifiers before either noticed."""
    a = lab.device(encrypted=encrypted)
    pk = lab.ids("interventions")[0]
    clone = lab.copy_of(a, "clone.sqlite")
    for device, who in ((a, "origine"), (clone, "clone")):
        add_client(device, 990_001, f"Né {who}")
        add_equipment(device, 990_002, 990_001, f"Presse {who}")
    a.sync()
    for table in ("clients", "equipements"):
        clone.sql(f"UPDATE {table} SET created_at = '2026-11-21T08:00:00.000000Z' WHERE id > 990000")
    clone.set("equipements", 990_002, code_interne="EQ-X")
    clone.set("interventions", pk, diagnostic="Du clone")
    with pytest.raises(CloneDetectedError, match="reenroll"):
        clone.sync()
    second = again(lab, clone)
    assert second.poste != a.poste
    lab.settle()
    lab.converged()
    assert names(lab, "Né %") == ["Né clone", "Né origine"]
    assert lab.get("interventions", pk, "diagnostic") == "Du clone"
    owners = dict(lab.sql(
        "SELECT e.nom, c.nom_entreprise FROM equipements e JOIN clients c ON c.id = e.client_id "
        "WHERE e.nom IN ('Presse origine', 'Presse clone')"
    ))  # fmt: skip
    assert owners == {"Presse origine": "Né origine", "Presse clone": "Né clone"}
    assert second.value("SELECT poste FROM _allocateur") == second.poste
    assert second.waiting == 0


def test_a_cache_restored_from_yesterday_is_enrolled_again_and_doubles_nothing(lab: Lab) -> None:
    a = lab.device()
    one, two = lab.ids("interventions")[:2]
    add_client(a, 990_001, "Né hier")
    a.set("interventions", one, titre="Changé hier")
    yesterday = lab.copy_of(a, "hier.sqlite")
    a.sync()
    a.set("clients", 990_001, ville="Depuis")
    a.set("interventions", one, titre="Changé depuis")
    a.set("interventions", two, titre="Seulement depuis")
    a.sync()
    lab.devices.remove(a)
    a.hang_up()
    yesterday.set("interventions", two, diagnostic="Après la restauration")
    add_client(yesterday, 990_009, "Né après")
    with pytest.raises(CloneDetectedError):
        yesterday.sync()
    back = again(lab, yesterday)
    lab.settle()
    lab.converged()
    assert names(lab, "Né %") == ["Né après", "Né hier"]
    assert lab.get("clients", 990_001, "ville") == "Depuis"
    assert lab.get("interventions", one, "titre") == "Changé depuis"
    assert lab.get("interventions", two, "titre") == "Seulement depuis"
    assert lab.get("interventions", two, "diagnostic") == "Après la restauration"
    # The older value of a field that both times changed is not lost: it shows.
    assert ("interventions", one, "titre", "Changé hier") in [(t, p, c, m) for t, p, c, _, m, _ in back.conflicts()]


def test_a_cut_while_enrolling_again_leaves_the_device_as_it_was(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    a = lab.device()
    clone = lab.copy_of(a, "clone.sqlite")
    a.set("interventions", lab.ids("interventions")[0], titre="Original")
    a.sync()
    clone.set("interventions", lab.ids("interventions")[1], titre="Clone")
    before = (clone.rows(), clone.sql("SELECT * FROM sync_meta ORDER BY cle"), clone.sql("SELECT * FROM sync_outbox"))
    kept = secrets.load(clone.path, clone.secrets_file)
    from erp_desktop.sync.first_copy import fresh_copy

    real = fresh_copy.apply_rows

    def cut(*arguments: object, **options: object) -> None:
        real(*arguments, **options)  # type: ignore[arg-type]
        raise CentralUnreachableError("coupée")

    monkeypatch.setattr(fresh_copy, "apply_rows", cut)
    clone.hang_up()
    with pytest.raises(CentralUnreachableError):
        reenroll(lab.url, clone.path, secrets_file=clone.secrets_file)
    monkeypatch.undo()
    assert (clone.rows(), clone.sql("SELECT * FROM sync_meta ORDER BY cle"),
            clone.sql("SELECT * FROM sync_outbox")) == before  # fmt: skip
    assert secrets.load(clone.path, clone.secrets_file) == kept
    assert not list(clone.path.parent.glob("*.reprise*"))
    again(lab, clone)
    lab.settle()
    lab.converged()


def test_a_file_that_was_never_enrolled_is_refused(lab: Lab, tmp_path: Path) -> None:
    alone = tmp_path / "seule.sqlite"
    empty_cache.create_cache(alone, None, 1)
    before = lab.value("SELECT count(*) FROM sync.devices")
    with pytest.raises(UserError, match="pas inscrite"):
        reenroll(lab.url, alone, secrets_file=tmp_path / "s.json")
    assert lab.value("SELECT count(*) FROM sync.devices") == before


@pytest.fixture
def recovered(lab: Lab, pg_server: EmbeddedPostgres) -> Iterator[list[str]]:
    """Names of the databases that a test made by copying the centre; dropped at the end."""
    made: list[str] = []
    first = lab.url
    yield made
    lab.close_lines()
    for name in made:
        pg_server.drop_database(name)
    lab.url = first
    lab.open_lines()


def dump(lab: Lab, server: EmbeddedPostgres, name: str) -> str:
    """A copy of the centre as it is now, under another name: what a restored backup is. Returns its address."""
    lab.close_lines()
    return server.create_database(name, normalise_url(lab.url).database)


def move_to(lab: Lab, url: str) -> None:
    """Every device and the lab itself now speak to another database."""
    target = normalise_url(url)
    lab.close_lines()
    lab.url = url
    lab.open_lines()
    for device in lab.devices:
        stored = normalise_url(device.value("SELECT valeur FROM sync_meta WHERE cle = 'url'"))
        device.sql("UPDATE sync_meta SET valeur = ? WHERE cle = 'url'",
                   stored.set(database=target.database).render_as_string(hide_password=False))  # fmt: skip


def test_a_centre_recovered_to_an_hour_ago_gets_back_what_devices_had_sent(
    lab: Lab, pg_server: EmbeddedPostgres, recovered: list[str]
) -> None:
    a, b = lab.device(), lab.device()
    one, two, three = lab.ids("interventions")[:3]
    a.set("interventions", one, titre="Avant la sauvegarde")
    lab.settle()
    copy = f"{normalise_url(lab.url).database}_hier"
    recovered.append(copy)
    restored = dump(lab, pg_server, copy)
    lab.open_lines()
    # The lost hour: two batches of a, one of b, a change of b that a received, a deletion.
    a.set("interventions", two, titre="Dans l'heure perdue")
    a.sync()
    add_client(a, 990_001, "Né dans l'heure")
    a.sync()
    b.set("interventions", three, diagnostic="De l'autre poste")
    b.sql("DELETE FROM lignes_intervention WHERE id = ?", b.value("SELECT max(id) FROM lignes_intervention"))
    b.sync()
    lab.settle()
    # Still unsent when the centre falls.
    a.set("interventions", two, diagnostic="Pas encore parti")
    lost = {r[0]: r for r in lab.sql("SELECT id, titre, diagnostic FROM interventions")}
    lines = lab.value("SELECT count(*) FROM lignes_intervention")
    move_to(lab, restored)
    assert names(lab, "Né %") == []
    first = a.sync()
    assert first.restarted
    assert b.sync().restarted
    lab.settle()
    lab.converged()
    assert names(lab, "Né %") == ["Né dans l'heure"]
    now = {r[0]: r for r in lab.sql("SELECT id, titre, diagnostic FROM interventions")}
    assert now == lost | {two: (two, "Dans l'heure perdue", "Pas encore parti")}
    assert lab.value("SELECT count(*) FROM lignes_intervention") == lines
    assert not a.sync().restarted
    assert a.conflicts() == b.conflicts() == []


def test_a_centre_moved_to_another_cluster_costs_a_fresh_copy_and_nothing_else(
    lab: Lab, pg_server: EmbeddedPostgres, recovered: list[str]
) -> None:
    a = lab.device(encrypted=True)
    one = lab.ids("interventions")[0]
    a.set("interventions", one, titre="Envoyé")
    a.sync()
    a.set("interventions", one, titre="En attente")
    copy = f"{normalise_url(lab.url).database}_neuf"
    recovered.append(copy)
    url = dump(lab, pg_server, copy)
    move_to(lab, url)
    lab.set("clients", lab.ids("clients")[0], ville="Changée au nouveau centre")
    lab.set("interventions", one, titre="Changé au nouveau centre")
    result = a.sync()
    assert result.restarted
    lab.settle()
    lab.converged()
    assert lab.get("interventions", one, "titre") == "Changé au nouveau centre"
    assert a.conflicts()[0][2:] == ("titre", "Envoyé", "En attente", "Changé au nouveau centre")


def test_batches_that_are_no_longer_kept_stop_the_recovery_and_lose_nothing(
    lab: Lab, pg_server: EmbeddedPostgres, recovered: list[str]
) -> None:
    a = lab.device()
    copy = f"{normalise_url(lab.url).database}_vieux"
    recovered.append(copy)
    url = dump(lab, pg_server, copy)
    lab.open_lines()
    for turn in range(3):
        a.set("interventions", lab.ids("interventions")[0], titre=f"Tour {turn}")
        a.sync()
    a.sql("DELETE FROM sync_lots WHERE numero = 1")
    move_to(lab, url)
    with pytest.raises(SyncError, match="trop ancienne"):
        a.sync()
    assert a.get("interventions", lab.ids("interventions")[0], "titre") == "Tour 2"


def test_offline_for_120_days_while_deletions_were_forgotten(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    lab.settle()
    clients = lab.ids("clients")
    lines = lab.ids("lignes_intervention")
    one = lab.ids("interventions")[0]
    a.set("interventions", one, titre="Écrit pendant l'absence")
    a.sql("DELETE FROM lignes_intervention WHERE id = ?", lines[3])
    add_client(a, 990_001, "Né pendant l'absence")
    a.set("lignes_intervention", lines[0], designation="Modifiée, supprimée au centre")
    for line in lines[:3]:
        lab.sql("DELETE FROM lignes_intervention WHERE id = %s", line)
    lab.set("clients", clients[0], ville="Ailleurs")
    b.sync()
    b.hang_up()
    lab.sql("UPDATE sync.devices SET vu_a = now() - interval '120 days' WHERE poste = %s", a.poste)
    engine = create_pg_engine(lab.url)
    try:
        assert housekeeping.purge(engine, 90).lignes == 0  # b said hello before it received the deletions
        b.sync()
        assert housekeeping.purge(engine, 90).lignes == 3
    finally:
        engine.dispose()
    a.hang_up()
    result = a.sync()
    assert result.restarted
    lab.settle()
    assert lab.get("interventions", one, "titre") == "Écrit pendant l'absence"
    assert names(lab, "Né %") == ["Né pendant l'absence"]
    assert lab.value("SELECT count(*) FROM lignes_intervention WHERE id = ANY(%s)", lines[1:4]) == 0
    assert a.value("SELECT count(*) FROM lignes_intervention WHERE id IN (?, ?)", lines[1], lines[2]) == 0
    # Nobody remembers the deleted row: what was written on it is parked, visible, and still here.
    assert [code for _, code, _ in a.parked()] == ["partie"]
    assert a.get("lignes_intervention", lines[0], "designation") == "Modifiée, supprimée au centre"
    assert [d for d in lab.differences(a) if str(lines[0]) not in d] == []
    assert lab.differences(b) == []


def test_a_purge_waits_for_devices_that_are_still_expected(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    lab.settle()
    lab.sql("DELETE FROM lignes_intervention WHERE id = %s", lab.ids("lignes_intervention")[0])
    lab.set("clients", lab.ids("clients")[0], ville="Après la suppression")
    b.sync()
    for device in (a, b):
        device.hang_up()
    b.sync()
    engine = create_pg_engine(lab.url)
    try:
        assert housekeeping.purge(engine, 90).lignes == 0
        a.sync()
        a.hang_up()
        a.sync()
        assert housekeeping.purge(engine, 90).lignes == 1
    finally:
        engine.dispose()
    a.hang_up()
    assert not a.sync().restarted
    lab.converged()


def revoke(lab: Lab, device: Device, *, stolen: bool) -> None:
    engine = create_pg_engine(lab.url)
    registration.revoke(engine, device.poste, stolen=stolen)
    engine.dispose()


def erased(device: Device) -> bool:
    counts = [device.value(f"SELECT count(*) FROM {t}") for t in ("clients", "interventions", "users", "sync_outbox")]
    return counts == [0, 0, 0, 0]


def test_a_retired_device_hands_over_its_work_and_is_erased(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    one = lab.ids("interventions")[0]
    a.set("interventions", one, titre="Le dernier mot")
    add_client(a, 990_001, "Né trop tard")
    revoke(lab, a, stolen=False)
    with pytest.raises(DeviceRevokedError):
        a.sync()
    assert erased(a)
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
