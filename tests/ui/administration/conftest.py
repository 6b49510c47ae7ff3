"""A stand-alone desktop with an administrator at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from tests.ui.administration.office import administrator
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def bureau(
    qtbot: QtBot, worker: DbWorker, monde: Monde, sqlite_engine: sa.Engine, tmp_path: Path
) -> Iterator[Bureau]:
    made = Bureau(qtbot, worker, administrator(sqlite_engine, monde), tmp_path)
    yield made
    assert made.failures == []
