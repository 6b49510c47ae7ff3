"""The limits of a device's login against honest work: much to send, a first copy that lasts, a line in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from erp_desktop.centre.functions import envelope
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import DeviceRevokedError
from erp_desktop.sync.device import enrolment, registration
from erp_desktop.sync.exchange import content
from erp_desktop.sync.exchange.cache import Cache
from tests.sync.lab import Lab, T

LONG = "é" * 90_000
"""Nearly the longest text that the centre takes."""


def test_more_than_the_centre_takes_at_once_goes_in_several_batches(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = lab.device()
    wanted = envelope.LARGEST_TOLD // len(LONG) + 10
    with a.console() as db:
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO clients (nom_entreprise, notes, created_at, updated_at) VALUES (?, ?, ?, ?)",
            [(f"Bavard {n}", LONG, T, T) for n in range(wanted)],
        )
        db.execute("COMMIT")
    first = a.syncer.outbox.next_batch(5_000)
    assert first is not None
    assert 1 < len(first.units) < wanted
    assert len(first.content) <= envelope.LARGEST_TOLD
    done = a.sync()
    assert (done.batches, done.pushed, done.parked, done.waiting) == (2, wanted, 0, 0)
    assert lab.value("SELECT count(*) FROM clients WHERE length(notes) = %s", len(LONG)) == wanted
    # So do more shapes of updates than the centre plans for at once.
    monkeypatch.setattr(content, "MOST_BLOCKS", 3)
    columns = ("ville", "adresse", "telephone", "email", "notes")
    for pk, n in zip(a.sql("SELECT id FROM clients ORDER BY id LIMIT 16"), range(1, 17), strict=True):
        a.set("clients", pk[0], **{c: f"{n}@x.ma" for i, c in enumerate(columns) if n >> i & 1})
    done = a.sync()
    assert done.batches >= 4
    assert (done.parked, done.waiting) == (0, 0)
    # A farewell goes in parts as well, and each of them waits for an administrator.
    for (pk,) in a.sql("SELECT id FROM clients ORDER BY id LIMIT 16"):
        a.set("clients", pk, nom_entreprise=f"Adieu {pk}", ville="Fès")
        a.set("clients", pk, **({"email": f"a{pk}@x.ma"} if pk % 2 else {"telephone": "05"}))
    monkeypatch.setattr(content, "LARGEST_TOLD", 1_500)
    administrator = create_pg_engine(lab.url)
    registration.revoke(administrator, a.poste, stolen=False)
    administrator.dispose()
    a.hang_up()
    with pytest.raises(DeviceRevokedError):
        a.sync()
    parts = lab.sql("SELECT (contenu->>'n')::int FROM sync.quarantaine ORDER BY id")
    assert len(parts) > 1
    assert sum(n for (n,) in parts) == 16
    assert a.value("SELECT count(*) FROM clients") == 0


def test_a_first_copy_outlasts_the_time_of_one_statement(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sql("UPDATE interventions SET description = repeat('d', 90000)")
    lab.sql(
        "INSERT INTO clients (agence_id, nom_entreprise, notes, created_at, updated_at) "
        "SELECT %s, 'Bavard ' || n, repeat('n', 90000), now(), now() FROM generate_series(1, 170) n",
        lab.agence("CAS"),
    )
    proxy = lab.proxy()
    proxy.bytes_per_s = 6_000_000
    url = normalise_url(lab.url).set(port=proxy.port).render_as_string(hide_password=False)
    first_copy = enrolment.fill

    def hurried(path: Path, device: enrolment.Device, *rest: object) -> int:
        lab.sql(f"ALTER ROLE \"{device.login}\" SET statement_timeout = '700ms'")
        return first_copy(path, device, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(enrolment, "fill", hurried)
    before = proxy.connections
    done = enrolment.enroll(
        url, "CAS", "Lente", tmp_path / "c.sqlite", secrets_file=tmp_path / "s.json", encrypted=False
    )
    assert proxy.connections - before > 2, "no statement was ended"
    with Cache(tmp_path / "c.sqlite") as cache:
        assert cache.value("SELECT count(*) FROM clients WHERE length(notes) = 90000") == 170
        assert cache.value("SELECT count(*) FROM interventions WHERE length(description) = 90000") == 6
    assert done.rows > 170
