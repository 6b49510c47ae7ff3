"""Devices whose past no longer fits the centre's: clones, restored files, long absences."""

from __future__ import annotations

from pathlib import Path

import pytest

from erp_desktop.centre.functions.rules import SERIES
from erp_desktop.db import secrets
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import CentralUnreachableError, CloneDetectedError, UserError
from erp_desktop.sync.device.reenrolment import reenroll
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.watch import housekeeping
from tests.sync.device.past import add_client, names
from tests.sync.lab import Device, Lab, T


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


def test_a_clone_brings_the_numbers_that_it_had_drawn_and_nobody_elses(lab: Lab) -> None:
    """They were printed and said aloud before anybody noticed; the other copy goes on with its series."""
    a, colleague = lab.device(), lab.device()
    clone = lab.copy_of(a, "clone.sqlite")
    machine, client = lab.sql("SELECT id, client_id FROM equipements WHERE agence_id = %s", a.agence_id)[0]

    def call(device: Device, pk: int, number: str) -> None:
        device.sql(
            "INSERT INTO interventions (id, agence_id, numero, titre, equipement_id, client_id, date_creation, "
            "created_at, updated_at) VALUES (?, ?, ?, 'Appel', ?, ?, ?, ?, ?)",
            pk, device.agence_id, number, machine, client, T, T, T,
        )  # fmt: skip

    drawn = f"INT-CAS-{a.poste:02d}-2026-00041"
    call(clone, 990_001, drawn)
    a.set("clients", client, ville="Ailleurs")
    a.sync()
    with pytest.raises(CloneDetectedError):
        clone.sync()
    second = again(lab, clone)
    third = again(lab, second)
    call(third, 990_002, f"INT-CAS-{colleague.poste:02d}-2026-00001")
    lab.settle()
    assert lab.sql("SELECT numero FROM interventions WHERE titre = 'Appel'") == [(drawn,)]
    assert third.value("SELECT raison FROM sync_gares") == SERIES
    assert lab.sql("SELECT poste, succede FROM sync.devices WHERE succede IS NOT NULL ORDER BY poste") == [
        (second.poste, a.poste), (third.poste, second.poste)
    ]  # fmt: skip


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
