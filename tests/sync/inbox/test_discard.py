"""Giving up a change: the row is as before, nothing is sent, and both sides stay identical."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.errors import NotFoundError
from erp_desktop.models import Client, Equipement
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.outbox import Outbox
from erp_desktop.sync.inbox.discard import abandonner
from erp_desktop.sync.watch.verify import verify
from tests.ui.branch import Labo, Poste


@pytest.fixture
def labo(pg_url: str, tmp_path: Path) -> Labo:
    return Labo(pg_url, tmp_path)


def _give_up(poste: Poste, table: str, pk: int) -> None:
    engine = poste.engine()
    try:
        with transaction(engine) as session:
            abandonner(session, table, pk)
    finally:
        engine.dispose()


def _differences(poste: Poste) -> dict[str, tuple[int, int, int]]:
    with Cache(poste.path) as cache:
        link = enrolment.device_link(cache)
        try:
            return verify(cache, link, repair=False).differences
        finally:
            link.close()


def test_a_row_born_here_goes_with_what_points_at_it(labo: Labo) -> None:
    mine = labo.poste("accueil")
    engine = mine.engine()
    with transaction(engine) as session:
        client = Client(nom_entreprise="Papeterie Sebou", agence_id=labo.monde.agence)
        session.add(client)
        session.flush()
        machine = Equipement(client_id=client.id, nom="Presse", code_interne="EQ-900", agence_id=labo.monde.agence)
        session.add(machine)
        session.execute(
            sa.text("UPDATE equipements SET client_id = :c WHERE id = :e"),
            {"c": client.id, "e": labo.monde.machines[0]},
        )
        born = client.id
    engine.dispose()
    _give_up(mine, "clients", born)
    with Cache(mine.path) as cache:
        assert cache.value("SELECT count(*) FROM clients WHERE id = ?", born) == 0
        assert cache.value("SELECT count(*) FROM equipements WHERE code_interne = 'EQ-900'") == 0
        assert cache.all("SELECT nom_table, colonne FROM sync_outbox WHERE colonne <> 'updated_at'") == []
    assert mine.value("equipements", labo.monde.machines[0], "client_id") == labo.monde.clients[0]
    mine.cycle()
    assert _differences(mine) == {}


def test_a_change_already_on_its_way_is_taken_back_by_another(labo: Labo) -> None:
    mine = labo.poste("accueil")
    pk = labo.monde.clients[0]
    assert labo.salma is not None
    mine.edit(labo.salma.user_id, "clients", pk, ville="Rabat")
    with Cache(mine.path) as cache:
        assert Outbox(cache).next_batch(10) is not None
    _give_up(mine, "clients", pk)
    assert mine.value("clients", pk, "ville") == "Casablanca"
    mine.cycle()
    mine.cycle()
    assert mine.value("clients", pk, "ville") == "Casablanca"
    assert _differences(mine) == {}


def test_giving_up_takes_what_the_centre_holds_by_now(labo: Labo) -> None:
    mine, theirs = labo.poste("accueil"), labo.poste("atelier")
    client = labo.refusal(mine, theirs)
    assert labo.nadia is not None
    theirs.edit(labo.nadia.user_id, "clients", client, ice="001532097000077")
    theirs.cycle()
    mine.cycle()
    assert mine.value("clients", client, "ice") == "001532097000001"
    _give_up(mine, "clients", client)
    assert mine.value("clients", client, "ice") == "001532097000077"
    mine.cycle()
    assert _differences(mine) == {}


def test_a_deleted_row_comes_back(labo: Labo) -> None:
    mine = labo.poste("accueil")
    pk = labo.monde.clients[2]
    engine = mine.engine()
    with transaction(engine) as session:
        machine = Equipement(client_id=pk, nom="Treuil", code_interne="EQ-901", agence_id=labo.monde.agence)
        session.add(machine)
        session.flush()
        gone = machine.id
    engine.dispose()
    mine.cycle()
    engine = mine.engine()
    with transaction(engine) as session:
        session.execute(sa.text("DELETE FROM equipements WHERE id = :i"), {"i": gone})
    engine.dispose()
    _give_up(mine, "equipements", gone)
    assert mine.value("equipements", gone, "nom") == "Treuil"
    mine.cycle()
    assert _differences(mine) == {}


def test_what_does_not_wait_cannot_be_given_up(labo: Labo) -> None:
    mine = labo.poste("accueil")
    with pytest.raises(NotFoundError):
        _give_up(mine, "clients", labo.monde.clients[0])
    with pytest.raises(NotFoundError):
        _give_up(mine, "sqlite_schema", 1)
