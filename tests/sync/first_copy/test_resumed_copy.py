"""A first copy whose program was killed: the next enrolment at the same place goes on with the same device."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from erp_desktop.db import secrets
from erp_desktop.db.engine import normalise_url
from erp_desktop.errors import CentralUnreachableError, SyncError, UserError
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.device.interrupted import working_files
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy import by_rows, empty_cache
from erp_desktop.sync.first_copy import published as snapshot
from tests.processes import Program
from tests.sync.first_copy.test_first_copy import MANY
from tests.sync.lab import Device, Lab
from tests.sync.proxy import ChaosProxy

CHILD = """
import sys
from pathlib import Path
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.first_copy import by_rows, published
by_rows._PIECE, by_rows.KEPT_EVERY_S, published.KEPT_EVERY_S = 50_000, 0.02, 0.02
url, cache, store = sys.argv[1:]
show = lambda what, count: print(what, count, flush=True)
enrolment.enroll(url, "CAS", "Neuf", Path(cache), secrets_file=Path(store), progress=show)
"""


class Enrolment:
    """Enrolments of one place, through a line whose bytes are counted."""

    def __init__(self, lab: Lab, folder: Path, rows: int) -> None:
        self.lab = lab
        lab.sql(MANY.replace("%s", str(rows)))
        self.path, self.store = folder / "neuf.sqlite", folder / "neuf.json"
        self.proxy: ChaosProxy = lab.proxy()
        self.url = normalise_url(lab.url).set(port=self.proxy.port).render_as_string(hide_password=False)

    def killed_when(self, what: str, count: int) -> None:
        """Enrol in a process that is killed once it tells of so many rows or bytes of something."""
        child = Program(["-c", CHILD, self.url, self.path, self.store], stderr=None)
        assert child.stdout is not None
        for line in child.stdout:
            name, number = line.rsplit(" ", 1)
            if name.strip() == what and int(number) >= count:
                child.send_signal(signal.SIGKILL)
                break
        child.communicate()
        assert child.returncode == -signal.SIGKILL

    def enrol(self, agence: str = "CAS", *, encrypted: bool = True, **options: Any) -> tuple[Device, int]:
        """The device, and the bytes that came for it."""
        before = self.proxy.passed["in"]
        done = enrolment.enroll(
            self.url, agence, "Neuf", self.path, secrets_file=self.store, encrypted=encrypted, **options
        )
        key = secrets.cache_key(self.path, self.store)
        made = Device(self.lab, self.path, self.store, done.poste, done.login, agence, done.agence_id, key)
        self.lab.devices.append(made)
        assert not any(f.exists() for f in working_files(self.path))
        return made, self.proxy.passed["in"] - before

    def left_half_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An enrolment whose line dies for good in the middle of the equipements."""

        def die(table: str, _rows: int) -> None:
            if table == "equipements":
                self.proxy.refusing = True
                self.proxy.cut()

        with monkeypatch.context() as patch:
            patch.setattr(by_rows, "_ATTEMPTS", 1)
            patch.setattr(by_rows, "_PIECE", 50_000)
            patch.setattr(by_rows, "KEPT_EVERY_S", 0)
            self.proxy.bytes_per_s = 500_000
            with pytest.raises(CentralUnreachableError):
                self.enrol(progress=die)
        self.proxy.heal()

    def is_as_a_fresh_one(self, device: Device) -> None:
        device.sync()
        assert self.lab.differences(device) == []
        fresh = self.lab.device(device.agence)
        fresh.sync()
        schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"
        assert device.sql(schema) == fresh.sql(schema)
        for table in ("sync_versions ORDER BY 1, 2", "sync_outbox", "_sync_session"):
            assert device.sql(f"SELECT * FROM {table}") == fresh.sql(f"SELECT * FROM {table}"), table
        keys = "SELECT cle FROM sync_meta ORDER BY 1"
        assert device.sql(keys) == fresh.sql(keys)
        # It works both ways, under its own number.
        pk = self.lab.ids("interventions", device.agence)[0]
        device.set("interventions", pk, titre="Du nouveau poste")
        device.sync()
        assert self.lab.get("interventions", pk, "titre") == "Du nouveau poste"
        assert device.value("SELECT poste FROM _allocateur") == device.poste


@pytest.fixture
def place(lab: Lab, tmp_path: Path) -> Enrolment:
    return Enrolment(lab, tmp_path, 600)


@pytest.fixture
def large(lab: Lab, tmp_path: Path) -> Enrolment:
    return Enrolment(lab, tmp_path, 4_000)


def readable(folder: Path) -> list[str]:
    """Files in which a stranger reads something of the branch, or that others may open."""
    return [f.name for f in folder.iterdir() if b"Client" in f.read_bytes() or f.stat().st_mode & 0o077]


def test_a_copy_by_rows_goes_on_after_the_program_was_killed(large: Enrolment, tmp_path: Path) -> None:
    large.proxy.bytes_per_s = 1_500_000
    large.killed_when("equipements", 1_000)
    assert readable(tmp_path) == []
    poste = large.lab.value("SELECT max(poste) FROM sync.devices")
    # What changes meanwhile is behind the rows that are here and behind those that are not.
    large.lab.sql("UPDATE clients SET ville = 'Entretemps' WHERE id = (SELECT min(id) FROM clients)")
    large.lab.sql("DELETE FROM equipements WHERE id = (SELECT max(id) FROM equipements)")
    large.proxy.heal()
    rows: list[tuple[str, int]] = []
    device, came = large.enrol(progress=lambda table, count: rows.append((table, count)))
    assert device.poste == poste, "the same device"
    assert large.lab.value("SELECT count(*) FROM sync.devices") == 1
    assert {table for table, _ in rows}.isdisjoint({"agences", "users", "clients"}), "tables that were done"
    large.is_as_a_fresh_one(device)
    device.hang_up()
    device.path.rename(tmp_path / "ailleurs.sqlite")
    large.store.unlink()
    _, whole = large.enrol()
    assert came < 0.7 * whole, "it did not start again from the first row"
    device.path = tmp_path / "ailleurs.sqlite"
    large.lab.devices.remove(device)


@pytest.mark.soak
def test_a_published_copy_goes_on_after_the_program_was_killed(large: Enrolment, tmp_path: Path) -> None:
    lab = large.lab
    snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    size = lab.value("SELECT sum(length(contenu)) FROM sync.instantanes WHERE scope = %s", lab.agence("CAS"))
    large.proxy.bytes_per_s = size / 2
    large.killed_when("instantané", int(size * 0.7))
    assert readable(tmp_path) == []
    large.proxy.heal()
    before = large.proxy.passed["in"]
    taken: list[int] = []
    device, _ = large.enrol(progress=lambda what, count: taken.append(count) if what == "instantané" else None)
    assert taken[0] > 0.4 * size
    assert large.proxy.passed["in"] - before < 0.6 * size + 50_000
    assert lab.value("SELECT count(*) FROM sync.devices") == 1
    large.is_as_a_fresh_one(device)


@pytest.mark.parametrize("published", [pytest.param(False, marks=pytest.mark.soak), True], ids=["rows", "published"])
def test_killed_again_and_again_it_ends_whole(lab: Lab, tmp_path: Path, published: bool) -> None:
    """At every piece in turn: each life of the program gets a little further than the one before."""
    place = Enrolment(lab, tmp_path, 600)
    if published:
        snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    for table, count in (("clients", 200), ("clients", 603), ("equipements", 300), ("equipements", 603)):
        place.killed_when(*(("instantané", count * 20) if published else (table, count)))
    device, _ = place.enrol()
    assert lab.value("SELECT count(*) FROM sync.devices") == 1
    place.is_as_a_fresh_one(device)


def test_a_line_that_dies_for_good_leaves_the_device_for_the_next_attempt(
    place: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.left_half_way(monkeypatch)
    poste = place.lab.value("SELECT max(poste) FROM sync.devices")
    assert working_files(place.path)[0].exists()
    assert not place.path.exists()
    seen: list[tuple[str, int]] = []
    device, _ = place.enrol(progress=lambda table, rows: seen.append((table, rows)))
    assert device.poste == poste
    assert "clients" not in {table for table, _ in seen}
    place.is_as_a_fresh_one(device)


def edited(path: Path, store: Path, statement: str) -> None:
    with Cache(working_files(path)[0], secrets.cache_key(path, store)) as cache:
        cache.db.execute(statement)


@pytest.mark.parametrize(
    "kind",
    [
        *("epoque", "centre", "clef", "clair"),
        *(pytest.param(k, marks=pytest.mark.soak) for k in ("agence", "revision", "fichier")),
    ],
)
def test_what_does_not_fit_is_thrown_away(place: Enrolment, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    place.left_half_way(monkeypatch)
    lab, work = place.lab, working_files(place.path)[0]
    agence, encrypted = "CAS", True
    match kind:
        case "agence":
            agence = "TNG"
        case "epoque":
            edited(place.path, place.store, "UPDATE sync_meta SET valeur = json_set(valeur, '$.epoque', 'x') "
                                            "WHERE cle = 'copie'")  # fmt: skip
        case "revision":
            edited(place.path, place.store, "UPDATE alembic_version SET version_num = 'ancienne'")
        case "centre":
            secrets.store(place.path, {**secrets.load(place.path, place.store), "login": "erp_autre_p1"}, place.store)
        case "clef":
            left = secrets.load(place.path, place.store)
            secrets.store(place.path, {**left, "key": secrets.new_key()}, place.store)
        case "fichier":
            work.write_bytes(b"pas une base" * 1000)
        case "clair":
            encrypted = False
    seen: set[str] = set()
    device, _ = place.enrol(agence, encrypted=encrypted, progress=lambda table, _rows: seen.add(table))
    assert "clients" in seen, "from the first row"
    # A device of this centre that never came to work does not stay behind.
    assert lab.value("SELECT count(*) FROM sync.devices") == (2 if kind == "centre" else 1)
    assert device.agence == agence
    place.is_as_a_fresh_one(device)


def test_a_refusal_leaves_neither_device_nor_file(place: Enrolment, tmp_path: Path) -> None:
    snapshot.publish(place.lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    place.lab.sql("UPDATE sync.instantanes SET contenu = overlay(contenu placing '\\x00000000'::bytea from 200)")
    with pytest.raises(SyncError, match="abîmée"):
        place.enrol()
    with pytest.raises(UserError, match="Agence inconnue"):
        place.enrol("XYZ")
    assert place.lab.value("SELECT count(*) FROM sync.devices") == 0
    assert not any(f.exists() for f in (place.path, *working_files(place.path)))


def test_a_copy_that_was_whole_but_not_named_yet_is_taken_as_it_is(place: Enrolment) -> None:
    device, _ = place.enrol()
    device.hang_up()
    with Cache(place.path, device.key) as cache:
        cache.db.execute("PRAGMA journal_mode = DELETE")
    place.path.rename(working_files(place.path)[0])
    place.lab.devices.remove(device)
    again, came = place.enrol()
    assert again.poste == device.poste
    assert came < 20_000
    place.is_as_a_fresh_one(again)


def test_a_slow_line_keeps_what_arrives_every_few_seconds(large: Enrolment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far less than a piece: time alone makes rows lasting."""
    monkeypatch.setattr(by_rows, "KEPT_EVERY_S", 0.05)
    # The proxy passes up to 64 KB on at a time: the clients are several of those.
    large.proxy.bytes_per_s = 300_000
    counts: list[int] = []
    large.enrol(progress=lambda table, rows: counts.append(rows) if table == "clients" else None)
    assert len(counts) > 3
