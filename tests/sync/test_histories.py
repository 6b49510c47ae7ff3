"""Random histories in the test run; ``python -m tests.sync.soak`` plays more of them."""

from __future__ import annotations

import pytest

from tests.sync.histories import play
from tests.sync.lab import Lab


@pytest.mark.parametrize("first", range(0, 20, 10))
def test_replicas_agree_after_any_history(lab: Lab, first: int) -> None:
    play(lab, range(first, first + 10), 12)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(1_000, 1_300, 20))
def test_replicas_agree_after_many_histories(lab: Lab, first: int) -> None:
    play(lab, range(first, first + 20), 40)
