"""Lines that are cut, hang or come back; processes that die or meet: nothing lost, nothing doubled."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time

import pytest

from erp_desktop.errors import CentralUnreachableError, CloneDetectedError
from tests.sync.lab import Device, Lab, T


def add(device: Device, count: int, start: int) -> None:
    """``count`` clients, each a change of its own, with known keys."""
    with device.console() as db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            [(start + 2 * i, device.agence_id, f"C{start + 2 * i}", T, T) for i in range(count)],
        )
        db.execute("COMMIT")


def test_a_cut_after_the_commit_and_before_the_reply_doubles_nothing(lab: Lab) -> None:
    a = lab.device()
    proxy = lab.proxy(a)
    a.sync()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="Une fois")
    add(a, 20, 1_000)
    frozen = a.syncer.outbox.next_batch(5000)
    proxy.cut_after(0, "in")
    with pytest.raises(CentralUnreachableError):
        a.sync()
    assert lab.get("interventions", pk, "titre") == "Une fois", "the centre had committed"
    assert a.waiting > 0
    assert a.syncer.outbox.next_batch(5000) == frozen
    proxy.heal()
    version = lab.value("SELECT ver FROM sync.row_state WHERE nom_table = 'interventions' AND pk = %s", pk)
    lab.settle()
    assert lab.value("SELECT ver FROM sync.row_state WHERE nom_table = 'interventions' AND pk = %s", pk) == version
    assert a.waiting == 0
    assert lab.value("SELECT count(*) FROM sync.lots") == 1
    lab.converged()


def test_a_cut_at_any_byte_is_only_a_delay(lab: Lab) -> None:
    a = lab.device()
    proxy = lab.proxy(a)
    chance = random.Random(7)
    for turn in range(12):
        add(a, 5, 10_000 + 100 * turn)
        lab.set("clients", lab.ids("clients")[0], ville=f"Ville {turn}")
        proxy.cut_after(chance.randrange(3_000), chance.choice(["in", "out"]))
        with contextlib.suppress(CentralUnreachableError):
            a.sync()
        proxy.heal()
    lab.settle()
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 10000 AND 12000") == 60
    assert a.parked() == []
    lab.converged()


def test_a_half_open_line_meets_the_deadline(lab: Lab) -> None:
    a = lab.device()
    proxy = lab.proxy(a)
    a.deadline_s = 1.0
    a.sync()
    proxy.frozen = True
    started = time.monotonic()
    # Nothing but the deadline ends a cycle on such a line.
    with pytest.raises(CentralUnreachableError):
        a.sync()
    assert time.monotonic() - started > 0.5
    assert proxy.frozen
    proxy.heal()
    proxy.cut()
    a.set("interventions", lab.ids("interventions")[0], titre="Après")
    lab.settle()
    lab.converged()


def test_nobody_answers(lab: Lab) -> None:
    a = lab.device()
    proxy = lab.proxy(a)
    proxy.refusing = True
    with pytest.raises(CentralUnreachableError):
        a.sync()
    assert a.value("SELECT erreur FROM sync_journal ORDER BY id DESC LIMIT 1")


def test_connections_ended_by_the_server_are_only_a_delay(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    lab.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", a.login)
    a.set("interventions", lab.ids("interventions")[0], titre="Après redémarrage")
    with pytest.raises(CentralUnreachableError):
        a.sync()
    lab.settle()
    lab.converged()


def test_a_process_killed_at_any_instant_leaves_a_cache_that_converges(lab: Lab) -> None:
    a = lab.device()
    chance = random.Random(11)
    length = 0.0
    for turn in range(6):
        add(a, 400, 20_000 + 1_000 * turn)
        lab.sql(
            "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
            "SELECT 500000 + %s * 1000 + i, %s, 'Centre', now(), now() FROM generate_series(1, 200) i",
            turn, a.agence_id,
        )  # fmt: skip
        started = time.monotonic()
        process = a.start("sync", "run")
        if turn == 0:
            # As long as this machine takes now, to the end.
            process.communicate()
            length = time.monotonic() - started
            continue
        time.sleep(chance.uniform(0.1, 1.1) * length)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    lab.settle()
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 20000 AND 26000") == 2_400
    assert a.value("SELECT count(*) FROM clients WHERE id BETWEEN 500000 AND 600000") == 1_200
    assert a.parked() == []
    assert a.conflicts() == []
    lab.converged()


def test_two_processes_on_one_cache_send_each_change_once(lab: Lab) -> None:
    a = lab.device()
    add(a, 600, 30_000)
    taken = lab.value("SELECT ice FROM clients WHERE ice IS NOT NULL LIMIT 1")
    a.sql("UPDATE clients SET ice = ? WHERE id = 30000", taken)
    processes = [a.start("sync", "run", "--json") for _ in range(3)]
    answers = [p.communicate(timeout=120) for p in processes]
    assert [p.returncode for p in processes] == [0, 0, 0], answers
    lab.settle()
    assert len(a.parked()) == 1
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 30000 AND 32000") == 599
    assert lab.value("SELECT count(*) FROM sync.gares") == 1


def test_two_syncers_that_meet_between_freeze_and_answer(lab: Lab) -> None:
    a = lab.device()
    twin = Device(lab, a.path, a.secrets_file, a.poste, a.login, a.agence, a.agence_id, a.key)
    add(a, 3, 40_000)
    first = a.syncer.outbox.next_batch(2)
    # The other process plans, then this one sends and settles under its feet.
    second = twin.syncer.outbox.next_batch(2)
    assert first == second
    twin.sync()
    add(a, 3, 41_000)
    a.sync()
    twin.hang_up()
    lab.settle()
    assert a.parked() == []
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 40000 AND 42000") == 6
    lab.converged()


def test_edits_during_syncs_are_all_sent(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    done = threading.Event()

    def work() -> None:
        for i in range(60):
            add(a, 1, 60_000 + 2 * i)
        done.set()

    writer = threading.Thread(target=work)
    writer.start()
    while not done.is_set():
        a.sync()
    writer.join()
    lab.settle()
    assert b.value("SELECT count(*) FROM clients WHERE id BETWEEN 60000 AND 61000") == 60
    lab.converged()


def test_a_cloned_disk_is_refused_and_keeps_its_outbox(lab: Lab) -> None:
    a = lab.device()
    clone = lab.copy_of(a, "clone.sqlite")
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="L'original")
    a.sync()
    clone.set("interventions", pk, diagnostic="La copie")
    with pytest.raises(CloneDetectedError, match="clon"):
        clone.sync()
    assert clone.waiting > 0
    assert lab.get("interventions", pk, "diagnostic") is None
    clone.hang_up()
    lab.settle()
    lab.converged()


def test_a_cache_restored_from_yesterday_is_refused_and_keeps_its_outbox(lab: Lab) -> None:
    a = lab.device()
    add(a, 1, 70_000)
    a.sync()
    yesterday = lab.copy_of(a, "hier.sqlite")
    for turn in range(3):
        add(a, 1, 71_000 + 2 * turn)
        a.sync()
    add(yesterday, 1, 72_000)
    with pytest.raises(CloneDetectedError):
        yesterday.sync()
    assert yesterday.get("clients", 72_000, "nom_entreprise") == "C72000"
    assert yesterday.waiting > 0
    yesterday.hang_up()
