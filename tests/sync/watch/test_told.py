"""What a device tells of itself at an exchange, what the centre keeps of it, and what it leaves out."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg2
import pytest

from tests.sync.lab import Device, Lab
from tests.sync.watch.test_observability import devices


def kept(lab: Lab, device: Device) -> dict[str, Any]:
    found: dict[str, Any] = lab.value("SELECT details->'dit' FROM sync.devices WHERE poste = %s", device.poste)
    return found


def waiting(lab: Lab, device: Device) -> int:
    return int(lab.value("SELECT en_attente FROM sync.devices WHERE poste = %s", device.poste))


def tell(device: Device, said: str, *, revision: str = "x") -> None:
    connection = device.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sync.signaler('1', %s, 3, NULL, %s::jsonb)", (revision, said))
    connection.close()


def test_a_device_tells_of_itself_within_the_exchange(lab: Lab) -> None:
    device = lab.device(encrypted=True)
    user = lab.value("SELECT id FROM users WHERE username = 'cas_1'")
    device.sql("INSERT INTO sync_meta (cle, valeur) VALUES ('dernier_usager', ?)", str(user))
    first = lab.ids("interventions")[0]
    device.set("interventions", first, titre="Attend")
    device.set("clients", lab.ids("clients")[0], ville="Fès")
    said = device.syncer.outbox.of_itself()
    assert said["tables"] == {"interventions": 1, "clients": 1}
    assert said["en_attente"] == 2
    tell(device, json.dumps(said))
    told = kept(lab, device)
    assert told["tables"] == {"interventions": 1, "clients": 1}
    assert (told["usager"], told["chiffre"], waiting(lab, device)) == (user, True, 2)
    assert told["cache"] >= device.path.stat().st_size
    assert 0 <= told["depuis_s"] < 60
    assert devices(lab)[device.poste]["usager"] == "cas_1"

    device.sync()
    assert (waiting(lab, device), "tables" in kept(lab, device)) == (0, False), "what is left once the batch landed"
    device.set("interventions", first, titre="Parti")
    once = device.sync()
    assert once.round_trips == 1
    assert abs(kept(lab, device)["horloge_s"]) < 2, "one machine has one clock"
    before = kept(lab, device)
    assert device.sync().round_trips == 1
    assert kept(lab, device) == before, "nothing new to tell writes nothing"


def test_who_tells_nothing_is_served_as_before(lab: Lab) -> None:
    device = lab.device()
    tell(device, '{"cache": 7}')
    connection = device.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sync.signaler('0.9', 'ancienne', 5, NULL)")
        assert cursor.fetchone()[0]["etat"] == "actif"
        cursor.execute("CALL sync.cycle(NULL, NULL, NULL, '0', 0, 10, NULL)")
        assert cursor.fetchone()[0]["pull"]["n"] >= 0
    connection.close()
    assert (waiting(lab, device), kept(lab, device)["cache"]) == (5, 7)
    # A centre on its way back to the revision before.
    lab.sql("ALTER TABLE sync.devices DROP COLUMN details")
    tell(device, '{"cache": 8}')
    assert waiting(lab, device) == 3
    assert devices(lab)[device.poste]["cache"] is None


def test_a_clock_is_held_against_the_centres_less_the_way(lab: Lab) -> None:
    device = lab.device()
    tell(device, json.dumps({"heure": time.time() + 3600}))
    assert kept(lab, device)["horloge_s"] == pytest.approx(3600, abs=5)
    tell(device, json.dumps({"heure": time.time() - 30, "trajet_s": 30}))
    assert kept(lab, device)["horloge_s"] == pytest.approx(0, abs=5)
    tell(device, json.dumps({"heure": time.time() - 900, "trajet_s": 1e6}))
    assert kept(lab, device)["horloge_s"] == pytest.approx(-900, abs=5), "no way takes days"
    tell(device, '{"cache": 5}')
    assert kept(lab, device)["horloge_s"] == pytest.approx(-900, abs=5), "what came with a batch measures nothing"


NOTHING = ("cache", "usager", "tables", "horloge_s", "systeme", "chiffre", "depuis_s")


@pytest.mark.parametrize(
    "said",
    [
        '{"cache": "12", "usager": [1], "tables": [1], "heure": "hier", "systeme": {"a": 1}, "chiffre": 1}',
        '{"cache": -1, "usager": 1e300, "tables": {"pg_class": 4, "clients": "9"}, "heure": 1e300, "depuis_s": null}',
        '{"poste": 1, "nom": "Poste 1", "login": "postgres", "inscrit_par": 1, "dit": {"cache": 1}}',
    ],
)  # fmt: skip
def test_what_is_not_a_measure_is_left_out(lab: Lab, said: str) -> None:
    other, device = lab.device(), lab.device()
    row = "SELECT nom, login, agence_id, details - 'dit' FROM sync.devices WHERE poste = %s"
    before = [lab.sql(row, d.poste) for d in (other, device)]
    tell(device, said)
    assert [name for name in NOTHING if name in kept(lab, device)] == []
    assert set(kept(lab, device)) == {"a"}
    assert kept(lab, other) is None
    assert [lab.sql(row, d.poste) for d in (other, device)] == before
    tell(device, json.dumps({"usager": lab.value("SELECT id FROM users WHERE username = 'tng_1'")}))
    assert devices(lab)[device.poste]["usager"] is None, "somebody of another agency"


def test_what_is_told_is_short(lab: Lab) -> None:
    device = lab.device()
    tell(device, json.dumps({"systeme": "\u202eWindows <b>10</b>\n" + "x" * 200}))
    assert kept(lab, device)["systeme"] == ("Windows b10b" + "x" * 200)[:40]
    with pytest.raises(psycopg2.Error, match="mesure attendue"):
        tell(device, json.dumps({"systeme": "x" * 1_000_000}))
    with pytest.raises(psycopg2.Error, match="mesure attendue"):
        tell(device, "[1]")
