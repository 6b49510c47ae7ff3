"""A cycle with one change reads what it needs, whatever the size of the cache and of the centre."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sync.lab import Device, Lab

MANY = 3_000


@pytest.fixture
def grown(lab: Lab) -> Device:
    """A warm device of an agency with many machines."""
    device = lab.device()
    device.sync()
    lab.sql(
        "INSERT INTO equipements (agence_id, client_id, nom, code_interne, created_at, updated_at) "
        "SELECT %s, (SELECT min(id) FROM clients WHERE agence_id = %s), 'Presse ' || i, 'V-' || i, now(), now() "
        "FROM generate_series(1, %s) i", device.agence_id, device.agence_id, MANY,
    )  # fmt: skip
    lab.sql("ANALYZE")
    assert device.sync().pulled == MANY
    return device


def states_read(lab: Lab, device: Device) -> int:
    """States that the centre has read so far, by any way."""
    device.syncer.link.row("SELECT pg_stat_force_next_flush()")
    return int(lab.value(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables "
        "WHERE schemaname = 'sync' AND relname = 'row_state'"
    ))  # fmt: skip


def test_the_centre_reads_few_states_for_one_change(lab: Lab, grown: Device) -> None:
    acts: dict[str, Callable[[int], object]] = {
        "change": lambda pk: grown.set("equipements", pk, nom="Revue"),
        "addition": lambda pk: grown.sql(
            "INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, created_at, updated_at) "
            "SELECT 9000000 + (SELECT count(*) FROM equipements WHERE id BETWEEN 9000000 AND 9999999), agence_id, "
            "client_id, nom, 'N' || id, created_at, updated_at FROM equipements WHERE id = ?", pk,
        ),
        "deletion": lambda pk: grown.sql("DELETE FROM equipements WHERE id = ?", pk),
        "deletion by the centre": lambda pk: lab.sql("DELETE FROM equipements WHERE id = %s", pk),
    }  # fmt: skip
    last = lab.ids("equipements")
    read = {}
    for name, act in acts.items():
        # The first one fills the catalogue's caches and the plans.
        for _ in range(2):
            act(last.pop())
            before = states_read(lab, grown)
            done = grown.sync()
            assert max(done.pushed, done.pulled) == 1
            read[name] = states_read(lab, grown) - before
    assert {name: count for name, count in read.items() if count > MANY / 10} == {}


def test_a_device_reads_few_rows_to_apply_one_change(lab: Lab, grown: Device) -> None:
    pk = lab.ids("equipements")[-1]
    lab.set("equipements", pk, nom="Revue au centre")
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 100
        return 0

    grown.syncer.cache.db.set_progress_handler(count, 100)
    try:
        assert grown.sync().pulled == 1
    finally:
        grown.syncer.cache.db.set_progress_handler(None, 100)
    assert grown.get("equipements", pk, "nom") == "Revue au centre"
    assert 0 < steps < 4 * MANY, "SQLite's own steps; one pass over the table takes ten a row"
