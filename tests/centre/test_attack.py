"""Every attack of :mod:`tests.centre.attack` on a fresh centre and on one carried over from PostgreSQL 14.

Those that it takes over from other test files run there, on a fresh centre.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from erp_desktop import paths
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.sync.first_copy import empty_cache
from tests.caches import cache_maker
from tests.centre import attack
from tests.centre.attack import stage


@pytest.fixture(scope="module", params=stage.KINDS)
def target(
    request: pytest.FixtureRequest, pg_server: EmbeddedPostgres, lab_template: str, sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[stage.Target]:  # fmt: skip
    kind = str(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(empty_cache, "create_cache", cache_maker(sqlite_template))
        centre = stage.make_centre(pg_server, lab_template, kind)
        with stage.target(pg_server, centre, kind, tmp_path_factory.mktemp(kind)) as made:
            yield made
        if centre != lab_template:
            pg_server.drop_database(centre)


@pytest.mark.parametrize("name", attack.CASES)
def test_an_attack_is_beaten_off(target: stage.Target, name: str) -> None:
    attack.CASES[name](target)


def test_every_case_that_the_threat_table_names_is_there() -> None:
    text = (paths.ROOT / "docs" / "securite.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("| ")]
    found: set[str] = set(attack.CASES)
    for file in (paths.ROOT / "tests").rglob("*.py"):
        found |= set(re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE))
    for line in table[1:]:
        named = re.findall(r"`(\w+)`", line.split("|")[4])
        assert named or "accepté" in line, f"no test shows what stops it: {line[:80]}"
        assert set(named) <= found, set(named) - found
    assert len(table) > 10
