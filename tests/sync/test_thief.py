"""Every attack of ``tests.sync.thief``, on a fresh centre and on one carried over from PostgreSQL 14."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.sync import enrolment
from tests.sync import thief
from tests.sync.lab import cache_maker


@pytest.fixture(scope="module", params=thief.KINDS)
def target(
    request: pytest.FixtureRequest,
    pg_server: EmbeddedPostgres,
    lab_template: str,
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[thief.Target]:
    kind = str(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enrolment, "create_cache", cache_maker(sqlite_template))
        with thief.target(pg_server, lab_template, kind, tmp_path_factory.mktemp(kind)) as made:
            yield made


@pytest.mark.parametrize("name", thief.CASES)
def test_what_a_thief_tries(target: thief.Target, name: str) -> None:
    thief.CASES[name](target)
