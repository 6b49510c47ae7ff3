"""Bytes of documents between caches and the centre: whole, once, resumed, and behind the rows."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from erp_desktop.domain.documents import MORCEAU
from erp_desktop.domain.enums import EtatDocument
from erp_desktop.errors import CentralUnreachableError, NotFoundError, SyncError
from erp_desktop.settings import Settings
from erp_desktop.sync.documents import DocumentExchange, DocumentsResult
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.watch.service import SyncService
from tests.sync.documents.files import MO, at_centre, attach, octets, read, states, step
from tests.sync.lab import Lab


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
