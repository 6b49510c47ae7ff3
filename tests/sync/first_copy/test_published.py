"""Published first copies: the same rows as by COPY, then the cursor brings what came since."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
import zstandard

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import SyncError
from erp_desktop.registry.tables import TABLES
from erp_desktop.services.demo import data as demo_data
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.first_copy import published as snapshot
from erp_desktop.sync.syncer import Syncer
from erp_desktop.sync.watch.verify import verify
from tests.sync.lab import Lab


def _work(engine: sa.Engine, code: str) -> int:
    """How many interventions an agency has at the centre."""
    asked = "SELECT count(*) FROM interventions i JOIN agences a ON a.id = i.agence_id WHERE a.code = :code"
    with engine.connect() as connection:
        return int(connection.execute(sa.text(asked), {"code": code}).scalar_one())


def test_a_device_takes_the_published_copy_and_catches_up(pg_url: str, tmp_path: Path) -> None:
    engine = create_pg_engine(pg_url)
    try:
        for code in ("CAS", "TNG"):
            enrolment.add_agence(engine, code, code)
        with transaction(engine) as session:
            demo_data.generer(session, "CAS", 120, 1)
            demo_data.generer(session, "TNG", 40, 2)
        published = snapshot.publish(pg_url, lambda path: empty_cache.create_cache(path, None, 0))
        assert [p.agence for p in published] == ["CAS", "TNG"]
        assert all(p.size < 0.35 * p.plain_size for p in published)
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE interventions SET titre = 'après' WHERE id = (SELECT max(id) FROM interventions)")
            )
            connection.execute(sa.text("UPDATE clients SET ville = 'Fès'"))
        done = enrolment.enroll(pg_url, "CAS", "neuf", tmp_path / "c.sqlite", encrypted=False)
        assert done.rows == published[0].rows
        with Cache(tmp_path / "c.sqlite") as cache:
            link = enrolment.device_link(cache)
            try:
                assert Syncer(cache, link).run().pulled >= 1
                assert cache.value("SELECT count(DISTINCT ville) FROM clients") == 1
                assert cache.value("SELECT count(*) FROM interventions") == _work(engine, "CAS") >= 120
                assert cache.value("SELECT count(*) FROM sync_outbox") == 0
                assert verify(cache, link, repair=False).differences == {}
            finally:
                link.close()
        assert not list(tmp_path.glob("*instantane*"))
    finally:
        engine.dispose()


def spelt_otherwise(path: Path) -> None:
    """A cache whose tables say the same in other words, as one made by an earlier release may."""
    empty_cache.create_cache(path, None, 0)
    with Cache(path) as cache:
        cache.db.execute("PRAGMA writable_schema = ON")
        cache.db.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '  NOT NULL') WHERE type = 'table'"
        )
        cache.db.execute("PRAGMA writable_schema = OFF")
        cache.db.execute("PRAGMA journal_mode = DELETE")


def test_a_published_copy_in_other_words_is_the_same_copy(pg_url: str, tmp_path: Path) -> None:
    engine = create_pg_engine(pg_url)
    try:
        enrolment.add_agence(engine, "CAS", "CAS")
        with transaction(engine) as session:
            demo_data.generer(session, "CAS", 30, 1)
        held = []
        for name, make in (
            ("alike", lambda path: empty_cache.create_cache(path, None, 0)),
            ("other", spelt_otherwise),
        ):
            assert snapshot.publish(pg_url, make)[0].rows > 30
            enrolment.enroll(pg_url, "CAS", name, tmp_path / name, encrypted=False)
            with Cache(tmp_path / name) as cache:
                held.append({t.name: cache.all(f"SELECT {', '.join(t.names)} FROM {t.name}") for t in TABLES})
                held[-1]["versions"] = cache.all("SELECT * FROM sync_versions ORDER BY nom_table, pk")
        assert held[0] == held[1]
        assert len(held[0]["interventions"]) == _work(engine, "CAS") >= 30
    finally:
        engine.dispose()


def test_a_published_bomb_is_refused_before_it_fills_the_disk(lab: Lab, tmp_path: Path) -> None:
    """Whoever may write at the centre: 32 kB that unpack to a gigabyte, and a frame that lies about its size."""
    snapshot.publish(lab.url, lambda path: empty_cache.create_cache(path, None, 0))
    honest = bytes(lab.value("SELECT contenu FROM sync.instantanes WHERE scope = %s", lab.agence("CAS")))
    chunk, packer = bytes(1 << 20), zstandard.ZstdCompressor(level=3).compressobj(size=1 << 30)
    bomb = b"".join(packer.compress(chunk) for _ in range(1 << 10)) + packer.flush()
    assert len(bomb) < 200_000
    # The size stands behind the magic number, the descriptor and the window: a small one over a large content.
    small = zstandard.ZstdCompressor(level=3).compress(bytes(300 << 20))
    assert zstandard.get_frame_parameters(small).content_size == 300 << 20
    lie = small[:6] + (1 << 20).to_bytes(4, "little") + small[10:]
    assert zstandard.get_frame_parameters(lie).content_size == 1 << 20
    for number, (content, told) in enumerate([(bomb, "démesurée"), (lie, "abîmée"), (honest[:-9], "abîmée")]):
        lab.sql("UPDATE sync.instantanes SET contenu = %s WHERE scope = %s", content, lab.agence("CAS"))
        place = tmp_path / f"bombe{number}.sqlite"
        with pytest.raises(SyncError, match=told):
            enrolment.enroll(lab.url, "CAS", "Neuf", place, secrets_file=tmp_path / "s.json", encrypted=False)
        assert [f.name for f in tmp_path.glob("bombe*") if f.suffix != ".verrou"] == []
    lab.sql("UPDATE sync.instantanes SET contenu = %s WHERE scope = %s", honest, lab.agence("CAS"))
    device = lab.device("CAS")
    device.sync()
    lab.converged()
