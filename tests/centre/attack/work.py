"""Work out of proportion to what was sent: claims, shapes, sizes, bombs."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import psycopg2

from erp_desktop.centre.functions import envelope
from tests.centre.attack.stage import Target, case, refused


def counted(target: Target, payload: dict[str, Any]) -> tuple[int, int, int]:
    """(refusals that were looked into, parked rows, bytes) of one batch that is sent and taken back."""
    with closing(target.thief.connect()) as connection, connection.cursor() as line:
        connection.autocommit = False
        content = json.dumps({"i": {}, "m": {}, "d": {}, "r": []} | payload)
        number = target.next_batch()
        try:
            line.execute("SELECT sync.pousser(%s::jsonb, %s, 'x')", (content, number))
            parked = len(line.fetchone()[0]["gares"])
        except psycopg2.Error as error:
            assert error.pgcode == "EM014", error
            connection.rollback()
            parked = 0
        line.execute(
            "SELECT coalesce(sum(calls), 0)::int FROM pg_stat_xact_user_functions "
            "WHERE schemaname = 'sync' AND funcname = 'unites'"
        )
        calls = line.fetchone()[0]
        connection.rollback()
        return calls, parked, len(content)


@case
def a_claim_of_sixteen_thousand_units_costs_no_more_than_its_bytes(target: Target) -> None:
    lab = target.lab
    base = lab.value("SELECT current_database()")
    lab.sql(f"ALTER DATABASE \"{base}\" SET track_functions = 'all'")
    calls, parked, size = counted(target, {"n": 16_000, "d": {"users": [[7, None, 1, 1]]}})
    assert (calls, parked) == (1, 1), (calls, parked)
    assert size < 100
    found = [counted(target, {"n": n, "d": {"users": [[u, None, 1, 1] for u in range(n)]}}) for n in (50, 100, 200)]
    for (calls, parked, _size), n in zip(found, (50, 100, 200), strict=True):
        assert parked == n
        # A tree that is halved down to n leaves has 2 n - 1 knots.
        assert calls == 2 * n - 1


@case
def a_batch_of_another_shape_is_weighed_and_leaves_nothing(target: Target) -> None:
    lab, number = target.lab, target.next_batch()
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    before = lab.sql("SELECT (SELECT count(*) FROM sync.gares), (SELECT count(*) FROM sync.lots)")
    wrong: list[Any] = [
        [], "x", {"n": 0, "o": []}, {"n": -1}, {"n": "1"}, {"n": 1.5}, {"n": 1e9}, {"n": 99_999_999}, {}, {"n": 1, "i": []}, {"n": 1, "m": 3},
        {"n": 1, "d": {"clients": [[1, None, 1, 1]]}}, {"n": 1, "d": {"clients": [["0", None, 1, 1]]}},
        {"n": 1, "d": {"clients": [[0, None, 1]]}}, {"n": 1, "d": {"clients": [0]}}, {"n": 1, "d": {"clients": {}}},
        {"n": 1, "i": {"clients": {"c": ["id"], "r": [[0, None, 1, 2]]}}},
        {"n": 1, "m": {"clients": {"c": ["id"], "r": []}}}, {"n": 1, "r": {}},
        {"n": 1, "m": {"clients": [{"c": ["ville"], "r": [[0, None, 1, 1, "a"]]}]}},
        {"n": 1, "m": {"clients": [{"c": ["ville"], "r": []}] * (envelope.MOST_BLOCKS + 1)}},
        {"n": 1, "i": {"historiques_interventions": {"c": ["nouvelle_valeur"], "r": [[0, None, deep]]}}},
    ]  # fmt: skip
    with target.line() as line:
        for payload in wrong:
            refused(line, "EM014", "SELECT sync.pousser(%s::jsonb, %s, 'x')", json.dumps(payload), number)
        refused(line, "EM014", "SELECT sync.pousser('{\"n\": 0}', %s, %s)", number, "x" * 65)
        for statement in (
            "SELECT sync.documents_manquants(ARRAY(SELECT 'a' FROM generate_series(1, 1001)))",
            "SELECT sync.adieu_manquants(ARRAY(SELECT 'a' FROM generate_series(1, 1001)))",
            "SELECT sync.document_deposer('a', 0, repeat('A', 6000000))",
            "SELECT sync.adieu_document('a', 0, repeat('A', 6000000))",
        ):  # fmt: skip
            refused(line, "EM014", statement)
    assert lab.sql("SELECT (SELECT count(*) FROM sync.gares), (SELECT count(*) FROM sync.lots)") == before
    assert target.next_batch() == number


@case
def a_hundred_megabytes_are_refused(target: Target) -> None:
    with target.line() as line:
        refused(
            line, "EM014",
            "SELECT sync.pousser(jsonb_build_object('n', 1, 'x', repeat('x', 100000000)), %s, 'x')", target.next_batch(),
        )  # fmt: skip


@case
def an_error_that_no_unit_caused_is_not_looked_for_in_units(target: Target) -> None:
    lab = target.lab
    lab.sql("ALTER FUNCTION sync.supprimer(text, jsonb, int4range, integer, bigint, bigint) RENAME TO absente")
    try:
        with closing(target.thief.connect()) as connection, connection.cursor() as line:
            content = json.dumps({"n": 50, "d": {"clients": [[u, None, u, 1] for u in range(50)]}})
            refused(line, "42883", "SELECT sync.pousser(%s::jsonb, %s, 'x')", content, target.next_batch())
    finally:
        lab.sql("ALTER FUNCTION sync.absente(text, jsonb, int4range, integer, bigint, bigint) RENAME TO supprimer")
