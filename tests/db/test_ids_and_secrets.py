"""Identifiers, the worker and the secrets store of one device."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db import ids, secrets
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.errors import UserError


def test_identifiers_keep_their_parts_and_order() -> None:
    for counter, poste in ((0, 0), (7, 1), (8, ids.MAX_POSTE), ((1 << 44) - 1, 12)):
        assert ids.decompose(ids.compose(counter, poste)) == (counter, poste)
    assert ids.compose(16, 0) > ids.compose(15, ids.MAX_POSTE)
    assert ids.compose((1 << 44) - 1, ids.MAX_POSTE) < 1 << 63


def test_the_allocator_never_goes_back_when_the_clock_does(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_engine.begin() as connection:
        first = ids.allocate(connection, 3)
        monkeypatch.setattr(clock, "now_ms", lambda: 5)
        second = ids.allocate(connection, 3)
        assert ids.allocate(connection, 0) == []
    assert sorted({*first, *second}) == [*first, *second]


def test_two_connections_share_one_allocator(sqlite_path: Path) -> None:
    got: list[int] = []

    def take() -> None:
        engine = create_sqlite_engine(sqlite_path)
        for _ in range(20):
            with engine.begin() as connection:
                got.extend(ids.allocate(connection, 5))
        engine.dispose()

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 300


def test_the_centre_gives_each_identifier_once(pg_engine: sa.Engine) -> None:
    with pg_engine.begin() as connection:
        got = ids.allocate(connection, 2_000)
    assert len(set(got)) == 2_000
    assert {ids.decompose(i)[1] for i in got} == {0}


def test_the_worker_runs_in_order_and_hands_errors_back(sqlite_path: Path) -> None:
    worker = DbWorker(create_sqlite_engine(sqlite_path), user_id=None)
    seen: list[int] = []
    futures = [worker.submit(lambda _, i=i: seen.append(i)) for i in range(20)]  # type: ignore[misc]
    failed = worker.submit(lambda session: session.execute(sa.text("SELECT * FROM absente")))
    counted = worker.submit(lambda session: session.execute(sa.text("SELECT count(*) FROM clients")).scalar_one())
    for future in futures:
        future.result(30)
    with pytest.raises(sa.exc.OperationalError):
        failed.result(30)
    assert counted.result(30) == 0
    assert seen == list(range(20))
    gate = threading.Event()
    long = worker.submit(lambda _session: gate.wait(30), long=True)
    assert worker.submit(lambda session: session.execute(sa.text("SELECT 1")).scalar_one()).result(30) == 1
    assert not long.done(), "a long reading keeps nobody waiting"
    gate.set()
    assert long.result(30)
    worker.close()
    with pytest.raises(RuntimeError):
        worker.submit(lambda _: None)


def test_a_failed_transaction_leaves_no_row_and_no_capture(sqlite_engine: sa.Engine) -> None:
    def fail() -> None:
        with transaction(sqlite_engine) as session:
            session.execute(
                sa.text(
                    "INSERT INTO rapports (nom, type_rapport, parametres, created_at, updated_at) "
                    "VALUES ('R', 't', '{}', :t, :t)"
                ),
                {"t": "2026-11-20T08:00:00.000000Z"},
            )
            raise UserError("non")

    with pytest.raises(UserError):
        fail()
    with sqlite_engine.connect() as connection:
        for table in ("rapports", "sync_outbox"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
        assert connection.exec_driver_sql("SELECT groupe FROM _sync_session").scalar() is None


def test_one_transaction_is_one_group_with_its_author(sqlite_engine: sa.Engine) -> None:
    for user in (7, 8):
        with transaction(sqlite_engine, user) as session:
            for name in ("a", "b"):
                session.execute(
                    sa.text(
                        "INSERT INTO rapports (nom, type_rapport, parametres, created_at, updated_at) "
                        "VALUES (:n, 't', '{}', '2026-11-20T08:00:00.000000Z', '2026-11-20T08:00:00.000000Z')"
                    ),
                    {"n": name},
                )
    with sqlite_engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT count(DISTINCT pk), user_id FROM sync_outbox GROUP BY groupe ORDER BY user_id"
        ).fetchall()
    assert [tuple(r) for r in rows] == [(2, 7), (2, 8)]


def test_secrets_come_back_and_a_readable_file_is_refused(tmp_path: Path) -> None:
    cache, store = tmp_path / "c.sqlite", tmp_path / "s.json"
    assert secrets.load(cache, store) == {}
    secrets.store(cache, {"password": "p", "key": secrets.new_key()}, store)
    secrets.store(tmp_path / "d.sqlite", {"password": "q"}, store)
    assert secrets.load(cache, store)["password"] == "p"
    assert len(secrets.cache_key(cache, store) or "") == 64
    assert secrets.cache_key(tmp_path / "d.sqlite", store) is None
    assert len(json.loads(store.read_text())) == 2
    if os.name == "posix":
        assert store.stat().st_mode & 0o777 == 0o600
        store.chmod(0o640)
        with pytest.raises(UserError, match="chmod 600"):
            secrets.load(cache, store)
        store.chmod(0o600)
    store.write_text("{")
    with pytest.raises(UserError, match="lisible"):
        secrets.load(cache, store)
