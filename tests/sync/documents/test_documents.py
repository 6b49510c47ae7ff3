"""Bytes of documents between caches and the centre: whole, once, resumed, within the quota, and behind the rows.

Long on purpose: every test needs the same files, stores and counters that stand at the top.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from erp_desktop.db.session import transaction
from erp_desktop.domain.documents import MORCEAU, cle_au_centre, decouper
from erp_desktop.domain.enums import EtatDocument, Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import CentralUnreachableError, NotFoundError, SyncError, UserError
from erp_desktop.services import documents
from erp_desktop.settings import Settings
from erp_desktop.sync.documents import DocumentExchange, DocumentsResult, contenus
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.watch.service import SyncService
from tests.sync.lab import Device, Lab

MO = 1_048_576


def octets(size: int, seed: int = 1) -> bytes:
    """Bytes that do not compress, like a photo."""
    return random.Random(seed).randbytes(size)


def acteur(lab: Lab, device: Device) -> Acteur:
    user = lab.ids("users", device.agence)[0]
    return Acteur(user, "Agent", Role.AGENT, device.agence_id, device.agence, device.poste)


def attach(lab: Lab, device: Device, content: bytes, name: str = "photo.jpg", row: int | None = None) -> int:
    with transaction(device.engine) as session:
        target = row or lab.ids("interventions", device.agence)[0]
        return documents.joindre(session, acteur(lab, device), "interventions", target, name, content)


def read(lab: Lab, device: Device, document: int) -> bytes:
    with transaction(device.engine) as session:
        return documents.lire(session, acteur(lab, device), document)[1]


def ask(lab: Lab, device: Device, document: int, quota: int = 100 * MO) -> None:
    with transaction(device.engine) as session:
        documents.demander(session, acteur(lab, device), document, quota=quota)


def step(device: Device, **options: Any) -> DocumentsResult:
    """One step on the warm line, as the network thread does after a cycle."""
    syncer = device.syncer
    return DocumentExchange(syncer.cache, syncer.link, **{"quota": 100 * MO, **options}).run()


def states(device: Device) -> dict[int, EtatDocument]:
    with transaction(device.engine, write=False) as session:
        return {d.id: d.etat for d in contenus(session)}


def at_centre(lab: Lab, content: bytes) -> bool:
    key = hashlib.sha256(content).hexdigest()
    found = lab.value(
        "SELECT encode(sha256(string_agg(m.octets, ''::bytea ORDER BY m.numero)), 'hex') "
        "FROM contenus c JOIN contenus_morceaux m USING (sha256) WHERE c.complet "
        "AND sync.sha256_contenu(c.sha256) = %s GROUP BY c.sha256", key
    )  # fmt: skip
    return bool(found == key)


def test_ten_megabytes_reach_the_centre_and_the_other_device_byte_for_byte(lab: Lab) -> None:
    a, b = lab.device(encrypted=True), lab.device()
    content = octets(10 * MO + 12_345)
    document = attach(lab, a, content)
    assert states(a) == {document: EtatDocument.ATTENTE}
    a.sync()
    done = step(a)
    assert (done.sent, done.bytes_out, done.waiting) == (1, len(content), 0)
    assert at_centre(lab, content)
    b.sync()
    assert states(b) == {document: EtatDocument.DISTANT}
    with pytest.raises(NotFoundError, match="téléchargez"):
        read(lab, b, document)
    done = step(b)
    assert (done.received, done.bytes_in) == (1, len(content))
    assert read(lab, b, document) == content
    assert states(a) == states(b) == {document: EtatDocument.CENTRE}
    assert content[:64] not in a.path.read_bytes(), "an encrypted cache keeps its documents encrypted"
    lab.converged()


def test_nothing_to_do_costs_no_round_trip(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    attach(lab, a, octets(1000))
    for device in (a, b):
        device.sync()
        step(device)
    for device in (a, b):
        before = device.syncer.link.round_trips
        assert not step(device).moved
        assert device.syncer.link.round_trips == before


def test_the_bytes_wait_for_their_description(lab: Lab) -> None:
    a = lab.device()
    content = octets(1000)
    attach(lab, a, content)
    assert step(a).bytes_out == 0, "the row has not gone yet"
    a.sync()
    assert step(a).sent == 1
    assert at_centre(lab, content)


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_line_cut_again_and_again_only_delays(lab: Lab, direction: Any) -> None:
    a, b = lab.device(), lab.device()
    content = octets(2 * MO + 1)
    document = attach(lab, a, content)
    device = a if direction == "out" else b
    a.sync()
    if direction == "in":
        step(a)
        b.sync()
    proxy = lab.proxy(device)
    device.sync()
    cuts, moved = 0, 0
    dice = random.Random(7)
    while True:
        proxy.cut_after(dice.randrange(1, 900_000), direction)
        exchange = DocumentExchange(device.syncer.cache, device.syncer.link, quota=100 * MO)
        try:
            exchange.run()
        except CentralUnreachableError:
            cuts += 1
            assert cuts < 60
        else:
            break
        finally:
            moved += exchange.result.bytes_out + exchange.result.bytes_in
    assert cuts > 2
    # A piece whose answer was cut may go twice; nothing else does.
    assert len(content) <= moved + cuts * 16 * MORCEAU
    assert moved <= len(content) + cuts * 16 * MORCEAU
    assert at_centre(lab, content)
    proxy.heal()
    b.sync()
    step(b)
    assert read(lab, b, document) == content


def test_a_cut_loses_only_what_was_under_way(lab: Lab) -> None:
    a = lab.device()
    attach(lab, a, octets(20 * MORCEAU))
    a.sync()
    first = step(a, budget=5 * MORCEAU)
    assert MORCEAU <= first.bytes_out <= 5 * MORCEAU
    assert first.waiting == 1
    # Another process goes on: what the centre has is not sent again.
    a.hang_up()
    a.sync()
    rest = step(a)
    assert first.bytes_out + rest.bytes_out == 20 * MORCEAU
    assert rest.sent == 1


def test_a_file_that_two_devices_have_is_sent_once_and_stored_once(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    content = octets(3 * MORCEAU)
    one = attach(lab, a, content, "plaque.jpg")
    two = attach(lab, b, content, "plaque vue par b.jpg")
    for device in (a, b):
        device.sync()
    assert step(a).bytes_out == len(content)
    done = step(b)
    assert (done.sent, done.bytes_out) == (1, 0)
    assert lab.value("SELECT count(*) FROM contenus") == 1
    a.sync()
    assert step(a).bytes_in == 0, "its bytes are here already under another name"
    assert read(lab, a, two) == read(lab, b, one) == content


def test_two_devices_that_send_one_file_together_share_the_work(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    content = octets(12 * MORCEAU)
    for device in (a, b):
        attach(lab, device, content)
        device.sync()
    sent = 0
    for _ in range(6):
        sent += sum(step(device, budget=2 * MORCEAU).bytes_out for device in (a, b))
    assert sent == len(content)
    assert at_centre(lab, content)
    assert set(states(a).values()) == {EtatDocument.CENTRE}


def test_old_copies_leave_for_new_ones_and_come_back_on_demand(lab: Lab) -> None:
    a = lab.device()
    contents = {attach(lab, a, octets(MO, n), f"{n}.jpg"): octets(MO, n) for n in range(5)}
    a.sync()
    first, second, *_ = contents
    read(lab, a, first)
    done = step(a, quota=3 * MO, days=0)
    assert (done.sent, done.dropped) == (5, 2)
    assert states(a)[first] is EtatDocument.CENTRE, "read last, kept longest"
    assert states(a)[second] is EtatDocument.DISTANT
    assert step(a, quota=3 * MO).bytes_in == 0, "what was dropped does not come back by itself"
    ask(lab, a, second, 3 * MO)
    assert states(a)[second] is EtatDocument.DEMANDE
    done = step(a, quota=3 * MO)
    assert (done.received, done.dropped) == (1, 1)
    assert read(lab, a, second) == contents[second]
    assert a.value("SELECT sum(taille) FROM contenus") <= 3 * MO
    assert a.value("SELECT count(*) FROM contenus_morceaux") == 3 * 16, "nothing stays of what was dropped"


def test_a_full_quota_never_drops_nor_refuses_what_is_not_sent(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    theirs = attach(lab, b, octets(MO, 99), "leur.jpg")
    b.sync()
    step(b)
    a.sync()
    mine = {attach(lab, a, octets(MO, n), f"{n}.jpg"): octets(MO, n) for n in range(4)}
    assert step(a, quota=2 * MO).dropped == 0
    assert [read(lab, a, pk) for pk in mine] == list(mine.values())
    with pytest.raises(UserError, match="attendent d'être envoyés"):
        ask(lab, a, theirs, 2 * MO)
    a.sync()
    assert step(a, quota=2 * MO).dropped == 2
    ask(lab, a, theirs, 2 * MO)
    step(a, quota=2 * MO)
    assert read(lab, a, theirs) == octets(MO, 99)


def test_recent_documents_come_unasked_while_there_is_room(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    old, new, newest = (attach(lab, a, octets(MO, n), f"{n}.jpg") for n in range(3))
    a.set("documents", old, created_at="2026-01-05T08:00:00.000000Z")
    a.sync()
    step(a)
    b.sync()
    assert step(b, quota=MO).received == 1, "the newest, for there is room for one"
    assert states(b)[newest] is EtatDocument.CENTRE
    step(b)
    assert states(b) == {old: EtatDocument.DISTANT, new: EtatDocument.CENTRE, newest: EtatDocument.CENTRE}
    ask(lab, b, old)
    step(b, days=0)
    assert read(lab, b, old) == octets(MO, 0)


def test_what_the_centre_has_not_yet_is_asked_again_later(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    document = attach(lab, a, octets(1000))
    a.sync()
    b.sync()
    assert step(b).absent == 1
    assert b.value("SELECT count(*) FROM contenus") == 0
    ask(lab, b, document)
    assert (step(b).absent, states(b)) == (1, {document: EtatDocument.DEMANDE})
    step(a)
    assert step(b).received == 1
    assert read(lab, b, document) == octets(1000)


def test_a_row_that_waits_ends_the_step(lab: Lab) -> None:
    a = lab.device()
    content = octets(8 * MO)
    attach(lab, a, content)
    a.sync()
    proxy = lab.proxy(a)
    proxy.delay_s = 0.05
    found: list[DocumentsResult] = []

    def in_its_thread() -> None:
        link = a.link()
        with Cache(a.path, a.key) as cache:
            found.append(DocumentExchange(cache, link, quota=100 * MO).run())
        link.close()

    thread = threading.Thread(target=in_its_thread)
    thread.start()
    while proxy.passed["out"] < 100_000:
        thread.join(0.01)
        assert thread.is_alive()
    pk = lab.ids("interventions")[1]
    a.set("interventions", pk, titre="Urgent")
    thread.join(30)
    assert not thread.is_alive()
    assert 0 < found[0].bytes_out < len(content)
    assert found[0].sent == 0
    proxy.heal()
    a.sync()
    assert lab.get("interventions", pk, "titre") == "Urgent"
    assert not at_centre(lab, content)
    assert step(a).sent == 1
    assert at_centre(lab, content)


def test_the_network_thread_sends_rows_between_pieces_and_documents_without_a_pause(lab: Lab) -> None:
    a = lab.device()
    content = octets(4 * MO)
    attach(lab, a, content)
    proxy = lab.proxy(a)
    proxy.delay_s = 0.01
    # A cycle an hour: what happens sooner was asked for, or goes on by itself.
    options = Settings(sync_interval_s=3600, documents_budget_ko=256, secrets_file=a.secrets_file)
    seen: set[str] = set()
    service = SyncService(options, a.path, a.key, on_data=lambda tables, _result: seen.update(tables))
    service.start()
    try:
        until(lambda: lab.value("SELECT count(*) FROM contenus_morceaux") > 2)
        pk = lab.ids("interventions")[1]
        a.set("interventions", pk, titre="Urgent")
        service.request_cycle()
        until(lambda: lab.get("interventions", pk, "titre") == "Urgent")
        assert not at_centre(lab, content), "the row came in between"
        until(lambda: at_centre(lab, content))
        until(lambda: "documents" in seen)
    finally:
        service.stop()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_refused_cycle_of_documents_leaves_the_rows_alone(lab: Lab) -> None:
    a = lab.device()
    attach(lab, a, octets(3 * MORCEAU))
    a.sync()
    a.sql("UPDATE contenus_morceaux SET octets = zeroblob(65536) WHERE numero = 1")
    with pytest.raises(SyncError, match=r"abîmé.*photo\.jpg"):
        step(a)
    assert lab.value("SELECT count(*) FROM contenus_morceaux") == 0, "nothing damaged leaves"
    a.set("interventions", lab.ids("interventions")[0], titre="Ensuite")
    assert a.sync().pushed >= 1


def test_what_arrives_damaged_is_fetched_again(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    content = octets(3 * MORCEAU)
    document = attach(lab, a, content)
    a.sync()
    step(a)
    b.sync()
    step(b, budget=MORCEAU)
    b.sql("UPDATE contenus_morceaux SET octets = zeroblob(65536)")
    with pytest.raises(SyncError, match="abîmé"):
        step(b)
    step(b)
    assert read(lab, b, document) == content


def test_a_centre_that_lost_contents_gets_them_again(lab: Lab) -> None:
    a = lab.device()
    content = octets(2 * MORCEAU)
    attach(lab, a, content)
    a.sync()
    step(a)
    lab.sql("DELETE FROM contenus")
    assert not step(a).moved
    # What enrolling again after a restored centre leaves behind: another epoch.
    a.hang_up()
    a.sql("UPDATE sync_meta SET valeur = 'une autre' WHERE cle = 'documents_epoque'")
    assert step(a).sent == 1
    assert at_centre(lab, content)


def test_copies_without_a_description_go(lab: Lab) -> None:
    a = lab.device()
    document = attach(lab, a, octets(1000))
    a.sync()
    step(a)
    a.sql("DELETE FROM documents WHERE id = ?", document)
    a.sync()
    step(a)
    assert a.value("SELECT count(*) FROM contenus_morceaux") == 0


def test_documents_follow_what_they_describe_to_another_agency(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    row, content = lab.ids("equipements")[0], octets(1000)
    with transaction(a.engine) as session:
        document = documents.joindre(session, acteur(lab, a), "equipements", row, "manuel.pdf", content)
    a.sync()
    step(a)
    # A whole closure moves, as an administrator does it.
    lab.sql("BEGIN; SET CONSTRAINTS ALL DEFERRED")
    tng, client = lab.agence("TNG"), lab.get("equipements", row, "client_id")
    for statement in (
        "UPDATE clients SET agence_id = %s WHERE id = %s",
        "UPDATE equipements SET agence_id = %s WHERE client_id = %s",
        "UPDATE interventions SET agence_id = %s WHERE client_id = %s",
    ):  # fmt: skip
        lab.sql(statement, tng, client)
    lab.sql("COMMIT")
    lab.settle()
    assert states(a) == {}
    step(b)
    assert read(lab, b, document) == content
    lab.converged()


# What a device may reach


@pytest.fixture
def stranger(lab: Lab) -> Iterator[Any]:
    """The line of a device of Tanger, while Casablanca has one document at the centre."""
    a = lab.device("CAS")
    attach(lab, a, octets(1000))
    a.sync()
    step(a)
    connection = lab.device("TNG").connect()
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


KEY = hashlib.sha256(octets(1000)).hexdigest()


def test_another_agencys_content_is_as_if_it_were_not_there(stranger: Any) -> None:
    stranger.execute("SELECT sync.document_lire(%s, 0, 1), sync.documents_manquants(%s)", (KEY, [KEY]))
    assert stranger.fetchone() == (None, {})
    with pytest.raises(psycopg2.Error) as refused:
        stranger.execute("SELECT sync.document_deposer(%s, 0, 'AAAA')", (KEY,))
    assert refused.value.pgcode == "EM007"
    for table in ("contenus", "contenus_morceaux"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            stranger.execute(f"SELECT 1 FROM {table}")


def store(lab: Lab, key: str, content: bytes) -> None:
    lab.sql("INSERT INTO contenus (sha256, taille, complet) VALUES (%s, %s, true)", key, len(content))
    for number, piece in decouper(content):
        lab.sql("INSERT INTO contenus_morceaux VALUES (%s, %s, %s)", key, number, psycopg2.Binary(piece))


def test_shared_documents_reach_every_agency(lab: Lab) -> None:
    b, content = lab.device("TNG"), octets(2 * MORCEAU)
    key = hashlib.sha256(content).hexdigest()
    document = lab.value(
        "WITH c AS (INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Tous', now(), now()) "
        "RETURNING id), e AS (INSERT INTO equipements (client_id, nom, code_interne, created_at, updated_at) "
        "SELECT id, 'Pont', 'EQ-TOUS', now(), now() FROM c RETURNING id) "
        "INSERT INTO documents (nom_fichier, type_document, mime_type, taille, sha256, equipement_id, created_at, "
        "updated_at) SELECT 'manuel.pdf', 'manuel', 'application/pdf', %s, %s, id, now(), now() FROM e RETURNING id",
        len(content), key,
    )  # fmt: skip
    store(lab, cle_au_centre(None, key), content)
    b.sync()
    step(b)
    assert read(lab, b, document) == content


def test_pieces_that_do_not_make_the_hash_are_thrown_away(lab: Lab) -> None:
    a = lab.device()
    content = octets(2 * MORCEAU)
    attach(lab, a, content)
    a.sync()
    key = hashlib.sha256(content).hexdigest()
    connection = a.connect()
    with connection.cursor() as cursor:

        def put(number: int, data: bytes) -> Any:
            cursor.execute("SELECT sync.document_deposer(%s, %s, %s)", (key, number, base64.b64encode(data).decode()))
            return cursor.fetchone()[0]

        assert put(0, bytes(MORCEAU)) == "partiel"
        assert put(1, content[MORCEAU:]) == "corrompu"
        assert lab.value("SELECT count(*) FROM contenus_morceaux") == 0
        cursor.execute("SELECT sync.document_lire(%s, 0, 1)", (key,))
        assert cursor.fetchone()[0] is None
        for number, data in ((2, b"x"), (-1, b"x"), (1, bytes(MORCEAU + 1)), (0, b"")):
            with pytest.raises(psycopg2.Error) as refused:
                put(number, data)
            assert refused.value.pgcode == "EM007", number
    connection.close()
    assert step(a).sent == 1
    assert at_centre(lab, content)


def test_a_revoked_device_reaches_no_document(lab: Lab) -> None:
    a = lab.device()
    attach(lab, a, octets(1000))
    a.sync()
    step(a)
    lab.sql("UPDATE sync.devices SET etat = 'vole' WHERE poste = %s", a.poste)
    connection = a.connect()
    with connection.cursor() as cursor:
        for call in (f"documents_manquants(ARRAY['{KEY}'])", f"document_lire('{KEY}', 0, 1)",
                     f"document_deposer('{KEY}', 0, 'AAAA')"):  # fmt: skip
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute(f"SELECT sync.{call}")
            assert refused.value.pgcode == "EM011", call
    connection.close()


def test_the_command_line_carries_documents_and_lists_them(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    content = octets(3 * MO)
    document = attach(lab, a, content)

    def erp(device: Device, command: str) -> Any:
        device.hang_up()
        done = device.run("sync", command, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    key = hashlib.sha256(content).hexdigest()
    row = {"id": document, "nom_fichier": "photo.jpg", "taille": len(content), "sha256": key}
    assert erp(a, "documents") == [{**row, "etat": "attente", "recus": len(content)}]
    ran = erp(a, "run")
    assert {k: ran["documents"][k] for k in ("sent", "bytes_out", "waiting", "erreur")} == {
        "sent": 1, "bytes_out": len(content), "waiting": 0, "erreur": None,
    }  # fmt: skip
    b.sync()
    assert erp(b, "documents") == [{**row, "etat": "distant", "recus": 0}]
    assert erp(b, "run")["documents"]["received"] == 1
    assert erp(b, "documents") == [{**row, "etat": "centre", "recus": len(content)}]
