"""SIGKILL at every statement boundary of a cycle, a server that crashes mid-batch, a full disk."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest

from erp_desktop import clock
from erp_desktop.errors import CentralUnreachableError, DiskFullError, ErpError
from erp_desktop.sync.exchange.apply import BACKUP_WINDOW
from erp_desktop.sync.exchange.link import Link
from tests.sync.lab import Device, Lab, T
from tests.sync.watch.test_wake import until

LONG_AGO = BACKUP_WINDOW + timedelta(days=1)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"


def test_killed_at_statement_boundaries_of_push_and_pull(lab: Lab) -> None:
    killed_everywhere(lab, 9)


@pytest.mark.soak
def test_killed_at_every_statement_boundary_of_push_and_pull(lab: Lab) -> None:
    killed_everywhere(lab, 1)


def killed_everywhere(lab: Lab, stride: int) -> None:
    a, b = lab.device(), lab.device()
    # So that a second batch is frozen while the first is on its way, and sent before that one's answer is applied.
    a.batch = 2
    pks = lab.ids("interventions")
    boundary, turns, killed = 0, 0, True
    while killed:
        boundary += stride
        turns += 1
        # Work both ways: an insert and updates here, an update and an insert there.
        a.sql(
            "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            1_000_000 + boundary, a.agence_id, f"Ici {boundary}", T, T,
        )  # fmt: skip
        a.set("interventions", pks[0], titre=f"Titre {boundary}")
        a.set("interventions", pks[2], technicien_id=None, diagnostic=f"Ici {boundary}")
        lab.set("interventions", pks[1], titre=f"Centre {boundary}")
        lab.sql(
            "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
            "VALUES (%s, %s, 'Centre', now(), now())", 2_000_000 + boundary, a.agence_id,
        )  # fmt: skip
        killed = a.die_at(boundary)
        if turns % 2:
            # Every other kill is followed by another one on what it left behind.
            a.sync()
            assert a.waiting == 0
            assert lab.get("interventions", pks[0], "titre") == f"Titre {boundary}"
            assert a.get("interventions", pks[1], "titre") == f"Centre {boundary}"
    assert boundary > 60
    lab.settle()
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 1000000 AND 1999999") == turns
    assert a.value("SELECT count(*) FROM clients WHERE id BETWEEN 2000000 AND 2999999") == turns
    assert b.get("interventions", pks[0], "titre") == f"Titre {boundary}"
    assert a.parked() == []
    assert a.conflicts() == []
    assert lab.value("SELECT count(*) FROM sync.lots WHERE poste = %s", a.poste) == lab.value(
        "SELECT dernier_lot FROM sync.devices WHERE poste = %s", a.poste
    )
    lab.converged()


def slow(lab: Lab, seconds: float) -> None:
    """Make the merge of a client called « lente » take its time."""
    lab.sql(
        "CREATE SCHEMA labo; CREATE FUNCTION labo.attendre() RETURNS trigger LANGUAGE plpgsql AS "
        f"$f$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $f$; CREATE TRIGGER labo AFTER INSERT ON clients "
        "FOR EACH ROW WHEN (NEW.nom_entreprise = 'lente') EXECUTE FUNCTION labo.attendre()"
    )


def in_background(device: Device) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            device.sync()
        except ErpError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, errors


def test_a_server_that_crashes_mid_batch_loses_and_doubles_nothing(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    slow(lab, 20)
    # The lab's server answers COMMIT before it writes; this database is held to what a real one promises.
    lab.sql(f'ALTER DATABASE "{lab.value("SELECT current_database()")}" SET synchronous_commit = on')
    a.hang_up()
    with a.console() as db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            [(3_000_000 + i, a.agence_id, "lente" if i == 400 else f"C{i}", T, T) for i in range(500)],
        )
        db.execute("COMMIT")
    thread, errors = in_background(a)
    busy = "SELECT pid FROM pg_stat_activity WHERE usename = %s AND wait_event = 'PgSleep'"
    until(lambda: lab.value(busy, a.login) is not None)
    os.kill(lab.value(busy, a.login), signal.SIGKILL)
    thread.join(30)
    assert len(errors) == 1
    assert isinstance(errors[0], CentralUnreachableError)

    def gone() -> bool:
        # A server that has not heard of the kill yet lets people in once more.
        with contextlib.suppress(psycopg2.Error):
            lab.sql("SELECT 1")
            return False
        return True

    def back() -> bool:
        with contextlib.suppress(psycopg2.OperationalError):
            lab.reconnect()
            return True
        return False

    until(gone)
    until(back)
    lab.sql("DROP SCHEMA labo CASCADE")
    assert lab.value("SELECT count(*) FROM clients WHERE id >= 3000000 AND id < 4000000") == 0
    lab.settle()
    assert lab.value("SELECT count(*) FROM clients WHERE id >= 3000000 AND id < 4000000") == 500
    assert lab.value("SELECT count(*) FROM sync.lots") == 1
    lab.converged()


def test_the_loser_of_a_deadlock_sends_the_same_batch_again(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    first, second = lab.ids("interventions")[:2]
    a.set("interventions", first, titre="Premier")
    a.set("interventions", second, titre="Second")
    frozen = a.syncer.outbox.next_batch(5_000)
    centre = lab.connect()
    centre.autocommit = False
    with centre.cursor() as cursor:
        # The device looks for the circle first, so it is the one that gives way.
        cursor.execute("SET deadlock_timeout = '60s'")
        cursor.execute("UPDATE interventions SET notes_internes = 'centre' WHERE id = %s", (second,))
        thread, errors = in_background(a)
        until(lambda: lab.value(WAITING, a.login) == 1)
        cursor.execute("UPDATE interventions SET notes_internes = 'centre' WHERE id = %s", (first,))
    thread.join(30)
    centre.commit()
    centre.close()
    assert [str(e) for e in errors] == ["Le centre est occupé ; le lot sera renvoyé."]
    assert a.syncer.outbox.next_batch(5_000) == frozen
    lab.settle()
    assert lab.get("interventions", first, "titre") == "Premier"
    assert lab.get("interventions", second, "titre") == "Second"
    assert a.parked() == []
    lab.converged()


def test_a_serialization_failure_is_only_a_delay(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    pk = lab.ids("interventions")[0]
    lab.sql(
        "CREATE SCHEMA labo; CREATE FUNCTION labo.refuser() RETURNS trigger LANGUAGE plpgsql AS "
        "$f$ BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END $f$; "
        "CREATE TRIGGER labo BEFORE UPDATE ON interventions "
        "FOR EACH ROW WHEN (NEW.titre = 'Le mien') EXECUTE FUNCTION labo.refuser()"
    )
    a.set("interventions", pk, titre="Le mien")
    frozen = a.syncer.outbox.next_batch(5_000)
    with pytest.raises(CentralUnreachableError, match="le lot sera renvoyé"):
        a.sync()
    assert a.syncer.outbox.next_batch(5_000) == frozen
    lab.sql("DROP TRIGGER labo ON interventions")
    lab.settle()
    assert lab.get("interventions", pk, "titre") == "Le mien"
    assert a.parked() == []
    lab.converged()


def test_the_isolation_that_a_role_was_given_is_not_the_one_of_an_exchange(lab: Lab) -> None:
    """Under REPEATABLE READ the merge would fail on every row that somebody else changed meanwhile."""
    a = lab.device()
    lab.sql(f"ALTER ROLE \"{a.login}\" SET default_transaction_isolation = 'repeatable read'")
    a.hang_up()
    a.sync()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="Le mien")
    centre = lab.connect()
    centre.autocommit = False
    with centre.cursor() as cursor:
        cursor.execute("UPDATE interventions SET notes_internes = 'centre' WHERE id = %s", (pk,))
        thread, errors = in_background(a)
        until(lambda: lab.value(WAITING, a.login) == 1)
    centre.commit()
    centre.close()
    thread.join(30)
    assert errors == []
    lab.settle()
    assert (lab.get("interventions", pk, "titre"), lab.get("interventions", pk, "notes_internes")) == (
        "Le mien", "centre",
    )  # fmt: skip
    assert a.parked() == []
    lab.converged()


def test_a_disk_that_fills_up_while_applying_leaves_everything_as_it_was(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    a.set("interventions", lab.ids("interventions")[0], titre="Avant le disque plein")
    lab.sql(
        "INSERT INTO clients (agence_id, nom_entreprise, notes, created_at, updated_at) "
        "SELECT %s, 'Lourd ' || i, repeat(md5(i::text), 60), now(), now() FROM generate_series(1, 2000) i",
        a.agence_id,
    )  # fmt: skip
    cursor = a.value("SELECT valeur FROM sync_meta WHERE cle = 'curseur_xid'")
    db = a.syncer.cache.db
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 40}")
    with pytest.raises(DiskFullError, match="disque est plein"):
        a.sync()
    assert a.value("SELECT valeur FROM sync_meta WHERE cle = 'curseur_xid'") == cursor
    assert a.value("SELECT count(*) FROM clients WHERE nom_entreprise LIKE 'Lourd%'") == 0
    assert a.waiting > 0
    assert a.value("PRAGMA integrity_check") == "ok"
    db.execute("PRAGMA max_page_count = 1000000")
    lab.settle()
    assert a.value("SELECT count(*) FROM clients WHERE nom_entreprise LIKE 'Lourd%'") == 2_000
    assert lab.value("SELECT count(*) FROM sync.lots WHERE poste = %s", a.poste) == 1
    lab.converged()


def interrupted(lab: Lab, folder: Path, times: int) -> None:
    """``times`` cycles, each cut somewhere: disk, staging and connections stay bounded, and nothing is lost."""
    a = lab.device()
    proxy = lab.proxy(a)
    a.sync()
    chance = random.Random(33)
    pk = lab.ids("interventions")[0]
    files = {p.name for p in folder.iterdir()}
    sizes = []
    for turn in range(times):
        a.set("interventions", pk, titre=f"Tour {turn}", description="x" * 500)
        lab.set("interventions", lab.ids("interventions")[1], titre=f"Centre {turn}")
        proxy.cut_after(chance.randrange(3_000), chance.choice(["in", "out"]))
        with contextlib.suppress(CentralUnreachableError):
            a.sync()
        proxy.heal()
        if turn % 50 == 49:
            proxy.cut()
            sizes.append(sum(p.stat().st_size for p in folder.iterdir()))
    a.hang_up()
    lab.settle()
    assert lab.get("interventions", pk, "titre") == f"Tour {times - 1}"
    assert {p.name for p in folder.iterdir()} - files <= {a.path.name + "-wal", a.path.name + "-shm"}
    assert sizes[-1] - sizes[0] < 3_000_000, sizes
    # Answered batches stay for the backup window and no longer, but for the last 200.
    a.sql("UPDATE sync_lots SET repondu_a = ? WHERE repondu_a IS NOT NULL", clock.to_text(clock.now() - LONG_AGO))
    a.set("interventions", pk, titre="Quinze jours plus tard")
    lab.settle()
    assert a.value("SELECT count(*) FROM sync_lots") <= 201
    assert a.value("SELECT count(*) FROM sync_journal") <= 2_001
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    assert lab.value("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", a.login) <= 1
    lab.converged()


def test_a_hundred_interrupted_cycles_leave_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    interrupted(lab, tmp_path, 100)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_thousand_interrupted_cycles_leave_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    interrupted(lab, tmp_path, 1_000)


def test_a_link_that_takes_long_to_open_is_given_longer(lab: Lab) -> None:
    a = lab.device()
    proxy = lab.proxy(a)
    proxy.delay_s = 0.5
    link = Link(a.url, connect_timeout_s=2)
    # libpq never waits less than two seconds; three round trips of one second do not fit.
    with pytest.raises(CentralUnreachableError):
        link.connect()
    # Twice as long each time: the second one suffices, on a busy machine a later one.
    for _ in range(4):
        with contextlib.suppress(CentralUnreachableError):
            link.connect()
            break
    assert link.open
    assert link.row("SELECT 1") == (1,)
    link.close()
