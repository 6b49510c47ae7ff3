"""What a monitor and an administrator read: devices, journal, health and its exit status."""

from __future__ import annotations

import json
import re
from typing import Any

from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.sync.watch import health as surveillance
from tests.processes import erp_admin as erp
from tests.sync.lab import Device, Lab, T


def devices(lab: Lab) -> dict[int, dict[str, Any]]:
    engine = create_pg_engine(lab.url)
    try:
        return {p["poste"]: p for p in surveillance.postes(engine)}
    finally:
        engine.dispose()


def health(device: Device) -> dict[str, str]:
    engine = create_sqlite_engine(device.path, device.key)
    try:
        with transaction(engine, write=False) as session:
            return {c.sujet: c.niveau for c in surveillance.sante_cache(session, device.path)}
    finally:
        engine.dispose()


def test_the_list_of_devices_tells_who_is_there_and_who_lags(lab: Lab) -> None:
    here, away = lab.device(), lab.device()
    here.sync()
    away.sync()
    away.hang_up()
    lab.sql("UPDATE clients SET ville = 'Fès' WHERE agence_id = %s", here.agence_id)
    here.sync()
    here.hang_up()
    away.set("interventions", lab.ids("interventions")[0], titre="Attend")
    here.sync()
    told = devices(lab)
    assert told[here.poste]["en_ligne"]
    assert not told[away.poste]["en_ligne"]
    assert told[away.poste]["retard"] >= 3 > told[here.poste]["retard"]
    assert told[here.poste]["silence_s"] < 60
    assert told[here.poste]["version"]
    assert told[here.poste]["revision"]
    line = next(x for x in erp("device", "list", "--url", lab.url).stdout.splitlines() if "Poste 1" in x)
    assert "en ligne" in line
    assert re.search(r"  base \d+ Mo  horloge [+-]0 s  inscrit par \w+", line)
    assert told[here.poste]["annonce_a"] is not None
    assert (told[away.poste]["tables"], told[here.poste]["usager"]) == ({}, None)


def test_health_of_a_cache_follows_what_happens_to_it(lab: Lab) -> None:
    device = lab.device()
    assert health(device)["fraîcheur"] == surveillance.PANNE, "never synchronised"
    device.sync()
    assert set(health(device).values()) == {surveillance.OK}
    lab.sql("UPDATE clients SET ice = '008888888888888' WHERE id = %s", lab.ids("clients")[0])
    device.sql("INSERT INTO clients (nom_entreprise, ice, created_at, updated_at) "
               "VALUES ('Encore', '008888888888888', ?, ?)", T, T)  # fmt: skip
    device.sync()
    assert health(device)["mis de côté par le centre"] == surveillance.ALERTE
    device.sql("UPDATE sync_meta SET valeur = '2020-01-01T00:00:00.000000Z' WHERE cle = 'dernier_cycle'")
    assert health(device)["fraîcheur"] == surveillance.PANNE


def test_the_exit_status_is_enough_for_a_monitor(lab: Lab) -> None:
    device = lab.device()
    cache = ("--cache", str(device.path), "--secrets", str(device.secrets_file))
    before = erp("sync", "health", *cache)
    assert before.returncode == 1
    assert "panne" in before.stdout
    device.sync()
    after = erp("sync", "health", *cache, "--json")
    assert after.returncode == 0, after.stdout
    assert json.loads(after.stdout)["niveau"] == "ok"
    assert {"sujet", "niveau", "message"} == set(json.loads(after.stdout)["constats"][0])
    # A database copied from a template has none of its own grants.
    lab.sql(f'REVOKE TEMPORARY ON DATABASE "{lab.value("SELECT current_database()")}" FROM PUBLIC')
    centre = erp("server", "health", "--url", lab.url)
    assert centre.returncode == 0, centre.stdout
    lab.sql("UPDATE sync.devices SET vu_a = now() - interval '8 days'")
    device.hang_up()
    silent = erp("server", "health", "--url", lab.url, "--json")
    assert silent.returncode == 1
    found = {c["sujet"]: c["niveau"] for c in json.loads(silent.stdout)["constats"]}
    assert found["postes muets depuis 7 jours"] == "alerte"


def test_the_journal_has_a_line_for_each_cycle_that_moved_or_failed(lab: Lab) -> None:
    device = lab.device()
    proxy = lab.proxy(device)
    device.set("interventions", lab.ids("interventions")[0], titre="Journal")
    device.sync()
    device.sync()
    proxy.refusing = True
    proxy.cut()
    failed = erp("sync", "run", "--cache", str(device.path), "--secrets", str(device.secrets_file))
    assert failed.returncode == 1
    lines = json.loads(erp("sync", "journal", "--cache", str(device.path), "--secrets", str(device.secrets_file),
                           "--json").stdout)  # fmt: skip
    assert [(x["envoyes"], x["erreur"] is None) for x in lines][:2] == [(0, False), (1, True)]
