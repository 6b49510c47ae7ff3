"""The list of interventions in a real window: how soon first rows show, how long its thread works at once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from PySide6.QtWidgets import QApplication

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, User
from erp_desktop.services.demo import data as demo_data
from erp_desktop.settings import Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.main_window import MainWindow
from erp_desktop.ui.sections import preload, records, sections
from erp_desktop.ui.tasks import Tasks
from erp_desktop.ui.workspace import Workspace
from erp_desktop.upgrade.start.startup import open_local

FILTERS = ("statut:ouverte", "fuite", "client:atlas", "technicien:alaoui avant:30/11", "")
SORTS = ("numero", "statut", "titre", "client", "equipement", "technicien", "date_planifiee", "priorite", "sla")


@dataclass(frozen=True, slots=True)
class Reading:
    """One act: milliseconds to the first rows, to all identifiers, and of the window's longest piece of own work."""

    act: str
    first_ms: float
    whole_ms: float
    work_ms: float
    rows: int


def measure(interventions: int) -> Iterator[Reading]:
    """Open, filter and sort the list of a fresh unencrypted cache."""
    app = QApplication.instance() or QApplication(["bench"])
    assert isinstance(app, QApplication)
    i18n.set_language(app, "fr")
    theme.install(app, theme.LIGHT)
    with tempfile.TemporaryDirectory(prefix="erp-mif-listes-") as folder:
        engine = open_local(Path(folder) / "cache.sqlite")
        acteur = _fill(engine, interventions)
        worker = DbWorker(engine)
        tasks, drafts = Tasks(worker), Drafts(Path(folder) / "brouillons", acteur.user_id)
        try:
            yield from _play(app, acteur, Settings(data_dir=Path(folder)), tasks, drafts)
        finally:
            drafts.close()
            worker.close()


def _fill(engine: sa.Engine, interventions: int) -> Acteur:
    with transaction(engine) as session:
        agence = Agence(code="CAS", nom="Casablanca", ville="Casablanca")
        session.add(agence)
        session.flush()
        user = User(username="salma.bennis", email="s@erp-mif.example", full_name="Salma Bennis", role="agent",
                    agence_id=agence.id)  # fmt: skip
        session.add(user)
        session.flush()
        acteur = Acteur(user.id, "Salma Bennis", Role.AGENT, agence.id, "CAS", 1)
    with transaction(engine, acteur.user_id) as session:
        demo_data.generer(session, "CAS", interventions)
    return acteur


def _play(app: QApplication, acteur: Acteur, settings: Settings, tasks: Tasks, drafts: Drafts) -> Iterator[Reading]:
    window = MainWindow(settings)
    window.resize(1440, 900)
    contexte = Contexte(acteur, settings, tasks, Bus(), drafts, window.say, lambda *_: None)
    workspace = Workspace(contexte, sections(), records(), "Casablanca", "Casablanca · poste 01")
    window.show_content(workspace)
    window.show()
    app.processEvents()
    # As while somebody logs in.
    preload()
    pages: list[ListPage] = []

    def opened() -> None:
        page = workspace.open_section("interventions")
        assert isinstance(page, ListPage)
        pages.append(page)

    yield _read(app, pages, "ouvrir", opened)
    page = pages[0]
    for text in FILTERS:
        yield _read(app, pages, f"filtrer « {text} »", partial(page.filter.changed.emit, text))
    for key in SORTS:
        for descending in (False, True):
            act = f"trier {key} {'↓' if descending else '↑'}"
            yield _read(app, pages, act, partial(page.view.sort_asked.emit, key, descending))
    window.close()


def _read(app: QApplication, pages: list[ListPage], act: str, do: Callable[[], object]) -> Reading:
    begun, worked = time.perf_counter(), time.thread_time()
    do()
    model = pages[0].model
    longest, first = time.thread_time() - worked, 0.0

    def shown() -> None:
        nonlocal first
        first = first or time.perf_counter() - begun

    links = (model.first_shown.connect(shown), model.loaded.connect(shown))
    while model.busy or not first:
        worked = time.thread_time()
        app.processEvents()
        longest = max(longest, time.thread_time() - worked)
        time.sleep(0.001)
    for link in links:
        model.disconnect(link)
    return Reading(act, first * 1e3, (time.perf_counter() - begun) * 1e3, longest * 1e3, model.rowCount())
