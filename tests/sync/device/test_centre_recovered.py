"""A centre put back to an earlier hour or moved elsewhere: devices bring back what it lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import normalise_url
from erp_desktop.errors import SyncError
from tests.sync.device.past import add_client, names
from tests.sync.lab import Lab


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
