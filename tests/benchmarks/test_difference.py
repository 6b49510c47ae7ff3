"""What a bench says of a difference, without measuring anything."""

from __future__ import annotations

import pytest

from tests.benchmarks.__main__ import _print
from tests.benchmarks.difference import ROUNDS, apart, difference
from tests.benchmarks.sync_speed import Figure


def test_a_clear_difference_is_taken_once() -> None:
    asked: list[str] = []

    def take(name: str, values: list[float]) -> list[float]:
        asked.append(name)
        return values

    found = difference(lambda: take("whole", [2.0, 2.1, 1.9]), lambda: take("part", [1.0, 1.05, 0.95]))
    assert found == pytest.approx(1.0)
    assert asked == ["part", "whole"]


def test_one_within_the_noise_is_taken_again_until_it_stands_out() -> None:
    rounds = iter([[1.0, 3.0, 0.5], [2.0, 2.0, 2.0], [2.0, 2.0, 2.0]])
    assert difference(lambda: next(rounds), lambda: [1.0, 1.0, 1.0]) == pytest.approx(1.0)
    assert next(rounds, None) is None


@pytest.mark.parametrize("whole", [[0.9, 1.0, 0.8], [1.0, 1.0, 1.0], [1.0, 9.0, 1.2]])
def test_what_never_stands_out_is_no_figure(whole: list[float]) -> None:
    asked: list[int] = []
    assert difference(lambda: asked.append(1) or whole, lambda: [1.0, 1.1, 1.0]) is None  # type: ignore[func-returns-value]
    assert len(asked) == ROUNDS
    assert apart([1.0], [2.0]) is None


def test_it_is_printed_as_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _print([Figure("première copie", None, 100.0, wanted=1.0), Figure("autre", 50.0, 100.0)])
    first, second = capsys.readouterr().out.splitlines()
    assert "sous le bruit" in first
    assert "rapport" not in first
    assert "rapport 0.50" in second
