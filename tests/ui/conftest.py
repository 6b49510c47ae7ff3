"""Widgets under test wear the real theme; a database worker of one thread stands behind them."""

from __future__ import annotations

import copy
import functools
import gc
import math
import os
import shutil
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.worker import DbWorker
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.beside import form as beside_form
from tests.ui.branch import Labo, Poste
from tests.ui.company import Monde, creer
from tests.ui.window import Bureau


class PatientBot(QtBot):
    """Waits for what comes, however busy the machine: only what never comes is a failure."""

    PATIENCE_MS = 60_000
    waitUntil = functools.partialmethod(QtBot.waitUntil, timeout=PATIENCE_MS)  # noqa: N815
    waitSignal = functools.partialmethod(QtBot.waitSignal, timeout=PATIENCE_MS)  # noqa: N815
    waitSignals = functools.partialmethod(QtBot.waitSignals, timeout=PATIENCE_MS)  # noqa: N815


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture(autouse=True)
def _look(qapp: QApplication) -> Iterator[None]:
    """French, light, left to right, the pointer out of the way at the start of every test; nothing deleted later
    survives it."""
    QCursor.setPos(0, 0)
    i18n.set_language(qapp, "fr")
    theme.install(qapp, theme.LIGHT)
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    i18n.set_language(qapp, "fr")


@pytest.fixture
def forms_beforehand() -> None:
    """The form beside a list is made before anyone asks for it, as in the program."""


@pytest.fixture(autouse=True)
def _forms_when_asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form takes longer to make than its list, and most tests of lists open no record."""
    if "forms_beforehand" not in request.fixturenames:
        monkeypatch.setattr(beside_form, "BETWEEN_MS", 3_600_000)


class Company:
    """A cache with the small company, to be copied, never opened; what it holds. Its calls came a moment ago."""

    FRESH_S = 60

    def __init__(self, template: Path, folder: Path) -> None:
        self._template, self._folder, self._made = template, folder, 0
        self._at = -math.inf
        self.monde = Monde()

    def copy(self, path: Path) -> None:
        if time.monotonic() - self._at > self.FRESH_S:
            self._make()
        shutil.copyfile(self._file, path)

    @property
    def _file(self) -> Path:
        return self._folder / f"societe-{self._made}.sqlite"

    def _make(self) -> None:
        self._made += 1
        shutil.copyfile(self._template, self._file)
        engine = create_sqlite_engine(self._file)
        try:
            self._at, self.monde = time.monotonic(), creer(engine)
        finally:
            # The last one to leave writes all into the one file.
            engine.dispose()


@pytest.fixture(scope="session")
def company(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(sqlite_template, tmp_path_factory.mktemp("societe"))


@pytest.fixture
def sqlite_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A fresh cache file at the head revision, with the small company where the test asks for it."""
    path = tmp_path / "cache.sqlite"
    if "monde" in request.fixturenames:
        request.getfixturevalue("company").copy(path)
    else:
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return path


@pytest.fixture
def monde(company: Company, sqlite_path: Path) -> Monde:
    """A small company in a cache made by the migrations."""
    return copy.deepcopy(company.monde)


@pytest.fixture
def worker(sqlite_engine: sa.Engine) -> Iterator[DbWorker]:
    made = DbWorker(sqlite_engine)
    yield made
    made.close()


@pytest.fixture
def bureau(qtbot: QtBot, worker: DbWorker, monde: Monde, tmp_path: Path) -> Iterator[Bureau]:
    assert monde.responsable is not None
    made = Bureau(qtbot, worker, monde.responsable, tmp_path)
    yield made
    assert made.failures == []


@pytest.fixture(autouse=True)
def garbage_on_this_thread_only() -> Iterator[None]:
    """As in the program (see ``ui.garbage``): a worker thread must never destroy a widget.

    What is alive before a test stays alive: it is not looked through again after each.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def labo(pg_url: str, tmp_path: Path) -> Labo:
    """A centre whose devices exchange."""
    return Labo(pg_url, tmp_path)


@pytest.fixture
def mine(labo: Labo) -> Poste:
    return labo.poste("accueil")


@pytest.fixture
def window(qtbot: QtBot, labo: Labo, mine: Poste, tmp_path: Path) -> Iterator[Bureau]:
    """A window of Salma on the first device."""
    engine = mine.engine()
    worker = DbWorker(engine)
    assert labo.salma is not None
    made = Bureau(qtbot, worker, labo.salma, tmp_path)
    yield made
    made.finish()
    worker.close()
    engine.dispose()
    assert made.failures == []
