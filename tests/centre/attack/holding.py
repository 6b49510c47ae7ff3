"""One device that holds up all: connections, open transactions, locks, notifications, room on the disk."""

from __future__ import annotations

import uuid
from contextlib import closing

import psycopg2
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.centre.functions import watch
from erp_desktop.services.interventions import numbers
from erp_desktop.sync.device import enrolment
from tests.centre.attack.stage import Target, case, eventually, health, refused


@case
def connections_of_one_login_are_counted(target: Target) -> None:
    lines = [target.colleague.connect() for _ in range(watch.CONNECTIONS)]
    try:
        with pytest.raises(psycopg2.OperationalError, match="too many connections"):
            target.colleague.connect()
        with target.line(target.other) as line:
            line.execute("SELECT sync.poste()")
    finally:
        for line in lines:
            line.close()


@case
def limits_are_set_on_the_login_and_put_back_by_an_upgrade(target: Target) -> None:
    def settings() -> set[str]:
        return set(
            target.lab.value(
                "SELECT setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = %s",
                target.thief.login,
            )
            or []
        )

    wanted = {"statement_timeout=30min", "idle_in_transaction_session_timeout=5min", "lock_timeout=2min"}
    assert wanted <= settings()
    with target.line() as line:
        line.execute(f'ALTER ROLE "{target.thief.login}" SET statement_timeout = 0')
        line.execute("SHOW statement_timeout")
        assert line.fetchone() == ("30min",)
    with target.engine() as engine:
        enrolment.init_centre(engine)
    assert wanted <= settings()


@case
def an_open_transaction_is_named_and_ended_by_whoever_pulls(target: Target) -> None:
    lab = target.lab
    with closing(target.thief.connect()) as connection, connection.cursor() as held:
        held.execute("SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0")
        held.execute("BEGIN")
        held.execute("SELECT pg_current_xact_id()")
        offenders = lab.sql(watch.OFFENDERS)
        assert (target.thief.login, target.thief.poste) in {(o[1], o[2]) for o in offenders}
        pk = lab.ids("clients", "TNG")[0]
        mark = f"Derrière {uuid.uuid4().hex[:6]}"
        lab.set("clients", pk, nom_entreprise=mark)

        def arrived() -> bool:
            target.other.sync()
            return bool(target.other.get("clients", pk, "nom_entreprise") == mark)

        assert not arrived(), "nothing stands behind an open transaction"
        if target.kind == "carried":
            # Whoever watches names it as well.
            named = f"poste {target.thief.poste:02d} Poste 1 (?, processus {connection.info.backend_pid}, "
            eventually(lambda: named in health(target)["limites des postes"].message, "who was ended is not named")
        eventually(arrived, "the pull of another agency stays behind a device's transaction")
        with pytest.raises(psycopg2.OperationalError):
            held.execute("SELECT 1")


@case
def known_lock_numbers_stop_neither_work_nor_upgrade(target: Target) -> None:
    lab = target.lab
    agence = lab.agence("CAS")
    with target.line() as line, target.engine() as engine:
        for key in (
            "hashtext('sync.seq_id')", "hashtext('erp.install')", "5278143321",
            *(f"hashtextextended('INT-CAS-00-{year}-', 0)" for year in (2025, 2026, 2027)),
        ):  # fmt: skip
            line.execute(f"SELECT pg_advisory_lock({key})")
        for table in ("public.agences", "public.alembic_version", "sync.schema_compat", "sync.devices"):
            line.execute("BEGIN")
            refused(line, "42501", f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
            line.execute("ROLLBACK")
        with closing(lab.connect()) as owner, owner.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute("SELECT setval('sync.seq_id', 8)")
            cursor.execute("SELECT sync.nouvel_id(), sync.nouvel_id()")
            first, second = cursor.fetchone()
            assert first < second
            cursor.execute("SELECT setval('sync.seq_id', 8)")
            # A trigger writes a line of history, which takes a number.
            cursor.execute("INSERT INTO depots (agence_id, nom, created_at, updated_at) VALUES (%s, 'B', now(), now())",
                           (agence,))  # fmt: skip
        with Session(engine) as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
            assert numbers.tirer(session, "CAS", 2026, 2)
        enrolment.init_centre(engine)


@case
def no_temporary_table_and_no_large_object(target: Target) -> None:
    with target.line() as line:
        refused(line, "42501", "CREATE TEMP TABLE x AS SELECT 1")
        for call in (
            "lo_create(0)",
            "lo_creat(-1)",
            "lo_from_bytea(0, 'x')",
            "lo_open(1, 131072)",
            "lo_import('/x')",
        ):
            refused(line, "42501", f"SELECT {call}")
    assert target.lab.value("SELECT count(*) FROM pg_largeobject_metadata") == 0


@case
def what_is_said_on_channels_tells_and_moves_nothing(target: Target) -> None:
    """A LISTEN cannot be refused: it hears numbers of devices, and a lie on a channel is one question more."""
    lab, other = target.lab, target.other
    with closing(target.thief.connect()) as connection, connection.cursor() as line:
        line.execute(f'LISTEN "erp_{lab.agence("TNG")}"; LISTEN erp_0')
        other.set("clients", other.value("SELECT min(id) FROM clients"), ville="Secrète")
        other.sync()
        connection.poll()
        assert {n.payload for n in connection.notifies} <= {"", str(other.poste)}
        link = other.link()
        link.listen("erp_0", f"erp_{lab.agence('TNG')}")
        for n in range(500):
            line.execute("SELECT pg_notify('erp_0', %s)", (f"{n}" + "x" * 5_000,))
        eventually(link.heard, "notifications")
        assert link.row("SELECT sync.poste()") == (other.poste,)
        link.close()
    other.sync()
    assert lab.value("SELECT pg_notification_queue_usage()") < 0.05
