"""What nobody foresaw neither ends the exchange nor hides the rest: one bad row is one row set aside and shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.models import HistoriqueIntervention
from erp_desktop.registry.tables import BY_NAME, SyncTable
from erp_desktop.settings import Settings
from erp_desktop.sync.exchange import apply, rejected
from erp_desktop.sync.status import EtatSync
from erp_desktop.sync.watch import daily
from erp_desktop.sync.watch.service import UNFORESEEN, SyncService
from tests.sync.lab import Device, Lab

Running = tuple[SyncService, list[EtatSync]]
DEEP = 3_000
"""Levels of nesting: more than Python's reader of JSON follows, less than PostgreSQL's."""


def nest(lab: Lab, depth: int = DEEP) -> int:
    """A line of history at the centre that no device can read; as an older centre may hold it."""
    one = lab.ids("interventions")[0]
    text = "[" * depth + "]" * depth
    lab.sql("ALTER TABLE historiques_interventions DISABLE TRIGGER erp_bornes")
    lab.sql(
        "INSERT INTO historiques_interventions (agence_id, intervention_id, action, nouvelle_valeur, horodatage, "
        "created_at, updated_at) SELECT agence_id, id, 'modification', %s::jsonb, now(), now(), now() "
        "FROM interventions WHERE id = %s", text, one,
    )  # fmt: skip
    lab.sql("ALTER TABLE historiques_interventions ENABLE TRIGGER erp_bornes")
    return int(lab.value("SELECT max(id) FROM historiques_interventions"))


@pytest.fixture
def service(lab: Lab) -> Iterator[Callable[[Device], Running]]:
    running: list[SyncService] = []

    def start(device: Device) -> Running:
        device.hang_up()
        told: list[EtatSync] = []
        settings = Settings(secrets_file=device.secrets_file, sync_interval_s=0.2)
        made = SyncService(settings, device.path, device.key, told.append)
        running.append(made)
        made.start()
        return made, told

    yield start
    for made in running:
        made.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.05)


def test_one_row_that_cannot_be_taken_is_set_aside_and_the_rest_arrives(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = lab.device()
    lab.settle()
    one, bad, two = lab.ids("interventions")[:3]
    client = lab.ids("clients")[0]
    read = apply.unwire

    def stumbles(table: SyncTable, rows: list[list[Any]]) -> list[list[Any]]:
        if table.name == "interventions" and any(row[0] == bad for row in rows):
            raise TypeError("a value of a kind that nobody foresaw")
        return read(table, rows)

    monkeypatch.setattr(apply, "unwire", stumbles)
    for pk, title in ((one, "Avant"), (bad, "Illisible"), (two, "Après")):
        lab.set("interventions", pk, titre=title)
    a.set("clients", client, ville="D'ici")
    done = a.sync()
    assert done.rejected == 1
    assert a.sql("SELECT nom_table, pk FROM sync_recus_rejetes") == [("interventions", bad)]
    assert (a.get("interventions", one, "titre"), a.get("interventions", two, "titre")) == ("Avant", "Après")
    assert lab.get("clients", client, "ville") == "D'ici"
    assert a.waiting == 0
    # Nothing new: one round trip as ever, and what was set aside stays named.
    assert a.sync().round_trips == 1
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 1
    # Once it is read, by a later version or because it changed, it comes like any other.
    monkeypatch.undo()
    lab.set("interventions", bad, titre="Lisible")
    a.sync()
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.converged()


def test_a_line_nested_thousands_deep_neither_ends_the_thread_nor_the_daily_comparison(
    lab: Lab, service: Callable[[Device], Running]
) -> None:
    a = lab.device()
    lab.settle()
    bad = nest(lab)
    a.sql("INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES ('controle_a', '2026-01-01T00:00:00.000000Z')")
    _, told = service(a)
    until(lambda: a.value("SELECT valeur FROM sync_meta WHERE cle = 'controle'") is not None)
    assert daily.outcome(a.value("SELECT valeur FROM sync_meta WHERE cle = 'controle'"))[1] == {}
    pk = lab.ids("interventions")[1]
    lab.set("interventions", pk, titre="Après la ligne profonde")
    until(lambda: a.get("interventions", pk, "titre") == "Après la ligne profonde")
    assert told[-1].erreur is None
    # The history that holds it is shown, that line marked.
    with transaction(a.engine, write=False) as session:
        line = session.get(HistoriqueIntervention, bad)
        assert line is not None
        assert str(line.nouvelle_valeur).startswith("{'illisible'")


def test_an_unforeseen_error_is_a_state_that_is_shown_and_left_again(
    lab: Lab, service: Callable[[Device], Running]
) -> None:
    a = lab.device()
    lab.settle()
    running, told = service(a)
    until(lambda: bool(told) and told[-1].en_ligne is True)
    a.sql("ALTER TABLE sync_conflits RENAME TO sync_conflits_parti")
    until(lambda: told[-1].erreur == UNFORESEEN)
    assert told[-1].en_ligne is False
    a.sql("ALTER TABLE sync_conflits_parti RENAME TO sync_conflits")
    a.sql("UPDATE interventions SET titre = 'Tapé pendant la panne' WHERE id = ?", lab.ids("interventions")[0])
    running.request_cycle()
    until(lambda: told[-1].en_ligne is True)
    until(lambda: lab.get("interventions", lab.ids("interventions")[0], "titre") == "Tapé pendant la panne")


def test_a_cache_that_cannot_be_opened_is_told_and_tried_again(
    lab: Lab, service: Callable[[Device], Running]
) -> None:
    a = lab.device()
    lab.settle()
    a.hang_up()
    aside = a.path.with_name("à côté.sqlite")
    a.path.rename(aside)
    a.path.write_bytes(b"not a database" * 100)
    running, told = service(a)
    until(lambda: bool(told))
    assert (told[0].en_ligne, bool(told[0].erreur)) == (False, True)
    aside.replace(a.path)
    running.request_cycle()
    until(lambda: told[-1].en_ligne is True)


def test_a_value_that_sqlite_has_no_room_for_sets_only_its_row_aside(lab: Lab) -> None:
    a = lab.device()
    lab.settle()
    one, two = lab.ids("interventions")[:2]
    table = BY_NAME["interventions"]
    good = [1, *a.rows()["interventions"][two]]
    bad = [1, *a.rows()["interventions"][one]]
    good[1 + table.names.index("titre")] = "Pris"
    bad[1 + table.names.index("duree_estimee")] = 1 << 70
    cache, done = a.syncer.cache, rejected.Applied()
    with cache.writing(mute=True):
        apply.apply_rows(cache, {"interventions": [bad, good]}, {}, done)
    assert a.get("interventions", two, "titre") == "Pris"
    assert a.sql("SELECT nom_table, pk FROM sync_recus_rejetes") == [("interventions", one)]
