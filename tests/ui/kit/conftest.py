from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from erp_desktop.ui.tasks import Tasks
from tests.ui.kit.lines import OneThread


@pytest.fixture
def worker() -> Any:
    made = OneThread()
    yield made
    made.pool.shutdown()


@pytest.fixture
def tasks(qtbot: QtBot, worker: OneThread) -> Any:
    made = Tasks(worker)
    yield made
    qtbot.waitUntil(lambda: made.pending == 0)
