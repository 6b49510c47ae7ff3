"""A window that works straight on the centre: every section opens, a page is few round trips, a cut loses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.app import Desktop
from erp_desktop.db.session import transaction
from erp_desktop.db.window_line import create_window_engine
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.people import given
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.writing import typography
from erp_desktop.models import Contrat, ContratEquipement, HistoriqueIntervention, Intervention
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.managers import dashboard
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.services import auth, interventions
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.shared.places import Mark, Stratum, pages
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.interventions.list import LISTE
from erp_desktop.ui.kinds import KINDS
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.sections import spec
from erp_desktop.ui.sign_in.page import LoginPage
from erp_desktop.ui.tasks import Tasks
from erp_desktop.ui.workspace import Workspace
from tests.sync.proxy import ChaosProxy
from tests.ui.company import Monde, creer
from tests.ui.window import settle as still
from tests.ui.window import watched


@pytest.fixture
def company(pg_engine: sa.Engine) -> Monde:
    return creer(pg_engine)


@pytest.fixture
def desktop(
    qapp: QApplication, qtbot: QtBot, line: ChaosProxy, pg_url: str, company: Monde, tmp_path: Path
) -> Iterator[Desktop]:
    address = make_url(pg_url).set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
    settings = Settings(mode=Mode.CENTRE, central_url=address, data_dir=tmp_path, log_dir=tmp_path, theme="clair")
    made = Desktop(qapp, settings)
    qtbot.addWidget(made.window)
    made.start()
    qtbot.waitUntil(lambda: made.tasks is not None)
    assert company.responsable is not None
    made.log_in(company.responsable)
    yield made
    line.heal()
    made.close()
    made.setParent(None)


def workspace(qtbot: QtBot, desktop: Desktop) -> Workspace:
    assert desktop.workspace is not None
    settle(qtbot, desktop)
    return desktop.workspace


def entered(qtbot: QtBot, desktop: Desktop) -> Workspace:
    qtbot.waitUntil(lambda: desktop.workspace is not None)
    return workspace(qtbot, desktop)


def settle(qtbot: QtBot, desktop: Desktop) -> None:
    """Nothing is read or written, and no pause of the typing is running."""
    qtbot.waitUntil(lambda: desktop.tasks is not None)
    assert desktop.tasks is not None
    still(qtbot, desktop.window, desktop.tasks)


@pytest.mark.soak
def test_every_section_opens_and_no_list_asks_for_much(qtbot: QtBot, desktop: Desktop, line: ChaosProxy) -> None:
    shown = workspace(qtbot, desktop)
    failures: list[object] = []
    assert desktop.tasks is not None
    desktop.tasks.failed.connect(failures.append)
    desktop.tasks.told.connect(failures.append)
    assert shown.status.sync.text() == "en ligne"
    watched(qtbot, shown)
    settle(qtbot, desktop)
    keys = [key for key in shown.nav.items if key != "interventions"]
    assert "conflits" not in keys
    assert {"clients", "planning", "rapports"} <= set(keys)
    cost = {}
    for key in keys:
        before = line.turns
        page = shown.open_section(key)
        settle(qtbot, desktop)
        if type(page) is ListPage:
            cost[key] = line.turns - before
        assert failures == [], key
        if isinstance(page, ListPage) and key in {"clients", "equipements", "techniciens"}:
            assert page.model.rowCount() > 0
    # The look of the list, its saved views, which rows, the rows; a few say more in each row.
    assert max(cost.values()) <= 9, cost
    assert line.connections <= 4, "a line for each thread, and two to look at the centre"


def test_a_page_of_each_list_costs_few_round_trips(
    qtbot: QtBot, line: ChaosProxy, pg_url: str, company: Monde
) -> None:
    """A page is one round trip, its identifiers and its rows, however many; and they are those that were asked."""
    address = make_url(pg_url).set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
    engine, cost = create_window_engine(address), {}
    assert company.responsable is not None
    for kind in KINDS:
        liste = spec(kind)
        with transaction(engine, write=False) as session:
            before = line.turns
            found, rows = pages.page(session, company.responsable, ListQuery(limite=50), 50, liste.ids, liste.rows,
                                     liste.first)  # fmt: skip
            cost[kind] = line.turns - before
            assert found == liste.ids(session, company.responsable, ListQuery(limite=50)), kind
            assert rows == liste.rows(session, company.responsable, found), kind
    engine.dispose()
    # Interventions have a way of their own (below). Plans are told their day each, the costs of parts are one
    # statement of their identifiers, and what is used of a contract is added up by its period.
    assert {kind: n for kind, n in cost.items() if n > 1 and kind != "interventions"}.items() <= {
        "preventif": 2, "stock": 2, "contrats": 2}.items(), cost  # fmt: skip


def test_a_page_of_figures_costs_few_round_trips(line: ChaosProxy, pg_url: str, company: Monde) -> None:
    """What its figures ask at the same time goes together, whatever the number of figures."""
    address = make_url(pg_url).set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
    engine, who, today = create_window_engine(address), company.responsable, clock.today()
    assert who is not None
    scope = Scope(today - timedelta(days=29), today, who.agence_id)
    asked: dict[str, Callable[[Session], object]] = {
        "rapport": lambda s: calculer(s, ParamsRapport(scope.debut, scope.fin, who.agence_id)),
        "tableau": lambda s: dashboard.read(s, who, scope), "tendances": lambda s: dashboard.trends(s, scope),
    }  # fmt: skip
    asked["fiche"] = lambda s: interventions.get(s, who, company.interventions[1])
    for sort in ("sla", "numero", "statut", "client", ""):
        asked[f"page {sort}"] = lambda s, sort=sort: interventions.page(s, who, ListQuery("", sort, False, 256), 64)  # type: ignore[misc]
    by_number = ListQuery("", "numero")
    third = (f"INT-CAS-04-{today.year}-00003", 0)
    mark = Mark(2, 4, Stratum(sa.true(), [Intervention.numero]), third)
    told: list[list[int]] = []

    def jump(session: Session) -> None:
        _ids, shown = interventions.block(session, who, by_number, mark, 1, 2)
        told.append([row.id for row in shown])

    asked["page d'un saut"] = jump
    asked["liste"] = lambda s: interventions.rows(s, who, company.interventions)
    cost = {}
    for name, read in asked.items():
        with transaction(engine, write=False) as session:
            before = line.turns
            read(session)
            cost[name] = line.turns - before
    engine.dispose()
    assert told == [company.interventions[3:5]]
    assert cost["rapport"] <= 4, cost
    assert cost["tableau"] <= 8, cost
    assert cost["tendances"] <= 4, cost
    assert cost["fiche"] <= 1, cost
    assert max(turns for name, turns in cost.items() if name.startswith(("liste", "page"))) <= 1, cost


def test_a_form_opens_and_is_saved_in_few_round_trips(
    qtbot: QtBot, line: ChaosProxy, pg_url: str, company: Monde, tmp_path: Path
) -> None:
    """The form with all its tabs, and what is read again after a save: the form, its tabs, its list."""
    address = make_url(pg_url).set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
    assert company.responsable is not None
    worker = DbWorker(create_window_engine(address), company.responsable.user_id)
    tasks, drafts = Tasks(worker), Drafts(tmp_path / "brouillons", company.responsable.user_id)
    page = ListPage(LISTE, Contexte(company.responsable, Settings(data_dir=tmp_path), tasks, Bus(), drafts,
                                    lambda *_a, **_k: None, lambda *_a: None))  # fmt: skip
    qtbot.addWidget(page)
    page.show()
    still(qtbot, page, tasks)
    page.form.show()
    page.form.open_record(company.interventions[0])
    still(qtbot, page, tasks)
    before = line.turns
    page.form.open_record(company.interventions[1])
    still(qtbot, page, tasks)
    opened = line.turns - before
    assert page.form.row_id == company.interventions[1]
    saved = 0
    # The second time every thread has its line open.
    for title in ("Palier changé de loin", "Palier changé encore"):
        page.form.fields.editors["titre"].inner.setText(title)
        before = line.turns
        page.form.save()
        still(qtbot, page, tasks)
        saved = line.turns - before
        assert not page.form.dirty
    tasks.stop()
    drafts.close()
    worker.close()
    # The form, then its tabs. The save itself is four: it begins, reads the row, writes, ends; then the form, its
    # tabs, which rows the list has now, and those in sight.
    assert opened <= 2, opened
    assert saved <= 8, saved


def test_what_clerks_write_costs_few_round_trips(line: ChaosProxy, pg_url: str, company: Monde) -> None:
    """It begins, reads the row with its lock, what it is judged by at once, writes, ends: whatever is written."""
    address = make_url(pg_url).set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
    engine, who, cost = create_window_engine(address), company.responsable, dict[str, int]()
    assert who is not None

    def act(name: str, work: Callable[[Session], object]) -> Any:
        before = line.turns
        with transaction(engine, who.user_id) as session:
            told = work(session)
        cost[name] = line.turns - before
        return told

    with transaction(engine, who.user_id) as session:
        contract = Contrat(numero_contrat="C-1", client_id=company.clients[1], type_contrat="contrat_cadre",
                           statut="en_cours", date_debut=clock.today(), agence_id=company.agence)  # fmt: skip
        session.add(contract)
        session.flush()
        # What covers a machine is filled in by itself.
        session.add(ContratEquipement(contrat_id=contract.id, equipement_id=company.machines[1], du=clock.today(),
                                      agence_id=company.agence))  # fmt: skip
    asked = InterventionInput(titre="Fuite", type="corrective", priorite="haute", equipement_id=company.machines[1])
    row = act("création", lambda s: interventions.create(s, who, asked))
    act("titre", lambda s: interventions.update(s, who, row, {"titre": "Fuite d'huile"}))
    act("priorité", lambda s: interventions.update(s, who, row, {"priorite": "basse"}))
    act("technicien", lambda s: interventions.update(s, who, row, {"technicien_id": company.techniciens[1]}))
    steps = (Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE, Statut.EN_COURS)
    for number, to in enumerate(steps):
        act(f"{number} {to}", lambda s, to=to: interventions.changer_statut(s, who, row, to))  # type: ignore[misc]
    act("compte rendu", lambda s: interventions.update(s, who, row, {"travaux_realises": "Joint changé"}))
    back = act("4 clôturée", lambda s: interventions.changer_statut(s, who, row, Statut.CLOTUREE))
    engine.dispose()
    with transaction(create_window_engine(address), write=False) as session:
        told = session.get_one(Intervention, row)
        assert (told.titre, told.statut, told.motif_attente) == ("Fuite d'huile", "cloturee", None)
        assert told.contrat_id is not None
        noted = sa.select(sa.func.count()).where(HistoriqueIntervention.intervention_id == row)
        assert back.traces == session.scalar(noted) == 10
    assert cost.pop("création") <= 6, cost
    assert max(cost["titre"], cost["compte rendu"]) <= 4, cost
    assert cost.pop("technicien") <= 6, cost
    assert max(cost.values()) <= 5, cost


def test_a_cut_line_is_calm_and_keeps_the_form(
    qtbot: QtBot, desktop: Desktop, line: ChaosProxy, company: Monde, pg_engine: sa.Engine
) -> None:
    shown = workspace(qtbot, desktop)
    page = shown.open_record("interventions", company.interventions[1])
    assert isinstance(page, RecordPage)
    settle(qtbot, desktop)
    editor = page.panel.fields.editors["titre"]
    editor.setFocus()
    editor.inner.setText("Palier changé sans ligne")
    line.refusing = True
    line.cut()
    page.panel.save()
    qtbot.waitUntil(lambda: shown.status.sync.text().startswith("hors ligne depuis"))
    settle(qtbot, desktop)
    assert editor.value() == "Palier changé sans ligne"
    assert page.panel.dirty
    assert titles(pg_engine, company) == "Vibration palier côté moteur"
    line.heal()
    assert desktop.line is not None
    desktop.line.ask()
    qtbot.waitUntil(lambda: shown.status.sync.text() == "en ligne")
    settle(qtbot, desktop)
    assert editor.value() == "Palier changé sans ligne"
    page.panel.save()
    qtbot.waitUntil(lambda: titles(pg_engine, company) == "Palier changé sans ligne")
    settle(qtbot, desktop)
    assert not page.panel.dirty


def titles(engine: sa.Engine, company: Monde) -> str:
    with transaction(engine, write=False) as session:
        return str(session.scalar(sa.select(Intervention.titre).where(Intervention.id == company.interventions[1])))


def test_a_person_with_a_given_password_chooses_one_on_the_centre(
    qapp: QApplication, qtbot: QtBot, pg_url: str, company: Monde, pg_engine: sa.Engine, tmp_path: Path
) -> None:
    """Under a login of their own, to which the centre opens nothing before."""
    login = f"personne_{uuid.uuid4().hex[:8]}"
    with transaction(pg_engine) as session:
        auth.reinitialiser(session, None, "salma.bennis", "dit-au-guichet")
        session.execute(sa.text(f"CREATE ROLE {login} LOGIN IN ROLE erp_central"))
        session.execute(
            sa.text("INSERT INTO sync.logins (login, user_id) SELECT :l, id FROM users WHERE username = :n"),
            {"l": login, "n": "salma.bennis"},
        )
    address = make_url(pg_url).set(username=login).render_as_string(hide_password=False)
    settings = Settings(mode=Mode.CENTRE, central_url=address, data_dir=tmp_path, log_dir=tmp_path, theme="clair")
    desktop = Desktop(qapp, settings)
    qtbot.addWidget(desktop.window)
    try:
        desktop.start()
        qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
        page, tasks = desktop.window.centralWidget(), desktop.tasks
        assert isinstance(page, LoginPage)
        assert (page.foot(), "sur ce poste" in page.panel_words()[1]) == ("base centrale", False)
        assert tasks is not None
        failures: list[object] = []
        tasks.failed.connect(failures.append)
        tasks.told.connect(failures.append)
        page.identifier.setText("salma.bennis")
        page.password.setText("dit-au-guichet")
        page.try_login()
        qtbot.waitUntil(lambda: page.choice is not None)
        assert page.choice is not None
        page.choice.new.setText("une phrase à soi")
        page.choice.again.setText("une phrase à soi")
        page.choice.choose()
        shown = entered(qtbot, desktop)
        assert shown.contexte.acteur.nom == "Salma Bennis"
        assert failures == []
        # Given another one meanwhile, the centre opens nothing more, and says why.
        with transaction(pg_engine) as session:
            auth.reinitialiser(session, None, "salma.bennis", "redit-au-guichet")
        clients, why = shown.open_section("clients"), typography.composer(given.TO_CHOOSE)
        assert clients.status()[1].startswith("Données du centre")
        qtbot.waitUntil(lambda: any(label.text() == why for label in clients.findChildren(QLabel)))
        # Readings that go side by side are told the same.
        said: list[object] = []
        with tasks.together():
            for _reading in range(2):
                tasks.run(lambda s: s.scalar(sa.select(Intervention.id)), said.append, lambda e: said.append(str(e)))
        qtbot.waitUntil(lambda: len(said) == 2)
        assert said == [given.TO_CHOOSE] * 2
    finally:
        desktop.close()
        desktop.setParent(None)
        with transaction(pg_engine) as session:
            session.execute(sa.text(f"DROP OWNED BY {login}; DROP ROLE {login}"))
