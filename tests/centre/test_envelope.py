"""What a batch claims costs nothing: the centre looks at what it holds, and refuses what is not formed as agreed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from erp_desktop.centre.functions.envelope import LARGEST_BATCH
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.sync.first_copy import empty_cache
from tests.caches import cache_maker
from tests.sync.lab import Device, Lab, T

COLUMNS = ["id", "agence_id", "nom_entreprise", "created_at", "updated_at"]


@pytest.fixture(scope="module")
def lab(
    pg_server: EmbeddedPostgres, lab_template: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """One centre for all: what is refused leaves nothing, and each test looks at its own batches."""
    name = f"enveloppe_{uuid.uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(empty_cache, "create_cache", cache_maker(sqlite_template))
        made = Lab(pg_server.create_database(name, lab_template), tmp_path_factory.mktemp("enveloppe"))
        yield made
        made.close()
    pg_server.drop_database(name)


def sender(lab: Lab, place: int = 0) -> Device:
    """The device at that place; the first one's batches are made by hand, the second one is honest too."""
    while len(lab.devices) <= place:
        lab.device()
    return lab.devices[place]


def following(device: Device) -> int:
    return int(device.lab.value("SELECT dernier_lot + 1 FROM sync.devices WHERE poste = %s", device.poste))


def push(device: Device, payload: Any) -> dict[str, Any]:
    """Straight to the entry, under the next number, as a thief with the device's login would."""
    number = following(device)
    text = payload if isinstance(payload, str) else json.dumps(payload)
    connection = device.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sync.pousser(%s::jsonb, %s, %s)", (text, number, hashlib.sha256(text.encode()).hexdigest())
            )
            answer: dict[str, Any] = cursor.fetchone()[0]
            return answer
    finally:
        connection.close()


def client(device: Device, unit: int, pk: int, name: str | None = "Atlas") -> list[Any]:
    return [unit, None, pk, device.agence_id, name, T, T]


def batch(rows: list[list[Any]], n: int) -> dict[str, Any]:
    return {"v": 2, "n": n, "i": {"clients": {"c": COLUMNS, "r": rows}}, "m": {}, "d": {}, "r": []}


@pytest.mark.parametrize("claimed", [1, 16_000, 1_000_000])
def test_a_claim_of_many_units_costs_what_its_rows_cost(lab: Lab, claimed: int) -> None:
    a = sender(lab)
    base = lab.value("SELECT current_database()")
    lab.sql(f"ALTER DATABASE {base} SET track_functions = 'all'")
    number, before = following(a), tried(lab)
    # The only row breaks a rule, in the last unit that is claimed.
    answer = push(a, batch([client(a, claimed - 1, 71, None)], claimed))
    assert [(unit, code) for _, unit, code, _ in answer["gares"]] == [(claimed - 1, "refus")]
    assert lab.value("SELECT count(*) FROM sync.gares WHERE poste = %s AND lot = %s", a.poste, number) == 1
    assert tried(lab) - before <= 2, "once as a whole; a unit that stands alone is parked"


def tried(lab: Lab) -> int:
    """How often the merge was run so far, as the server tells once sessions have ended."""
    lab.sql("SELECT pg_stat_clear_snapshot()")
    query = "SELECT calls FROM pg_stat_user_functions WHERE schemaname = 'sync' AND funcname = 'appliquer'"
    return int(lab.value(query) or 0)


def test_refused_units_among_gaps_are_found_and_the_rest_lands(lab: Lab) -> None:
    a = sender(lab)
    rows = [client(a, unit, 100 + unit, None if unit == 500 else f"Client {unit}") for unit in range(0, 900, 100)]
    answer = push(a, batch(rows, 100_000))
    assert [unit for _, unit, _, _ in answer["gares"]] == [500]
    assert lab.value("SELECT count(*) FROM clients WHERE id BETWEEN 100 AND 1000") == 8


def malformed() -> dict[str, Any]:
    row = [0, None, 71, 1, "Atlas", T, T]
    good = {"c": COLUMNS, "r": [row]}
    return {
        "no number": {"i": {}},
        "a list": [],
        "a negative number": {"n": -1},
        "half a unit": {"n": 1.5},
        "more units than a batch has": {"n": 10**12},
        "an unknown part": {"n": 0, "z": {}},
        "a unit beyond the number": {"n": 1, "i": {"clients": {"c": COLUMNS, "r": [[5, *row[1:]]]}}},
        "a negative unit": {"n": 1, "i": {"clients": {"c": COLUMNS, "r": [[-1, *row[1:]]]}}},
        "a unit in words": {"n": 1, "i": {"clients": {"c": COLUMNS, "r": [["0", *row[1:]]]}}},
        "a short row": {"n": 1, "i": {"clients": {"c": COLUMNS, "r": [row[:-1]]}}},
        "a long row": {"n": 1, "i": {"clients": {"c": COLUMNS, "r": [[*row, 1]]}}},
        "rows that are none": {"n": 1, "i": {"clients": {"c": COLUMNS, "r": {"a": 1}}}},
        "columns that are none": {"n": 1, "i": {"clients": {"c": "id", "r": []}}},
        "blocks that are none": {"n": 1, "m": {"clients": good}},
        "a block without rows": {"n": 1, "m": {"clients": [{"c": ["ville"]}]}},
        "a narrow change": {"n": 1, "m": {"clients": [{"c": ["ville"], "r": [[0, None, 71, 1, "x"]]}]}},
        "a wide deletion": {"n": 1, "d": {"clients": [[0, None, 71, 1, 1]]}},
        "choices that are none": {"n": 0, "r": [[1]]},
        "deep nesting": "[" * 5_000 + "]" * 5_000,
    }


@pytest.mark.parametrize("kind", malformed())
def test_a_payload_that_is_not_formed_as_agreed_is_refused_whole(lab: Lab, kind: str) -> None:
    a = sender(lab, 1)
    number, parked = following(a), lab.value("SELECT count(*) FROM sync.gares")
    with pytest.raises(psycopg2.Error) as refused:
        push(a, malformed()[kind])
    assert refused.value.pgcode == "EM014", refused.value
    assert lab.value("SELECT count(*) FROM sync.gares") == parked
    assert following(a) == number
    # Whoever is honest goes on under the same number.
    pk = lab.ids("clients")[0]
    a.set("clients", pk, ville=f"Après {kind}")
    a.sync()
    assert a.parked() == []
    assert lab.get("clients", pk, "ville") == f"Après {kind}"


def test_a_batch_beyond_all_measure_is_refused_unread(lab: Lab) -> None:
    a = sender(lab)
    made = "SELECT sync.pousser(jsonb_build_object('n', 1, 'x', repeat('x', %s)), %s, 'x')"
    # One character more than is taken, made there: only what the server holds is judged.
    connection = a.connect()
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error, match="trop grand"):
        cursor.execute(made, (LARGEST_BATCH + 1, following(a)))
    connection.close()


def test_a_page_is_bounded_whatever_is_asked_for(lab: Lab) -> None:
    a = sender(lab)
    connection = a.connect()
    with connection.cursor() as cursor:
        for asked in (-5, 0, 2**31 - 1):
            cursor.execute("SELECT sync.tirer('0'::xid8, 0, %s)->>'n'", (asked,))
            assert int(cursor.fetchone()[0]) >= 1
        cursor.execute("SELECT sync.signaler(%s, %s, %s, NULL)", ("v" * 100_000, "r" * 100_000, -7))
    connection.close()
    told = lab.sql("SELECT length(version), length(revision), en_attente FROM sync.devices WHERE poste = %s", a.poste)
    assert told == [(40, 40, 0)]
