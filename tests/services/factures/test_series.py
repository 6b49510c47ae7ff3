"""The legal series under fifty people at once, some of whom are cut off in the middle: no hole, no double."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import sqlalchemy as sa

from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.models import Agence, Client, Facture, LigneFacture
from tests.services.factures.office import law


def office(url: str, count: int) -> list[int]:
    """A centre with drafts that only want their number."""
    engine = create_pg_engine(url)
    law(engine)
    with transaction(engine) as session:
        agence = Agence(code="CAS", nom="Casablanca")
        session.add(agence)
        session.flush()
        client = Client(nom_entreprise="Atlas", agence_id=agence.id, ville="Casablanca")
        session.add(client)
        session.flush()
        drafts = [Facture(numero=f"PROV-{n}", agence_id=agence.id, client_id=client.id) for n in range(count)]
        session.add_all(drafts)
        session.flush()
        for one in drafts:
            session.add(LigneFacture(facture_id=one.id, agence_id=agence.id, designation="Joint", quantite=1,
                                     prix_unitaire=100, taux_tva=20))  # fmt: skip
        found = [d.id for d in drafts]
    engine.dispose()
    return found


def hammer(url: str, drafts: list[int], people: int, seed: int) -> None:
    """``people`` at once validate all drafts; of their transactions many end badly, by themselves or by a kill."""
    chance, lock = random.Random(seed), threading.Lock()
    waiting, address = list(drafts), normalise_url(url)

    def connect() -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=address.host, port=address.port, dbname=address.database, user=address.username,
            password=address.password,
        )  # fmt: skip

    def work(_rank: int) -> None:
        while True:
            with lock:
                if not waiting:
                    return
                pk, fate = waiting.pop(chance.randrange(len(waiting))), chance.random()
            line = connect()
            try:
                with line.cursor() as cursor:
                    cursor.execute("SELECT sync.valider_facture(%s, NULL, 120.00)", [pk])
                    if fate < 0.2:
                        line.rollback()
                        raise psycopg2.OperationalError("changed his mind")
                    if fate < 0.4:
                        # The server process goes before, or just while, the transaction is to end.
                        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                line.commit()
            except psycopg2.OperationalError:
                with lock:
                    waiting.append(pk)
            finally:
                line.close()

    with ThreadPoolExecutor(people) as pool:
        list(pool.map(work, range(people)))


def whole(url: str, count: int) -> None:
    """Fail unless every draft has one number of an unbroken series, in the order of days, and every hash agrees."""
    engine = create_pg_engine(url)
    with engine.connect() as connection:
        ask = connection.exec_driver_sql
        numbers = [r[0] for r in ask("SELECT numero FROM factures ORDER BY numero")]
        year = numbers[0].split("-")[1]
        assert numbers == [f"FAC-{year}-{n:06d}" for n in range(1, count + 1)]
        assert ask("SELECT dernier FROM sync.series WHERE code = 'FAC'").scalar() == count
        assert ask("SELECT * FROM sync.verifier_serie('FAC')").all() == []
    engine.dispose()


def test_a_series_under_people_who_are_cut_off(pg_url: str) -> None:
    drafts = office(pg_url, 40)
    hammer(pg_url, drafts, 8, 1)
    whole(pg_url, 40)
    engine = create_pg_engine(pg_url)
    # The test sees a hole and a changed content, which only somebody who takes the guards away can make.
    with engine.begin() as connection:
        ask = connection.exec_driver_sql
        ask("ALTER TABLE factures DISABLE TRIGGER USER")
        ask("UPDATE factures SET numero = 'PROV-x' WHERE numero LIKE '%%-000017'")
        ask("UPDATE factures SET intitule = 'x' WHERE numero LIKE '%%-000031'")
        found = ask("SELECT right(numero, 6), defaut FROM sync.verifier_serie('FAC')").all()
    assert [tuple(r) for r in found] == [("000017", "manque"), ("000018", "empreinte"), ("000031", "empreinte")]
    engine.dispose()


def test_two_at_once_for_one_draft_and_a_line_added_meanwhile(pg_url: str) -> None:
    (pk,) = office(pg_url, 1)
    engine = create_pg_engine(pg_url)
    told: list[str] = []
    with engine.connect() as first, engine.connect() as second, engine.connect() as third:
        number = first.exec_driver_sql(f"SELECT sync.valider_facture({pk}, NULL, 120.00)").scalar()

        def try_on(connection: sa.Connection, statement: str) -> None:
            try:
                connection.exec_driver_sql(statement)
            except sa.exc.DBAPIError as error:
                told.append(str(error.orig).splitlines()[0])

        late = [
            threading.Thread(target=try_on, args=(second, f"SELECT sync.valider_facture({pk}, NULL, 120.00)")),
            threading.Thread(target=try_on, args=(
                third, "INSERT INTO lignes_facture (facture_id, designation, quantite, prix_unitaire, taux_tva, "
                f"created_at, updated_at) VALUES ({pk}, 'x', 1, 1, 20, now(), now())",
            )),
        ]  # fmt: skip
        for one in late:
            one.start()
        # Both wait for the first one's transaction.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
            until = time.monotonic() + 30
            while watch.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar() != 2:
                assert time.monotonic() < until, "they do not wait for the first one"
                time.sleep(0.01)
        first.commit()
        for one in late:
            one.join(30)
    assert sorted(told) == [
        f"Déjà validée sous {number}.", "Une facture validée ne change plus : corrigez-la par un avoir."
    ]  # fmt: skip
    engine.dispose()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_fifty_people_at_once(pg_url: str, seed: int) -> None:
    drafts = office(pg_url, 300)
    hammer(pg_url, drafts, 50, seed)
    whole(pg_url, 300)
