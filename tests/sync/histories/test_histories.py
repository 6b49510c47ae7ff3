"""Random histories in the test run; ``python -m tests.sync.histories.soak`` plays more of them."""

from __future__ import annotations

import pytest

from erp_desktop.registry.tables import BY_NAME
from tests.sync.histories.household import ELSEWHERE
from tests.sync.histories.play import play
from tests.sync.lab import Lab


@pytest.mark.parametrize(
    "first", [n if n == 0 else pytest.param(n, marks=pytest.mark.soak) for n in range(0, 300, 30)]
)
def test_replicas_agree_after_any_history(lab: Lab, first: int) -> None:
    play(lab, range(first, first + 30), 12)
    assert lab.value("SELECT count(*) FROM factures WHERE numero LIKE 'FAC-%%'") > 0
    written = {name for (name,) in lab.sql("SELECT nom FROM labo.ecrites")}
    left_out = BY_NAME.keys() - written - ELSEWHERE.keys()
    # Of the series that every run plays: another may by chance miss what comes about seldom.
    assert first or not left_out, "no act of a history writes them, see tests/sync/histories/household.py"


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(1_000, 2_000, 50))
def test_replicas_agree_after_many_histories(lab: Lab, first: int) -> None:
    play(lab, range(first, first + 50), 40)
