"""Whose a content is: what a hash opens, what a retired device hands over, and what a purge may delete."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.domain.documents import MORCEAU, cle_au_centre
from erp_desktop.errors import CentralUnreachableError, DeviceRevokedError
from erp_desktop.sync.device import farewell, registration
from erp_desktop.sync.watch import housekeeping
from tests.centre.test_security import push
from tests.sync.documents.files import at_centre, attach, octets, read, step
from tests.sync.documents.test_reach import store
from tests.sync.lab import Device, Lab, T

SECRET = octets(2 * MORCEAU + 5)
KEY = hashlib.sha256(SECRET).hexdigest()


@pytest.fixture
def engine(lab: Lab) -> Iterator[sa.Engine]:
    made = create_pg_engine(lab.url)
    yield made
    made.dispose()


def describe(line: Any, device: Device, lab: Lab, number: int, key: str, size: int) -> None:
    """Insert a description of a content, as a program of a pirate would."""
    row = {
        "id": 900_000 + number, "agence_id": device.agence_id, "nom_fichier": "vol.jpg", "type_document": "photo",
        "mime_type": "image/jpeg", "taille": size, "sha256": key, "created_at": T, "updated_at": T,
        "equipement_id": lab.ids("equipements", device.agence)[0],
    }  # fmt: skip
    assert push(line, number, i={"documents": {"c": list(row), "r": [[0, None, *row.values()]]}})["gares"] == []


# The hash is no key


def test_who_knows_a_hash_reads_nothing_of_another_agency(lab: Lab) -> None:
    a, pirate = lab.device("CAS"), lab.device("TNG")
    attach(lab, a, SECRET)
    a.sync()
    step(a)
    connection = pirate.connect()
    with connection.cursor() as line:
        describe(line, pirate, lab, 1, KEY, len(SECRET))
        line.execute("SELECT sync.document_lire(%s, 0, 16)", (KEY,))
        assert line.fetchone()[0] is None
        # As if nobody had it: not even that it is there is told.
        unheard = hashlib.sha256(b"jamais vu").hexdigest()
        describe(line, pirate, lab, 2, unheard, len(SECRET))
        line.execute("SELECT sync.documents_manquants(%s)", ([KEY, unheard],))
        assert line.fetchone()[0] == {KEY: [0, 1, 2], unheard: [0, 1, 2]}
        # Nor do some true pieces open the others.
        line.execute("SELECT sync.document_deposer(%s, 0, %s)", (KEY, base64.b64encode(SECRET[:MORCEAU]).decode()))
        assert line.fetchone()[0] == "partiel"
        line.execute("SELECT sync.document_lire(%s, 0, 16)", (KEY,))
        assert line.fetchone()[0] is None
        # A wrong content under the hash hurts nobody but its sender.
        line.execute("SELECT sync.document_deposer(%s, 1, %s)", (KEY, base64.b64encode(bytes(MORCEAU + 5)).decode()))
        assert line.fetchone()[0] == "corrompu"
    connection.close()
    assert at_centre(lab, SECRET)
    b = lab.device("CAS")
    b.sync()
    assert step(b).received == 1


def test_who_has_the_bytes_sends_them_and_reads_them(lab: Lab) -> None:
    a, b, c = lab.device("CAS"), lab.device("TNG"), lab.device("TNG")
    attach(lab, a, SECRET)
    document = attach(lab, b, SECRET, "la même.jpg")
    for device in (a, b):
        device.sync()
        assert step(device).bytes_out == len(SECRET), "each agency once"
    c.sync()
    assert step(c).bytes_in == len(SECRET)
    assert read(lab, c, document) == SECRET
    assert {r[0] for r in lab.sql("SELECT sha256 FROM contenus")} == {
        cle_au_centre(a.agence_id, KEY), cle_au_centre(b.agence_id, KEY)
    }  # fmt: skip


def test_a_description_that_names_no_hash_stops_nobody(lab: Lab) -> None:
    a, pirate = lab.device("CAS"), lab.device("CAS")
    connection = pirate.connect()
    with connection.cursor() as line:
        for number, key in enumerate(("'; --", "", "é" * 20, "G" * 64, KEY.upper()), 1):
            describe(line, pirate, lab, number, key, 10)
            with pytest.raises(psycopg2.Error) as refused:
                line.execute("SELECT sync.document_deposer(%s, 0, 'AAAA')", (key,))
            assert refused.value.pgcode == "EM007"
            line.execute("SELECT sync.document_lire(%s, 0, 1)", (key,))
            assert line.fetchone()[0] is None
    connection.close()
    attach(lab, a, SECRET)
    a.sync()
    assert step(a).sent == 1


def test_the_key_is_spelled_alike_by_the_program_and_by_the_centre(lab: Lab) -> None:
    for agence in (None, 1, lab.agence("CAS")):
        key = cle_au_centre(agence, KEY)
        assert len(key) <= 64
        assert lab.sql("SELECT sync.cle_contenu(%s, %s), sync.sha256_contenu(%s)", agence, KEY, key) == [(key, KEY)]
    assert lab.value("SELECT sync.sha256_contenu(%s)", KEY) is None


def test_a_purge_gives_contents_of_before_to_the_agencies_that_describe_them(lab: Lab, engine: sa.Engine) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    for device in (a, b):
        attach(lab, device, SECRET)
        device.sync()
    store(lab, KEY, SECRET)
    store(lab, hashlib.sha256(b"de personne").hexdigest(), b"de personne")
    for _ in range(2):
        assert housekeeping.purge(engine, 90).contenus == 0
        assert {r[0] for r in lab.sql("SELECT sha256 FROM contenus WHERE complet")} == {
            cle_au_centre(a.agence_id, KEY), cle_au_centre(b.agence_id, KEY),
            hashlib.sha256(b"de personne").hexdigest(),
        }  # fmt: skip
    assert step(a).bytes_out == 0
    fresh = lab.device("TNG")
    assert step(fresh).received == 1


# What a retired device hands over


def retire(engine: sa.Engine, device: Device, *, stolen: bool = False) -> None:
    registration.revoke(engine, device.poste, stolen=stolen)
    device.hang_up()


def leave(device: Device) -> None:
    with pytest.raises(DeviceRevokedError):
        device.sync()
    assert device.value("SELECT count(*) FROM contenus") == 0
    assert device.value("SELECT valeur FROM sync_meta WHERE cle = 'efface_a'") is not None


def test_a_retired_device_hands_over_its_documents_too(lab: Lab, engine: sa.Engine) -> None:
    a, b = lab.device(), lab.device()
    known = attach(lab, a, SECRET, "décrite.jpg")
    a.sync()
    unknown = attach(lab, a, octets(3 * MORCEAU, 5), "inconnue.jpg")
    retire(engine, a)
    leave(a)
    (waiting,) = housekeeping.quarantine(engine)
    assert (waiting["documents"], waiting["documents_manquants"]) == (1, 0)
    housekeeping.take_over(engine, waiting["id"])
    b.sync()
    step(b)
    assert read(lab, b, known) == SECRET
    assert read(lab, b, unknown) == octets(3 * MORCEAU, 5)
    lab.devices.remove(a)
    a.hang_up()
    lab.converged()


def test_a_farewell_that_is_cut_goes_on_at_the_next_contact(lab: Lab, engine: sa.Engine) -> None:
    a = lab.device()
    content = octets(40 * MORCEAU)
    attach(lab, a, content)
    proxy = lab.proxy(a)
    retire(engine, a)
    proxy.cut_after(1_500_000, "out")
    with pytest.raises(CentralUnreachableError):
        a.sync()
    arrived = lab.value("SELECT count(*) FROM contenus_morceaux")
    assert 0 < arrived < 40
    assert a.value("SELECT count(*) FROM contenus") == 1, "nothing is erased before it was handed over"
    proxy.heal()
    before = proxy.passed["out"]
    leave(a)
    assert proxy.passed["out"] - before < 1.5 * (40 - arrived) * MORCEAU + 50_000
    assert at_centre(lab, content)
    assert len(housekeeping.quarantine(engine)) == 1


def test_a_farewell_has_an_end_and_says_what_is_missing(
    lab: Lab, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = lab.device()
    small, large = octets(1_000, 1), octets(30 * MORCEAU, 2)
    attach(lab, a, large)
    attach(lab, a, small)
    monkeypatch.setattr(farewell, "DOCUMENTS_BYTES", 2 * MORCEAU)
    retire(engine, a)
    leave(a)
    assert at_centre(lab, small)
    assert not at_centre(lab, large)
    (waiting,) = housekeeping.quarantine(engine)
    assert (waiting["documents"], waiting["documents_manquants"]) == (2, 1)


def test_a_farewell_that_keeps_failing_ends_after_a_day(lab: Lab, engine: sa.Engine) -> None:
    a = lab.device()
    attach(lab, a, SECRET)
    retire(engine, a)
    yesterday = clock.to_text(clock.now() - farewell.PATIENCE - farewell.PATIENCE)
    a.sql("INSERT INTO sync_meta (cle, valeur) VALUES ('adieu_a', ?)", yesterday)
    leave(a)
    assert lab.value("SELECT count(*) FROM contenus") == 0


def test_a_damaged_document_holds_no_farewell_up(lab: Lab, engine: sa.Engine) -> None:
    a = lab.device()
    attach(lab, a, octets(10, 1))
    attach(lab, a, octets(20, 2))
    a.sql("UPDATE contenus_morceaux SET octets = zeroblob(10) WHERE length(octets) = 10")
    retire(engine, a)
    leave(a)
    assert at_centre(lab, octets(20, 2))
    assert not at_centre(lab, octets(10, 1))


def test_a_stolen_device_and_one_at_work_send_no_document_of_farewell(lab: Lab, engine: sa.Engine) -> None:
    a = lab.device()
    attach(lab, a, SECRET)
    a.sync()
    for stolen in (False, True):
        if stolen:
            retire(engine, a, stolen=True)
        connection = a.connect()
        with connection.cursor() as line:
            line.execute("SELECT sync.adieu_manquants(%s)", ([KEY],))
            assert line.fetchone()[0] == {}
            with pytest.raises(psycopg2.Error) as refused:
                line.execute("SELECT sync.adieu_document(%s, 0, 'AAAA')", (KEY,))
            assert refused.value.pgcode == "EM007"
        connection.close()


def test_a_retired_device_reaches_no_other_agency(lab: Lab, engine: sa.Engine) -> None:
    """It may only add what it described, for its own agency, and reads nothing."""
    a, other = lab.device("CAS"), lab.device("TNG")
    attach(lab, other, SECRET)
    other.sync()
    step(other)
    retire(engine, a)
    connection = a.connect()
    with connection.cursor() as line:
        line.execute("SELECT sync.adieu_manquants(%s)", ([KEY],))
        assert line.fetchone()[0] == {}
        line.execute("SELECT sync.adieu(%s::jsonb)", (json.dumps({"n": 1, "i": {"documents": {
            "c": ["taille", "sha256"], "r": [[0, None, len(SECRET), KEY]]}}}),))  # fmt: skip
        line.execute("SELECT sync.adieu_manquants(%s)", ([KEY],))
        assert line.fetchone()[0] == {KEY: [0, 1, 2]}, "what Tanger sent does not count"
        with pytest.raises(psycopg2.Error) as refused:
            line.execute("SELECT sync.document_lire(%s, 0, 1)", (KEY,))
        assert refused.value.pgcode == "42501", "it is left with its farewell alone"
    connection.close()


# What a purge may delete


def age(lab: Lab, days: int) -> None:
    lab.sql("UPDATE contenus SET dernier_acces = dernier_acces - make_interval(days => %s)", days)


def test_a_content_that_nothing_describes_any_more_is_deleted_after_the_window(lab: Lab, engine: sa.Engine) -> None:
    a = lab.device()
    kept, gone = attach(lab, a, octets(1_000, 1)), attach(lab, a, octets(1_000, 2))
    a.sync()
    step(a)
    assert housekeeping.purge(engine, 90).contenus == 0
    a.sql("DELETE FROM documents WHERE id = ?", gone)
    lab.settle()
    lab.set("interventions", lab.ids("interventions")[0], titre="Ensuite")
    a.sync()
    # It says with its next greeting how far it is.
    a.hang_up()
    a.sync()
    # The deletion may be undone as long as it is remembered; this purge forgets it.
    assert housekeeping.purge(engine, 90) == housekeeping.Purged(1, 0)
    age(lab, 80)
    assert housekeeping.purge(engine, 90).contenus == 0
    age(lab, 20)
    assert housekeeping.purge(engine, 90).contenus == 1
    assert (at_centre(lab, octets(1_000, 1)), at_centre(lab, octets(1_000, 2))) == (True, False)
    assert lab.value("SELECT count(*) FROM contenus_morceaux") == 1
    b = lab.device()
    step(b)
    assert read(lab, b, kept) == octets(1_000, 1)


@pytest.mark.parametrize("by", ["row", "deletion", "quarantine", "refused"])
def test_what_somebody_may_still_describe_stays(lab: Lab, engine: sa.Engine, by: str) -> None:
    a = lab.device()
    store(lab, cle_au_centre(a.agence_id, KEY), SECRET)
    assert housekeeping.purge(engine, 90).contenus == 0
    age(lab, 100)
    match by:
        case "row":
            attach(lab, a, SECRET)
            a.sync()
        case "deletion":
            document = attach(lab, a, SECRET)
            a.sync()
            a.sql("DELETE FROM documents WHERE id = ?", document)
            a.sync()
            # Still away, so that the deletion is remembered.
            lab.device()
        case "quarantine":
            attach(lab, a, SECRET)
            retire(engine, a)
            leave(a)
        case "refused":
            attach(lab, a, SECRET)
            a.sql("UPDATE documents SET agence_id = ?", lab.agence("TNG"))
            a.sync()
            assert len(a.parked()) == 1
    assert housekeeping.purge(engine, 90).contenus == 0
    assert at_centre(lab, SECRET)
    assert lab.value("SELECT dernier_acces FROM contenus") is None, "the window starts again"


def test_a_device_that_starts_again_asks_for_every_content_anew(lab: Lab, engine: sa.Engine) -> None:
    """What it once sent may have been purged while nothing named it."""
    a = lab.device()
    attach(lab, a, SECRET)
    a.sync()
    step(a)
    again = attach(lab, a, SECRET, "encore.jpg")
    lab.sql("DELETE FROM contenus")
    # Deletions forgotten since its last cycle: a fresh copy.
    a.hang_up()
    lab.sql("INSERT INTO sync.purges (scope, xid, lignes) VALUES (0, pg_current_xact_id(), 1)")
    assert a.sync().restarted
    assert step(a).sent == 1
    b = lab.device()
    step(b)
    assert read(lab, b, again) == SECRET
