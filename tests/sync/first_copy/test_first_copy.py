"""A first copy over a bad line: it goes on where it was cut, whatever changes meanwhile, and is whole at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from erp_desktop.db import secrets
from erp_desktop.errors import CentralUnreachableError, SyncError
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import Link
from erp_desktop.sync.first_copy import by_rows, empty_cache
from erp_desktop.sync.first_copy import published as snapshot
from tests.sync.lab import Lab
from tests.sync.proxy import ChaosProxy

MANY = """INSERT INTO clients (agence_id, nom_entreprise, ville, notes, created_at, updated_at)
  SELECT a.id, 'Client ' || i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'Fès' END,
         CASE WHEN i % 5 = 0 THEN E'\\\\N' WHEN i % 7 = 0 THEN E'a\\tb\\\\c' ELSE md5(i::text) END, now(), now()
    FROM agences a, generate_series(1, %s) i WHERE a.code = 'CAS';
  INSERT INTO equipements (agence_id, client_id, nom, code_interne, created_at, updated_at)
  SELECT agence_id, id, 'Presse ' || nom_entreprise, 'EQ-' || id, now(), now() FROM clients
   WHERE nom_entreprise ~ '^Client [0-9]'"""


class Newcomer:
    """A known device whose cache is made again, over a line that can be hurt."""

    def __init__(self, lab: Lab, folder: Path, rows: int) -> None:
        self.lab = lab
        self.device = lab.device()
        lab.sql(MANY.replace("%s", str(rows)))
        self.proxy: ChaosProxy = lab.proxy(self.device)
        self.folder = folder
        self.copies = 0

    @contextmanager
    def empty(self) -> Iterator[tuple[Cache, Link]]:
        self.copies += 1
        path = self.folder / f"neuf{self.copies}.sqlite"
        empty_cache.create_cache(path, None, self.device.poste)
        secrets.store(path, secrets.load(self.device.path, self.device.secrets_file), self.device.secrets_file)
        link = Link(self.device.url, connect_timeout_s=1, deadline_s=20)
        with Cache(path) as cache:
            with cache.writing():
                cache.put(poste=self.device.poste, dernier_lot=0, mode="agence")
            try:
                yield cache, link
            finally:
                link.close()
        self.device.hang_up()
        self.device.path = path

    def fill(self, copy: Callable[[Cache, Link], int]) -> int:
        with self.empty() as (cache, link):
            rows = copy(cache, link)
            assert cache.value("SELECT count(*) FROM sync_outbox") == 0
            return rows

    def agrees(self) -> None:
        self.device.sync()
        assert self.lab.differences(self.device) == []
        missing = self.device.value(
            "SELECT count(*) FROM clients c WHERE NOT EXISTS "
            "(SELECT 1 FROM sync_versions v WHERE v.nom_table = 'clients' AND v.pk = c.id)"
        )
        assert missing == 0


@pytest.fixture
def newcomer(lab: Lab, tmp_path: Path) -> Newcomer:
    return Newcomer(lab, tmp_path, 4_000)


def test_a_copy_cut_again_and_again_goes_on_behind_the_last_row(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_rows, "_PIECE", 50_000)
    lab, cuts = newcomer.lab, 0
    # Without it the whole copy would lie in the sockets' buffers before the first cut.
    newcomer.proxy.bytes_per_s = 1_000_000
    seen: list[int] = []

    def hurt(table: str, rows: int) -> None:
        """Cut the line after some pieces, and change the centre while it is down."""
        nonlocal cuts
        if table in {"clients", "equipements"}:
            seen.append(rows)
            if cuts < 4 and len(seen) % 3 == 0:
                cuts += 1
                newcomer.proxy.cut()
                pk = lab.value("SELECT max(id) FROM clients")
                lab.sql("DELETE FROM equipements WHERE client_id = %s", pk)
                lab.sql("DELETE FROM clients WHERE id = %s", pk)
                lab.sql("UPDATE clients SET ville = %s WHERE id = (SELECT min(id) FROM clients)", f"Coupure {cuts}")
                lab.sql("INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
                        "VALUES (%s, %s, 'Pendant', now(), now())", cuts, lab.agence("CAS"))  # fmt: skip
                lab.sql("INSERT INTO equipements (agence_id, client_id, nom, code_interne, created_at, updated_at) "
                        "VALUES (%s, %s, 'P', %s, now(), now())", lab.agence("CAS"), cuts, f"P{cuts}")  # fmt: skip

    newcomer.fill(lambda cache, link: snapshot.first_copy(cache, link, hurt))
    assert cuts == 4
    assert newcomer.proxy.connections >= 5
    assert newcomer.proxy.passed["in"] < 2 * 4_000 * 600, "it did not start again from the first row"
    newcomer.agrees()


def test_a_published_copy_goes_on_behind_the_last_slice(newcomer: Newcomer) -> None:
    snapshot.publish(newcomer.lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    size = newcomer.lab.value("SELECT sum(length(contenu)) FROM sync.instantanes WHERE scope = %s",
                              newcomer.device.agence_id)  # fmt: skip
    cuts: list[int] = []

    def hurt(what: str, taken: int) -> None:
        if what == "instantané" and len(cuts) < 3 and taken > (len(cuts) + 1) * size / 5:
            cuts.append(taken)
            newcomer.proxy.cut()

    newcomer.proxy.bytes_per_s = size / 2
    before = newcomer.proxy.passed["in"]
    newcomer.fill(lambda cache, link: snapshot.first_copy(cache, link, hurt))
    assert len(cuts) == 3
    assert cuts == sorted(set(cuts))
    # What lay in the buffers of a cut line comes again, no more.
    assert newcomer.proxy.passed["in"] - before < 3 * size + 200_000
    newcomer.agrees()


def test_a_copy_published_anew_during_the_download_is_not_mixed_with_the_old_one(newcomer: Newcomer) -> None:
    lab = newcomer.lab
    snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    republished = threading.Event()

    def hurt(what: str, taken: int) -> None:
        if what == "instantané" and taken and not republished.is_set():
            republished.set()
            newcomer.proxy.cut()
            lab.sql("UPDATE clients SET ville = md5(id::text)")
            snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))

    newcomer.fill(lambda cache, link: snapshot.first_copy(cache, link, hurt))
    assert republished.is_set()
    newcomer.agrees()


def test_a_damaged_published_copy_says_so(newcomer: Newcomer) -> None:
    lab = newcomer.lab
    snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    lab.sql("UPDATE sync.instantanes SET contenu = overlay(contenu placing '\\x00000000'::bytea from 200)")
    with newcomer.empty() as (cache, link), pytest.raises(SyncError, match="abîmée"):
        snapshot.first_copy(cache, link)


def test_a_line_that_stays_dead_ends_the_copy(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_rows, "_ATTEMPTS", 3)

    def hurt(table: str, _rows: int) -> None:
        newcomer.proxy.refusing = True
        newcomer.proxy.cut()

    with newcomer.empty() as (cache, link), pytest.raises(CentralUnreachableError):
        snapshot.first_copy(cache, link, hurt)
    newcomer.proxy.heal()


def bad_line(newcomer: Newcomer, scale: float) -> None:
    """30 % of the segments lost, two seconds a round trip, a cut every twenty seconds, all ``scale`` times."""
    newcomer.proxy.delay_s = 1.0 * scale
    newcomer.proxy.loss = 0.3
    newcomer.proxy.cut_every_s = 20 * scale


@pytest.mark.parametrize(
    "published", [pytest.param(False, id="rows"), pytest.param(True, id="published", marks=pytest.mark.soak)]
)
def test_a_first_copy_over_a_line_as_bad_as_it_gets_still_ends(lab: Lab, tmp_path: Path, published: bool) -> None:
    """Ten times quicker than the real line."""
    newcomer = Newcomer(lab, tmp_path, 20)
    if published:
        snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    bad_line(newcomer, 0.1)
    newcomer.fill(snapshot.first_copy)
    connections = newcomer.proxy.connections
    newcomer.proxy.heal()
    newcomer.agrees()
    assert connections > 1


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("published", [False, True], ids=["rows", "published"])
def test_a_first_copy_over_the_real_bad_line_still_ends(lab: Lab, tmp_path: Path, published: bool) -> None:
    newcomer = Newcomer(lab, tmp_path, 20)
    if published:
        snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    bad_line(newcomer, 1.0)
    newcomer.fill(snapshot.first_copy)
    newcomer.proxy.heal()
    newcomer.agrees()
