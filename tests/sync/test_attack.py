"""Every attack of :mod:`tests.sync.attack`; those of other files run there on a fresh centre."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.sync import enrolment
from tests.sync import attack, test_security
from tests.sync.lab import cache_maker

BORROWED = attack.of_module(test_security)


@pytest.fixture(scope="module")
def centre(pg_server: EmbeddedPostgres) -> Callable[[str], str]:
    made: dict[str, str] = {}

    def of(kind: str) -> str:
        if kind not in made:
            made[kind] = attack.make_centre(pg_server, kind)
        return made[kind]

    return of


@pytest.mark.parametrize(
    ("kind", "name"), [*((k, n) for k in attack.KINDS for n in attack.OWN), *(("repris", n) for n in BORROWED)]
)
def test_an_attack_is_beaten_off(
    pg_server: EmbeddedPostgres, centre: Callable[[str], str], sqlite_template: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, kind: str, name: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(enrolment, "create_cache", cache_maker(sqlite_template))
    with attack.stage(pg_server, centre(kind), tmp_path) as lab:
        attack.play(name, lab)
