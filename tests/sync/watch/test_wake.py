"""The service of a branch: woken by the centre, by the window, or by the clock; calm when the line is down."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from erp_desktop.settings import Settings
from erp_desktop.sync.exchange.cycle import CycleResult
from erp_desktop.sync.syncer import Syncer
from erp_desktop.sync.watch import service as services
from erp_desktop.sync.watch.service import SyncService
from tests.sync.lab import Device, Lab


class Desk:
    """A service on a device's cache, with an interval so long that only a wake-up explains a quick change."""

    def __init__(self, device: Device, interval_s: float = 600.0) -> None:
        self.device = device
        self.arrived = threading.Event()
        self.settled = threading.Event()
        settings = Settings(secrets_file=device.secrets_file, sync_interval_s=interval_s, cycle_deadline_s=60)
        self.service = SyncService(
            settings, device.path, device.key, lambda state: self.settled.set() if state.en_ligne else None,
            lambda _tables, _result: self.arrived.set(),
        )  # fmt: skip

    def listening(self) -> bool:
        link = self.service._link
        return link is not None and bool(link.listening)


@contextmanager
def working(*desks: Desk) -> Iterator[None]:
    for desk in desks:
        desk.service.start()
    try:
        for desk in desks:
            until(desk.listening)
        yield
    finally:
        for desk in desks:
            desk.service.stop()


PATIENCE_S = 60.0
"""A tenth of a desk's interval: what comes sooner was woken."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for ``condition``."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < PATIENCE_S, "it never came"
        time.sleep(0.002)


def changes_seen(lab: Lab) -> list[float]:
    """Seconds from a change of one branch to the other's screen."""
    one, two = Desk(lab.device()), Desk(lab.device())
    pk = lab.ids("interventions")[0]
    took = []
    with working(one, two):
        for turn in range(5):
            two.arrived.clear()
            started = time.monotonic()
            one.device.set("interventions", pk, titre=f"Vu tout de suite {turn}")
            one.service.request_cycle()
            assert two.arrived.wait(PATIENCE_S)
            took.append(time.monotonic() - started)
            assert two.device.get("interventions", pk, "titre") == f"Vu tout de suite {turn}"
    return took


def test_a_change_of_one_branch_wakes_the_others(lab: Lab) -> None:
    assert len(changes_seen(lab)) == 5


@pytest.mark.bench
def test_a_change_of_one_branch_is_on_the_others_screen_within_a_second(lab: Lab) -> None:
    took = changes_seen(lab)
    assert statistics.median(took) < 1.0, took


def test_a_change_at_the_centre_reaches_its_agency_and_shared_rows_reach_all(lab: Lab) -> None:
    casablanca, tanger = Desk(lab.device("CAS")), Desk(lab.device("TNG"))
    with working(casablanca, tanger):
        lab.set("interventions", lab.ids("interventions", "TNG")[0], titre="Pour Tanger")
        assert tanger.arrived.wait(PATIENCE_S)
        assert not casablanca.arrived.is_set()
        tanger.arrived.clear()
        lab.sql("INSERT INTO jours_feries (jour, libelle, created_at, updated_at) "
                "VALUES ('2027-01-11', 'Manifeste', now(), now())")  # fmt: skip
        assert tanger.arrived.wait(PATIENCE_S)
        assert casablanca.arrived.wait(PATIENCE_S)


def test_its_own_push_does_not_wake_a_device_again(lab: Lab) -> None:
    desk = Desk(lab.device())
    cycles = 0
    ran = desk.service._cycle

    def cycle(syncer: Syncer) -> CycleResult | None:
        nonlocal cycles
        cycles += 1
        return ran(syncer)

    def at_rest() -> int:
        """Cycles so far, once none has started for four paces."""
        seen = -1
        while seen != cycles:
            seen = cycles
            time.sleep(4 * services.PACE_S)
        return seen

    desk.service._cycle = cycle  # type: ignore[method-assign]
    with working(desk):
        before = at_rest()
        desk.device.set("interventions", lab.ids("interventions")[0], titre="La mienne")
        desk.service.request_cycle()
        until(lambda: desk.device.waiting == 0)
        assert at_rest() == before + 1


def test_a_busy_centre_does_not_make_a_device_ask_without_pause(lab: Lab) -> None:
    desk = Desk(lab.device())
    pk = lab.ids("interventions")[0]
    with working(desk):
        cycles: list[float] = []
        ran = desk.service._cycle
        desk.service._cycle = lambda syncer: (cycles.append(time.monotonic()), ran(syncer))[1]  # type: ignore[method-assign]
        started = time.monotonic()
        turn = 0
        while time.monotonic() - started < 2 or turn <= 50:
            turn += 1
            lab.set("interventions", pk, titre=f"Rafale {turn}")
        until(lambda: desk.device.get("interventions", pk, "titre") == f"Rafale {turn}")
        spent = time.monotonic() - started
    assert len(cycles) <= spent / services.PACE_S + 2


def test_a_line_cut_while_waiting_is_noticed_and_taken_up_again(lab: Lab) -> None:
    device = lab.device()
    proxy = lab.proxy(device)
    desk = Desk(device)
    pk = lab.ids("interventions")[0]
    with working(desk):
        proxy.cut()
        lab.set("interventions", pk, titre="Pendant la coupure")
        until(lambda: device.get("interventions", pk, "titre") == "Pendant la coupure")


def test_behind_a_pooler_a_device_polls(lab: Lab) -> None:
    """PgBouncer gives its clients a key of its own: the process that the line announces is not the server's."""
    device = lab.device()
    proxy = lab.proxy(device)
    proxy.rewrite_backend_key = True
    desk = Desk(device, interval_s=0.3)
    pk = lab.ids("interventions")[0]
    desk.service.start()
    try:
        until(lambda: desk.service._link is not None and desk.service._link.listening is False)
        lab.set("interventions", pk, titre="Vu au passage suivant")
        until(lambda: device.get("interventions", pk, "titre") == "Vu au passage suivant")
    finally:
        desk.service.stop()


def test_an_unreachable_centre_is_asked_ever_more_rarely_and_never_in_step(lab: Lab) -> None:
    desk = Desk(lab.device())
    delays: list[list[float]] = []
    for failures in range(1, 12):
        desk.service._failures = failures
        delays.append([desk.service._delay() for _ in range(200)])
    for failures, drawn in enumerate(delays, 1):
        least = min(60.0, 2.0 ** (failures - 1))
        assert least <= min(drawn) < max(drawn) <= 1.5 * least
        assert len(set(drawn)) > 150
    desk.service._failures = 0
    assert desk.service._delay() == 600
    desk.service.stop()
