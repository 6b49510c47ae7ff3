"""The daily comparison: in a quiet moment, once a day, giving way to everybody, written down."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from erp_desktop import clock
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import SyncError
from erp_desktop.sync.inbox import captions
from erp_desktop.sync.watch import daily
from erp_desktop.sync.watch import health as surveillance
from erp_desktop.sync.watch import service as services
from erp_desktop.sync.watch.verify import verify
from tests.sync.lab import Device, Lab
from tests.sync.watch.test_observability import health
from tests.sync.watch.test_wake import PATIENCE_S, Desk, until, working


def muted(device: Device, *statements: str) -> None:
    """What no trigger sees: a damaged disk, a tool that meant well."""
    device.group("UPDATE _sync_session SET muet = 1", *statements, "UPDATE _sync_session SET muet = 0")


def a_day_later(device: Device, days: float = 1.1) -> None:
    then = clock.to_text(clock.now() - timedelta(days=days))
    device.sql("INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES ('controle_a', ?)", then)


def quietly() -> bool:
    return False


def test_once_a_day_the_service_compares_repairs_and_tells(lab: Lab) -> None:
    device = lab.device()
    pk, gone = lab.ids("interventions")[0], lab.ids("lignes_intervention")[0]
    device.sync()
    device.hang_up()
    a_day_later(device)
    muted(device, f"UPDATE interventions SET titre = 'Faux' WHERE id = {pk}",
          f"DELETE FROM lignes_intervention WHERE id = {gone}")  # fmt: skip
    desk = Desk(device, interval_s=0.2)
    with working(desk):
        until(lambda: device.get("interventions", pk, "titre") == "Fuite 1")
        assert desk.arrived.wait(PATIENCE_S), "the window is told"
    assert device.get("lignes_intervention", gone, "designation") == "Joint"
    assert device.value("SELECT count(*) FROM sync_outbox") == 0, "nothing of it goes to the centre"
    engine = create_sqlite_engine(device.path, device.key)
    with transaction(engine, write=False) as session:
        line = next(c for c in captions.journal(session) if "Contrôle" in str(c.erreur))
        (found,) = [c for c in surveillance.sante_cache(session, device.path) if c.sujet == "contrôle du jour"]
    engine.dispose()
    assert line.recus == 2
    assert "interventions 1, lignes_intervention 1" in str(line.erreur)
    assert found.niveau == surveillance.ALERTE
    assert "lignes_intervention 1" in found.message
    lab.converged()


def test_a_day_without_differences_is_noted_and_the_next_one_comes_a_day_later(lab: Lab) -> None:
    device = lab.device()
    device.sync()
    cache, link = device.syncer.cache, device.syncer.link
    assert health(device)["contrôle du jour"] == surveillance.OK
    assert not daily.due(cache), "a new cache has just been copied"
    a_day_later(device, 0.9)
    assert not daily.due(cache)
    a_day_later(device)
    assert daily.due(cache)
    a_day_later(device, -400)
    assert daily.due(cache), "noted by a clock that was wrong by a year"
    done = daily.check(cache, link, quietly)
    assert done is not None
    assert done.rows > 20
    assert (done.differences, done.compared) == ({}, 0)
    assert not daily.due(cache)
    assert health(device)["contrôle du jour"] == surveillance.OK
    assert cache.value("SELECT erreur IS NULL AND detail LIKE '%controle%' FROM sync_journal ORDER BY id DESC") == 1
    long_ago = clock.to_text(clock.now() - timedelta(days=8))
    device.sql("UPDATE sync_meta SET valeur = json_set(valeur, '$.a', ?) WHERE cle = 'controle'", long_ago)
    assert health(device)["contrôle du jour"] == surveillance.ALERTE


def test_whoever_needs_the_line_comes_first(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.sql("INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) SELECT a.id, 'C' || i, now(), "
            "now() FROM agences a, generate_series(1, 30000) i WHERE a.code = 'CAS'")  # fmt: skip
    device = lab.device()
    device.sync()
    device.hang_up()
    a_day_later(device)
    monkeypatch.setattr(services, "_CHECK_AGAIN_S", 0.2)
    desk = Desk(device)
    pk = lab.ids("interventions")[0]
    tries, interrupted = 0, 0
    ran = daily.check

    def check(*arguments: object) -> object:
        nonlocal tries, interrupted
        tries += 1
        if tries <= 2:
            # Somebody saves in this window, then somebody at the centre, while the cache is being read.
            if tries == 1:
                device.set("interventions", pk, titre="Saisi pendant le contrôle")
                desk.service.request_cycle()
            else:
                lab.set("interventions", pk, diagnostic="Au centre pendant le contrôle")
                until(lambda: desk.service._link is not None and desk.service._link.called)
        done = ran(*arguments)  # type: ignore[arg-type]
        interrupted += done is None
        return done

    monkeypatch.setattr(daily, "check", check)
    with working(desk):
        until(lambda: tries >= 1)
        until(lambda: lab.get("interventions", pk, "titre") == "Saisi pendant le contrôle")
        time.sleep(0.3)
        desk.service.request_cycle()
        until(lambda: tries >= 2)
        until(lambda: device.get("interventions", pk, "diagnostic") == "Au centre pendant le contrôle")
        time.sleep(0.3)
        desk.service.request_cycle()
        until(lambda: device.value("SELECT valeur FROM sync_meta WHERE cle = 'controle'") is not None)
    assert interrupted == 2
    assert device.value("SELECT json_extract(valeur, '$.ecarts') FROM sync_meta WHERE cle = 'controle'") == "{}"


def test_what_is_on_its_way_is_no_difference(lab: Lab) -> None:
    device = lab.device()
    first, second, third, *_ = lab.ids("interventions")
    device.sync()
    lab.set("interventions", first, titre="Pas encore tiré")
    lab.sql("INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) "
            "VALUES (%s, 'Nouveau', now(), now())", device.agence_id)  # fmt: skip
    lab.sql("DELETE FROM lignes_intervention WHERE intervention_id = %s", second)
    device.set("interventions", third, titre="Pas encore envoyé")
    done = daily.check(device.syncer.cache, device.syncer.link, quietly)
    assert done is not None
    assert (done.differences, done.repaired) == ({}, 0)
    assert device.get("interventions", first, "titre") == "Fuite 1"
    assert device.get("interventions", third, "titre") == "Pas encore envoyé"
    lab.settle()
    lab.converged()


def test_while_somebody_writes_at_the_centre_it_waits(lab: Lab) -> None:
    device = lab.device()
    device.sync()
    writer = lab.connect()
    with writer.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE interventions SET titre = 'En cours'")
        # Committed later, seen here, and not served before the older writer ends.
        lab.set("clients", lab.ids("clients")[0], ville="Après")
        assert daily.check(device.syncer.cache, device.syncer.link, quietly) is None
        cursor.execute("ROLLBACK")
    writer.close()
    assert device.value("SELECT count(*) FROM sync_meta WHERE cle = 'controle'") == 0
    assert daily.check(device.syncer.cache, device.syncer.link, quietly) is not None


def test_rows_that_were_set_aside_are_not_forced_in(lab: Lab) -> None:
    device = lab.device()
    device.sync()
    one, two, *_ = lab.ids("interventions")
    muted(device, f"UPDATE interventions SET numero = 'INT-DEUX' WHERE id = {two}")
    lab.set("interventions", one, numero="INT-DEUX", titre="Attend sa place")
    device.sync()
    assert device.value("SELECT count(*) FROM sync_recus_rejetes") == 1
    done = verify(device.syncer.cache, device.syncer.link)
    assert done.differences == {"interventions": (0, 0, 1)}, "only the row that took the place"
    lab.set("clients", lab.ids("clients")[0], ville="Ensuite")
    lab.settle()
    lab.converged()


def test_keys_that_changed_hands_are_given_back(lab: Lab) -> None:
    device = lab.device()
    device.sync()
    one, two, *_ = lab.ids("interventions")
    first, second = (device.get("interventions", pk, "numero") for pk in (one, two))
    muted(device, f"UPDATE interventions SET numero = '-' WHERE id = {one}",
          f"UPDATE interventions SET numero = '{first}' WHERE id = {two}",
          f"UPDATE interventions SET numero = '{second}' WHERE id = {one}")  # fmt: skip
    done = daily.check(device.syncer.cache, device.syncer.link, quietly)
    assert done is not None
    assert done.differences == {"interventions": (0, 0, 2)}
    lab.converged()


def test_what_does_not_fit_in_is_an_error_and_changes_nothing(lab: Lab) -> None:
    device = lab.device()
    device.sync()
    one, two, *_ = lab.ids("clients")
    muted(device, f"UPDATE clients SET ville = 'Fausse' WHERE id IN ({one}, {two})",
          f"CREATE TRIGGER regle_locale BEFORE UPDATE ON clients WHEN OLD.id = {two} BEGIN "
          "SELECT RAISE(ABORT, 'rien ne change ici'); END")  # fmt: skip
    with pytest.raises(SyncError, match="clients"):
        daily.check(device.syncer.cache, device.syncer.link, quietly)
    assert device.get("clients", one, "ville") == "Fausse"
    assert device.value("SELECT count(*) FROM sync_meta WHERE cle = 'controle'") == 0
